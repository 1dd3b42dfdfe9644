"""What we install and run of others is named, pinned and accounted for."""

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def declared() -> set[str]:
    """The libraries that pyproject.toml names, without ourselves."""
    project = text("pyproject.toml")
    tables = project[project.index("dependencies = [") : project.index("[project.scripts]")]
    found = set(re.findall(r'"([A-Za-z][\w.-]*?)(?:\[\w+\])?(?:[<>=][^"]*)?"', tables))
    return found - {"tinytorch-book"}


def test_every_library_has_a_reason_and_a_way_out():
    rows = re.findall(r"^\| ([\w.-]+) \| (.+) \| (.+) \| (.+) \|$", text("DEPENDENCIES.md"), re.M)
    listed = [name for name, *_ in rows if name != "Library"]
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) == declared()


def test_what_publishing_installs_is_hashed_and_of_the_tested_set():
    lock = set(re.findall(r"^([\w.-]+==[\w.]+)", text("requirements-lock.txt"), re.M))
    blocks = re.split(r"\n(?=[A-Za-z])", text("requirements-hashed.txt"))
    for block in blocks:
        assert "--hash=sha256:" in block, block.splitlines()[0]
        pin = re.match(r"[\w.-]+==[\w.]+", block)[0]
        assert pin in lock
    names = {re.match(r"[\w.-]+", block)[0] for block in blocks}
    assert {"jupyter-book", "myst-nb", "numpy", "setuptools", "sphinx"} <= names


def test_no_trial_version_is_in_the_tested_set():
    """Left to itself the resolver takes one to reach a newer version of something else."""
    pins = re.findall(r"^([\w.-]+)==(\S+)", text("requirements-lock.txt"), re.M)
    assert len(pins) > 100
    assert [pin for pin in pins if Version(pin[1]).is_prerelease] == []
    compiled = re.findall(r"uv pip compile (?:.*\\\n)*.*", text("Makefile"))
    assert ["--prerelease disallow" in command for command in compiled] == [True, True]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_tokens_are_not_left_about(path):
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    pins = re.findall(r"uses: (\S+)(.*)", path.read_text(encoding="utf-8"))
    for action, remark in pins:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action), action
        assert re.match(r" # v\d+\.\d+\.\d+$", remark), f"{action}: of which version?"
    for name, job in jobs.items():
        steps = job["steps"]
        checkouts = [s for s in steps if s.get("uses", "").startswith("actions/checkout@")]
        pushes = any("push-published" in s.get("run", "") for s in steps)
        for step in checkouts:
            kept = step.get("with", {}).get("persist-credentials", True)
            assert kept is pushes, f"{name}: only the job that pushes keeps the token"


def test_what_may_push_runs_nothing_of_others():
    workflow = yaml.safe_load(text(".github/workflows/publish.yml"))
    assert workflow["permissions"] == {}
    build, push = workflow["jobs"]["build"], workflow["jobs"]["push"]
    assert build["permissions"] == {"contents": "read"}
    assert push["permissions"] == {"contents": "write"}
    assert [s["run"] for s in push["steps"] if "run" in s] == ["bin/push-published"]
    commands = [s["run"] for s in build["steps"] if "run" in s]
    assert "--require-hashes" in commands[0]
    assert "--no-deps" in commands[1]
    assert commands[2] == "python book/publish.py"
    assert commands[3].startswith("python book/pdf.py --output publish/tinytorch.pdf"), "linked"
    artifact = next(s["with"] for s in build["steps"] if "upload-artifact" in s.get("uses", ""))
    assert artifact["include-hidden-files"], "GitHub needs .nojekyll"


def test_every_promised_python_is_run_on_every_system():
    package = yaml.safe_load(text(".github/workflows/test.yml"))["jobs"]["package"]
    matrix = package["strategy"]["matrix"]
    assert matrix["python"] == ["3.10", "3.11", "3.12", "3.13", "3.14"]
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "windows", "macos"}
    learners = [s["run"] for s in package["steps"] if "tests/tito" in s.get("run", "")]
    assert len(learners) == 1, "what a learner types is tried on every system too"


def needed(path: Path) -> set[str]:
    """The libraries without which a file of tests fails: neither it nor the test skips."""
    found: set[str] = set()
    for part in ast.parse(path.read_text(encoding="utf-8")).body:
        if "importorskip" in ast.dump(part):
            if isinstance(part, (ast.Assign, ast.Expr)):
                break
            continue
        for node in ast.walk(part):
            if isinstance(node, ast.Import):
                found.update(name.name.split(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"tinytorch", "tests", "edited_rule"}


@pytest.mark.parametrize(
    ("workflow", "job"), [("test", "oldest"), ("test", "package"), ("newest", "package")]
)
def test_where_the_book_is_not_installed_its_tests_leave_themselves_out(workflow, job):
    """One file that cannot be read ends a whole run of pytest."""
    steps = yaml.safe_load(text(f".github/workflows/{workflow}.yml"))["jobs"][job]["steps"]
    runs = [step["run"] for step in steps if "run" in step]
    installed = next(run for run in runs if run.startswith("pip install"))
    there = {"numpy", "nbformat"}  # the second is Jupytext's
    for extra in re.search(r"-e \.\[(.*?)\]", installed)[1].split(","):
        table = re.search(rf"^{extra} = \[(.*?)\]( #.*)?$", text("pyproject.toml"), re.M | re.S)[1]
        there |= set(re.findall(r'"([\w-]+)', table))
    there |= set(re.findall(r"[\w-]+", installed.replace("scikit-learn", "sklearn")))
    tried = set()
    for run in runs:
        if "-m pytest" not in run:
            continue
        left_out = re.findall(r"--ignore=(\S+)", run)
        for place in re.findall(r"(?<!=)\btests/\S+", run):
            files = [ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("test_*.py")
            tried |= {file for file in files if file.relative_to(ROOT).as_posix() not in left_out}
    assert len(tried) > 50
    assert {str(file): needed(file) - there for file in tried if needed(file) - there} == {}


def test_the_theme_is_one_whose_pages_we_know():
    """After a new version of a theme: look at the pages, then state it in book_light."""
    lean = text("book/_ext/book_light/lean.py")
    known = re.search(r"^KNOWN = (\{.*?^\})", lean, re.M | re.S)[1]
    for name, versions in ast.literal_eval(known).items():
        locked = re.findall(rf"^{name}==(\d+\.\d+)", text("requirements-lock.txt"), re.M)
        assert set(locked) == set(versions)
