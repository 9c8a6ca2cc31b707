"""Neither the trainer nor the benches speak to anybody, or write a file that nobody named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.rigs.unasked import files, run, strangers

TRAIN_AND_EXPORT = """
import sys
from training.cli import main
from training.evaluation.boxplot import draw_boxes
for command in (["train", "tiny.yaml", "stems", "run"], ["export", "run/last.pt", "made.onnx", "--float32"]):
    assert main(["--data", "data", *command]) == 0
"""


@pytest.mark.parametrize("code", [TRAIN_AND_EXPORT, "import bench.lib.machine"], ids=["trainer", "benches"])
def test_only_what_was_asked_for_is_made(code: str, home: Path, noise_stems: Path, tiny_recipe: Path) -> None:
    here = home / "here"
    shutil.copytree(noise_stems, here / "stems")
    shutil.copy(tiny_recipe, here / "tiny.yaml")
    before = files(here)
    returned, out, trace = run(home, "-c", code)
    assert returned == 0, out
    made = {path for path in files(here) if path not in before}
    assert made <= {"run/best.pt", "run/last.pt", "run/log.csv", "made.onnx", "made.yaml", "made.rtsep"}
    assert not files(home / "home")
    assert not files(home / "temporary")
    assert not [line for line in strangers(trace, home) if "__pycache__" not in line]  # what numba has compiled
