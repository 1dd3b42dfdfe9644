"""The recipes of CONTRIBUTING.md, carried out in a copy of the tree, word by word."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r'^(`{3,})(\w+)(?: (\S+))?(?: (after|instead of) "([^\n]*)")?\n(.*?)^\1$', re.M | re.S
)
FOLDERS = ("tinytorch", "tests", "book")


def recipe(title: str) -> list[tuple]:
    """The blocks of a recipe: language, file, how it stands to which line, text."""
    section = re.search(rf"^### {title}\n(.*?)^##", GUIDE, re.M | re.S)[1]
    return [found[1:] for found in BLOCK.findall(section)]


def put(root: Path, name: str, how: str, line: str, text: str) -> None:
    path = root / name
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        return
    old = path.read_text(encoding="utf-8")
    if line:
        found = re.search(rf"^{re.escape(line)}.*\n", old, re.M)
        assert found, f"{name} has no line that begins with {line!r}"
        until = found.start() if how == "instead of" else found.end()
        path.write_text(old[:until] + text + old[found.end() :], encoding="utf-8")
    else:
        path.write_text(old + text, encoding="utf-8")


def run(root: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def tree(tmp_path):
    for name in FOLDERS:
        ignore = shutil.ignore_patterns("__pycache__", "_build")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    for path in filter(Path.is_file, ROOT.iterdir()):
        shutil.copy(path, tmp_path)
    return tmp_path


def follow(root: Path, title: str) -> list[str]:
    """Do what the recipe says. Returns the files that it writes by hand."""
    written = []
    for language, name, how, line, text in recipe(title):
        if language == "sh":
            for order in text.splitlines():
                python, *command = shlex.split(order)
                assert python == "python"
                extra = ["-n", "0", "-p", "no:cacheprovider"] if "pytest" in command else []
                said = run(root, *command, *extra)
                assert "pytest" not in command or re.search(r"\b[1-9]\d* passed", said)
        else:
            assert name
            put(root, name, how, line, text)
            written.append(name)
    new = [name for name in written if name.endswith(".py")]
    run(root, "-m", "ruff", "check", *new)
    run(root, "-m", "ruff", "format", "--check", *new)
    return written


@pytest.mark.slow
def test_add_an_optimizer(tree):
    pytest.importorskip("torch", reason="the golden data are the referees'")
    written = follow(tree, "Add an optimizer")
    assert [name for name in written if name.startswith("tinytorch")] == [
        "tinytorch/optim/signum.py",
        "tinytorch/optim/__init__.py",
    ]
    shown = "from tinytorch.optim import Signum, OPTIMIZERS; import inspect\n"
    shown += "print(Signum in OPTIMIZERS, inspect.signature(Signum))"
    said = run(tree, "-c", shown)
    assert said.startswith("True (params, lr: float = 0.0001, momentum: float = 0.9, ")


@pytest.mark.slow
@pytest.mark.parametrize("left_out", ["tests/optim/referees/cases.py"])
def test_an_optimizer_without_a_referee_is_noticed(tree, left_out):
    for _, name, how, line, text in recipe("Add an optimizer"):
        if name and name != left_out:
            put(tree, name, how, line, text)
    with pytest.raises(AssertionError, match="test_every_optimizer_has_a_referee"):
        run(tree, "-m", "pytest", "-q", "-n", "0", "tests/optim/golden", "-p", "no:cacheprovider")


@pytest.mark.slow
def test_add_a_scheduler(tree):
    written = follow(tree, "Add a scheduler")
    assert sum(name.startswith("tinytorch") for name in written) == 2


@pytest.mark.slow
def test_add_a_chapter(tree):
    follow(tree, "Add a chapter")
    contents = yaml.safe_load((tree / "_toc.yml").read_text(encoding="utf-8"))
    files = [chapter["file"] for part in contents["parts"] for chapter in part["chapters"]]
    assert files.count("book/optimizers/calm") == 1
    small = "format: jb-book\nroot: index\nchapters:\n  - file: book/optimizers/calm\n"
    (tree / "_toc.yml").write_text(small, encoding="utf-8")
    (tree / "index.md").write_text("# The front\n", encoding="utf-8")
    run(tree, "book/build.py")
    page = (tree / "_build/html/book/optimizers/calm.html").read_text(encoding="utf-8")
    times = re.search(r"it takes .*?>([\d.]+)<", page)
    assert 8 < float(times[1]) < 12


def tito(root: Path, *command: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tinytorch.tito", *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_add_a_module(tree):
    """Played by a learner: the blank is named, a right answer passes, the mistake is named."""
    written = follow(tree, "Add an exercise, and a module of the course")
    assert len(written) == 5
    assert tito(tree, "start", "08")[0] == 0
    workbook = tree / "modules/source/08_softsign/softsign_dev.py"
    blank = workbook.read_text(encoding="utf-8")
    status, said = tito(tree, "test", "08")
    assert status == 1
    assert "x divided by one plus the size of x" in said
    place = re.search(r"^( +)raise NotImplementedError\(.*\)$", blank, re.M)
    for answer, expected, words in (
        ("return Tensor(x.data / (1.0 + np.abs(x.data)))", 0, ""),
        ("return Tensor(x.data / (1.0 + x.data))", 1, "x in the place of its size"),
    ):
        text = blank.replace(place[0], f"{place[1]}import numpy as np\n{place[1]}{answer}")
        workbook.write_text(text, encoding="utf-8")
        status, said = tito(tree, "test", "08")
        assert status == expected, said
        assert words in " ".join(said.split())


FOLDER = re.compile(r"`([\w/]+?)/?`")


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md"])
def test_the_maps_name_the_folders_that_there_are(name):
    """Each room of the package and each folder of the tree stands in the map, and no other."""
    text = (ROOT / name).read_text(encoding="utf-8")
    title = "Where things stand" if name == "CONTRIBUTING.md" else "A map"
    section = re.search(rf"^## {title}\n(.*?)(?:^## |\Z)", text, re.M | re.S)[1]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    named = {folder for cell in cells for folder in FOLDER.findall(cell)}
    rooms = {p.parent.name for p in (ROOT / "tinytorch").glob("*/__init__.py")}
    told = {folder.removeprefix("tinytorch/") for folder in named}
    assert rooms <= told, "a room is missing"
    tracked = {"book", "tests", "benchmarks"}
    assert tracked <= told
    for folder in told:
        assert (ROOT / folder).is_dir() or (ROOT / "tinytorch" / folder).is_dir(), folder
