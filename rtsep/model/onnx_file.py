"""An ONNX file before anybody runs it: its graph, the shapes of what goes in and out, and its metadata."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import onnx

from rtsep.errors import ModelError

Shape = list[int | str]
"""Lengths; a name stands for one that is not fixed."""


@dataclass(frozen=True)
class OnnxFile:
    """What a file holds.

    Attributes
    ----------
    path
        Where it was read.
    graph
        Nodes and weights.
    metadata
        Properties by key.
    """

    path: Path
    graph: onnx.GraphProto
    metadata: dict[str, str]

    @property
    def inputs(self) -> dict[str, Shape]:
        """Shape of each input."""
        return _shapes(self.graph.input)

    @property
    def outputs(self) -> dict[str, Shape]:
        """Shape of each output."""
        return _shapes(self.graph.output)

    @property
    def document(self) -> str:
        """The JSON document that rtsep's models carry; ModelError where there is none."""
        if "rtsep" not in self.metadata:
            raise ModelError(f"{self.path}: no rtsep metadata, so this is no step model; make one with: "
                             f"python -m training export")
        return self.metadata["rtsep"]


def read_onnx(path: Path) -> OnnxFile:
    """Read a file.

    Raises
    ------
    ModelError
        When it is missing, or no ONNX model.
    """
    try:
        model = onnx.load(path)
    except OSError:
        raise ModelError(f"no model file {path}: `rtsep models` lists what is installed") from None
    except Exception as error:  # protobuf raises kinds of its own for a damaged file
        raise ModelError(f"{path} is no ONNX model that can be read ({str(error)[:160]})") from None
    return OnnxFile(path, model.graph, {entry.key: entry.value for entry in model.metadata_props})


def _shapes(values: Iterable[onnx.ValueInfoProto]) -> dict[str, Shape]:
    return {value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
            for value in values}
