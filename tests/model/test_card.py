"""The step-model format: what the loader checks, and that files check themselves."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from rtsep import ModelError, Separator
from rtsep.backends import open_step
from rtsep.backends.step import reference_error_db
from rtsep.cli import doctor
from rtsep.dsp.windows import Geometry
from rtsep.model import catalogue
from rtsep.model.catalogue import find_model, installed_models
from rtsep.model.gate import read_model, read_step


def altered(source: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Copy a model with other metadata."""
    model = onnx.load(source)
    properties = {p.key: p.value for p in model.metadata_props}
    document = json.loads(properties["rtsep"])
    change(document)
    onnx.helper.set_model_props(model, properties | {"rtsep": json.dumps(document)})
    onnx.save(model, target)
    return target


def test_reference_vectors_are_met(tiny_model: Path) -> None:
    model = read_step(tiny_model)
    for provider in ("cpu", "onnxruntime", "numpy"):
        assert reference_error_db(open_step(model, provider=provider), model) < -100


def test_a_model_of_the_first_format_says_what_it_said(tiny_model: Path) -> None:
    properties = {one.key: one.value for one in onnx.load(tiny_model).metadata_props}
    card = read_step(tiny_model).card
    assert json.loads(properties["rtsep"])["format"] == 1
    assert (card.stems, card.geometry, card.contexts, card.stereo) == (
        ("drums", "guitar", "other"), Geometry(1024, 512, 256), (2048,), False)
    assert card.lengths == {"magnitude": 1024, "context_0": 2048}


def test_other_weights_miss_the_reference(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = onnx.load(tiny_model)
    largest = max(model.graph.initializer, key=lambda weight: len(weight.raw_data))
    values = np.frombuffer(largest.raw_data, np.float32)
    largest.raw_data = (values * 1.1).astype(np.float32).tobytes()
    onnx.save(model, tmp_path / "other.onnx")
    shutil.copy(tmp_path / "other.onnx", tmp_path / "installed.onnx")
    monkeypatch.setattr(catalogue, "model_folder", lambda: tmp_path)
    rows = dict(doctor._models())
    assert rows["model installed"].startswith("WRONG (-40 dB is allowed), -")
    with pytest.raises(ModelError, match=r"misses the model's own reference output by -[0-9]+ dB, -40 is allowed"):
        Separator(tmp_path / "other.onnx")


@pytest.mark.parametrize("name", sorted(installed_models()))
def test_shipped_models_load_and_meet_their_reference(name: str) -> None:
    model = read_step(find_model(name))
    assert model.card.name == name
    assert model.card.licence == "CC BY 4.0"
    assert model.card.credits
    assert reference_error_db(open_step(model), model) < -40  # 8-bit products of other processors round differently


def test_stage_is_shipped() -> None:
    assert "stage" in installed_models()


@pytest.mark.parametrize(("change", "message"), [
    (lambda d: d.update(format=99), "format 99, this rtsep reads format 1"),
    (lambda d: d.pop("stems"), "lacks 'stems'"),
    (lambda d: d.update(hop="many"), "cannot be read"),
    (lambda d: d.update(hop=200), "must be an even multiple"),
    (lambda d: d.update(analysis=2048), "magnitude has shape"),
    (lambda d: d.update(stems=["drums", "guitar"]), "estimates has shape"),
    (lambda d: d.update(contexts=[2048, 4096]), "the graph has no input context_1"),
    (lambda d: d.update(contexts=[]), "unknown inputs 'context_0'"),
])
def test_metadata_that_disagrees(tiny_model: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None],
                                 message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_model(altered(tiny_model, tmp_path / "altered.onnx", change))


def test_files_that_are_no_step_models(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model file"):
        read_model(tmp_path / "missing.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(ModelError, match="is no ONNX model"):
        read_model(tmp_path / "text.onnx")
    model = onnx.load(tiny_model)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "bare.onnx")
    with pytest.raises(ModelError, match="no rtsep metadata"):
        read_model(tmp_path / "bare.onnx")


def test_states_without_a_fixed_shape_are_named(tiny_model: Path, tmp_path: Path) -> None:
    model = onnx.load(tiny_model)
    for value in (*model.graph.input, *model.graph.output):
        if value.name.startswith("state_0"):
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(model, tmp_path / "batch.onnx")
    with pytest.raises(ModelError, match=r"state_0' has shape \['batch', .*numbers of 1 or more for all lengths"):
        read_model(tmp_path / "batch.onnx")


def test_an_unknown_name_lists_what_is_there() -> None:
    with pytest.raises(ModelError, match=r"no model 'banjo': shipped are .*stage"):
        find_model("banjo")


def test_the_runtime_never_imports_torch() -> None:
    code = ("import sys, pkgutil, importlib, rtsep\n"
            "for m in pkgutil.walk_packages(rtsep.__path__, 'rtsep.'): importlib.import_module(m.name)\n"
            "bad = {'torch', 'training', 'bench', 'numba', 'scipy'} & set(sys.modules)\n"
            "sys.exit(', '.join(bad) or 0)")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
