"""Streaming change of the sample rate, aligned in time: the filter's delay is taken out."""

from __future__ import annotations

import numpy as np
import soxr

from rtsep.types import Audio

QUALITY = "VHQ"
"""Of the change of rate of files: both ways together leave less than -90 dB."""


class Resampler:
    """Convert a stream of blocks from one sample rate to another.

    The output starts at the input's first sample. It comes late, since the filter waits for its
    future, so `push` returns fewer frames at first, and `flush` what is missing at the end.

    Parameters
    ----------
    source_rate
        Sample rate of the blocks that come in, in Hz.
    samplerate
        Sample rate of the blocks that go out, in Hz.
    channels
        Number of audio channels.
    quality
        Of soxr: `HQ`, or `VHQ`, which waits longer and leaves less than -100 dB.
    """

    def __init__(self, source_rate: int, samplerate: int, channels: int, quality: str = "HQ") -> None:
        same = source_rate == samplerate
        self._stream = None if same else soxr.ResampleStream(source_rate, samplerate, channels, "float32", quality)
        self._channels = channels

    def push(self, block: Audio) -> Audio:
        """Take float32 (channels, frames); return what is ready, float32 (channels, other number of frames)."""
        return block if self._stream is None else self._resample(block, last=False)

    def flush(self) -> Audio:
        """Return the rest, as if silence followed; nothing may be pushed afterwards."""
        nothing = np.zeros((self._channels, 0), np.float32)
        return nothing if self._stream is None else self._resample(nothing, last=True)

    def _resample(self, block: Audio, last: bool) -> Audio:
        assert self._stream is not None
        out: Audio = self._stream.resample_chunk(np.ascontiguousarray(block.T), last=last).T
        return out
