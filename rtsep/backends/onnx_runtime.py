"""A step run by ONNX Runtime, which takes any graph, on the processor or a graphics processor."""

from __future__ import annotations

import numpy as np

from rtsep.backends.step import all_finite
from rtsep.dsp.stft import SILENCE
from rtsep.errors import ModelError
from rtsep.model.gate import StepFile
from rtsep.model.onnx_file import first_line
from rtsep.telemetry import disable_telemetry
from rtsep.types import Audio

disable_telemetry()
try:
    import onnxruntime
    from onnxruntime import OrtValue
except ImportError as error:
    raise ModelError(f"ONNX Runtime is not installed ({error}): pip install onnxruntime") from None

_PROVIDERS = {"cpu": "CPUExecutionProvider", "onnxruntime": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class RuntimeStep:
    """A step in a session of ONNX Runtime, see `Step`.

    Parameters
    ----------
    model
        Through the gate.
    threads
        Threads inside one operator.
    provider
        As of `open_step`; on a graphics processor the states stay there.

    Raises
    ------
    ModelError
        When the provider is not to be had, or the graph cannot be run.
    """

    name = "ONNX Runtime"

    def __init__(self, model: StepFile, threads: int = 1, provider: str = "cpu") -> None:
        self._path = model.path
        self._session = open_session(model.model.SerializeToString(), str(model.path), threads, provider, reuse=False)
        self._zeros = {name: np.zeros(shape, np.float32) for name, shape in model.states.items()}
        self.inputs = {name: np.zeros(shape, np.float32) for name, shape in model.inputs.items()}
        self.estimates: Audio = np.zeros(model.shapes["estimates"], np.float32)
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
        try:
            self._session.run_with_iobinding(self._turns[self._odd])
        except Exception as error:  # as in `open_session`
            raise ModelError(f"{self._path} cannot be run by ONNX Runtime ({first_line(error)})") from None
        self._odd = not self._odd
        for state in self._arrays[self._odd]:
            state[np.abs(state) < SILENCE] = 0.0

    def is_sound(self) -> bool:
        """Whether estimates and states are finite; states on a graphics processor show in the estimates."""
        return all_finite((self.estimates, *self._arrays[self._odd]))

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


def open_session(content: bytes, source: str, threads: int = 1, provider: str = "cpu", reuse: bool = True
                 ) -> onnxruntime.InferenceSession:
    """Open a model for live use: few threads, no spinning.

    The runtime's own switch for denormals stays untouched: it would change the mode of the calling thread for good.
    Without `reuse`, every value between nodes has memory of its own: faster by a few percent where values are small.

    Parameters
    ----------
    content
        Of an ONNX file that came through the gate.
    source
        Its path, for messages.
    """
    check_provider(provider)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_reuse = reuse
    options.log_severity_level = 4  # errors are told by exceptions
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=[_PROVIDERS[provider]])
    except Exception as error:  # the runtime raises a dozen unrelated kinds for a damaged file
        raise ModelError(f"{source} is no ONNX model that can be run ({first_line(error)})") from None
