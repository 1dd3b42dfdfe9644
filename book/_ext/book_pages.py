"""Every page of the table of contents has a source and comes out as a page; no other page does."""

from pathlib import Path

import book_report
from sphinx.errors import SphinxError

GENERATED = {"404", "genindex", "py-modindex", "search"}


class PagesMissing(SphinxError):
    category = "The book's pages"


def refuse(missing: list[str], what: str) -> None:
    if missing:
        book_report.say_at_the_end([f"{name}: in _toc.yml, but {what}" for name in missing])
        raise PagesMissing(f"{len(missing)} missing")


def check_sources(app, env, *_) -> None:
    refuse(sorted(set(app.config.external_site_map) - env.found_docs), "no such file")


def names_of_pages(folder: Path, kind: str) -> set[str]:
    files = (path.relative_to(folder) for path in folder.rglob(f"*{kind}"))
    return {
        f.with_suffix("").as_posix() for f in files if f.parts[0] not in ("_static", "_modules")
    }


def check_pages(app, exception) -> None:
    if exception is None and app.builder.name == "html":
        names = app.config.external_site_map
        pages = {name: Path(app.builder.get_outfilename(name)) for name in names}
        refuse([name for name, page in pages.items() if not page.is_file()], "not written")
        for folder, kind in (
            (app.outdir, ".html"),
            (Path(app.outdir).parent / "notebooks", ".ipynb"),
        ):
            for source in names_of_pages(Path(folder), kind) - app.env.found_docs - GENERATED:
                (Path(folder) / f"{source}{kind}").unlink()


def setup(app):
    app.connect("env-before-read-docs", check_sources, priority=100)
    app.connect("build-finished", check_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
