"""Small recurrent step models of any geometry, with every kind of node that the native code knows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from rtsep.dsp.features import feature_lengths
from rtsep.dsp.windows import Geometry

_BLOCK = 64  # inputs that share a scale
_PART = 16  # features that are taken of each longer window
Step = tuple[str, str, str, dict[str, Any]]
"""Kind of a node, its operands, its results, its attributes."""

SMALLEST = Geometry(64, 32, 16)


@dataclass(frozen=True)
class Plan:
    """What a model is like.

    `bands` summed from the bins, `state` units, `narrow`: of how many bins a band is at most.
    """

    geometry: Geometry = SMALLEST
    contexts: tuple[int, ...] = (128,)
    stems: tuple[str, ...] = ("drums", "guitar", "other")
    stereo: bool = False
    bands: int = 20
    state: int = 8
    narrow: int = 1 << 16
    seed: int = 5

    @property
    def document(self) -> dict[str, Any]:
        """Metadata of the model."""
        number = 3 if self.geometry.look_ahead else 2 if self.stereo else 1
        return {"format": number, "name": "fuzzed", "samplerate": 44100, **asdict(self.geometry),
                "stems": list(self.stems), "contexts": list(self.contexts), "licence": "CC0-1.0", "credits": [],
                "training": {}, "quality": {}}


def step_model(plan: Plan) -> onnx.ModelProto:
    """Make the model of a plan."""
    bins, stems, state = plan.geometry.bins, len(plan.stems), plan.state
    lengths = feature_lengths(plan.geometry.analysis, plan.contexts, plan.stereo)
    weights = _weights(plan)
    nodes = [helper.make_node(kind, operands.split(), made.split(), **options)
             for kind, operands, made, options in [*_to_features(plan), *_to_estimates(plan)]]
    values = {name: (1, length // 2 + 1) for name, length in lengths.items()}
    states = {"state_0": (1, state), "state_1": (1, state)}
    outputs = {"estimates": (1, stems, bins), **{f"{name}_out": shape for name, shape in states.items()}}
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "fuzzed", _floats(values | states), _floats(outputs), stored)
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21),
                                                                   helper.make_opsetid("com.microsoft", 1)])
    helper.set_model_props(model, {"rtsep": json.dumps(plan.document)})
    return model


def _inner(plan: Plan) -> int:
    """Count what the recurrent layer reads."""
    return plan.bands * (2 if plan.stereo else 1) + _PART * len(plan.contexts) + plan.state


def _weights(plan: Plan) -> dict[str, Any]:
    rng, bins, state = np.random.default_rng(plan.seed), plan.geometry.bins, plan.state
    blocks = -(-_inner(plan) // _BLOCK)
    weights: dict[str, Any] = {
        "floor": np.float32(1e-3), "bands": _bands(rng, bins, plan.bands, plan.narrow), "axes": np.array([-1]),
        "from": np.array([3]), "to": np.array([3 + _PART]),
        "bytes": rng.integers(100, 156, (3 * state, blocks, _BLOCK), np.uint8),
        "scales": np.full((3 * state, blocks), 0.01, np.float32), "sizes": np.array([2 * state, state]),
        "back": _normal(rng, state, len(plan.stems) * bins), "rows": np.array([1, len(plan.stems), bins])}
    for index, length in enumerate(plan.contexts):
        weights[f"longer_{index}"] = _bands(rng, length // 2 + 1, max(20, plan.bands), plan.narrow)
    return weights


def _to_features(plan: Plan) -> list[Step]:
    """From the inputs to what the recurrent layer reads."""
    steps: list[Step] = [
        ("Add", "magnitude floor", "raised", {}), ("Log", "raised", "loud", {}), ("Sqrt", "raised", "root", {}),
        ("ReduceMean", "loud axes", "mean", {"keepdims": 1}), ("Sub", "loud mean", "level", {}),
        ("MatMul", "level bands", "low", {})]
    for index in range(len(plan.contexts)):
        steps += [("MatMul", f"context_{index} longer_{index}", f"wide_{index}", {}),
                  ("Slice", f"wide_{index} from to axes", f"part_{index}", {})]
    if plan.stereo:
        steps += [("Mul", "raised raised", "power", {}), ("Add", "cross difference", "both_sides", {}),
                  ("Div", "both_sides power", "share", {}), ("MatMul", "share bands", "near", {})]
    parts = ["low", *(f"part_{index}" for index in range(len(plan.contexts))), *(["near"] if plan.stereo else [])]
    return [*steps, ("Concat", " ".join([*parts, "state_0"]), "all", {"axis": -1})]


def _to_estimates(plan: Plan) -> list[Step]:
    """From there to the states and the estimates."""
    return [
        ("MatMulNBits", "all bytes scales", "gates",
         {"K": _inner(plan), "N": 3 * plan.state, "bits": 8, "block_size": _BLOCK, "accuracy_level": 4,
          "domain": "com.microsoft"}),
        ("Split", "gates sizes", "both new", {"axis": 1}), ("Sigmoid", "both", "open", {}),
        ("Split", "open", "reset keep", {"axis": 1, "num_outputs": 2}), ("Tanh", "new", "bent", {}),
        ("Mul", "reset bent", "fresh", {}), ("Mul", "keep state_0", "kept", {}),
        ("Add", "fresh kept", "state_0_out", {}),
        ("Identity", "state_0", "state_1_out", {}), ("Add", "state_0_out state_1", "seen", {}),
        ("Relu", "seen", "bright", {}), ("MatMul", "bright back", "flat", {}), ("Reshape", "flat rows", "logits", {}),
        ("Softmax", "logits", "masks", {"axis": 1}), ("Mul", "masks root", "shaped", {}),
        ("Div", "shaped raised", "thin", {}), ("Mul", "thin magnitude", "estimates", {})]


def _floats(shapes: dict[str, tuple[int, ...]]) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]


def _normal(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return (0.3 * rng.standard_normal(shape)).astype(np.float32)


def _bands(rng: np.random.Generator, bins: int, bands: int, most: int) -> NDArray[np.float32]:
    """Make weights whose columns are zero outside of a band, which may be empty."""
    weights = _normal(rng, bins, bands)
    if most < bins:
        begins, widths = rng.integers(0, bins, bands), rng.integers(0, most + 1, bands)
        rows = np.arange(bins)[:, np.newaxis]
        weights[(rows < begins) | (rows >= begins + widths)] = 0.0
    return weights
