"""Kernels that need not start: each page's is forked from a process that has imported everything.

Starting Python and importing IPython, NumPy, matplotlib and the package takes longer than the cells
of most pages. On Linux one process does it when the first cells are to run, and every page's kernel
is a copy of that process, in which no cell has run; it writes down what the cells reach, where it
was told to (`BOOK_SEEN`). Elsewhere, where a process that has loaded the system's libraries cannot
safely be copied, each kernel starts in the ordinary way, and what its cells reach is not known.
"""

import contextlib
import gc
import importlib.util
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading

NEEDED = (  # not pyplot: it looks for the kernel's shell when it is imported
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.core.completer",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "matplotlib.font_manager",
    "numpy.random",
)
SEEN = "BOOK_SEEN"
OURS = ("tinytorch.data", "tinytorch.nn", "tinytorch.optim", "tinytorch.training")


class Forked:
    """A kernel's process, as its provisioner sees it: a Popen that is no child of ours."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int):
        self.pid = pid

    def poll(self) -> int | None:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self) -> int:
        return 0  # asked for when poll has said that it ended

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class Nursery:
    """The process that kernels are forked from; it ends when this one does."""

    def __init__(self, environment: dict[str, str]):
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env=environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self.stream = ours.makefile("rw", encoding="utf-8")
        ours.close()
        self.one = threading.Lock()

    def fork(self, command: list[str], folder: str, seen: str | None) -> Forked:
        arguments = command[command.index("ipykernel_launcher") + 1 :]
        with self.one:
            self.stream.write(json.dumps([arguments, folder, seen]) + "\n")
            self.stream.flush()
            answer = self.stream.readline()
        if not answer:
            raise RuntimeError(f"the process that kernels are forked from has ended: {command}")
        return Forked(int(answer))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.stream.close()
        self.process.wait()


def manager(environment: dict[str, str]):
    """A class of kernel managers for nbclient, and what ends what they have in common."""
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning import LocalProvisioner

    if sys.platform != "linux":
        return AsyncKernelManager, lambda: None
    nursery = Nursery(environment)

    class Forking(LocalProvisioner):
        async def launch_kernel(self, cmd, **kwargs):
            self.process = nursery.fork(cmd, kwargs["cwd"], kwargs["env"].get(SEEN))
            self.pid = self.pgid = self.process.pid
            return self.connection_info

    class Manager(AsyncKernelManager):
        async def _async_pre_start_kernel(self, **kwargs):
            self.provisioner = Forking(
                kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
            )
            return await super()._async_pre_start_kernel(**kwargs)

    return Manager, nursery.close


def watching():
    """What notes the cells' reach: of the package that they import; None if they have none."""
    import witness

    package = importlib.util.find_spec("tinytorch")
    if package is None or package.origin is None:
        return None
    return witness.Witness(os.path.dirname(package.origin))


def become_kernel(watch, before, arguments: list[str], folder: str, seen: str | None) -> None:
    os.setsid()
    os.chdir(folder)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ends_with = f"--IPKernelApp.parent_handle={os.getppid()}"
    sys.argv = ["ipykernel_launcher", *arguments]
    from ipykernel.kernelapp import IPKernelApp

    kernel = IPKernelApp.instance()
    kernel.initialize([*arguments, ends_with])
    if watch:
        watch.begin()
    kernel.start()
    if watch and seen:
        watch.write(seen, before)


def load(names: tuple[str, ...]) -> None:
    for name in names:
        with contextlib.suppress(ImportError):  # the cell that needs it will say so
            importlib.import_module(name)


def draw() -> None:
    """What is loaded and made at the first drawing, and at no other."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans"}):
        figure = Figure(layout="constrained")
        figure.subplots().set(xscale="log", yscale="log", xlabel="$t$", ylabel="loss")
        for kind in ("svg", "png"):
            figure.savefig(io.BytesIO(), format=kind)


def tend(stream) -> None:
    """Fork a kernel for every line; end when the other side has."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the build
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a kernel's exit status
    load(NEEDED)
    with contextlib.suppress(ImportError):
        draw()
    watch = watching()
    if watch:
        watch.begin()
    load(() if os.environ.get("TINYTORCH_EXPORTS") else OURS)
    before = watch.seen() if watch else None
    gc.collect()
    gc.freeze()  # what every kernel has from here is no garbage of a page's
    gc.set_threshold(20_000, 20, 20)  # and little else that is waits for its collector
    for line in stream:
        pid = os.fork()
        if pid == 0:
            stream.close()
            try:
                become_kernel(watch, before, *json.loads(line))
            finally:
                sys.stdout.flush()
                os._exit(0)
        stream.write(f"{pid}\n")
        stream.flush()


if __name__ == "__main__":
    import witness  # noqa: F401  while it can be found

    del sys.path[0]  # the folder of this file, which no cell has in its path
    connection = socket.socket(fileno=int(sys.argv[1]))
    tend(connection.makefile("rw", encoding="utf-8"))
