"""Small step models for the tests, made without torch."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from rtsep.dsp.windows import PROFILES, Geometry, analysis_window, synthesis_window
from rtsep.model.catalogue import find_model
from rtsep.types import Audio

TINY = Path(__file__).parents[1] / "data" / "tiny.onnx"  # made by: python -m tests.training.tiny
TOO_LOUD = 3e4  # peak of a sound that spoils `with_fragile_state`
STEMS = ("drums", "guitar", "other")


def make_tiny_model(path: Path, profile: str = "stage") -> Path:
    """Write the committed small model for another profile: all of them have the same analysis window."""
    model = onnx.load(TINY)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    document = json.loads(properties["rtsep"]) | asdict(PROFILES[profile]) | {"name": path.stem}
    onnx.helper.set_model_props(model, properties | {"rtsep": json.dumps(document)})
    onnx.save(model, path)
    return path


def in_float32(name: str, path: Path) -> Path:
    """Write a shipped model with the same weights in float32 in place of 8 bit, also in what they are multiplied by."""
    model = onnx.load(find_model(name))
    graph, nodes = model.graph, []
    stored = {weight.name: onnx.numpy_helper.to_array(weight) for weight in graph.initializer}
    for node in graph.node:
        if node.op_type != "MatMulNBits":
            nodes.append(node)
            continue
        value, weights, scales, *_, bias = node.input
        sizes = {option.name: option.i for option in node.attribute}
        blocks = (stored[weights].reshape(sizes["N"], -1, sizes["block_size"]).astype(np.float32) - np.float32(128.0)
                  ) * stored[scales].reshape(sizes["N"], -1, 1)
        full = np.ascontiguousarray(blocks.reshape(sizes["N"], -1)[:, :sizes["K"]].T)
        graph.initializer.append(onnx.numpy_helper.from_array(full, f"{node.name}_full"))
        nodes += [onnx.helper.make_node("MatMul", [value, f"{node.name}_full"], [f"{node.name}_product"]),
                  onnx.helper.make_node("Add", [f"{node.name}_product", bias], list(node.output))]
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [weight for weight in graph.initializer if weight.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    onnx.save(model, path)
    return path


def with_unknown_node(path: Path) -> Path:
    """Write the committed small model with a node more that changes nothing and that native code does not know."""
    model = onnx.load(TINY)
    last = next(node for node in model.graph.node if "estimates" in node.output)
    last.output[:] = ["plain" if name == "estimates" else name for name in last.output]
    model.graph.node.append(onnx.helper.make_node("Abs", ["plain"], ["estimates"]))
    onnx.save(model, path)
    return path


def with_fragile_state(path: Path) -> Path:
    """Write the committed small model with one state more, which `TOO_LOUD` makes infinite, and the estimates NaN.

    Neither recovers by itself: the state adds up the eighth power of the mean magnitude.
    """
    model = onnx.load(TINY)
    graph, number = model.graph, sum(value.name.startswith("state_") for value in onnx.load(TINY).graph.input)
    last = next(node for node in graph.node if "estimates" in node.output)
    last.output[:] = ["plain" if name == "estimates" else name for name in last.output]
    before, after = f"state_{number}", f"state_{number}_out"
    make = onnx.helper.make_node
    graph.node.extend([
        make("ReduceMean", ["magnitude", "fragile_axes"], ["mean"], keepdims=1), make("Mul", ["mean"] * 2, ["square"]),
        make("Mul", ["square"] * 2, ["fourth"]), make("Mul", ["fourth"] * 2, ["eighth"]),
        make("Add", ["eighth", before], [after]), make("Mul", [after, "fragile_zero"], ["nothing"]),
        make("Add", ["plain", "nothing"], ["estimates"])])
    graph.initializer.extend([onnx.numpy_helper.from_array(np.array([-1]), "fragile_axes"),
                              onnx.numpy_helper.from_array(np.zeros((1, 1), np.float32), "fragile_zero")])
    for name, values in ((before, graph.input), (after, graph.output)):
        values.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (1, 1)))
    onnx.save(model, path)
    return path


def separate_offline(mixture: Audio, profile: str = "stage") -> Audio:
    """Separate a whole mixture (frames,) with the committed small model, by plain numpy and the evaluator of ONNX.

    Returns
    -------
    stems
        float32 (stems, frames), aligned.
    """
    geometry, lengths = PROFILES[profile], (1024, 2048)
    hops = -(-mixture.size // geometry.hop) + geometry.synthesis // geometry.hop
    begin = max(lengths) - geometry.hop
    padded = np.pad(mixture, (begin, hops * geometry.hop - mixture.size))
    spectra = [_spectra(padded[max(lengths) - length:], length, geometry) for length in lengths]
    masked = _masks([np.abs(spectrum) for spectrum in spectra]) * spectra[0][:, np.newaxis]
    pieces = np.fft.irfft(masked)[..., -geometry.synthesis:] * synthesis_window(geometry)
    sound = np.zeros((len(STEMS), hops * geometry.hop + geometry.synthesis), np.float32)
    for hop, piece in enumerate(pieces):
        sound[:, hop * geometry.hop:hop * geometry.hop + geometry.synthesis] += piece
    start = geometry.synthesis - geometry.hop
    return sound[:, start:start + mixture.size]


def _spectra(padded: Audio, length: int, geometry: Geometry) -> NDArray[np.complex128]:
    """Spectra (hops, bins) of windows that end where hops end."""
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)[::geometry.hop]
    return np.fft.rfft(windows * analysis_window(length, geometry.synthesis))


def _masks(magnitudes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Run the small model hop by hop; shares of the stems (hops, stems, bins)."""
    evaluator, states = ReferenceEvaluator(str(TINY)), {}
    for value in onnx.load(TINY).graph.input:
        if value.name.startswith("state_"):
            states[value.name] = np.zeros([dim.dim_value for dim in value.type.tensor_type.shape.dim], np.float32)
    masks = []
    for features in zip(*magnitudes, strict=True):
        named = dict(zip(("magnitude", "context_0"), (row[np.newaxis].astype(np.float32) for row in features),
                         strict=True))
        found = dict(zip(evaluator.output_names, evaluator.run(None, named | states), strict=True))
        states = {name: found[f"{name}_out"] for name in states}
        estimates = found["estimates"][0] + 1e-12
        masks.append(estimates / estimates.sum(axis=0))
    return np.array(masks)
