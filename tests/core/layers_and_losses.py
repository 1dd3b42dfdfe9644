"""Every layer, activation and loss, with its weights as inputs of the case."""

import numpy as np

from tests.core.cases import add, numbers
from tinytorch import nn


def F(torch):
    return torch.nn.functional


def with_weights(layer, *names):
    """The layer as a function of its input and its weights."""

    def function(x, *weights):
        for name, weight in zip(names, weights, strict=True):
            setattr(layer, name, weight)
        return layer(x)

    return function


# Layers

WITH_PADDING = np.array([[1, 1, 4], [4, 0, 2]])
for shape in ((4, 3), (2, 2, 3), (3,), (0, 3)):
    add(
        "Linear",
        f"{shape}",
        with_weights(nn.Linear(3, 3), "weight", "bias"),
        lambda torch, x, w, b: F(torch).linear(x, w.T, b),
        numbers(shape),
        numbers((3, 3), salt=1),
        numbers((3,), salt=2),
    )
add(
    "Linear",
    "without bias",
    with_weights(nn.Linear(3, 2, bias=False), "weight"),
    lambda torch, x, w: F(torch).linear(x, w.T),
    numbers((4, 3)),
    numbers((3, 2), salt=1),
)
for stride, padding in ((1, 1), ((2, 1), (0, 1))):
    add(
        "Conv2d",
        f"stride={stride} padding={padding}",
        with_weights(nn.Conv2d(2, 3, (3, 2), stride, padding), "weight", "bias"),
        lambda torch, x, w, b, s=stride, p=padding: F(torch).conv2d(x, w, b, s, p),
        numbers((2, 2, 4, 4)),
        numbers((3, 2, 3, 2), salt=1),
        numbers((3,), salt=2),
    )
add(
    "MaxPool2d",
    "",
    nn.MaxPool2d(3, 1, 1),
    lambda torch, x: F(torch).max_pool2d(x, 3, 1, 1),
    numbers((2, 1, 4, 4)),
)
for shape, size in (((2, 3, 5, 7), (2, 3)), ((1, 2, 3, 4), 1), ((2, 1, 2, 2), (3, 5))):
    add(
        "AdaptiveAvgPool2d",
        f"{shape} to {size}",
        nn.AdaptiveAvgPool2d(size),
        lambda torch, x, size=size: F(torch).adaptive_avg_pool2d(x, size),
        numbers(shape),
    )
for shape in ((2, 2, 3), (4,), (0, 3)):
    add(
        "Flatten",
        f"{shape}",
        nn.Flatten(),
        lambda torch, x: x.flatten(1) if x.ndim > 1 else x[:, None],
        numbers(shape),
    )
add(
    "Dropout",
    "eval",
    nn.Dropout(0.5).eval(),
    lambda torch, x: F(torch).dropout(x, 0.5, False),
    numbers((3, 3)),
)
add("Dropout", "p=0", nn.Dropout(0), lambda torch, x: F(torch).dropout(x, 0.0), numbers((3, 3)))
add("Dropout", "p=1", nn.Dropout(1), lambda torch, x: F(torch).dropout(x, 1.0), numbers((3, 3)))
for over, shape in (((3,), (3, 3)), ((3, 4), (2, 3, 4)), ((4,), (2, 3, 4)), ((3,), (3,))):
    add(
        "LayerNorm",
        f"{over} of {shape}",
        with_weights(nn.LayerNorm(over, eps=1e-3), "weight", "bias"),
        lambda torch, x, w, b, over=over: F(torch).layer_norm(x, over, w, b, 1e-3),
        numbers(shape),
        numbers(over, salt=1),
        numbers(over, salt=2),
    )
add(
    "LayerNorm",
    "not affine",
    nn.LayerNorm(3, affine=False),
    lambda torch, x: F(torch).layer_norm(x, (3,)),
    numbers((3, 3)),
)
for make, name, shape in (
    (nn.BatchNorm1d, "BatchNorm1d", (3, 3)),
    (nn.BatchNorm1d, "BatchNorm1d", (2, 3, 4)),
    (nn.BatchNorm2d, "BatchNorm2d", (2, 3, 3, 3)),
):
    for training in (True, False):
        layer = make(3, eps=1e-3).train(training)
        if not training:
            layer.load_state_dict(
                layer.state_dict()
                | {"running_mean": [0.25, -0.5, 0.75], "running_var": [0.5, 1.5, 2.0]}
            )

        def theirs(torch, x, w, b, training=training):
            mean = torch.tensor([0.25, -0.5, 0.75], dtype=x.dtype)
            variance = torch.tensor([0.5, 1.5, 2.0], dtype=x.dtype)
            return F(torch).batch_norm(x, mean, variance, w, b, training, eps=1e-3)

        add(
            name,
            f"{shape} " + ("train" if training else "eval"),
            with_weights(layer, "weight", "bias"),
            theirs,
            numbers(shape),
            numbers((3,), salt=1),
            numbers((3,), salt=2),
        )
add(
    "BatchNorm1d",
    "not affine",
    nn.BatchNorm1d(3, affine=False),
    lambda torch, x: F(torch).batch_norm(x, None, None, training=True),
    numbers((3, 3)),
)
add(
    "Embedding",
    "",
    lambda w: with_weights(nn.Embedding(5, 3), "weight")(np.array([[1, 1], [4, 0]]), w),
    lambda torch, w: F(torch).embedding(torch.tensor([[1, 1], [4, 0]]), w),
    numbers((5, 3)),
)
add(
    "Embedding",
    "padding_idx=-1",
    lambda w: with_weights(nn.Embedding(5, 3, padding_idx=-1), "weight")(WITH_PADDING, w),
    lambda torch, w: F(torch).embedding(torch.tensor(WITH_PADDING), w, padding_idx=-1),
    numbers((5, 3)),
    smooth=False,  # the row that stands for nothing is read, and has no gradient
)
add(
    "Sequential",
    "",
    lambda x, w: nn.Sequential(nn.Tanh(), lambda x: x @ w, nn.ReLU())(x),
    lambda torch, x, w: torch.relu(torch.tanh(x) @ w),
    numbers((3, 3)),
    numbers((3, 3), salt=1),
)

# Activations

for ours, theirs in (
    (nn.ReLU(), "relu"),
    (nn.LeakyReLU(0.1), lambda torch, x: F(torch).leaky_relu(x, 0.1)),
    (nn.Tanh(), "tanh"),
    (nn.Sigmoid(), "sigmoid"),
    (nn.SiLU(), "silu"),
    (nn.GELU(), "gelu"),
    (nn.Mish(), "mish"),
    (nn.SELU(), "selu"),
    (nn.Softsign(), "softsign"),
    (nn.Hardtanh(-0.6, 0.8), lambda torch, x: F(torch).hardtanh(x, -0.6, 0.8)),
    (nn.GELU("tanh"), lambda torch, x: F(torch).gelu(x, approximate="tanh")),
    (nn.Softmax(), lambda torch, x: x.softmax(-1)),
    (nn.Softmax(0), lambda torch, x: x.softmax(0)),
    (nn.LogSoftmax(0), lambda torch, x: x.log_softmax(0)),
):
    if isinstance(theirs, str):
        theirs = lambda torch, x, name=theirs: getattr(F(torch), name)(x)  # noqa: E731
    add(type(ours).__name__, f"{ours!r}", ours, theirs, numbers((3, 3)))
add("ReLU6", "", nn.ReLU6(), lambda torch, x: F(torch).relu6(x), numbers((4, 3), -9, 15))
add(
    "ReLU6",
    "at the bounds",
    nn.ReLU6(),
    lambda torch, x: F(torch).relu6(x),
    np.array([-1.0, 0.0, 3.0, 6.0, 7.0]),
    smooth=False,
)
for shape, count in (((4, 3), 1), ((4, 3), 3), ((2, 3, 2, 2), 3), ((3,), 1)):
    add(
        "PReLU",
        f"{shape} {count}",
        with_weights(nn.PReLU(count), "weight"),
        lambda torch, x, w: F(torch).prelu(x, w),
        numbers(shape),
        numbers((count,), salt=1),
    )
for axis, detail in ((1, ""), (0, "first axis")):
    add(
        "cosine_similarity",
        detail,
        lambda x, y, a=axis: nn.functional.cosine_similarity(x, y, dim=a),
        lambda torch, x, y, a=axis: F(torch).cosine_similarity(x, y, dim=a),
        numbers((3, 4)),
        numbers((3, 4), salt=1),
    )
add(
    "LeakyReLU",
    "at zero",
    nn.LeakyReLU(0.1),
    lambda torch, x: F(torch).leaky_relu(x, 0.1),
    np.array([0.0, -1.0, 1.0]),
    smooth=False,
)

# Losses

LABELS = np.array([2, 0, 2, 1])
FAR = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4], [1e4, 1e4, 1e4], [0.0, -1e4, -1e4]])
PROBABILITIES = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 0.6, 0.4], [0.25, 0.5, 0.25]])
for reduction in ("mean", "sum", "none"):
    for logits, smooth in ((numbers((4, 3)), True), (FAR, False)):
        far = "" if smooth else " far out"
        for smoothing in (0.0, 0.1, 1.0):
            detail = f"{reduction} label_smoothing={smoothing}{far}"
            loss = nn.CrossEntropyLoss(reduction=reduction, label_smoothing=smoothing)
            options = {"reduction": reduction, "label_smoothing": smoothing}
            add(
                "CrossEntropyLoss",
                f"indices {detail}",
                lambda z, loss=loss: loss(z, LABELS),
                lambda torch, z, o=options: F(torch).cross_entropy(z, torch.tensor(LABELS), **o),
                logits,
                smooth=smooth,
            )
            add(
                "CrossEntropyLoss",
                f"probabilities {detail}",
                lambda z, loss=loss: loss(z, PROBABILITIES),
                lambda torch, z, o=options: F(torch).cross_entropy(
                    z, torch.tensor(PROBABILITIES), **o
                ),
                logits,
                smooth=smooth,
            )
        add(
            "BCEWithLogitsLoss",
            reduction + far,
            nn.BCEWithLogitsLoss(reduction=reduction),
            lambda torch, x, y, r=reduction: F(torch).binary_cross_entropy_with_logits(
                x, y, reduction=r
            ),
            logits,
            numbers((4, 3), 0.01, 0.99, salt=1),
            smooth=smooth,
        )
        add(
            "MSELoss",
            reduction + far,
            nn.MSELoss(reduction=reduction),
            lambda torch, x, y, r=reduction: F(torch).mse_loss(x, y, reduction=r),
            logits,
            numbers((4, 3), salt=1),
            smooth=smooth,
        )
# The targets' gradient: softmax makes rows that sum to 1, also where they are shifted
add(
    "CrossEntropyLoss",
    "learned probabilities",
    lambda z, t: nn.CrossEntropyLoss(label_smoothing=0.1)(z, t.softmax()),
    lambda torch, z, t: F(torch).cross_entropy(z, t.softmax(1), label_smoothing=0.1),
    numbers((3, 3)),
    numbers((3, 3), salt=1),
)

# The losses' other arguments, and the losses that have a function of the same name here and there

PER_CLASS = np.array([0.5, 2.0, 0.0])
for reduction in ("mean", "sum", "none"):
    for detail, own in (
        ("weight", {"weight": PER_CLASS}),
        ("ignore_index", {"ignore_index": 2}),
        ("weight ignore_index", {"weight": PER_CLASS + 0.1, "ignore_index": 1}),
        ("weight label_smoothing", {"weight": PER_CLASS, "label_smoothing": 0.2}),
        ("all three", {"weight": PER_CLASS, "ignore_index": 0, "label_smoothing": 0.2}),
    ):
        for name, shape, labels in (
            ("cross_entropy", (4, 3), LABELS),
            ("cross_entropy", (2, 3, 2), LABELS.reshape(2, 2)),
            ("nll_loss", (4, 3), LABELS),
        ):
            if name == "nll_loss" and "label_smoothing" in own:
                continue
            add(
                "CrossEntropyLoss" if name == "cross_entropy" else "NLLLoss",
                f"{detail} {reduction} {shape}",
                lambda z, n=name, t=labels, o=own, r=reduction: getattr(nn.functional, n)(
                    z, t, reduction=r, **o
                ),
                lambda torch, z, n=name, t=labels, o=own, r=reduction: getattr(F(torch), n)(
                    z,
                    torch.tensor(t),
                    reduction=r,
                    **{k: torch.tensor(v) if k == "weight" else v for k, v in o.items()},
                ),
                numbers(shape),
            )
    for name, kind, options in (
        ("l1_loss", "L1Loss", {}),
        ("huber_loss", "HuberLoss", {"delta": 0.7}),
        ("smooth_l1_loss", "SmoothL1Loss", {"beta": 0.7}),
        ("binary_cross_entropy", "BCELoss", {"weight": PER_CLASS}),
        ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss", {"pos_weight": PER_CLASS}),
        ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss", {"weight": PER_CLASS}),
    ):
        inner = kind == "BCELoss"
        add(
            kind,
            f"{reduction} {[*options]}",
            lambda x, y, k=kind, o=options, r=reduction: getattr(nn, k)(reduction=r, **o)(x, y),
            lambda torch, x, y, n=name, o=options, r=reduction: getattr(F(torch), n)(
                x,
                y,
                reduction=r,
                **{k: torch.tensor(v) if "weight" in k else v for k, v in o.items()},
            ),
            numbers((4, 3), 0.1, 0.9) if inner else numbers((4, 3)),
            numbers((4, 3), 0.01, 0.99, salt=1),
        )
add(
    "CrossEntropyLoss",
    "probabilities in space, weight",
    lambda z, t: nn.CrossEntropyLoss(weight=PER_CLASS)(z, t.softmax(1)),
    lambda torch, z, t: F(torch).cross_entropy(z, t.softmax(1), weight=torch.tensor(PER_CLASS)),
    numbers((2, 3, 2)),
    numbers((2, 3, 2), salt=1),
)
add("ELU", "", nn.ELU(0.7), lambda torch, x: F(torch).elu(x, 0.7), numbers((3, 3)))
add("Softplus", "", nn.Softplus(), lambda torch, x: F(torch).softplus(x), numbers((3, 3)))
add("LogSigmoid", "", nn.LogSigmoid(), lambda torch, x: F(torch).logsigmoid(x), numbers((3, 3)))
add(
    "AvgPool2d",
    "",
    nn.AvgPool2d(2),
    lambda torch, x: F(torch).avg_pool2d(x, 2),
    numbers((1, 2, 4, 4)),
)
add(
    "attention",
    "causal",
    lambda q, k, v: nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True),
    lambda torch, q, k, v: F(torch).scaled_dot_product_attention(q, k, v, is_causal=True),
    numbers((2, 3, 4)),
    numbers((2, 3, 4), salt=1),
    numbers((2, 3, 2), salt=2),
)
add(
    "normalize",
    "",
    nn.functional.normalize,
    lambda torch, x: F(torch).normalize(x),
    numbers((3, 3)),
)
add(
    "layer_norm",
    "",
    lambda x, w, b: nn.functional.layer_norm(x, (3,), w, b),
    lambda torch, x, w, b: F(torch).layer_norm(x, (3,), w, b),
    numbers((2, 3)),
    numbers((3,), salt=1),
    numbers((3,), salt=2),
)
add(
    "pad",
    "as PyTorch",
    lambda x: nn.functional.pad(x, (1, 0, 2, 1), value=0.5),
    lambda torch, x: F(torch).pad(x, (1, 0, 2, 1), value=0.5),
    numbers((2, 3, 3)),
)
add(
    "linear",
    "as PyTorch",
    nn.functional.linear,
    lambda torch, x, w, b: F(torch).linear(x, w, b),
    numbers((2, 3)),
    numbers((4, 3), salt=1),
    numbers((4,), salt=2),
)
