"""A learner's files: where they are, and how they are written without ever losing one."""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tinytorch.tito.lesson import Lesson

TRUST = "TITO_TRUST"  # the environment's word that another user's files may be run


class Trouble(Exception):
    """Something about the files that the learner can mend; one line, exit code 2."""


@dataclass(frozen=True)
class Workspace:
    """A folder with `modules/source` in it, or in which it will be made."""

    root: Path

    @property
    def source(self) -> Path:
        return self.root / "modules" / "source"

    @property
    def exports(self) -> Path:
        """What TINYTORCH_EXPORTS points to."""
        return self.root / ".tinytorch" / "exports"

    @property
    def kept(self) -> Path:
        return self.root / ".tinytorch" / "kept"

    def workbook(self, lesson: Lesson) -> Path:
        return self.source / lesson.folder / lesson.file

    def exported(self, lesson: Lesson) -> Path:
        return self.exports / lesson.file

    def short(self, path: Path) -> str:
        """A path as the learner would type it."""
        with contextlib.suppress(ValueError):
            return os.path.relpath(path, Path.cwd())
        return str(path)

    def keep(self, path: Path) -> Path:
        """A dated copy of a file, whole before this returns."""
        stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
        for attempt in range(1000):
            suffix = f"-{attempt}" if attempt else ""
            copy = self.kept / f"{path.stem}_{stamp}{suffix}{path.suffix}"
            if write_new(copy, path.read_bytes()):
                return copy
        raise Trouble(f"no free name for a copy of {path} in {self.kept}")


def nearest(start: Path | None = None) -> Workspace | None:
    """The workspace of the current folder: this one, or the nearest above with modules/source."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "modules" / "source").is_dir():
            refuse_strangers(folder / "modules" / "source")
            return Workspace(folder)
    return None


def refuse_strangers(folder: Path) -> None:
    """Files of another user above the current folder are not run, as Git does not trust them."""
    owner = folder.stat().st_uid
    if hasattr(os, "geteuid") and owner != os.geteuid() and not os.environ.get(TRUST):
        raise Trouble(
            f"{folder} belongs to another user, and what is in it would be run. If you trust it: "
            f"{TRUST}=yes tito ..."
        )


def here(start: Path | None = None) -> Workspace:
    """The nearest workspace, or the current folder to make one in."""
    return nearest(start) or Workspace((start or Path.cwd()).resolve())


@contextlib.contextmanager
def told(path: Path):
    """Turn what the file system refuses into one line."""
    try:
        yield
    except PermissionError as error:
        raise Trouble(f"{path} cannot be written: this folder is read-only for you") from error
    except OSError as error:
        raise Trouble(f"{path} cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def complete(path: Path, content: bytes):
    """A temporary neighbour of `path` that holds all of `content`, and is gone afterwards."""
    with told(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with told(path), os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~umask())
        yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


def write(path: Path, content: bytes) -> None:
    """Replace `path`: at any moment there is the old file or the new one, whole."""
    with complete(path, content) as temporary, told(path):
        os.replace(temporary, path)


def write_new(path: Path, content: bytes) -> bool:
    """Write `path` whole, unless it exists: then leave it alone and return False."""
    with complete(path, content) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            if path.exists():
                return False
            with told(path):
                os.replace(temporary, path)
    return True
