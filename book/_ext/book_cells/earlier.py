"""What pages gave when the package was another, for those that would give the same now."""

import contextlib
import json
import os
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from book_cells import cache as state
from book_cells import reach


def keep(folder: Path, key: str, sources: reach.Sources, note: dict) -> None:
    """Put a page's note beside what its cells gave."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{key}.part"
    part.write_text(json.dumps({"note": note, "state": sources.state(note)}), encoding="utf-8")
    part.replace(folder / f"{key}.json")


def still_good(folder: Path, key: str, sources: reach.Sources) -> dict | None:
    """The note of an earlier run, if all that it names is as it was."""
    try:
        kept = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        good = kept["state"] == sources.state(kept["note"])
    except (OSError, ValueError, KeyError, SyntaxError):
        return None
    return kept["note"] if good else None


class Earlier:
    """What pages gave when the package was another, as far as they would give the same now."""

    def __init__(self, cache, book: Path):
        self.cache, self.here = cache, Path(cache.path)
        exported = bool(os.environ.get("TINYTORCH_EXPORTS"))
        self.caches = [] if exported else self.here.parent.glob("*/global.db")
        self.caches = [path.parent for path in self.caches if path.parent != self.here]
        self.caches.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
        self.sources = None
        if not exported:
            package = state.package_folder()
            self.sources = reach.Sources(package, state.seen_files(), book, state.around())

    def take(self, page) -> bool:
        """Whether an earlier run of the page is good; then the page and the cache have it."""
        key = self.cache.create_hashed_notebook(page.notebook)[1]
        for folder in self.caches:
            note = still_good(folder / "reach", key, self.sources)
            if note is None:
                continue
            try:
                cache = get_cache(folder)
                _, notebook = cache.merge_match_into_notebook(page.notebook)
                took = cache.match_cache_notebook(page.notebook).data
            except (KeyError, ValueError):
                continue
            page.notebook = notebook
            self.put(page, key, note, **took)
            return True
        return False

    def put(self, page, key: str, note: dict | None, **data) -> None:
        bundle = CacheBundleIn(page.notebook, str(page.path), data=data)
        self.cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        if note is not None:
            keep(self.here / "reach", key, self.sources, note)

    def add(self, page, seconds: float) -> None:
        """Keep what a page's cells have given, and what they reached."""
        key = self.cache.create_hashed_notebook(page.notebook)[1]
        note = None
        with contextlib.suppress(OSError, ValueError, SyntaxError):
            if self.sources:
                folder = page.path.parent.relative_to(self.sources.book).as_posix()
                seen = json.loads(page.seen.read_text(encoding="utf-8"))
                note = self.sources.note(seen, page.cells, folder)
        self.put(page, key, note, execution_seconds=seconds)
        page.notebook = self.cache.merge_match_into_notebook(page.notebook)[1]  # as if read
