"""Whose code runs: the learner's under TINYTORCH_EXPORTS, the package's everywhere else."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tinytorch import exports
from tinytorch.tito.grade import grade
from tinytorch.tito.lessons import find, lessons
from tinytorch.tito.workbook import workbook

LESSONS = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)

PROGRAM = """
import json
import numpy as np
import tinytorch
from tinytorch import Tensor
from tinytorch.nn import MLP, CrossEntropyLoss, Softmax, Tanh
from tinytorch.optim import SGD, Adam, Momentum, StepLR, clip_grad_norm_
from tinytorch.training import Trainer, accuracy, evaluate, train
from tinytorch.data import DataLoader, digits

data, test = digits()[:2]
model = MLP([64, 16, 10], rng=0)
optimizer = Adam(model.parameters(), lr=0.01)
schedule = StepLR(optimizer, step_size=1, gamma=0.5)
history = Trainer(model, optimizer, CrossEntropyLoss(), scheduler=schedule, clip_norm=1.0).fit(
    DataLoader(data, 64, seed=0), epochs=2, progress=False
)
small = MLP([64, 10], rng=1)
loader = DataLoader(data, 256, seed=0)
losses = train(small, SGD(small.parameters(), 0.1), CrossEntropyLoss(), loader)
lr = optimizer.param_groups[0]["lr"]
print(json.dumps([tinytorch.whose(), history.steps[-3:], losses[-2:], lr]))
"""


def use(space, *files):
    """The program's answer with these files exported."""
    folder = space.root / "exports"
    folder.mkdir(exist_ok=True)
    for lesson, text in files:
        (folder / lesson.file).write_text(text, encoding="utf-8")
    env = {"TINYTORCH_EXPORTS": str(folder)} if files else {}
    done = space.tito(program=("-W", "error", "-c", PROGRAM), env=env)
    assert done.code == 0, done.err
    return json.loads(done.out.splitlines()[-1])


@LESSONS
def test_the_packages_own_bodies_exported_change_nothing(lesson, space, filled):
    """A filled workbook takes its place, and a training run stays what it was."""
    reference = use(space)
    assert reference[0] == {}
    whose, *run = use(space, (lesson, filled(workbook(lesson), lesson)))
    assert "yours" in whose.values()
    left = {name: why for name, why in whose.items() if why != "yours"}
    assert left == {}, left
    for mine, theirs in zip(run, reference[1:], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)


def test_all_seven_together(space, filled):
    files = [(lesson, filled(workbook(lesson), lesson)) for lesson in lessons()]
    whose, *run = use(space, *files)
    assert all(owner == "yours" for owner in whose.values())
    for mine, theirs in zip(run, use(space)[1:], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4)


@pytest.mark.parametrize(
    ("number", "right", "wrong"),
    [
        ("01", "np.add, self, other", "np.subtract, self, other"),
        ("02", "return x.relu()", "return x.relu() * 2"),
        ("03", "y = x @ self.weight\n", "y = x @ self.weight * 0.5\n"),
        ("04", "losses = -log_p[rows, targets]", "losses = -2 * log_p[rows, targets]"),
        ("05", "lambda g: g * (value > 0)", "lambda g: g"),
        ("06", "v_hat = v / (1 - beta2**t)", "v_hat = v"),
        ("06", "self.gamma ** (t // self.step_size)", "0.9 ** t"),
        ("07", "optimizer.zero_grad()", "pass"),
    ],
)
def test_what_is_exported_is_what_runs(space, filled, number, right, wrong):
    """A learner's version that differs makes a difference: it is really theirs that runs."""
    lesson = find(number)
    text = filled(workbook(lesson), lesson)
    assert right in text
    _, *run = use(space, (lesson, text.replace(right, wrong)))
    reference = use(space)[1:]
    assert not all(np.allclose(a, b, rtol=1e-4) for a, b in zip(run, reference, strict=True))


FREE = """
class Adam:
    def __init__(self, parameters, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.parameters, self.learning_rate = list(parameters), learning_rate
        self.beta1, self.beta2, self.eps, self.t = beta1, beta2, eps, 0
        self.m = [0 * p.data for p in self.parameters]
        self.v = [0 * p.data for p in self.parameters]

    def step(self):
        self.t += 1
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            g = p.grad.data
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g * g
            m, v = self.m[i] / (1 - self.beta1**self.t), self.v[i] / (1 - self.beta2**self.t)
            p.data = p.data - self.learning_rate * m / (v**0.5 + self.eps)

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.every, self.gamma, self.count = optimizer, step_size, gamma, 0

    def step(self):
        self.count += 1
        if self.count % self.every == 0:
            self.optimizer.learning_rate = self.optimizer.learning_rate * self.gamma
"""


def test_written_from_scratch_it_runs_schedules_and_trainer(space):
    lesson = find("06")
    whose, *run = use(space, (lesson, FREE))
    assert whose["Adam"] == whose["StepLR"] == "yours"
    assert whose["adam"].startswith("the package's: your file defines none")
    for mine, theirs in zip(run, use(space)[1:], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4)


SCRATCH = Path(__file__).with_name("solution.py").read_text(encoding="utf-8")
STILL = """
for cls in (SGD, Momentum, Adam):
    cls.step = lambda self: None
"""
STEPS = """
import tinytorch
from tinytorch import exports, optim
def moved():
    p = tinytorch.Tensor([1.0], requires_grad=True)
    far = []
    for name, options in (("SGD", {}), ("SGD", {"momentum": 0.5}), ("Momentum", {}), ("Adam", {})):
        p.grad = tinytorch.Tensor([1.0])
        before = p.data[0]
        getattr(optim, name)([p], lr=0.5, **options).step()
        far.append(round(float(before - p.data[0]), 5))
    return far
print(moved())
print(exports.closed())
exports.only_open()
print(moved())
print(tinytorch.whose("Momentum"))
"""


def test_classes_from_scratch_are_what_steps_until_their_state_is_asked_for(space):
    """Those here stand still, so that each step is seen to be theirs, or the package's."""
    folder = space.root / "e"
    folder.mkdir()
    (folder / "optimizers_dev.py").write_text(SCRATCH + STILL, encoding="utf-8")
    done = space.tito(program=("-c", STEPS), env={"TINYTORCH_EXPORTS": str(folder)})
    assert done.code == 0, done.err
    theirs, closed, ours, whose = done.out.splitlines()
    assert theirs == "[0.0, 0.0, 0.0, 0.0]"
    assert closed == "['Adam', 'Momentum', 'SGD', 'StepLR']"
    assert ours == "[0.5, 0.5, 0.5, 0.5]"
    assert whose == "the package's: yours keeps its state to itself, and here it is opened"


def test_by_the_workbook_the_state_is_open(space, filled):
    lesson = find("06")
    folder = space.root / "e"
    folder.mkdir()
    text = filled(workbook(lesson), lesson)
    (folder / lesson.file).write_text(text, encoding="utf-8")
    done = space.tito(program=("-c", STEPS), env={"TINYTORCH_EXPORTS": str(folder)})
    assert done.out.splitlines() == ["[0.5, 0.5, 0.5, 0.5]", "[]", "[0.5, 0.5, 0.5, 0.5]", "yours"]


def test_an_option_that_yours_lacks_stays_the_packages_and_is_named(space):
    space.root.joinpath("e").mkdir()
    space.root.joinpath("e", "optimizers_dev.py").write_text(FREE, encoding="utf-8")
    program = (
        "import tinytorch, numpy as np; from tinytorch.optim import Adam\n"
        "p = tinytorch.Tensor([1.0], requires_grad=True); p.grad = tinytorch.Tensor([0.0])\n"
        "Adam([p], lr=0.1, weight_decay=0.5).step(); print(p.data[0])\n"
        "print(tinytorch.whose('Adam with weight_decay'))"
    )
    env = {"TINYTORCH_EXPORTS": str(space.root / "e")}
    done = space.tito(program=("-c", program), env=env)
    assert done.code == 0, done.err
    moved, whose = done.out.splitlines()
    assert float(moved) == pytest.approx(0.9, rel=1e-5)
    assert whose == "the package's: yours does not take it"


CHANGED = """
import copy, json, tinytorch
from tinytorch.optim import SGD, Adam, OneCycleLR

def run(optimizer, change):
    (p,) = optimizer.param_groups[0]["params"]
    for t in range(3):
        p.grad = tinytorch.Tensor([1.0])
        optimizer.step()
        change(optimizer.param_groups[0])
    return float(p.data[0])

def parameter():
    return [tinytorch.Tensor([1.0], requires_grad=True)]

sgd = SGD(parameter(), lr=0.1, momentum=0.9)
cycle = OneCycleLR(sgd, max_lr=0.1, total_steps=4)
found = [run(sgd, lambda group: cycle.step())]
found.append(run(SGD(parameter(), lr=0.1, momentum=0.9), lambda g: g.update(momentum=0.1)))
found.append(run(Adam(parameter(), lr=0.1), lambda g: g.update(betas=(0.1, 0.2), lr=0.01)))
first = SGD(parameter(), lr=0.1, momentum=0.9)
run(first, lambda group: None)
found.append(run(copy.deepcopy(first), lambda group: None))  # with the velocity that it has
print(json.dumps([tinytorch.whose("SGD"), found]))
try:
    run(SGD(parameter(), lr=0.1, momentum=0.9), lambda g: g.update(weight_decay=0.5))
    print("no error")
except AttributeError as error:
    print(error)
"""


def test_whatever_changes_in_a_group_reaches_an_optimizer_from_scratch(space):
    space.root.joinpath("e").mkdir()
    scratch = SCRATCH.replace("id(p)", "p")  # an address is another one in a copy
    space.root.joinpath("e", "optimizers_dev.py").write_text(scratch, encoding="utf-8")
    env = {"TINYTORCH_EXPORTS": str(space.root / "e")}
    theirs, refused = space.tito(program=("-c", CHANGED), env=env).out.splitlines()
    ours, accepted = space.tito(program=("-c", CHANGED)).out.splitlines()
    (whose, theirs), (_, ours) = json.loads(theirs), json.loads(ours)
    assert whose == "yours"
    np.testing.assert_allclose(theirs, ours, rtol=1e-5)
    assert accepted == "no error"
    assert refused == (
        "your SGD has no attribute weight_decay, "
        "so that no schedule can change its weight_decay to 0.5"
    )


def test_a_class_built_on_an_exported_one_has_its_own_rule(space):
    """A chapter that changes Adam's rule shows the changed rule, whoever wrote Adam."""
    space.root.joinpath("e").mkdir()
    space.root.joinpath("e", "optimizers_dev.py").write_text(FREE, encoding="utf-8")
    program = (
        "import tinytorch; from tinytorch.optim import Adam\n"
        "class Still(Adam):\n"
        "    def rule(self, group):\n"
        "        return lambda p, g, m, v, *, lr: (p, m, v)\n"
        "p = tinytorch.Tensor([1.0], requires_grad=True); p.grad = tinytorch.Tensor([1.0])\n"
        "Still([p]).step(); print(p.data[0]); Adam([p], lr=0.5).step(); print(p.data[0])"
    )
    env = {"TINYTORCH_EXPORTS": str(space.root / "e")}
    done = space.tito(program=("-c", program), env=env)
    assert done.code == 0, done.err
    still, moved = map(float, done.out.split())
    assert still == 1.0
    assert moved == pytest.approx(0.5, rel=1e-5)


def test_a_folder_that_is_not_there_is_an_error(space):
    done = space.tito(program=("-c", "import tinytorch"), env={"TINYTORCH_EXPORTS": "/nowhere"})
    assert done.code == 1
    assert "TINYTORCH_EXPORTS names a folder that does not exist: /nowhere" in done.err


def test_activate_and_deactivate_in_one_process(tmp_path):
    from tinytorch import optim

    right = optim.Adam
    (tmp_path / "optimizers_dev.py").write_text(FREE, encoding="utf-8")
    try:
        exports.activate(tmp_path)
        assert optim.Adam is not right
        assert exports.whose("Adam") == "yours"
        assert exports.whose("SGD") == "the package's"
    finally:
        exports.deactivate()
        sys.modules.pop("optimizers_dev", None)
    assert optim.Adam is right
    assert exports.whose() == {}
    assert not list(tmp_path.rglob("*.pyc")), "the folder is part of the cache's key"


def test_grading_under_an_activated_shell_still_grades_against_the_package(space, monkeypatch):
    """A wrong export does not become the measure of things."""
    wrong = FREE.replace("g * g", "g")
    folder = space.root / "e"
    folder.mkdir()
    (folder / "optimizers_dev.py").write_text(wrong, encoding="utf-8")
    lesson = find("06")
    space.write(lesson, FREE)
    done = space.tito("test", "06", "--json", env={"TINYTORCH_EXPORTS": str(folder)})
    (result,) = json.loads(done.out)
    adam = {c["check"]: c["state"] for c in result["checks"] if c["subject"] == "Adam"}
    assert set(adam.values()) == {"passed", "inapplicable"}, adam
    assert os.environ.get("TINYTORCH_EXPORTS") is None
    assert grade(lesson, space.path(lesson)).status == 1  # SGD and Momentum are missing
