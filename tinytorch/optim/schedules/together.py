"""Several schedulers on one optimizer: their factors multiply.

An optimizer knows its schedulers, but does not keep them alive: one that nobody holds any more
has no say. With lrᵢ what scheduler i would set if it were alone,

    lr = base · (lr₁ / base) · (lr₂ / base) · ...

One that takes over (SWALR) begins at that product in the place of the base. What else a scheduler
sets (OneCycleLR: the momentum) only one of them may set.
"""

import math
import weakref


def base_lrs(optimizer) -> list[float]:
    return [group.get("initial_lr", group["lr"]) for group in optimizer.param_groups]


def product(base: float, lrs: list[float]) -> float:
    """The common learning rate; that of one scheduler alone to the bit, and in any order.

    Raises:
        ValueError: two schedulers have moved away from a base of zero.
    """
    moved = [lr for lr in lrs if lr != base]
    if len(moved) < 2:
        return moved[0] if moved else base
    if base == 0:
        raise ValueError("two schedulers of a group whose initial lr is 0 cannot be multiplied")
    return base * math.prod(sorted(lr / base for lr in moved))


def combined(parts: list[list[dict]], rates: list[float], owner: str = "") -> list[dict]:
    """What several schedulers set in each group, from what each of them would set alone.

    Raises:
        ValueError: two of them set something else than the learning rate (and `owner` minds).
    """
    result = []
    for base, *each in zip(rates, *parts, strict=True):
        changes = {}
        for own in each:
            twice = set(changes) & set(own) - {"lr"}
            if twice and owner:
                name = min(twice)
                raise ValueError(
                    f"{owner}: {name} is set by another scheduler too, and only one of them may "
                    "(OneCycleLR takes cycle_momentum=False)"
                )
            changes |= own
        lrs = [own["lr"] for own in each if "lr" in own]
        result.append({**changes, "lr": product(base, lrs)} if lrs else changes)
    return result


def joint(schedulers, rates: list[float], owner: str = "") -> tuple[list[dict], list]:
    """What schedulers set in each group together, and what each of them says.

    Arguments:
        schedulers: (scheduler, t) pairs.
    """
    said = {id(s): s.values(t, rates) for s, t in schedulers if not s.takes_over}
    changes = combined([*said.values()], rates, owner)
    if any(s.takes_over for s, _ in schedulers):
        now = [c.pop("lr", base) for c, base in zip(changes, rates, strict=True)]
        later = {id(s): s.values(t, now) for s, t in schedulers if s.takes_over}
        changes, said = combined([changes, *later.values()], now, owner), said | later
    return changes, [said[id(s)] for s, _ in schedulers]


def apply(scheduler, rates: list[float] | None = None, mind: bool = True) -> list[dict]:
    """Set what follows from where all schedulers of the optimizer are: everything or nothing.

    Of what the others say only the learning rate is set anew.

    Returns:
        What this one alone says.

    Raises:
        ValueError: a value that is not allowed.
    """
    optimizer, owner = scheduler.optimizer, type(scheduler).__name__
    rates = base_lrs(optimizer) if rates is None else rates
    others = [other for other in optimizer.schedulers if other is not scheduler]
    all_of_them = [(s, s.t) for s in (scheduler, *others)]
    changes, (own, *_) = joint(all_of_them, rates, owner if mind else "")
    lrs = [{"lr": c["lr"]} if "lr" in c else {} for c in changes]
    groups = zip(own, lrs, rates, strict=True)
    changes = [{**mine, **lr, "initial_lr": base} for mine, lr, base in groups]
    optimizer.set_values(changes, f"{owner} at t = {scheduler.t}")
    return own


def enter(scheduler) -> None:
    """Let a new scheduler set its first values, in the place of its parts if it has some."""
    optimizer = scheduler.optimizer
    before = [dict(group) for group in optimizer.param_groups]
    parts = leave(optimizer, getattr(scheduler, "schedulers", ()), type(scheduler).__name__)
    found = [dict(group) for group in optimizer.param_groups]
    try:
        own = apply(scheduler, mind=False)
    except BaseException:
        for group, values in zip(optimizer.param_groups, before, strict=True):
            group.pop("initial_lr", None)
            dict.update(group, values)
        for part, registered in parts:
            part._part_of = ""
            if registered:
                attach(part)
        raise
    scheduler._found = [
        {k: (old[k], group[k]) for k in changes if k not in ("lr", "initial_lr")}
        for old, changes, group in zip(found, own, optimizer.param_groups, strict=True)
    ]
    attach(scheduler)


def leave(optimizer, parts, owner: str) -> list[tuple]:
    """Take parts off the optimizer, and take back what else than the learning rate they set.

    Returns:
        Those that became parts only now, and whether they had been on the optimizer, the first
        one first.
    """
    own = [s for s in optimizer.schedulers if any(s is part for part in parts)]
    for part in reversed(own):
        for group, found in zip(optimizer.param_groups, part._found, strict=False):
            back = {name: old for name, (old, new) in found.items() if group[name] == new}
            dict.update(group, back)
        detach(part)
    fresh = []
    for part in (*own, *parts):
        if not part._part_of:
            part._part_of = owner
            fresh.append((part, part in own))
    return fresh


def follow(optimizer) -> None:
    """Let the schedulers rule a group that was just added.

    Raises:
        ValueError: one of them has a list with one value a group; or a value is not allowed.
    """
    schedulers = optimizer.schedulers
    if not schedulers:
        return
    for scheduler in schedulers:
        scheduler.require_lists(len(optimizer.param_groups))
    rates = base_lrs(optimizer)
    *others, last = joint([(s, s.t) for s in schedulers], rates)[0]
    changes = [*({} for _ in others), {**last, "initial_lr": rates[-1]}]
    optimizer.set_values(changes, type(schedulers[0]).__name__)


def attach(scheduler) -> None:
    """Put a scheduler on its optimizer's list, for as long as somebody holds it."""
    optimizer = weakref.ref(scheduler.optimizer)
    register = vars(scheduler.optimizer).setdefault("_schedulers", [])

    def gone(dead):
        register.remove(dead)
        if optimizer() is not None and (others := optimizer().schedulers):
            apply(others[0])  # what replaced it begins with its own values

    register.append(weakref.ref(scheduler, gone))


def detach(scheduler) -> None:
    register = vars(scheduler.optimizer)["_schedulers"]
    register[:] = [known for known in register if known() is not scheduler]
