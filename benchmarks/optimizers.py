"""One optimizer step beside PyTorch, optax and the memory's bandwidth.

    python -m benchmarks.optimizers             everything
    python -m benchmarks.optimizers 10k 1M      only these sizes

Each contender lives in a process of its own, with its own threads and its own tensors, and
times itself; they take turns. "memory" is a compiled loop that reads and writes as many arrays
of that size as the step has to, and computes next to nothing: no step that leaves every array
in memory can be faster.
"""

import functools
import multiprocessing
import sys
from time import perf_counter

import numpy as np

from benchmarks import THREADS
from benchmarks.timing import measure, save, show, table

SHAPES = {
    "10k": [(10_000,)],
    "1M": [(1_000_000,)],
    "10M": [(10_000_000,)],
    "100M": [(100_000_000,)],
    "200 x 128x128": [(128, 128)] * 200,
    "2000 x 8x8": [(8, 8)] * 2000,
}
RULES = {  # arguments in PyTorch's words, and how many arrays of state there are
    "Adam": ({"lr": 1e-3}, 2),
    "SGD with momentum": ({"lr": 1e-3, "momentum": 0.9}, 1),
    "Lion": ({"lr": 1e-4}, 1),
}


# The contenders: each makes a function that takes one step


def memory(rule, shapes):
    import numba

    def one(g, p, m):
        for i in numba.prange(g.size):
            p[i] += g[i]
            m[i] += g[i]

    def two(g, p, m, v):
        for i in numba.prange(g.size):
            p[i] += g[i]
            m[i] += g[i]
            v[i] += g[i]

    n = sum(int(np.prod(shape)) for shape in shapes)
    add = numba.njit(parallel=n > 32_768)(one if RULES[rule][1] == 1 else two)
    return functools.partial(add, *[np.ones(n, np.float32) for _ in range(2 + RULES[rule][1])])


def tinytorch(rule, shapes, engine):
    from tinytorch import Tensor, optim
    from tinytorch.optim.engines import threads

    threads.HELPERS = THREADS - 1
    rng = np.random.default_rng(0)
    params = [Tensor(rng.random(shape, np.float32), requires_grad=True) for shape in shapes]
    for p in params:
        p.grad = Tensor(rng.random(p.shape, np.float32))
    return getattr(optim, rule.split()[0])(params, **RULES[rule][0], engine=engine).step


def textbook(rule, shapes):
    """As in most blog posts: an expression a line, every result a new array."""
    rng = np.random.default_rng(0)
    params = [rng.random(shape, np.float32) for shape in shapes]
    grads = [rng.random(shape, np.float32) for shape in shapes]
    ms, vs = ([np.zeros(shape, np.float32) for shape in shapes] for _ in range(2))
    lr, beta1, beta2, eps, t = 1e-3, 0.9, 0.999, 1e-8, 0

    def adam():
        nonlocal t
        t += 1
        for i, g in enumerate(grads):
            ms[i] = beta1 * ms[i] + (1 - beta1) * g
            vs[i] = beta2 * vs[i] + (1 - beta2) * g**2
            m_hat = ms[i] / (1 - beta1**t)
            v_hat = vs[i] / (1 - beta2**t)
            params[i] = params[i] - lr * m_hat / (np.sqrt(v_hat) + eps)

    def momentum():
        for i, g in enumerate(grads):
            ms[i] = 0.9 * ms[i] + g
            params[i] = params[i] - lr * ms[i]

    def lion():
        for i, g in enumerate(grads):
            params[i] = params[i] - lr * np.sign(0.9 * ms[i] + 0.1 * g)
            ms[i] = 0.99 * ms[i] + 0.01 * g

    return {"Adam": adam, "SGD with momentum": momentum, "Lion": lion}[rule]


def pytorch(rule, shapes, **how):
    import torch

    torch.set_num_threads(THREADS)
    params = [torch.rand(shape, requires_grad=True) for shape in shapes]
    for p in params:
        p.grad = torch.rand(p.shape)
    return getattr(torch.optim, rule.split()[0])(params, **RULES[rule][0], **how).step


def optax(rule, shapes):
    import jax
    import optax

    options = dict(RULES[rule][0])
    transform = getattr(optax, rule.split()[0].lower())(options.pop("lr"), **options)
    rng = np.random.default_rng(0)
    params, grads = ([jax.numpy.asarray(rng.random(s, np.float32)) for s in shapes] for _ in "pg")
    state = transform.init(params)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def update(params, state, grads):
        updates, state = transform.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    def step():
        nonlocal params, state
        params, state = update(params, state, grads)
        jax.block_until_ready(params)

    return step


CONTENDERS = {  # what is compared closely comes close after one another
    "PyTorch fused": functools.partial(pytorch, fused=True),
    "tinytorch fused": functools.partial(tinytorch, engine="fused"),
    "memory": memory,
    "optax": optax,
    "PyTorch foreach": functools.partial(pytorch, foreach=True),
    "PyTorch": pytorch,
    "tinytorch blocked": functools.partial(tinytorch, engine="blocked"),
    "tinytorch whole": functools.partial(tinytorch, engine="whole"),
    "textbook NumPy": textbook,
}
LARGEST = ("PyTorch fused", "tinytorch fused", "memory")  # at 100M, where the rest would not fit


# Taking turns


def work(pipe, name: str) -> None:
    """A contender's process, until it is told to stop.

    Asked for (rule, shapes), it makes its step, and answers whether it has what that needs. Asked
    for the "time", it answers with the seconds of the best of some steps in a row: the best, since
    other processes of the machine can only add to it. A step before these is not timed: it wakes
    the threads and fills the caches.
    """
    step, repeats = None, 0
    for task in iter(pipe.recv, "stop"):
        if task == "time":
            step()
            seconds = []
            for _ in range(repeats):
                start = perf_counter()
                step()
                seconds.append(perf_counter() - start)
            pipe.send(min(seconds))
            continue
        step = None  # the arrays of the last one go before those of the next are made
        try:
            step = CONTENDERS[name](*task)
        except ImportError:
            pipe.send(False)
            continue
        step()
        start = perf_counter()
        step()
        repeats = max(3, min(100, int(0.02 / (perf_counter() - start))))
        pipe.send(True)


def compare(pipes: dict, rule: str, size: str) -> dict:
    """The table of one rule at one size, beside the memory's bandwidth, and what is aimed at."""
    names = [
        name
        for name in (LARGEST if size == "100M" else CONTENDERS)
        if rule != "Lion" or not name.startswith("PyTorch")  # it has none
    ]
    for name in names:
        pipes[name].send((rule, SHAPES[size]))
    ready = {name: pipes[name] for name in names if pipes[name].recv()}

    def ask(pipe):
        pipe.send("time")
        return pipe.recv()

    tasks = {name: functools.partial(ask, pipe) for name, pipe in ready.items()}
    times = measure(tasks, rounds=9 if size == "100M" else 15, warmups=1)
    return table(f"{rule}, {size}", times, "memory", aims(size))


def aims(size: str):
    yield "tinytorch fused", "PyTorch fused", 0.9
    if size in ("10M", "100M"):
        yield "tinytorch fused", "memory", 1 / 0.85
    if size in ("1M", "10M"):
        yield "tinytorch blocked", "PyTorch", 1.0
    if size == "10M":
        yield "tinytorch blocked", "textbook NumPy", 1 / 3


def main(sizes) -> None:
    spawn = multiprocessing.get_context("spawn")
    pipes = {}
    for name in CONTENDERS:
        pipes[name], other = spawn.Pipe()
        spawn.Process(target=work, args=(other, name), daemon=True).start()
    results = []
    for size in sizes or SHAPES:
        for rule in RULES:
            results.append(compare(pipes, rule, size))
            show(results[-1])
    for pipe in pipes.values():
        pipe.send("stop")
    if not sizes:
        save("optimizers", results=results)


if __name__ == "__main__":
    main(sys.argv[1:])
