"""Parameter groups: a dictionary that no wrong value gets into, and how models are split."""

import weakref

from tinytorch.core.checks import check


class Group(dict):
    """Parameters ("params") and their hyper-parameters, checked by the optimizer when set.

    A copy of it alone, deep or pickled, is a plain dictionary; a copy of the optimizer has groups.

    Raises:
        TypeError: a key that the optimizer does not know, or "params"; a value is taken away.
        ValueError: a value outside its range; the group is left as it was.
    """

    def __init__(self, optimizer, values):
        super().__init__(values)
        self._optimizer = weakref.ref(optimizer)  # a cycle would keep the state alive

    def __setitem__(self, name, value):
        self.update({name: value})

    def update(self, *args, **kwargs):
        changes, optimizer = dict(*args, **kwargs), self._optimizer()
        if optimizer is not None:
            fixed = {"params", "param_names"} & set(changes)
            if fixed:
                raise TypeError(f"{fixed.pop()} of a group cannot be set; use add_param_group")
            checked = optimizer.check_values({**self, **changes})
            changes = {name: checked[name] for name in changes}
        super().update(changes)

    def setdefault(self, name, value=None):
        if name not in self:
            self[name] = value
        return self[name]

    def __ior__(self, other):
        self.update(other)
        return self

    def __delitem__(self, name):
        self.pop(name)

    def pop(self, name, *default):
        if name in self and name != "initial_lr":  # which a new scheduler sets anew
            self._refuse_removal(name)
        return super().pop(name, *default)

    def popitem(self):
        self._refuse_removal("a value")

    def clear(self):
        self._refuse_removal("a value")

    def _refuse_removal(self, name: str):
        raise TypeError(f"{name} cannot be taken out of a group: its steps need it; set another")

    def __reduce__(self):
        return dict, (dict(self),)


def decay_groups(model, weight_decay: float) -> list[dict]:
    """Split a model's parameters into two groups: decay for matrices, none for the rest.

    Biases and the scales and shifts of normalization layers are vectors; pulling them to zero
    does not make the function simpler. So what has fewer than two axes is not decayed.

    Arguments:
        model: anything with `named_parameters()`.
        weight_decay: λ of the first group, >= 0; the second gets 0.

    Returns:
        One or two groups to pass to an optimizer, by name: `AdamW(decay_groups(model, 0.1))`.

    Raises:
        ValueError: `weight_decay` outside its range.

    >>> groups = optim.decay_groups(nn.Linear(3, 2), 0.1)
    >>> [(group["weight_decay"], len(group["params"])) for group in groups]
    [(0.1, 1), (0.0, 1)]
    """
    check("decay_groups", "weight_decay", weight_decay)
    named = list(model.named_parameters())
    split = [
        {"params": [(n, p) for n, p in named if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [(n, p) for n, p in named if p.ndim < 2], "weight_decay": 0.0},
    ]
    return [group for group in split if group["params"]]
