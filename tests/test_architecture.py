"""Dependencies run one way, and the package needs NumPy and nothing else."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tinytorch"

NUMBERS = ["core.sums", "core.stable", "core.axes"]
TENSORS = [*NUMBERS, "core.autograd", "core.tensor", "core.random", "core.checks"]
LAYERS = [*TENSORS, "core.functional", "core.convolution", "core.init", "core.module"]
# What each part may import of the package, besides itself. The longest matching name decides.
MAY_IMPORT = {
    "core.axes": [],
    "core.sums": [],
    "core.stable": ["core.sums"],
    "core.autograd": ["core.sums"],
    "core.checks": [],
    "core.random": ["core.checks"],
    "core.tensor": [*NUMBERS, "core.autograd"],
    "core.functional": TENSORS,
    "core.convolution": [*TENSORS, "core.functional"],
    "core.gradcheck": TENSORS,
    "core.init": TENSORS,
    "core.module": TENSORS,
    "core.activations": [*TENSORS, "core.functional", "core.module"],
    "core.layers": [*LAYERS, "core.activations"],
    "core.normalization": [*LAYERS, "core.layers"],
    "core.losses": [*TENSORS, "core.functional", "core.module"],
    "data": TENSORS,
    "nn": ["core", "data"],
    "optim": ["core"],
    "training.console": [],
    "training.history": [],
    "training": ["core", "nn", "optim", "data"],
    "lab": ["core", "nn", "optim", "data", "training"],
    "exports": ["core", "nn", "optim", "data", "training"],
    "tito": ["core", "nn", "optim", "data", "training", "lab", "exports"],
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
MAY_NEED |= {"tqdm": "training.console", "joblib": "lab", "threadpoolctl": "lab"}
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


def part_of(name: str) -> str | None:
    inner = name.removeprefix("tinytorch").lstrip(".")
    return max((part for part in MAY_IMPORT if within(inner, part)), key=len, default=None)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_dependencies_run_one_way(name):
    part = part_of(name)
    for imported in imports(name, MODULES[name]):
        if not within(imported, "tinytorch"):
            continue
        inner = imported.removeprefix("tinytorch").lstrip(".")
        if part is None:  # tinytorch/__init__.py and the like gather the public names
            assert not within(inner, "lab"), f"{name} imports {imported}"
            assert not within(inner, "tito"), f"{name} imports {imported}"
        elif inner:
            allowed = [part, *MAY_IMPORT[part]]
            assert any(within(inner, other) for other in allowed), f"{name} imports {imported}"


@pytest.mark.parametrize("name", sorted(MODULES))
def test_other_libraries_stay_in_their_part(name):
    for imported in imports(name, MODULES[name]):
        library = imported.split(".")[0]
        if library in sys.stdlib_module_names or library in ("numpy", "tinytorch"):
            continue
        assert library in MAY_NEED, f"{name} imports {imported}"
        assert part_of(name) == MAY_NEED[library], f"{name} imports {imported}"


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
