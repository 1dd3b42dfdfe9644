"""Build the book without Jupyter Book: by Sphinx, myst-nb and the theme, at any version.

    python scripts/plain_sphinx.py [--output DIR]

Jupyter Book 1 turns `_config.yml` and `_toc.yml` into a configuration of Sphinx and calls it. It is
kept, and no longer developed. This does the same in a page, so that the day on which it no longer
installs costs an afternoon. Pages are the same; what only Jupyter Book reads is said below.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

import yaml
from sphinx.cmd.build import build_main

ROOT = Path(__file__).resolve().parents[1]
ALWAYS = ["myst_nb", "sphinx_external_toc", "sphinx_design", "sphinxcontrib.bibtex"]
IF_THERE = ["sphinx_copybutton"]
HIDDEN = ["_build", "**.ipynb_checkpoints", "publish"]


def configuration(book: dict) -> dict:
    """What Jupyter Book makes of `_config.yml`, as names and values of a conf.py."""
    ours, html, execute = book["sphinx"], book.get("html", {}), book["execute"]
    local = ours["local_extensions"]
    there = [name for name in IF_THERE if find_spec(name)]
    return {
        "project": book["project"],
        "author": book["author"],
        "copyright": book["copyright"],
        "extensions": [*ALWAYS, *there, *ours["extra_extensions"], *local],
        "exclude_patterns": [*book["exclude_patterns"], *HIDDEN],
        "external_toc_path": str(ROOT / "_toc.yml"),
        "external_toc_exclude_missing": True,
        "html_theme": "sphinx_book_theme",
        "html_title": book["title"],
        "html_theme_options": {
            "repository_url": book["repository"]["url"],
            "repository_branch": book["repository"]["branch"],
            "path_to_docs": book["repository"]["path_to_book"],
            "home_page_in_toc": True,
            **{name: value for name, value in html.items() if name.startswith("use_")},
        },
        "myst_enable_extensions": book["parse"]["myst_enable_extensions"],
        "myst_url_schemes": ["mailto", "http", "https"],
        "nb_execution_mode": execute["execute_notebooks"],
        "nb_execution_raise_on_error": execute["raise_on_error"],
        "nb_execution_timeout": execute["timeout"],
        "nb_output_stderr": execute["stderr_output"],
        "bibtex_bibfiles": book["bibtex_bibfiles"],
        "numfig": True,
        **ours["config"],
        "suppress_warnings": [
            *ours["config"].get("suppress_warnings", ()),
            "mystnb.unknown_mime_type",
        ],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the book without Jupyter Book.")
    parser.add_argument("--output", type=Path, default=ROOT / "_build" / "plain", metavar="DIR")
    output = parser.parse_args().output.resolve()

    book = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    folders = sorted(set(book["sphinx"]["local_extensions"].values()))
    lines = ["import sys", f"sys.path[:0] = {[str(ROOT / folder) for folder in folders]!r}"]
    lines += [f"{name} = {value!r}" for name, value in configuration(book).items()]
    for name in ("html_static_path", "html_extra_path"):  # they count from the conf.py
        lines.append(f"{name} = [{str(ROOT)!r} + '/' + path for path in {name}]")
    lines.append(f"html_favicon = {str(ROOT)!r} + '/' + html_favicon")
    lines.append(f"bibtex_bibfiles = [{str(ROOT)!r} + '/' + path for path in bibtex_bibfiles]")
    output.mkdir(parents=True, exist_ok=True)
    (output / "conf.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    trees = ["-c", output, "-d", output / ".doctrees", ROOT, output / "html"]
    return build_main(["-b", "html", "-n", "-W", "--keep-going", *map(str, trees)])


if __name__ == "__main__":
    sys.exit(main())
