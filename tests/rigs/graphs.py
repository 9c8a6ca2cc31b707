"""Small step graphs of a few nodes, for tests of who runs them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from rtsep.dsp.windows import PROFILES
from rtsep.model.card import StepCard
from rtsep.model.gate import StepFile
from rtsep.model.onnx_file import read_onnx
from rtsep.model.outline import outline_of
from rtsep.native import bindings

VARIANTS = bindings.variants()
BEST = next(iter(VARIANTS.values()), None)
Array = NDArray[np.float32]
Weights = dict[str, NDArray[Any]]
RNG = np.random.default_rng(1)


def normal(*shape: int) -> Array:
    return RNG.standard_normal(shape).astype(np.float32)


def graph_of(nodes: Sequence[onnx.NodeProto], inputs: dict[str, tuple[int, ...]], weights: Weights, path: Path) -> Path:
    """Write a graph whose last node gives `estimates`."""
    nodes[-1].output[0] = "estimates"
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    results = [helper.make_tensor_value_info("estimates", TensorProto.FLOAT, None)]
    stored = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    domains = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(helper.make_graph(nodes, "one", values, results, stored), opset_imports=domains,
                              ir_version=10)
    inferred = onnx.shape_inference.infer_shapes(outline_of(model), strict_mode=True, data_prop=True)
    model.graph.output[0].CopyFrom(inferred.graph.output[0])
    onnx.save(model, path)
    return path


def node(operator: str, *inputs: str, outputs: Sequence[str] = ("middle",), **options: Any) -> onnx.NodeProto:
    return helper.make_node(operator, list(inputs), list(outputs), **options)


def bare(path: Path) -> StepFile:
    """Make a step file of a graph with any inputs and no metadata."""
    file = read_onnx(path)
    states = {name: shape for name, shape in file.inputs.items() if name.startswith("state_")}
    inputs = {name: shape for name, shape in file.inputs.items() if name not in states}
    card = StepCard("bare", 44100, PROFILES["stage"], ("a",), "", (), {}, {}, ())
    return StepFile(path, card, file.model, file.shapes, inputs, states, None)


def error_db(found: Array, expected: Array) -> float:
    return 10.0 * float(np.log10(np.sum(np.square(found - expected)) / np.sum(np.square(expected)) + 1e-20))
