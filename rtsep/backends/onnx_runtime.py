"""A step run by ONNX Runtime, which takes any graph, on the processor or a graphics processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime import OrtValue

from rtsep.dsp.stft import SILENCE
from rtsep.errors import ModelError

_PROVIDERS = {"cpu": "CPUExecutionProvider", "onnxruntime": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
Array = NDArray[np.float32]


class RuntimeStep:
    """The executor of a step model in a session of ONNX Runtime.

    Parameters
    ----------
    session
        With a step graph.
    provider
        That the session was opened for; on a graphics processor the states stay there.

    Attributes
    ----------
    name, inputs, estimates
        As of `CompiledStep`.
    """

    name = "ONNX Runtime"

    def __init__(self, session: onnxruntime.InferenceSession, provider: str = "cpu") -> None:
        self._session = session
        zeros = {value.name: np.zeros(value.shape, np.float32) for value in session.get_inputs()}
        self._zeros = {name: zero for name, zero in zeros.items() if name.startswith("state_")}
        self.inputs: dict[str, Array] = {name: zero for name, zero in zeros.items() if name not in self._zeros}
        shape = next(value.shape for value in session.get_outputs() if value.name == "estimates")
        self.estimates: Array = np.zeros(shape, np.float32)
        # two sets of states, each written while the other is read
        device = "cuda" if provider == "cuda" else "cpu"
        arrays = [{name: zero.copy() for name, zero in self._zeros.items()} for _ in range(2)]
        self._states = [{name: OrtValue.ortvalue_from_numpy(array, device) for name, array in states.items()}
                        for states in arrays]
        self._arrays = [list(states.values()) if device == "cpu" else [] for states in arrays]  # of the same memory
        self._turns = [self._bind(*self._states), self._bind(*reversed(self._states))]
        self._odd = False

    def run(self) -> None:
        """Advance by one hop."""
        self._session.run_with_iobinding(self._turns[self._odd])
        self._odd = not self._odd
        for state in self._arrays[self._odd]:
            state[np.abs(state) < SILENCE] = 0.0

    def reset(self) -> None:
        """Forget the recurrent states."""
        self._odd = False
        for name, zero in self._zeros.items():
            self._states[0][name].update_inplace(zero)

    def _bind(self, before: dict[str, OrtValue], after: dict[str, OrtValue]) -> onnxruntime.IOBinding:
        """Tell the session where everything lies, so that a step allocates nothing."""
        binding = self._session.io_binding()
        for name, array in self.inputs.items():
            binding.bind_ortvalue_input(name, OrtValue.ortvalue_from_numpy(array))
        binding.bind_ortvalue_output("estimates", OrtValue.ortvalue_from_numpy(self.estimates))
        for name, value in before.items():
            binding.bind_ortvalue_input(name, value)
            binding.bind_ortvalue_output(f"{name}_out", after[name])
        return binding


def check_provider(provider: str) -> None:
    """Raise ModelError where a provider is unknown or not to be had here; the message says what is missing."""
    if provider not in _PROVIDERS:
        raise ModelError(f"provider is {provider!r}: give one of {', '.join(_PROVIDERS)}")
    available = onnxruntime.get_available_providers()
    if _PROVIDERS[provider] not in available:
        raise ModelError(f"no {provider} here: this ONNX Runtime has {', '.join(available)}; for an NVIDIA graphics "
                         f"processor: pip uninstall onnxruntime, then pip install 'rtsep[cuda]'")


def open_session(path: Path, threads: int = 1, provider: str = "cpu", reuse: bool = True
                 ) -> onnxruntime.InferenceSession:
    """Open an ONNX file for live use: few threads, no spinning.

    The runtime's own switch for denormals stays untouched: it would change the mode of the calling thread for good.

    Without `reuse`, every value between nodes has memory of its own: faster by a few percent where values are small.
    """
    check_provider(provider)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_reuse = reuse
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[_PROVIDERS[provider]])
    except Exception as error:  # the runtime raises a dozen unrelated kinds for a damaged file
        raise ModelError(f"{path} is no ONNX model that can be run ({str(error).splitlines()[0][:160]})") from None
