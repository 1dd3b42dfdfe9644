"""Run the pages again with their settings varied, one at a time: which claims flip?

    python book/stress.py                              all pages that claim something
    python book/stress.py book/optimizers/adam.md      one page
    python book/stress.py --only seeds                 one variation; nothing is recorded
    python book/stress.py --only rounding-3            one more machine that rounds otherwise

Numbers of the text that another machine changes by more than a tenth are told: do the words beside
them still fit?

What was run is kept in stress.db, and read as long as neither the page nor the package changes.
Fails if a claim flips under a variation that its scope names or on another processor, if one states
no scope, or a page does not run as it is.
"""

import argparse
import ast
import contextlib
import hashlib
import io
import json
import linecache
import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell

sys.path.insert(0, str(Path(__file__).parent))
import rounding  # isort: skip  first: the package is changed while it is imported

from tinytorch.lab import page as lab_page
from tinytorch.lab import records, stress, study

ROOT = Path(__file__).resolve().parents[1]
RECORD = Path(records.__file__).parent / "verdicts.json"
SECONDS = 900.0  # for a page
ENVIRONMENT = {
    "MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1", "TQDM_DISABLE": "1", "PYTHONHASHSEED": "0",
    "TINYTORCH_ENGINE": "blocked",
}  # fmt: skip


# One page, in this process


def cells(text: str) -> list[tuple[str, set]]:
    """(source, tags) of the code cells of a page; commands to a shell as Python."""
    notebook = jupytext.reads(text, fmt="md:myst")
    found = [c for c in notebook.cells if c.cell_type == "code"]
    python = TransformerManager().transform_cell
    magic = re.compile(r"^\s*[!%]|= !", re.MULTILINE)
    return [
        (python(c.source) if magic.search(c.source) else c.source, set(c.metadata.get("tags", [])))
        for c in found
    ]


def assigned(source: str) -> list[str]:
    """The names that a cell of parameters gives values to."""
    names = []
    for node in ast.parse(source).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return names


def kinds(text: str) -> list[str]:
    """The variations of settings that change something on a page."""
    names = [n for source, tags in cells(text) if "parameters" in tags for n in assigned(source)]
    return [v for v in stress.VARIATIONS if v in {stress.kind_of(name) for name in names}]


def unscoped(text: str) -> list[str]:
    """The claims of a page that do not say how far they hold, nor the page for them."""
    found, default = [], False
    for source, tags in cells(text):
        default = default or ("parameters" in tags and "scope" in assigned(source))
        calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
        claims = [n for n in calls if isinstance(n.func, ast.Name) and n.func.id == "claim"]
        if not default:
            found += [
                ast.unparse(c.args[0]) for c in claims if "scope" not in {k.arg for k in c.keywords}
            ]
    return found


def run_here(text: str, variation: str) -> dict:
    """Run a page's cells; what its claims said.

    Returns:
        "claims" as `tinytorch.lab.page.heard` has them; "numbers" of the text, by name; "changed",
        the settings that were varied, as text; "error", the first one of a cell.
    """
    space = {"__name__": "__main__", "display": lambda *objects, **how: None}
    error, changed, lab_page.heard, lab_page.default = "", {}, [], None
    lab_page.glued = {}
    try:
        for number, (source, tags) in enumerate(cells(text)):
            if "skip-execution" in tags:
                continue
            if "get_ipython()" in source:
                space["get_ipython"] = InteractiveShell.instance
                InteractiveShell.instance().user_ns = space
            name = f"<cell {number}>"  # so that a rule which is read finds its lines
            linecache.cache[name] = (len(source), None, source.splitlines(True), name)
            try:
                exec(rounding.compiled(source, name), space)
            except Exception as problem:
                if not error and "raises-exception" not in tags:
                    error = f"{type(problem).__name__}: {' '.join(str(problem).split())}"[:300]
            if "parameters" in tags and "scope" in assigned(source):
                lab_page.default = space["scope"]
            if "parameters" in tags and variation in stress.VARIATIONS:
                known = {n: space[n] for n in assigned(source) if n in space}
                new = stress.varied(variation, known)
                space.update(new)
                changed |= {name: f"{value!r}"[:80] for name, value in new.items()}
        return {
            "claims": lab_page.heard, "numbers": lab_page.glued, "changed": changed, "error": error
        }  # fmt: skip
    finally:
        lab_page.heard = lab_page.default = lab_page.glued = None


# Many pages, each in a process of its own


def run_page(page: str, variation: str, source: str, seed: int = 0) -> dict:
    """Run a page in a process of its own. `source` is a digest of all that it depends on."""
    machine = stress.computing_as(variation) if stress.is_machine(variation) else {}
    done = subprocess.run(
        [sys.executable, __file__, "--one", page, variation],
        env={**os.environ, **ENVIRONMENT, **machine},
        capture_output=True, text=True, encoding="utf-8", stdin=subprocess.DEVNULL,
        timeout=SECONDS, check=False,
    )  # fmt: skip
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it was killed"])[-1])
    return {"found": lines[-1]}


def digest(*paths: Path) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def pages(named=()) -> dict[Path, int]:
    """The pages of the book (or those named) that claim something, and how often."""
    whole = [ROOT / "index.md", *sorted((ROOT / "book").rglob("*.md"))]
    found = [Path(n).resolve() for n in named] or whole
    counts = {}
    for path in found:
        text = path.read_text(encoding="utf-8")
        code = "\n".join(source for source, _ in cells(text)) if "{code-cell}" in text else ""
        counts[path] = len(re.findall(r"^\s*claim\(", code, re.MULTILINE))
    return {path: count for path, count in counts.items() if count}


def name_of(path: Path) -> str:
    """What a page is called in the record: its place in the book."""
    inside = path.is_relative_to(ROOT)
    return path.relative_to(ROOT).as_posix().removeprefix("book/") if inside else str(path)


def compared(plain: dict, varied: dict[str, dict]) -> dict:
    """What became of each claim of a page.

    Arguments:
        plain: what `run_here` gives with nothing varied; varied: likewise, by variation.
    """
    claims = []
    for key, found in numbered(plain["claims"]).items():
        row = {name: found[name] for name in ("words", "holds", "scope", "margin")}
        row |= {"survived": [], "untouched": [], "flipped": [], "unreached": []}
        for variation, result in varied.items():
            row[fate(found, numbered(result["claims"]).get(key))].append(variation)
        claims.append(row)
    return {
        "error": plain["error"],
        "variations": {
            v: {"changed": r["changed"], "error": r["error"]} for v, r in varied.items()
        },
        "claims": claims,
        "restated": restated(plain, varied),
    }


def fate(before: dict, after: dict | None) -> str:
    """What a variation did to a claim; one that measured the very same was not touched by it."""
    if after is None:
        return "unreached"
    if not after["holds"]:
        return "flipped"
    return "untouched" if before["saw"] and before["saw"] == after["saw"] else "survived"


def numbered(claims: list[dict]) -> dict[tuple, dict]:
    """Claims by words; one that is made several times by its number too."""
    found: dict[tuple, dict] = {}
    for claim in claims:
        times = sum(words == claim["words"] for words, _ in found)
        found[claim["words"], times] = claim
    return found


def broken(name: str, page: dict) -> list[str]:
    """What is wrong: a page that does not run, a claim that is false, flips in its scope or on
    another processor, or states no scope."""
    problems = [f"{name}: {page['error']}"] if page["error"] else []
    for claim in page["claims"]:
        if not claim["holds"]:
            problems.append(f"{name}: not so: {claim['words']}")
            continue
        if claim["scope"] is None:
            problems.append(f"{name}: no scope stated: {claim['words']}")
        meant = stress.as_scope(claim["scope"])
        for state, word in (("flipped", "flips"), ("unreached", "is not reached")):
            inside = [v for v in claim[state] if v in meant or stress.is_machine(v)]
            if inside:
                problems.append(f"{name}: {word} under {', '.join(inside)}: {claim['words']}")
    return problems


def outside(name: str, page: dict) -> list[str]:
    """Claims that flip where they are not meant to hold."""
    told = []
    for claim in page["claims"]:
        meant = stress.as_scope(claim["scope"])
        flips = [v for v in claim["flipped"] if v not in meant and not stress.is_machine(v)]
        if flips:
            told.append(f"{name}: flips under {', '.join(flips)}: {claim['words']}")
    return told


def restated(plain: dict, varied: dict[str, dict]) -> list[str]:
    """Numbers of a page's text that another machine changes by more than a tenth."""
    told = []
    for variation in filter(stress.is_machine, varied):
        for name, after in varied[variation]["numbers"].items():
            before = plain["numbers"].get(name, after)
            if before != after and not near(before, after):
                told.append(f"{name} is {before}, under {variation} {after}")
    return told


def near(before: str, after: str) -> bool:
    try:
        a, b = (float(text.replace(",", "")) for text in (before, after))
    except ValueError:
        return False
    return abs(a - b) <= 0.1 * max(abs(a), abs(b))


def stressed(paths: list[Path], only=None, jobs: int = 2, store=None, progress=None) -> dict:
    """Run pages, as they are and varied; for each what became of its claims."""
    package = digest(
        *sorted((ROOT / "tinytorch").rglob("*.py")), Path(__file__), Path(rounding.__file__)
    )
    cases = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        machines = stress.MACHINES if only is None else filter(stress.is_machine, only)
        chosen = [v for v in kinds(text) if only is None or v in only] + list(machines)
        source = f"{package} {digest(path)}"
        cases += [{"page": str(path), "variation": v, "source": source} for v in ("", *chosen)]
    runs = study(
        run_page, cases, seeds=[0], name="stress", store=store, jobs=jobs, progress=progress,
        seconds=SECONDS, retry=True,
    )  # fmt: skip
    found: dict[str, dict] = {}
    for case, run in zip(cases, runs, strict=True):
        lost = {"claims": [], "numbers": {}, "changed": {}, "error": run.error}
        result = lost if run.error else json.loads(run.results["found"])
        found.setdefault(case["page"], {})[case["variation"]] = result
    named = {}
    for path, results in found.items():
        named[name_of(Path(path))] = compared(results.pop(""), results)
    return named


def known(name: str) -> str:
    if name not in stress.VARIATIONS and not stress.is_machine(name):
        raise argparse.ArgumentTypeError(f"there is no variation {name!r}")
    return name


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*")
    parser.add_argument(
        "--only", nargs="*", type=known, metavar="VARIATION",
        help="of those on the page Verdicts; rounding-3 and so on are further draws",
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--store", default=str(ROOT / "stress.db"))
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        path = Path(options.one[0]).resolve()
        os.chdir(path.parent)
        with contextlib.redirect_stdout(io.StringIO()):
            result = run_here(path.read_text(encoding="utf-8"), options.one[1])
        print(json.dumps(result))
        return 0
    counts = pages(options.pages)
    found = stressed(list(counts), options.only, options.jobs, options.store)
    problems = [line for name, page in found.items() for line in broken(name, page)]
    for name, page in found.items():
        for line in outside(name, page) + [f"{name}: {told}" for told in page["restated"]]:
            print(line)
    claims = [claim for page in found.values() for claim in page["claims"]]
    stated = sum(claim["scope"] is not None for claim in claims)
    print(f"{len(found)} pages, {len(claims)} claims, {stated} of them with a scope")
    if options.only is None:
        record(found)
    if problems:
        print(f"\n{len(problems)} to mend:", *problems, sep="\n  ", file=sys.stderr)
    return 1 if problems else 0


def record(found: dict) -> None:
    """Put what was found into the record, which the page Verdicts reads."""
    known = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {"pages": {}}
    merged = {**known["pages"], **found}
    names = [name_of(path) for path in pages()]
    kept = {n: merged[n] for n in names if n in merged}
    missing = [n for n in names if n not in merged]
    text = json.dumps({"pages": kept, "missing": missing}, ensure_ascii=False)
    RECORD.write_text(text.replace('{"words"', '\n{"words"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
