"""Ctrl-C, so that nothing is left half done."""

import contextlib
import signal
import threading

try:  # what `signal` wraps to make enumerations of handlers, which costs twenty times as much
    from _signal import getsignal as _get_handler
    from _signal import signal as _set_handler
except ImportError:
    _get_handler, _set_handler = signal.getsignal, signal.signal
_SIGINT = int(signal.SIGINT)
_MAIN = threading.main_thread()


def _ours() -> bool:
    """Whether Ctrl-C would raise KeyboardInterrupt here: in the main thread of a program that has
    no handler of its own."""
    return (
        threading.get_ident() == _MAIN.ident and _get_handler(_SIGINT) is signal.default_int_handler
    )


class deferred:
    """Within the block Ctrl-C waits for the block's end: what it does is done whole."""

    __slots__ = ("asked", "ours")

    def __enter__(self):
        self.asked, self.ours = False, _ours()
        if self.ours:
            _set_handler(_SIGINT, self._note)

    def _note(self, signum, frame):
        self.asked = True

    def __exit__(self, *error):
        if self.ours:
            _set_handler(_SIGINT, signal.default_int_handler)
            if self.asked:
                raise KeyboardInterrupt


@contextlib.contextmanager
def interruptible():
    """Within the block the first Ctrl-C only sets the event that is yielded; the second one raises.

    Elsewhere than in the main thread, and where the program has a handler of its own, nothing is
    changed.
    """
    asked = threading.Event()

    def handler(signum, frame):
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    ours = _ours()
    if ours:
        _set_handler(_SIGINT, handler)
    try:
        yield asked
    finally:
        if ours:
            _set_handler(_SIGINT, signal.default_int_handler)
