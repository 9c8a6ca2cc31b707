"""A loaded step model: its file, checked, and what runs it."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rtsep.backends.native_step import CompiledStep, compiled_step
from rtsep.errors import ModelError
from rtsep.model.card import ModelInfo
from rtsep.model.onnx_file import Shape, read_onnx

if TYPE_CHECKING:
    from rtsep.backends.onnx_runtime import RuntimeStep

Magnitude = NDArray[np.float32]


class StepModel:
    """A loaded step model and its recurrent state.

    Parameters
    ----------
    path
        The `.onnx` file.
    threads
        Threads inside one operator; one is best for a live stream.
    provider
        `cpu`; `onnxruntime` for the processor without the compiled kernels; `cuda` for a graphics processor.

    Attributes
    ----------
    info
        What the file says about itself.
    executor
        What runs it: the compiled kernels where they know this processor and this graph and a single thread is
        asked for, else ONNX Runtime; its `name` is for the user.
    input_names
        The graph's inputs but the states: the magnitudes, then those of the longer windows.

    Raises
    ------
    ModelError
        When the file is missing, is no step model, or its shapes disagree with its metadata, or when the
        provider is not to be had.
    """

    def __init__(self, path: Path, threads: int = 1, provider: str = "cpu") -> None:
        self.path = path
        file = read_onnx(path)
        self.info = ModelInfo.parse(file.document, str(path))
        self._reference = file.metadata.get("rtsep-reference")
        self.input_names = ("magnitude", *(f"context_{index}" for index in range(len(self.info.contexts))))
        self._check_shapes(file.inputs, file.outputs)
        compiled = compiled_step(file.graph) if (threads, provider) == (1, "cpu") else None
        self.executor: CompiledStep | RuntimeStep = compiled or _runtime_step(path, threads, provider)
        self._inputs = [self.executor.inputs[name] for name in self.input_names]

    def step(self, magnitudes: Magnitude, contexts: Sequence[Magnitude] = ()) -> Magnitude:
        """Advance by as many hops as are given, one after the other.

        Parameters
        ----------
        magnitudes
            Magnitude spectra of the mid signal, float32 (hops, bins).
        contexts
            Magnitudes of the longer windows, each (hops, length // 2 + 1), in the order of `info.contexts`.

        Returns
        -------
        estimates
            Non-negative magnitude estimates, float32 (hops, stems, bins).
        """
        executor = self.executor
        inputs = tuple(zip(self._inputs, (magnitudes, *contexts), strict=True))
        estimates = np.empty((len(magnitudes), *executor.estimates.shape[1:]), np.float32)
        for hop, estimate in enumerate(estimates):
            for bound, values in inputs:
                bound[0] = values[hop]
            executor.run()
            estimate[:] = executor.estimates[0]
        return estimates

    def reset(self) -> None:
        """Return to the state of a freshly loaded model."""
        self.executor.reset()

    def reference_error_db(self) -> float:
        """Run the reference input that the file carries; return the error against its reference output, in dB.

        Raises
        ------
        ModelError
            When the file carries no reference.
        """
        if self._reference is None:
            raise ModelError(f"{self.path}: no reference vectors inside; export the model again")
        with np.load(io.BytesIO(base64.b64decode(self._reference))) as arrays:
            inputs = [arrays[name].astype(np.float32) for name in self.input_names]
            wanted = arrays["estimates"]
        self.reset()
        last = self.step(inputs[0], inputs[1:])[-1]
        self.reset()
        error = np.sum(np.square(last - wanted)) / np.sum(np.square(wanted))
        return float(10.0 * np.log10(error + 1e-20))

    def _check_shapes(self, inputs: dict[str, Shape], outputs: dict[str, Shape]) -> None:
        """Compare the graph's inputs and outputs with what the metadata promises."""
        bins = self.info.geometry.bins
        wanted: dict[str, Shape] = {"magnitude": [1, bins], "estimates": [1, len(self.info.stems), bins]}
        for name, length in zip(self.input_names[1:], self.info.contexts, strict=True):
            wanted[name] = [1, length // 2 + 1]
        found = inputs | outputs
        states = [name for name in inputs if name.startswith("state_")]
        for name in states:
            if not all(isinstance(length, int) for length in inputs[name]):
                raise ModelError(f"{self.path}: {name} has shape {inputs[name]}; a step graph has numbers "
                                 f"for all lengths")
        wanted |= {f"{name}_out": inputs[name] for name in states}
        for name, shape in wanted.items():
            if name not in found:
                raise ModelError(f"{self.path}: the graph has no {name}; it has {', '.join(found)}")
            if found[name] != shape:
                raise ModelError(f"{self.path}: {name} has shape {found[name]}, its metadata asks for {shape}")
        strangers = set(inputs) - set(wanted) - set(states)
        if strangers:
            raise ModelError(f"{self.path}: unknown inputs {', '.join(sorted(strangers))} in the graph")


def _runtime_step(path: Path, threads: int, provider: str) -> RuntimeStep:
    """Open a session of ONNX Runtime, which is loaded only where it is needed: it takes 20 MB."""
    from rtsep.backends.onnx_runtime import RuntimeStep, open_session
    return RuntimeStep(open_session(path, threads, provider, reuse=False), provider)
