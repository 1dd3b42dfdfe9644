"""What people ask about the subject, and what should be among the first three: page, or section.

The questions are those of the subject's question sites, in their words.
"""

O, F, T, A = "book/optimizers/", "book/foundations/", "book/training/", "book/appendices/"

QUERIES = {
    # step size
    "learning rate too large": O + "gradient-descent",
    "loss goes up instead of down": [T + "07_training", O + "gradient-descent", A + "mistakes"],
    "loss becomes nan": [T + "07_training", F + "04_losses#the-logarithm-of-nothing"],
    "how to find a good learning rate": O + "schedules#looking-for-the-peak",
    "learning rate finder": O + "schedules#looking-for-the-peak",
    "condition number slow convergence": O + "gradient-descent",
    # schedules
    "cosine": O + "schedules",
    "cosine annealing": O + "schedules",
    "warmup": O + "schedules#why-begin-small",
    "why do transformers need warm-up": [
        O + "schedules#why-begin-small",
        O + "curvature#warm-up-again",
    ],
    "step decay scheduler": [O + "06_optimizers#step-5-a-schedule-steplr", O + "schedules"],
    "reduce learning rate on plateau": [O + "schedules", A + "api-reference"],
    # momentum
    "heavy ball method": [O + "momentum", A + "glossary#term-momentum"],
    "how to choose momentum": O + "momentum#the-best-setting",
    "nesterov momentum pytorch formula": [A + "conventions#three-momenta", O + "momentum-limits"],
    "sgd with momentum does not converge": O + "momentum-limits",
    # Adam and its relatives
    "bias correction": O + "adam",
    "epsilon in adam": [O + "adam", A + "conventions"],
    "rmsprop": O + "adam#rmsprop-forget",
    "adagrad": O + "adam#adagrad-divide-by-all-gradients-so-far",
    "adam diverges": O + "when-adam-fails",
    "amsgrad": [O + "when-adam-fails#amsgrad", A + "api-reference"],
    "beta2 too small": O + "when-adam-fails",
    "adam vs sgd generalization": [O + "06_optimizers", T + "choosing", T + "claims"],
    "adam vs adamw": O + "weight-decay",
    "l2 regularization and weight decay are not the same": O + "weight-decay",
    "which optimizer should I use": T + "choosing",
    # newer ones
    "lion learning rate": O + "modern#lion-s-learning-rate",
    "muon orthogonalized momentum": O + "modern#muon-every-direction-moves-by",
    "shampoo preconditioner": O + "modern#shampoo-six-years-earlier",
    "training without a schedule": O + "modern",
    "8-bit optimizer": O + "memory#state-in-eight-bits",
    "how much memory does adam need": O + "memory#sixteen-bytes-a-parameter",
    "adafactor": [O + "memory", A + "api-reference"],
    # surfaces
    "saddle point": O + "landscapes#the-saddle",
    "stuck in local minimum": O + "landscapes#a-field-of-pits",
    "edge of stability": O + "curvature",
    "hessian eigenvalue sharpness": O + "curvature",
    # batches
    "batch size and learning rate": [O + "stochastic", O + "transfer"],
    "mup learning rate transfer": O + "transfer",
    "square root scaling": O + "transfer",
    "why does the loss stop decreasing with sgd noise": O + "stochastic",
    "gradient accumulation": T + "07_training#more-than-fits-into-memory",
    # training
    "gradient clipping": [
        T + "07_training#one-bad-batch",
        T + "07_training#a-bound-on-the-gradient",
    ],
    "early stopping": T + "07_training#when-to-stop",
    "save and resume training optimizer state": T + "07_training#stop-and-go-on",
    "compare optimizers fairly": T + "choosing",
    "how many random seeds": T + "choosing",
    # foundations
    "vanishing gradients": F + "02_activations#twenty-in-a-row",
    "dying relu": F + "02_activations",
    "softmax overflow": F + "02_activations#where-the-textbook-s-formula-breaks",
    "he initialization": F + "03_layers",
    "why not initialize weights to zero": F + "03_layers",
    "cross entropy or mse for classification": F + "04_losses#why-not-squares-for-everything",
    "backpropagation": [F + "05_autograd", A + "glossary#term-autograd"],
    "gradient check finite differences": F + "05_autograd#trust-but-check",
    "zero_grad": [F + "05_autograd", O + "06_optimizers", A + "api-reference"],
    "broadcasting shapes": F + "01_tensor",
    # the book itself
    "pytorch and keras differences": A + "conventions",
    "how fast compared to pytorch": A + "benchmarks",
    "install": "book/tito#get-it",
    "hint for the exercise": "book/tito",
    "grade my class": A + "grade",
    "what does eta mean": A + "notation",
    "mometum": O + "momentum",
}
