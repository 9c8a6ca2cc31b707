"""Neither the trainer nor the benches speak to anybody, or write a file that nobody named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.rigs.unasked import files, run, strangers

TRAIN_AND_EXPORT = """
from training.cli import main
for command in (["train", "tiny.yaml", "stems", "run"], ["export", "run/last.pt", "made.onnx", "--float32"]):
    assert main(["--data", "data", *command]) == 0
"""
DRAW = """
from pathlib import Path
import bench.latency
from bench.lib.charts import draw_curves
from training.evaluation.boxplot import draw_boxes
draw_curves(Path("curves.png"), [1.0, 2.0], {"a": [3.0, 4.0]}, "x", "y")
draw_boxes(Path("boxes.png"), [], "guitar", "test")
"""


@pytest.mark.parametrize(("code", "made"), [
    (TRAIN_AND_EXPORT, {"run/best.pt", "run/last.pt", "run/log.csv", "made.onnx", "made.yaml", "made.rtsep"}),
    (DRAW, {"curves.png", "boxes.png"}),
], ids=["training", "drawing"])
def test_only_what_was_asked_for_is_made(code: str, made: set[str], home: Path, noise_stems: Path,
                                         tiny_recipe: Path) -> None:
    here = home / "here"
    shutil.copytree(noise_stems, here / "stems")
    shutil.copy(tiny_recipe, here / "tiny.yaml")
    before = set(files(here))
    returned, out, trace = run(home, "-c", code)
    assert returned == 0, out
    assert set(files(here)) - before == made
    assert not files(home / "home")
    assert not files(home / "temporary")
    assert not [line for line in strangers(trace, home) if "__pycache__" not in line]  # what numba has compiled
