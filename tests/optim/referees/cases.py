"""What is compared with whom, beyond PyTorch's own configurations."""

from typing import NamedTuple

VECTORS = [(), (7,), (3, 4)]
TENSORS = [*VECTORS, (2, 3, 4)]
SQUARES = [(4, 4), (6, 6)]
MATRICES = [(4, 4), (6, 3), (3, 5)]

# Shapes that an optimizer is tried on, where they are not VECTORS.
SHAPES = {
    "Adafactor": TENSORS,
    "Muon": MATRICES,
    "MuonAdamW": [*MATRICES, (), (7,)],
    "Shampoo": SQUARES,
    "SOAP": SQUARES,
}


class Case(NamedTuple):
    """One of ours, a configuration, and the referee: a library (or "formula"), its name and
    its words for the same configuration; and whether the learning rate falls on the way."""

    name: str
    kwargs: dict
    library: str
    theirs: str
    their_kwargs: dict
    falls: bool = False


CASES = [
    Case("Momentum", dict(), "torch", "SGD", dict(momentum=0.9)),
    Case("Nesterov", dict(lr=0.01), "torch", "SGD", dict(lr=0.01, momentum=0.9, nesterov=True)),
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
    Case("RMSprop", dict(lr=0.02, momentum=0.8), "torch", "RMSprop", dict(lr=0.02, momentum=0.8)),
    Case(
        "RMSprop",
        dict(lr=0.01, alpha=0.9, eps=1e-3, momentum=0.9, eps_in_sqrt=True),
        "optax",
        "rmsprop",
        dict(learning_rate=0.01, eps=1e-3, momentum=0.9),
    ),
    Case(
        "RMSprop",
        dict(lr=0.01, alpha=0.9, eps=1e-3, centered=True, eps_in_sqrt=True),
        "optax",
        "rmsprop",
        dict(learning_rate=0.01, eps=1e-3, centered=True),
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
    Case(
        "Adan",
        dict(lr=0.01),
        "formula",
        "adan",
        dict(lr=0.01, beta1=0.98, beta2=0.92, beta3=0.99, epsilon=1e-8, decay=0.0),
    ),
    Case(
        "Adan",
        dict(lr=0.03, betas=(0.9, 0.8, 0.95), eps=1e-3, weight_decay=0.2),
        "formula",
        "adan",
        dict(lr=0.03, beta1=0.9, beta2=0.8, beta3=0.95, epsilon=1e-3, decay=0.2),
    ),
    Case(
        "Adan",
        dict(lr=0.03, betas=(0.9, 0.8, 0.95), eps=1e-3, weight_decay=0.2),
        "pytorch_optimizer",
        "Adan",
        dict(lr=0.03, betas=(0.9, 0.8, 0.95), eps=1e-3, weight_decay=0.2, weight_decouple=False),
    ),
    Case("ADOPT", dict(lr=0.1), "optax", "adopt", dict(learning_rate=0.1, b1=0.9, b2=0.9999)),
    Case(
        "ADOPT",
        dict(lr=0.1, betas=(0.8, 0.95), eps=1e-2),
        "optax",
        "adopt",
        dict(learning_rate=0.1, b1=0.8, b2=0.95, eps=1e-2),
    ),
    Case("AdEMAMix", dict(lr=0.01), "optax", "ademamix", dict(learning_rate=0.01)),
    Case(
        "AdEMAMix",
        dict(lr=0.01, betas=(0.8, 0.95, 0.99), alpha=3.0, t_alpha_beta3=30.0, weight_decay=0.3),
        "pytorch_optimizer",
        "AdEMAMix",
        dict(
            lr=0.01,
            betas=(0.8, 0.95, 0.99),
            alpha=3.0,
            t_alpha_beta3=30.0,
            weight_decay=0.3,
            weight_decouple=True,
        ),
    ),
    Case("MARS", dict(eps=0.0), "pytorch_optimizer", "MARS", dict(eps=0.0, optimize_1d=True)),
    Case(
        "MARS",
        dict(lr=0.01, betas=(0.8, 0.9), gamma=0.5, eps=0.0, weight_decay=0.3),
        "pytorch_optimizer",
        "MARS",
        dict(lr=0.01, betas=(0.8, 0.9), gamma=0.5, eps=0.0, weight_decay=0.3, optimize_1d=True),
    ),
    Case(
        "CautiousAdam",
        dict(lr=0.01, weight_decay=0.1),
        "formula",
        "cautious",
        dict(lr=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8, joined=0.1, apart=0.0),
    ),
    Case(
        "CautiousAdamW",
        dict(lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3),
        "formula",
        "cautious",
        dict(lr=0.05, beta1=0.8, beta2=0.95, epsilon=1e-3, joined=0.0, apart=0.3),
    ),
    Case(
        "CautiousLion",
        dict(lr=0.05, betas=(0.8, 0.95), weight_decay=0.3),
        "formula",
        "cautious_lion",
        dict(lr=0.05, beta1=0.8, beta2=0.95, apart=0.3),
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
    Case(
        "SGDScheduleFree",
        dict(lr=0.5),
        "schedulefree",
        "SGDScheduleFree",
        dict(lr=0.5),
    ),
    Case(
        "SGDScheduleFree",
        dict(lr=0.1, momentum=0.7, weight_decay=0.1, warmup_steps=20, r=1.0, weight_lr_power=1.5),
        "schedulefree",
        "SGDScheduleFree",
        dict(lr=0.1, momentum=0.7, weight_decay=0.1, warmup_steps=20, r=1.0, weight_lr_power=1.5),
    ),
    Case(
        "AdamWScheduleFree",
        dict(lr=0.05),
        "schedulefree",
        "AdamWScheduleFree",
        dict(lr=0.05),
    ),
    Case(
        "AdamWScheduleFree",
        dict(lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3, warmup_steps=20, r=1.0),
        "schedulefree",
        "AdamWScheduleFree",
        dict(lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3, warmup_steps=20, r=1.0),
    ),
    Case("SGDScheduleFree", dict(lr=0.5), "optax", "schedule_free_sgd", dict(learning_rate=0.5)),
    Case(
        "AdamWScheduleFree",
        dict(lr=0.05),
        "optax",
        "schedule_free_adamw",
        dict(learning_rate=0.05),
    ),
    Case("Prodigy", dict(), "prodigyopt", "Prodigy", dict()),
    Case(
        "Prodigy",
        dict(
            lr=0.5,
            betas=(0.8, 0.95),
            beta3=0.9,
            weight_decay=0.1,
            d0=1e-3,
            use_bias_correction=True,
        ),
        "prodigyopt",
        "Prodigy",
        dict(
            lr=0.5,
            betas=(0.8, 0.95),
            beta3=0.9,
            weight_decay=0.1,
            d0=1e-3,
            use_bias_correction=True,
        ),
    ),
    Case(
        "Prodigy",
        dict(lr=0.5, weight_decay=0.1, decouple=False, safeguard_warmup=True, d0=1e-3, d_coef=2.0),
        "prodigyopt",
        "Prodigy",
        dict(lr=0.5, weight_decay=0.1, decouple=False, safeguard_warmup=True, d0=1e-3, d_coef=2.0),
    ),
    Case(
        "Prodigy",
        dict(betas=(0.5, 0.99), growth_rate=1.1, d0=1e-2),
        "prodigyopt",
        "Prodigy",
        dict(betas=(0.5, 0.99), growth_rate=1.1, d0=1e-2),
    ),
    Case(
        "Muon",
        dict(lr=0.1, eps=0.0, weight_decay=0.1, bias_correction=True),
        "optax",
        "muon",
        dict(learning_rate=0.1, eps=0.0, weight_decay=0.1),
    ),
    Case(
        "Muon",
        dict(
            lr=0.1,
            eps=0.0,
            weight_decay=0.0,
            nesterov=False,
            bias_correction=True,
            adjust_lr_fn="match_rms_adamw",
        ),
        "optax",
        "muon",
        dict(learning_rate=0.1, eps=0.0, nesterov=False, consistent_rms=0.2),
    ),
    Case(
        "Muon",
        dict(lr=0.1, nesterov=False, adjust_lr_fn="match_rms_adamw"),
        "torch",
        "Muon",
        dict(lr=0.1, nesterov=False, adjust_lr_fn="match_rms_adamw"),
    ),
    Case(
        "MuonAdamW",
        dict(
            lr=0.01,
            adamw_lr=0.01,
            weight_decay=0.1,
            adamw_weight_decay=0.2,
            eps=0.0,
            adamw_eps=0.0,
            nesterov=False,
            bias_correction=True,
        ),
        "optax",
        "muon",
        dict(learning_rate=0.01, eps=0.0, weight_decay=0.1, adam_weight_decay=0.2, nesterov=False),
    ),
    Case(
        "SophiaG",
        dict(lr=0.01, betas=(0.9, 0.95), rho=0.5, bs=3, weight_decay=0.2),
        "formula",
        "sophia",
        dict(lr=0.01, beta1=0.9, beta2=0.95, rho=0.5, batch=3, decay=0.2),
    ),
    Case("Shampoo", dict(lr=0.1), "formula", "shampoo", dict(lr=0.1, epsilon=1e-4)),
    Case(
        "Shampoo",
        dict(lr=0.1, eps=0.1, weight_decay=0.2, precondition_frequency=7),
        "formula",
        "shampoo",
        dict(lr=0.1, epsilon=0.1, decay=0.2, every=7),
    ),
    Case(
        "SOAP",
        dict(lr=0.01, precondition_frequency=3),
        "formula",
        "soap",
        dict(lr=0.01, beta1=0.95, beta2=0.95, beta=0.95, epsilon=1e-8, decay=0.01, every=3),
    ),
    Case(
        "SOAP",
        dict(lr=0.01, betas=(0.8, 0.9), shampoo_beta=0.7, eps=1e-3, weight_decay=0.2),
        "formula",
        "soap",
        dict(lr=0.01, beta1=0.8, beta2=0.9, beta=0.7, epsilon=1e-3, decay=0.2, every=10),
    ),
    # Keras has every option that is its default, under another name.
    Case(
        "SGD", dict(lr=0.01, momentum=0.9), "keras", "SGD", dict(learning_rate=0.01, momentum=0.9)
    ),
    Case(
        "Adagrad",
        dict(lr=0.01, eps=1e-7, initial_accumulator_value=0.1, eps_in_sqrt=True),
        "keras",
        "Adagrad",
        dict(learning_rate=0.01),
    ),
    Case(
        "RMSprop",
        dict(lr=0.01, alpha=0.9, eps=1e-7, eps_in_sqrt=True),
        "keras",
        "RMSprop",
        dict(learning_rate=0.01),
    ),
    Case(
        "Adadelta",
        dict(lr=1.0, rho=0.95, eps=1e-7),
        "keras",
        "Adadelta",
        dict(learning_rate=1.0),
    ),
    Case(
        "NAdam",
        dict(lr=0.01, momentum_decay=1.0, eps=1e-7),
        "keras",
        "Nadam",
        dict(learning_rate=0.01),
    ),
    Case("Lion", dict(lr=0.01), "keras", "Lion", dict(learning_rate=0.01)),
    Case(
        "AdamWScheduleFree",
        dict(lr=0.05, warmup_steps=20, weight_lr_power=0.0),
        "keras",
        "ScheduleFreeAdamW",
        dict(learning_rate=0.05, warmup_steps=20),
    ),
]

# Where a library has another form than ours: what it does at the same values, and the measured
# difference, stand in the book.
DISAGREEMENTS = [
    (
        "AMSGrad keeps the largest v̂, not the largest v",
        Case("Adam", dict(lr=0.01, amsgrad=True), "optax", "amsgrad", dict(learning_rate=0.01)),
    ),
    (
        "Adagrad starts v at 0.1 and has ε = 1e-7 under the root",
        Case("Adagrad", dict(lr=0.01), "optax", "adagrad", dict(learning_rate=0.01)),
    ),
    (
        "RMSprop has ε under the root",
        Case("RMSprop", dict(lr=0.01, alpha=0.9), "optax", "rmsprop", dict(learning_rate=0.01)),
    ),
    (
        "RMSprop has lr inside its velocity: it falls to a tenth halfway",
        Case(
            "RMSprop",
            dict(lr=0.01, alpha=0.9, momentum=0.9, eps_in_sqrt=True),
            "optax",
            "rmsprop",
            dict(learning_rate=0.01, momentum=0.9),
            falls=True,
        ),
    ),
    (
        "Adan looks ahead by 1 - β₂ of the change: the paper's β is 1 - ours, and optax's is ours",
        Case("Adan", dict(lr=0.01), "optax", "adan", dict(learning_rate=0.01, eps_root=0.0)),
    ),
    (
        "ADOPT clips to ±t^¼, a step ahead",
        Case("ADOPT", dict(lr=0.01), "pytorch_optimizer", "ADOPT", dict(lr=0.01)),
    ),
    (
        "MARS adds ε before the correction of v",
        Case(
            "MARS",
            dict(eps=1e-3),
            "pytorch_optimizer",
            "MARS",
            dict(eps=1e-3, optimize_1d=True),
        ),
    ),
    (
        "NAdam has a constant momentum",
        Case("NAdam", dict(lr=0.01), "optax", "nadam", dict(learning_rate=0.01)),
    ),
    (
        "RAdam adds ε after the correction of v and rectifies from ρ ≥ 5",
        Case("RAdam", dict(lr=0.01), "optax", "radam", dict(learning_rate=0.01)),
    ),
    (
        "Muon corrects both terms of its look-ahead for their zero start",
        Case(
            "Muon",
            dict(lr=0.01, eps=0.0, weight_decay=0.0),
            "optax",
            "muon",
            dict(learning_rate=0.01, eps=0.0),
        ),
    ),
    (
        "Muon rounds to bfloat16 before it makes the matrix orthogonal",
        Case("Muon", dict(lr=0.01), "torch_as_it_is", "Muon", dict(lr=0.01)),
    ),
    (
        "NAdam keeps the product of its momenta in float32",
        Case("NAdam", dict(lr=0.01), "torch_as_it_is", "NAdam", dict(lr=0.01)),
    ),
    (
        "Prodigy corrects m and v for their zero start",
        Case(
            "Prodigy",
            dict(lr=0.1, d0=1e-3),
            "optax",
            "prodigy",
            dict(learning_rate=0.1, estim_lr0=1e-3),
        ),
    ),
    (
        "Adafactor factors v only where rows and columns are at least 128",
        Case("Adafactor", dict(lr=0.01), "optax", "adafactor", dict(learning_rate=0.01)),
    ),
    (
        "LARS divides by ‖g‖ + λ‖p‖, not by ‖g + λp‖ (at lr = 0.5, λ = 0.3)",
        Case(
            "LARS",
            dict(lr=0.5, momentum=0.8, weight_decay=0.3, trust_coefficient=0.01),
            "formula",
            "lars",
            dict(lr=0.5, momentum=0.8, decay=0.3, trust=0.01),
        ),
    ),
    (
        "SGDScheduleFree begins its warm-up at 0, and weighs a step by the next one's lr",
        Case(
            "SGDScheduleFree",
            dict(lr=0.01, warmup_steps=20),
            "optax",
            "schedule_free_sgd",
            dict(learning_rate=0.01, warmup_steps=20),
        ),
    ),
    (
        "SGD has lr inside its velocity: it falls to a tenth halfway",
        Case(
            "SGD",
            dict(lr=0.01, momentum=0.9),
            "keras",
            "SGD",
            dict(learning_rate=0.01, momentum=0.9),
            falls=True,
        ),
    ),
    (
        "RMSprop has lr inside its velocity: it falls to a tenth halfway",
        Case(
            "RMSprop",
            dict(lr=0.01, alpha=0.9, eps=1e-7, momentum=0.9, eps_in_sqrt=True),
            "keras",
            "RMSprop",
            dict(learning_rate=0.01, momentum=0.9),
            falls=True,
        ),
    ),
    (
        "Adam adds ε before the correction of v, and ε = 1e-7",
        Case("Adam", dict(lr=0.01), "keras", "Adam", dict(learning_rate=0.01)),
    ),
    (
        "Adagrad starts v at 0.1 and has ε = 1e-7 under the root",
        Case("Adagrad", dict(lr=0.01), "keras", "Adagrad", dict(learning_rate=0.01)),
    ),
    (
        "RMSprop has ε under the root",
        Case("RMSprop", dict(lr=0.01, alpha=0.9), "keras", "RMSprop", dict(learning_rate=0.01)),
    ),
    (
        "Adamax adds ε outside the maximum",
        Case("Adamax", dict(lr=0.01), "keras", "Adamax", dict(learning_rate=0.01)),
    ),
    (
        "AdamWScheduleFree weighs all steps alike, those of the warm-up too",
        Case(
            "AdamWScheduleFree",
            dict(lr=0.01, warmup_steps=20),
            "keras",
            "ScheduleFreeAdamW",
            dict(learning_rate=0.01, warmup_steps=20),
        ),
    ),
    (
        "NAdam's momentum warms up with ψ = 1",
        Case("NAdam", dict(lr=0.01), "keras", "Nadam", dict(learning_rate=0.01)),
    ),
]
