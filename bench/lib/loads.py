"""What is timed beside whole hops: a step alone, a mere reading of memory, and a model without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from rtsep.backends.step import Step
from rtsep.dsp.features import feature_lengths
from rtsep.model.card import FORMAT

Work = Callable[[], object]


def step_alone(step: Step) -> Work:
    """One hop of noise, states carried on."""
    rng = np.random.default_rng(1)
    for value in step.inputs.values():
        value[:] = rng.exponential(size=value.shape)
    return step.run


def reading(model_bytes: int) -> Work:
    """Make what reads as many bytes as a model has weights, and does nothing else: no step can be faster."""
    maximum: Work = np.ones(model_bytes // 4, np.float32).max
    return maximum


def without_network(document: dict[str, Any], path: Path, shares: NDArray[np.float32] | None = None) -> Path:
    """Write a step model whose estimates are shares of the magnitudes: the hop around it is that without the model.

    Parameters
    ----------
    document
        Metadata of a step model.
    path
        The `.onnx` file.
    shares
        float32 (stems, bins); all of it where not given.
    """
    bins, stems = document["analysis"] // 2 + 1, len(document["stems"])
    lengths = feature_lengths(document["analysis"], document["contexts"], document["format"] != FORMAT)
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, length // 2 + 1))
              for name, length in lengths.items()]
    estimates = helper.make_tensor_value_info("estimates", TensorProto.FLOAT, (1, stems, bins))
    weights = {"shape": np.array([1, 1, bins]),
               "shares": np.ones((1, stems, bins), np.float32) if shares is None else shares[np.newaxis]}
    nodes = [helper.make_node("Reshape", ["magnitude", "shape"], ["row"]),
             helper.make_node("Mul", ["row", "shares"], ["estimates"])]
    stored = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    model = helper.make_model(helper.make_graph(nodes, "none", inputs, [estimates], stored),
                              opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    helper.set_model_props(model, {"rtsep": json.dumps(document)})
    onnx.save(model, path)
    return path


def document_of(path: Path) -> dict[str, Any]:
    """Read the metadata of a step model."""
    properties = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    document: dict[str, Any] = json.loads(properties["rtsep"])
    return document
