"""The faults that tensor libraries have, planted one at a time: a check must fail for each."""

import inspect
import textwrap

import numpy as np
import pytest

from tests.core import test_autograd as walks
from tests.core import test_modules as modules
from tests.core import test_overwritten as stale
from tests.core import test_tensor as tensors
from tests.core.cases import difference, run_ours
from tests.core.parity import CASES, stored
from tinytorch import Tensor, gradcheck
from tinytorch.core import autograd, convolution, functional, layers, losses, normalization
from tinytorch.core import tensor as core
from tinytorch.optim import Optimizer


def cases(operation):
    """The cases of one operation: values, derivatives, dtypes."""
    own = [case for case in CASES if case.operation == operation]
    assert own

    def check():
        for case in own:
            assert max(difference(run_ours(case), stored()[str(case)])) <= 1e-12
            assert {array.dtype for array in run_ours(case, np.float32)} == {np.dtype("f")}
            if case.smooth:
                gradcheck(case.ours, *case.inputs)

    return check


def recursive_order(root):
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for parent, _ in node._edges:
                visit(parent)
            order.append(node)

    visit(root)
    return order


def order_of_discovery(root):
    order, seen = [root], {id(root)}
    for node in order:
        for parent, _ in node._edges:
            if id(parent) not in seen:
                seen.add(id(parent))
                order.append(parent)
    return order[::-1]


def backward_along_every_path(root, gradient):
    if not root._edges:
        root._accumulate(gradient, owns=False)
    for parent, derivative in root._edges:
        backward_along_every_path(parent, autograd.unbroadcast(derivative(gradient), parent.shape))


LONG = walks.test_a_chain_of_100000_operations
DIAMOND = walks.test_a_diamond_of_60_levels_asks_each_derivative_once
WAIT = walks.test_a_node_waits_for_all_who_use_it
OWNS = walks.test_the_first_accumulation_owns_its_array
BRANCHES = walks.test_a_gradient_that_passes_through_two_branches_is_not_changed_in_one
SHARED = walks.test_a_gradient_that_two_inputs_share_is_not_added_to_in_place
STATISTICS = stale.test_an_average_and_running_statistics_are_written_too
ASTYPE = tensors.test_astype_returns_the_gradient_in_the_first_dtype
RUNNING = modules.test_running_statistics_by_hand
DROPOUT = modules.test_dropout_keeps_the_mean_and_drops_the_gradient_alike


def STEP():
    stale.test_whatever_writes_is_noticed_and_nothing_has_changed(stale.step)


def BESIDE():
    tensors.test_float32_stays_float32_beside(np.array([2, 3]))


def NUMBER():
    tensors.test_float32_stays_float32_beside(np.float64(2.5))


def cutting(name):
    return lambda x, *args, **options: Tensor(getattr(np, name)(x.data, *args, **options))


REPLACED = [
    ("recursion", autograd, "topological_order", recursive_order, LONG),
    ("every path is walked", autograd, "backward", backward_along_every_path, DIAMOND),
    ("breadth first", autograd, "topological_order", order_of_discovery, WAIT),
    ("broadcasting is not undone", autograd, "unbroadcast", lambda g, shape: g, cases("+")),
    ("reduced axes are not restored", core, "restore", lambda g, axis, keep: g, cases("sum")),
    ("the same, mean", core, "restore", lambda g, axis, keep: g, cases("mean")),
    ("the same, max", core, "restore", lambda g, axis, keep: g, cases("max")),
    ("nothing is promoted", core, "promote", lambda a, b: (a, b), BESIDE),
    ("mean cuts", Tensor, "mean", cutting("mean"), cases("mean")),
    ("max cuts", Tensor, "max", cutting("max"), cases("max")),
    ("tanh cuts", Tensor, "tanh", cutting("tanh"), cases("tanh")),
]

MISSING = ["__pow__", "__neg__", "__rmul__", "__rsub__", "__rtruediv__", "__rpow__", "__abs__"]
WHOSE = {"__pow__": "**", "__neg__": "unary -", "__rmul__": "*", "__rsub__": "-"} | {
    "__rtruediv__": "/",
    "__rpow__": "**",
    "__abs__": "abs",
}

# (owner, name, what it says, what it might say, the check that must fail)
EDITED = [
    (autograd, "unbroadcast", "(*range(added), *stretched)", "tuple(range(added))", cases("*")),
    (autograd, "unbroadcast", "(*range(added), *stretched)", "stretched", cases("*")),
    (autograd, "unbroadcast", "if n == 1", "if n <= 1", cases("*")),
    (autograd, "backward", "elif parent in owned:", "elif True:", SHARED),
    (autograd, "backward", "if piece is not g and piece.base is None:", "if True:", BRANCHES),
    (autograd, "backward", "gradients[parent] + piece", "piece", WAIT),
    (autograd, "backward", "if piece.dtype != parent.data.dtype:", "if False:", ASTYPE),
    (Tensor, "_accumulate", "g if owns else g.copy()", "g", OWNS),
    (Tensor, "_accumulate", "self._grad._data + g", "g", OWNS),
    (autograd, "backward", "refuse_overwritten(order)", "pass", STEP),
    (autograd, "refuse_overwritten", "> node._made", ">= node._made", STEP),
    (core, "record", "edges if needed else ()", "needed", STATISTICS),
    (Optimizer, "_move", "p.overwritten()", "pass", STEP),
    (Tensor, "__sub__", "-g", "g", cases("-")),
    (Tensor, "__truediv__", "-g * value", "g * value", cases("/")),
    (Tensor, "__pow__", "np.where(y == 0, 1, y - 1)", "y - 1", cases("**")),
    (Tensor, "__pow__", "2 * g * x", "g * x", cases("**")),
    (Tensor, "__matmul__", "y.swapaxes(-1, -2)", "y", cases("@")),
    (Tensor, "__matmul__", "x.swapaxes(-1, -2) @ g", "x @ g", cases("@")),
    (Tensor, "mean", "keepdims) / count, shape", "keepdims), shape", cases("mean")),
    (Tensor, "var", "2 / count", "1 / count", cases("var")),
    (
        Tensor,
        "var",
        "math.prod(self.shape[i] for i in axis) - correction",
        "math.prod(self.shape[i] for i in axis)",
        cases("var"),
    ),
    (Tensor, "_extremum", "/ count", "/ 1", cases("max")),
    (Tensor, "permute", "np.argsort(order)", "order", cases("permute")),
    (Tensor, "__getitem__", "if selects_once(index):", "if True:", cases("[]")),
    (Tensor, "sigmoid", "value * other", "value * value", cases("sigmoid")),
    (Tensor, "softmax", "total(g * value, axis, True)", "total(g * value)", cases("softmax")),
    (core, "as_tensor", "fitted(array, dtype)", "array", NUMBER),
    (functional, "where", "np.where(condition, zero, g)", "g", cases("where")),
    (functional, "pad", "g[inside]", "g[tuple(slice(0, n) for n in x.shape)]", cases("pad")),
    (convolution, "conv2d", "view[..., i, j] +=", "view[..., i, j] =", cases("conv2d")),
    (
        convolution,
        "conv2d",
        "spread[:, i, j].transpose(3, 0, 1, 2)",
        "spread[:, i, j].reshape(n, c, rows, columns)",
        cases("conv2d"),
    ),
    (convolution, "max_pool2d", "free &= ~chosen", "pass", cases("max_pool2d")),
    (normalization, "standardize", " - y * average(g * y)", "", cases("LayerNorm")),
    (normalization.BatchNorm, "forward", "(n / (n - 1))", "1", RUNNING),
    (
        losses.CrossEntropyLoss,
        "_indices",
        "-= (1 - smoothing) * own",
        "-= own",
        cases("CrossEntropyLoss"),
    ),
    (losses.Loss, "reduce", "g / count", "g", cases("MSELoss")),
    (layers, "dropped", "x.dtype.type(scale)", "np.float64(scale)", DROPOUT),
]


def killed(check) -> bool:
    try:
        check()
    except (Exception, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize(
    ("owner", "name", "wrong", "check"), [row[1:] for row in REPLACED], ids=[r[0] for r in REPLACED]
)
def test_a_wrong_function_is_noticed(monkeypatch, owner, name, wrong, check):
    assert not killed(check)
    monkeypatch.setattr(owner, name, wrong)
    assert killed(check)


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_operator_is_noticed(monkeypatch, name):
    monkeypatch.delattr(Tensor, name)
    assert killed(cases(WHOSE[name]))


@pytest.mark.parametrize(
    ("owner", "name", "right", "wrong", "check"),
    EDITED,
    ids=[f"{row[1]}: {row[2]} -> {row[3]}" for row in EDITED],
)
def test_a_wrong_line_is_noticed(monkeypatch, owner, name, right, wrong, check):
    function = inspect.unwrap(getattr(owner, name))
    source = textwrap.dedent(inspect.getsource(function))
    assert right in source, "the line has changed: change it here too"
    scope = dict(vars(inspect.getmodule(function)))
    exec(source.replace(right, wrong), scope)
    assert not killed(check)
    wrong_code = inspect.unwrap(scope[name]).__code__
    monkeypatch.setattr(function, "__code__", wrong_code)  # wherever it was imported
    assert killed(check)
