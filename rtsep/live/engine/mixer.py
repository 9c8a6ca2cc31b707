"""From stems and the dry mixture to output channels."""

from __future__ import annotations

import numpy as np

from rtsep.controls.controls import Controls
from rtsep.controls.gains import Gains
from rtsep.dsp.ramp import RAMP_MS, Ramp
from rtsep.errors import ConfigError
from rtsep.types import Audio


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


class Mixer:
    """Controls, routing to the output channels, and a master.

    Parameters
    ----------
    controls
        Where the gains are read, once a block; its stems are the separator's, in its order.
    channels
        Channels of each stem.
    outputs
        Output channels, from `output_channels`.
    samplerate
        Frames per second.
    split
        Whether every stem has channels of its own.

    Attributes
    ----------
    master
        Gain of all outputs, 0 to 1, read once a block.
    buses
        How many separate sounds the outputs carry: one a stem where they are split, else one.
    """

    def __init__(self, controls: Controls, channels: int, outputs: int, samplerate: int, split: bool = False) -> None:
        self.outputs = outputs
        self.master = 1.0
        stems = len(controls.stems)
        self.buses = stems if split else 1
        routing = routing_matrix(stems, channels, outputs, split)
        self._routing = routing if split else np.tile(routing, stems)  # (outputs, stems * channels)
        self._gains = Gains(controls, samplerate)
        self._master_ramp = Ramp(round(RAMP_MS / 1e3 * samplerate))

    def mix(self, stems: Audio, dry: Audio, out: Audio, crossfade: Audio | None = None) -> None:
        """Mix one block.

        Parameters
        ----------
        stems
            float32 (stems, channels, frames); changed in place.
        dry
            The mixture, as late as the stems, float32 (channels, frames).
        out
            Receives the result, float32 (outputs, frames).
        crossfade
            Wet gain of each frame, see `rtsep.controls.gains`.
        """
        self._gains.apply(stems, dry, crossfade)
        np.matmul(self._routing, stems.reshape(-1, dry.shape[1]), out=out)
        out *= self._master_ramp.next(np.array([self.master], np.float32), dry.shape[1])
