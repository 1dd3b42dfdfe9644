"""Who sits before the screen: a bar to watch."""

import contextlib
import sys


def progress_bar(total: int | None, show: bool | None, unit: str = "step"):
    """A context that gives a bar, or None where nobody would see it.

    Arguments:
        total: how many units there will be; None where nobody knows.
        show: None means in a terminal or a notebook, and where tqdm is installed.
    """
    if show is None:
        show = sys.stderr.isatty() or "ipykernel" in sys.modules
        absent = ImportError
    else:
        absent = ()
    if show:
        with contextlib.suppress(absent):
            from tqdm import tqdm

            return tqdm(total=total, unit=unit, delay=1, leave=False)
    return contextlib.nullcontext()
