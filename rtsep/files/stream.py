"""A separator fed from beginning to end, its latency taken out again: for files and arrays alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from rtsep.audio.resample import QUALITY, Resampler
from rtsep.backends.segments import FileSeparator
from rtsep.dsp.mask import REST
from rtsep.model.card import check_mask_gain
from rtsep.model.catalogue import find_model
from rtsep.model.gate import SegmentFile, StepFile, read_model
from rtsep.separator import Separator, runs_at
from rtsep.types import Audio

AnySeparator = Separator | FileSeparator
COMMON_RATES = (44_100, 48_000)
"""Between 8 and 44.1 kHz, soxr leaves up to -65 dB; to 48 kHz, a multiple, and back nothing."""
SILENCE = 16
"""Frames, more than a change of rate there and back may be short of the sound's length."""


def read_any(model: str | Path, mask_gain: float = 1.0) -> StepFile | SegmentFile:
    """Read a step model or a file model, which has no mask gain but 1.

    Raises
    ------
    ModelError, ConfigError
        When the model or the gain cannot be used.
    """
    file = read_model(find_model(str(model)))
    check_mask_gain(file.card, mask_gain)
    return file


def open_separator(model: str | Path, channels: int, stems: str | Sequence[str] | None = None, mask_gain: float = 1.0,
                   samplerate: int | None = None) -> AnySeparator:
    """Make the separator that a model is for.

    Parameters
    ----------
    model
        Name of a shipped model, or a path to a step model or a file model.
    channels
        Number of audio channels.
    stems
        Stems to compute, `rest` for what is left over; a string names one, or several with commas between;
        default all of the model.
    mask_gain
        Weight of the background in the mask, as in `Controls`; 1 for file models, which have no such mask.
    samplerate
        Rate of the sound in Hz, which the separator takes if the model runs at it, else one to which the sound is
        brought without loss; None for that of the model.

    Raises
    ------
    ModelError, ConfigError
        When the model, the stems or the gain cannot be used.
    """
    file = read_any(model, mask_gain)
    if isinstance(file, SegmentFile):
        return FileSeparator(file, channels, stems)
    separator = Separator(file, channels=channels, stems=stems)
    if samplerate is not None:
        separator.set_samplerate(_nearest_rate(separator.info.samplerate, samplerate))
    separator.controls.mask_gain = mask_gain
    return separator


def _nearest_rate(made_for: int, samplerate: int) -> int:
    """Rate at which a model runs for sound of `samplerate`: its own, a multiple or a part of it, or the model's."""
    rates = (samplerate, made_for, *COMMON_RATES)
    return next((rate for rate in rates if runs_at(made_for, rate) and _divides(rate, samplerate)), made_for)


def _divides(one: int, other: int) -> bool:
    return max(one, other) % min(one, other) == 0


def aligned_stems(separator: AnySeparator, blocks: Iterable[Audio], samplerate: int) -> Iterator[tuple[Audio, ...]]:
    """Separate blocks; what comes out begins with their first frame and ends with their last.

    Where the model runs at another rate, `rest`, or the last of all stems, keeps what the change of the rate takes
    away: so stems sum to the sound at every rate.

    Parameters
    ----------
    separator
        A new one, of any sample rate.
    blocks
        float32 (channels, frames) at `samplerate`.
    samplerate
        Of the blocks and of the stems, in Hz.

    Yields
    ------
    stems
        A block of every stem, float32 (channels, frames), all of one length.
    """
    there = Resampler(samplerate, separator.samplerate, separator.channels, QUALITY)
    back = [Resampler(separator.samplerate, samplerate, separator.channels, QUALITY) for _ in separator.stems]
    keeper = None if samplerate == separator.samplerate else _keeper(separator)
    loss = None if keeper is None else Loss(separator.samplerate, samplerate, separator.channels)
    late, taken, given = separator.latency, 0, 0

    def advance(block: Audio) -> tuple[Audio, ...]:
        nonlocal late
        separated = separator.process(block)[:, :, late:]
        late = max(0, late - block.shape[1])
        return tuple(resampler.push(stem) for resampler, stem in zip(back, separated, strict=True))

    def complete(stems: tuple[Audio, ...]) -> tuple[Audio, ...]:
        if loss is None:
            return stems
        missing = loss.take(stems[0].shape[1])
        return tuple(stem + missing if index == keeper else stem for index, stem in enumerate(stems))

    for block in blocks:
        taken += block.shape[1]
        brought = there.push(block)
        if loss is not None:
            loss.give(block, brought)
        stems = advance(brought)
        given += stems[0].shape[1]
        yield complete(stems)
    block = there.flush()
    if loss is not None:
        loss.end(block)
    while given < taken:
        stems = tuple(stem[:, :taken - given] for stem in advance(block))
        given += stems[0].shape[1]
        yield complete(stems)
        block = np.zeros((separator.channels, separator.latency), np.float32)


class Loss:
    """What a change of the sample rate there and back takes from a sound: all above the lower rate's reach.

    Parameters
    ----------
    inner, outer
        Rate in between, and of the sound, in Hz.
    channels
        Number of audio channels.
    """

    def __init__(self, inner: int, outer: int, channels: int) -> None:
        self._back = Resampler(inner, outer, channels, QUALITY)
        self._sound = self._returned = np.zeros((channels, 0), np.float32)

    def give(self, sound: Audio, brought: Audio) -> None:
        """Note the next block, and what came of it at the rate in between; (channels, frames) each."""
        self._sound = np.concatenate([self._sound, sound], axis=1)
        self._returned = np.concatenate([self._returned, self._back.push(brought)], axis=1)

    def end(self, brought: Audio) -> None:
        """Note the last that came at the rate in between, and the silence that stems go on with."""
        silence = np.zeros((brought.shape[0], SILENCE), np.float32)
        returned = [self._returned, self._back.push(brought), self._back.push(silence), self._back.flush()]
        self._returned = np.concatenate(returned, axis=1)

    def take(self, frames: int) -> Audio:
        """Return the loss in the next frames, (channels, frames); stems come later than what is noted here."""
        missing = self._sound[:, :frames].copy()
        missing[:, :self._returned.shape[1]] -= self._returned[:, :frames]
        self._sound, self._returned = self._sound[:, frames:], self._returned[:, frames:]
        return missing


def _keeper(separator: AnySeparator) -> int | None:
    """Index of the stem to which belongs what no stem has: the rest, else the last of all stems; None for a choice."""
    if REST in separator.stems:
        return separator.stems.index(REST)
    return len(separator.stems) - 1 if set(separator.stems) == set(separator.info.stems) else None
