"""From stems and the dry mixture to output channels, with gains that move without a click."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtsep.controls import Controls
from rtsep.errors import ConfigError

Audio = NDArray[np.float32]
RAMP_MS = 15.0


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


class Ramp:
    """Gains that reach a new target in a straight line.

    Parameters
    ----------
    gains
        Values at the start, float32 (n,).
    frames
        Length of the line.
    """

    def __init__(self, gains: Audio, frames: int) -> None:
        self._frames = frames
        self._start = gains.copy()
        self._target = gains.copy()
        self._done = frames

    def next(self, target: Audio, frames: int) -> Audio:
        """Gains of the next frames, float32 (n, frames), or (n, 1) where they do not move."""
        if not np.array_equal(target, self._target):
            self._start = self._at(np.array([self._done]))[:, 0]
            self._target[:] = target
            self._done = 0
        if self._done >= self._frames:
            return self._target[:, np.newaxis]
        gains = self._at(np.arange(self._done + 1, self._done + frames + 1))
        self._done += frames
        return gains

    def _at(self, position: NDArray[np.int64]) -> Audio:
        share = np.minimum(position / self._frames, 1.0).astype(np.float32)
        return self._start[:, np.newaxis] * (1 - share) + self._target[:, np.newaxis] * share


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
        self.delay = delay
        self._line = np.zeros((channels, delay + frames), np.float32)
        self._out = np.zeros((channels, frames), np.float32)

    def push(self, block: Audio) -> Audio:
        """Take in a block, float32 (channels, frames); return the delayed one, valid until the next push."""
        frames = block.shape[1]
        self._line[:, self.delay:self.delay + frames] = block
        out = self._out[:, :frames]
        out[:] = self._line[:, :frames]
        self._line[:, :self.delay] = self._line[:, frames:frames + self.delay]
        return out


class Mixer:
    """Levels, dry/wet, bypass and routing.

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
        Where the gains are read, once a block.
    split
        Whether every stem has channels of its own.
    """

    def __init__(self, stems: Sequence[str], channels: int, outputs: int, samplerate: int, controls: Controls,
                 split: bool = False) -> None:
        self.outputs = outputs
        self._stems = tuple(stems)
        self._controls = controls
        self._split = split
        self._routing = routing_matrix(len(self._stems), channels, outputs, split)
        self._target = np.zeros(len(self._stems) + 1, np.float32)
        self._aim()
        self._ramp = Ramp(self._target, round(RAMP_MS / 1000.0 * samplerate))

    def mix(self, stems: Audio, dry: Audio, out: Audio) -> None:
        """Mix one block.

        Parameters
        ----------
        stems
            float32 (stems, channels, frames); scaled in place.
        dry
            The mixture, as late as the stems, float32 (channels, frames).
        out
            Receives the result, float32 (outputs, frames).
        """
        self._aim()
        gains = self._ramp.next(self._target, dry.shape[1])
        stems *= gains[:-1, np.newaxis]
        if self._split:
            stems += gains[-1] / len(self._stems) * dry
            buses = stems.reshape(-1, dry.shape[1])
        else:
            buses = stems.sum(axis=0)
            buses += gains[-1] * dry
        np.matmul(self._routing, buses, out=out)

    def _aim(self) -> None:
        """Read the controls into the target: a gain a stem, then that of the dry mixture."""
        wet = 0.0 if self._controls.bypass else self._controls.wet
        for index, stem in enumerate(self._stems):
            self._target[index] = wet * self._controls.level(stem)
        self._target[-1] = 1.0 - wet
