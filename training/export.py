"""Export a network to a step model: 8-bit weights, metadata, reference vectors and card."""

from __future__ import annotations

import base64
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic

from rtsep.model import FORMAT, StepModel
from training.graph import StepGraph
from training.nets.band_gru import BandGru

REFERENCE_HOPS = 64


def quantise(graph: StepGraph) -> onnx.ModelProto:
    """Store the weights of all large products in 8 bit, one scale a column; their inputs are quantised per hop."""
    with tempfile.TemporaryDirectory() as folder:
        full, small = Path(folder, "full.onnx"), Path(folder, "small.onnx")
        onnx.save(graph.model(), full)
        quantize_dynamic(full, small, nodes_to_quantize=graph.products, weight_type=QuantType.QInt8, per_channel=True)
        return onnx.load(small)


def metadata(net: BandGru, name: str, samplerate: int, summary: dict[str, Any]) -> dict[str, Any]:
    """Describe a model as the JSON document inside the file does.

    Parameters
    ----------
    summary
        `licence`, `credits`, `training` and `quality`.
    """
    geometry = net.geometry
    return {"format": FORMAT, "name": name, "samplerate": samplerate, "analysis": geometry.analysis,
            "synthesis": geometry.synthesis, "hop": geometry.hop, "stems": list(net.stems),
            "contexts": list(net.config.contexts)} | summary


def write_model(model: onnx.ModelProto, document: dict[str, Any], path: Path) -> None:
    """Write a step model with its metadata and reference vectors, and its card beside it."""
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {"rtsep": json.dumps(document)})
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft.onnx")
    onnx.save(model, draft)
    onnx.helper.set_model_props(model, {"rtsep": json.dumps(document), "rtsep-reference": _reference(draft)})
    onnx.save(model, draft)
    os.replace(draft, path)
    path.with_suffix(".yaml").write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100))


def _reference(path: Path) -> str:
    """Run noise bursts through a model and keep the last estimates, so that another build can be compared."""
    model = StepModel(path)
    rng = np.random.default_rng(1)
    lengths = {"magnitude": model.info.geometry.analysis}
    lengths |= {f"context_{index}": length for index, length in enumerate(model.info.contexts)}
    arrays: dict[str, NDArray[Any]] = {
        name: (rng.exponential(size=(REFERENCE_HOPS, length // 2 + 1))
               * rng.choice([0.1, 1.0, 10.0], size=(REFERENCE_HOPS, 1))).astype(np.float16)
        for name, length in lengths.items()}
    for magnitudes in zip(*arrays.values(), strict=True):
        first, *contexts = (magnitude.astype(np.float32) for magnitude in magnitudes)
        estimates = model.step(first, contexts)
    arrays["estimates"] = estimates
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return base64.b64encode(buffer.getvalue()).decode()
