"""Plain right answers pass the grader, and the whole package runs on them."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from tinytorch.tito.grade import grade
from tinytorch.tito.lessons import find
from tinytorch.tito.workbook import filled, workbook

HERE = Path(__file__).parent
ANSWERS = runpy.run_path(str(HERE / "plain.py"))["ANSWERS"]
OPTIMIZERS = (HERE / "solution.py").read_text(encoding="utf-8")

# What the workbooks do not ask for, and a page of the book does
PROGRAM = """
import json
import numpy as np
import tinytorch
from tinytorch import Tensor
from tinytorch.training import Trainer, accuracy, evaluate
from tinytorch.data import DataLoader, TensorDataset, digits
from tinytorch.nn import MLP, BCEWithLogitsLoss, CrossEntropyLoss, MSELoss, ReLU, Softmax
from tinytorch.optim import Adam, Momentum, clip_grad_norm_

seen = []
def see(*values):
    seen.extend(np.asarray(getattr(v, "data", v), float).tolist() for v in values)
def leaf(*shape):
    values = np.linspace(-1, 2, int(np.prod(shape))).reshape(shape)
    return Tensor(values.astype(np.float32), requires_grad=True)
def slope(loss, *leaves):
    loss.backward()
    see(loss, *(x.grad for x in leaves))

x, W, v = leaf(3, 4), leaf(4, 3), leaf(4)
slope(((2 * x + 1.0 - np.ones(4)) ** 2).mean(axis=(0, 1)), x)
slope((leaf(3, 4) @ v).sum(), v)
slope((leaf(2, 3, 4) @ W).sum(), W)
slope(((W * W + 1.0) ** Tensor(np.float32(1.5))).sum(), W)
kept = x * 3.0
kept.retain_grad()
slope((kept * kept).sum(), x, kept)
logits = leaf(3, 4)
for targets in (np.array([1, 2, 3]), [0, 1, 2], np.full((3, 4), 0.25)):
    for options in ({}, {"reduction": "none"}, {"reduction": "sum"}, {"label_smoothing": 0.1}):
        slope(CrossEntropyLoss(**options)(logits, targets).sum(), logits)
slope(BCEWithLogitsLoss()(logits, np.ones((3, 4))), logits)
slope(MSELoss()(logits, np.ones((3, 4))), logits)
slope(Softmax(axis=0)(ReLU()(logits)).sum(), logits)
for wrong in (lambda: MSELoss()(logits, np.ones(4)), lambda: CrossEntropyLoss()(logits, [9, 9, 9])):
    try:
        wrong()
    except (ValueError, IndexError):
        seen.append("refused")
clip_grad_norm_((p for p in [logits]), 0.5, norm_type=float("inf"))
see(logits.grad)

data = digits()[0]
train, held = TensorDataset(*data[:600]), TensorDataset(*data[600:900])
model = MLP([64, 16, 16, 10], rng=0)
optimizer = Adam(model.parameters(), lr=0.01)
Trainer(model, optimizer, CrossEntropyLoss(), metrics=[accuracy], clip_norm=1.0).fit(
    DataLoader(train, 64, seed=0), epochs=2, validation=held, progress=False
)
see(*evaluate(model, CrossEntropyLoss(), held, [accuracy]).values())
see(sum(p.data.nbytes for p in model.parameters()))
yours = [name for name, owner in tinytorch.whose().items() if owner == "yours"]
print(json.dumps([yours, seen]))
"""


def written(number):
    lesson = find(number)
    return filled(workbook(lesson), lesson, ANSWERS[number])


@pytest.mark.parametrize("number", ANSWERS)
def test_they_pass(number, space):
    lesson = find(number)
    result = grade(lesson, space.write(lesson, written(number)))
    assert [(o.check, o.state, o.message) for o in result.outcomes if not o.good] == []
    assert result.status == 0


def test_the_package_runs_on_them_as_before(space):
    folder = space.root / "exports"
    folder.mkdir()
    for number in ANSWERS:
        (folder / find(number).file).write_text(written(number), encoding="utf-8")
    (folder / "optimizers_dev.py").write_text(OPTIMIZERS, encoding="utf-8")
    done = space.tito(program=("-c", PROGRAM))
    assert done.code == 0, done.err
    nobody, reference = json.loads(done.out)
    done = space.tito(program=("-c", PROGRAM), env={"TINYTORCH_EXPORTS": str(folder)})
    assert done.code == 0, done.err
    yours, seen = json.loads(done.out)
    assert nobody == []
    assert {"Tensor.__add__", "MLP", "CrossEntropyLoss", "backward", "Adam", "evaluate"} <= {*yours}
    assert len(seen) == len(reference) > 40
    for mine, right in zip(seen, reference, strict=True):
        if isinstance(right, str):
            assert mine == right
        else:
            np.testing.assert_allclose(mine, right, rtol=2e-4, atol=1e-6)
