"""A build that was broken off, wherever it was, is followed by a right one."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="signals of Unix")]

# An extension of the test's own book: it breaks the build off where the environment says.
BREAK_OFF = """
import os, signal

def setup(app):
    event, _, rest = os.environ.get("BREAK_OFF", "").partition(" ")
    if not event:
        return
    priority, name = rest.split()
    def strike(*_):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.kill(os.getpid(), getattr(signal, name))
    app.connect(event, strike, priority=int(priority))
"""
PHASES = {  # event and priority
    "the build begins": "builder-inited 1001",
    "the cells have run": "env-before-read-docs 900",
    "all pages are read": "env-updated 900",
    "consistency is checked": "env-check-consistency 900",
    "its notebook is written": "doctree-resolved 1001",
    "a page is rendered": "html-page-context 999",
    "further pages are collected": "html-collect-pages 900",
    "the style sheets are cut": "build-finished 750",
    "the links are checked": "build-finished 999",
}
INTERRUPTED = ["consistency is checked", "its notebook is written"]


@pytest.fixture
def breakable(book):
    (book.folder / "book/_ext/break_off.py").write_text(BREAK_OFF, encoding="utf-8")
    checks = book.folder / "book/_ext/book_checks/__init__.py"
    without = checks.read_text(encoding="utf-8").replace('"engine", ', "")  # slow, not on trial
    checks.write_text(without, encoding="utf-8")
    config = book.folder / "_config.yml"
    text = config.read_text(encoding="utf-8")
    entry = "  local_extensions:\n"
    config.write_text(text.replace(entry, f"{entry}    break_off: book/_ext\n"), encoding="utf-8")
    book.cell(
        "import matplotlib.pyplot as plt\nfrom tinytorch.probe import answer\n"
        "plt.plot([0, 1])\nplt.show()\nprint('the answer is', answer())",
        options="---\nmystnb:\n  image:\n    alt: A line.\n---\n",
    )
    return book


def answer(book, number: int) -> None:
    probe = book.folder / "tinytorch" / "probe.py"
    probe.write_text(f"def answer():\n    return {number}\n")


# What two builds may write differently: the number that a browser's cache goes by, which some
# extensions know only when their style sheets are there, and the answer among the search's words.
HARMLESS = re.compile(rb'\?v=[0-9a-f]+|"1\d\d":\[[\d,]*\],')


def index_of_words(script: bytes) -> bytes:
    """The search's index in one order, without the answer."""
    index = json.loads(script[script.index(b"{") : script.rindex(b"}") + 1])
    entries = index["entries"].items()
    index["entries"] = {w: at for w, at in entries if not re.fullmatch(r"1\d\d", w)}
    return json.dumps(index, sort_keys=True).encode()


def site(book, number: int) -> dict[str, str]:
    """A hash of every file that a build wrote, with the answer left out."""
    html = book.folder / "_build/html"
    assert f"the answer is {number}" in book.html()
    found = {}
    for path in sorted(path for path in html.rglob("*") if path.is_file()):
        content = path.read_bytes().replace(f"answer is {number}".encode(), b"answer is")
        if path.name == "searchindex.js":
            content = index_of_words(content)
        content = HARMLESS.sub(b"", content)
        found[str(path.relative_to(html))] = hashlib.sha256(content).hexdigest()
    return found


def check(book, phases, signal_name, command) -> None:
    answer(book, 100)
    assert book.build().returncode == 0
    clean = site(book, 100)
    for number, phase in enumerate(phases, start=101):
        answer(book, number)
        broken = command(BREAK_OFF=f"{PHASES[phase]} {signal_name}")
        assert broken.returncode != 0, f"{phase}: the build was not broken off"
        whole = book.build()
        assert whole.returncode == 0, f"{phase}:\n{whole.stdout}"
        assert site(book, number) == clean, phase


def test_a_killed_build_is_followed_by_a_right_one(breakable):
    check(breakable, PHASES, "SIGKILL", breakable.build)


@pytest.mark.parametrize("way", ["build", "plain"])
def test_an_interrupted_build_is_followed_by_a_right_one(breakable, way):
    check(breakable, INTERRUPTED, "SIGINT", getattr(breakable, way))


def test_a_half_written_entry_of_the_cache_is_run_again(breakable):
    answer(breakable, 1)
    assert breakable.build().returncode == 0
    (entry,) = (breakable.folder / "_build/.jupyter_cache").rglob("base.ipynb")
    for content in ("", entry.read_text(encoding="utf-8")[:300]):
        entry.write_text(content, encoding="utf-8")
        (breakable.folder / "_build/unfinished").touch()
        result = breakable.build()
        assert result.returncode == 0, result.stdout
        assert "the answer is 1" in breakable.html()


def test_a_build_waits_for_one_that_outlived_its_parent(breakable):
    """`make serve` is killed while it builds: the build goes on, and two must not write at once."""
    answer(breakable, 1)
    breakable.cell("import time\ntime.sleep(6)\nprint('slept')", page="index")
    environment = {**os.environ, "PYTHONPATH": str(breakable.folder)}
    server = subprocess.Popen(
        [sys.executable, "book/serve.py", "--port", "0"],
        cwd=breakable.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        mark = breakable.folder / "_build/unfinished"
        deadline = time.monotonic() + 90
        while not mark.is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert mark.is_file()
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
    answer(breakable, 2)
    result = breakable.build()
    assert result.returncode == 0, result.stdout
    assert "another build is writing" in result.stdout
    assert "the answer is 2" in breakable.html()
    assert not mark.exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BOOK_JOBS", "two", "BOOK_JOBS is 'two'; it must be a whole number from 1 up"),
        ("TINYTORCH_REPOSITORY", "x", "TINYTORCH_REPOSITORY is 'x'; it must be owner/name"),
        ("TINYTORCH_EXPORTS", "/nowhere", "TINYTORCH_EXPORTS is '/nowhere', which is not a folder"),
        ("PYTHONPATH", "", "unset PYTHONPATH, or: pip install"),
    ],
)
def test_rubbish_in_the_environment_is_refused_in_words(book, tmp_path, name, value, words):
    if name == "PYTHONPATH":
        value = str(tmp_path / "other")
        (tmp_path / "other/tinytorch").mkdir(parents=True)
        (tmp_path / "other/tinytorch/__init__.py").touch()
    result = book.build(**{name: value})
    assert result.returncode != 0
    assert words in result.stdout.rstrip().splitlines()[-1]
    assert "Traceback" not in result.stdout
    if name == "BOOK_JOBS":
        assert words in book.plain(BOOK_JOBS=value).stdout.rstrip().splitlines()[-1]


def test_settings_of_the_reader_do_not_reach_the_cells(book):
    book.cell("assert 1 > 2, 'a claim that is checked'")
    result = book.build(PYTHONOPTIMIZE="1", PYTHONWARNINGS="error", MPLBACKEND="agg")
    assert result.returncode != 0
    assert "a claim that is checked" in result.stdout.splitlines()[-1]
