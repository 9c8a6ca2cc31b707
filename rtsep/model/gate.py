"""The one gate for model files: what comes through is a model that may be run, with nothing made for it yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import TensorProto

from rtsep.errors import ModelError
from rtsep.model.card import DOMAINS, FileCard, StepCard
from rtsep.model.metadata import card_in
from rtsep.model.onnx_file import OnnxFile, read_onnx
from rtsep.model.reference import KEY, Reference, read_reference
from rtsep.model.shapes import Shape

STATE = "state_"  # what the names of states begin with
MOST_STEP_WORK = 1 << 28  # multiplications of a hop; the largest network of the comparison takes 2^25


@dataclass(frozen=True)
class StepFile:
    """A step model: one hop a call, for live use.

    Attributes
    ----------
    path
        Where it was read.
    card
        What it says about itself.
    model
        Graph and weights.
    shapes
        Of every input, output and value between nodes, by name.
    inputs, states
        Shapes of the features and of the recurrent states, by name.
    reference
        Vectors to check a build by; None where it carries none.
    """

    path: Path
    card: StepCard
    model: onnx.ModelProto
    shapes: dict[str, Shape]
    inputs: dict[str, Shape]
    states: dict[str, Shape]
    reference: Reference | None


@dataclass(frozen=True)
class SegmentFile:
    """A file model: whole segments, for files only; attributes as of `StepFile`."""

    path: Path
    card: FileCard
    model: onnx.ModelProto


def read_model(path: Path) -> StepFile | SegmentFile:
    """Read a model file and check all of it that can be checked without running it.

    Raises
    ------
    ModelError
        When it is missing, no model, or not what it says.
    """
    file = read_onnx(path)
    card = card_in(file.metadata, path)
    return _segment_file(file, card) if isinstance(card, FileCard) else _step_file(file, card)


def read_step(path: Path) -> StepFile:
    """Read a step model, as `read_model` does.

    Raises
    ------
    ModelError
        Also when it is a file model.
    """
    model = read_model(path)
    if isinstance(model, SegmentFile):
        raise ModelError(f"{path} is a file model, which needs the music before and after: it cannot run live; use it "
                         f"with: rtsep separate --model")
    return model


def _segment_file(file: OnnxFile, card: FileCard) -> SegmentFile:
    (before, after), (given, made) = DOMAINS[card.domain], card.shapes
    _compare(file, "input", file.inputs, {before: given})
    _compare(file, "output", file.outputs, {after: made})
    return SegmentFile(file.path, card, file.model)


def _step_file(file: OnnxFile, card: StepCard) -> StepFile:
    states = {name: shape for name, shape in file.inputs.items() if name.startswith(STATE)}
    _compare(file, "input", file.inputs, card.inputs | states)
    if file.work > MOST_STEP_WORK:
        raise ModelError(f"{file.path} takes about {file.work} multiplications a hop, {MOST_STEP_WORK} are allowed")
    _compare(file, "output", file.outputs,
             {"estimates": card.estimates} | {f"{name}_out": shape for name, shape in states.items()})
    text = file.metadata.get(KEY)
    reference = None if text is None else read_reference(text, card.inputs, card.estimates, str(file.path))
    return StepFile(file.path, card, file.model, file.shapes, card.inputs, states, reference)


def _compare(file: OnnxFile, kind: str, found: dict[str, Shape], expected: dict[str, Shape]) -> None:
    """Compare the graph's inputs or outputs with what the metadata promises."""
    for name, shape in expected.items():
        if name not in found:
            raise ModelError(f"{file.path}: the graph has no {kind} {name}; it has {', '.join(found)!r:.200}")
        if found[name] != shape:
            raise ModelError(f"{file.path}: {name} has shape {list(found[name])}, its metadata asks for {list(shape)}")
    strangers = set(found) - set(expected)
    if strangers:
        raise ModelError(f"{file.path}: unknown {kind}s {', '.join(sorted(strangers))!r:.200} in the graph")
    for value in (*file.model.graph.input, *file.model.graph.output):
        if value.type.tensor_type.elem_type != TensorProto.FLOAT:
            raise ModelError(f"{file.path}: {value.name!r:.60} is not of float32")
