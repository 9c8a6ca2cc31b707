"""The step model: an ONNX graph that maps one hop's magnitudes to magnitude estimates of every stem.

The file describes itself: its metadata holds one JSON document under the key `rtsep`, checked here
against the graph, and a reference input and output under `rtsep-reference`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rtsep.dsp.windows import Geometry
from rtsep.errors import ConfigError, ModelError

if TYPE_CHECKING:
    pass

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
