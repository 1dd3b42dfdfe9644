"""Einstein's sums: products over named axes, `einsum("bij,bjk->bik", x, y)`.

They are computed in float64 and rounded once: NumPy adds one product after another here.
"""

from collections import Counter

import numpy as np

from tinytorch.core.axes import sequence
from tinytorch.core.functional import tensors
from tinytorch.core.tensor import Tensor, as_float, promote, record

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def einsum(equation: str, *operands) -> Tensor:
    """The sum, over the axes that the result does not name, of the products of the operands.

    Arguments:
        equation: a letter for each axis, the operands' between commas, then "->" and the result's;
            without an arrow the result has the letters that occur once, in alphabetical order.
            "..." stands for further axes, which broadcast. A letter that an operand has twice
            means its diagonal.
        operands: tensors, one or several, or a list of them; integers become float32.

    Raises:
        ValueError: the equation does not fit the operands.

    >>> x, y = tinytorch.ones(2, 3), tinytorch.ones(3, 4)
    >>> tinytorch.einsum("ij,jk->ik", x, y).tolist()
    [[3.0, 3.0, 3.0, 3.0], [3.0, 3.0, 3.0, 3.0]]
    """
    operands = [as_float(x) for x in tensors(*sequence(operands))]
    if not operands:
        raise ValueError(f"einsum: {equation!r} has no operands")
    for x in operands[1:]:
        operands[0], _ = promote(operands[0], x)
    operands = [operands[0], *(promote(x, operands[0])[0] for x in operands[1:])]
    inputs, output = named(equation, [x.ndim for x in operands])
    arrays, dtype = [x._data.astype(np.float64) for x in operands], operands[0].dtype
    try:
        value = np.einsum(f"{','.join(inputs)}->{output}", *arrays, optimize=True)
    except ValueError as error:
        shapes = ", ".join(str(x.shape) for x in operands)
        raise ValueError(f"einsum: {equation!r} does not fit shapes {shapes}: {error}") from error

    def derivative(i: int):
        own, x = inputs[i], arrays[i]
        others = [(inputs[j], arrays[j]) for j in range(len(arrays)) if j != i]

        def gradient(g):
            reached = set(output).union(*(names for names, _ in others))
            kept = "".join(name for name in dict.fromkeys(own) if name in reached)
            terms = ",".join([output, *(names for names, _ in others)])
            part = np.einsum(f"{terms}->{kept}", g, *(a for _, a in others), optimize=True)
            whole = np.zeros(x.shape)
            every = "".join(dict.fromkeys(own))
            view = np.einsum(f"{own}->{every}", whole)  # one that may be written into
            missing = tuple(n for n, name in enumerate(every) if name not in reached)
            part = np.expand_dims(part, missing)
            stretched = [
                n for n, (a, b) in enumerate(zip(part.shape, view.shape, strict=True)) if b == 1 < a
            ]
            view[...] = part.sum(axis=tuple(stretched), keepdims=True) if stretched else part
            return whole.astype(dtype, copy=False)

        return gradient

    return record(
        value.astype(dtype, copy=False), *((x, derivative(i)) for i, x in enumerate(operands))
    )


def named(equation: str, counts: list[int]) -> tuple[list[str], str]:
    """The letters of the operands and of the result, with letters of their own for "..."."""
    if not isinstance(equation, str):
        raise ValueError(f"einsum: the equation must be a string, got {equation!r}")
    left, arrow, right = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(counts):
        raise ValueError(
            f"einsum: {equation!r} is of {len(inputs)} operands, and {len(counts)} are given"
        )
    free = [letter for letter in LETTERS if letter not in equation]
    further = [n - len(names.replace("...", "")) for names, n in zip(inputs, counts, strict=True)]
    most = max((n for names, n in zip(inputs, further, strict=True) if "..." in names), default=0)
    for names, n in zip(inputs, further, strict=True):
        if n < 0 or (n and "..." not in names):
            raise ValueError(f"einsum: {names!r} of {equation!r} does not fit {counts} axes")
    if not arrow:
        once = Counter(left.replace(",", "").replace("...", ""))
        right = "..." * ("..." in left) + "".join(sorted(k for k, n in once.items() if n == 1))
    inputs = [
        names.replace("...", "".join(free[most - n : most]))
        for names, n in zip(inputs, further, strict=True)
    ]
    return inputs, right.replace("...", "".join(free[:most]))
