"""Answers to 06 as people write them, right and wrong: (target, body or whole function).

Of each it is known what `tito test` says; the page must say the same.
"""

AVERAGES = "m = beta1 * m + (1 - beta1) * g\nv = beta2 * v + (1 - beta2) * g * g\n"
HATS = "m_hat = m / (1 - beta1**t)\nv_hat = v / (1 - beta2**t)\n"
MOVED = "return p - lr * m_hat / (np.sqrt(v_hat) + eps), m, v"
CHECKED = (
    "check('step', 'lr', learning_rate)\nif parameter.grad is None:\n    raise ValueError('none')\n"
)
BY_OPTIONS = "return amsgrad if group['amsgrad'] else rule"
RULES = "return nesterov if group['nesterov'] else heavy_ball"

WRONG = [
    # matrices
    ("gradient_descent", "return (p.flatten() - lr * g.flatten(),)"),
    ("gradient_descent", "return (p - lr * g.flatten(),)"),
    ("gradient_descent", "print(f'{p[0]:.3f}')\nreturn (p - lr * g,)"),
    ("gradient_descent", "assert p.ndim == 1\nreturn (p - lr * g,)"),
    (
        "gradient_descent",
        "out = np.zeros_like(p)\nfor i in range(p.size):\n    out[i] = p[i] - lr * g[i]\n"
        "return (out,)",
    ),
    ("adam", AVERAGES.replace("g * g", "(g * g).mean()") + HATS + MOVED),
    # one number, many, other numbers
    ("gradient_descent", "return (np.array([p[0] - lr * g[0], p[1] - lr * g[1]]),)"),
    ("gradient_descent", "n = int(lr * 1000)\nreturn (p - n / 1000 * g,)"),
    ("gradient_descent", "return (p - min(lr, 0.2) * g,)"),
    ("gradient_descent", "g = np.where(np.abs(g) > 1e-3, g, 0)\nreturn (p - lr * g,)"),
    (
        "heavy_ball",
        "b = momentum * b + (1 - dampening) * g\nif abs(b).max() > 2:\n    b = b * 0\n"
        "return p - lr * b, b",
    ),
    # many steps
    ("adam", AVERAGES + HATS.replace("**t", "**min(t, 10)") + MOVED),
    ("adam", AVERAGES + HATS + "if t > 30:\n    m_hat, v_hat = m, v\n" + MOVED),
    (
        "SGD.rule",
        f"if group['momentum'] == 0 or self.steps > 20:\n    return gradient_descent\n{RULES}",
    ),
    # in place, through a part or another shape of the same array
    ("gradient_descent", "q = p[:]\nq -= lr * g\nreturn (q,)"),
    ("gradient_descent", "q = p[0:1]\nq -= lr * g[0:1]\nreturn (p - lr * g,)"),
    ("gradient_descent", "q = p.reshape(-1)\nq -= lr * g.reshape(-1)\nreturn (p,)"),
    ("heavy_ball", "b = b[:]\nb *= momentum\nb += (1 - dampening) * g\nreturn p - lr * b, b"),
    # kinds of numbers
    ("gradient_descent", "return (p - lr * g.astype(int),)"),
    ("gradient_descent", "return (p - lr * g.astype('float16'),)"),
    # names that nobody imported
    ("StepLR.factor", "return self.gamma ** math.floor(t / self.step_size)"),
    ("gradient_descent", "return (itertools.chain(p - lr * g),)"),
    # what is given, and not to be called
    (
        "heavy_ball",
        "b = nesterov(p, g, b, lr=lr, momentum=momentum, dampening=dampening)[1]\n"
        "return p - lr * b, b",
    ),
    (
        "adam",
        "return amsgrad(p, g, m, v, v * 0, t=t, lr=lr, beta1=beta1, beta2=beta2, eps=eps)[:3]",
    ),
    # groups
    (
        "SGD.rule",
        "group = self.param_groups[0]\nif group['momentum'] == 0:\n    return gradient_descent\n"
        + RULES,
    ),
    ("SGD.rule", f"if self.momentum == 0:\n    return gradient_descent\n{RULES}"),
    ("SGD.rule", f"group['momentum'] = 0.9\n{RULES}"),
    (
        "SGD.rule",
        f"group.pop('lr')\nif group['momentum'] == 0:\n    return gradient_descent\n{RULES}",
    ),
    (
        "SGD.rule",
        "if not hasattr(self, 'kept'):\n    self.kept = group['lr']\nkept = self.kept\n"
        "def rule(p, g, *, lr):\n    return (p - kept * g,)\n"
        f"if group['momentum'] == 0:\n    return rule\n{RULES}",
    ),
    ("Adam.rule", "return amsgrad if self.param_groups[-1]['amsgrad'] else adam"),
    # constructors
    ("Momentum.__init__", "super().__init__(params, lr, momentum, weight_decay=False, **kwargs)"),
    ("Momentum.__init__", "super().__init__(params, lr, momentum, weight_decay=0.1)"),
    ("Momentum.__init__", "super().__init__(params, lr, momentum, nesterov=0, **kwargs)"),
    ("Momentum.__init__", "super().__init__(params, lr, momentum, maximize=True)"),
    ("Momentum.__init__", "super().__init__(set(params), lr, momentum, **kwargs)"),
    ("Momentum.__init__", "super().__init__(params[0], lr, momentum, **kwargs)"),
    ("Momentum.__init__", "self.lr = lr\nsuper().__init__(params, lr, momentum, **kwargs)"),
    (
        "Momentum.__init__",
        "super().__init__(params, lr, momentum, **kwargs)\nself.state = {}",
    ),
    (
        "Momentum.__init__",
        "for p in params:\n    p.grad = None\nsuper().__init__(params, lr, momentum, **kwargs)",
    ),
    (
        "Momentum.__init__",
        "def __init__(self, params, *args, **kwargs):\n"
        "    super().__init__(params, *args, **kwargs)",
    ),
    (
        "Momentum.__init__",
        "def __init__(self, params, lr=1e-3, momentum=0.0, **kwargs):\n"
        "    super().__init__(params, lr, momentum, **kwargs)",
    ),
    (
        "Momentum.__init__",
        "def __init__(self, params, step=1e-3, momentum=0.9, **kwargs):\n"
        "    super().__init__(params, step, momentum, **kwargs)",
    ),
    # schedules
    ("StepLR.factor", "return np.array([self.gamma ** (t // self.step_size)])"),
    (
        "StepLR.factor",
        "if t == 0:\n    self.f = 1.0\nelif t % self.step_size == 0:\n    self.f *= self.gamma\n"
        "return self.f",
    ),
    (
        "StepLR.factor",
        "for group in self.optimizer.param_groups:\n    group['lr'] = -1\n"
        "return self.gamma ** (t // self.step_size)",
    ),
    ("StepLR.factor", "return self.declared['gamma'] ** (t // self.step_size)"),
]

RIGHT = [
    ("gradient_descent", "return (p - lr * g).reshape(p.shape),"),
    ("gradient_descent", "return (p - lr * g.T.T,)"),
    ("gradient_descent", "return (p - np.full(p.shape, lr) * g,)"),
    ("gradient_descent", "return ((new := p - lr * g),)"),
    (
        "gradient_descent",
        "out = np.zeros_like(p)\nfor i in range(len(p)):\n    out[i] = p[i]\n"
        "    out[i] -= lr * g[i]\nreturn (out,)",
    ),
    ("gradient_descent_step", CHECKED + "parameter.data += -learning_rate * parameter.grad"),
    (
        "gradient_descent_step",
        CHECKED + "for i, x in enumerate(parameter.grad.data):\n"
        "    parameter.data[i] -= learning_rate * x",
    ),
    (
        "heavy_ball",
        "b = momentum * b.flatten() + (1 - dampening) * g.flatten()\n"
        "return p - lr * b.reshape(p.shape), b.reshape(p.shape)",
    ),
    (
        "SGD.rule",
        "lr = group['lr']\ndef rule(p, g, *, momentum):\n    return (p - lr * g,)\n"
        f"if group['momentum'] == 0:\n    return rule\n{RULES}",
    ),
    ("Momentum.__init__", "super().__init__(params, lr, momentum, maximize=False)"),
    ("Momentum.__init__", "super().__init__(params, lr, momentum, engine=None, **kwargs)"),
    (
        "Momentum.__init__",
        "super().__init__(params, learning_rate=lr, momentum=momentum, **kwargs)",
    ),
    (
        "Momentum.__init__",
        "super().__init__([{'params': list(params), 'lr': lr, 'momentum': momentum, **kwargs}])",
    ),
    (
        "Momentum.__init__",
        "def __init__(self, params, *args, **kwargs):\n"
        "    kwargs.setdefault('momentum', 0.9)\n    super().__init__(params, *args, **kwargs)",
    ),
    (
        "Momentum.__init__",
        "def __init__(self, params, learning_rate=1e-3, beta=0.9, **kwargs):\n"
        "    super().__init__(params, learning_rate, beta, **kwargs)",
    ),
    (
        "adam",
        AVERAGES + HATS + "step = lr * m_hat / (np.sqrt(v_hat) + eps)\n"
        "step[np.abs(step) < 1e-12] = 0\nreturn p - step, m, v",
    ),
    ("adam", "import math\n" + AVERAGES + HATS.replace("beta1**t", "math.pow(beta1, t)") + MOVED),
    (
        "Adam.rule",
        "b1, b2 = group['betas']\ndef rule(p, g, m, v, *, t, lr, eps):\n"
        "    return adam(p, g, m, v, t=t, lr=lr, beta1=b1, beta2=b2, eps=eps)\n"
        f"if group['amsgrad'] == 'corrected':\n    return amsgrad_corrected\n{BY_OPTIONS}",
    ),
    ("StepLR.factor", "return np.array(self.gamma ** (t // self.step_size))"),
    (
        "StepLR.factor",
        "if t < self.step_size:\n    return 1\nreturn self.gamma * self.factor(t - self.step_size)",
    ),
]
