"""Mutated model files: dimensions, attributes, names, operands, weights, metadata, pairs of numbers that agree."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from rtsep import ModelError
from rtsep.model.gate import read_step
from tests.fuzz.graphs import Plan, step_model
from tests.fuzz.harness import NUMBERS, Rng, refused
from tests.fuzz.sounds import compare
from tests.rigs.models import TINY

OPERATORS = ("Mul", "Add", "Sub", "Div", "Relu", "Sigmoid", "Tanh", "Log", "Sqrt", "Identity", "Softmax", "MatMul",
             "Concat", "Split", "Slice", "Reshape", "ReduceMean", "Exp", "Neg", "Transpose", "Loop", "Constant")
STEREO = Plan(stereo=True, contexts=(), stems=("bass", "vocals"), state=5, narrow=9)


def base_model() -> onnx.ModelProto:
    """Make the model that most mutations begin with."""
    return step_model(Plan())


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
    whole = [weight for weight in model.graph.initializer if _is_whole(weight)]
    if not whole:
        return
    weight = rng.choice(whole)
    array = numpy_helper.to_array(weight).copy()
    where = rng.random(array.shape) < 0.3
    if array.dtype == np.float32:
        with np.errstate(all="ignore"):
            array[where] *= np.float32(rng.choice([-1, 0, 1e-30, 1e6, 1e30, np.inf, np.nan]))
    else:
        array[where] = int(rng.choice(NUMBERS)) % 256 if array.dtype == np.uint8 else int(rng.choice(NUMBERS))
    weight.CopyFrom(numpy_helper.from_array(array, weight.name))


def _is_whole(weight: onnx.TensorProto) -> bool:
    """Whether a weight still holds as many numbers as it says."""
    count = np.prod([float(axis) for axis in weight.dims])
    return min(weight.dims, default=1) >= 0 and len(weight.raw_data) == count * helper.tensor_dtype_to_np_dtype(
        weight.data_type).itemsize


def change_attribute(model: onnx.ModelProto, rng: Rng) -> None:
    options = [option for node in model.graph.node for option in node.attribute]
    if options:
        rng.choice(options).i = int(rng.choice(NUMBERS))


def change_operand(model: onnx.ModelProto, rng: Rng) -> None:
    names = [name for node in model.graph.node for name in node.output]
    names += [value.name for value in (*model.graph.input, *model.graph.initializer)] + [""]
    node = rng.choice([node for node in model.graph.node if node.input])
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
    document = _document(model)
    name = str(rng.choice(list(document)))
    document[name] = [*NUMBERS, "../../x", "a\nb", [], {}, None, True, [64], [128, 128], ["rest"] * 3, 1e300][
        rng.integers(len(NUMBERS) + 10)]
    _set_document(model, document)


def change_state(model: onnx.ModelProto, rng: Rng) -> None:
    """Give a state another size, where it goes in and where it comes out."""
    name, size = f"state_{rng.integers(2)}", int(rng.choice(NUMBERS))
    for value in (*model.graph.input, *model.graph.output):
        if value.name.startswith(name):
            value.type.tensor_type.shape.dim[-1].dim_value = size


def change_context(model: onnx.ModelProto, rng: Rng) -> None:
    """Give the longer window another length, in the document and in the graph."""
    length = int(rng.choice([32, 64, 66, 96, 100, 256, 1 << 17]))
    _set_document(model, _document(model) | {"contexts": [length]})
    bins = length // 2 + 1
    for value in model.graph.input:
        if value.name == "context_0":
            value.type.tensor_type.shape.dim[1].dim_value = bins
    for weight in model.graph.initializer:
        if weight.name == "longer_0" and _is_whole(weight):
            array = np.resize(numpy_helper.to_array(weight), (bins, 20))
            weight.CopyFrom(numpy_helper.from_array(array, weight.name))


def change_reference(model: onnx.ModelProto, rng: Rng) -> None:
    """Damage the reference vectors, where the model carries some."""
    for entry in model.metadata_props:
        if entry.key == "rtsep-reference":
            letters = list(entry.value)
            for place in rng.integers(len(letters), size=rng.integers(1, 20)):
                letters[place] = chr(rng.integers(32, 127))
            entry.value = "".join(letters)


def _document(model: onnx.ModelProto) -> dict[str, object]:
    fields: dict[str, object] = json.loads({entry.key: entry.value for entry in model.metadata_props}["rtsep"])
    return fields


def _set_document(model: onnx.ModelProto, document: dict[str, object]) -> None:
    properties = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, properties | {"rtsep": json.dumps(document)})


MUTATIONS: tuple[Callable[[onnx.ModelProto, Rng], None], ...] = (
    *[change_weight_values] * 6, *[change_operand] * 3, *[change_operator] * 2, *[change_context] * 2, change_dimension,
    change_weight_shape, change_attribute, move_nodes, rename, change_document, change_state, change_reference)


def mutated(seed: int) -> bytes:
    """Make the file of a seed: one to three mutations, or damaged bytes."""
    rng = np.random.default_rng(seed)
    model = [base_model, base_model, lambda: step_model(STEREO), lambda: onnx.load(TINY)][rng.integers(4)]()
    for _ in range(rng.integers(1, 4)):
        MUTATIONS[rng.integers(len(MUTATIONS))](model, rng)
    content = bytearray(model.SerializeToString())
    if rng.random() < 0.1:
        for place in rng.integers(len(content), size=rng.integers(1, 9)):
            content[place] = rng.integers(256)
    return bytes(content)


def attempt(seed: int, folder: Path) -> str:
    """Try the model of a seed: it is refused, or somebody plays it as the reference does."""
    path = folder / "fuzzed.onnx"
    path.write_bytes(mutated(seed))
    return verdict(path)


def verdict(path: Path) -> str:
    """Say what became of a file: `refused`, or who played it."""
    try:
        model = read_step(path)
        requested = np.eye(len(model.card.stems), dtype=np.float32)
        return compare(model, 2, requested, np.random.default_rng(1))
    except ModelError as error:
        return refused(error)
