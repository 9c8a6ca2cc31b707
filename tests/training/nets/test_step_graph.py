"""The builder of step graphs: banded matrices in pieces, what layers take in, outputs without nodes of their own."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import training.nets.step_graph
from training.nets.bands import triangles
from training.nets.step_graph import StepGraph, band_pieces


def run(graph: StepGraph, path: Path, **inputs: np.ndarray) -> list[np.ndarray]:
    """Run a graph once."""
    onnx.save(graph.model(), path)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, inputs)


def cost(weight: np.ndarray, cuts: tuple[int, ...]) -> int:
    """Weights of the pieces between cuts, and what the pieces cost themselves."""
    total = 0
    for begin, end in zip((0, *cuts), (*cuts, weight.shape[1]), strict=True):
        rows = np.flatnonzero(weight[:, begin:end].any(axis=1))
        total += (rows[-1] - rows[0] + 1) * (end - begin) + training.nets.step_graph.PIECE_COST
    return int(total)


@pytest.mark.parametrize("piece_cost", [0, 20, 100, 10_000])
@pytest.mark.parametrize("transposed", [False, True])
def test_pieces_of_a_band_are_the_cheapest_of_all(monkeypatch: pytest.MonkeyPatch, piece_cost: int,
                                                  transposed: bool) -> None:
    monkeypatch.setattr(training.nets.step_graph, "PIECE_COST", piece_cost)
    weight = triangles(40, 10, 4)
    weight = weight if transposed else weight.T
    weight = weight[:, :11]
    pieces = band_pieces(weight)
    cuts = tuple(columns.start for _, columns in pieces[1:])
    every = [choice for count in range(weight.shape[1]) for choice in combinations(range(1, weight.shape[1]), count)]
    assert cost(weight, cuts) == min(cost(weight, choice) for choice in every)
    rebuilt = np.zeros_like(weight)
    for rows, columns in pieces:
        rebuilt[rows, columns] = weight[rows, columns]
    np.testing.assert_array_equal(rebuilt, weight)


@pytest.mark.parametrize(("piece_cost", "pieces"), [(10_000_000, 1), (10_000, 2)])
def test_a_banded_product_equals_the_dense_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, piece_cost: int,
                                               pieces: int) -> None:
    monkeypatch.setattr(training.nets.step_graph, "PIECE_COST", piece_cost)
    weight = triangles(513, 128, 40).T
    graph = StepGraph()
    value = graph.input("value", (1, 513))
    graph.output("bands", graph.join(graph.banded(value, weight)), (1, 128))
    operators = [node.op_type for node in graph.model().graph.node]
    assert operators.count("MatMul") == pieces
    power = np.random.default_rng(1).exponential(size=(1, 513)).astype(np.float32)
    np.testing.assert_allclose(run(graph, tmp_path / "g.onnx", value=power)[0], power @ weight, rtol=1e-5)


def test_a_layer_takes_in_factors_and_an_offset_and_gives_them_back(tmp_path: Path) -> None:
    torch.manual_seed(1)
    layer, graph = torch.nn.Linear(5, 4), StepGraph()
    offset = np.array([0.5, 0.0, -2.0, 1.0], np.float32)
    result = graph.torch_linear(graph.input("value", (1, 5)), layer, before=0.3, after=2.0, offset=offset)
    graph.output("result", result, (1, 4))
    value = torch.rand(1, 5)
    expected = 2.0 * layer(0.3 * value) + torch.from_numpy(offset)
    np.testing.assert_allclose(run(graph, tmp_path / "g.onnx", value=value.numpy())[0], expected.detach(), rtol=1e-5)
    for origin in graph.origins.values():
        np.testing.assert_allclose(origin.restored(origin.stored()), origin.parameter.detach(), rtol=1e-6, atol=1e-7)


def test_an_output_that_is_used_again_needs_no_node_of_its_own(tmp_path: Path) -> None:
    graph = StepGraph()
    state = graph.state(2)
    after = graph.node("Add", state, graph.input("value", (1, 2)))
    graph.next_state(state, after, 2)
    graph.output("square", graph.node("Mul", after, after), (1, 2))
    assert [node.op_type for node in graph.model().graph.node] == ["Add", "Mul"]
    found = run(graph, tmp_path / "g.onnx", state_0=np.ones((1, 2), np.float32), value=np.ones((1, 2), np.float32))
    np.testing.assert_array_equal(found, [[[2.0, 2.0]], [[4.0, 4.0]]])
