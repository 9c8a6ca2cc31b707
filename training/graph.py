"""Step graphs in ONNX: one hop of a network as MatMul, gate and element-wise nodes, with explicit state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

OPSET = 21
Array = NDArray[np.float32]


class StepGraph:
    """Builder of a step graph; every method adds nodes and returns the name of their result.

    Attributes
    ----------
    products
        Names of the matrix products whose weights may be stored in 8 bit.
    origins
        Torch parameter that each stored weight came from, by the weight's name; matrices are stored transposed.
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._states = 0
        self.products: list[str] = []
        self.origins: dict[str, nn.Parameter] = {}

    def input(self, name: str, shape: Sequence[int]) -> str:
        """Declare a float32 input."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))
        return name

    def state(self, size: int) -> str:
        """Declare the next recurrent state, shape (1, size), zero at the start."""
        self._states += 1
        return self.input(f"state_{self._states - 1}", (1, size))

    def next_state(self, name: str, value: str, size: int) -> None:
        """Declare a value as what a state is at the next hop."""
        self.output(f"{name}_out", value, (1, size))

    def output(self, name: str, value: str, shape: Sequence[int]) -> None:
        """Declare a value as a float32 output."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def constant(self, value: NDArray[np.floating[Any]] | float) -> str:
        """Store float32 weights."""
        return self._store(np.asarray(value, np.float32))

    def integers(self, *values: int) -> str:
        """Store int64 numbers: a shape, axes, or an end of a slice."""
        return self._store(np.array(values, np.int64))

    def node(self, operator: str, *inputs: str, **attributes: object) -> str:
        """Add one node with one result."""
        return self.nodes(operator, *inputs, outputs=1, **attributes)[0]

    def nodes(self, operator: str, *inputs: str, outputs: int, **attributes: object) -> list[str]:
        """Add one node with several results."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        results = [f"{name}_{index}" for index in range(outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), results, name=name, **attributes))
        return results

    def torch_linear(self, value: str, layer: nn.Linear) -> str:
        """Add a torch layer; its product may be stored in 8 bit."""
        return self._affine(value, layer.weight, layer.bias)

    def torch_gru(self, value: str, layer: nn.GRU) -> str:
        """Add a one-layer torch GRU, which resets after the matrix product, with its state; returns its output."""
        hidden = layer.hidden_size
        state = self.state(hidden)
        weight_ih, weight_hh, bias_ih, bias_hh = layer.parameters()
        sizes = self.integers(2 * hidden, hidden)
        gates_i, candidate_i = self.nodes("Split", self._affine(value, weight_ih, bias_ih), sizes, outputs=2, axis=1)
        gates_h, candidate_h = self.nodes("Split", self._affine(state, weight_hh, bias_hh), sizes, outputs=2, axis=1)
        gates = self.node("Sigmoid", self.node("Add", gates_i, gates_h))
        reset, update = self.nodes("Split", gates, outputs=2, axis=1, num_outputs=2)
        candidate = self.node("Tanh", self.node("Add", candidate_i, self.node("Mul", reset, candidate_h)))
        after = self.node("Add", candidate, self.node("Mul", update, self.node("Sub", state, candidate)))
        self.next_state(state, after, hidden)
        return after

    def banded(self, value: str, weight: Array, groups: int) -> str:
        """Multiply by a matrix whose columns reach over few neighbouring rows each, without its zeros.

        Parameters
        ----------
        value
            (..., inputs).
        weight
            (inputs, outputs); far from the diagonal it is zero.
        groups
            Pieces that the outputs are divided into: more skip more zeros and add more nodes.
        """
        pieces = []
        for columns in np.array_split(np.arange(weight.shape[1]), groups):
            rows = np.flatnonzero(np.any(weight[:, columns] != 0.0, axis=1))
            begin, end = int(rows[0]), int(rows[-1]) + 1
            part = self.node("Slice", value, *(self.integers(number) for number in (begin, end, -1)))
            pieces.append(self.node("MatMul", part, self.constant(np.ascontiguousarray(weight[begin:end, columns]))))
        return self.node("Concat", *pieces, axis=-1)

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """Change the shape of a value."""
        return self.node("Reshape", value, self.integers(*shape))

    def mean(self, value: str) -> str:
        """Mean over the last axis, kept as size one."""
        return self.node("ReduceMean", value, self.integers(-1), keepdims=1)

    def model(self) -> onnx.ModelProto:
        """Close the graph and check it."""
        graph = helper.make_graph(self._nodes, "step", self._inputs, self._outputs, self._weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        onnx.checker.check_model(model)
        return model

    def _affine(self, value: str, weight: nn.Parameter, bias: nn.Parameter) -> str:
        columns = self.constant(np.ascontiguousarray(weight.detach().numpy().T))
        row = self.constant(bias.detach().numpy())
        self.origins |= {columns: weight, row: bias}
        product = self.node("MatMul", value, columns)
        self.products.append(self._nodes[-1].name)
        return self.node("Add", product, row)

    def _store(self, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(value, name))
        return name
