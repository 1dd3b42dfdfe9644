"""What a file, an export or a console does to tito by accident or on purpose."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tinytorch.tito.grade import Watched, grade
from tinytorch.tito.lessons import find
from tinytorch.tito.report import clean
from tinytorch.tito.workspace import Trouble, nearest

SIX = find("06")
GOOD = Path(__file__).with_name("solution.py").read_text(encoding="utf-8")

# What bubblewrap keeps out, and what a file would see without it
KEPT_OUT = {
    "files": "open('/etc/passwd').read()",
    "what lies outside": "open(__file__.split('modules')[0] + 'notes.txt').read()",
    "writing beside itself": "open(__file__ + '.new', 'w').close()",
    "the answers": (
        "import sys, tinytorch.optim.optimizers as m; "
        "assert 'beta1 * m' in ''.join(map(str, vars(m.adam).values())) or m.adam.__code__"
        ".co_consts.count(None) and b'beta2' in bytes(m.adam.__code__.co_names.__repr__(), 'utf8')"
    ),
    "the net": "import _socket; _socket.socket().connect(('127.0.0.1', 1))",
}


@pytest.mark.skipif(not shutil.which("bwrap"), reason="no bubblewrap")
@pytest.mark.parametrize("what", KEPT_OUT)
def test_what_bubblewrap_keeps_out(space, what):
    (space.root / "notes.txt").write_text("mine", encoding="utf-8")
    path = space.write(SIX, f"{KEPT_OUT[what]}\n" + GOOD)
    assert grade(SIX, path, isolate="bubblewrap").problem


@pytest.mark.skipif(not shutil.which("bwrap"), reason="no bubblewrap")
def test_a_right_file_passes_in_isolation_and_the_report_says_so(space):
    space.write(SIX, GOOD)
    done = space.tito("test", "06", "--isolate", "bubblewrap")
    assert done.code == 0, done.out
    assert "isolation bubblewrap" in done.out


def test_an_isolation_that_is_not_there_is_said_so(space, monkeypatch):
    path = space.write(SIX, GOOD)
    monkeypatch.setenv("PATH", str(space.root))
    with pytest.raises(Trouble, match="there is no bubblewrap here"):
        grade(SIX, path, isolate="bubblewrap")


def test_when_tito_is_killed_its_child_ends(space):
    mark = space.path(SIX).parent / "alive"
    space.write(
        SIX,
        f"import time\nwhile True:\n    open({str(mark)!r}, 'a').write('x')\n    time.sleep(.1)\n",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "tinytorch.tito", "test", "06", "--seconds", "60"],
        cwd=space.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    for _ in range(600):
        if mark.exists():
            break
        time.sleep(0.1)
    process.kill()
    process.wait()
    time.sleep(1.5)
    size = mark.stat().st_size
    time.sleep(1.0)
    assert mark.stat().st_size == size > 0


def test_what_has_ended_may_be_ended_on_a_mac_too(tmp_path, monkeypatch):
    """There a group refuses to be killed whose processes have ended, before anybody has waited."""

    def refuse(group, number):
        raise PermissionError(1, "Operation not permitted")

    watched = Watched({"file": str(tmp_path / "a.py")}, [sys.executable, "-c", ""])
    monkeypatch.setattr(os, "killpg", refuse, raising=False)
    watched.end()
    assert watched.process.returncode is not None


def test_what_something_detached_holds_open_is_closed_when_that_ends(tmp_path):
    rests = "import time; time.sleep(4)"
    code = (
        "import subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', {rests!r}], start_new_session=True)"
    )
    watched = Watched({"file": str(tmp_path / "a.py")}, [sys.executable, "-c", code])
    watched.process.wait()
    watched.end()
    assert any(reader.is_alive() for reader in watched.readers)
    for reader in watched.readers:
        reader.join(timeout=60)
    assert watched.process.stdout.closed
    assert watched.process.stderr.closed


@pytest.mark.parametrize("name", ["random", "typing", "math", "numpy", "json", "threading"])
def test_a_file_of_theirs_does_not_shadow_the_library(space, name):
    path = space.write(SIX, GOOD)
    (path.parent / f"{name}.py").write_text("raise ValueError('mine')\n", encoding="utf-8")
    assert grade(SIX, path).status == 0


def test_a_helper_beside_the_workbook_is_found(space):
    path = space.write(SIX, "from my_helpers import one\nassert one == 1\n" + GOOD)
    (path.parent / "my_helpers.py").write_text("one = 1\n", encoding="utf-8")
    assert grade(SIX, path).status == 0


def test_what_a_file_says_reaches_the_terminal_without_commands_and_not_for_ever(space):
    space.write(SIX, "raise ValueError('\\x1b[2J\\x07' + 'long' * 10**6)\n")
    done = space.tito("test", "06")
    assert done.code == 2
    assert "\x1b" not in done.out
    assert "\x07" not in done.out
    assert len(done.out) < 4000
    assert clean("a\x1b[31mb\u202ec\n") == "a[31mbc\n"


def test_arrays_of_millions_are_not_written_out(space):
    space.write(SIX, GOOD.replace("p.data -= self.lr * g", "p.data = np.zeros(3_000_000)"))
    done = space.tito("test", "06")
    assert done.code == 1
    assert len(done.out) < 40_000
    assert "an array of shape (3000000,)" in done.out


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "utf-8"])
def test_every_console_can_show_the_report(space, encoding):
    space.write(SIX, GOOD)
    done = space.tito(
        "test", "06", "--verbose", env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    )
    assert done.code == 0, done.err
    assert ("a large ε" if encoding == "utf-8" else "a large epsilon") in done.out


BAD_EXPORTS = {
    "it ends": "import sys; sys.exit(0)\n",
    "it fails": "1 / 0\n",
    "it hangs": "while True: pass\n",
    "it is no Python": "def (\n",
    "it says that all is close": "import numpy as np\nnp.allclose = lambda *a, **k: True\n",
}


@pytest.mark.parametrize("what", BAD_EXPORTS)
def test_a_bad_export_in_an_activated_shell_can_always_be_removed(space, what):
    space.write(SIX, GOOD.replace("p.data -= self.lr * g", "p.data += self.lr * g"))
    exports = space.root / ".tinytorch" / "exports"
    exports.mkdir(parents=True)
    (exports / SIX.file).write_text(BAD_EXPORTS[what], encoding="utf-8")
    active = {"TINYTORCH_EXPORTS": str(exports)}
    assert space.tito("--version", env=active).code == 0
    assert space.tito("test", "06", env=active).code == 1
    assert space.tito("status", env=active).code == 0
    assert space.tito("reset", "06", env=active).code == 0
    assert not (exports / SIX.file).exists()


def test_a_missing_folder_of_exports_stops_no_command(space):
    gone = {"TINYTORCH_EXPORTS": str(space.root / "gone")}
    assert space.tito("--version", env=gone).code == 0
    assert space.tito("status", env=gone).code == 0


def test_what_does_not_come_up_is_never_in_the_exports(space):
    """Not for a moment: it is tried in a folder of its own."""
    space.write(
        SIX, GOOD + "\nimport sys\nif 'tinytorch.exports.optimizers' in sys.modules: 1 / 0\n"
    )
    done = space.tito("export", "06")
    assert done.code in (0, 2)
    if done.code == 2:
        assert not (space.root / ".tinytorch" / "exports" / SIX.file).exists()


def test_an_export_may_print_and_leave_bytes_that_are_no_text(space):
    text = (
        GOOD + "\nimport atexit, os\nos.write(1, b'\\xff\\xfe\\n')\natexit.register(print, 'bye')\n"
    )
    space.write(SIX, text)
    done = space.tito("export", "06")
    assert done.code == 0, done.err
    assert "Yours under `tito run`: " in done.out


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give away"
)
def test_a_workspace_of_another_user_is_not_run(space, monkeypatch):
    path = space.write(SIX, GOOD)
    os.chown(space.root / "modules" / "source", 12345, 12345)
    with pytest.raises(Trouble, match="belongs to another user"):
        nearest(path.parent)
    done = space.tito("test", "06")
    assert done.code == 2
    assert "TITO_TRUST" in done.err
    assert json.loads(space.tito("list", "--json", env={"TITO_TRUST": "yes"}).out)


def test_the_line_of_an_endless_loop_is_told_in_a_folder_reached_by_a_link(space):
    """As on a Mac, where every temporary folder is."""
    space.write(SIX, "x = 1\nwhile True: x += 1\n")
    link = space.root.parent / "link"
    try:
        link.symlink_to(space.root, target_is_directory=True)
    except OSError:  # Windows asks for a right that not everybody has
        link = space.root
    path = link / space.path(SIX).relative_to(space.root)
    result = grade(SIX, path, seconds=1)
    assert result.line == 2
    assert result.code == "while True: x += 1"
