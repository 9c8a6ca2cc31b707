"""A step run by the compiled kernels: one call that goes through the plan."""

from __future__ import annotations

import ctypes

import onnx

from rtsep.native.library import address, best_set, load_kernels
from rtsep.native.program import Array, Plan, UnknownNode


class CompiledStep:
    """The executor of a step model on a processor whose instruction set the kernels were built for.

    Parameters
    ----------
    graph
        Of the step model.
    instructions
        One of `bindings.SETS`, for which `load_kernels` found kernels.

    Attributes
    ----------
    name
        What the user may read about it.
    inputs
        The graph's inputs but the states, by name; what they hold is read by the next step.
    estimates
        What the latest step wrote, float32 (1, stems, bins).
    weight_bytes
        Size of all weights, which a step reads once.
    kernels, plan
        What runs, and in which order: for `CompiledHops`, which runs the step among the rest of a hop.

    Raises
    ------
    UnknownNode
        When the graph has a node that the kernels do not know.
    """

    def __init__(self, graph: onnx.GraphProto, instructions: str) -> None:
        kernels = load_kernels(instructions)
        if kernels is None:
            raise UnknownNode(f"no kernels for {instructions} here")
        self.name = f"compiled for {instructions}"
        self.kernels = kernels
        self.plan = Plan(graph, kernels.rtsep_most_inputs(), kernels.rtsep_tiles_together(), kernels.rtsep_zero())
        self.inputs = self.plan.inputs
        self.weight_bytes = self.plan.weight_bytes
        self.estimates: Array = self.plan.estimates
        self._nodes, self._count = ctypes.c_void_p(address(self.plan.nodes)), ctypes.c_int(len(self.plan.nodes))

    def run(self) -> None:
        """Advance by one hop."""
        self.kernels.rtsep_step(self._nodes, self._count)

    def reset(self) -> None:
        """Forget the recurrent states."""
        for state in self.plan.states.values():
            state.fill(0.0)


def compiled_step(graph: onnx.GraphProto) -> CompiledStep | None:
    """Give the fastest executor of compiled kernels, or None where there is none for this processor or this graph."""
    instructions = best_set()
    if instructions is None:
        return None
    try:
        return CompiledStep(graph, instructions)
    except UnknownNode:
        return None
