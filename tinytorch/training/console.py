"""Who sits before the screen: a bar to watch."""

import contextlib
import sys


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
