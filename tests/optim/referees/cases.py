"""What is compared with whom, beyond PyTorch's own configurations."""

from typing import NamedTuple

VECTORS = [(), (7,), (3, 4)]
TENSORS = [*VECTORS, (2, 3, 4)]
SQUARES = [(4, 4), (6, 6)]
MATRICES = [(4, 4), (6, 3), (3, 5)]

# Shapes that an optimizer is tried on, where they are not VECTORS.
SHAPES = {"Adafactor": TENSORS, "Muon": MATRICES, "Shampoo": SQUARES, "SOAP": SQUARES}


class Case(NamedTuple):
    """One of ours, a configuration, and the referee: a library (or "formula"), its name and
    its words for the same configuration."""

    name: str
    kwargs: dict
    library: str
    theirs: str
    their_kwargs: dict


CASES = [
    Case(
        "Adam",
        dict(lr=0.1, amsgrad="corrected"),
        "optax",
        "amsgrad",
        dict(learning_rate=0.1),
    ),
    Case(
        "Adagrad",
        dict(lr=0.1, eps=1e-7, initial_accumulator_value=0.1, eps_in_sqrt=True),
        "optax",
        "adagrad",
        dict(learning_rate=0.1),
    ),
    Case(
        "RMSprop",
        dict(lr=0.01, alpha=0.9, eps=1e-3, eps_in_sqrt=True),
        "optax",
        "rmsprop",
        dict(learning_rate=0.01, eps=1e-3),
    ),
    Case(
        "RMSprop",
        dict(lr=0.01, alpha=0.9, momentum=0.9, centered=True, eps_in_sqrt=True),
        "optax",
        "rmsprop",
        dict(learning_rate=0.01, momentum=0.9, centered=True),
    ),
    Case("Lion", dict(lr=0.01), "optax", "lion", dict(learning_rate=0.01, weight_decay=0.0)),
    Case(
        "Lion",
        dict(lr=0.01, betas=(0.8, 0.95), weight_decay=0.3),
        "optax",
        "lion",
        dict(learning_rate=0.01, b1=0.8, b2=0.95, weight_decay=0.3),
    ),
    Case("LAMB", dict(lr=0.01), "optax", "lamb", dict(learning_rate=0.01)),
    Case(
        "LAMB",
        dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3),
        "optax",
        "lamb",
        dict(learning_rate=0.01, b1=0.8, b2=0.95, eps=1e-3, weight_decay=0.3),
    ),
    Case("LARS", dict(lr=0.5), "optax", "lars", dict(learning_rate=0.5)),
    Case(
        "LARS",
        dict(lr=0.5, momentum=0.8, weight_decay=0.3, trust_coefficient=0.01, eps=0.1),
        "optax",
        "lars",
        dict(learning_rate=0.5, momentum=0.8, weight_decay=0.3, trust_coefficient=0.01, eps=0.1),
    ),
]
