"""Streams of PortAudio's devices."""

from __future__ import annotations

from typing import Any

from rtsep.audio.devices import Route
from rtsep.errors import DeviceError
from rtsep.live.streams.player import Player
from rtsep.types import Audio

_LONGEST_LATENCY_S = 2.0  # PortAudio reports garbage for some devices; longer than this is not believed


class PortAudioCallbacks:
    """The player as PortAudio calls it: arrays of (frames, channels), from the first channel of a device on.

    Parameters
    ----------
    player
        Plays the chosen channels.
    source, target
        Which ones; None as source for a source.
    """

    def __init__(self, player: Player, source: Route | None, target: Route) -> None:
        self._player = player
        self._inputs = None if source is None else slice(source.first, source.first + player.channels)
        self._first_output = target.first

    def duplex(self, indata: Audio, outdata: Audio, frames: int, _time: Any, status: Any) -> None:
        """Serve an input and an output device."""
        self._serve(indata[:, self._inputs].T, outdata, status)

    def output_only(self, outdata: Audio, frames: int, _time: Any, status: Any) -> None:
        """Serve an output device from the source."""
        self._serve(None, outdata, status)

    def _serve(self, block: Audio | None, outdata: Audio, status: Any) -> None:
        if status:
            self._player.count(bool(status.input_overflow or status.input_underflow),
                               bool(status.output_overflow or status.output_underflow))
        outdata[:, :self._first_output] = 0.0
        self._player.play(block, outdata.T[self._first_output:])


def open_portaudio_stream(sounddevice: Any, player: Player, source: Route | None, target: Route, outputs: int,
                          samplerate: int, blocksize: int | None) -> Any:
    """Stream of an output device, with an input device or without one.

    Channels before the chosen ones are opened too, and left alone: every host API can do that.

    Raises
    ------
    DeviceError
        When the devices cannot be opened together.
    """
    callbacks = PortAudioCallbacks(player, source, target)
    common = {"samplerate": samplerate, "blocksize": blocksize or 0, "dtype": "float32", "latency": "low"}
    try:
        if source is None:
            return sounddevice.OutputStream(device=target.device.portaudio, channels=target.first + outputs,
                                            callback=callbacks.output_only, **common)
        return sounddevice.Stream(device=(source.device.portaudio, target.device.portaudio),
                                  channels=(source.first + player.channels, target.first + outputs),
                                  callback=callbacks.duplex, **common)
    except sounddevice.PortAudioError as error:
        names = target.device.label if source is None else f"{source.device.label} and {target.device.label}"
        raise DeviceError(f"cannot open {names} at {samplerate} Hz (PortAudio says: {error.args[0]}); take input and "
                          f"output of one host API, and see rtsep devices") from None


def device_latencies(stream: Any, has_source: bool, samplerate: int) -> tuple[int | None, int | None]:
    """Latencies of input and output device as PortAudio tells them, in frames; None where unbelievable."""
    seconds = (0.0, stream.latency) if has_source else stream.latency
    first, second = (round(value * samplerate) if 0.0 <= value <= _LONGEST_LATENCY_S else None for value in seconds)
    return first, second
