"""A device at another sample rate than the model's: a change of the rate on the way in, and back on the way out."""

from __future__ import annotations

import math

import numpy as np

from rtsep.audio.resample import Resampler
from rtsep.live.engine.engine import Engine
from rtsep.types import Audio

_TRIAL_S = 1.0  # of silence, which shows how far a filter lets its output fall behind
_TRIAL_FRAMES = 16  # taken in at once meanwhile


class Resampled:
    """Plays the engine at a device's sample rate.

    The filters are aligned in time but hand out their frames in uneven portions, and the engine gets whole
    hops of them. So silence is put before the first frames of the output: as much as lets every block of
    the device be filled, whatever its length. That is all of the delay. A source is read at the model's rate as
    it is, as many hops as a block needs, so that only the way out delays it.

    Parameters
    ----------
    engine
        Runs at the model's rate.
    outputs
        Output channels.
    samplerate
        Rate of the device in Hz.
    has_source
        Whether blocks come from a source, at the model's rate, and not from the device.

    Attributes
    ----------
    delay_frames
        Delay of both changes of the rate together, in frames at the device's rate.
    """

    def __init__(self, engine: Engine, outputs: int, samplerate: int, has_source: bool = False) -> None:
        self._engine = engine
        self.samplerate = samplerate
        self.channels = engine.channels
        inner = engine.samplerate
        self._in = Resampler(inner if has_source else samplerate, inner, self.channels)
        self._out = Resampler(inner, samplerate, outputs)
        behind, behind_in = _most_behind(inner, samplerate), 0.0
        if not has_source:
            behind, behind_in = behind + engine.hop - 1, _most_behind(samplerate, inner)
        self.delay_frames = math.ceil(behind_in + behind * samplerate / inner)
        self._played = self._got = 0  # frames of the device so far, and frames that came for them
        self._taken = np.zeros((self.channels, 0), np.float32)  # at the model's rate, less than a hop
        self._ready = np.zeros((outputs, self.delay_frames), np.float32)  # at the device's rate

    @property
    def engine_rate(self) -> int:
        """Rate of the engine in Hz."""
        return self._engine.samplerate

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

    def frames_needed(self, frames: int) -> int:
        """Frames of a source for the next block of the device, see `Processor`: whole hops, no later than needed."""
        due = math.ceil((self._played + frames) * self._engine.samplerate / self.samplerate) - self._got
        return max(0, math.ceil(due / self._engine.hop)) * self._engine.hop

    def process(self, block: Audio, out: Audio) -> None:
        """Play one block at the device's rate, see `Engine.process`; that of a source is as long as was needed."""
        self._played, self._got = self._played + out.shape[1], self._got + block.shape[1]
        taken = np.concatenate([self._taken, self._in.push(block)], axis=1)
        whole = taken.shape[1] // self._engine.hop * self._engine.hop
        sound = np.empty((out.shape[0], whole), np.float32)
        if whole:
            self._engine.process(taken[:, :whole], sound)
        ready = np.concatenate([self._ready, self._out.push(sound)], axis=1)
        out[:] = ready[:, :out.shape[1]]
        self._taken, self._ready = taken[:, whole:], ready[:, out.shape[1]:]


def _most_behind(source_rate: int, samplerate: int) -> float:
    """Return an upper bound of the frames, at the source rate, by which a change of the rate falls behind.

    The portions repeat within the trial; between two looks no more than `_TRIAL_FRAMES` come on top. One
    change is looked at alone: two in a row are at their worst together only once in a long while.
    """
    resampler = Resampler(source_rate, samplerate, 1)
    block = np.zeros((1, _TRIAL_FRAMES), np.float32)
    ready = np.cumsum([resampler.push(block).shape[1] for _ in range(round(_TRIAL_S * source_rate / _TRIAL_FRAMES))])
    behind = _TRIAL_FRAMES * np.arange(1, ready.size + 1) - ready * source_rate / samplerate
    return float(behind.max()) + _TRIAL_FRAMES
