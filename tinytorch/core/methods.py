"""Functions that are methods of tensors too: one definition, two ways to call it."""

import functools
import inspect

from tinytorch.core.tensor import Tensor


def method(function, *names: str):
    """Make a function of a tensor one of its methods, under other names too.

    As a function it takes a number, a list or an array in the tensor's place.
    """
    for name in (function.__name__, *names):
        setattr(Tensor, name, function)
    return lenient(function)


def lenient(function):
    @functools.wraps(function)
    def wrapper(x, *args, **options):
        return function(x if isinstance(x, Tensor) else Tensor(x), *args, **options)

    return wrapper


def function_of(name: str):
    """The function that calls this method, of whoever has put one in the package's place."""
    method = getattr(Tensor, name)

    @functools.wraps(method)
    def function(x, *args, **options):
        return getattr(x if isinstance(x, Tensor) else Tensor(x), name)(*args, **options)

    function.__qualname__ = name
    own = inspect.getdoc(method)
    function.__doc__ = f"`Tensor.{name}` of a tensor, an array or a number.\n\n{own}"
    return function
