"""Mutated model files, and what may come of them: a ModelError in one line, or sound as the numpy reference has it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from rtsep import ModelError
from rtsep.backends import open_backend
from rtsep.dsp.mask import mask_weights
from rtsep.model.gate import read_step

BINS, STATE, HOP = 33, 8, 16
DOCUMENT: dict[str, Any] = {
    "format": 1, "name": "fuzzed", "samplerate": 44100, "analysis": 64, "synthesis": 32, "hop": HOP,
    "stems": ["drums", "guitar", "other"], "contexts": [128], "licence": "CC0-1.0", "credits": [], "training": {},
    "quality": {}}
NUMBERS = (0, 1, -1, 2, 3, 7, 16, 33, 64, 65, 1 << 16, 1 << 31, -(1 << 40), 1 << 60)
OPERATORS = ("Mul", "Add", "Sub", "Div", "Relu", "Sigmoid", "Tanh", "Log", "Sqrt", "Identity", "Softmax", "MatMul",
             "Concat", "Split", "Slice", "Reshape", "ReduceMean", "Exp", "Neg", "Transpose", "Loop", "Constant")
Rng = np.random.Generator
AUDIBLE_DB = -40.0


def base_model() -> onnx.ModelProto:
    """Make a small recurrent step with every kind of node that the native code knows."""
    rng = np.random.default_rng(5)

    def normal(*shape: int) -> np.ndarray:
        return (0.3 * rng.standard_normal(shape)).astype(np.float32)

    weights = {
        "floor": np.float32(1e-3), "bands": normal(BINS, 20), "longer": normal(65, 20), "axes": np.array([-1]),
        "from": np.array([3]), "to": np.array([19]), "bytes": rng.integers(100, 156, (3 * STATE, 1, 64), np.uint8),
        "scales": np.full((3 * STATE, 1), 0.01, np.float32), "sizes": np.array([2 * STATE, STATE]),
        "back": normal(STATE, 3 * BINS), "rows": np.array([1, 3, BINS])}
    values = {"magnitude": (1, BINS), "context_0": (1, 65), "state_0": (1, STATE), "state_1": (1, STATE)}
    results = {"estimates": (1, 3, BINS), "state_0_out": (1, STATE), "state_1_out": (1, STATE)}
    steps: list[tuple[str, str, str, dict[str, Any]]] = [
        ("Add", "magnitude floor", "raised", {}), ("Log", "raised", "loud", {}), ("Sqrt", "raised", "root", {}),
        ("ReduceMean", "loud axes", "mean", {"keepdims": 1}), ("Sub", "loud mean", "level", {}),
        ("MatMul", "level bands", "low", {}), ("MatMul", "context_0 longer", "wide", {}),
        ("Slice", "wide from to axes", "part", {}), ("Concat", "low part state_0", "all", {"axis": -1}),
        ("MatMulNBits", "all bytes scales", "gates",
         {"K": 44, "N": 3 * STATE, "bits": 8, "block_size": 64, "accuracy_level": 4, "domain": "com.microsoft"}),
        ("Split", "gates sizes", "both new", {"axis": 1}), ("Sigmoid", "both", "open", {}),
        ("Split", "open", "reset keep", {"axis": 1, "num_outputs": 2}), ("Tanh", "new", "bent", {}),
        ("Mul", "reset bent", "fresh", {}), ("Mul", "keep state_0", "kept", {}),
        ("Add", "fresh kept", "state_0_out", {}),
        ("Identity", "state_0", "state_1_out", {}), ("Add", "state_0_out state_1", "seen", {}),
        ("Relu", "seen", "bright", {}), ("MatMul", "bright back", "flat", {}), ("Reshape", "flat rows", "logits", {}),
        ("Softmax", "logits", "masks", {"axis": 1}), ("Mul", "masks root", "shaped", {}),
        ("Div", "shaped raised", "thin", {}), ("Mul", "thin magnitude", "estimates", {})]
    nodes = [helper.make_node(kind, operands.split(), made.split(), **options)
             for kind, operands, made, options in steps]
    inputs, outputs = ([helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in sides.items()]
                       for sides in (values, results))
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "fuzzed", inputs, outputs, stored)
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21),
                                                                   helper.make_opsetid("com.microsoft", 1)])
    helper.set_model_props(model, {"rtsep": json.dumps(DOCUMENT)})
    return model


def change_dimension(model: onnx.ModelProto, rng: Rng) -> None:
    value = rng.choice([*model.graph.input, *model.graph.output])
    axes = value.type.tensor_type.shape.dim
    axes[rng.integers(len(axes))].dim_value = int(rng.choice(NUMBERS))


def change_weight_shape(model: onnx.ModelProto, rng: Rng) -> None:
    weight = rng.choice(model.graph.initializer)
    if len(weight.dims):
        weight.dims[rng.integers(len(weight.dims))] = int(rng.choice(NUMBERS))
    if rng.random() < 0.5:  # with as many numbers as it says, if that is possible
        count = int(np.prod([float(axis) for axis in weight.dims]))
        if 0 <= count < 1 << 16:
            size = helper.tensor_dtype_to_np_dtype(weight.data_type).itemsize
            weight.raw_data = (weight.raw_data * (count * size // max(len(weight.raw_data), 1) + 1))[:count * size]


def change_weight_values(model: onnx.ModelProto, rng: Rng) -> None:
    weight = rng.choice(model.graph.initializer)
    array = numpy_helper.to_array(weight).copy()
    where = rng.random(array.shape) < 0.3
    if array.dtype == np.float32:
        array[where] *= np.float32(rng.choice([-1, 0, 1e-30, 1e6, 1e30, np.inf, np.nan]))
    else:
        array[where] = int(rng.choice(NUMBERS)) % 256 if array.dtype == np.uint8 else int(rng.choice(NUMBERS))
    weight.CopyFrom(numpy_helper.from_array(array, weight.name))


def change_attribute(model: onnx.ModelProto, rng: Rng) -> None:
    options = [option for node in model.graph.node for option in node.attribute]
    rng.choice(options).i = int(rng.choice(NUMBERS))


def change_operand(model: onnx.ModelProto, rng: Rng) -> None:
    names = [name for node in model.graph.node for name in node.output]
    names += [value.name for value in (*model.graph.input, *model.graph.initializer)] + [""]
    node = rng.choice(model.graph.node)
    node.input[rng.integers(len(node.input))] = str(rng.choice(names))


def change_operator(model: onnx.ModelProto, rng: Rng) -> None:
    rng.choice(model.graph.node).op_type = str(rng.choice(OPERATORS))


def move_nodes(model: onnx.ModelProto, rng: Rng) -> None:
    nodes = list(model.graph.node)
    one, other = rng.integers(len(nodes), size=2)
    action = rng.integers(3)
    if action == 0:
        nodes[one], nodes[other] = nodes[other], nodes[one]
    elif action == 1:
        nodes.insert(one, nodes[other])
    else:
        del nodes[one]
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(kept)


def rename(model: onnx.ModelProto, rng: Rng) -> None:
    value = rng.choice([*model.graph.input, *model.graph.output, *model.graph.initializer])
    value.name = str(rng.choice(["magnitude", "estimates", "state_0", "state_0_out", "state_7", "x\x1b[2J", ""]))


def change_document(model: onnx.ModelProto, rng: Rng) -> None:
    document = dict(DOCUMENT)
    name = str(rng.choice(list(document)))
    document[name] = [*NUMBERS, "../../x", "a\nb", [], {}, None, True, [64], [128, 128], ["rest"] * 3, 1e300][
        rng.integers(len(NUMBERS) + 10)]
    helper.set_model_props(model, {"rtsep": json.dumps(document)})


def change_state(model: onnx.ModelProto, rng: Rng) -> None:
    """Give a state another size, where it goes in and where it comes out."""
    name, size = f"state_{rng.integers(2)}", int(rng.choice(NUMBERS))
    for value in (*model.graph.input, *model.graph.output):
        if value.name.startswith(name):
            value.type.tensor_type.shape.dim[-1].dim_value = size


def change_context(model: onnx.ModelProto, rng: Rng) -> None:
    """Give the longer window another length, in the document and in the graph."""
    length = int(rng.choice([32, 64, 66, 96, 100, 256, 1 << 17]))
    helper.set_model_props(model, {"rtsep": json.dumps(DOCUMENT | {"contexts": [length]})})
    bins = length // 2 + 1
    model.graph.input[1].type.tensor_type.shape.dim[1].dim_value = bins
    for weight in model.graph.initializer:
        if weight.name == "longer":
            array = np.resize(numpy_helper.to_array(weight), (bins, 20))
            weight.CopyFrom(numpy_helper.from_array(array, "longer"))


MUTATIONS: tuple[Callable[[onnx.ModelProto, Rng], None], ...] = (
    *[change_weight_values] * 6, *[change_operand] * 3, *[change_operator] * 2, *[change_context] * 2, change_dimension,
    change_weight_shape, change_attribute, move_nodes, rename, change_document, change_state)


def mutated(seed: int) -> bytes:
    """Make the file of a seed: one or two mutations, or damaged bytes."""
    rng, model = np.random.default_rng(seed), base_model()
    for _ in range(rng.integers(1, 3)):
        MUTATIONS[rng.integers(len(MUTATIONS))](model, rng)
    content = bytearray(model.SerializeToString())
    if rng.random() < 0.1:
        for place in rng.integers(len(content), size=rng.integers(1, 9)):
            content[place] = rng.integers(256)
    return bytes(content)


def verdict(path: Path) -> str:
    """Say what became of a file: `refused`, or who played it.

    Raises
    ------
    AssertionError
        When it is neither refused in one line nor played as the reference does.
    """
    rng, message = np.random.default_rng(1), ""
    try:
        model = read_step(path)
        requested = np.eye(len(model.card.stems), dtype=np.float32)
        backends = [open_backend(model, 2, requested, provider=provider) for provider in ("cpu", "numpy")]
    except ModelError as refusal:
        message = str(refusal)
    if message:
        assert message.isprintable()
        assert len(message) < 600
        return "refused"
    hop = model.card.geometry.hop
    block = (rng.choice([1e-4, 0.1, 1.0], (1, 24)).repeat(hop, axis=1)
             * rng.standard_normal((2, 24 * hop))).astype(np.float32)
    found, expected = (backend.push(block, mask_weights(requested)).astype(np.float64) for backend in backends)
    assert np.all(np.isfinite(found))
    assert np.abs(found).max() <= 8.0 * np.abs(block).max()
    error = np.sum(np.square(found - expected)) / np.sum(np.square(block))
    assert 10.0 * np.log10(error + 1e-30) <= AUDIBLE_DB, f"{10.0 * np.log10(error):.0f} dB"
    return backends[0].name


def run(seeds: range, folder: Path) -> dict[str, int]:
    """Count the verdicts of many files.

    Raises
    ------
    AssertionError
        With the seed of the first file that is treated wrongly.
    """
    counts: dict[str, int] = {}
    path = folder / "fuzzed.onnx"
    for seed in seeds:
        path.write_bytes(mutated(seed))
        try:
            name = verdict(path)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
        counts[name] = counts.get(name, 0) + 1
    return counts


if __name__ == "__main__":
    begin, end, place = sys.argv[1:]
    print(run(range(int(begin), int(end)), Path(place)))
