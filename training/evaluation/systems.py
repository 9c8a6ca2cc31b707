"""Models as callables that separate whole mixtures, aligned, with what a comparison says about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from rtsep.dsp.windows import Geometry
from rtsep.errors import ConfigError
from rtsep.files.stream import open_separator
from rtsep.model.card import FileCard
from rtsep.model.catalogue import find_model, installed_models
from training import SAMPLERATE
from training.evaluation.separators import Separate, file_separator, runtime_separator
from training.recipes.recipe import recipe_names

NUMBERS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8, onnx.TensorProto.UINT8)


@dataclass(frozen=True)
class System:
    """A model under test.

    Parameters
    ----------
    name
        For tables.
    stems
        What `separate` gives.
    separate
        Turns a mixture (channels, frames) at 44.1 kHz into every stem, of the same shape and aligned.
    network
        Kind and size of the network, in words.
    parameters
        Numbers that the model file stores as weights.
    geometry
        Transform of its mask, which the ideal mask is computed at; None for models that mask no spectrum.
    latency_ms
        Algorithmic latency; None for models that need the whole file.
    heard_hours
        Sound that it was trained on, repetitions counted; None where its card does not say.
    """

    name: str
    stems: tuple[str, ...]
    separate: Separate
    network: str
    parameters: int
    geometry: Geometry | None
    latency_ms: float | None
    heard_hours: float | None = None


def lacks_weights(model: str) -> bool:
    """Whether a name or file is what a recipe makes, and nobody has made it yet."""
    return Path(model).stem in recipe_names() and model not in installed_models() and not Path(model).is_file()


def load_system(model: str) -> System:
    """Load a shipped model's name or a model file.

    Raises
    ------
    ModelError
        When there is no such model, or it cannot be used.
    ConfigError
        When it was made for another sample rate than the clips have.
    """
    path = find_model(model)
    info = open_separator(path, 1, None, 1.0).info
    if info.samplerate != SAMPLERATE:
        raise ConfigError(f"{model} works at {info.samplerate} Hz; the clips that measure it have {SAMPLERATE} Hz")
    network, numbers, heard = _network(info.training), stored_numbers(path), info.training.get("audio_hours")
    if isinstance(info, FileCard):
        masked = info.geometry if info.domain == "magnitude" else None
        return System(path.stem, info.stems, file_separator(path), network, numbers, masked, None, heard)
    latency_ms = 1000.0 * info.geometry.latency / info.samplerate
    return System(path.stem, info.stems, runtime_separator(path), network, numbers, info.geometry, latency_ms, heard)


def stored_numbers(path: Path) -> int:
    """Count the weights in an ONNX file, in whatever precision."""
    return sum(int(np.prod(tensor.dims)) for tensor in onnx.load(path).graph.initializer if tensor.data_type in NUMBERS)


def _network(training: dict[str, object]) -> str:
    """Say what a card says of the network: its kind, layers and cells."""
    recipe = training.get("parameters_of_recipe")
    if not isinstance(recipe, dict) or "kind" not in recipe:
        return "not said"
    size = f" {recipe['layers']} x {recipe['hidden']}" if {"layers", "hidden"} <= set(recipe) else ""
    return f"{recipe['kind']}{size}"
