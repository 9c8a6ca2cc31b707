"""Separate sound that is in memory, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtsep.errors import ConfigError
from rtsep.files.stream import aligned_stems, open_separator
from rtsep.model.catalogue import FILE_MODEL
from rtsep.separator import LOUDEST, MAX_CHANNELS
from rtsep.types import Audio

LOWEST_HZ, HIGHEST_HZ = 1000, 1_000_000
_INTEGERS = {np.dtype(np.uint8): (128, 128), np.dtype(np.int16): (0, 2**15), np.dtype(np.int32): (0, 2**31)}
"""Offset and full scale of the integers that stand for sound."""


def separate(audio: ArrayLike, samplerate: float, model: str | Path = FILE_MODEL,
             stems: str | Sequence[str] | None = None, mask_gain: float = 1.0) -> dict[str, Audio]:
    """Separate a whole piece of sound.

    Parameters
    ----------
    audio
        One axis for mono; or two, channels and frames in either order: the longer axis is the time, and an array
        with as many channels as frames is refused. Floating-point numbers are taken as they are, full scale 1.
        Integers of 8 bits (unsigned), 16 and 32 bits (signed) are scaled to that; others are refused.
    samplerate
        In Hz.
    model
        Name of a shipped model, or a path to a step model or a file model.
    stems
        Stems to compute, `rest` for what is left over; a string names one, or several with commas between;
        default all of the model.
    mask_gain
        Weight of the background in the mask, as in `Controls`.

    Returns
    -------
    stems
        By name, float32 in the shape of `audio`, aligned with it. If they are all stems, they sum to it.

    Raises
    ------
    ConfigError
        When the array or an option cannot be used.
    ModelError
        When there is no such model.

    Examples
    --------
    >>> import numpy as np
    >>> import rtsep
    >>> stems = rtsep.separate(np.zeros((2, 4410)), 44100)
    >>> stems["guitar"].shape
    (2, 4410)
    """
    array, transposed = _channels_first(np.asarray(audio))
    sound = _scaled(array)
    rate = _checked_rate(samplerate)
    separator = open_separator(model, sound.shape[0], stems, mask_gain, rate)
    found = {stem: np.empty_like(sound) for stem in separator.stems}
    start = 0
    seconds = (sound[:, first:first + rate] for first in range(0, sound.shape[1], rate))
    for blocks in aligned_stems(separator, seconds, rate):
        end = start + blocks[0].shape[1]
        for stem, block in zip(found.values(), blocks, strict=True):
            stem[:, start:end] = block
        start = end
    return {name: (stem.T if transposed else stem).reshape(np.shape(audio)) for name, stem in found.items()}


def _channels_first(array: NDArray[Any]) -> tuple[NDArray[Any], bool]:
    """Return the array as (channels, frames), and whether it was the other way round."""
    if array.ndim == 1:
        array = array[np.newaxis]
    if array.ndim != 2 or not array.size:
        raise ConfigError(f"audio has the shape {array.shape}: give (channels, frames), (frames, channels) or mono")
    if array.shape[0] == array.shape[1] > 1:
        raise ConfigError(f"audio has the shape {array.shape}: which axis is the time cannot be told; give more frames "
                          f"than channels")
    transposed = array.shape[0] > array.shape[1]
    array = array.T if transposed else array
    if array.shape[0] > MAX_CHANNELS:
        raise ConfigError(f"audio has {array.shape[0]} channels: rtsep separates up to {MAX_CHANNELS}")
    return array, transposed


def _scaled(array: NDArray[Any]) -> Audio:
    """Return float32 at full scale 1, or refuse what is no sound."""
    if array.dtype in _INTEGERS:
        offset, scale = _INTEGERS[array.dtype]
        return ((array.astype(np.float64) - offset) / scale).astype(np.float32)
    if array.dtype.kind != "f":
        raise ConfigError(f"audio is of {array.dtype}: give floating-point numbers, or uint8, int16 or int32")
    bad = ~(np.abs(array) <= LOUDEST).all(axis=0)  # NaN compares as False
    if bad.any():
        raise ConfigError(f"audio holds NaN, infinity or samples beyond {LOUDEST:g} in {np.count_nonzero(bad)} frames, "
                          f"the first is {int(np.argmax(bad))}: replace them, for example by np.nan_to_num")
    return np.ascontiguousarray(array, np.float32)


def _checked_rate(samplerate: float) -> int:
    """Refuse what is no rate of sound."""
    try:
        rate = int(samplerate)
    except (TypeError, ValueError, OverflowError):
        rate = 0
    if isinstance(samplerate, bool) or rate != samplerate or not LOWEST_HZ <= rate <= HIGHEST_HZ:
        raise ConfigError(f"samplerate is {samplerate!r:.40}: give whole Hz from {LOWEST_HZ} to {HIGHEST_HZ}")
    return rate
