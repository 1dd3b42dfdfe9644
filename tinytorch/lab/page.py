"""What a page needs beside its plots: numbers for the text, and claims that must hold."""


def claim(words: str, holds, **measured) -> None:
    """Stop the build, naming the claim and what was measured, unless it holds.

    Raises:
        AssertionError: `holds` is false (or an array with a false element).
    """
    holds = holds.all() if hasattr(holds, "all") else holds
    if not holds:
        numbers = ", ".join(f"{name} = {value!r}" for name, value in measured.items())
        raise AssertionError(f"not so: {words}" + (f" (measured: {numbers})" if numbers else ""))


def glue(name: str, value, spec: str = "") -> None:
    """Hand a number to the text, where {glue:text}`name` shows it as `format(value, spec)`.

    The record is the one of `myst_nb.glue`; outside a notebook nothing happens.
    """
    text = format(value, spec)
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ModuleNotFoundError:
        return
    if get_ipython() is None:
        return
    mime = "application/papermill.record/"
    metadata = {"scrapbook": {"name": name, "mime_prefix": mime}}
    display({mime + "text/plain": repr(text)}, metadata=metadata, raw=True)
