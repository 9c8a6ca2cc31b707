"""Who separates a stream: native code, numpy around ONNX Runtime, or numpy alone. The choice is made here."""

from __future__ import annotations

from importlib.util import find_spec

from rtsep.backends.backend import Backend
from rtsep.backends.native import NativeBackend, NativeStep, has_transforms, native_step
from rtsep.backends.reference import NumpyBackend
from rtsep.backends.reference_step import ReferenceStep
from rtsep.backends.step import Step
from rtsep.backends.trial import check
from rtsep.dsp.mask import Sets
from rtsep.errors import ModelError
from rtsep.model.gate import StepFile

PROVIDERS = ("cpu", "onnxruntime", "cuda", "numpy")
"""The fastest on the processor; ONNX Runtime on the processor, or on a graphics processor; the numpy reference."""


def open_step(model: StepFile, threads: int = 1, provider: str = "cpu") -> Step:
    """Choose who runs a step: native code where it knows processor and graph and one thread is asked for.

    Parameters
    ----------
    model
        Through the gate.
    threads
        Threads inside one operator; one is best for a live stream, and native code has no more.
    provider
        One of `PROVIDERS`.

    Raises
    ------
    ModelError
        When the provider is not to be had, or nobody knows the graph.
    """
    if provider not in PROVIDERS:
        raise ModelError(f"provider is {provider!r}: give one of {', '.join(PROVIDERS)}")
    native = native_step(model) if (threads, provider) == (1, "cpu") else None
    if native is not None:
        return native
    if provider == "numpy" or (provider == "cpu" and find_spec("onnxruntime") is None):
        return ReferenceStep(model)
    from rtsep.backends.onnx_runtime import RuntimeStep  # loaded only where it is needed: it takes 20 MB
    return RuntimeStep(model, threads, provider)


def open_backend(model: StepFile, channels: int, requested: Sets, threads: int = 1, provider: str = "cpu") -> Backend:
    """Choose who separates a stream, and try the model by a few hops.

    Parameters
    ----------
    model, threads, provider
        As of `open_step`.
    channels
        Number of audio channels.
    requested
        What each output is made of, from `requested_sets`, (outputs, stems).

    Raises
    ------
    ModelError
        Also when the model does not do what its file says.
    """
    step = open_step(model, threads, provider)
    check(step, model)
    if isinstance(step, NativeStep) and has_transforms(model.card):
        return NativeBackend(step, model.card, channels, requested)
    return NumpyBackend(step, model.card, channels, requested)
