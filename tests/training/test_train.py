"""The loop, and the Trainer around it: what they compute, record, stop at and refuse."""

import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.core.module import Module
from tinytorch.data import DataLoader, TensorDataset, digits, regression
from tinytorch.nn import MLP, BatchNorm1d, CrossEntropyLoss, Linear, MSELoss, Sequential
from tinytorch.optim import SGD, Adam, SGDScheduleFree, StepLR
from tinytorch.training import Trainer, accuracy, evaluate, train


def problem(n=22, batch_size=4, seed=0):
    """A linear problem in float64, its model, and a loader whose last batch is short."""
    data = regression([1.0, -2.0, 0.5], n=n, rng=seed)
    data = TensorDataset(data.inputs.astype(float), data.targets.astype(float))
    model = Linear(3, 1, rng=0)
    for p in model.parameters():
        p.data = p.data.astype(float)
    return model, DataLoader(data, batch_size, shuffle=True, seed=1)


def weights(model) -> np.ndarray:
    return np.concatenate([p.data.reshape(-1) for p in model.parameters()])


def test_train_is_the_loop_written_out():
    model, loader = problem()
    losses = train(model, SGD(model.parameters(), lr=0.1), MSELoss(), loader, epochs=2)

    by_hand, loader = problem()
    expected = []
    for _ in range(2):
        for x, y in loader:
            error = x.data @ by_hand.weight.data + by_hand.bias.data - y.data
            expected.append((error**2).mean())
            by_hand.weight.data -= 0.1 * 2 / len(x) * x.data.T @ error
            by_hand.bias.data -= 0.1 * 2 * error.mean(axis=0)
    np.testing.assert_allclose(losses, expected, rtol=1e-12)
    np.testing.assert_allclose(weights(model), weights(by_hand), rtol=1e-12)


def test_fit_without_options_is_train():
    model, loader = problem()
    losses = train(model, Adam(model.parameters(), lr=0.1), MSELoss(), loader, epochs=3)
    other, loader = problem()
    history = Trainer(other, Adam(other.parameters(), lr=0.1), MSELoss()).fit(loader, 3)
    assert history.steps == losses
    assert np.array_equal(weights(model), weights(other))
    assert len(history) == 3
    assert history["lr"] == [0.1] * 3


def test_the_digits_are_learned():
    train_set, test_set = digits()
    model = MLP([64, 32, 10], rng=0)
    trainer = Trainer(
        model, Adam(model.parameters(), lr=0.01), CrossEntropyLoss(), metrics=[accuracy]
    )
    history = trainer.fit(DataLoader(train_set, 64, shuffle=True, seed=0), 8, validation=test_set)
    assert history["val_accuracy"][-1] > 0.85
    assert history["accuracy"][-1] > 0.97
    expected = {"loss", "accuracy", "lr", "val_loss", "val_accuracy"}
    assert set(history.epochs) == expected
    assert evaluate(model, CrossEntropyLoss(), test_set)["loss"] == history["val_loss"][-1]


@pytest.mark.parametrize(("n", "k"), [(22, 3), (24, 3), (22, 2), (22, 100)])
def test_accumulation_is_a_larger_batch(n, k):
    """The last group is shorter, and its last batch too."""
    model, loader = problem(n=n, batch_size=4)
    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss(), accumulate=k)
    history = trainer.fit(loader, 2)
    other, loader = problem(n=n, batch_size=4 * k)
    losses = train(other, SGD(other.parameters(), lr=0.1), MSELoss(), loader, epochs=2)
    np.testing.assert_allclose(history.steps, losses, rtol=1e-12)
    np.testing.assert_allclose(weights(model), weights(other), rtol=1e-12)
    assert trainer.step == len(losses)


def test_losses_are_means_over_examples_not_batches():
    model, loader = problem(n=5, batch_size=4)
    history = Trainer(model, SGD(model.parameters(), lr=0.0), MSELoss()).fit(loader)
    error = model(Tensor(loader.dataset.inputs)).data - loader.dataset.targets
    np.testing.assert_allclose(history["loss"], [(error**2).mean()], rtol=1e-12)
    assert evaluate(model, MSELoss(), loader)["loss"] == pytest.approx(history["loss"][0])
    assert np.mean(history.steps) != pytest.approx(history["loss"][0])


@pytest.mark.parametrize("clip", ["clip_norm", "clip_value"])
def test_clipping_bounds_the_step(clip):
    model, loader = problem()
    before = weights(model)
    trainer = Trainer(model, SGD(model.parameters(), lr=1.0), MSELoss(), **{clip: 1e-3})
    trainer.fit([next(iter(loader))])
    moved = weights(model) - before
    if clip == "clip_norm":
        assert np.linalg.norm(moved) == pytest.approx(1e-3, rel=1e-5)
    else:
        np.testing.assert_allclose(np.abs(moved), 1e-3, rtol=1e-9)


def test_a_scheduler_moves_once_an_epoch_or_once_a_step():
    for schedule, expected in (("epoch", [1.0, 0.5, 0.25]), ("step", [0.5**5, 0.5**11, 0.5**17])):
        model, loader = problem(n=22, batch_size=4)
        optimizer = SGD(model.parameters(), lr=1.0)
        scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
        trainer = Trainer(model, optimizer, MSELoss(), scheduler=scheduler, schedule=schedule)
        assert trainer.fit(loader, 3)["lr"] == expected


def test_accumulated_batches_move_a_scheduler_once():
    model, loader = problem(n=22, batch_size=4)
    optimizer = SGD(model.parameters(), lr=1.0)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
    Trainer(model, optimizer, MSELoss(), scheduler=scheduler, schedule="step", accumulate=4).fit(
        loader
    )
    assert scheduler.t == 2


def test_a_scheduler_that_watches_gets_the_validation_loss():
    seen = []

    class Watcher:
        watches = True

        def step(self, metric):
            seen.append(metric)

    for validation, name in ((True, "val_loss"), (False, "loss")):
        model, loader = problem()
        trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss(), scheduler=Watcher())
        history = trainer.fit(loader, 3, validation=loader if validation else None)
        assert seen == history[name]
        seen.clear()


class Scripted(Module):
    """A model of one weight, and a loss that follows a script on the validation data."""

    def __init__(self, script):
        self.w = Tensor(np.zeros(1), requires_grad=True)
        self.script = iter(script)

    def forward(self, x):
        return self.w * x

    def loss(self, predictions, targets):
        if self.training:
            return predictions.mean()  # gradient 1: each step adds -1 to w
        return Tensor(next(self.script))


BATCH = [(Tensor(np.ones(1)), Tensor(np.ones(1)))]


def scripted(script, patience, epochs=10):
    model = Scripted(script)
    trainer = Trainer(model, SGD([model.w], lr=1.0), model.loss)
    history = trainer.fit(BATCH, epochs, validation=BATCH, patience=patience)
    return history, model.w.item()


@pytest.mark.parametrize(
    ("script", "patience", "epochs_run", "best", "early"),
    [
        ([3.0, 2.0, 2.5, 2.5, 1.0], 2, 4, 1, True),
        ([3.0, 2.0, 2.5, 1.0, 1.5, 1.25, 1.125, 0.0], 3, 7, 3, True),
        ([3.0, 3.0, 3.0], 1, 2, 0, True),
        ([5.0, 4.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0, -4.0], 1, 10, 9, False),
        ([5.0, 4.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0, 0.0], 2, 10, 8, False),
        ([2.0, np.nan, np.nan], 2, 3, 0, True),
    ],
)
def test_early_stopping_restores_the_best_weights(script, patience, epochs_run, best, early):
    history, w = scripted(script, patience)
    assert len(history) == epochs_run
    assert history.best_epoch == best
    assert history.stopped_early is early
    assert w == -(best + 1)
    np.testing.assert_array_equal(history["val_loss"], script[:epochs_run])


def test_without_patience_the_last_weights_stay():
    history, w = scripted([3.0, 2.0, 2.5, 2.5], None, epochs=4)
    assert (w, history.best_epoch, history.stopped_early) == (-4.0, 1, False)


def test_evaluation_leaves_no_trace():
    model, loader = problem()
    model.train()
    modes = []

    def metric(predictions, targets):
        modes.append(model.training)
        assert not predictions.requires_grad
        return 1.0

    assert evaluate(model, MSELoss(), loader, [metric])["metric"] == 1.0
    assert not any(modes)
    assert model.training
    assert all(p.grad is None for p in model.parameters())

    def broken(predictions, targets):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        evaluate(model, MSELoss(), loader, [broken])
    assert model.training


def test_metrics_see_predictions_without_a_graph():
    model, loader = problem()
    seen = []

    def watch(predictions, targets):
        seen.append(predictions.requires_grad)
        return 0.0

    Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss(), metrics=[watch]).fit(loader)
    assert seen == [False] * len(loader)


def test_accuracy_of_one_logit_an_example():
    logits = np.array([[2.0], [-1.0], [3.0], [-2.0]])
    targets = np.array([1.0, 0, 1, 1])
    assert accuracy(Tensor(logits), Tensor(targets[:, None])) == 0.75
    assert accuracy(logits[:, 0], targets) == accuracy(logits, targets) == 0.75


@pytest.mark.parametrize("shapes", [((4, 2), (3,)), ((4, 2), (4, 1)), ((3, 3), (3, 3)), ((), ())])
def test_accuracy_never_broadcasts(shapes):
    with pytest.raises(ValueError, match=r"accuracy needs logits.*got shapes"):
        accuracy(*map(np.zeros, shapes))


def test_accuracy():
    logits = Tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert accuracy(logits, Tensor(np.array([1, 0, 0, 0]))) == 0.75


def test_what_is_not_a_number_is_no_right_answer():
    rows = np.array([[np.nan, np.nan], [np.nan, 1.0], [1.0, 0.0]])
    assert accuracy(rows, np.array([0, 0, 0])) == 1 / 3
    assert accuracy(np.array([np.nan, -1.0]), np.array([0, 0])) == 0.5


@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_accuracy_of_no_rows_is_refused(shape):
    with pytest.raises(ValueError, match="accuracy of no rows"):
        accuracy(np.zeros(shape), np.zeros(0, int))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_stops_and_names_the_step(value):
    model, loader = problem(n=22, batch_size=4)
    seen = []

    def loss(predictions, targets):
        seen.append(weights(model))
        mean = MSELoss()(predictions, targets)
        return mean * value if len(seen) == 9 else mean

    trainer = Trainer(model, SGD(model.parameters(), lr=0.01), loss)
    with pytest.raises(FloatingPointError, match=rf"the loss is {value} at step 9 \(epoch 2\)"):
        trainer.fit(loader, 5)
    assert np.array_equal(weights(model), seen[-1])
    assert len(trainer.history.steps) == 8
    assert trainer.step == 8


class Root(Module):
    """A finite loss whose derivative is not: √ at 0."""

    def __init__(self):
        self.w = Tensor(np.zeros(1), requires_grad=True)

    def forward(self, x):
        return (self.w * x).sqrt()


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("options", [{}, {"clip_norm": 1.0}, {"accumulate": 2}])
def test_a_gradient_that_is_not_finite_stops_before_the_step(options):
    model = Root()
    trainer = Trainer(model, SGD([model.w], lr=0.1), lambda p, y: p.mean(), **options)
    message = r"the gradient of w is not finite at step 1 \(epoch 1\): parameters and"
    with pytest.raises(FloatingPointError, match=message):
        trainer.fit(BATCH * 3)
    assert model.w.item() == 0
    assert model.w.grad is None
    assert trainer.step == 0


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_clipped_infinity_is_a_step():
    model = Root()
    Trainer(model, SGD([model.w], lr=0.1), lambda p, y: p.mean(), clip_value=2.0).fit(BATCH)
    assert model.w.item() == pytest.approx(-0.2)


def test_running_statistics_are_put_back_where_the_loss_is_not_finite():
    model = Sequential(BatchNorm1d(2), Linear(2, 1, rng=0))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 4, 2)).astype(np.float32)
    x[2, 0, 0] = np.nan
    batches = [(Tensor(part), Tensor(np.zeros((4, 1), np.float32))) for part in x]
    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss())
    trainer.fit(batches[:2])
    before = model.state_dict()
    with pytest.raises(FloatingPointError, match="the loss is nan at step 3"):
        trainer.fit(batches[2:])
    for name, array in model.state_dict().items():
        assert np.array_equal(array, before[name]), name


def test_an_optimizer_of_another_model_is_noticed():
    model, loader = problem()
    other, _ = problem()
    trainer = Trainer(model, SGD(other.parameters(), lr=0.1), MSELoss())
    with pytest.raises(RuntimeError, match="none of the optimizer's parameters has a gradient"):
        trainer.fit(loader)
    assert trainer.step == 0


def test_a_model_without_parameters_is_noticed():
    model, loader = problem()
    for p in model.parameters():
        p.requires_grad = False
    other, _ = problem()
    with pytest.raises(RuntimeError, match="requires_grad"):
        Trainer(model, SGD(other.parameters(), lr=0.1), MSELoss()).fit(loader)


def test_targets_out_of_range_are_named():
    data = TensorDataset(np.zeros((4, 3), np.float32), np.array([0, 1, 2, 5]))
    model = MLP([3, 4], rng=0)
    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), CrossEntropyLoss())
    with pytest.raises(ValueError, match=r"0\.\.3"):
        trainer.fit(DataLoader(data))


def test_an_iterator_that_is_used_up_is_noticed():
    model, loader = problem()
    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss())
    with pytest.raises(ValueError, match=r"no batches in epoch 2.*only once"):
        trainer.fit(iter(list(loader)), 2)
    with pytest.raises(ValueError, match="no batches"):
        evaluate(model, MSELoss(), [])


@pytest.mark.parametrize(
    ("arguments", "fit", "message"),
    [
        ({"accumulate": 0}, {}, "accumulate must be an integer >= 1, got 0"),
        ({"schedule": "batch"}, {}, "schedule must be one of 'epoch', 'step', got 'batch'"),
        ({"clip_norm": -1}, {}, "max_norm must be a number >= 0, got -1"),
        ({"clip_value": np.nan}, {}, "clip_value must be a number >= 0, got nan"),
        ({}, {"epochs": 0}, "epochs must be an integer >= 1, got 0"),
        ({}, {"epochs": True}, "got True"),
        ({}, {"patience": 0, "validation": BATCH}, "patience must be an integer >= 1, got 0"),
        ({}, {"patience": 3}, "patience needs validation data"),
    ],
)
def test_refused(arguments, fit, message):
    model, loader = problem()
    before = weights(model)
    with pytest.raises(ValueError, match=message):
        Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss(), **arguments).fit(loader, **fit)
    assert np.array_equal(weights(model), before)


def test_refused_types():
    model, _ = problem()
    with pytest.raises(TypeError, match="model must be a Module, got function"):
        Trainer(lambda x: x, SGD(model.parameters(), lr=0.1), MSELoss())
    with pytest.raises(TypeError, match="optimizer must be an Optimizer, got list"):
        Trainer(model, model.parameters(), MSELoss())


# Ctrl-C


@pytest.fixture
def default_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_finishes_the_step_and_keeps_what_was_learned(default_handler):
    model, loader = problem(n=22, batch_size=4)
    optimizer = SGD(model.parameters(), lr=0.1)
    calls = []

    def loss(predictions, targets):
        calls.append(1)
        if len(calls) == 8:  # in the middle of the second step of the second epoch
            signal.raise_signal(signal.SIGINT)
        return MSELoss()(predictions, targets)

    history = Trainer(model, optimizer, loss).fit(loader, 5)
    assert history.interrupted
    assert "interrupted" in repr(history)
    assert (len(history), len(history.steps)) == (1, 8)
    assert loader.state_dict()["given"] == 2

    other, loader = problem(n=22, batch_size=4)
    expected = train(other, SGD(other.parameters(), lr=0.1), MSELoss(), loader, epochs=2)
    assert history.steps == expected[:8]


def test_ctrl_c_during_validation(default_handler):
    model, loader = problem()

    def metric(predictions, targets):
        if not model.training:
            signal.raise_signal(signal.SIGINT)
        return 0.0

    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss(), metrics=[metric])
    history = trainer.fit(loader, 3, validation=loader.dataset, patience=1)
    assert history.interrupted
    assert len(history.steps) == len(loader)


def test_a_second_ctrl_c_does_not_wait(default_handler):
    model, loader = problem()

    def loss(predictions, targets):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        raise AssertionError("the second Ctrl-C was ignored")

    history = Trainer(model, SGD(model.parameters(), lr=0.1), loss).fit(loader)
    assert history.interrupted
    assert history.steps == []


def test_training_works_outside_the_main_thread():
    model, loader = problem()
    found = []
    thread = threading.Thread(
        target=lambda: found.append(
            Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss()).fit(loader)
        )
    )
    thread.start()
    thread.join()
    assert len(found[0]) == 1


def test_a_handler_of_the_programs_own_stays():
    asked = []
    before = signal.signal(signal.SIGINT, lambda *_: asked.append(1))
    try:
        model, loader = problem()

        def loss(predictions, targets):
            signal.raise_signal(signal.SIGINT)
            return MSELoss()(predictions, targets)

        history = Trainer(model, SGD(model.parameters(), lr=0.1), loss).fit(loader)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(asked) == len(loader)
    assert not history.interrupted


# What one sees


def test_history_plots_itself():
    model, loader = problem()
    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss())
    history = trainer.fit(loader, 3, validation=loader)
    fig, ax = plt.subplots()
    history.plot(ax)
    assert [line.get_label() for line in ax.lines] == ["loss", "val_loss"]
    assert ax.lines[1].get_xdata().tolist() == [1, 2, 3]
    assert ax.lines[1].get_ydata().tolist() == history["val_loss"]
    assert ax.get_xlabel() == "epoch"
    plt.close(fig)
    fig, ax = plt.subplots()
    history.plot(ax, "lr")
    assert [line.get_label() for line in ax.lines] == ["lr"]
    plt.close(fig)
    assert repr(history).startswith("History(3 epochs, 18 steps, loss ")


SCRIPT = """
import numpy as np
from tinytorch.training import Trainer
from tinytorch.data import DataLoader, regression
from tinytorch.nn import Linear, MSELoss
from tinytorch.optim import SGD
model = Linear(2, 1, rng=0)
loader = DataLoader(regression([1.0, 2.0], rng=0))
print(Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss()).fit(loader, 2))
"""


def test_no_bar_where_nobody_looks():
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert result.stderr == ""
    assert result.stdout.startswith("History(2 epochs, 8 steps")


@pytest.fixture
def fake_tqdm(monkeypatch):
    """Records what the bar is asked for."""
    calls = SimpleNamespace(updates=0, arguments=None)

    class Bar:
        def __init__(self, **arguments):
            calls.arguments = arguments

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def update(self):
            calls.updates += 1

        def set_postfix(self, **_):
            pass

    monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace(tqdm=Bar))
    return calls


def fit(progress=None, loader=None, **arguments):
    model, batches = problem()
    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss(), **arguments)
    return trainer.fit(batches if loader is None else loader, 3, progress=progress)


def test_the_bar_counts_steps(fake_tqdm):
    fit(progress=True, accumulate=4)
    assert fake_tqdm.arguments["total"] == fake_tqdm.updates == 6


def test_the_bar_shows_in_a_terminal_only(fake_tqdm, monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: False))
    fit()
    assert fake_tqdm.updates == 0
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True))
    fit(progress=False)
    assert fake_tqdm.updates == 0
    fit()
    assert fake_tqdm.updates == 18


def test_the_bar_of_the_real_library(capsys):
    pytest.importorskip("tqdm", reason="tqdm is not installed")
    fit(progress=True)
    assert capsys.readouterr().out == ""


def test_without_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True))
    assert len(fit()) == 3
    with pytest.raises(ImportError, match="tqdm"):
        fit(progress=True)


def test_a_loader_of_unknown_length(fake_tqdm):
    class Batches:
        def __iter__(self):
            return iter(problem()[1])

    fit(progress=True, loader=Batches())
    assert fake_tqdm.arguments["total"] is None
    assert fake_tqdm.updates == 18


def test_schedule_free_weights_are_averaged_for_evaluation():
    model, loader = problem()
    optimizer = SGDScheduleFree(model.parameters(), lr=0.1)
    modes = []

    def metric(predictions, targets):
        modes.append((model.training, bool(optimizer.param_groups[0]["averaged"])))
        return 0.0

    trainer = Trainer(model, optimizer, MSELoss(), metrics=[metric])
    history = trainer.fit(loader, 2, validation=loader)
    assert set(modes) == {(True, False), (False, True)}
    assert evaluate(model, MSELoss(), loader)["loss"] == history["val_loss"][-1]
