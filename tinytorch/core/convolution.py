"""Convolution and pooling of images, by the windows of an array.

`windows` is a view: element [..., i, j] is the image as the kernel's element (i, j) meets it.
So a convolution is one matrix product, and its derivative adds one such view after another.

Shapes are (N, C, H, W), but in memory N comes last: however small the images are, neighbours in
memory are then treated alike, which is two to three times as fast.
"""

import numpy as np

from tinytorch.core.checks import at_least
from tinytorch.core.functional import tensors
from tinytorch.core.sums import total
from tinytorch.core.tensor import Tensor, as_float, passed, promote, record


def pair(owner: str, name: str, value, least: int) -> tuple[int, int]:
    """One number for both directions, or (vertical, horizontal)."""
    allowed, words = at_least(least)
    both = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2 or not all(map(allowed, both)):
        raise ValueError(f"{owner}: {name} must be {words} or a pair of them, got {value!r}")
    return both


def windows(images: np.ndarray, kernel: tuple, stride: tuple) -> np.ndarray:
    """The view (N, C, H, W) -> (N, C, rows, columns, *kernel)."""
    view = np.lib.stride_tricks.sliding_window_view(images, kernel, axis=(2, 3), writeable=True)
    return view[:, :, :: stride[0], :: stride[1]]


def framed(images: np.ndarray, padding: tuple, value: float = 0.0) -> np.ndarray:
    """A copy of the images with a border, (N, C, H + 2 vertical, W + 2 horizontal)."""
    n, c, h, w = images.shape
    frame = np.full((c, h + 2 * padding[0], w + 2 * padding[1], n), value, images.dtype)
    frame = frame.transpose(3, 0, 1, 2)
    inside(frame, padding)[...] = images
    return frame


def inside(frame: np.ndarray, padding: tuple) -> np.ndarray:
    (top, left), (h, w) = padding, frame.shape[2:]
    return frame[:, :, top : h - top, left : w - left]


def conv2d(x, weight, bias=None, stride=1, padding=0) -> Tensor:
    """Cross-correlation of images with a bank of kernels.

        y[n, o, i, j] = Σ_{c, u, v} x[n, c, s i + u - p, s j + v - p] weight[o, c, u, v] + bias[o]

    Arguments:
        x: images (N, C, H, W). weight: kernels (O, C, kh, kw). bias: (O,) or None.
        stride, padding: s and p, an integer or a pair (vertical, horizontal).

    Returns (N, O, (H + 2p - kh) // s + 1, (W + 2p - kw) // s + 1).

    Raises:
        ValueError: shapes that do not go together, a kernel larger than the padded images, or
            `stride` or `padding` outside what is allowed.

    >>> tinytorch.conv2d(tinytorch.ones(1, 1, 3, 3), tinytorch.ones(2, 1, 2, 2)).shape
    (1, 2, 2, 2)
    """
    x, weight = promote(*tensors(x, weight))
    stride, padding = pair("conv2d", "stride", stride, 1), pair("conv2d", "padding", padding, 0)
    if x.ndim != 4 or weight.ndim != 4 or x.shape[1] != weight.shape[1]:
        raise ValueError(
            "conv2d needs images (N, C, H, W) and kernels (O, C, kh, kw) of the same C, "
            f"got shapes {x.shape} and {weight.shape}"
        )
    if 0 in (weight.shape[0], *weight.shape[2:]):
        raise ValueError(f"conv2d: there is no kernel in weights of shape {weight.shape}")
    (out, c, *kernel), n = weight.shape, x.shape[0]
    fits("conv2d", x.shape, kernel, padding)
    frame = framed(x._data, padding)
    patches = windows(frame, kernel, stride).transpose(1, 4, 5, 2, 3, 0)
    rows, columns = patches.shape[3:5]
    patches = patches.reshape(c * kernel[0] * kernel[1], rows * columns * n)
    matrix = weight._data.reshape(out, -1)

    def flat(g):
        return g.transpose(1, 2, 3, 0).reshape(out, rows * columns * n)

    def to_images(g):
        spread = (matrix.T @ flat(g)).reshape(c, *kernel, rows, columns, n)
        total = np.zeros_like(frame)
        view = windows(total, kernel, stride)
        for i, j in np.ndindex(*kernel):
            view[..., i, j] += spread[:, i, j].transpose(3, 0, 1, 2)
        return inside(total, padding)

    y = record(
        (matrix @ patches).reshape(out, rows, columns, n).transpose(3, 0, 1, 2),
        (x, to_images),
        (weight, lambda g: (patches @ flat(g).T).T.reshape(weight.shape)),
    )
    if bias is None:
        return y
    (bias,) = tensors(bias)
    if bias.shape != (out,):
        raise ValueError(f"conv2d: bias of shape {bias.shape} for {out} kernels")
    return y + bias.reshape(out, 1, 1)


def max_pool2d(x: Tensor, kernel_size, stride=None, padding=0) -> Tensor:
    """The largest element of each window; the first of equal ones takes the gradient.

    Arguments:
        x: images (N, C, H, W).
        kernel_size, stride, padding: integers or pairs; the stride is the kernel's size by default,
            and the border does not take part in the maximum.

    Returns (N, C, (H + 2p - k) // s + 1, (W + 2p - k) // s + 1).

    Raises:
        ValueError: `x` has other axes, a window is larger than the padded images, a padding is
            more than half of it, or an argument is outside what is allowed.

    >>> tinytorch.max_pool2d(tinytorch.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    x, kernel, stride, padding = pooled("max_pool2d", x, kernel_size, stride, padding)
    frame = framed(x._data, padding, -np.inf) if any(padding) else x._data
    view = windows(frame, kernel, stride)
    value = view[..., 0, 0].copy()
    for i, j in np.ndindex(*kernel):
        np.maximum(value, view[..., i, j], out=value)

    def derivative(g):
        total = np.zeros_like(frame)
        target = windows(total, kernel, stride)
        free = np.ones_like(value, dtype=bool)
        aligned = np.empty_like(value)  # in memory as the value is
        aligned[...] = g
        for i, j in np.ndindex(*kernel):
            chosen = free & (view[..., i, j] == value)
            target[..., i, j] += aligned * chosen
            free &= ~chosen
        return inside(total, padding)

    return record(value, (x, derivative))


def avg_pool2d(x: Tensor, kernel_size, stride=None, padding=0) -> Tensor:
    """The mean of each window; a border of zeros takes part, as PyTorch has it.

    Arguments and shapes as of `max_pool2d`.

    >>> tinytorch.avg_pool2d(tinytorch.ones(1, 1, 4, 4), 2).shape
    (1, 1, 2, 2)

    Raises:
        ValueError: as `max_pool2d`.
    """
    x, kernel, stride, padding = pooled("avg_pool2d", x, kernel_size, stride, padding)
    frame = framed(x._data, padding) if any(padding) else x._data
    view, area = windows(frame, kernel, stride), kernel[0] * kernel[1]
    value = total(view, (4, 5)) / area

    def derivative(g):
        spread = np.zeros_like(frame)
        target = windows(spread, kernel, stride)
        for i, j in np.ndindex(*kernel):
            target[..., i, j] += g / area
        return inside(spread, padding)

    return passed(value, (x, derivative))


def adaptive_avg_pool2d(x: Tensor, output_size) -> Tensor:
    """The mean of the share of each element of an output of this size; shares may overlap.

    Of n pixels the i-th of m outputs has those from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉, as PyTorch
    deals them out: a mean along each direction, which is a product with a matrix.

    Arguments:
        x: images (N, C, H, W).
        output_size: an integer or a pair (vertical, horizontal).

    Raises:
        ValueError: `x` has other axes or is empty, or an argument outside what is allowed.

    >>> F.adaptive_avg_pool2d(tinytorch.arange(16.0).reshape(1, 1, 4, 4), 1).item()
    7.5
    """
    size = pair("adaptive_avg_pool2d", "output_size", output_size, 1)
    x = as_float(*tensors(x))
    if x.ndim != 4 or not all(x.shape[2:]):
        raise ValueError(f"adaptive_avg_pool2d needs images (N, C, H, W), got shape {x.shape}")
    down, across = (
        Tensor(shares(n, m).astype(x.dtype)) for n, m in zip(x.shape[2:], size, strict=True)
    )
    return down @ x @ across.T


def shares(n: int, m: int) -> np.ndarray:
    """(m, n): the weights of n pixels in m means."""
    begin, end = np.arange(m) * n // m, -(-np.arange(1, m + 1) * n // m)
    pixels = np.arange(n)
    inside = (begin[:, None] <= pixels) & (pixels < end[:, None])
    return inside / (end - begin)[:, None]


def pooled(name: str, x: Tensor, kernel_size, stride, padding) -> tuple:
    """The images and the arguments of a pooling, checked."""
    kernel = pair(name, "kernel_size", kernel_size, 1)
    stride = kernel if stride is None else pair(name, "stride", stride, 1)
    padding = pair(name, "padding", padding, 0)
    x = as_float(*tensors(x))
    if x.ndim != 4:
        raise ValueError(f"{name} needs images (N, C, H, W), got shape {x.shape}")
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise ValueError(f"{name}: padding {padding} is more than half of kernel {kernel}")
    fits(name, x.shape, kernel, padding)
    return x, kernel, stride, padding


def fits(name: str, shape: tuple, kernel, padding: tuple) -> None:
    if any(n + 2 * p < k for n, k, p in zip(shape[2:], kernel, padding, strict=True)):
        raise ValueError(
            f"{name}: a kernel of {tuple(kernel)} does not fit into images of shape {shape} "
            f"with padding {padding}"
        )
