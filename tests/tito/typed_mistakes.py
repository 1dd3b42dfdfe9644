"""The known mistakes of 06's answers as they are typed: {target: {name: what is put in its place}}.

A text replaces the whole body of the package's answer; pairs replace parts of it.
"""

import ast

A = "m = beta1 * m + (1 - beta1) * g"
B = "v = beta2 * v + (1 - beta2) * g * g"
M_HAT, V_HAT = "m / (1 - beta1**t)", "v / (1 - beta2**t)"
MOVE = "p - lr * m_hat / (np.sqrt(v_hat) + eps)"
ROLL = "b = momentum * b + (1 - dampening) * g"

TYPED = {
    "gradient_descent": {
        "uphill": [("p - lr", "p + lr")],
        "lr ignored": [("lr * g", "g")],
        "lr typed in": [("lr * g", "0.01 * g")],
        "sign of the gradient only": [("lr * g", "lr * np.sign(g)")],
        "old value forgotten": [("p - lr * g", "-lr * g")],
        "divided by lr": [("lr * g", "g / lr")],
        "nothing stored": [("p - lr * g", "p")],
        "p is changed in place": "p -= lr * g\nreturn (p,)",
        "the step is relative to p": [("p - lr * g", "p * (1 - lr * g)")],
        "the gradient is normalized": "size = np.sqrt((g * g).sum()) + 1e-12\n"
        "return (p - lr * g / size,)",
        "half of the step": [("lr * g", "lr * g / 2")],
        "32 bits are kept": "p, g = p.astype(np.float32), g.astype(np.float32)\n"
        "return (p - lr * g,)",
    },
    "gradient_descent_step": {
        "the gradient is cleared": "check('step', 'lr', learning_rate)\n"
        "if parameter.grad is None:\n    raise ValueError('no gradient')\n"
        "parameter.data = parameter.data - learning_rate * "
        "parameter.grad.data\nparameter.grad = None",
        "no gradient is passed over": "if parameter.grad is None:\n    return\n"
        'check("step", "lr", learning_rate)\n'
        "(parameter.data,) = gradient_descent(parameter.data, parameter.grad.data, "
        "lr=learning_rate)",
        "no gradient is passed over, and lr is not checked": "if parameter.grad is not None:\n"
        "    parameter.data = parameter.data - learning_rate * parameter.grad.data",
        "lr is not checked": "if parameter.grad is None:\n    raise ValueError('no gradient')\n"
        "parameter.data = parameter.data - learning_rate * parameter.grad.data",
        "nothing is checked": "parameter.data = parameter.data - learning_rate * "
        "parameter.grad.data",
        "a missing gradient is not checked": "if learning_rate < 0 or not "
        "np.isfinite(learning_rate):\n    raise ValueError('lr')\n"
        "parameter.data -= learning_rate * parameter.grad.data",
        "lr = 0 is refused": "if parameter.grad is None or not 0 < learning_rate < np.inf:\n"
        "    raise ValueError('lr must be positive')\n"
        "parameter.data = parameter.data - learning_rate * parameter.grad.data",
        "uphill": "check('step', 'lr', learning_rate)\nif parameter.grad is None:\n"
        "    raise ValueError('no gradient')\n"
        "parameter.data = parameter.data + learning_rate * parameter.grad.data",
        "lr ignored": "check('step', 'lr', learning_rate)\nif parameter.grad is None:\n"
        "    raise ValueError('no gradient')\n"
        "parameter.data = parameter.data - parameter.grad.data",
    },
    "SGD.rule": {
        "never heavy_ball": "return gradient_descent",
        "nesterov is ignored": 'return heavy_ball if group["momentum"] else gradient_descent',
    },
    "heavy_ball": {
        "velocity reversed": [(ROLL, "b = (1 - dampening) * g - momentum * b")],
        "velocity uphill": [("p - lr", "p + lr")],
        "lr twice": [("* g", "* lr * g")],
        "velocity averaged": [("(1 - dampening)", "(1 - momentum)")],
        "velocity forgotten": "return p - lr * (1 - dampening) * g, b",
        "old velocity used": f"old = b\n{ROLL}\nreturn p - lr * old, b",
        "momentum on the gradient": [(ROLL, "b = b + momentum * (1 - dampening) * g")],
        "momentum on both": [(ROLL, "b = momentum * (b + (1 - dampening) * g)")],
        "p and b exchanged": [("p - lr * b, b", "b, p - lr * b")],
        "Nesterov instead": [("lr * b, b", "lr * (g + momentum * b), b")],
        "momentum typed in": [("momentum * b", "0.9 * b")],
        "b is changed in place": "b *= momentum\nb += (1 - dampening) * g\nreturn p - lr * b, b",
        "the dampening is ignored": [("(1 - dampening) * g", "g")],
        "the dampening is not complemented": [("(1 - dampening)", "dampening")],
        "the weights are exchanged": [(ROLL, "b = (1 - momentum) * b + momentum * g")],
        "divided by one minus momentum": [("lr * b,", "lr * b / (1 - momentum),")],
        "momentum and lr are exchanged": [("momentum * b", "lr * b"), ("p - lr", "p - momentum")],
        "the velocity only fades": [(" + (1 - dampening) * g", "")],
        "32 bits are kept": f"p, g, b = (a.astype(np.float32) for a in (p, g, b))\n{ROLL}\n"
        "return p - lr * b, b",
    },
    "Momentum.__init__": {
        "lr and momentum are exchanged": "super().__init__(params, momentum, lr, **kwargs)",
        "lr is typed in": "super().__init__(params, 0.001, momentum, **kwargs)",
        "momentum is typed in": "super().__init__(params, lr, 0.9, **kwargs)",
        "momentum is not handed on": "super().__init__(params, lr, **kwargs)",
    },
    "adam": {
        "no bias correction": [(M_HAT, "m"), (V_HAT, "v")],
        "only m corrected": [(V_HAT, "v")],
        "only v corrected": [(M_HAT, "m")],
        "correction frozen": [("beta1**t", "beta1"), ("beta2**t", "beta2")],
        "t starts at 0": [("beta1**t", "beta1**(t - 1)"), ("beta2**t", "beta2**(t - 1)")],
        "t starts at 2": [("beta1**t", "beta1**(t + 1)"), ("beta2**t", "beta2**(t + 1)")],
        "β times t": [("beta1**t", "beta1 * t"), ("beta2**t", "beta2 * t")],
        "corrections exchanged": [(M_HAT, "m / (1 - beta2**t)"), (V_HAT, "v / (1 - beta1**t)")],
        "corrected averages stored": [("m_hat", "m"), ("v_hat", "v")],
        "averages not kept": [(A, "m0, v0 = m, v\n" + A), ("eps), m, v", "eps), m0, v0")],
        "m and v exchanged": [("eps), m, v", "eps), v, m")],
        "ε inside the root": [("np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)")],
        "ε before the correction": [
            (MOVE, "p - lr * m_hat * np.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)")
        ],
        "no ε": [("(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat)")],
        "betas exchanged": [(A, "beta1, beta2 = beta2, beta1\n" + A)],
        "betas typed in": [(A, "beta1, beta2 = 0.9, 0.999\n" + A)],
        "no root": [("np.sqrt(v_hat)", "v_hat")],
        "v averages the gradient": [("* g * g", "* g")],
        "v averages |g|": [("* g * g", "* abs(g)")],
        "m sums": [(A, "m = beta1 * m + g")],
        "v sums": [(B, "v = beta2 * v + g**2")],
        "gradient instead of m": [("lr * m_hat", "lr * g")],
        "not divided by √v": [("m_hat / (np.sqrt(v_hat) + eps)", "m_hat")],
        "uphill": [("p - lr", "p + lr")],
        "lr typed in": [("p - lr", "p - 0.001")],
        "divided by βᵗ": [("(1 - beta1**t)", "beta1**t"), ("(1 - beta2**t)", "beta2**t")],
        "multiplied by the correction": [("m / (", "m * ("), ("v / (", "v * (")],
        "β₁ in both corrections": [("beta2**t", "beta1**t")],
        "β₂ in both corrections": [("beta1**t", "beta2**t")],
        "the correction of v is outside the root": [
            (V_HAT, "v"), ("np.sqrt(v_hat)", "np.sqrt(v_hat) / (1 - beta2**t)")
        ],
        "the correction lags a step behind": [
            (A, "s = max(t - 1, 1)\n" + A), ("beta1**t", "beta1**s"), ("beta2**t", "beta2**s")
        ],
        "β₁ everywhere": [("beta2", "beta1")],
        "β₂ everywhere": [("beta1", "beta2")],
        "β₁ in the average of squares": [(B, "v = beta1 * v + (1 - beta1) * g * g")],
        "β₂ in the average of gradients": [(A, "m = beta2 * m + (1 - beta2) * g")],
        "the weights of m are exchanged": [(A, "m = (1 - beta1) * m + beta1 * g")],
        "the weights of v are exchanged": [(B, "v = (1 - beta2) * v + beta2 * g * g")],
        "the weights of m and v are exchanged": [
            (A, "m = (1 - beta1) * m + beta1 * g"), (B, "v = (1 - beta2) * v + beta2 * g * g")
        ],
        "m̂ and v̂ are those of before": f"m_hat, v_hat = {M_HAT}, {V_HAT}\n{A}\n{B}\n"
        f"return {MOVE}, m, v",
        "v averages the square of m": [("* g * g", "* m * m")],
        "v continues m": [("beta2 * v", "beta2 * m")],
        "m continues v": [("beta1 * m", "beta1 * v")],
        "one v for the whole tensor": [("* g * g", "* np.sum(g * g)")],
        "a parenthesis is missing: ε is added to p": [
            ("(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat) + eps")
        ],
        "a parenthesis is missing: ε is added to the quotient": [
            (MOVE, "p - lr * (m_hat / np.sqrt(v_hat) + eps)")
        ],
        "ε is added to m̂": [(MOVE, "p - lr * (m_hat + eps) / np.sqrt(v_hat)")],
        "ε is squared": [("+ eps)", "+ eps * eps)")],
        "ε is typed in": [("+ eps)", "+ 1e-8)")],
        "β₁ is typed in": [("beta1", "0.9")],
        "β₂ is typed in": [("beta2", "0.999")],
        "multiplied by √v": [("m_hat / (", "m_hat * (")],
        "the sign of m̂ only": [("m_hat / (np.sqrt(v_hat) + eps)", "np.sign(m_hat)")],
        "the square of the gradient in m": [("(1 - beta1) * g", "(1 - beta1) * g * g")],
        "old value forgotten": [("p - lr", "-lr")],
        "lr ignored": [("p - lr * m_hat", "p - m_hat")],
        "lr divided by √t": [("p - lr", "p - lr / np.sqrt(t)")],
        "lr divided by t": [("p - lr", "p - lr / t")],
        "m and v are changed in place": [
            (A, "m *= beta1\nm += (1 - beta1) * g"), (B, "v *= beta2\nv += (1 - beta2) * g * g")
        ],
        "32 bits are kept": [
            (A, "p, g, m, v = (a.astype(np.float32) for a in (p, g, m, v))\n" + A)
        ],
    },
    "Adam.rule": {
        "amsgrad is ignored": "return adam",
        '"corrected" is taken for True': 'return amsgrad if group["amsgrad"] else adam',
        "the two AMSGrads are exchanged": 'names = {False: adam, True: amsgrad_corrected}\n'
        'return names.get(group["amsgrad"], amsgrad)',
    },
    "StepLR.factor": {
        "a step early": [("(t //", "((t + 1) //")],
        "a step late": [("(t //", "(max(t - 1, 0) //")],
        "at once": [("self.step_size)", "self.step_size + 1)")],
        "period too long": [("self.step_size)", "(self.step_size + 1))")],
        "every step": [("(t // self.step_size)", "t")],
        "no whole division": [("//", "/")],
        "once only": "return self.gamma if t >= self.step_size else 1.0",
        "compounded": "return self.gamma ** sum(i // self.step_size for i in range(t + 1))",
        "γ times the count": "if t < self.step_size:\n    return 1.0\n"
        "return self.gamma * (t // self.step_size)",
        "γ subtracted": "return max(1 - (1 - self.gamma) * (t // self.step_size), 0.0)",
        "divided by γ": [("** (", "** -(")],
        "rounded up": "return self.gamma ** np.ceil(t / self.step_size)",
        "rounded to the nearest": "return self.gamma ** round(t / self.step_size)",
        "only while t is a multiple": "if t and t % self.step_size == 0:\n"
        "    return self.gamma\nreturn 1.0",
        "only while t is a multiple, 0 too": "if t % self.step_size == 0:\n"
        "    return self.gamma\nreturn 1.0",
        "base and exponent are exchanged": "return (t // self.step_size) ** self.gamma",
        "γ times the count, from the start": "return self.gamma * (t // self.step_size)",
        "% in the place of //": [("//", "%")],
        "γ is typed in": [("self.gamma", "0.1")],
        "step_size is ignored": "return self.gamma if t >= 1 else 1.0",
    },
}  # fmt: skip


# The steps of the page, and the answers that each asks for
STEPS = [
    ["gradient_descent", "gradient_descent_step"],
    ["SGD.rule"],
    ["heavy_ball", "Momentum.__init__"],
    ["adam", "Adam.rule"],
    ["StepLR.factor"],
]


def typed(target: str, name: str, answer: str) -> str:
    """The package's answer with this mistake in it."""
    change = TYPED[target][name]
    head, body = split(answer)
    if isinstance(change, str):
        return head + set_in(change)
    lines = "\n".join(line.removeprefix("    ") for line in body.splitlines())
    for right, wrong in change:
        assert right in lines, (target, name, right)
        lines = lines.replace(right, wrong)
    return head + set_in(lines)


def split(answer: str) -> tuple[str, str]:
    """The head of a function, its docstring included, and its body."""
    first = ast.parse(answer).body[0]
    at = first.body[1 if ast.get_docstring(first) is not None else 0].lineno - 1
    lines = answer.splitlines(keepends=True)
    return "".join(lines[:at]), "".join(lines[at:])


def set_in(body: str) -> str:
    return "".join(f"    {line}\n" for line in body.splitlines())
