"""Mutated file models of both domains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from rtsep import ModelError
from rtsep.backends.segments import FAR_ABOVE, FileSeparator
from tests.fuzz.harness import NUMBERS, refused
from tests.fuzz.models import MUTATIONS

STEMS, SEGMENT, HOP, BINS = ("guitar", "other"), 256, 32, 33
DOCUMENT: dict[str, Any] = {
    "kind": "file", "format": 1, "name": "fuzzed", "samplerate": 44100, "analysis": 64, "synthesis": 64, "hop": HOP,
    "stems": STEMS, "segment": SEGMENT, "overlap": 64, "licence": "CC0-1.0", "credits": [], "training": {},
    "quality": {}}


def attempt(seed: int, folder: Path) -> str:
    """Separate noise by the file model of a seed, and compare ONNX Runtime with the evaluator of ONNX."""
    rng, path = np.random.default_rng(seed), folder / "file.onnx"
    model = _base("waveform" if rng.random() < 0.5 else "magnitude")
    for _ in range(rng.integers(0, 3)):
        MUTATIONS[rng.integers(len(MUTATIONS))](model, rng)
    if rng.random() < 0.3:
        _change_length(model, rng)
    path.write_bytes(model.SerializeToString())
    sound = (0.3 * rng.standard_normal((2, 3 * SEGMENT))).astype(np.float32)
    try:
        separator = FileSeparator(path, 2)
        found = np.concatenate([separator.process(sound[:, :100]), separator.process(sound[:, 100:])], axis=2)
    except ModelError as error:
        return refused(error)
    assert found.shape == (len(separator.stems), 2, sound.shape[1])
    assert np.abs(found).max() <= 2.0 * FAR_ABOVE * np.abs(sound).max()  # where segments overlap
    _compare(path, separator, rng)
    return separator.info.domain


def _compare(path: Path, separator: FileSeparator, rng: np.random.Generator) -> None:
    shape = separator.info.shapes[0]
    value = np.abs(rng.standard_normal(shape)).astype(np.float32)
    evaluator = ReferenceEvaluator(str(path))
    with np.errstate(all="ignore"):
        expected = evaluator.run(None, {evaluator.input_names[0]: value})[0][0]
    found = separator._model._run(value[0])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * max(1.0, float(np.abs(expected).max())))


def _base(domain: str) -> onnx.ModelProto:
    """Make a network of one convolution, or of one product."""
    rng, stems = np.random.default_rng(3), len(STEMS)

    def normal(*shape: int) -> np.ndarray:
        return (0.3 * rng.standard_normal(shape)).astype(np.float32)

    if domain == "waveform":
        weights = {"row": np.array([1, 1, SEGMENT]), "kernel": normal(stems, 1, 5), "gain": np.float32(0.5)}
        nodes = [("Reshape", "mixture row", "given", {}), ("Conv", "given kernel", "bent", {"pads": [2, 2]}),
                 ("Tanh", "bent", "small", {}), ("Mul", "small gain", "estimates", {})]
        given, made = ("mixture", (1, SEGMENT)), ("estimates", (1, stems, SEGMENT))
    else:
        hops = SEGMENT // HOP + 1
        weights = {"mix": normal(BINS, stems * BINS), "apart": np.array([1, hops, stems, BINS]),
                   "floor": np.float32(1e-3)}
        nodes = [("Add", "magnitude floor", "raised", {}), ("Log", "raised", "loud", {}),
                 ("MatMul", "loud mix", "flat", {}), ("Sigmoid", "flat", "open", {}),
                 ("Reshape", "open apart", "parted", {}), ("Transpose", "parted", "masks", {"perm": [0, 2, 1, 3]})]
        given, made = ("magnitude", (1, hops, BINS)), ("masks", (1, stems, hops, BINS))
    graph = helper.make_graph(
        [helper.make_node(kind, operands.split(), results.split(), **options)
         for kind, operands, results, options in nodes], "fuzzed",
        [helper.make_tensor_value_info(given[0], TensorProto.FLOAT, given[1])],
        [helper.make_tensor_value_info(made[0], TensorProto.FLOAT, made[1])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    helper.set_model_props(model, {"rtsep": json.dumps(DOCUMENT | {"domain": domain})})
    return model


def _change_length(model: onnx.ModelProto, rng: np.random.Generator) -> None:
    """Change a number of the document alone."""
    properties = {entry.key: entry.value for entry in model.metadata_props}
    document = json.loads(properties["rtsep"])
    document[str(rng.choice(["segment", "overlap", "hop", "synthesis", "analysis"]))] = int(
        rng.choice([*NUMBERS, 128, 129, 255, 256]))
    helper.set_model_props(model, properties | {"rtsep": json.dumps(document)})
