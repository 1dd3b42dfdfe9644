"""Checkpoints: going on as if never stopped; and files that are refused, with nothing changed."""

import copy
import io
import json
import os
import signal
import threading
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinytorch
import tinytorch.optim as optim
from tinytorch import Tensor
from tinytorch.core.random import generator
from tinytorch.data import DataLoader, digits
from tinytorch.nn import MLP, CrossEntropyLoss, Dropout, LayerNorm, Linear, ReLU, Sequential
from tinytorch.training import (
    CheckpointError,
    Trainer,
    checkpoint,
    load_checkpoint,
    save_checkpoint,
    train,
)

DATA = digits()[0]
SCHEDULES = {
    "ChainedScheduler": lambda o: optim.ChainedScheduler(
        [optim.StepLR(o, 3), optim.ExponentialLR(o, 0.9)]
    ),
    "ConstantLR": lambda o: optim.ConstantLR(o, total_iters=8),
    "CosineAnnealingLR": lambda o: optim.CosineAnnealingLR(o, T_max=9),
    "CosineAnnealingWarmRestarts": lambda o: optim.CosineAnnealingWarmRestarts(o, T_0=4),
    "ExponentialLR": lambda o: optim.ExponentialLR(o, gamma=0.9),
    "LambdaLR": lambda o: optim.LambdaLR(o, lambda t: 1 / (1 + t)),
    "LinearLR": lambda o: optim.LinearLR(o, total_iters=8),
    "MultiStepLR": lambda o: optim.MultiStepLR(o, milestones=[3, 8]),
    "OneCycleLR": lambda o: optim.OneCycleLR(o, max_lr=0.1, total_steps=40),
    "PolynomialLR": lambda o: optim.PolynomialLR(o, total_iters=20),
    "ReduceLROnPlateau": lambda o: optim.ReduceLROnPlateau(o, patience=1, threshold=0.5),
    "SequentialLR": lambda o: optim.SequentialLR(
        o, [optim.LinearLR(o, total_iters=5), optim.ExponentialLR(o, 0.9)], milestones=[5]
    ),
    "StepLR": lambda o: optim.StepLR(o, step_size=3),
    "TransformerLR": lambda o: optim.TransformerLR(o, d_model=16, warmup_steps=4),
    "WarmupCosine": lambda o: optim.WarmupCosine(o, warmup_steps=4, total_steps=20),
    "CyclicLR": lambda o: optim.CyclicLR(o, 0.01, 0.1, 3, cycle_momentum=False),
    "MultiplicativeLR": lambda o: optim.MultiplicativeLR(o, lambda t: 1 - 1 / (2 + t)),
    "SWALR": lambda o: optim.SWALR(o, 0.02, 6),
    "WarmupStableDecay": lambda o: optim.WarmupStableDecay(o, 3, 5, 6),
}


class Session:
    """All that a training consists of; `seed` decides every initial weight and every draw."""

    def __init__(self, seed=0, optimizer=optim.Adam, schedule=None):
        self.model = Sequential(
            Linear(64, 8, rng=seed), LayerNorm(8), ReLU(), Dropout(0.3, rng=seed),
            Linear(8, 10, rng=seed),
        )  # fmt: skip
        params = list(self.model.named_parameters())
        if optimizer in (optim.Muon, optim.SOAP, optim.Shampoo):
            params = [(name, p) for name, p in params if p.ndim == 2]
        self.optimizer = optimizer(params, lr=0.01)
        self.scheduler = schedule and schedule(self.optimizer)
        self.loader = DataLoader(DATA, 256, shuffle=True, seed=seed)

    def parts(self) -> dict:
        return {name: part for name, part in vars(self).items() if part is not None}

    def run(self, steps: int) -> list[float]:
        """Some steps, wherever they begin and end within an epoch."""
        losses = []
        while len(losses) < steps:
            for x, y in self.loader:
                loss = CrossEntropyLoss()(self.model(x), y)
                self.optimizer.zero_grad()
                loss.backward()
                if hasattr(self.optimizer, "update_hessian"):
                    self.optimizer.update_hessian()
                self.optimizer.step()
                losses.append(loss.item())
                if self.scheduler is not None:
                    self.scheduler.step(*([loss.item()] if self.scheduler.watches else []))
                if len(losses) == steps:
                    break
        return losses

    def everything(self) -> list:
        """All states, as text that is equal only if they are bit for bit."""
        return [
            (name, repr_exactly(checkpoint.get_state(name, part)))
            for name, part in self.parts().items()
        ]


def repr_exactly(value) -> str:
    if isinstance(value, dict):
        return str({key: repr_exactly(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return str([repr_exactly(item) for item in value])
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    return repr(value)


def assert_resumes(path, optimizer, schedule=None, stop=9):
    """Six batches make an epoch: 9 steps end in the middle of the second one."""
    through = Session(optimizer=optimizer, schedule=schedule)
    expected = through.run(9 + 8)

    before = Session(optimizer=optimizer, schedule=schedule)
    losses = before.run(stop)
    save_checkpoint(path, step=stop, **before.parts())

    after = Session(seed=5, optimizer=optimizer, schedule=schedule)
    assert load_checkpoint(path, **after.parts()) == stop
    assert after.everything() == before.everything()
    assert losses + after.run(9 + 8 - stop) == expected
    assert after.everything() == through.everything()


@pytest.mark.parametrize("optimizer", optim.OPTIMIZERS, ids=lambda c: c.__name__)
def test_resuming_is_never_having_stopped(optimizer, tmp_path):
    assert_resumes(tmp_path / "it", optimizer)


@pytest.mark.parametrize("name", SCHEDULES)
def test_resuming_with_a_scheduler(name, tmp_path):
    assert_resumes(tmp_path / "it", optim.SGD, SCHEDULES[name])


@pytest.mark.parametrize("stop", [1, 5, 6, 7, 12])
def test_resuming_at_any_step(stop, tmp_path):
    assert_resumes(tmp_path / "it", optim.Adam, SCHEDULES["StepLR"], stop)


def test_every_scheduler_is_tested():
    assert {kind.__name__ for kind in optim.SCHEDULERS} == set(SCHEDULES)


def test_resuming_with_the_trainer(tmp_path):
    def trainer(session):
        return Trainer(session.model, session.optimizer, CrossEntropyLoss(), accumulate=2)

    through = Session()
    trainer(through).fit(through.loader, 3)

    before, after = Session(), Session(seed=5)
    trainer(before).fit(before.loader, 1)
    save_checkpoint(tmp_path / "it", **before.parts())
    load_checkpoint(tmp_path / "it", **after.parts())
    trainer(after).fit(after.loader, 2)
    assert after.everything() == through.everything()


def test_the_default_generator_is_a_part_like_others(tmp_path):
    rng = generator()
    save_checkpoint(tmp_path / "it", random=rng)
    expected = rng.random(3)
    load_checkpoint(tmp_path / "it", random=rng)
    assert np.array_equal(rng.random(3), expected)


def test_learning_rates_set_by_hand_survive(tmp_path):
    session = Session(schedule=SCHEDULES["StepLR"])
    session.run(2)
    session.optimizer.param_groups[0]["lr"] = 0.123
    save_checkpoint(tmp_path / "it", **session.parts())
    other = Session(schedule=SCHEDULES["StepLR"])
    load_checkpoint(tmp_path / "it", scheduler=other.scheduler, optimizer=other.optimizer)
    assert other.optimizer.param_groups[0]["lr"] == 0.123


def test_a_part_of_the_file_is_enough(tmp_path):
    session, other = Session(), Session(seed=5)
    save_checkpoint(tmp_path / "it", step=3, **session.parts())
    assert load_checkpoint(tmp_path / "it", model=other.model) == 3
    assert other.everything()[0] == session.everything()[0]


class Anything:
    """A part that can be given any state."""

    def __init__(self, state=None):
        self.state = state

    def state_dict(self):
        return self.state

    def load_state_dict(self, state):
        self.state = state


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec="utf-8"))
    | st.sampled_from(
        [
            np.arange(6, dtype=np.int8).reshape(2, 3),
            np.zeros((0, 2)),
            np.asfortranarray(np.ones((2, 3), np.float32)),
            np.array(2.5),
            np.array([True]),
            np.array(["a", "bc"]),
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text("ab/'$", max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(state=VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_state_comes_back_as_it_was(state, tmp_path):
    save_checkpoint(tmp_path / "it", part=Anything(state))
    other = Anything()
    load_checkpoint(tmp_path / "it", part=other)
    assert repr_exactly(other.state) == repr_exactly(state)
    assert type(other.state) is type(state)


def test_numpy_numbers_come_back_as_pythons(tmp_path):
    save_checkpoint(tmp_path / "it", part=Anything({"a": np.float32(0.1), "b": np.int64(3)}))
    other = Anything()
    load_checkpoint(tmp_path / "it", part=other)
    assert other.state == {"a": float(np.float32(0.1)), "b": 3}


def test_the_file_can_be_read_without_us(tmp_path):
    session = Session()
    save_checkpoint(tmp_path / "it", step=4, **session.parts())
    with zipfile.ZipFile(tmp_path / "it") as archive:
        header = json.loads(archive.read("header.json"))
    assert (header["format"], header["version"], header["step"]) == ("tinytorch checkpoint", 1, 4)
    with np.load(tmp_path / "it", allow_pickle=False) as archive:
        weight = archive["model/tensors/layers.0.weight"]
    assert np.array_equal(weight, session.model[0].weight.data)


# Files that are refused


@pytest.fixture
def saved(tmp_path):
    """A path with a checkpoint, and a session it fits, that has moved on."""
    session = Session(schedule=SCHEDULES["StepLR"])
    session.run(2)
    save_checkpoint(tmp_path / "it", step=2, **session.parts())
    session.run(1)
    return tmp_path / "it", session


def assert_refused(path, session, message, **parts):
    before = session.everything()
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path, **(parts or session.parts()))
    assert session.everything() == before


def test_truncated(saved):
    path, session = saved
    content = path.read_bytes()
    path.write_bytes(b"")
    assert_refused(path, session, "is empty")
    for length in [4, 10, 100, len(content) // 2, len(content) - 30, len(content) - 1]:
        path.write_bytes(content[:length])
        assert_refused(path, session, "truncated or damaged")


@pytest.mark.parametrize("part", ["a value", "the header"])
def test_damaged(saved, part):
    path, session = saved
    content = bytearray(path.read_bytes())
    where = bytes(session.model[1].bias.data.shape[0])  # the zeros of a bias or a moment
    at = content.index(where) if part == "a value" else content.index(b'"step": 2') + 8
    content[at] ^= 1
    path.write_bytes(content)
    assert_refused(path, session, "truncated or damaged.*CRC")


@given(at=st.floats(0, 1), bit=st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_flipped_bit_is_noticed_or_harmless(at, bit, tmp_path):
    original = {"w": np.arange(4.0), "n": 3}
    path = tmp_path / "it"
    save_checkpoint(path, step=7, part=Anything(original))
    content = bytearray(path.read_bytes())
    content[round(at * (len(content) - 1))] ^= 1 << bit
    path.write_bytes(content)
    other = Anything("untouched")
    try:
        step = load_checkpoint(path, part=other)
    except CheckpointError:
        assert other.state == "untouched"
    else:  # the dates, say, of the archive's entries
        assert step == 7
        assert repr_exactly(other.state) == repr_exactly(original)


def test_foreign(saved, tmp_path):
    _, session = saved
    foreign = {
        "text": b"epoch,loss\n1,0.5\n",
        "pickle": b"\x80\x04K\x01.",
        "npy": b"\x93NUMPY\x01\x00",
    }
    for name, content in foreign.items():
        (tmp_path / name).write_bytes(content)
        assert_refused(tmp_path / name, session, "is no TinyTorch checkpoint")
    np.savez(tmp_path / "arrays.npz", w=np.zeros(3))
    assert_refused(tmp_path / "arrays.npz", session, "is no TinyTorch checkpoint")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("header.json", "[1, 2]")
    assert_refused(tmp_path / "other.zip", session, "is no TinyTorch checkpoint")


def test_a_pickle_inside_is_never_run(saved, tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "trapped"),))

    path, session = saved
    with zipfile.ZipFile(path, "a") as archive, archive.open("trap.npy", "w") as member:
        np.lib.format.write_array(member, np.array([Trap()], object), allow_pickle=True)
    assert_refused(path, session, "truncated or damaged.*allow_pickle")
    assert not (tmp_path / "trapped").exists()


def test_of_a_later_version(saved, monkeypatch):
    path, session = saved
    monkeypatch.setattr(checkpoint, "VERSION", 2)
    save_checkpoint(path, **session.parts())
    monkeypatch.setattr(checkpoint, "VERSION", 1)
    assert_refused(path, session, "has format version 2, this TinyTorch reads 1")


def test_of_another_model(saved):
    path, session = saved
    session.model = Sequential(Linear(64, 9, rng=0), Linear(9, 10, rng=0))
    assert_refused(path, session, "model does not fit")


def test_of_another_precision(saved):
    path, session = saved
    for p in session.model.parameters():
        p.data = p.data.astype(np.float64)
    assert_refused(path, session, "is float64, but float32 was saved", model=session.model)


def test_of_a_model_with_other_generators(saved):
    path, session = saved
    session.model[3].rng = None
    assert_refused(path, session, "its generators are", model=session.model)


def test_of_another_optimizer(saved):
    path, session = saved
    session.optimizer = optim.SGD(session.model.named_parameters(), lr=0.1, momentum=0.9)
    assert_refused(path, session, "optimizer does not fit: SGD")


def test_of_other_data(saved):
    path, session = saved
    session.run(4)
    save_checkpoint(path, **session.parts())
    session.loader = DataLoader(DATA, 1024)
    message = "loader does not fit: .*a loader with batch_size 256, this one has 1024"
    assert_refused(path, session, message)


def test_of_another_generator(tmp_path):
    ours = np.random.Generator(np.random.MT19937(0))
    save_checkpoint(tmp_path / "it", random=ours)
    expected = ours.random()
    load_checkpoint(tmp_path / "it", random=ours)
    assert ours.random() == expected
    with pytest.raises(CheckpointError, match="random does not fit"):
        load_checkpoint(tmp_path / "it", random=np.random.default_rng(0))


def test_lacking_a_part(saved):
    path, session = saved
    message = "holds model, optimizer, scheduler, loader, but no ema"
    assert_refused(path, session, message, ema=session.model)


def test_parts_loaded_before_one_that_does_not_fit_are_put_back(saved):
    path, session = saved

    class Refuses(Anything):
        def load_state_dict(self, state):
            raise KeyError("never")

    before = session.everything()
    parts = session.parts()
    parts["optimizer"] = Refuses({})
    parts["optimizer"].param_groups = []  # so that it comes last
    with pytest.raises(CheckpointError, match="optimizer does not fit"):
        load_checkpoint(path, **parts)
    assert session.everything() == before


def test_of_a_model_with_generators_of_another_kind(saved):
    """The tensors are loaded before: they are put back too."""
    path, session = saved
    session.model[3].rng = np.random.Generator(np.random.MT19937(0))
    assert_refused(path, session, "model does not fit", model=session.model)


def test_a_learning_rate_set_by_hand_survives_a_refusal(saved):
    """A scheduler sets the optimizer's rate when it is loaded, and when it is put back."""
    path, session = saved
    session.optimizer.param_groups[0]["lr"] = 0.123
    parts = {"scheduler": session.scheduler, "optimizer": session.optimizer}
    for name in ("model", "loader"):

        class Refuses(Anything):
            def load_state_dict(self, state):
                raise IndexError("never")

        assert_refused(path, session, f"{name} does not fit", **parts, **{name: Refuses({})})


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "none", model=Session().model)


# Writing


@pytest.mark.parametrize("moment", ["while writing", "at the end"])
def test_a_failed_save_leaves_the_old_file(saved, monkeypatch, moment):
    path, session = saved
    old = path.read_bytes()

    def fail(*args, **kwargs):
        raise OSError("disk full")

    if moment == "at the end":
        monkeypatch.setattr(os, "replace", fail)
    else:
        monkeypatch.setattr(np.lib.format, "write_array", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, **session.parts())
    assert path.read_bytes() == old
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_the_file_is_on_the_disk_before_it_gets_its_name(saved, monkeypatch):
    path, session = saved
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("replace"), replace(a, b)))
    save_checkpoint(path, **session.parts())
    assert order == ["fsync", "replace"]


def test_saving_changes_nothing(saved):
    path, session = saved
    before = session.everything()
    save_checkpoint(path, **session.parts())
    assert session.everything() == before


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (3, "part has no state_dict"),
        (Anything({"a": {1, 2}}), "part/a: a set cannot be saved"),
        (Anything([np.array([None])]), "part/0: a ndarray cannot be saved"),
        (Anything({"t": Tensor([1.0])}), "part/t: a Tensor cannot be saved"),
    ],
)
def test_what_cannot_be_saved(tmp_path, part, message):
    with pytest.raises(TypeError, match=message):
        save_checkpoint(tmp_path / "it", part=part)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", [-1, 1.5, True, None])
def test_refused_steps(tmp_path, step):
    with pytest.raises(ValueError, match="step must be an integer >= 0"):
        save_checkpoint(tmp_path / "it", step=step)


def test_what_was_read_is_not_shared(tmp_path):
    session = Session()
    save_checkpoint(tmp_path / "it", **session.parts())
    first, second = Session(seed=1), Session(seed=2)
    for other in (first, second):
        load_checkpoint(tmp_path / "it", **other.parts())
    kept = copy.deepcopy(second.everything())
    train(first.model, first.optimizer, CrossEntropyLoss(), first.loader)
    assert second.everything() == kept


# A file made to hurt


def repack(path, change) -> None:
    """Write the archive anew, member by member, as `change(archive, name, data)` says."""
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            change(archive, name, data)


def test_a_compressed_member_is_not_unpacked(saved):
    path, session = saved
    repack(path, lambda archive, *member: archive.writestr(*member, zipfile.ZIP_DEFLATED))
    assert_refused(path, session, "a member is compressed")


def test_an_array_that_claims_to_be_larger_than_its_member(saved):
    path, session = saved

    def claim(archive, name, data):
        if name.endswith(".npy"):
            file = io.BytesIO()
            header = {"descr": "<f4", "fortran_order": False, "shape": (1 << 50,)}
            np.lib.format.write_array_header_1_0(file, header)
            data = file.getvalue() + b"\0" * 64
        archive.writestr(name, data)

    repack(path, claim)
    assert_refused(path, session, r"an array of shape \(1125899906842624,\) in \d+ bytes")


@pytest.mark.parametrize("step", [None, -1, "seven"])
def test_a_header_with_no_step_changes_nothing(saved, step):
    path, session = saved

    def change(archive, name, data):
        if name == checkpoint.HEADER:
            header = json.loads(data)
            header["step"] = step
            if step is None:
                del header["step"]
            data = json.dumps(header)
        archive.writestr(name, data)

    repack(path, change)
    assert_refused(path, session, "truncated or damaged.*step")


# Accidents


def test_an_interruption_waits_until_all_parts_are_loaded(saved, monkeypatch):
    path, session = saved
    load_checkpoint(path, **session.parts())
    wanted = session.everything()
    session.run(3)
    right = checkpoint.set_state

    def interrupted(part, state):
        signal.raise_signal(signal.SIGINT)
        right(part, state)

    monkeypatch.setattr(checkpoint, "set_state", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            load_checkpoint(path, **session.parts())
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert session.everything() == wanted


def test_many_savers_of_one_checkpoint_leave_a_whole_one(tmp_path):
    sessions = [Session(seed=i) for i in range(4)]
    errors = []

    def save(session):
        try:
            for _ in range(8):
                save_checkpoint(tmp_path / "it", **session.parts())
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=save, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [p.name for p in tmp_path.iterdir()] == ["it"]
    load_checkpoint(tmp_path / "it", model=Session().model)


def test_the_parts_of_killed_saves_are_cleared_away(saved):
    path, session = saved
    old, new, others = (
        path.with_name(f".{name}.part") for name in ("it.0123", "it.4567", "other.0123")
    )
    for part in (old, new, others):
        part.write_bytes(b"half")
    for part in (old, others):
        os.utime(part, (0, 0))
    save_checkpoint(path, **session.parts())
    assert [part.exists() for part in (old, new, others)] == [False, True, True]


# A state by itself, as PyTorch writes it


def test_a_state_is_saved_and_loaded_by_itself(tmp_path):
    model = MLP([2, 3, 1])
    optimizer = optim.Adam(model.parameters())
    model(tinytorch.ones(4, 2)).sum().backward()
    optimizer.step()
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "loss": Tensor(np.float64(0.1)),
        "path": ("a", None, True),
        7: [float("inf")],
    }
    tinytorch.save(state, tmp_path / "it")
    read = tinytorch.load(tmp_path / "it", map_location="cpu", weights_only=True)
    assert list(read) == list(state)
    assert isinstance(read["loss"], Tensor) and read["loss"].dtype == np.float64
    assert (read["loss"].item(), read["path"], read[7]) == (0.1, state["path"], state[7])
    again = MLP([2, 3, 1])
    again.load_state_dict(read["model"])
    optim.Adam(again.parameters()).load_state_dict(read["optimizer"])
    for name, array in again.state_dict().items():
        np.testing.assert_array_equal(array, state["model"][name])


def test_what_is_no_state_is_not_saved_by_itself(tmp_path):
    with pytest.raises(TypeError, match="a MLP cannot be saved"):
        tinytorch.save({"model": MLP([2, 1])}, tmp_path / "it")
    assert not [*tmp_path.iterdir()]
    save_checkpoint(tmp_path / "other", model=MLP([2, 1]))
    with pytest.raises(CheckpointError, match="holds model, but no state"):
        tinytorch.load(tmp_path / "other")


def test_whatever_a_name_is_an_array_is_found_again(tmp_path):
    names = ["a\0b", "a\0c", "k" * 70_000, "\ud800", "back\\slash", "array 0", "line\nbreak"]
    state = {name: np.array([float(i)]) for i, name in enumerate(names)}
    tinytorch.save(state, tmp_path / "state")
    loaded = tinytorch.load(tmp_path / "state")
    assert {name: array.tolist() for name, array in loaded.items()} == {
        name: [float(i)] for i, name in enumerate(names)
    }


def test_a_dictionary_that_looks_like_a_tensor_stays_one(tmp_path):
    tinytorch.save({"$tensor": "words"}, tmp_path / "state")
    assert tinytorch.load(tmp_path / "state") == {"$tensor": "words"}


def test_what_holds_itself_cannot_be_saved(tmp_path):
    state = {}
    state["self"] = state
    with pytest.raises(TypeError, match="holds itself"):
        tinytorch.save(state, tmp_path / "state")
    assert not [*tmp_path.iterdir()]
