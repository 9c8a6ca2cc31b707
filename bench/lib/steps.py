"""Step graphs that are not shipped, to compare with, and what executes them: ONNX Runtime, OpenVINO."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from bench.lib.loads import Work, step_alone
from rtsep.backends import open_step
from rtsep.model.gate import read_step
from training.nets.step_graph import StepGraph

Arrays = dict[str, NDArray[np.float32]]


class FusedGraph(StepGraph):
    """A step graph with ONNX's GRU operator, as an export of a torch module has it."""

    def torch_gru(self, value: str, layer: nn.GRU) -> str:
        """Add a one-layer torch GRU with its state; returns its output."""
        hidden = layer.hidden_size
        state = self.state(hidden)
        weight_ih, weight_hh, bias_ih, bias_hh = (_update_first(parameter.detach().numpy())
                                                  for parameter in layer.parameters())
        biases = np.concatenate([bias_ih, bias_hh])[np.newaxis]
        _, last = self.nodes("GRU", self.reshape(value, (1, 1, -1)), self.constant(weight_ih[np.newaxis]),
                             self.constant(weight_hh[np.newaxis]), self.constant(biases), "",
                             self.reshape(state, (1, 1, hidden)), outputs=2, hidden_size=hidden, linear_before_reset=1)
        after = self.reshape(last, (1, hidden))
        self.next_state(state, after, hidden)
        return after


def _update_first(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """From torch's order of gates, reset, update, candidate, to that of ONNX: update, reset, candidate."""
    reset, update, candidate = np.split(weights, 3)
    return np.concatenate([update, reset, candidate])


def dynamic_int8(graph: StepGraph) -> onnx.ModelProto:
    """Store the weights of all large products in 8 bit, one scale a column; their inputs are quantised per hop."""
    with tempfile.TemporaryDirectory() as folder:
        full, small = Path(folder, "full.onnx"), Path(folder, "small.onnx")
        onnx.save(graph.model(), full)
        logging.disable(logging.WARNING)  # it talks through the root logger, a line for each product
        try:
            quantize_dynamic(full, small, nodes_to_quantize=graph.products, weight_type=QuantType.QInt8,
                             per_channel=True)
        finally:
            logging.disable(logging.NOTSET)
        return onnx.load(small)


def runtime_step(path: Path) -> Work:
    """One hop by ONNX Runtime as rtsep uses it, states carried on."""
    return step_alone(open_step(read_step(path), provider="onnxruntime"))


def openvino_step(path: Path) -> Work | None:
    """One hop by OpenVINO on one thread, states carried on; None where it is not installed."""
    try:
        import openvino
    except ImportError:
        return None
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_PRECISION_HINT": "f32"}  # else it would compute in bf16 where the processor can
    compiled = openvino.compile_model(str(path), "CPU", settings)
    request = compiled.create_infer_request()
    outputs = [output.any_name for output in compiled.outputs]
    feeds = noise({node.any_name: list(node.shape) for node in compiled.inputs}, outputs)

    def step() -> None:
        results = request.infer(feeds, share_inputs=True)
        carry(feeds, {name: results[name] for name in outputs})

    return step


def noise(shapes: dict[str, Sequence[Any]], outputs: Sequence[str]) -> Arrays:
    """Make the inputs of a step: silence in the states, noise elsewhere."""
    rng = np.random.default_rng(1)
    return {name: np.zeros(shape, np.float32) if f"{name}_out" in outputs
            else rng.exponential(size=shape).astype(np.float32) for name, shape in shapes.items()}


def carry(feeds: Arrays, results: Arrays) -> None:
    """Make the states after a step the states before the next one."""
    for name in feeds:
        if f"{name}_out" in results:
            feeds[name] = results[f"{name}_out"]
