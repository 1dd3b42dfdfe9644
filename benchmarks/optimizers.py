"""One optimizer step beside PyTorch, optax and the memory's bandwidth.

    python -m benchmarks.optimizers             everything
    python -m benchmarks.optimizers 10k 1M      only these sizes
    python -m benchmarks.optimizers in-situ     only steps amid matrix products: a few minutes

Each contender lives in a process of its own, with its own threads and its own tensors, and
times itself; they take turns. "memory" is a compiled loop that reads and writes as many arrays
of that size as the step has to, and computes next to nothing: no step that leaves every array
in memory can be faster.

In training no step follows another: forward and backward lie between them, and they leave other
arrays in the caches, and the threads of the optimizer asleep. So each step is timed once more in
situ, after some milliseconds of the library's own matrix products. NumPy's threads then watch for
the next product before they sleep, in the way of the optimizer's; "rested" tells them not to.
"""

import functools
import multiprocessing
import os
import sys
from statistics import median
from time import perf_counter, sleep

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
RESTED = "tinytorch fused, rested"
AT_ONCE = {"OPENBLAS_THREAD_TIMEOUT": "4"}  # cycles, a power of two, until OpenBLAS's threads sleep
IN_SITU = {  # what stands in a training like this, and who is compared there
    "rules": ("Adam", "SGD with momentum"),
    "sizes": ("10k", "1M", "10M", "200 x 128x128", "2000 x 8x8"),
    "names": (
        *("PyTorch fused", "tinytorch fused", RESTED, "memory"),
        *("PyTorch", "tinytorch blocked"),
    ),
}
SIDE, PRODUCTS = 384, 3e-3  # of the matrices, and seconds of their products before a step
REST = 0.1  # seconds after a turn in situ: threads that multiplied watch for work before they sleep


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
    RESTED: functools.partial(tinytorch, engine="fused"),
}
ALONE = [name for name in CONTENDERS if name != RESTED]  # where no products are in the way
LARGEST = ("PyTorch fused", "tinytorch fused", "memory")  # at 100M, where the rest would not fit


# Taking turns


def work(pipe, name: str) -> None:
    """A contender's process, until it is told to stop.

    Asked for (rule, shapes), it makes its step, and answers whether it has what that needs. Then,
    asked for the "time", it answers with the seconds of the best of some steps in a row: the best,
    since other processes of the machine can only add to it. A step before these is not timed: it
    wakes the threads and fills the caches. Asked for the time "in situ", it multiplies matrices
    before each step, and answers with the median: how soon the threads come is part of the time.
    """
    step, repeats = None, 0
    for task in iter(pipe.recv, "stop"):
        if task == "time":
            step()
            pipe.send(min(seconds_of(step, repeats)))
            continue
        if task == "in situ":
            seconds = seconds_of(step, min(repeats, 20), multiplying(name))
            sleep(REST)
            pipe.send(median(seconds))
            continue
        step = None  # the arrays of the last one go before those of the next are made
        try:
            step = CONTENDERS[name](*task)
        except ImportError:
            pipe.send(False)
            continue
        step()
        repeats = max(3, min(100, int(0.02 / seconds_of(step, 1)[0])))
        pipe.send(True)


def seconds_of(step, repeats: int, before=None) -> list[float]:
    seconds = []
    for _ in range(repeats):
        if before:
            before()
        start = perf_counter()
        step()
        seconds.append(perf_counter() - start)
    return seconds


@functools.cache
def multiplying(name: str):
    """What keeps the processors at matrix products for a while, as this contender makes them."""
    if name.startswith("PyTorch"):
        import torch

        a, b, out = (torch.ones(SIDE, SIDE) for _ in "abc")
        multiply = functools.partial(torch.mm, a, b, out=out)
    else:
        a, b, out = (np.ones((SIDE, SIDE), np.float32) for _ in "abc")
        multiply = functools.partial(np.matmul, a, b, out=out)

    def products():
        end = perf_counter() + PRODUCTS
        while perf_counter() < end:
            multiply()

    return products


def compare(pipes: dict, rule: str, size: str, how: str = "time") -> dict:
    """The table of one rule at one size, beside the memory's bandwidth, and what is aimed at."""
    every = LARGEST if size == "100M" else IN_SITU["names"] if how == "in situ" else ALONE
    names = [name for name in every if rule != "Lion" or not name.startswith("PyTorch")]
    for name in names:
        pipes[name].send((rule, SHAPES[size]))
    ready = [name for name in names if pipes[name].recv()]

    def ask(name):
        pipes[name].send("time" if name == "memory" else how)  # nothing disturbs a limit
        return pipes[name].recv()

    tasks = {name: functools.partial(ask, name) for name in ready}
    times = measure(tasks, rounds=9 if size == "100M" else 15, warmups=1)
    return table(f"{rule}, {size}", times, "memory", aims(size))


def aims(size: str):
    yield "tinytorch fused", "PyTorch fused", 0.9
    yield RESTED, "PyTorch fused", 0.9
    if size in ("10M", "100M"):
        yield "tinytorch fused", "memory", 1 / 0.85
    if size in ("1M", "10M"):
        yield "tinytorch blocked", "PyTorch", 1.0
    if size == "10M":
        yield "tinytorch blocked", "textbook NumPy", 1 / 3


def compared(pipes: dict, rules, sizes, how: str) -> list[dict]:
    results = []
    for size in sizes:
        for rule in rules:
            results.append(compare(pipes, rule, size, how))
            show(results[-1])
    return results


def main(arguments) -> None:
    spawn = multiprocessing.get_context("spawn")
    pipes = {}
    for name in CONTENDERS:
        pipes[name], other = spawn.Pipe()
        os.environ |= AT_ONCE if name == RESTED else {}  # it is the last one, and inherits this
        spawn.Process(target=work, args=(other, name), daemon=True).start()
    if arguments != ["in-situ"]:
        results = compared(pipes, RULES, arguments or SHAPES, "time")
        if not arguments:
            save("optimizers", results=results)
    if arguments in ([], ["in-situ"]):
        print(f"\nIn situ: each step after {1e3 * PRODUCTS:g} ms of matrix products")
        results = compared(pipes, IN_SITU["rules"], IN_SITU["sizes"], "in situ")
        save("in-situ", milliseconds=1e3 * PRODUCTS, side=SIDE, results=results)
    for pipe in pipes.values():
        pipe.send("stop")


if __name__ == "__main__":
    main(sys.argv[1:])
