"""The rooms of the book's extensions: listed, mapped, and each importing only earlier ones."""

import ast
import importlib
import re

import pytest
import yaml

from tests.book.conftest import ROOT

ROOMS = {path.parent.name: path.parent for path in (ROOT / "book" / "_ext").glob("*/__init__.py")}
LISTED = [*yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["sphinx"]["local_extensions"]]


def mapped() -> dict[str, str]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = re.search(r"^## How the build works\n(.*?)(?:^## |\Z)", text, re.M | re.S)[1]
    return dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.M))


def test_the_configuration_and_the_map_name_the_rooms_in_their_order():
    assert set(LISTED) == set(ROOMS)
    assert [*mapped()] == LISTED


@pytest.mark.parametrize("room", ROOMS)
def test_every_file_that_takes_part_in_a_build_is_set_up(room):
    files = [path for path in ROOMS[room].glob("*.py") if path.stem != "__init__"]
    taking_part = {path.stem for path in files if "\ndef setup(app)" in path.read_text("utf-8")}
    names = importlib.import_module(room).EXTENSIONS
    assert len(names) == len(set(names))
    assert set(names) == taking_part
    for name in re.findall(r"\(`(\w+)`\)", mapped()[room]):
        assert (ROOMS[room] / f"{name}.py").is_file(), f"the map knows {room}/{name}.py"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_above_it(room):
    allowed = set(LISTED[: LISTED.index(room) + 1])
    for path in ROOMS[room].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for found in {name.split(".")[0] for name in names} & set(ROOMS):
                assert found in allowed, f"{path.name} imports {found}"
