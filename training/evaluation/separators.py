"""What separates whole mixtures at 44.1 kHz: callables, and the runtime as such."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from rtsep import Separator
from rtsep.backends.segments import FileSeparator
from rtsep.types import Audio

Separate = Callable[[Audio], dict[str, Audio]]
"""From a mixture, (channels, frames), to its stems by name, of the same shape and aligned."""


def runtime_separator(model: Path, provider: str = "cpu") -> Separate:
    """Separate by a step model, hop by hop as a musician hears it."""
    separators: dict[int, Separator] = {}  # by the number of channels

    def separate(mixture: Audio) -> dict[str, Audio]:
        channels = len(mixture)
        if channels not in separators:
            separators[channels] = Separator(model, channels, provider=provider)
        separators[channels].reset()
        return _aligned(separators[channels], mixture)

    return separate


def file_separator(model: Path) -> Separate:
    """Separate by a file model, in segments."""
    return lambda mixture: _aligned(FileSeparator(model, len(mixture)), mixture)


def _aligned(separator: Separator | FileSeparator, mixture: Audio) -> dict[str, Audio]:
    """Let a new separator play a mixture, and take its latency out."""
    padded = np.pad(mixture, ((0, 0), (0, separator.latency)))
    stems = separator.process(padded)[..., separator.latency:]
    return dict(zip(separator.stems, stems, strict=True))
