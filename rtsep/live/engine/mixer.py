"""From stems and the dry mixture to output channels, with gains that move without a click."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtsep.controls.controls import Controls
from rtsep.dsp.ramp import RAMP_MS, Ramp
from rtsep.errors import ConfigError

Audio = NDArray[np.float32]


def output_channels(stems: int, channels: int, available: int, split: bool) -> int:
    """Output channels to open on a device.

    Parameters
    ----------
    stems, channels
        Number of stems, and of channels in each.
    available
        Output channels of the device.
    split
        True: every stem on channels of its own. False: all stems mixed.

    Raises
    ------
    ConfigError
        When the stems do not fit onto the device, not even in mono.
    """
    if not split:
        return min(available, max(channels, 2))
    if stems > available:
        raise ConfigError(f"--split needs {stems} output channels, one a stem, and the device has {available}; "
                          f"choose another --output, or one stem with --stem")
    return stems * channels if stems * channels <= available else stems


def routing_matrix(stems: int, channels: int, outputs: int, split: bool) -> Audio:
    """How buses reach the output channels.

    Mixed, there is one bus of `channels` channels: mono goes to the first two outputs, several channels
    to as many outputs, or averaged where there is one. Split, there is a bus a stem: each takes the next
    `channels` outputs, or one output, averaged, where that is all there is.

    Parameters
    ----------
    stems, channels
        Number of stems, and of channels in each.
    outputs
        Output channels, from `output_channels`.
    split
        Whether each stem has its own bus.

    Returns
    -------
    matrix
        float32 (outputs, buses * channels).
    """
    if not split:
        if channels == 1:
            return np.ones((outputs, 1), np.float32)
        return _pass_or_average(channels, outputs)
    bus = _pass_or_average(channels, outputs // stems)
    return np.kron(np.eye(stems, dtype=np.float32), bus)


def _pass_or_average(channels: int, outputs: int) -> Audio:
    """Identity as far as there are outputs; one output alone gets the mean of all channels."""
    if outputs == 1:
        return np.full((1, channels), 1.0 / channels, np.float32)
    return np.eye(outputs, channels, dtype=np.float32)


class Delay:
    """The mixture, as late as the stems are.

    Parameters
    ----------
    channels
        Number of audio channels.
    delay
        Frames of delay.
    frames
        Longest block.
    """

    def __init__(self, channels: int, delay: int, frames: int) -> None:
        self.delay = self._end = delay
        self._line = np.zeros((channels, delay + 2 * frames), np.float32)

    def push(self, block: Audio) -> Audio:
        """Take in a block, float32 (channels, frames); return the delayed one, valid until the next push."""
        frames = block.shape[1]
        if self._end + frames > self._line.shape[1]:
            self._line[:, :self.delay] = self._line[:, self._end - self.delay:self._end]
            self._end = self.delay
        begin = self._end
        self._end += frames
        self._line[:, begin:self._end] = block
        return self._line[:, begin - self.delay:self._end - self.delay]


class Mixer:
    """Levels, dry/wet, bypass, a master and routing.

    Wet and dry are parts of one signal at the same latency, so what they have in common adds up as
    amplitudes: their gains sum to one at every moment of a fade, and the common part keeps its power. The
    law of sine and cosine, made for strangers, would swell it by 3 dB half-way.

    Split, bypass gives every stem's bus an equal share of the mixture, so that the buses still sum to it.

    Parameters
    ----------
    stems
        Names of the stems, in the separator's order.
    channels
        Channels of each stem.
    outputs
        Output channels, from `output_channels`.
    samplerate
        Frames per second.
    controls
        Where the gains are read, once a block; at the first block they hold at once.
    split
        Whether every stem has channels of its own.

    Attributes
    ----------
    master
        Gain of all outputs, 0 to 1, read once a block.
    """

    def __init__(self, stems: Sequence[str], channels: int, outputs: int, samplerate: int, controls: Controls,
                 split: bool = False) -> None:
        self.outputs = outputs
        self.master = 1.0
        self._stems, self._channels = tuple(stems), channels
        self._controls = controls
        self._split = split
        self._routing = routing_matrix(len(self._stems), channels, outputs, split)
        self._target = np.zeros(len(self._stems) + 2, np.float32)
        self._ramp_frames = round(RAMP_MS / 1000.0 * samplerate)
        self._ramp: Ramp | None = None
        self._followed: object = None  # change of the controls, and master, that the target is of
        self._steady: tuple[Audio, Audio | None] | None = None  # `_matrices`, while no gain moves

    def mix(self, stems: Audio, dry: Audio, out: Audio, presence: Audio | None = None) -> None:
        """Mix one block.

        Parameters
        ----------
        stems
            float32 (stems, channels, frames); scaled in place.
        dry
            The mixture, as late as the stems, float32 (channels, frames).
        out
            Receives the result, float32 (outputs, frames).
        presence
            Gain of the stems in each frame, float32 (frames,); where it is below 1, the mixture takes their
            place. None for 1.
        """
        self._aim()
        if self._steady is None or presence is not None:
            self._mix_moving(stems, dry, out, presence)
            return
        from_stems, from_dry = self._steady
        np.matmul(from_stems, stems.reshape(-1, dry.shape[1]), out=out)
        if from_dry is not None:
            out += from_dry @ dry

    def _mix_moving(self, stems: Audio, dry: Audio, out: Audio, presence: Audio | None) -> None:
        """Mix with gains that may be others in each frame."""
        if self._ramp is None:
            self._ramp = Ramp(self._target, self._ramp_frames)
        gains = self._ramp.next(self._target, dry.shape[1])
        if self._ramp.arrived:
            self._steady = self._matrices()
        gains, master = gains[:-1], gains[-1]
        if presence is not None:
            gains = gains * presence
            gains[-1] += 1.0 - presence
        stems *= gains[:-1, np.newaxis]
        if self._split:
            stems += gains[-1] / len(self._stems) * dry
            buses = stems.reshape(-1, dry.shape[1])
        else:
            buses = stems.sum(axis=0)
            buses += gains[-1] * dry
        np.matmul(self._routing, buses, out=out)
        out *= master

    def _matrices(self) -> tuple[Audio, Audio | None]:
        """All of it as one matrix from stems, (outputs, stems * channels), and one from the dry mixture, if heard."""
        stems, channels = len(self._stems), self._channels
        gains, (dry, master) = self._target[:-2], self._target[-2:]
        routing = master * self._routing.reshape(self.outputs, -1, channels)  # (outputs, buses, channels)
        from_stems = gains[:, np.newaxis] * np.broadcast_to(routing, (self.outputs, stems, channels))
        return from_stems.reshape(self.outputs, -1), dry * routing.mean(axis=1) if dry else None

    def _aim(self) -> None:
        """Read controls that were set into the target: a gain a stem, then those of the dry mixture and of all."""
        followed = self._controls.change, self.master
        if followed == self._followed:
            return
        self._followed, self._steady = followed, None
        wet = 0.0 if self._controls.bypass else self._controls.wet
        for index, stem in enumerate(self._stems):
            self._target[index] = wet * self._controls.gain(stem)
        self._target[-2:] = 1.0 - wet, self.master
