"""What an optimizer must remember to go on later as if it had never stopped.

The saved form holds arrays, numbers, strings, lists and dictionaries, all copies:

    {"optimizer": "Adam", "steps": 7,
     "state": {key: {"shape": [3, 4], "t": 7, "m": array, ...}, ...},
     "param_groups": [{"params": [key, ...], "lr": 0.001, "betas": [0.9, 0.999], ...}, ...]}

where the key of a parameter is its name if it has one, else its position as a string. States from
before the first two were written are taken too.
"""

import inspect

import numpy as np

from tinytorch.core.checks import COUNT, require
from tinytorch.core.interrupts import deferred
from tinytorch.optim.declarations import REQUIRED


def state_dict(optimizer) -> dict:
    state, groups, position = {}, [], 0
    for group in optimizer.param_groups:
        params = group["params"]
        names = group.get("param_names") or [str(position + i) for i in range(len(params))]
        position += len(params)
        values = {k: copied(v) for k, v in group.items() if k not in ("params", "param_names")}
        named = "param_names" in group
        groups.append({"params": list(names), "named": named, **values})
        for key, p in zip(names, params, strict=True):
            first, now = {"t": 0, **optimizer.initial_state(p, group)}, optimizer.state[p]
            entries = {k: copied(now.get(k, first[k])) for k in first}
            state[key] = {"shape": list(p.shape), **entries}
    made = {"optimizer": type(optimizer).__name__, "steps": optimizer.steps}
    return {**made, "state": state, "param_groups": groups}


def copied(value):
    """A copy that consists of arrays, numbers, strings, lists and dictionaries."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [copied(v) for v in value]
    return value


def load_state_dict(optimizer, saved: dict) -> None:
    """Check everything, then change the optimizer."""
    owner = type(optimizer).__name__
    expect_keys(owner, "the state", saved, {"state", "param_groups"}, {"optimizer", "steps"})
    if saved.get("optimizer", owner) != owner:
        raise ValueError(f"{owner}: the state is of {saved['optimizer']}")
    require(owner, "steps", saved.get("steps", 0), COUNT)
    ours, theirs = optimizer.param_groups, saved["param_groups"]
    expect(owner, "param_groups", theirs, list, tuple)
    expect(owner, "state", saved["state"], dict)
    if len(ours) != len(theirs):
        raise ValueError(f"{owner}: {len(theirs)} groups were saved, there are {len(ours)}")

    groups, state, keys = [], {}, set()
    for i, (group, values) in enumerate(zip(ours, theirs, strict=True)):
        where = f"group {i}"
        own = set(group) - {"params", "param_names", "initial_lr"}
        newer = later_defaults(optimizer, own)
        expect_keys(
            owner, where, values, own - set(newer) | {"params", "named"}, {"initial_lr", *newer}
        )
        changes = {name: v for name, v in values.items() if name not in ("params", "named")}
        changes = {**newer, **changes}
        merged = optimizer.check_values({**group, **changes})
        groups.append(merged)
        for p, key in pair(owner, where, group, values):
            if key not in saved["state"]:
                raise ValueError(f"{owner}: {where}: no state was saved for parameter {key!r}")
            keys.add(key)
            state[p] = checked_entry(optimizer, p, merged, key, saved["state"][key])
    expect_keys(owner, "the parameters", saved["state"], keys)

    with deferred():
        for group, merged in zip(ours, groups, strict=True):
            dict.update(group, merged)
        optimizer.state.update(state)
        optimizer.steps = saved.get("steps", max(entry["t"] for entry in state.values()))
        optimizer.torn = ""


def later_defaults(optimizer, names: set) -> dict:
    """What a state means that was saved before a value was there: the value's default."""
    said = {n: a.default for n, a in inspect.signature(type(optimizer)).parameters.items()}
    declared = {name: value.default for name, value in optimizer.declared.items()}
    defaults = {**declared, **said}
    return {n: defaults[n] for n in names if defaults.get(n, REQUIRED) is not REQUIRED}


def pair(owner: str, where: str, group: dict, values: dict):
    """(parameter, saved key): by name where both sides know names, else by position."""
    params, keys = group["params"], values["params"]
    expect(owner, f"{where}: params", keys, list, tuple)
    for key in keys:
        expect(owner, f"{where}: a key in params", key, str)
    expect(owner, f"{where}: named", values["named"], bool)
    if len(params) != len(keys) or len(set(keys)) != len(keys):
        raise ValueError(
            f"{owner}: {where}: {len(set(keys))} parameters were saved, there are {len(params)}"
        )
    if not (values["named"] and "param_names" in group):
        return zip(params, keys, strict=True)
    names = group["param_names"]
    if set(names) != set(keys):
        missing, extra = sorted(set(names) - set(keys)), sorted(set(keys) - set(names))
        raise ValueError(f"{owner}: {where}: no state for {missing}, no parameter for {extra}")
    return zip(params, names, strict=True)


def checked_entry(optimizer, p, group: dict, key: str, saved: dict) -> dict:
    """A copy of one parameter's saved state, if it is of the kind that this group's rule needs."""
    owner = f"{type(optimizer).__name__}: parameter {key!r}"
    expect(owner, "its state", saved, dict)
    shape = saved.get("shape", ())
    expect(owner, "shape", shape, list, tuple)
    if list(shape) != list(p.shape):
        raise ValueError(f"{owner} has shape {p.shape}, but {shape} was saved")
    model = {"t": 0, **optimizer.initial_state(p, group)}
    expect_keys(owner, "its state", saved, set(model) | {"shape"})
    entry = {name: checked_value(f"{owner}: {name}", saved[name], model[name]) for name in model}
    if entry["t"] < 0:
        raise ValueError(f"{owner}: t must be >= 0, got {entry['t']!r}")
    return entry


def checked_value(what: str, value, like):
    """A copy of `value`, if it is of the type (shape, dtype) of `like`.

    It may be infinite or not a number: what a training came to must be loadable.
    """
    if type(value) is not type(like):
        raise ValueError(f"{what} must be {type(like).__name__}, got {type(value).__name__}")
    if isinstance(like, np.ndarray):
        if (value.shape, value.dtype) != (like.shape, like.dtype):
            raise ValueError(
                f"{what} must be {like.dtype} {like.shape}, got {value.dtype} {value.shape}"
            )
        value = np.array(value, order="F" if like.flags.fnc else "C")
    return value


def require_same_make(owner: str, saved: dict, ours: dict) -> None:
    """Refuse the state of something that was made with other arguments, where it says with which.

    Raises:
        ValueError: it names the first of them.
    """
    for name, value in ours.items():
        if saved.get(name, value) != value:
            raise ValueError(
                f"{owner}: the state is of one with {name} {saved[name]!r}, this one has {value!r}"
            )


def expect(owner: str, where: str, value, *kinds: type) -> None:
    """Raise TypeError unless `value` is of one of these types."""
    if not isinstance(value, kinds):
        words = {dict: "a dictionary", list: "a list", str: "a string", bool: "True or False"}
        raise TypeError(f"{owner}: {where} must be {words[kinds[0]]}, got {value!r}")


def expect_keys(owner: str, where: str, saved, required: set, optional: set = frozenset()) -> None:
    expect(owner, where, saved, dict)
    missing, unknown = required - set(saved), set(saved) - required - optional
    if missing or unknown:
        missing, unknown = sorted(missing, key=str), sorted(unknown, key=str)
        raise ValueError(f"{owner}: {where} does not fit: missing {missing}, unknown {unknown}")
