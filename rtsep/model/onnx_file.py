"""An ONNX file before anybody runs it: read with limits, and without anything that runs, loads or grows by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import AttributeProto, TensorProto

from rtsep.errors import ModelError
from rtsep.model.metadata import MOST_BYTES, open_model
from rtsep.model.outline import outline_of
from rtsep.model.shapes import NUMBERS, Shape, UnfitShape, count_of, infer_shapes, work_of

MOST_NODES = 8192
MOST_NUMBERS = 1 << 26  # of all weights and values together
DOMAINS = ("", "ai.onnx", "com.microsoft")
RANDOM = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial")


@dataclass(frozen=True)
class OnnxFile:
    """A plain graph.

    Attributes
    ----------
    path
        Where it was read.
    model
        All of it.
    shapes
        Of every input, output and value between nodes, by name.
    metadata
        Properties by key.
    work
        About how many multiplications a run takes, rather too many.
    """

    path: Path
    model: onnx.ModelProto
    shapes: dict[str, Shape]
    metadata: dict[str, str]
    work: int

    @property
    def inputs(self) -> dict[str, Shape]:
        """Shape of each input."""
        return {value.name: self.shapes[value.name] for value in self.model.graph.input}

    @property
    def outputs(self) -> dict[str, Shape]:
        """Shape of each output."""
        return {value.name: self.shapes[value.name] for value in self.model.graph.output}


def read_onnx(path: Path) -> OnnxFile:
    """Read a file and check that it is a plain graph.

    Raises
    ------
    ModelError
        When it is missing, too large or no ONNX model, or when it has control flow, functions, data in other files or
        shapes that are not fixed.
    """
    model = _parsed(path)
    _check_structure(model, path)
    try:
        outline = outline_of(model)
        onnx.checker.check_model(outline)
        shapes = infer_shapes(outline)
    except UnfitShape as error:
        raise ModelError(f"{path}: {error}") from None
    except Exception as error:  # the checker raises kinds of its own, and of protobuf
        raise ModelError(f"{path} is no ONNX model that can be read ({first_line(error)})") from None
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    shapes |= _weights(outline.graph)
    _check_size(shapes, path)
    return OnnxFile(path, model, shapes, metadata, sum(work_of(node, shapes) for node in outline.graph.node))


def first_line(error: Exception) -> str:
    """Say in one printable line what an error of another library says."""
    text = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:160]


def _parsed(path: Path) -> onnx.ModelProto:
    with open_model(path) as file:
        content = file.read(MOST_BYTES + 1)
    try:
        return onnx.load_from_string(content)
    except Exception as error:  # protobuf raises kinds of its own for a damaged file
        raise ModelError(f"{path} is no ONNX model that can be read ({first_line(error)})") from None


def _check_structure(model: onnx.ModelProto, path: Path) -> None:
    """Refuse what a step or a file model has no use for."""
    graph = model.graph
    keys = [entry.key for entry in model.metadata_props]
    names = [value.name for value in (*graph.input, *graph.output)]
    tensors = [*graph.initializer, *(attribute.t for node in graph.node for attribute in node.attribute
                                     if attribute.type == AttributeProto.TENSOR)]
    stored = {weight.name for weight in graph.initializer}
    for wrong, reason in (
            (bool(model.functions or model.training_info), "functions or training graphs"),
            (bool(graph.sparse_initializer), "sparse weights"),
            (any(_has_graph(node) for node in graph.node), "control flow"),
            (any(_is_outside(tensor) for tensor in tensors), "data in other files"),
            (any(node.op_type in RANDOM for node in graph.node), "random numbers"),
            (len(graph.node) > MOST_NODES, f"{len(graph.node)} nodes, more than {MOST_NODES}"),
            (any(node.domain not in DOMAINS for node in graph.node), "operators of other makers"),
            (len(set(keys)) < len(keys), "metadata with the same key twice"),
            (len(set(names)) < len(names), "an input and an output of the same name"),
            (bool(stored.intersection(names)), "weights with the name of an input or output")):
        if wrong:
            raise ModelError(f"{path} has {reason}: rtsep runs no such model")
    for tensor in tensors:
        _check_tensor(tensor, path)


def _has_graph(node: onnx.NodeProto) -> bool:
    plain = (AttributeProto.FLOAT, AttributeProto.INT, AttributeProto.STRING, AttributeProto.TENSOR,
             AttributeProto.FLOATS, AttributeProto.INTS, AttributeProto.STRINGS)
    return any(attribute.type not in plain or attribute.ref_attr_name for attribute in node.attribute)


def _is_outside(tensor: TensorProto) -> bool:
    return tensor.data_location == TensorProto.EXTERNAL or bool(tensor.external_data)


def _check_tensor(tensor: TensorProto, path: Path) -> None:
    """See that a weight holds as many numbers as its shape says."""
    count = count_of(tensor.dims)
    known = tensor.data_type in NUMBERS and 0 <= count <= MOST_NUMBERS and min(tensor.dims, default=1) >= 0
    if known and tensor.HasField("raw_data"):
        known = len(tensor.raw_data) == count * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    elif known:
        field: str = onnx.helper.tensor_dtype_to_field(tensor.data_type)
        known = len(getattr(tensor, field)) == count
    if not known:
        raise ModelError(f"{path}: a weight of shape {list(tensor.dims)} does not hold what it says")


def _weights(graph: onnx.GraphProto) -> dict[str, Shape]:
    """Return the shapes of weights."""
    return {weight.name: tuple(weight.dims) for weight in graph.initializer}


def _check_size(shapes: dict[str, Shape], path: Path) -> None:
    """See that all values and weights together fit."""
    total = sum(map(count_of, shapes.values()))
    if total > MOST_NUMBERS:
        raise ModelError(f"{path} computes with {total} numbers at once, {MOST_NUMBERS} are allowed")
