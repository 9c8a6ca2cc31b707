"""Recipes are read by the strict reader of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtsep.errors import ConfigError
from training.recipes.recipe import read_recipe, read_yaml


def test_a_recipe_is_read_as_strictly(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("rate: 1e-3\n")
    assert read_yaml(path) == {"rate": 1e-3}
    path.write_text("rate: 1\nrate: 2\n")
    with pytest.raises(ConfigError, match="stands here twice"):
        read_yaml(path)


@pytest.mark.parametrize(("text", "sentence"), [
    ("base: ./r.yaml\n", "more than 8 recipes, each the base of the one before"),
    ("base: [stage]\n", "is no name of a recipe"),
    ("base: " + "x" * 300 + "\n", "is no name of a recipe"),
    ("base: nowhere\n", "no recipe nowhere"),
    ("base: stage\nstems: [guitar, rest]\n", r"stems are \('guitar', 'rest'\): some of drums"),
])
def test_a_base_is_a_recipe(text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("r.yaml")
    path.write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        read_recipe(path)
