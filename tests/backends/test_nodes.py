"""Each node in native code does what numpy and ONNX Runtime do; what native code does not know, these run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from rtsep.backends import open_step
from rtsep.backends.native import NativeStep, native_step
from rtsep.backends.onnx_runtime import RuntimeStep
from rtsep.backends.reference_step import ReferenceStep
from rtsep.backends.step import Step
from rtsep.native.program import UnknownNode
from tests.native.conftest import needs_native
from tests.rigs.graphs import BEST, RNG, VARIANTS, Array, Weights, bare, error_db, graph_of, node, normal

pytestmark = needs_native


def both(path: Path, variant: str, given: dict[str, Array]) -> tuple[Array, Array]:
    """Results of native code and of ONNX Runtime."""
    model = bare(path)
    steps: list[Step] = [NativeStep(model, VARIANTS[variant]), RuntimeStep(model), ReferenceStep(model)]
    for step in steps:
        for name, value in given.items():
            step.inputs[name][...] = value
        step.run()
    np.testing.assert_allclose(steps[2].estimates, steps[1].estimates, rtol=1e-3, atol=1e-3)
    return steps[0].estimates, steps[1].estimates


WIDE = 10.0 ** RNG.uniform(-20, 20, (1, 300))
SPREAD = np.concatenate([normal(1, 300), WIDE, -WIDE[:, ::-1],
                         [[0.0, 1.0, -1.0, 1e-30, 88.0, -88.0, 300.0, -300.0]]], axis=1).astype(np.float32)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("operator", "values"), [
    ("Relu", SPREAD), ("Sigmoid", SPREAD), ("Tanh", SPREAD), ("Sqrt", np.abs(SPREAD)),
    ("Log", np.maximum(np.abs(SPREAD), 1e-30))], ids=lambda value: value if isinstance(value, str) else "")
def test_functions_of_one_number(operator: str, values: Array, variant: str, tmp_path: Path) -> None:
    path = graph_of([node(operator, "magnitude")], {"magnitude": values.shape}, {}, tmp_path / "one.onnx")
    found, expected = both(path, variant, {"magnitude": values})
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("operator", ["Mul", "Add", "Sub", "Div"])
@pytest.mark.parametrize(("left", "right"), [((1, 37), (1, 37)), ((1, 37), (1, 1)), ((1, 1), (1, 37)), ((1, 37), ()),
                                             ((1, 3, 37), (1, 37)), ((1, 37), (1, 3, 37)), ((1, 3, 37), (3, 1))])
def test_operands_are_repeated_as_numpy_does(operator: str, left: tuple[int, ...], right: tuple[int, ...],
                                             variant: str, tmp_path: Path) -> None:
    path = graph_of([node(operator, "left", "right")], {"left": left, "right": right}, {}, tmp_path / "one.onnx")
    given = {"left": normal(*left), "right": normal(*right)}
    np.testing.assert_allclose(*both(path, variant, given), rtol=1e-6)


def banded(rows: int, columns: int) -> Array:
    """Make a matrix with a band of a few rows in each column."""
    weight = normal(rows, columns)
    distance = np.abs(np.arange(rows)[:, np.newaxis] / rows - np.arange(columns) / columns)
    return np.where(distance < 0.1, weight, 0.0).astype(np.float32)


def in_blocks(inputs: int, outputs: int, bias: bool) -> tuple[onnx.NodeProto, Weights]:
    """Make a product in 8-bit blocks of 64, weights at both ends of their range."""
    blocks = -(-inputs // 64)
    weights: Weights = {"bytes": RNG.integers(0, 256, (outputs, blocks, 64), np.uint8),
                        "scales": RNG.uniform(0.001, 0.01, (outputs, blocks)).astype(np.float32)}
    weights["bytes"][0], weights["bytes"][1] = 0, 255
    weights |= {"bias": normal(outputs)} if bias else {}
    return node("MatMulNBits", "magnitude", "bytes", "scales", *(["", "", "bias"] if bias else []), K=inputs, N=outputs,
                bits=8, block_size=64, accuracy_level=4, domain="com.microsoft"), weights


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("inputs", "outputs", "bias"), [(64, 16, True), (384, 1152, True), (513, 300, False),
                                                         (1, 2, True), (130, 17, True), (4097, 33, False)])
def test_products_in_blocks(inputs: int, outputs: int, bias: bool, variant: str, tmp_path: Path) -> None:
    product, weights = in_blocks(inputs, outputs, bias)
    path = graph_of([product], {"magnitude": (1, inputs)}, weights, tmp_path / "one.onnx")
    value = normal(1, inputs) * 10.0 ** RNG.uniform(-3, 3, (1, inputs)).astype(np.float32)
    found, other = both(path, variant, {"magnitude": value})
    assert found.shape == (1, outputs)
    assert error_db(found, exact_product(value, weights)) < -120
    assert error_db(found, other) < -70  # on some ARM processors ONNX Runtime itself is no better


def exact_product(value: Array, weights: Weights) -> NDArray[np.float64]:
    """Bring the inputs to 8 bit in blocks of 64, and sum in float64."""
    blocks = np.pad(value, ((0, 0), (0, -value.size % 64))).reshape(-1, 64)
    most = np.abs(blocks).max(axis=1, keepdims=True)
    inputs = np.rint(blocks * (np.float32(127) / most)) * (most / np.float32(127)).astype(np.float64)
    signed = (weights["bytes"].astype(np.float64) - 128) * weights["scales"][:, :, np.newaxis]
    product: NDArray[np.float64] = np.einsum("obi,bi->o", signed, inputs)[np.newaxis] + weights.get("bias", 0.0)
    return product


GRAPHS: dict[str, tuple[list[onnx.NodeProto], dict[str, tuple[int, ...]], Weights]] = {
    "dense product": ([node("MatMul", "magnitude", "w")], {"magnitude": (1, 50)}, {"w": normal(50, 21)}),
    "banded product of three rows": ([node("MatMul", "magnitude", "w")], {"magnitude": (1, 3, 200)},
                                     {"w": banded(200, 40)}),
    "product with an empty column": ([node("MatMul", "magnitude", "w")], {"magnitude": (1, 4)},
                                     {"w": np.array([[1, 0], [2, 0], [0, 0], [3, 0]], np.float32)}),
    "product of a part of three rows": (
        [node("Slice", "magnitude", "from", "to", "axes"), node("MatMul", "middle", "w")], {"magnitude": (1, 3, 60)},
        {"from": np.array([7]), "to": np.array([27]), "axes": np.array([-1]), "w": normal(20, 9)}),
    "mean": ([node("ReduceMean", "magnitude", "axes", keepdims=1)], {"magnitude": (1, 513)}, {"axes": np.array([-1])}),
    "softmax down the stems": ([node("Softmax", "magnitude", axis=1)], {"magnitude": (1, 3, 77)}, {}),
    "halves changed": (
        [node("Split", "magnitude", outputs=["a", "b"], axis=1, num_outputs=2), node("Concat", "b", "a", axis=1)],
        {"magnitude": (1, 64)}, {}),
    "parts of three rows joined": (
        [node("Split", "magnitude", "sizes", outputs=["a", "b"], axis=2), node("Concat", "b", "a", axis=-1)],
        {"magnitude": (1, 3, 30)}, {"sizes": np.array([11, 19])}),
    "another shape": ([node("Reshape", "magnitude", "shape"), node("Softmax", "middle", axis=1)],
                      {"magnitude": (1, 90)}, {"shape": np.array([1, 3, 30])}),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", GRAPHS)
def test_small_graphs(name: str, variant: str, tmp_path: Path) -> None:
    nodes, inputs, weights = GRAPHS[name]
    path = graph_of(nodes, inputs, weights, tmp_path / "one.onnx")
    given = {key: 20.0 * normal(*shape) for key, shape in inputs.items()}
    found, expected = both(path, variant, given)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5 + 5e-7 * float(np.abs(expected).max()))


DELAYS: dict[str, tuple[list[onnx.NodeProto], Weights]] = {
    "two hops": ([node("Identity", "magnitude", outputs=["state_0_out"]),
                  node("Identity", "state_0", outputs=["state_1_out"]), node("Identity", "state_1")], {}),
    "two hops, listed the other way": ([node("Identity", "magnitude", outputs=["state_1_out"]),
                                        node("Identity", "state_1", outputs=["state_0_out"]),
                                        node("Identity", "state_0")], {}),
    "two states that change places": ([node("Add", "state_0", "magnitude", outputs=["state_1_out"]),
                                       node("Identity", "state_1", outputs=["state_0_out"]),
                                       node("Identity", "state_0")], {}),
    "a state that stays": ([node("Identity", "state_0", outputs=["state_0_out"]),
                            node("Identity", "magnitude", outputs=["state_1_out"]), node("Identity", "state_1")], {}),
    "a state from a weight": ([node("Identity", "w", outputs=["state_0_out"]),
                               node("Identity", "magnitude", outputs=["state_1_out"]),
                               node("Add", "state_0", "state_1")], {"w": np.arange(7, dtype=np.float32)[np.newaxis]}),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", DELAYS)
def test_states_that_are_other_states(name: str, variant: str, tmp_path: Path) -> None:
    nodes, weights = DELAYS[name]
    nodes[-1].output[0] = "estimates"
    results = ("estimates", "state_0_out", "state_1_out")
    graph = helper.make_graph(
        nodes, "delay", [helper.make_tensor_value_info(key, TensorProto.FLOAT, (1, 7)) for key in
                         ("magnitude", "state_0", "state_1")],
        [helper.make_tensor_value_info(key, TensorProto.FLOAT, (1, 7)) for key in results],
        [numpy_helper.from_array(array, key) for key, array in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), tmp_path / "d.onnx")
    model = bare(tmp_path / "d.onnx")
    steps = NativeStep(model, VARIANTS[variant]), RuntimeStep(model), ReferenceStep(model)
    for hop in range(6):
        for step in steps:
            step.inputs["magnitude"][:] = hop + np.arange(7)
            step.run()
        np.testing.assert_array_equal(steps[0].estimates, steps[2].estimates)
        np.testing.assert_array_equal(steps[1].estimates, steps[2].estimates)


def constant(**value: Any) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["c"], **value)


OTHER_FORMS: dict[str, tuple[int, list[onnx.NodeProto]]] = {
    "constant": (21, [constant(value=numpy_helper.from_array(np.float32([[2.0]]))), node("Mul", "magnitude", "c")]),
    "constant of numbers": (21, [constant(value_floats=[2.0] * 9), node("Mul", "magnitude", "c")]),
    "mean by an attribute": (13, [node("ReduceMean", "magnitude", axes=[-1], keepdims=1)]),
    "mean of everything": (21, [node("ReduceMean", "magnitude", keepdims=1)]),
    "slice by attributes": (9, [node("Slice", "magnitude", axes=[1], starts=[1], ends=[4])]),
    "softmax of old": (11, [node("Softmax", "magnitude", axis=1)]),
}


@pytest.mark.parametrize("name", OTHER_FORMS)
def test_other_forms_are_right_whoever_runs_them(name: str, tmp_path: Path) -> None:
    version, nodes = OTHER_FORMS[name]
    nodes[-1].output[0] = "estimates"
    graph = helper.make_graph(nodes, "form", [helper.make_tensor_value_info("magnitude", TensorProto.FLOAT, (1, 9))],
                              [helper.make_tensor_value_info("estimates", TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8)
    graph.output[0].CopyFrom(onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.output[0])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8),
              tmp_path / "form.onnx")
    file = bare(tmp_path / "form.onnx")
    steps: list[Step] = [open_step(file), RuntimeStep(file), ReferenceStep(file)]
    for step in steps:
        step.inputs["magnitude"][:] = np.arange(9)
        step.run()
    for step in steps[:2]:
        np.testing.assert_allclose(step.estimates, steps[2].estimates, rtol=1e-5)
    assert steps[2].estimates.any()


@pytest.mark.parametrize("unknown", [
    ([node("Exp", "magnitude")], {}), ([node("Softmax", "magnitude", axis=-1)], {}),
    ([node("Concat", "magnitude", "magnitude", axis=0)], {}), ([node("MatMul", "magnitude", "magnitude")], {}),
    ([node("Clip", "magnitude", "", "most")], {"most": np.float32(1.0)}),
    ([node("Slice", "magnitude", "from", "to", "axes")],
     {"from": np.array([0]), "to": np.array([1]), "axes": np.array([0])})],
    ids=["exp", "softmax along", "concat below", "no constant", "left out", "slice of rows"])
def test_other_nodes_are_left_to_the_runtime(unknown: tuple[list[onnx.NodeProto], Weights], tmp_path: Path) -> None:
    path = graph_of(unknown[0], {"magnitude": (1, 3, 3)}, unknown[1], tmp_path / "one.onnx")
    with pytest.raises(UnknownNode):
        NativeStep(bare(path), BEST)
    assert native_step(bare(path)) is None
