"""A training that is driven through anything, beside one that is only driven legally.

Random sequences of calls on an optimizer, its schedulers, a loader, a trainer and checkpoints.
Calls may be refused, or be broken off at any line of the package, by Ctrl-C or by an error: then
all is as before, or as after, or the optimizer says that it is torn and is mended by loading. What
comes of it is in every bit what comes of the same calls without any of this.

`python -m tests.training.test_states 2000` runs so many sequences.
"""

import contextlib
import copy
import linecache
import signal
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import tinytorch
from tinytorch import Tensor, optim
from tinytorch.core.interrupts import deferred
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.nn import Linear, MSELoss, Sequential
from tinytorch.training import Trainer, load_checkpoint, save_checkpoint

PACKAGE = str(Path(tinytorch.__file__).parent)
HOLDING_CTRL_C = ("interrupts.py", "tearing.py")  # in which nothing is computed that could fail

OPTIMIZERS = [
    lambda params: optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True),
    lambda params: optim.Adam(params, lr=0.01, amsgrad=True),
    lambda params: optim.AdamWScheduleFree(params, lr=0.01, warmup_steps=3),
    lambda params: optim.Prodigy(params),
    lambda params: optim.LAMB(params, lr=0.01, weight_decay=0.1),
    lambda params: optim.MuonAdamW(params, lr=0.01),
]


def warmed(o):
    return [optim.SequentialLR(o, [optim.LinearLR(o), optim.ReduceLROnPlateau(o, patience=1)], [5])]


SCHEDULES = [
    lambda o: [optim.StepLR(o, 3, 0.5)],
    lambda o: [optim.ReduceLROnPlateau(o, patience=1, cooldown=1)],
    lambda o: [optim.ExponentialLR(o, 0.95), optim.CosineAnnealingLR(o, 20, 1e-4)],
    warmed,
    lambda o: [optim.ChainedScheduler([optim.LinearLR(o, 0.0), optim.ReduceLROnPlateau(o)])],
    lambda o: [optim.LambdaLR(o, lambda t: 1.0 if t < 6 else -1.0)],  # which is refused then
    lambda o: [optim.OneCycleLR(o, 0.1, 8, base_momentum=0.1)] if "Prod" not in repr(o) else [],
]
METRICS = st.sampled_from([0.5, 1.0, 2.0, -1.0, float("nan"), float("inf")])
FAULTS = st.none() | st.tuples(st.sampled_from(["Ctrl-C", "error"]), st.integers(0, 400))
INTERRUPTIONS = st.none() | st.tuples(st.just("Ctrl-C"), st.integers(0, 4000))


class System:
    """What a training consists of."""

    def __init__(self, optimizer, schedule, folder):
        self.model = Sequential(Linear(2, 3, rng=0), Linear(3, 1, rng=1))
        self.optimizer = OPTIMIZERS[optimizer](list(self.model.named_parameters()))
        self.schedulers = SCHEDULES[schedule](self.optimizer)
        x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
        data = TensorDataset(x, x[:, :1] - x[:, 1:])
        self.loader = DataLoader(data, 3, shuffle=True, seed=0)
        self.saved, self.path = [], folder / f"{id(self)}"
        self.late = []

    def parts(self):
        named = {f"scheduler{i}": s for i, s in enumerate(self.schedulers)}
        return {"optimizer": self.optimizer, "loader": self.loader, **named}

    def params(self):
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    def picture(self):
        """All of it, in plain copies."""
        groups = [{**g, "params": len(g["params"])} for g in self.optimizer.param_groups]
        state = [self.optimizer.state[p] for p in self.params()]
        others = [s.state_dict() for s in (*self.schedulers, self.loader)]
        arrays = [p.data for p in self.params()]
        return copy.deepcopy((arrays, groups, state, self.optimizer.steps, others))

    # What is done with it. A name alone, so that both systems do the same

    def step(self, seed):
        rng = np.random.default_rng(seed)
        for p in self.params():
            p.grad = Tensor(rng.normal(size=p.shape).astype(p.dtype))
        self.optimizer.step()

    def schedule(self, metric, which):
        if self.schedulers:
            s = self.schedulers[which % len(self.schedulers)]
            s.step(*([metric] if s.watches else []))

    def set_lr(self, lr):
        self.optimizer.param_groups[0]["lr"] = lr

    def set_all(self, lr):
        self.optimizer.lr = lr

    def add(self, lr):
        p = Tensor(np.ones(2, np.float32), requires_grad=True)
        name = f"late{len(self.params())}"
        self.optimizer.add_param_group({"params": [(name, p)], "lr": lr})

    def switch(self, mode):
        getattr(self.optimizer, mode, lambda: None)()

    def load_optimizer(self, state):
        self.optimizer.load_state_dict(state)

    def load_scheduler(self, state, which):
        if self.schedulers:
            self.schedulers[which % len(self.schedulers)].load_state_dict(state)

    def save(self):
        save_checkpoint(self.path, model=self.model, **self.parts())

    def load(self):
        load_checkpoint(self.path, model=self.model, **self.parts())

    def fit(self):
        s = self.schedulers[0] if self.schedulers else None
        trainer = Trainer(self.model, self.optimizer, MSELoss(), scheduler=s)
        trainer.fit(self.loader, 1, validation=[(self.loader.dataset.arrays)], progress=False)


@contextlib.contextmanager
def broken_off(fault):
    """Within the block something happens when so many lines of the package have been run.

    No error where a with block ends: raised before its `__exit__` it would leave that out, which
    only what raises between two instructions can do.
    """
    if fault is None:
        yield
        return
    kind, left = fault
    last = {}  # the line that a frame ran before, by its id: kept ones would keep schedulers alive

    def look(frame, event, argument):
        nonlocal left
        file = frame.f_code.co_filename
        if not file.startswith(PACKAGE) or (kind == "error" and file.endswith(HOLDING_CTRL_C)):
            return None
        if event == "line":
            left -= 1
            at, key = frame.f_lineno, id(frame)
            back, last[key] = at < last.get(key, 0), at
            if left == 0 and kind == "Ctrl-C":
                signal.raise_signal(signal.SIGINT)
            elif (
                left == 0
                and back
                and linecache.getline(file, frame.f_lineno).strip()[:5] == "with "
            ):
                left = 1  # at the next line
            elif left == 0:
                raise MemoryError("made up")
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


def caught(call, fault=None) -> BaseException | None:
    """What a call raises, or None."""
    try:
        with broken_off(fault):
            call()
    except (KeyboardInterrupt, Exception) as error:
        return error
    return None


def same(one, other) -> bool:
    try:
        np.testing.assert_equal(one, other)
    except AssertionError:
        return False
    return True


class Trainings(RuleBasedStateMachine):
    @initialize(
        optimizer=st.integers(0, len(OPTIMIZERS) - 1), schedule=st.integers(0, len(SCHEDULES) - 1)
    )
    def begin(self, optimizer, schedule):
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        self.driven, self.straight = (System(optimizer, schedule, path) for _ in range(2))
        self.states = []

    def teardown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def both(self, name, *arguments, fault=None):
        before = self.straight.picture()
        state = None if name == "save" else copy.deepcopy(self.straight.optimizer.state_dict())
        refusal = None
        try:
            getattr(self.straight, name)(*arguments)
        except Exception as error:  # whatever a call says of what it cannot do
            refusal = error
            assert same(self.straight.picture(), before), (
                f"{name} was refused and changed something"
            )
        after = self.straight.picture()
        if refusal is None and name == "fit":
            self.finish(before, after, fault)
            return
        error = caught(lambda: getattr(self.driven, name)(*arguments), fault)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self.driven.optimizer.torn:
            self.mend(before, state)
        whole = same(self.driven.picture(), after)
        if not whole:
            assert same(self.driven.picture(), before), f"{name} broke off halfway: {error!r}"
        if fault is not None and (not whole or name == "save") and error is not None:
            error = caught(lambda: getattr(self.driven, name)(*arguments))
        if fault is None or error is None:
            said = str(error).replace(str(self.driven.path), str(self.straight.path))
            assert (type(error), said) == (type(refusal), str(refusal))

    def mend(self, before, state):
        for call in (self.driven.optimizer.step, self.driven.optimizer.state_dict):
            error = caught(call)
            assert isinstance(error, RuntimeError) and "broke off halfway" in str(error)
        for p, array in zip(self.driven.params(), before[0], strict=True):
            p.data[...] = array
        self.driven.optimizer.load_state_dict(state)

    def finish(self, before, after, fault):
        """Train to the end of the epoch, in as many pieces as it takes."""
        for _ in range(9):
            with contextlib.suppress(KeyboardInterrupt), broken_off(fault):
                self.driven.fit()
            fault = None
            if same(self.driven.picture(), after):
                return
            if self.driven.loader.left == 0:
                assert same(self.driven.picture(), before), "an epoch was done by half"
        raise AssertionError("interrupted, a training came to something else")

    @rule(seed=st.integers(0, 99), fault=FAULTS)
    def step(self, seed, fault):
        self.both("step", seed, fault=fault)

    @rule(metric=METRICS, which=st.integers(0, 1), fault=FAULTS)
    def schedule(self, metric, which, fault):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the optimizer has not stepped yet
            self.both("schedule", metric, which, fault=fault)

    @rule(lr=st.sampled_from([0.1, 0.0, -1.0, float("nan"), "fast", None]))
    def set_lr(self, lr):
        self.both("set_lr", lr)

    @rule(lr=st.sampled_from([0.1, 0.02, -1.0, float("inf")]), fault=FAULTS)
    def set_all(self, lr, fault):
        self.both("set_all", lr, fault=fault)

    @rule(lr=st.sampled_from([0.1, 0.01, -1.0]), fault=FAULTS)
    def add(self, lr, fault):
        if len(self.straight.params()) < 8:
            self.both("add", lr, fault=fault)

    @rule(mode=st.sampled_from(["train", "eval"]), fault=FAULTS)
    def switch(self, mode, fault):
        self.both("switch", mode, fault=fault)

    @rule()
    def remember(self):
        schedulers = [s.state_dict() for s in self.straight.schedulers]
        self.states.append(copy.deepcopy((self.straight.optimizer.state_dict(), schedulers)))

    @rule(which=st.integers(0, 9), fault=FAULTS)
    def load_optimizer(self, which, fault):
        if self.states:
            self.both("load_optimizer", self.states[which % len(self.states)][0], fault=fault)

    @rule(which=st.integers(0, 9), scheduler=st.integers(0, 1), fault=FAULTS, older=st.booleans())
    def load_scheduler(self, which, scheduler, fault, older):
        if self.states and self.straight.schedulers:
            states = self.states[which % len(self.states)][1]
            state = states[scheduler % len(states)]
            if older:
                state = {**state, "made_with": {}, "t": -1}
            self.both("load_scheduler", state, scheduler, fault=fault)

    @rule(fault=FAULTS)
    def save(self, fault):
        self.both("save", fault=fault)

    @rule(fault=FAULTS)
    def load(self, fault):
        if self.straight.path.exists():
            self.both("load", fault=fault)

    @rule(fault=INTERRUPTIONS)
    def fit(self, fault):
        self.both("fit", fault=fault)

    @invariant()
    def they_are_the_same(self):
        if hasattr(self, "driven"):
            np.testing.assert_equal(self.driven.picture(), self.straight.picture())
            assert not self.driven.optimizer.torn


Trainings.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    suppress_health_check=list(HealthCheck),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # what fails prints its calls; it need not be short
)
TestTrainings = Trainings.TestCase


def test_a_half_done_step_would_be_seen(monkeypatch):
    """What the machine is for: a step that Ctrl-C may break off is found out."""
    monkeypatch.setattr(deferred, "__enter__", lambda self: setattr(self, "ours", False))
    system, straight = (System(1, 0, Path(tempfile.gettempdir())) for _ in range(2))
    straight.step(0)
    halves = 0
    for at in range(10, 900, 7):
        system = System(1, 0, Path(tempfile.gettempdir()))
        before = system.picture()
        with contextlib.suppress(KeyboardInterrupt), broken_off(("Ctrl-C", at)):
            system.step(0)
        halves += not (same(system.picture(), before) or same(system.picture(), straight.picture()))
    assert halves > 0


if __name__ == "__main__":
    from hypothesis.stateful import run_state_machine_as_test

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job ignores it
    run_state_machine_as_test(
        Trainings,
        settings=settings(
            max_examples=int(sys.argv[1]),
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
            deadline=None,
            database=None,
            derandomize=False,
            phases=[Phase.generate],
        ),
    )
