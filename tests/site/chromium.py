"""Chromium, by the name that the system has for it."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "no Chromium: sudo apt-get install chromium"


def find() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)
