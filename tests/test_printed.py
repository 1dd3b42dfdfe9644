"""What we print for people to type asks the package index for no stranger's package.

Another project has the name `tinytorch` on the index. Whatever is asked of the index by name is one
of the libraries of the lock file.
"""

import importlib.metadata
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tinytorch.tito import doctor

ROOT = Path(__file__).resolve().parents[1]
COMMAND = re.compile(
    r"(?:\b(?:pipx?3?|conda|mamba) install|\buv (?:pip install|add|tool install)|\bpoetry add)"
    r"(?= )([^`\n|&;]*)"
)
TAKES_A_VALUE = {"-r", "-c", "-e", "--index-url", "--retries"}


def canonical(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]*", requirement)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> set[str]:
    """The libraries of the one tested set, and the tools that install them."""
    lock = (ROOT / "requirements-lock.txt").read_text(encoding="utf-8")
    return {canonical(name) for name in re.findall(r"^[\w.-]+(?===)", lock, re.M)} | {"pip", "uv"}


def asked_by_name(arguments: str) -> list[str]:
    """What an install command asks the index for; files, folders and addresses are not."""
    arguments = re.split(r"\s#|[)]|[\"'],|\.\s|,\s", arguments)[0]
    try:
        words = shlex.split(arguments)
    except ValueError:  # the quotation that the command stands in
        words = arguments.replace('"', " ").replace("'", " ").split()
    asked, skip = [], False
    for word in words:
        if skip or word.startswith("-"):
            skip = word in TAKES_A_VALUE
        elif canonical(word) and not re.search(r"[/{]|^\.", word):
            asked.append(word)
    return asked


def sources() -> list[Path]:
    """Every text file that is in the repository, apart from this one."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    kinds = {".py", ".md", ".txt", ".toml", ".yml", ".sh", ".cff", ""}
    found = [ROOT / name for name in listed.stdout.splitlines()]
    return [p for p in found if p.suffix in kinds and p != Path(__file__) and p.is_file()]


def printed() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), match[1])
        for path in sources()
        for match in COMMAND.finditer(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (" tinytorch[fast])", ["tinytorch[fast]"]),
        (" 'tinytorch[lab]>=0.1'", ["tinytorch[lab]>=0.1"]),
        (' -q numpy==2.* "pytest"', ["numpy==2.*", "pytest"]),
        (" -r requirements.txt", []),
        (" -e .[book,cli]", []),
        (' --quiet "tinytorch-book[lab] @ https://example.org/a.whl"', []),
        (" numba).", ["numba"]),
    ],
)
def test_what_a_command_asks_for_is_read(arguments, asked):
    assert asked_by_name(arguments) == asked


def test_every_command_that_we_print_asks_for_declared_libraries_alone():
    assert len(printed()) > 5
    known = declared()
    strangers = [
        (where, word)
        for where, arguments in printed()
        for word in asked_by_name(arguments)
        if canonical(word) not in known
    ]
    assert strangers == []


def test_no_name_of_ours_is_among_what_is_declared():
    assert {"tinytorch", canonical(doctor.DISTRIBUTION)}.isdisjoint(declared())
    assert f'name = "{doctor.DISTRIBUTION}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_the_doctor_asks_for_libraries_by_their_own_names(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    findings = [doctor.package(), *doctor.libraries()]
    assert all(finding.found.endswith("not installed") for finding in findings)
    asked = [COMMAND.search(finding.remedy)[1] for finding in findings]
    named = [asked_by_name(arguments) for arguments in asked]
    assert named[0] == []  # the clone itself
    assert [canonical(word) for (word,) in named[1:]] == [
        "numpy",
        "click",
        "rich",
        "jupytext",
        "matplotlib",
        "jupyter-book",
    ]
