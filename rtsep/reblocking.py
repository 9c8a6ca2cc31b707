"""Blocks of any size to whole hops, and separated hops back to blocks of the same sizes, a fixed delay later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rtsep.dsp.stft import silence_bad
from rtsep.types import Audio

MOST_HOPS = 16  # separated at once where a block has them


class Reblocking:
    """Cuts blocks into hops, and keeps what is left on both sides.

    Parameters
    ----------
    hop
        Frames of a hop.
    channels, outputs
        Numbers of them.
    separate
        Turns whole hops, float32 (channels, frames), into as many of every output, (outputs, channels, frames).
    """

    def __init__(self, hop: int, channels: int, outputs: int, separate: Callable[[Audio], Audio]) -> None:
        self._hop, self._separate, self._shape = hop, separate, (outputs, channels)
        self._straight = range(hop, MOST_HOPS * hop + 1, hop)  # separated in one piece
        self._pending = np.zeros((channels, hop), np.float32)
        self._ready = np.zeros((outputs, channels, (MOST_HOPS + 1) * hop), np.float32)
        self._pending_frames = self._ready_frames = 0

    def reset(self, delay: int) -> None:
        """Begin anew with so many frames of silence, 0 to a hop, before the first separated one."""
        self._pending_frames, self._ready_frames = 0, delay
        self._ready.fill(0.0)

    def forget_bad(self) -> None:
        """Set what waits to be heard and is not finite to zero."""
        silence_bad(self._ready)

    def split(self, block: Audio) -> Audio:
        """Separate a block, float32 (channels, frames); return (outputs, channels, frames)."""
        frames = block.shape[1]
        if frames in self._straight and not self._pending_frames and not self._ready_frames:
            return self._separate(block)
        out = np.empty((*self._shape, frames), np.float32)
        done = 0
        while done < frames:
            whole = min((frames - done) // self._hop, MOST_HOPS) * self._hop
            if whole and not self._pending_frames:
                count = whole
                sound: Audio | None = self._separate(block[:, done:done + count])
            else:
                count = min(self._hop - self._pending_frames, frames - done)
                sound = self._wait(block[:, done:done + count])
            self._pass(sound, out[:, :, done:done + count])
            done += count
        return out

    def _wait(self, part: Audio) -> Audio | None:
        """Keep a part of a hop, and separate the hop when it is complete."""
        end = self._pending_frames + part.shape[1]
        self._pending[:, self._pending_frames:end] = part
        self._pending_frames = end % self._hop
        return None if self._pending_frames else self._separate(self._pending)

    def _pass(self, sound: Audio | None, out: Audio) -> None:
        """Fill `out` with what is ready, then with separated sound; keep what is left."""
        count = min(self._ready_frames, out.shape[2])
        out[:, :, :count] = self._ready[:, :, :count]
        self._ready_frames -= count
        self._ready[:, :, :self._ready_frames] = self._ready[:, :, count:count + self._ready_frames]
        if sound is None:
            return
        out[:, :, count:] = sound[:, :, :out.shape[2] - count]
        rest = sound[:, :, out.shape[2] - count:]
        self._ready[:, :, self._ready_frames:self._ready_frames + rest.shape[2]] = rest
        self._ready_frames += rest.shape[2]
