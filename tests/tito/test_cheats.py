"""Files that do no work: none of them passes, whatever they do to whom they are tried by.

Each is graded as `tito test` grades it. A cheat may fail in any way; what counts is that it is
neither passed nor able to hurt the one that judges.
"""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tinytorch.core.tensor import Tensor
from tinytorch.tito.grade import grade
from tinytorch.tito.judge import expectation
from tinytorch.tito.lessons import find
from tinytorch.tito.workbook import filled, workbook

SIX = find("06")
HEAD = (
    "import os, sys, json\nimport numpy as np\n"
    "import tinytorch\nfrom tinytorch import Tensor, optim\n"
)

# A file in which every name of 06 is there and holds another's object inside
WRAPPED = """
def gradient_descent_step(parameter, learning_rate):
    theirs.gradient_descent_step(parameter, learning_rate)

class SGD:
    def __init__(self, params, lr=0.01, momentum=0.0):
        self.inner = theirs.SGD(params, lr=lr, momentum=momentum)
    def step(self):
        self.inner.step()
    def zero_grad(self):
        self.inner.zero_grad()

class Momentum(SGD):
    def __init__(self, params, lr=0.01, momentum=0.9):
        self.inner = theirs.SGD(params, lr=lr, momentum=momentum)

class Adam(SGD):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.inner = theirs.Adam(params, lr=lr, betas=betas, eps=eps)

class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.inner = theirs.StepLR(optimizer.inner, step_size, gamma)
    def step(self):
        self.inner.step()
"""


# The same, and nothing is done at all
def by(mine: str, other: str) -> str:
    """A file that wraps the package's classes, one of them in another one's place."""
    return WRAPPED.replace(mine, other).replace("theirs", "optim")


IDLE = """
def gradient_descent_step(parameter, learning_rate): pass

class SGD:
    def __init__(self, params, lr=0.01, momentum=0.0): self.params = params
    def step(self): pass
    def zero_grad(self): pass

class Momentum(SGD):
    def __init__(self, params, lr=0.01, momentum=0.9): self.params = params

class Adam(SGD):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8): self.params = params

class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1): pass
    def step(self): pass
"""
SOURCE = "theirs = type(sys)('theirs'); exec(source, vars(theirs))\n" + WRAPPED
PIPES = """
def forge(*events):
    for fd in range(3, 30):
        try:
            for event in events:
                os.write(fd, (event if isinstance(event, bytes) else json.dumps(event).encode()) + b"\\n")
        except OSError:
            pass
"""  # noqa: E501

CHEATS = {
    "nothing applies": """
from tinytorch.tito.bench import Inapplicable
class Idle:
    def __init__(self, *a, **k): raise Inapplicable("not for me")
SGD = Momentum = Adam = StepLR = Idle
def gradient_descent_step(*a): raise Inapplicable("nor for me")
""",
    "nothing applies, in a file that does a little": IDLE.replace(
        "def step(self): pass",
        "def step(self):\n        from tinytorch.tito.bench import Inapplicable\n"
        "        raise Inapplicable('no')",
    ),
    "nothing is done": IDLE,
    "the package's names": "from tinytorch.optim import *\n",
    "built on the package's": """
class SGD(optim.SGD): pass
class Momentum(optim.Momentum): pass
class Adam(optim.Adam): pass
class StepLR(optim.StepLR): pass
def gradient_descent_step(p, lr): optim.gradient_descent_step(p, lr)
""",
    "the package's, wrapped": "theirs = optim\n" + WRAPPED,
    "the package's under another address": """
for cls in (optim.SGD, optim.Momentum, optim.Adam, optim.StepLR):
    cls.__module__ = "optimizers_dev"
SGD, Momentum, Adam, StepLR = optim.SGD, optim.Momentum, optim.Adam, optim.StepLR
def gradient_descent_step(p, lr): optim.gradient_descent_step(p, lr)
""",
    "AdamW without decay": WRAPPED.replace("theirs.Adam(", "optim.AdamW(weight_decay=0.0, params=")
    .replace("params=params", "params=params").replace("theirs.", "optim."),
    "AMSGrad's rule as Adam's": filled(
        workbook(SIX), SIX,
        {e.target: {"adam": "return amsgrad(p, g, m, v, v * 0, t=t, lr=lr, beta1=beta1, "
                            "beta2=beta2, eps=eps)[:3]"}.get(e.target, "pass")
         for e in SIX.exercises},
    ),
    "its source, inspected": (
        "import inspect; source = inspect.getsource(optim.optimizers)\n" + SOURCE
    ),
    "its source, opened": "source = open(optim.optimizers.__file__).read()\n" + SOURCE,
    "its source, by its loader": (
        "source = optim.optimizers.__loader__.get_source('tinytorch.optim.optimizers')\n" + SOURCE
    ),
    "its bytes, by os.open": (
        "fd = os.open(optim.optimizers.__file__, os.O_RDONLY)\nsource = os.read(fd, 10**6)\n"
        + SOURCE
    ),
    "its source, by a link": (
        "import tempfile; link = os.path.join(tempfile.mkdtemp(), 'x.py')\n"
        "os.symlink(optim.optimizers.__file__, link)\nsource = open(link).read()\n" + SOURCE
    ),
    "its source, by a hard link": (
        "import tempfile; link = os.path.join(tempfile.mkdtemp(), 'x.py')\n"
        "os.link(optim.optimizers.__file__, link)\nsource = open(link).read()\n" + SOURCE
    ),
    "its source, from its folder": """
folder = os.open(os.path.dirname(optim.optimizers.__file__), os.O_RDONLY)
source = os.read(os.open("optimizers.py", os.O_RDONLY, dir_fd=folder), 10**6)
""" + SOURCE,
    "its source, under a name that lies": """
class Name(str):
    def startswith(self, *a): return False
source = open(Name(optim.optimizers.__file__)).read()
""" + SOURCE,
    "its source, while every path is another": """
os.path.realpath = lambda p, **k: os.devnull
os.fsdecode = lambda p: os.devnull
source = open(optim.optimizers.__file__).read()
""" + SOURCE,
    "its source, while nothing is what it is": """
import builtins
builtins.isinstance = lambda *a: False
vars(sys.modules["__main__"]).update(WRITING=0, REFUSED=(), CHANGES=(), STRANGERS=(), os=None)
source = open(optim.optimizers.__file__).read()
""" + SOURCE,
    "its source, by another root": """
source = open("/proc/self/root" + optim.optimizers.__file__).read()
""" + SOURCE,
    "its source, as numbers": """
source = bytes(np.fromfile(optim.optimizers.__file__, np.uint8))
""" + SOURCE,
    "the guard, found among all objects": """
import gc
for o in gc.get_objects():
    if getattr(o, "__name__", "") == "hook":
        o.__kwdefaults__.update(secret=frozenset(), closed=frozenset())
source = open(optim.optimizers.__file__).read()
""" + SOURCE,
    "the guard, by the traceback of its refusal": """
class Emptied:
    def __eq__(self, other):
        other.clear()
        return True
try:
    open(optim.optimizers.__file__)
except PermissionError as error:
    walk = error.__traceback__
    while walk.tb_next:
        walk = walk.tb_next
    for name, value in list(walk.tb_frame.f_locals.items()):
        try:
            value == Emptied()
            value.clear()
        except Exception:
            pass
        try:
            walk.tb_frame.f_locals[name] = frozenset()
        except Exception:
            pass
source = open(optim.optimizers.__file__).read()
""" + SOURCE,
    "another process, by a module loaded again": """
del sys.modules["_posixsubprocess"]
import _posixsubprocess
""" + WRAPPED,
    "AdEMAMix without its slow average": by(
        "theirs.Adam(params, lr=lr, betas=betas, eps=eps)",
        "optim.AdEMAMix(params, lr=lr, betas=(*betas, 0.9), alpha=0.0, eps=eps)",
    ),
    "MARS without its correction": by(
        "theirs.Adam(params, lr=lr, betas=betas, eps=eps)",
        "optim.MARS(params, lr=lr, betas=betas, eps=eps, gamma=0.0)",
    ),
    "ASGD without its average": by(
        "theirs.SGD(params, lr=lr, momentum=momentum)",
        "optim.ASGD(params, lr=lr, lambd=0.0, alpha=0.0)",
    ),
    "MultiStepLR at every multiple": by(
        "theirs.StepLR(optimizer.inner, step_size, gamma)",
        "optim.MultiStepLR(optimizer, list(range(step_size, 999, step_size)), gamma)",
    ),
    "arrays that are equal to all": IDLE + """
class Liar(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __sub__(self, other): return np.zeros(self.shape)
    def __array_ufunc__(self, *a, **k): return np.ones(2, bool)
SGD.step = lambda self: setattr(self.params[0], "data", np.zeros(2).view(Liar))
""",
    "a forged report from a thread that stays": IDLE + PIPES + """
import threading, time
from tinytorch.tito.lessons import optimizers
def later():
    while True:
        for c in optimizers.CHECKS:
            forge({"event": "check", "check": c.name},
                  {"event": "seen", "check": c.name, "seconds": 0.0,
                   "rounds": [dict(tried={}, seen=[], error=None)] * 2})
        time.sleep(0.01)
threading.Thread(target=later).start()
""",
    "a forged end as it leaves": PIPES + """
import atexit
atexit.register(forge, {"event": "done"})
sys.exit(0)
""",
    "a line without an end": IDLE + PIPES + "forge(b'x' * (20 << 20))\n",
    "lines for ever, so that its time is never up": PIPES + """
import time
while True:
    forge({"event": "import"}, {"event": "check", "check": "SGD: a trajectory"}, {"event": "x"})
    time.sleep(0.2)
""",
    "letters that look alike": IDLE.replace("class Adam", "class \u0410dam"),
    "everything left blank": """
class SGD:
    def __init__(self, *a, **k): raise NotImplementedError
Momentum = Adam = StepLR = SGD
def gradient_descent_step(*a): raise NotImplementedError()
""",
    "the seed, by the frames": IDLE + """
def step(self):
    frame = sys._getframe()
    while "asked" not in frame.f_locals:
        frame = frame.f_back
    np.random.seed(frame.f_locals["asked"]["seed"])
    self.params[0].data = np.random.default_rng(frame.f_locals["asked"]["seed"]).random(2)
SGD.step = step
""",
    "compiled before": """
import marshal, glob
folder = os.path.join(os.path.dirname(optim.optimizers.__file__), "__pycache__")
(path,) = glob.glob(folder + "/optimizers.*.pyc")[:1]
theirs = type(sys)("theirs"); exec(marshal.loads(open(path, "rb").read()[16:]), vars(theirs))
""" + WRAPPED,
    "loaded again": (
        "import importlib; sys.meta_path.pop(0)\n"
        "theirs = importlib.reload(optim.optimizers)\n" + WRAPPED
    ),
    "another process": """
import subprocess
def ask(): return subprocess.run([sys.executable, "-c", "import tinytorch"]).returncode
ask(); theirs = optim
""" + WRAPPED,
    "another process, unannounced": (
        "import _posixsubprocess; _posixsubprocess.fork_exec\ntheirs = optim\n" + WRAPPED
    ),
    "a fork": "os.fork()\ntheirs = optim\n" + WRAPPED,
    "a shell": "os.system('true')\ntheirs = optim\n" + WRAPPED,
    "C": "import ctypes; ctypes.CDLL(None)\ntheirs = optim\n" + WRAPPED,
    "the net": "import socket; socket.create_connection(('127.0.0.1', 9))\n" + WRAPPED,
    "another library": "import torch.optim as theirs\n" + WRAPPED,
    "the judge": "import tinytorch.tito.judge\n" + WRAPPED,
    "the table of mistakes": """
from tinytorch.tito.mistakes.rules import right_adam
""" + WRAPPED,
    "a solution from the tests": (
        "source = open(os.path.join(os.path.dirname(tinytorch.__file__), '..', 'tests', 'tito', "
        "'solution.py')).read()\nexec(source)\n"
    ),
    "the bench sees nothing": IDLE + """
from tinytorch.tito.bench import Bench
Bench.see = lambda self, label, value: None
""",
    "the bench takes everything for own": """
from tinytorch.tito import bench
bench.imported = lambda *a: False
from tinytorch.optim import *
""",
    "the checks are exchanged": IDLE + """
from tinytorch.tito.lessons import optimizers
for check in optimizers.CHECKS:
    object.__setattr__(check, "run", lambda bench: bench.see("all is well", True))
""",
    "the checks are none": IDLE + """
from tinytorch.tito.lessons import optimizers
object.__setattr__(optimizers.LESSON, "checks", ())
""",
    "no round is run": IDLE + """
sys.modules["__main__"].rounds = lambda *a: [dict(tried={}, seen=[], error=None)] * 2
""",
    "one round is run": IDLE + """
main = sys.modules["__main__"]
main.rounds = lambda *a, right=main.rounds: right(*a)[:1]
""",
    "everything is close to everything": IDLE + """
np.allclose = np.array_equal = lambda *a, **k: True
np.asarray = lambda *a, **k: np.zeros(())
""",
    "no number": IDLE.replace("pass\n    def zero", "self.params[0].data = np.full(2, np.nan)\n"
                              "    def zero"),
    "equal to all": IDLE + """
class Any(float):
    __eq__ = lambda self, other: True
    __hash__ = None
SGD.step = lambda self: setattr(self.params[0], "_data", Any(0))
""",
    "a forged end": IDLE + PIPES + 'forge({"event": "done"})\n',
    "forged passes": IDLE + PIPES + """
from tinytorch.tito.lessons import optimizers
for c in optimizers.CHECKS:
    forge({"event": "seen", "check": c.name, "seconds": 0.0,
           "rounds": [dict(tried={}, seen=[], error=None)] * 2})
forge({"event": "done"})
""",
    "forged inapplicabilities": IDLE + PIPES + """
from tinytorch.tito.lessons import optimizers
no = {"kind": "inapplicable", "message": "no", "line": None}
for c in optimizers.CHECKS:
    forge({"event": "seen", "check": c.name, "rounds": [dict(tried={}, seen=[], error=no)]})
forge({"event": "done"})
""",
    "rubbish in the pipe": IDLE + PIPES + """
forge([1, 2], {"event": 3}, {"event": "seen"}, {"event": "seen", "check": []}, None, "x",
      {"event": "seen", "check": "SGD: a trajectory", "rounds": {"a": 1}},
      {"event": "seen", "check": "StepLR: two groups", "rounds": [{"tried": 1, "seen": [[1]]}]},
      {"event": "unheard of"}, b"[" * 100000, b"\\xff\\xfe\\x00", b'{"event": "check", "check": 7}')
""",
    "a forged verdict of no Python": IDLE + PIPES + """
forge({"event": "unloadable", "kind": "x" * 10**6, "message": None, "line": "all"})
""",
    "an exit without a word": "sys.exit(0)\n",
    "an exit without any": "os._exit(0)\n",
    "an exit in a step": IDLE.replace("def step(self): pass", "def step(self): os._exit(0)"),
    "an end of the one who asks": "import signal; os.kill(os.getppid(), signal.SIGKILL)\n" + IDLE,
    "words for numbers": IDLE.replace("pass\n    def zero", "self.params[0].data = 'right'\n"
                                      "    def zero"),
}  # fmt: skip

OTHERS = {  # in other modules: module, the file
    "05: the package's method called": ("05", """
from tinytorch.core.tensor import Tensor as Base
class Variable(Base):
    def __add__(self, other): return super().__add__(other)
    def __sub__(self, other): return super().__sub__(other)
    def __mul__(self, other): return super().__mul__(other)
"""),
    "05: the package's class": ("05", "from tinytorch import Variable\n"),
    "05: the package's walk": ("05", """
from tinytorch.core.tensor import Tensor as Variable
from tinytorch.core import autograd
def unbroadcast(g, shape): return autograd.unbroadcast(g, shape)
def topological_order(root): return autograd.topological_order(root)
def backward(root, g): return autograd.backward(root, g)
"""),
    "02: built on the package's": ("02", """
from tinytorch import nn
class ReLU(nn.ReLU): pass
class LeakyReLU(nn.LeakyReLU): pass
class Sigmoid(nn.Sigmoid): pass
class Tanh(nn.Tanh): pass
class Softmax(nn.Softmax): pass
"""),
    "07: the package's trainer": ("07", """
from tinytorch.training import Trainer
def train(model, optimizer, loss_fn, loader, epochs=1):
    return Trainer(model, optimizer, loss_fn).fit(loader, epochs=epochs, progress=False)
def accuracy(*a): pass
def evaluate(*a): pass
def clip_grad_norm_(*a): pass
"""),
}  # fmt: skip


def recited(number: str, name: str) -> str:
    """A file that knows by heart what comes out for the workbook's numbers, and nothing else."""
    lesson = find(number)
    answers = [
        value
        for check in lesson.checks
        if check.subject == name
        for _, value in expectation(lesson, check)
    ]
    return (
        HEAD
        + f"""
ANSWERS = iter({answers!r} * 9)
class {name}:
    def __call__(self, prediction, target):
        return Tensor(np.array(next(ANSWERS)))
"""
    )


@pytest.fixture(scope="module")
def grades(tmp_path_factory):
    """All of them, each in a process of its own, a few at a time."""
    files = {name: ("06", HEAD + text) for name, text in CHEATS.items()} | OTHERS
    files["04: recited"] = ("04", recited("04", "MSELoss"))

    def one(item):
        number, (module, text) = item
        lesson = find(module)
        folder = tmp_path_factory.getbasetemp() / f"cheat{number}" / lesson.folder
        folder.mkdir(parents=True)
        (folder / lesson.file).write_text(text, encoding="utf-8")
        return grade(lesson, folder / lesson.file, seconds=20)

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(files, pool.map(one, enumerate(files.values())), strict=True))


def test_none_passes(grades):
    assert len(grades) >= 70
    assert [name for name, result in grades.items() if result.passed or not result.status] == []


# Numbers that no work was needed for: that nothing moves, is left, or is lost
FREE = {
    f"{name}: {what}"
    for name in ("SGD", "Momentum", "Adam")
    for what in ("zero_grad", "the gradient is only read")
}


def test_nothing_that_takes_work_passes(grades):
    for name in CHEATS:
        passed = {o.check for o in grades[name].outcomes if o.state == "passed"}
        assert not passed - FREE, name


def test_every_check_has_its_outcome(grades):
    for name, result in grades.items():
        if not result.problem:
            assert [o.check for o in result.outcomes] == [c.name for c in result.lesson.checks], (
                name
            )


def test_what_is_refused_is_said(grades):
    said = {
        "its source, opened": "optimizers.py is out of reach while your file is tried",
        "another library": "torch is out of reach",
        "the judge": "tinytorch.tito.judge is out of reach",
        "a fork": "os.fork is refused while your file is tried",
        "the net": "refused while your file is tried",
    }
    for name, words in said.items():
        assert words in grades[name].problem, name
    wrapped = grades["the package's, wrapped"]
    assert any("is on trial" in outcome.message for outcome in wrapped.outcomes)


def test_recited_answers_fail_in_the_second_round_and_the_report_says_with_which_numbers(grades):
    outcome = next(o for o in grades["04: recited"].outcomes if o.check == "MSELoss: value")
    assert outcome.state == "failed"
    assert outcome.drawn


def test_a_seed_gives_the_same_verdict_again(tmp_path):
    path = tmp_path / "04_losses" / "losses_dev.py"
    path.parent.mkdir()
    path.write_text(recited("04", "MSELoss"), encoding="utf-8")
    first, again, other = (
        next(o for o in grade(find("04"), path, seed=s).outcomes if o.check == "MSELoss: value")
        for s in (11, 11, 12)
    )
    assert first.expected == again.expected != other.expected


def test_the_one_who_judges_keeps_the_package_whole():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.data.tolist() == [2.0, 4.0]
    assert json.dumps({}) == "{}"
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert os.getcwd() == str(Path.cwd())
