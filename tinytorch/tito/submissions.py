"""What a class handed in: files, folders and zips, as nbgrader, Moodle or Git lay them out."""

import hashlib
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tinytorch.tito import lessons

LARGEST = 4 << 20  # bytes of a workbook that are read
MOODLE = re.compile(r"(.+?)_\d+_assignsubmission_")
SKIPPED = ("__pycache__", "__MACOSX", ".ipynb_checkpoints", ".git", ".tinytorch", ".venv")


@dataclass(frozen=True)
class Submission:
    """One learner's file for one module of the course."""

    learner: str
    module: str  # "optimizers"
    source: str  # where it was found
    text: str

    @property
    def key(self) -> str:
        """Names what was handed in: the same file of the same learner has the same key."""
        content = f"{self.learner}\0{self.module}\0{self.text}".encode()
        return hashlib.sha256(content).hexdigest()[:16]


def found(paths, module: str | None = None) -> tuple[list[Submission], list[str]]:
    """The submissions in files, folders and zips, by learner; and what could not be read.

    Arguments:
        module: which one all of them are of; by the file's name if None.
    """
    best: dict[tuple, tuple] = {}
    troubles: list[str] = []
    for path in map(Path, paths):
        for source, parts, when, read in files_in(path, troubles):
            word = module or module_of(parts[-1])
            if word is None:
                continue
            try:
                text = text_of(parts[-1], read())
            except ValueError as error:
                troubles.append(f"{source}: {error}")
                continue
            key = learner_of(path, parts), word
            if key not in best or best[key][0] <= when:  # of a script and a notebook the newer
                best[key] = when, source, text
    made = [
        Submission(learner, word, source, text)
        for (learner, word), (_, source, text) in sorted(best.items())
    ]
    return made, troubles


def files_in(path: Path, troubles: list[str]):
    """(where, the parts of its path, when it was saved, how to read it) of each file."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            parts = file.relative_to(path).parts
            if file.suffix == ".zip" and file.is_file():
                yield from files_in_zip(file, parts[:-1] or (file.stem,), troubles)
            elif wanted(parts) and file.is_file():
                yield str(file), parts, file.stat().st_mtime, file.read_bytes
    elif path.suffix == ".zip" and path.is_file():
        yield from files_in_zip(path, (), troubles)
    elif path.is_file():
        yield str(path), (path.name,), path.stat().st_mtime, path.read_bytes
    else:
        troubles.append(f"{path}: there is no such file")


def files_in_zip(path: Path, before: tuple, troubles: list[str]):
    """The same of a zip: it is read, and never unpacked."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        troubles.append(f"{path}: {error}")
        return
    with archive:
        for entry in archive.infolist():
            parts = (*before, *PurePosixPath(entry.filename).parts)
            if entry.is_dir() or not wanted(parts):
                continue
            if entry.file_size > LARGEST:
                troubles.append(f"{path}: {entry.filename} has {entry.file_size} bytes")
                continue
            when = float("".join(f"{part:02}" for part in entry.date_time))
            yield f"{path}:{entry.filename}", parts, when, lambda e=entry: archive.read(e)


def wanted(parts: tuple) -> bool:
    return parts[-1].endswith((".py", ".ipynb")) and not set(parts) & set(SKIPPED)


def module_of(name: str) -> str | None:
    """The module that a file's name speaks of: optimizers_dev.py, 06.ipynb, anna_06.py."""
    stem = name.rsplit(".", 1)[0].lower()
    for word in lessons.FILES:
        if word in stem:
            return word
    number = re.search(r"(?<!\d)0?([1-7])(?!\d)", stem)
    return lessons.FILES[int(number[1]) - 1] if number else None


def learner_of(root: Path, parts: tuple) -> str:
    """Whose file this is, by where it lies."""
    for part in parts:
        moodle = MOODLE.match(part)
        if moodle:
            return moodle[1]
    if "submitted" in parts[:-1]:  # nbgrader: submitted/LEARNER/ASSIGNMENT/FILE
        return parts[parts.index("submitted") + 1]
    if len(parts) > 1 and parts[0] != "modules":
        return parts[0]
    if len(parts) == 1:
        stem = parts[0].rsplit(".", 1)[0]
        bare = re.sub(rf"_?(\d\d_)?({'|'.join(lessons.FILES)})?(_dev)?$", "", stem)
        return bare or root.resolve().parent.name
    return root.resolve().name.removesuffix(".zip")


def text_of(name: str, content: bytes) -> str:
    """A workbook as a script.

    Raises:
        ValueError: too large, no text, or no notebook.
    """
    if len(content) > LARGEST:
        raise ValueError(f"{len(content)} bytes are too many for a workbook")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is no text in UTF-8 (byte {error.start})") from None
    return script_of(text) if name.endswith(".ipynb") else text


def script_of(notebook: str) -> str:
    """The code cells of a notebook as a script; magics become comments."""
    try:
        cells = json.loads(notebook)["cells"]
        sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"is no notebook ({type(error).__name__}: {error})") from None
    lines = []
    for source in sources:
        magic = source.lstrip().startswith("%%")
        lines.append("# %%")
        for line in source.splitlines():
            hidden = magic or line.lstrip().startswith(("%", "!"))
            lines.append(f"# {line}" if hidden else line)
    return "\n".join(lines) + "\n"
