"""The referees that are libraries: each runs a problem and returns what `run` returns."""

import contextlib
import io
import os
from unittest import mock

import numpy as np

from tests.optim.referees import formulas
from tests.optim.referees.problem import Problem, flat

os.environ.setdefault("KERAS_BACKEND", "jax")  # read when keras is imported

# torch/testing/_internal/common_optimizers.py has these too; the package does not.
NOT_HERE = ("LBFGS", "SparseAdam")


def torch_like(make, given: Problem, turned: bool = False) -> np.ndarray:
    """Run an optimizer that has PyTorch's interface, in training mode where it has one; `turned`
    gives it matrices as PyTorch's layers have them, (outputs, inputs)."""
    import torch

    def there(array):
        return array.T.copy() if turned else array

    params = [torch.tensor(there(s), requires_grad=True) for s in given.starts]
    optimizer = make(params)
    if hasattr(optimizer, "train"):
        optimizer.train()
    rows = []
    for gradients in given.gradients:
        for p, g in zip(params, gradients, strict=True):
            p.grad = torch.tensor(there(g))
        optimizer.step()
        rows.append(flat([there(p.detach().numpy()) for p in params]))
    return np.array(rows)


def torch(name: str, kwargs: dict, given: Problem) -> np.ndarray:
    """torch.optim, in float64 throughout."""
    with float64_throughout():
        return torch_as_it_is(name, kwargs, given)


def torch_as_it_is(name: str, kwargs: dict, given: Problem) -> np.ndarray:
    """torch.optim, with the roundings that the other replaces."""
    import torch

    turned = name == "Muon"  # the length of its step depends on which side the inputs are
    return torch_like(lambda params: getattr(torch.optim, name)(params, **kwargs), given, turned)


@contextlib.contextmanager
def float64_throughout():
    """PyTorch keeps NAdam's product of momenta in its default type, and runs Muon in bfloat16.

    With its own code in float64 in place of these, parity means what it says: the float32 of the
    product alone shows as 4e-11 in 50 steps.
    """
    import torch

    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone):
            yield
    finally:
        torch.set_default_dtype(default)


def optim_db() -> dict:
    """PyTorch's own test data for the optimizers that we share, by name."""
    from torch.testing._internal.common_optimizers import optim_db as db

    return {info.optim_cls.__name__: info for info in db if info.optim_cls.__name__ not in NOT_HERE}


def torch_configurations() -> dict[str, list[dict]]:
    """For each optimizer, the keyword arguments that its tests call valid, but for tensors."""
    import torch

    return {
        name: [
            each.kwargs
            for each in info.optim_inputs_func("cpu")
            if not any(isinstance(value, torch.Tensor) for value in each.kwargs.values())
        ]
        for name, info in optim_db().items()
    }


def optax(name: str, kwargs: dict, given: Problem) -> np.ndarray:
    """A gradient transformation of optax or optax.contrib, in float64."""
    import jax
    import jax.numpy as jnp
    import optax
    import optax.contrib

    with jax.enable_x64(True):
        transformation = getattr(optax, name, None) or getattr(optax.contrib, name)
        if min(given.factors) < 1:
            lr, factors = kwargs["learning_rate"], jnp.asarray(given.factors)
            kwargs = {**kwargs, "learning_rate": lambda count: lr * factors[count]}
        transformation = transformation(**kwargs)
        params = [jnp.asarray(s, jnp.float64) for s in given.starts]
        state = transformation.init(params)
        update = jax.jit(transformation.update)
        rows = []
        for gradients in given.gradients:
            updates, state = update([jnp.asarray(g) for g in gradients], state, params)
            params = optax.apply_updates(params, updates)
            rows.append(flat([np.asarray(p) for p in params]))
    return np.array(rows)


def keras(name: str, kwargs: dict, given: Problem) -> np.ndarray:
    """keras.optimizers on JAX, in float64."""
    import jax
    import keras

    floatx = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        with jax.enable_x64(True):
            params = [keras.Variable(s, dtype="float64") for s in given.starts]
            optimizer = getattr(keras.optimizers, name)(**kwargs)
            rows = []
            for gradients, factor in zip(given.gradients, given.factors, strict=True):
                if min(given.factors) < 1:
                    optimizer.learning_rate = kwargs["learning_rate"] * factor
                optimizer.apply([jax.numpy.asarray(g) for g in gradients], params)
                rows.append(flat([np.asarray(p.value) for p in params]))
    finally:
        keras.config.set_floatx(floatx)
    return np.array(rows)


def schedulefree(name: str, kwargs: dict, given: Problem) -> np.ndarray:
    """The authors' library of schedule-free optimizers."""
    import schedulefree

    return torch_like(lambda params: getattr(schedulefree, name)(params, **kwargs), given)


def prodigyopt(name: str, kwargs: dict, given: Problem) -> np.ndarray:
    """The authors' library of Prodigy."""
    import prodigyopt

    with contextlib.redirect_stdout(io.StringIO()):  # it announces its weight decay
        return torch_like(lambda params: getattr(prodigyopt, name)(params, **kwargs), given)


def pytorch_optimizer(name: str, kwargs: dict, given: Problem) -> np.ndarray:
    """The collection of that name, in float64."""
    import pytorch_optimizer

    return torch_like(lambda params: getattr(pytorch_optimizer, name)(params, **kwargs), given)


def formula(name: str, kwargs: dict, given: Problem) -> np.ndarray:
    """The paper, written once more, in `formulas`."""
    return getattr(formulas, name)(kwargs, given)
