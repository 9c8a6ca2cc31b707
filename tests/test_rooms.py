"""The rooms of the house as `docs/architecture.md` lists them: imports go one way, and any module imports alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Modules that each module of `rtsep`, `training` and `bench` imports, whenever it does, by their dotted names."""
    paths = {_name(path): path for folder in ("rtsep", "training", "bench") for path in (ROOT / folder).rglob("*.py")}
    return {name: {_module(found, paths) for found in _imported(ast.parse(path.read_text("utf-8")).body)} - {""}
            for name, path in paths.items()}


def test_no_modules_import_each_other_in_a_circle(imports):
    loaded = {name: {part for found in targets for part in _loaded(name, found)} for name, targets in imports.items()}
    circle = next((circle for name in loaded if (circle := _way_back(name, loaded))), [])
    assert not circle, " -> ".join(circle)


def test_imports_go_down_the_list_of_rooms(imports):
    rooms = _listed_rooms()
    up = [f"{name} -> {found}" for name, targets in imports.items() for found in targets
          if name.startswith("rtsep.") and found.startswith("rtsep.") and _rank(name, rooms) > _rank(found, rooms)]
    assert not up


def test_the_runtime_imports_neither_the_trainer_nor_the_benches(imports):
    assert not [f"{name} -> {found}" for name, targets in imports.items() for found in targets
                if name.startswith("rtsep") and not found.startswith("rtsep")]


def test_every_folder_of_the_trainer_is_listed():
    listed = {room for row in _rows("training") for room in row}
    assert listed == {f"{path.parent.name}/" for path in (ROOT / "training").glob("*/__init__.py")}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported(nodes: list[ast.stmt]) -> Iterator[str]:
    """Yield what statements import, in functions too; what only type checkers see is none."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from _imported([child for child in ast.walk(node) if child is not node
                                  and isinstance(child, ast.Import | ast.ImportFrom)])


def _module(found: str, paths: dict[str, Path]) -> str:
    """Return the module of this house that an import loads, or nothing."""
    return next((name for name in (found, found.rpartition(".")[0]) if name in paths), "")


def _loaded(name: str, found: str) -> Iterator[str]:
    """Yield what an import runs: a module, and the packages around it that are not being imported already."""
    yield found
    parts = found.split(".")
    packages = (".".join(parts[:end]) for end in range(1, len(parts)))
    yield from (package for package in packages if not f"{name}.".startswith(f"{package}."))


def _way_back(name: str, loaded: dict[str, set[str]]) -> list[str]:
    """Return the modules on a way from a module back to itself, or none."""
    ways = [[name]]
    seen = set[str]()
    for way in ways:
        for found in loaded[way[-1]]:
            if found == name:
                return [*way, name]
            if found not in seen:
                seen.add(found)
                ways.append([*way, found])
    return []


def _rows(folder: str) -> list[list[str]]:
    """Return the rooms of a folder in the document, row by row."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = text.partition(f"room of `{folder}/`")[2].partition("\n\n")[0]
    return [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in table.splitlines()[2:]]


def _listed_rooms() -> dict[str, int]:
    return {room: place for place, row in enumerate(_rows("rtsep")) for room in row}


def _rank(name: str, rooms: dict[str, int]) -> int:
    """Return the place of a module's room in the list: the room with the longest name that holds it."""
    path = name.removeprefix("rtsep.").replace(".", "/")
    held = [room for room in rooms if f"{path}.py" == room or (f"{path}/".startswith(room) and room.endswith("/"))]
    assert held, f"docs/architecture.md lists no room for {name}"
    return rooms[max(held, key=len)]
