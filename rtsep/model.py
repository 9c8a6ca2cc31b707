"""The step model: an ONNX graph that maps one hop's magnitudes to magnitude estimates of every stem.

The file describes itself: its metadata holds one JSON document under the key `rtsep`, checked here
against the graph, and a reference input and output under `rtsep-reference`.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rtsep.errors import ConfigError, ModelError
from rtsep.onnxfile import Shape, read_onnx
from rtsep.step.compiled import CompiledStep, compiled_step
from rtsep.windows import Geometry

if TYPE_CHECKING:
    from rtsep.step.runtime import RuntimeStep

FORMAT = 1
Magnitude = NDArray[np.float32]


@dataclass(frozen=True)
class CardInfo:
    """What the metadata of every model says."""

    name: str
    samplerate: int
    geometry: Geometry
    stems: tuple[str, ...]
    licence: str
    credits: tuple[str, ...]
    training: dict[str, Any]
    quality: dict[str, Any]


@dataclass(frozen=True)
class ModelInfo(CardInfo):
    """What the metadata of a step model says."""

    contexts: tuple[int, ...]

    @classmethod
    def parse(cls, text: str, source: str) -> ModelInfo:
        """Read the JSON document of a model file.

        Raises
        ------
        ModelError
            When it is not of this format; the message names the field.
        """
        with readable(source):
            fields = json.loads(text)
            if "kind" in fields:
                raise ModelError(f"{source} is a {fields['kind']} model, which needs the music before and after: it "
                                 f"cannot run live; use it with: rtsep separate --model")
            if fields["format"] != FORMAT:
                raise ModelError(f"{source}: step-model format {fields['format']}, this rtsep reads format {FORMAT}")
            return cls(**card_fields(fields), contexts=tuple(map(int, fields.get("contexts", ()))))


@contextmanager
def readable(source: str) -> Iterator[None]:
    """Turn what goes wrong in reading the metadata of a file into a ModelError that names it."""
    try:
        yield
    except KeyError as missing:
        raise ModelError(f"{source}: the metadata lacks {missing}; export the model again") from None
    except (ValueError, TypeError, ConfigError) as error:
        raise ModelError(f"{source}: the metadata cannot be read ({error}); export the model again") from None


def card_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Convert the fields of a `CardInfo`; errors as `readable` expects them."""
    return {"name": str(fields["name"]), "samplerate": int(fields["samplerate"]),
            "geometry": Geometry(int(fields["analysis"]), int(fields["synthesis"]), int(fields["hop"])),
            "stems": tuple(map(str, fields["stems"])), "licence": str(fields["licence"]),
            "credits": tuple(map(str, fields["credits"])), "training": dict(fields["training"]),
            "quality": dict(fields["quality"])}


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
    from rtsep.step.runtime import RuntimeStep, open_session
    return RuntimeStep(open_session(path, threads, provider, reuse=False), provider)


def model_folder() -> Path:
    """Folder of the shipped models: inside the installed package, or `models/` of a checkout."""
    packaged = Path(__file__).parent / "models"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "models"


def installed_models() -> dict[str, Path]:
    """Shipped models by name."""
    return {path.stem: path for path in sorted(model_folder().glob("*.onnx"))}


def find_model(name: str) -> Path:
    """Path of a shipped model's name or of a `.onnx` file.

    Raises
    ------
    ModelError
        When there is no such model; the message lists the shipped ones.
    """
    models = installed_models()
    if name in models:
        return models[name]
    if name.endswith(".onnx"):
        return Path(name)
    raise ModelError(f"no model {name!r}: shipped are {', '.join(models) or 'none'}; or give a path to an .onnx file")
