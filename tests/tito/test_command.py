"""The command: what it says and with which status, on good files, bad files and no files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tinytorch
from tinytorch.tito import exporting
from tinytorch.tito.grade import Grade
from tinytorch.tito.judge import Outcome
from tinytorch.tito.lessons import find, lessons
from tinytorch.tito.workbook import body, filled, workbook
from tinytorch.tito.workspace import Trouble, Workspace

SIX = find("06")
GOOD = Path(__file__).with_name("solution.py").read_text(encoding="utf-8")
MANY = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)


def test_a_command_starts_with_no_more_than_it_needs(space):
    """Nobody waits for `tito list`: what only some commands use is imported by those."""
    program = (
        "import sys; from tinytorch.tito.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    for command in ("list", "status", "--version", "--help"):
        done = space.tito(command, program=("-c", program))
        assert done.code == 0, done.err
        loaded = set(done.err.split())
        assert "tinytorch.tito.workspace" in loaded
        heavy = {
            "tinytorch.optim", "tinytorch.training", "tinytorch.lab", "tinytorch.tito.judge",
            "tinytorch.tito.mistakes", "tinytorch.tito.workbook", "matplotlib", "jupytext",
            "rich.progress", "asyncio",
        }  # fmt: skip
        assert not loaded & heavy, command


def test_list_names_all_modules(space):
    done = space.tito("list", "--json")
    assert done.code == 0
    rows = json.loads(done.out)
    assert [row["number"] for row in rows] == ["01", "02", "03", "04", "05", "06", "07"]
    assert {row["stands"] for row in rows} == {"not started"}
    space.write(SIX, GOOD)
    assert json.loads(space.tito("list", "--json").out)[5]["stands"] == "started"
    assert "optimizers" in space.tito("list").out


@pytest.mark.parametrize("word", ["06", "6", "optimizers", "06_optimizers"])
def test_a_module_by_number_or_name(space, word):
    space.write(SIX, GOOD)
    done = space.tito("test", word)
    assert done.code == 0, done.out
    assert "47 checks: 33 passed, 12 not applicable, 2 passed with a remark" in done.out


def test_several_modules_and_module_as_an_option(space):
    space.write(SIX, GOOD)
    done = space.tito("test", "01", "--module", "optimizers", "--reference", "--json")
    assert done.code == 0
    assert [g["module"] for g in json.loads(done.out)] == ["01_tensor", "06_optimizers"]
    assert space.tito("test", "--module", "optimizers").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["test", "17"], "no module is called '17'"),
        (["test", "optimisers"], "did you mean 06 optimizers?"),
        (["test", "../06"], "no module is called '../06'"),
        (["test"], "which module?"),
        (["test", "06", "--sideways"], "No such option"),
        (["dance"], "No such command"),
        (["test", "06", "--seconds", "0"], "0.0 is not in the range"),
    ],
)
def test_wrong_usage_is_status_3(space, arguments, words):
    done = space.tito(*arguments)
    assert done.code == 3
    assert words in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "command", ["", *["list", "start", "test", "export", "status", "run", "reset", "doctor"]]
)
def test_each_command_has_help(space, command):
    done = space.tito(*[command] if command else [], "--help")
    assert done.code == 0
    assert "Usage: tito" in done.out


def test_completion_and_colour(space):
    assert "_TITO_COMPLETE" in space.tito("completion", "bash").out
    completed = space.tito(env={"_TITO_COMPLETE": "bash_complete", "COMP_WORDS": "tito te",
                                "COMP_CWORD": "1"})  # fmt: skip
    assert completed.out.strip() == "plain,test"
    space.write(SIX, GOOD)
    assert "\x1b[" not in space.tito("test", "06").out
    assert "\x1b[" in space.tito("test", "06", env={"FORCE_COLOR": "1"}).out
    forced = {"FORCE_COLOR": "1", "NO_COLOR": "1"}
    assert "\x1b[32m" not in space.tito("test", "06", env=forced).out


# Files that cannot be run: a clear line each, status 2


def test_no_workspace(space):
    for command in (["test", "06"], ["export", "06"], ["reset", "06"], ["run", "true"]):
        done = space.tito(*command)
        assert done.code == 2, command
        assert "Traceback" not in done.out + done.err
    assert "To write one: tito start 06" in space.tito("test", "06").out


UNRUNNABLE = {
    "a syntax error": ("x = 1\nclass SGD(:\n", "is not Python yet", "line 2: class SGD(:"),
    "sys.exit": ("import sys\nsys.exit(0)\n", "calls sys.exit()", "line 2: sys.exit(0)"),
    "os._exit": ("import os\nos._exit(7)\n", "ended its process (status 7)", ""),
    "input": ("name = input('who? ')\n", "calls input()", "line 1: name = input('who? ')"),
    "an import that fails": ("import nowhere_to_be_found\n", "ModuleNotFoundError", "line 1"),
    "an error at import": ("x = 1\ny = x / 0\n", "ZeroDivisionError", "line 2: y = x / 0"),
    "an endless loop": ("while True:\n    pass\n", "was killed after 1 seconds", "line "),
    "tabs and spaces": ("if True:\n\tx = 1\n        y = 2\n", "is not Python yet", "line 3"),
    "all the memory": ("x = bytearray(1 << 36)\n", "asks for more memory", "line 1"),
    "an error that cannot say what it is": (
        "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\nraise Mute\n",
        "(its message cannot be made: ValueError in its __str__)",
        "line 4: raise Mute",
    ),
    "null bytes": ("x = 1\x00\n", "is not Python yet", ""),
}


@pytest.mark.parametrize("what", UNRUNNABLE)
def test_a_file_that_cannot_be_run(space, what):
    text, words, line = UNRUNNABLE[what]
    space.write(SIX, text)
    done = space.tito("test", "06", "--seconds", "1" if "loop" in what else "20")
    assert done.code == 2, done.out + done.err
    assert words in done.out
    assert line in done.out
    assert "Traceback" not in done.out + done.err
    (result,) = json.loads(space.tito("test", "06", "--json", "--seconds", "1").out)
    assert result["status"] == 2


def test_bytes_that_are_no_text(space):
    space.write(SIX, "").write_bytes(b"x = '\xff\xfe'\n")
    done = space.tito("test", "06")
    assert done.code == 2
    assert "is not Python yet" in done.out


def test_windows_line_ends(space):
    space.write(SIX, "").write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert space.tito("test", "06").code == 0
    assert space.tito("export", "06").code == 0
    done = space.tito(
        "run", sys.executable, "-c", "import tinytorch; print(tinytorch.whose('SGD'))"
    )
    assert done.out.strip() == "yours"


def test_a_folder_in_the_files_place(space):
    space.path(SIX).mkdir(parents=True)
    done = space.tito("test", "06")
    assert done.code == 2
    assert "Traceback" not in done.out + done.err


# Files that run and fail: the line is the learner's


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("while True: pass", "was killed after 1 seconds"),
        ("raise SystemExit(3)", "calls sys.exit()"),
        ("input()", "calls input()"),
        ("x = [0] * 10**10", "more memory"),
        ("undefined_name", "NameError: name 'undefined_name'"),
    ],
)
def test_what_happens_in_a_step_does_not_end_the_grading(space, line, words):
    text = GOOD.replace(
        "        self.t += 1\n        for p", f"        {line}\n        self.t += 1\n        for p"
    )
    number = text.splitlines().index(f"        {line}") + 1
    space.write(SIX, text)
    (result,) = json.loads(space.tito("test", "06", "--json", "--seconds", "1").out)
    states = {c["check"]: c for c in result["checks"]}
    assert result["status"] == 1
    assert len(states) == len(SIX.checks)
    assert states["StepLR: every third step"]["state"] == "passed"
    bad = states["Adam: the first steps"]
    assert words in bad["message"]
    assert bad["line"] == number
    assert bad["code"] == line


def test_what_does_not_end_is_waited_for_once(space):
    space.write(
        SIX,
        GOOD.replace(
            "        self.t += 1\n        for p", "        while True: pass\n        for p"
        ),
    )
    (result,) = json.loads(space.tito("test", "06", "--json", "--seconds", "1").out)
    assert len(result["checks"]) == len(SIX.checks)
    endless = [c for c in result["checks"] if c["state"] == "endless"]
    waited = [c for c in endless if "killed" in c["message"]]
    assert len(endless) > len(waited) == 1
    assert all("was not tried" in c["message"] for c in endless if c not in waited)


def test_the_same_words_are_said_once(space):
    space.write(SIX, "")
    done = space.tito("test", "06")
    assert done.out.count("the file defines no Adam") == 1


def test_a_failure_is_told_once_and_in_full_if_asked(space):
    space.write(SIX, GOOD.replace("np.sqrt(v / (1 - self.b2**self.t))", "np.sqrt(v)"))
    done = space.tito("test", "06")
    assert done.out.count("FAILED  Adam") == 11
    assert done.out.count("this is   only m corrected") == 1
    assert "tito test 06 --verbose" in done.out
    assert len(done.out.splitlines()) < 60
    done = space.tito("test", "06", "--verbose")
    assert done.out.count("this is   only m corrected") >= 10
    assert "--verbose" not in done.out


def test_a_schedule_alone_is_judged(space):
    """On the package's SGD, while the learner's own is still to be written."""
    factor = {"StepLR.factor": body(SIX, "StepLR.factor")}
    space.write(SIX, filled(workbook(SIX), SIX, factor))
    (result,) = json.loads(space.tito("test", "06", "--json").out)
    states = {c["check"]: c["state"] for c in result["checks"]}
    assert states["SGD: a trajectory"] == "blank"
    assert states["StepLR: every third step"] == "passed"


def test_without_a_command_it_says_which_there_are(space):
    done = space.tito()
    assert done.code == 0
    assert done.out == space.tito("--help").out


def test_version(space):
    assert tinytorch.__version__ in space.tito("--version").out


def test_names_that_are_missing_or_the_packages_own(space):
    space.write(SIX, "from tinytorch.optim import SGD, Adam\nclass Momentum(SGD):\n    pass\n")
    (result,) = json.loads(space.tito("test", "06", "--json").out)
    messages = {c["subject"]: c["message"] for c in result["checks"]}
    assert result["status"] == 1
    assert "SGD is the package's own" in messages["SGD"]
    assert "Momentum is the package's own" in messages["Momentum"]
    assert "the file defines no gradient_descent_step" in messages["gradient_descent_step"]


def test_it_is_the_learners_file_that_is_graded(space):
    """The reference is right all the time; a wrong file fails all the same."""
    space.write(SIX, GOOD.replace("p.data -= self.lr * g", "p.data += self.lr * g"))
    done = space.tito("test", "06")
    assert done.code == 1
    assert "this is   uphill" in done.out


def test_what_the_file_prints_is_kept_apart(space):
    space.write(
        SIX, "print('hello', flush=True)\nimport sys\nprint('you', file=sys.stderr)\n" + GOOD
    )
    assert space.tito("test", "06").code == 0
    assert json.loads(space.tito("test", "06", "--json").out)[0]["status"] == 0
    done = space.tito("test", "06", "-v")
    assert "hello\nyou" in done.out


def test_imports_between_the_learners_modules(space):
    space.write(find("05"), "from tinytorch import Tensor\nclass Variable(Tensor):\n    pass\n")
    space.write(SIX, "from autograd_dev import Variable\nVariable(1.0)\n" + GOOD)
    assert space.tito("test", "06").code == 0
    program = "import sys; sys.path[:0] = sys.argv[1:]\nfrom optimizers_dev import SGD, Adam, StepLR\nfrom autograd_dev import Variable"  # noqa: E501
    folders = [str(space.path(SIX).parent), str(space.path(find("05")).parent)]
    assert space.tito(*folders, program=("-c", program)).code == 0


def test_a_wild_file_leaves_no_process_behind(space):
    mark = space.root / "alive"
    space.write(
        SIX,
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time, pathlib; time.sleep(6); "
        f"pathlib.Path({str(mark)!r}).touch()'])\n"
        "while True: pass\n",
    )
    assert space.tito("test", "06", "--seconds", "1").code == 2
    time.sleep(6.5)
    assert not mark.exists()


# What is the learner's is never lost


def test_start_never_overwrites(space):
    path = space.write(SIX, "mine = 1\n")
    done = space.tito("start", "06")
    assert done.code == 2
    assert "is there already and is left as it is" in done.err
    assert path.read_text() == "mine = 1\n"


def test_export_only_what_passes(space):
    space.write(SIX, GOOD.replace("self.b2**self.t", "self.b2"))
    done = space.tito("export", "06")
    assert done.code == 1
    assert "is not exported" in done.out
    assert not (space.root / ".tinytorch").exists()


def test_export_keeps_what_was_exported_before(space):
    space.write(SIX, GOOD)
    assert space.tito("export", "06").code == 0
    space.write(SIX, GOOD + "\n# better\n")
    done = space.tito("export", "--module", "optimizers")
    assert done.code == 0
    (kept,) = (space.root / ".tinytorch" / "kept").iterdir()
    assert str(kept.relative_to(space.root)) in done.out
    assert kept.read_text() == GOOD
    assert "yours, exported" in space.tito("status").out
    space.write(SIX, GOOD + "\n# better still\n")
    assert "has changed since: tito export 06" in space.tito("status").out


def test_reset_keeps_everything(space):
    path = space.write(SIX, GOOD)
    space.tito("export", "06")
    done = space.tito("reset", "06", "--workbook")
    assert done.code == 0
    assert not path.exists()
    kept = sorted((space.root / ".tinytorch" / "kept").iterdir())
    assert [k.read_text() for k in kept] == [GOOD, GOOD]
    assert all(str(k.relative_to(space.root)) in done.out for k in kept)
    assert space.tito("start", "06").code == 0


def test_the_nearest_workspace_above_is_meant(space):
    space.write(SIX, GOOD)
    deep = space.root / "some" / "folder"
    deep.mkdir(parents=True)
    assert space.tito("test", "06", cwd=deep).code == 0
    assert space.tito("start", "01", cwd=deep).code == 0
    assert space.path(find("01")).is_file()


def test_run_hands_on_status_and_arguments(space):
    space.write(SIX, GOOD)
    space.tito("export", "06")
    done = space.tito(
        "run", sys.executable, "-c", "import sys; sys.exit(len(sys.argv))", "--a", "-b"
    )
    assert done.code == 3
    done = space.tito("run", "no-such-command-here")
    assert done.code == 2
    assert "there is no command 'no-such-command-here'" in done.err
    done = space.tito("run", str(space.path(SIX)))  # a file that cannot be executed
    assert done.code == 2
    why = "%1 is not a valid Win32 application" if os.name == "nt" else "Permission denied"
    assert f"cannot be run: {why}" in done.err
    assert "Traceback" not in done.err


@pytest.mark.skipif(os.name == "nt", reason="no signal ends a process there")
def test_run_says_as_a_shell_that_a_signal_ended_the_command(space):
    space.write(SIX, GOOD)
    space.tito("export", "06")
    assert space.tito("run", "sh", "-c", "kill -9 $$").code == 137


def test_run_finds_the_python_that_has_the_package(space, monkeypatch):
    space.write(SIX, GOOD)
    assert space.tito("export", "06").code == 0
    monkeypatch.setenv("PATH", os.defpath)
    done = space.tito("run", "python", "-c", "import sys; print(sys.executable)")
    assert done.code == 0
    assert Path(done.out.strip()).parent == Path(sys.executable).parent


def test_without_run_nothing_of_the_learners_is_used(space):
    space.write(SIX, GOOD)
    space.tito("export", "06")
    done = space.tito(program=("-c", "import tinytorch; print(tinytorch.whose())"))
    assert done.out.strip() == "{}"


@MANY
def test_a_read_only_folder(space):
    space.root.chmod(0o555)
    try:
        done = space.tito("start", "06")
    finally:
        space.root.chmod(0o755)
    assert done.code == 2
    assert "read-only for you" in done.err


def test_a_folder_that_refuses(space):
    """What root sees too: a file stands where a folder should be."""
    (space.root / "modules").write_text("not a folder")
    done = space.tito("start", "06")
    assert done.code == 2
    assert "cannot be written" in done.err
    assert "Traceback" not in done.err


def test_doctor(space):
    done = space.tito("doctor", "--json")
    findings = {f["what"]: f for f in json.loads(done.out)}
    assert findings["Python"]["good"]
    assert findings["numpy"]["good"]
    assert done.code == (0 if all(f["good"] for f in findings.values()) else 1)
    done = space.tito("doctor", "--json", env={"TINYTORCH_EXPORTS": ""})
    wrong = [f for f in json.loads(done.out) if not f["good"]]
    assert all(f["remedy"] for f in wrong)


def test_milestones_are_those_of_06_and_07(space):
    assert space.tito("milestone", "01").code == 2
    space.write(SIX, GOOD)
    done = space.tito("milestone", "06")
    assert done.code == 2
    assert "First: tito export 06" in done.err


@pytest.mark.slow
def test_the_milestone_is_reached(space):
    space.write(SIX, GOOD)
    assert space.tito("export", "06").code == 0
    done = space.tito("milestone", "06", "--seeds", "2", "--json")
    result = json.loads(done.out)
    assert done.code == 0, result
    assert result["whose"]["Adam"] == "yours"
    assert len(result["runs"]) == 6
    assert min(run["accuracy"] for run in result["runs"]) > 0.95


def test_cards_are_those_of_what_is_exported(space):
    assert "optimizers of 06" in space.tito("card", "01").err
    space.write(SIX, GOOD)
    done = space.tito("card", "06")
    assert done.code == 2
    assert "First: tito export 06" in done.err
    assert space.tito("card", "06", "--optimizer", "Lion").code == 3


@pytest.mark.slow
def test_the_card_is_of_the_learners_own(space):
    space.write(SIX, GOOD)
    assert space.tito("export", "06").code == 0
    done = space.tito("card", "06", "--optimizer", "SGD")
    assert done.code == 0, done.err
    assert "Report card of your SGD" in done.out
    folder = space.root / "modules" / "cards"
    found = json.loads((folder / "06_SGD.json").read_text(encoding="utf-8"))
    assert found["optimizer"] == "your SGD"
    assert found["diagnoses"]["rotation"]["holds"] is True
    assert found["diagnoses"]["loss × 1000"]["holds"] is False
    assert found["workloads"]["digits"]["final"] < 1
    assert "your SGD" in (folder / "06_SGD.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "shell",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                not shutil.which(name) or os.name == "nt", reason=f"no {name}"
            ),
        )
        for name in ("bash", "zsh")
    ],
)
def test_the_activated_shell(space, shell):
    script = Path(__file__).resolve().parents[2] / "bin" / "activate-tinytorch.sh"
    space.write(SIX, GOOD)
    space.tito("export", "06")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(Path(sys.executable).parents[1])}
    program = (
        f'source "{script}" && '
        "python -c \"import tinytorch; print(tinytorch.whose('Adam'))\" && "
        "deactivate-tinytorch && "
        "python -c \"import tinytorch; print(tinytorch.whose('Adam'))\""
    )
    done = subprocess.run(
        [shell, "-c", program], cwd=space.root, env=environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *_, inside, outside = done.stdout.splitlines()
    assert (inside, outside) == ("yours", "the package's")


# A crash or Ctrl-C at any moment: the old file or the new one, whole


def test_a_write_that_is_cut_off_leaves_the_old_file(tmp_path, monkeypatch):
    from tinytorch.tito import workspace

    path = tmp_path / "file.py"
    path.write_bytes(b"old")
    for name in ("fsync", "replace", "chmod"):
        with monkeypatch.context() as patch:

            def cut(*args, **kwargs):
                raise KeyboardInterrupt

            patch.setattr(workspace.os, name, cut)
            with pytest.raises(KeyboardInterrupt):
                workspace.write(path, b"new")
        assert path.read_bytes() == b"old"
        assert [p.name for p in tmp_path.iterdir()] == ["file.py"]
    workspace.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert not workspace.write_new(path, b"newer")
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="a console there sends Ctrl-C to all of it")
def test_ctrl_c_ends_the_grading_and_its_child(space):
    space.write(SIX, "while True: pass\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "tinytorch.tito", "test", "06", "--seconds", "60"],
        cwd=space.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "tito: stopped" in err
    assert "Traceback" not in out + err


def test_all_lessons_have_files_of_their_names():
    assert [lesson.file for lesson in lessons()] == [
        "tensor_dev.py", "activations_dev.py", "layers_dev.py", "losses_dev.py", "autograd_dev.py",
        "optimizers_dev.py", "training_dev.py",
    ]  # fmt: skip


def graded(space, text):
    lesson = find("06")
    path = space.write(lesson, text)
    return Grade(lesson, path, [Outcome("all", "SGD", "passed")], content=path.read_bytes())


def test_what_is_exported_is_what_was_graded(space):
    """An editor saves while the checks run: neither the old nor the new text is exported."""
    grade, workspace = graded(space, "class SGD: pass\n"), Workspace(space.root)
    space.write(grade.lesson, "class SGD: step = None\n")
    with pytest.raises(Trouble, match=r"optimizers_dev\.py was saved while it was graded"):
        exporting.export(workspace, grade, force=False)
    assert not workspace.exports.exists()


@pytest.mark.parametrize("before", [None, b"# an earlier export\n"])
def test_an_export_that_hangs_is_taken_out_again(space, monkeypatch, before):
    grade, workspace = graded(space, "while True: pass\n"), Workspace(space.root)
    monkeypatch.setattr(exporting, "PATIENCE", 2.0)
    target = workspace.exported(grade.lesson)
    if before:
        target.parent.mkdir(parents=True)
        target.write_bytes(before)
    with pytest.raises(Trouble, match="does not come up on these exports within 2 seconds"):
        exporting.export(workspace, grade, force=False)
    assert (target.read_bytes() if target.is_file() else None) == before
