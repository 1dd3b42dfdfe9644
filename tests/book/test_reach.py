"""After a change in the package the pages run that can see it, and no others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from book_cells import witness
from book_cells.reach import Sources

PAGE = """\
import numpy as np
from tinytorch import Tensor
from tinytorch.optim import Adam

p = Tensor(np.ones(3), requires_grad=True)
optimizer = Adam([p], lr=0.1)
(p * p).sum().backward()
optimizer.step()
print(f"{p.data.sum():.3f}")
"""
CHAPTER, FRONT = "book/chapter.md", "index.md"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere what cells reach is not known")
def test_pages_run_that_can_see_a_change(book):
    book.cell(PAGE)
    book.cell("1 + 1", page="index")

    def ran() -> set[str]:
        done = book.build()
        assert done.returncode == 0, done.stdout[-3000:]
        lines = [line.split() for line in done.stdout.splitlines()]
        return {line[2].rstrip(",") for line in lines if line[1:2] == ["ran"]}

    def change(file: str, old: str, new: str) -> None:
        path = book.folder / "tinytorch" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    assert ran() == {CHAPTER, FRONT}
    assert "2.700" in book.html()

    change("lab/page.py", '"""', '"""Once more: ')  # what neither page imports
    if witness.CALLS:  # words and a rule that no page asks for, and where others stand
        change("optim/adan.py", '"""', '"""Once more: ')
        change("optim/adan.py", "return (p - step)", "return (p + step)")
        change("core/losses.py", "\nclass ", "\n# a remark\n\nclass ")
    assert ran() == set()

    change("optim/optimizers.py", "return p - lr * m_hat", "return p - 2 * lr * m_hat")
    assert ran() == ({CHAPTER} if witness.CALLS else {CHAPTER, FRONT})
    assert "2.400" in book.html()


SOURCE = '''\
"""The module's words."""

TABLE = {"a": 1}


def used(x, by=2):
    """Its words."""

    def inner(y):
        return y + 1

    return inner(x) * by


def unused():
    return 0


class Thing:
    """The class's words."""

    kind = 3

    def method(self):
        return self.kind

    @property
    def other(self):
        return 5
'''
USE = "from pack.inner import Thing, used\nused(1)\nThing().method()\n"


def reached(folder: Path, cells: str) -> dict:
    """What a fresh Python notes of cells that use the package in a folder."""
    program = (
        f"import sys; sys.path[:0] = [{str(folder)!r}, {str(Path(witness.__file__).parent)!r}]\n"
        "import witness, json\n"
        f"watch = witness.Witness({str(folder / 'pack')!r})\n"
        "watch.begin(); before = watch.seen(); watch.begin()\n"
        f"exec(compile({cells!r}, 'cells', 'exec'), {{'__name__': '__main__'}})\n"
        f"watch.write({str(folder / 'seen.json')!r}, before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "seen.json").read_text(encoding="utf-8"))


@pytest.fixture
def pack(tmp_path):
    """A package of two modules, in a folder that is the book's too."""
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "inner.py").write_text(SOURCE, encoding="utf-8")
    (folder / "outer.py").write_text("def far():\n    return 1\n", encoding="utf-8")
    (folder / "table.json").write_text("[1]", encoding="utf-8")
    return tmp_path


def sources(folder: Path, words: str = "") -> Sources:
    found = sorted(path for path in (folder / "pack").rglob("*") if path.suffix in (".py", ".json"))
    names = {path.relative_to(folder).as_posix(): path for path in found}
    return Sources(folder / "pack", names, folder, words)


def runs_again(pack: Path, change, cells: str = USE) -> bool:
    """Whether a change of the package, which is made, makes cells run again."""
    here = sources(pack)
    note = here.note(reached(pack, cells), cells, ".")
    before = here.state(note)
    assert sources(pack).state(note) == before, "nothing has changed"
    change(pack / "pack")
    return sources(pack).state(note) != before


def edit(old: str, new: str, file: str = "inner.py"):
    def change(folder: Path) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The module's words", "Others"),
        ("Its words", "Others"),
        ("The class's words", "Others"),
        ("return 0", "return 10"),
        ("return 5", "return 50"),
        ("TABLE =", "# first\n\nTABLE  ="),
    ],
)
def test_what_no_cell_reaches_may_change(pack, old, new):
    assert runs_again(pack, edit(old, new)) is not witness.CALLS
    assert not runs_again(pack, edit("return 1", "return 2", "outer.py"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return y + 1", "return y + 2"),
        ("* by", "/ by"),
        ("by=2", "by=3"),
        ("return self.kind", "return -self.kind"),
        ("kind = 3", "kind = 4"),
        ('{"a": 1}', '{"a": 2}'),
        ("def unused():", "@print\ndef unused():"),
        ("def unused():", "def used(x):\n    return 3\n\n\ndef unused():"),
        ("class Thing:", "class Thing(dict):"),
    ],
)
def test_what_cells_reach_makes_them_run_again(pack, old, new):
    assert runs_again(pack, edit(old, new))


@pytest.mark.parametrize(
    "asks",
    [
        "import pack.inner as i; print(i.used.__doc__)",
        "import pack.inner as i; help(i.used)",
        "import pack.inner as i, inspect; inspect.getsource(i.used)",
        "import pack.inner as i, dis; dis.Bytecode(i.used.__code__)\nprint(i.used.__doc__)",
    ],
)
def test_words_count_for_those_who_ask_for_them(pack, asks):
    assert runs_again(pack, edit("Its words", "Others"), asks)


@pytest.mark.parametrize(
    ("cells", "old", "new"),
    [
        ("import pack.inner as i; i.unused.__code__.co_consts", "return 0", "return 10"),
        (
            "import threading, pack.inner as i\nt = threading.Thread(target=i.unused)\n"
            "t.start()\nt.join()",
            "return 0",
            "return 10",
        ),
        (
            "import threading, pack.inner as i\n"
            "t = threading.Thread(target=lambda: [i.Thing().other])\nt.start()\nt.join()",
            "return 5",
            "return 50",
        ),
        ("import pack.inner as i\nlist(map(lambda _: i.unused(), [1]))", "return 0", "return 10"),
    ],
)
def test_functions_are_reached_by_other_ways_too(pack, cells, old, new):
    assert runs_again(pack, edit(old, new), cells)


def test_files_that_cells_read_count(pack):
    read = f"import pack; open({str(pack / 'pack' / 'table.json')!r}).read()"
    assert not runs_again(pack, edit("[1]", "[2]", "table.json"))
    assert runs_again(pack, edit("[2]", "[3]", "table.json"), read)
    (pack / "beside.txt").write_text("1", encoding="utf-8")
    beside = f"open({str(pack / 'beside.txt')!r}).read()"
    assert runs_again(pack, lambda _: (pack / "beside.txt").write_text("2"), beside)


@pytest.mark.parametrize("name", ["pack/new.py", "pack/outer/__init__.py", "numpy.py", "np/a.py"])
def test_a_new_file_may_come_before_another(pack, name):
    def add(_):
        (pack / name).parent.mkdir(exist_ok=True)
        (pack / name).touch()

    assert runs_again(pack, add)


def test_a_file_that_goes_counts(pack):
    assert runs_again(pack, lambda folder: (folder / "outer.py").unlink())


@pytest.mark.parametrize(
    "cells",
    [
        "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
        "import os; os.system('exit')",
        "import multiprocessing as m\nm.get_context('fork').Process(target=print).start()",
        "import multiprocessing as m\nm.get_context('spawn').Process(target=print).start()",
    ],
)
def test_what_goes_out_of_sight_depends_on_everything(pack, cells):
    assert runs_again(pack, edit("return 1", "return 2", "outer.py"), cells)


def test_other_libraries_make_everything_run(pack):
    note = sources(pack).note(reached(pack, USE), USE, ".")
    assert sources(pack, "numpy 1").state(note) != sources(pack, "numpy 2").state(note)
