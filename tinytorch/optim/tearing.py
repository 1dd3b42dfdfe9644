"""A step that breaks off: it has changed nothing, or the optimizer says so from then on."""

from tinytorch.core.interrupts import deferred
from tinytorch.optim.engines import written


class all_or_none(deferred):
    """Within the block an optimizer moves its parameters, all of them or none.

    Ctrl-C waits for the block's end. Should it be left by an error before anything was written
    over, the groups' values are put back; afterwards the optimizer is torn: it refuses to go on,
    or to be saved, until a state is loaded.

    Raises:
        RuntimeError: the optimizer is torn already.
    """

    __slots__ = ("before", "count", "optimizer")

    def __init__(self, optimizer):
        refuse_torn(optimizer)
        self.optimizer = optimizer

    def __enter__(self):
        self.before = [dict(group) for group in self.optimizer.param_groups]
        self.count = written.count
        super().__enter__()  # last: what fails before leaves Ctrl-C to others

    def __exit__(self, kind, error, trace):
        if kind is not None:
            if written.count != self.count:
                self.optimizer.torn = f"{kind.__name__}: {error}"
            else:
                for group, values in zip(self.optimizer.param_groups, self.before, strict=True):
                    dict.update(group, values)
        super().__exit__(kind, error, trace)


def refuse_torn(optimizer) -> None:
    if optimizer.torn:
        raise RuntimeError(
            f"{type(optimizer).__name__}: a step broke off halfway ({optimizer.torn}), so some "
            "parameters have moved and others have not: load the states of model and optimizer "
            "from before, or begin anew"
        )
