"""The step model: an ONNX graph that maps one hop's magnitudes to magnitude estimates of every stem.

The file describes itself: its metadata holds one JSON document under the key `rtsep`, checked here
against the graph, and a reference input and output under `rtsep-reference`.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rtsep.errors import ConfigError, ModelError
from rtsep.windows import Geometry

FORMAT = 1
Magnitude = NDArray[np.float32]


@dataclass(frozen=True)
class ModelInfo:
    """What the metadata of a step model says."""

    name: str
    samplerate: int
    geometry: Geometry
    stems: tuple[str, ...]
    contexts: tuple[int, ...]
    licence: str
    credits: tuple[str, ...]
    training: dict[str, Any]
    quality: dict[str, Any]

    @classmethod
    def parse(cls, text: str, source: str) -> ModelInfo:
        """Read the JSON document of a model file.

        Raises
        ------
        ModelError
            When it is not of this format; the message names the field.
        """
        try:
            fields = json.loads(text)
            if fields["format"] != FORMAT:
                raise ModelError(f"{source}: step-model format {fields['format']}, this rtsep reads format {FORMAT}")
            return cls(
                name=str(fields["name"]), samplerate=int(fields["samplerate"]),
                geometry=Geometry(int(fields["analysis"]), int(fields["synthesis"]), int(fields["hop"])),
                stems=tuple(map(str, fields["stems"])), contexts=tuple(map(int, fields.get("contexts", ()))),
                licence=str(fields["licence"]), credits=tuple(map(str, fields["credits"])),
                training=dict(fields["training"]), quality=dict(fields["quality"]))
        except KeyError as missing:
            raise ModelError(f"{source}: the metadata lacks {missing}; export the model again") from None
        except (ValueError, TypeError, ConfigError) as error:
            raise ModelError(f"{source}: the metadata cannot be read ({error}); export the model again") from None


class StepModel:
    """A loaded step model and its recurrent state.

    Parameters
    ----------
    path
        The `.onnx` file.
    threads
        Threads inside one operator; one is best for a live stream.

    Raises
    ------
    ModelError
        When the file is missing, is no step model, or its shapes disagree with its metadata.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path = path
        self._session = _open_session(path, threads)
        metadata = self._session.get_modelmeta().custom_metadata_map
        if "rtsep" not in metadata:
            raise ModelError(f"{path}: no rtsep metadata, so this is no step model; make one with: "
                             f"python -m training export")
        self.info = ModelInfo.parse(metadata["rtsep"], str(path))
        self._reference = metadata.get("rtsep-reference")
        self._state_names = sorted((i.name for i in self._session.get_inputs() if i.name.startswith("state_")),
                                   key=lambda name: int(name.removeprefix("state_")))
        self._output_names = ["estimates", *(f"{name}_out" for name in self._state_names)]
        self._context_names = [f"context_{index}" for index in range(len(self.info.contexts))]
        self._check_shapes()
        shapes = {i.name: i.shape for i in self._session.get_inputs()}
        self._zero_state = [np.zeros(shapes[name], np.float32) for name in self._state_names]
        self._state = list(self._zero_state)

    def step(self, magnitude: Magnitude, contexts: Sequence[Magnitude] = ()) -> Magnitude:
        """Advance by one hop.

        Parameters
        ----------
        magnitude
            Magnitude spectrum of the mid signal, float32 (bins,).
        contexts
            Magnitudes of the longer windows, in the order of `info.contexts`.

        Returns
        -------
        estimates
            Non-negative magnitude estimates, float32 (stems, bins).
        """
        feeds = {"magnitude": magnitude[np.newaxis]}
        for name, context in zip(self._context_names, contexts, strict=True):
            feeds[name] = context[np.newaxis]
        feeds.update(zip(self._state_names, self._state, strict=True))
        estimates, *self._state = self._session.run(self._output_names, feeds)
        return estimates[0]  # type: ignore[no-any-return]

    def reset(self) -> None:
        """Return to the state of a freshly loaded model."""
        self._state = list(self._zero_state)

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
            inputs = [arrays[name].astype(np.float32) for name in ("magnitude", *self._context_names)]
            wanted = arrays["estimates"]
        self.reset()
        for magnitude, *contexts in zip(*inputs, strict=True):
            estimates = self.step(magnitude, contexts)
        self.reset()
        error = np.sum(np.square(estimates - wanted)) / np.sum(np.square(wanted))
        return float(10.0 * np.log10(error + 1e-20))

    def _check_shapes(self) -> None:
        """Compare the graph's inputs and outputs with what the metadata promises."""
        bins = self.info.geometry.bins
        wanted = {"magnitude": [1, bins], "estimates": [1, len(self.info.stems), bins]}
        for name, length in zip(self._context_names, self.info.contexts, strict=True):
            wanted[name] = [1, length // 2 + 1]
        inputs = {i.name: i.shape for i in self._session.get_inputs()}
        found = inputs | {o.name: o.shape for o in self._session.get_outputs()}
        for name in self._state_names:
            wanted[f"{name}_out"] = inputs[name]
        for name, shape in wanted.items():
            if name not in found:
                raise ModelError(f"{self.path}: the graph has no {name}; it has {', '.join(found)}")
            if found[name] != shape:
                raise ModelError(f"{self.path}: {name} has shape {found[name]}, its metadata asks for {shape}")
        strangers = set(inputs) - set(wanted) - set(self._state_names)
        if strangers:
            raise ModelError(f"{self.path}: unknown inputs {', '.join(sorted(strangers))} in the graph")


def _open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Open an ONNX file for live use: few threads, no spinning, denormals off."""
    if not path.is_file():
        raise ModelError(f"no model file {path}: `rtsep models` lists what is installed")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime raises a dozen unrelated kinds for a damaged file
        raise ModelError(f"{path} is no ONNX model that can be run ({str(error).splitlines()[0][:160]})") from None


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
