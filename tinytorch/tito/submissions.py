"""What a class handed in: files, folders and zips, as nbgrader, Moodle or Git lay them out."""

import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tinytorch.tito import lessons

LARGEST = 4 << 20  # bytes of a workbook that are read
MOODLE = re.compile(r"(.+?)_(\d+)_assignsubmission_(?:file_)?")
SKIPPED = ("__pycache__", "__MACOSX", ".ipynb_checkpoints", ".git", ".tinytorch", ".venv")


@dataclass(frozen=True)
class Submission:
    """One learner's file for one module of the course."""

    learner: str
    module: str  # "optimizers"
    source: str  # where it was found
    text: str
    beside: tuple[tuple[str, str], ...] = ()  # files of the same folder, for it to import

    @property
    def key(self) -> str:
        """Names what was handed in: the same file of the same learner has the same key."""
        parts = [self.learner, self.module, self.text, *(t for pair in self.beside for t in pair)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Found:
    """A file that may be a submission, or lie beside one."""

    source: str
    parts: tuple[str, ...]
    when: float
    text: str
    word: str | None  # the module that its name speaks of


def found(
    paths, module: str | None = None, one: bool = False
) -> tuple[list[Submission], list[str]]:
    """The submissions in files, folders and zips, by learner; and what could not be read.

    Of several files of one learner that counts whose name speaks of the module, then in which
    fewest blanks are left, then the newest: a script and a notebook may lie side by side.

    Arguments:
        module: which one all of them are of; by the file's name if None.
        one: whether all of it is one learner's.
    """
    best: dict[tuple, tuple] = {}
    troubles: list[str] = []
    folders: dict[tuple, list[Found]] = {}
    for path in map(Path, paths):
        for source, parts, when, read in files_in(path, troubles):
            word = module_of(parts[-1])
            try:
                text = text_of(parts[-1], read())
            except (ValueError, zipfile.BadZipFile, RuntimeError, OSError) as error:
                if module or word:
                    troubles.append(f"{source}: {error}")
                continue
            file = Found(source, parts, when, text, word)
            folders.setdefault((path, parts[:-1]), []).append(file)
            word = module or word
            if word is None:
                continue
            who = ("submission", "") if one else (learner_of(path, parts), number_of(parts))
            rank = (file.word == word, -len(lessons.load(word).blanks(text)), when)
            key = (*who, word)
            if key not in best or best[key][0] <= rank:
                best[key] = rank, file, (path, parts[:-1])
    bearers: dict[str, set] = {}
    for name, number, _ in best:
        bearers.setdefault(name, set()).add(number)
    made = []
    for (name, number, word), (_, file, folder) in sorted(best.items(), key=lambda item: item[0]):
        learner = f"{name} ({number})" if len(bearers[name]) > 1 and number else name
        beside = [
            (other.parts[-1], other.text)
            for other in folders[folder]
            if folder[1] and other.word is None and other.parts[-1].endswith(".py")
            if other is not file
        ]
        made.append(Submission(learner, word, file.source, file.text, tuple(sorted(beside))))
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


def files_in_zip(path: Path, before: tuple, troubles: list[str], inner: bytes | None = None):
    """The same of a zip: it is read, and never unpacked; nor is a learner's zip inside it."""
    try:
        archive = zipfile.ZipFile(path if inner is None else io.BytesIO(inner))
    except (zipfile.BadZipFile, OSError) as error:
        troubles.append(f"{path}: {error}")
        return
    with archive:
        for entry in archive.infolist():
            parts = (*before, *PurePosixPath(entry.filename).parts)
            nested = inner is None and parts[-1].endswith(".zip")
            if entry.is_dir() or not (nested or wanted(parts)):
                continue
            if entry.file_size > LARGEST:
                troubles.append(f"{path}: {entry.filename} has {entry.file_size} bytes")
                continue
            if nested:
                where = Path(f"{path}:{entry.filename}")
                try:
                    content = archive.read(entry)
                except (zipfile.BadZipFile, RuntimeError, OSError) as error:
                    troubles.append(f"{where}: {error}")
                    continue
                yield from files_in_zip(where, parts[:-1] or (where.stem,), troubles, content)
                continue
            when = float("".join(f"{part:02}" for part in entry.date_time))
            yield f"{path}:{entry.filename}", parts, when, lambda e=entry: archive.read(e)


def wanted(parts: tuple) -> bool:
    return parts[-1].endswith((".py", ".ipynb")) and not set(parts) & set(SKIPPED)


def module_of(name: str) -> str | None:
    """The module that a file's name speaks of: optimizers_dev.py, 06.ipynb, anna_06.py."""
    stem = MOODLE.sub("", name).rsplit(".", 1)[0].lower()
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


def number_of(parts: tuple) -> str:
    """Moodle's number of a participant, which tells two of one name apart; else nothing."""
    return next((found[2] for found in map(MOODLE.match, parts) if found), "")


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
    """The code cells of a notebook as a script; magics become comments.

    What nbgrader's teacher put there to grade it is left out.
    """
    try:
        cells = json.loads(notebook)["cells"]
        sources = [
            "".join(c["source"]) for c in cells if c["cell_type"] == "code" and not graded(c)
        ]
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


def graded(cell: dict) -> bool:
    """Whether a cell is one of nbgrader's that give points for others."""
    marks = cell.get("metadata", {}).get("nbgrader", {})
    return bool(marks.get("grade")) and not marks.get("solution")
