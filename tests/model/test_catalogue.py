"""Which models are found, in a checkout and in a wheel."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from rtsep.errors import ModelError
from rtsep.model import catalogue

ROOT = Path(__file__).parents[2]
HOOK = runpy.run_path(str(ROOT / "scripts" / "build_native.py"))


def test_a_wheel_brings_every_model_but_those_that_the_catalogue_tells_of() -> None:
    taken = {Path(name).stem for name in HOOK["models"](ROOT) if name.endswith(".onnx")}
    assert {path.stem for path in (ROOT / "models").glob("*.onnx")} - taken == set(catalogue.CHECKOUT_ONLY)
    assert {Path(place).suffix for place in HOOK["models"](ROOT).values()} == {".onnx", ".yaml"}


def test_a_model_that_was_left_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "model_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match=r"'paper' is not part of this installation.*models/paper\.onnx.*--model"):
        catalogue.find_model("paper")
    with pytest.raises(ModelError, match="no model 'banjo'"):
        catalogue.find_model("banjo")


def test_suffixes_may_be_capitals() -> None:
    assert catalogue.find_model("banjo.ONNX") == Path("banjo.ONNX")


@pytest.mark.parametrize(("name", "what"), [
    ("last.pt", r"is a checkpoint of the trainer.*training export"), ("last.PT", "is a checkpoint of the trainer"),
    ("stage.rtsep", r"is a flat model.*give the \.onnx"), ("stage.yaml", r"is no model: give the \.onnx")])
def test_what_lies_beside_models_is_told_from_them(name: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(ModelError, match=f"no model '{path}'"):
        catalogue.find_model(str(path))
    path.touch()
    with pytest.raises(ModelError, match=what):
        catalogue.find_model(str(path))
