"""Dependencies run one way, and the package needs NumPy and nothing else."""

import ast
import functools
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tinytorch.tito.lessons import lessons

PACKAGE = Path(__file__).resolve().parents[1] / "tinytorch"

# The rooms, from the ground up. A room imports rooms of the lines before its own, and its own
# modules without a circle.
ROOMS = [
    ["core"],
    ["data", "nn"],
    ["optim"],
    ["training"],
    ["exports", "lab"],
    ["tito"],
]
BELOW = {
    room: {r for line in ROOMS[:i] for r in line} for i, line in enumerate(ROOMS) for room in line
}
# Libraries beside NumPy and the standard library, and the only part that may import them.
MAY_NEED = {
    "matplotlib": "lab",
    "llvmlite": "optim",
    "numba": "optim",
    "typing_extensions": "optim",
    "rich": "tito",
    "typer": "tito",
}
MAY_NEED |= {"tqdm": "training.console", "joblib": "lab", "threadpoolctl": "lab", "psycopg": "lab"}
MAY_NEED |= {"scipy": "lab", "optuna": "lab", "pandas": "lab"}
MAY_NEED |= {"IPython": "lab", "click": "tito", "jupytext": "tito", "nbformat": "tito"}


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(name: str, path: Path) -> set[str]:
    """Absolute names of what a module imports, wherever in the module it does so."""
    home = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                anchor = home.split(".")[: len(home.split(".")) - node.level + 1]
                base = ".".join([*anchor, base] if base else anchor)
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= {full if full in MODULES else base for full in names}
    return found


def room_of(name: str) -> str:
    """The room of a module; nothing for what gathers the public names."""
    inner = name.removeprefix("tinytorch").lstrip(".").split(".")[0]
    return inner if inner in BELOW else ""


def owner(name: str) -> str:
    """The module that a name is imported from."""
    while name not in MODULES:
        name = name.rpartition(".")[0]
    return name


@functools.cache
def graph() -> dict[str, set[str]]:
    """For each module the modules of the package that it imports, wherever in it that happens."""
    found = {}
    for name, path in MODULES.items():
        inner = {i for i in imports(name, path) if within(i, "tinytorch")}
        found[name] = {owner(i) for i in inner} - {name}
    return found


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """A way along the arrows that comes back to where it was, or nothing."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        found = next(filter(None, (walk(n, [*way, name]) for n in sorted(arrows[name]))), [])
        done.add(name)
        return found

    return next(filter(None, (walk(name, []) for name in sorted(arrows))), [])


def test_every_folder_is_a_room():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(BELOW)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_no_import_runs_up(name):
    room, allowed = room_of(name), set(BELOW) - {"lab", "tito"}
    if room:
        allowed = {room, *BELOW[room]}
    for imported in graph()[name]:
        assert room_of(imported) in {"", *allowed}, f"{name} imports {imported}"


def test_there_is_no_circle():
    arrows = graph()
    # A package imported by its own modules stands for the module that they want of it.
    inner = {n: {m for m in ms if not within(n, m)} for n, ms in arrows.items()}
    assert circle(inner) == []


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("name", sorted(MODULES))
def test_other_libraries_stay_in_their_part(name):
    for imported in imports(name, MODULES[name]):
        library = imported.split(".")[0]
        if library in sys.stdlib_module_names or library in ("numpy", "tinytorch"):
            continue
        assert library in MAY_NEED, f"{name} imports {imported}"
        assert within(name, f"tinytorch.{MAY_NEED[library]}"), f"{name} imports {imported}"


def test_importing_the_package_imports_numpy_alone():
    code = (
        "import sys, numpy.random; before = set(sys.modules); import tinytorch\n"
        "new = {m.split('.')[0] for m in set(sys.modules) - before} - {'tinytorch', 'numpy'}\n"
        "print(sorted(m for m in new if m not in sys.stdlib_module_names and m[0] != '_'))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_rooms_are_there_once_the_package_is():
    code = "import tinytorch as torch; torch.nn.Linear; torch.optim.SGD; print(*dir(torch))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    names = result.stdout.split()
    assert {"nn", "optim", "data", "training", "Tensor"} <= set(names)
    assert "os" not in names


def test_what_is_out_of_reach_while_a_file_is_tried_is_there():
    """Modules are named in words there: one that got another name would stop every trial."""
    for lesson in lessons():
        for trial in lesson.trials:
            for name in trial.sealed():
                module, _, attributes = name.partition(":")
                found = importlib.import_module(f"tinytorch.{module}")
                if attributes:
                    assert functools.reduce(getattr, attributes.split("."), found)
