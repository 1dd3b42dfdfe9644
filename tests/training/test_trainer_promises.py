"""What a long training relies on: whole epochs, the right name, what is done in between."""

import math
import signal

import numpy as np
import pytest

from tinytorch.core.layers import Linear, Sequential
from tinytorch.core.losses import L1Loss, MSELoss
from tinytorch.core.module import Module
from tinytorch.core.normalization import BatchNorm1d
from tinytorch.core.tensor import Tensor, record
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.optim import SGD, ReduceLROnPlateau, StepLR
from tinytorch.training import Trainer, load_checkpoint, save_checkpoint

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(12, 1)
DATA = TensorDataset(X, -2 * X)


@pytest.fixture
def default_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


class Session:
    def __init__(self, schedule):
        self.model = Linear(1, 1, rng=0)
        self.optimizer = SGD(self.model.parameters(), lr=0.2)
        self.scheduler = schedule(self.optimizer)
        self.loader = DataLoader(DATA, 5, shuffle=True, seed=3)
        self.rates = []
        self.optimizer.register_step_pre_hook(
            lambda *_: self.rates.append(self.optimizer.param_groups[0]["lr"])
        )

    def parts(self) -> dict:
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
            "loader": self.loader,
        }

    def fit(self, epochs, validation=DATA, **options):
        trainer = Trainer(
            self.model, self.optimizer, MSELoss(), scheduler=self.scheduler, **options
        )
        return trainer.fit(self.loader, epochs, validation=validation)


SCHEDULES = {
    "of t": lambda optimizer: StepLR(optimizer, 1, 0.5),
    "watching": lambda optimizer: ReduceLROnPlateau(optimizer, patience=0, threshold=0.9),
}
AT = {
    "in an epoch's middle": 4,
    "in an epoch's last step": 6,
    "in the first step of one": 7,
    "while validating": None,
}


class Interrupting:
    """Validation data during which Ctrl-C comes, the second time that it is looked at."""

    def __init__(self):
        self.looks = 0

    def __iter__(self):
        self.looks += 1
        if self.looks == 2:
            interrupt()
        yield Tensor(X), Tensor(-2 * X)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=list(SCHEDULES))
@pytest.mark.parametrize("at", AT.values(), ids=list(AT))
def test_interrupted_and_resumed_is_never_having_stopped(schedule, at, tmp_path, default_handler):
    through = Session(schedule)
    through.fit(4)

    before = Session(schedule)
    if at is not None:
        before.optimizer.register_step_post_hook(
            lambda *_: interrupt() if len(before.rates) == at else None
        )
    history = before.fit(4, validation=DATA if at else Interrupting())
    assert history.interrupted
    assert len(before.rates) == (at or 6)
    assert len(history) == (at or 6) // 3
    save_checkpoint(tmp_path / "it", **before.parts())

    after = Session(schedule)
    load_checkpoint(tmp_path / "it", **after.parts())
    after.fit(4 - len(history))
    assert before.rates + after.rates == through.rates
    assert np.array_equal(after.model.weight.data, through.model.weight.data)


def test_a_second_ctrl_c_in_the_validation_loses_no_epoch_of_the_schedule(default_handler):
    class Impatient:
        def __iter__(self):
            interrupt()
            interrupt()
            raise AssertionError("the second Ctrl-C was ignored")
            yield

    session = Session(SCHEDULES["of t"])
    assert session.fit(3, validation=Impatient()).interrupted
    assert (session.scheduler.t, session.loader.left) == (1, 0)
    assert not hasattr(session.model, "training") or session.model.training


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_validation_that_overflows_once_ends_nothing(bad):
    class Overflowing(MSELoss):
        calls = 0

        def forward(self, predictions, targets):
            loss = super().forward(predictions, targets)
            if len(predictions) == 12:
                self.calls += 1
                return Tensor(np.float32(bad)) if self.calls == 2 else loss
            return loss

    session = Session(lambda optimizer: ReduceLROnPlateau(optimizer, patience=5))
    trainer = Trainer(session.model, session.optimizer, Overflowing(), scheduler=session.scheduler)
    history = trainer.fit(session.loader, 5, validation=DATA, patience=4)
    assert len(history) == 5
    assert not math.isfinite(history["val_loss"][1])
    assert history.best_epoch == 4


class Net(Module):
    def __init__(self):
        self.first, self.second, self.last = (Linear(2, 2, rng=i) for i in range(3))

    def forward(self, x):
        return self.last(self.second(self.first(x)))


@pytest.mark.parametrize("options", [{}, {"clip_norm": 1.0}, {"clip_value": 1.0}])
def test_the_parameter_whose_gradient_is_wrong_is_named(options):
    net = Net()

    def loss(predictions, targets):
        wrong = record(np.float32(0), (net.last.bias, lambda g: np.full(2, np.nan, np.float32)))
        return predictions.mean() + wrong

    batch = [(Tensor(np.ones((4, 2), np.float32)), Tensor(np.ones((4, 2), np.float32)))]
    trainer = Trainer(net, SGD(net.parameters(), lr=0.1), loss, **options)
    with pytest.raises(FloatingPointError, match=r"the gradient of last\.bias is not finite"):
        trainer.fit(batch)


def test_parameters_of_no_optimizer_are_named_once():
    net = Net()
    batch = [(Tensor(np.ones((4, 2), np.float32)), Tensor(np.ones((4, 2), np.float32)))]
    trainer = Trainer(net, SGD(net.second.parameters(), lr=0.1), MSELoss())
    with pytest.warns(UserWarning, match=r"first\.weight, .*last\.bias of the model got") as found:
        trainer.fit(batch * 3)
    assert len(found) == 1
    assert "second" not in str(found[0].message)
    net.zero_grad()
    for frozen in (net.first, net.last):
        for p in frozen.parameters():
            p.requires_grad = False
    Trainer(net, SGD(net.second.parameters(), lr=0.1), MSELoss()).fit(batch)  # no warning


def test_a_last_batch_of_one_row_is_refused_before_the_first_step():
    model = Sequential(Linear(1, 3, rng=0), BatchNorm1d(3), Linear(3, 1, rng=1))
    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss())
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"one row \(12 examples in batches of 11\).*drop_last"):
        trainer.fit(DataLoader(DATA, 11))
    assert all(np.array_equal(array, before[name]) for name, array in model.state_dict().items())
    trainer.fit(DataLoader(DATA, 11, drop_last=True))
    plain = Linear(1, 1, rng=0)
    Trainer(plain, SGD(plain.parameters(), lr=0.1), MSELoss()).fit(DataLoader(DATA, 11))


def test_callbacks_see_a_finished_epoch_and_may_end_the_training(tmp_path):
    seen = []

    def note(trainer, values):
        seen.append((trainer.scheduler.t, values["val_loss"], len(trainer.history)))
        save_checkpoint(tmp_path / str(len(seen)), model=trainer.model)

    session = Session(SCHEDULES["of t"])
    history = session.fit(9, callbacks=[note, lambda trainer, values: len(seen) == 3])
    assert [(t, n) for t, _, n in seen] == [(1, 1), (2, 2), (3, 3)]
    assert [loss for _, loss, _ in seen] == history["val_loss"]
    assert history.stopped_early
    fresh = Linear(1, 1, rng=5)
    load_checkpoint(tmp_path / "3", model=fresh)
    assert np.array_equal(fresh.weight.data, session.model.weight.data)


def test_patience_with_a_metric_of_which_more_is_better():
    script = iter([0.1, 0.5, 0.4, 0.3, 0.9])

    def score(predictions, targets):
        return next(script) if len(predictions) == 12 else 0.0

    session = Session(SCHEDULES["of t"])
    trainer = Trainer(session.model, session.optimizer, MSELoss(), metrics=[score])
    history = trainer.fit(
        session.loader, 9, validation=DATA, patience=2, monitor="val_score", mode="max"
    )
    assert (len(history), history.best_epoch, history.stopped_early) == (4, 1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"monitor": "val_score"}, r"monitor must be one of \['loss', 'val_loss'\], got"),
        ({"mode": "least"}, r"mode must be one of 'min', 'max', got 'least'"),
    ],
)
def test_what_cannot_be_monitored(arguments, message):
    session = Session(SCHEDULES["of t"])
    trainer = Trainer(session.model, session.optimizer, MSELoss())
    with pytest.raises(ValueError, match=message):
        trainer.fit(session.loader, validation=DATA, **arguments)


def test_a_callback_must_be_callable():
    model = Linear(1, 1, rng=0)
    with pytest.raises(TypeError, match="callbacks must be functions, got 3"):
        Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss(), callbacks=[3])


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_whatever_ends_a_step_leaves_statistics_and_gradients_as_they_were(error):
    model = Sequential(Linear(1, 3, rng=0), BatchNorm1d(3))

    def metric(predictions, targets):
        raise error("in the metric")

    trainer = Trainer(
        model, SGD(model.parameters(), lr=0.1), lambda z, y: z.mean(), metrics=[metric]
    )
    before = model.state_dict()
    if error is KeyboardInterrupt:
        assert trainer.fit(DataLoader(DATA, 6)).interrupted
    else:
        with pytest.raises(error, match="in the metric"):
            trainer.fit(DataLoader(DATA, 6))
    for name, array in model.state_dict().items():
        assert (array == before[name]).all(), name
    assert all(p.grad is None for p in model.parameters())


def test_a_metric_may_be_an_object():
    model = Linear(1, 1, rng=0)
    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss(), metrics=[L1Loss()])
    history = trainer.fit(DataLoader(DATA, 6), validation=DATA, patience=1, monitor="val_L1Loss")
    assert history["L1Loss"][0] > 0 and history["val_L1Loss"][0] > 0
