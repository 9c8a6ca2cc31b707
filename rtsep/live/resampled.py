"""A device at another sample rate than the model's: a change of the rate on the way in, and back on the way out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.resample import Resampler
from rtsep.live.engine import Engine

Audio = NDArray[np.float32]
_TRIAL_S = 1.0  # of silence, which shows how far the filters let the output fall behind


class Resampled:
    """Plays the engine at a device's sample rate.

    The filters are aligned in time but hand out their frames in uneven portions, so silence is put before
    the first ones: as much as lets every block of the device be filled. That is all of the delay.

    Parameters
    ----------
    engine
        Runs at the model's rate.
    outputs
        Output channels.
    samplerate
        Rate of the device in Hz.
    frames
        Frames of a block of the device. Where others come, the delay is set anew, after a gap.
    """

    def __init__(self, engine: Engine, outputs: int, samplerate: int, frames: int) -> None:
        self._engine = engine
        self._outputs = outputs
        self.samplerate = samplerate
        self.channels = engine.channels
        self._waiting = np.zeros((outputs, 0), np.float32)  # at the device's rate
        self._start(frames)

    @property
    def deadline(self) -> bool:
        """Whether somebody waits for every block in real time."""
        return self._engine.deadline

    @deadline.setter
    def deadline(self, value: bool) -> None:
        self._engine.deadline = value

    @property
    def delay(self) -> int:
        """Delay of both changes of the rate together, in frames at the model's rate."""
        return round(self.delay_frames * self._engine.samplerate / self.samplerate)

    def process(self, block: Audio, out: Audio) -> None:
        """Play one block at the device's rate, see `Engine.process`."""
        frames = block.shape[1]
        if frames != self._frames:
            self._start(frames)
        inner = self._up.push(block)
        sound = np.empty((self._outputs, inner.shape[1]), np.float32)
        if inner.shape[1]:
            self._engine.process(inner, sound)
        waiting = np.concatenate([self._waiting, self._down.push(sound)], axis=1)
        out[:] = waiting[:, :frames]
        self._waiting = waiting[:, frames:]

    def _start(self, frames: int) -> None:
        self._frames = frames
        self.delay_frames = self._shortage(frames)
        self._up, self._down = self._resamplers(self.channels, self._outputs)
        self._waiting = np.zeros((self._outputs, self.delay_frames), np.float32)

    def _resamplers(self, channels: int, outputs: int) -> tuple[Resampler, Resampler]:
        rate = self._engine.samplerate
        return Resampler(self.samplerate, rate, channels), Resampler(rate, self.samplerate, outputs)

    def _shortage(self, frames: int) -> int:
        """Most frames by which the output ever falls behind the input, with blocks of this size."""
        up, down = self._resamplers(1, 1)
        block = np.zeros((1, frames), np.float32)
        ready = np.cumsum([down.push(up.push(block)).shape[1]
                           for _ in range(max(64, round(_TRIAL_S * self.samplerate / frames)))])
        return int(np.max(frames * np.arange(1, ready.size + 1) - ready))
