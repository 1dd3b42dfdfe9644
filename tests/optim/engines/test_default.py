"""Which engine runs where nobody names one, and what is kept of compiling on the disk."""

import os
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tinytorch.optim import engines

PROGRAM = """
    import sys
    {first}
    import numpy as np
    from tinytorch import Tensor
    from tinytorch.optim import Adam, Optimizer, engines
    from tinytorch.optim.engines import choosing

    class Own(Optimizer):
        def rule(self, group):
            return lambda p, g: (p - g,)

    for kind in (Adam, lambda params: Own(params, {{}})):
        p = Tensor(np.ones(3), requires_grad=True)
        p.grad = Tensor([1.0, 2.0, 3.0])
        kind([p]).step()
    print(engines.chosen(), "numba" in sys.modules and sys.modules["numba"] is not None)
"""


def run(folder, first="", engine=None, program=PROGRAM):
    environment = {**os.environ, "TINYTORCH_CACHE": str(folder)}
    environment.pop("TINYTORCH_ENGINE")
    if engine is not None:
        environment["TINYTORCH_ENGINE"] = engine
    program = textwrap.dedent(program).format(first=first)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_fused_where_numba_is_installed(sound):
    assert run(sound[0]).stdout == "fused True\n"


def test_blocked_where_it_is_not_or_where_the_environment_says_so(tmp_path):
    """Without a word: nobody has asked for the other."""
    assert run(tmp_path, "sys.modules['numba'] = None").stdout == "blocked False\n"
    assert run(tmp_path, engine="blocked").stdout == "blocked False\n"
    assert list(tmp_path.iterdir()) == []


def test_numba_that_cannot_be_imported_is_done_without(tmp_path):
    (tmp_path / "numba.py").write_text("raise ImportError('needs another NumPy')")
    first = f"sys.path.insert(0, {str(tmp_path)!r})"
    done = run(tmp_path, first)
    assert (done.stdout, done.stderr) == ("fused False\n", "")
    done = run(tmp_path, first, engine="fused")
    assert (done.stdout, done.stderr) == ("fused False\n", "")


def test_an_engine_that_there_is_not_is_named(tmp_path):
    done = run(tmp_path, engine="fast")
    assert "TINYTORCH_ENGINE must be one of whole, blocked, fused; got 'fast'" in done.stderr


STEP = """
    import sys
    from numba.core import compiler
    compiled, original = [], compiler.compile_extra

    def counted(context, target, function, *rest, **options):
        compiled.append(function.__name__)
        return original(context, target, function, *rest, **options)

    compiler.compile_extra = counted
    import numpy as np
    from tinytorch import Tensor, optim
    p = Tensor(np.ones(3), requires_grad=True)
    p.grad = Tensor([1.0, 2.0, 3.0])
    optim.{first}([p]).step()
    print(p.data.tolist(), [name.split("_")[0] for name in compiled], sep=";")
"""


def stepped(folder, kind="Adam"):
    done = run(folder, kind, "fused", STEP)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split(";")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A folder in which something is kept, and what the step gave that was compiled for it."""
    pytest.importorskip("numba", reason="the fused engine needs numba")
    folder = tmp_path_factory.mktemp("sound")
    values, compiled = stepped(folder)
    assert "elements" in compiled
    return folder, values


def test_what_was_compiled_is_found_by_the_next_program(sound):
    folder, values = sound
    assert stepped(folder) == [values, "[]"]
    assert stepped(folder, "Lion")[1] == "['elements']"


@pytest.mark.parametrize("damage", ["damaged", "no folder"])
def test_where_nothing_can_be_kept_it_is_compiled_anew(tmp_path, damage, sound):
    folder, values = sound
    if damage == "damaged":
        shutil.copytree(folder, tmp_path / "copy")
        for file in (tmp_path / "copy").rglob("*.nbc"):
            file.write_bytes(b"junk")
        folder = tmp_path / "copy"
    else:
        folder = tmp_path / "file"
        folder.write_text("")
    for _ in range(2):  # nor is it kept elsewhere
        found, compiled = stepped(folder)
        assert found == values
        assert "elements" in compiled


def test_a_rule_that_numba_cannot_type_runs_blocked(monkeypatch):
    compiled = pytest.importorskip("tinytorch.optim.engines.compiled")
    from numba.core.errors import TypingError

    def refuse(*arguments, **options):
        raise TypingError("no")

    def rule(p, g, *, lr):
        return (p - lr * g * 1.25,)

    monkeypatch.setattr(compiled.numba_cache, "cfunc", refuse)
    for dtypes in (["f4"], ["f8", "f4"]):
        batch = [(np.ones(3, dtype), np.full(3, 2.0, dtype)) for dtype in dtypes]
        engines.run((rule,), batch, {"lr": 0.5}, engine="fused")
        assert [p.tolist() for p, _ in batch] == [[-0.25] * 3] * len(dtypes)
