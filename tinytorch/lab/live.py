"""Figures that a reader takes hold of: the browser runs the package's own rules."""

from pathlib import Path

WEB = Path(__file__).parent / "web"


def source(file: str) -> str:
    """A script of the figures, as it stands in the folder `web`."""
    return (WEB / file).read_text(encoding="utf-8")
