"""Recipes are read by the strict reader of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtsep.errors import ConfigError
from training.recipes.recipe import read_yaml


def test_a_recipe_is_read_as_strictly(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("rate: 1e-3\n")
    assert read_yaml(path) == {"rate": 1e-3}
    path.write_text("rate: 1\nrate: 2\n")
    with pytest.raises(ConfigError, match="stands here twice"):
        read_yaml(path)
