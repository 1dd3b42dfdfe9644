"""Who sits before the screen: a bar to watch, and Ctrl-C."""

import contextlib
import signal
import sys
import threading


@contextlib.contextmanager
def interruptible():
    """Within the block the first Ctrl-C only sets the event that is yielded.

    So a step is never left half done. Elsewhere than in the main thread, and where the program
    has a handler of its own, nothing is changed.
    """
    asked = threading.Event()

    def handler(signum, frame):
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, handler)
    try:
        yield asked
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def progress_bar(loader, epochs: int, accumulate: int, show: bool | None):
    """A context that gives a bar, or None where nobody would see it."""
    if show is None:
        show = sys.stderr.isatty() or "ipykernel" in sys.modules
        absent = ImportError
    else:
        absent = ()
    if show:
        with contextlib.suppress(absent):
            from tqdm import tqdm

            total = epochs * -(-len(loader) // accumulate) if hasattr(loader, "__len__") else None
            return tqdm(total=total, unit="step", delay=1, leave=False)
    return contextlib.nullcontext()
