"""A stream on a JACK server, PipeWire's among them, as a client of its own.

PortAudio could do it too, but its ports have no speaking names, and it does not notice when the server
dies, the period changes or a device goes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes.util import find_library
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.devices import Route
from rtsep.audio.jack import audio_ports
from rtsep.errors import DeviceError, DeviceGoneError
from rtsep.live.streams.player import Player

Audio = NDArray[np.float32]
_FRAMES = 8192  # the longest period that JACK has
_NO_SERVER = "the JACK server went away; start it again"
_CAPTURE, _PLAYBACK = 0, 1  # jack_latency_callback_mode_t
NAME = "rtsep"


class _Range(ctypes.Structure):
    _fields_ = (("lowest", ctypes.c_uint32), ("highest", ctypes.c_uint32))


class JackStream:
    """Ports `rtsep:in_1`, … and outputs as named, connected to a device.

    Parameters
    ----------
    source
        The client whose output ports are heard; None for a fed input.
    target
        The client whose input ports receive the sound.

    Raises
    ------
    DeviceGoneError
        When no server runs.
    """

    def __init__(self, source: Route | None, target: Route) -> None:
        import jack

        self._jack = jack
        try:
            self._client = jack.Client(NAME, no_start_server=True)
        except jack.JackOpenError as error:
            raise _refused(error) from None
        self._source, self._target = source, target
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._device_ports: list[str] = []
        self._player: Player | None = None
        self.error: DeviceGoneError | None = None
        self._client.set_process_callback(self._process)
        self._client.set_shutdown_callback(self._shut_down)
        self._client.set_xrun_callback(self._count_xrun)
        self._client.set_freewheel_callback(self._freewheel)

    @property
    def samplerate(self) -> int:
        """Rate of the server in Hz."""
        return int(self._client.samplerate)

    @property
    def blocksize(self) -> int:
        """Frames of the server's period."""
        return int(self._client.blocksize)

    @property
    def active(self) -> bool:
        """Whether server and device are there."""
        return self.error is None and all(map(self._exists, self._device_ports))

    def set_blocksize(self, blocksize: int) -> None:
        """Ask the server for another period, for all its clients."""
        try:
            self._client.blocksize = blocksize
        except self._jack.JackError:
            raise DeviceError(f"the JACK server does not take periods of {blocksize} frames") from None

    def attach(self, player: Player, names: Sequence[str]) -> None:
        """Say who plays, and the names of the output ports; before `start`."""
        self._player = player
        self._names = names
        self._block = np.zeros((0 if self._source is None else player.channels, _FRAMES), np.float32)
        self._out = np.zeros((len(names), _FRAMES), np.float32)

    def start(self) -> None:
        """Make the ports, begin, and connect them to the device's.

        Raises
        ------
        DeviceGoneError
            When server or device went away meanwhile.
        """
        try:
            self._inputs = [self._client.inports.register(f"in_{index + 1}") for index in range(len(self._block))]
            self._outputs = [self._client.outports.register(name) for name in self._names]
            self._client.activate()
            if self._source is not None:
                self._connect(self._source, self._inputs, of_outputs=True)
            self._connect(self._target, self._outputs, of_outputs=False)
        except self._jack.JackError as error:
            raise _refused(error) from None

    def stop(self) -> None:
        """Leave the server's graph."""
        self._client.deactivate()

    def close(self) -> None:
        """Leave the server."""
        self._client.close()

    def latencies(self) -> tuple[int, int]:
        """Latencies of the connected device in frames, input and output; 0 where nothing is connected."""
        first = self._latency(self._inputs, _CAPTURE)
        return first, self._latency(self._outputs, _PLAYBACK)

    def _connect(self, route: Route, ports: Sequence[Any], of_outputs: bool) -> None:
        """Connect our ports with the chosen ones of a device, as far as there are some."""
        others = audio_ports(self._client, of_outputs, route.device.name)
        if not others:
            raise DeviceGoneError(f"{route.device.label} went away; connect it again")
        for port, other in zip(ports, others[route.first:], strict=False):
            first, second = (other, port) if of_outputs else (port, other)
            self._client.connect(first, second)
            self._device_ports.append(other.name)

    def _process(self, frames: int) -> None:
        assert self._player is not None
        block, out = self._block[:, :frames], self._out[:, :frames]
        for row, port in zip(block, self._inputs, strict=True):
            row[:] = port.get_array()
        self._player.play(block if self._inputs else None, out)
        for row, port in zip(out, self._outputs, strict=True):
            port.get_array()[:] = row

    def _shut_down(self, *_: object) -> None:
        self.error = DeviceGoneError(_NO_SERVER)

    def _count_xrun(self, _delayed_us: float) -> None:
        if self._player is not None:
            self._player.count(False, True)

    def _freewheel(self, starting: bool) -> None:
        if self._player is not None:
            self._player.set_deadline(not starting)

    def _exists(self, name: str) -> bool:
        try:
            self._client.get_port_by_name(name)
        except self._jack.JackError:
            self.error = DeviceGoneError(f"{name.rpartition(':')[0]}, JACK, went away; connect it again")
            return False
        return True

    def _latency(self, ports: Sequence[Any], mode: int) -> int:
        """Latency between the device and our first connected port; JACK-Client has no call for it."""
        library = ctypes.CDLL(find_library("jack"))
        for port in ports:
            for other in port.connections:
                pointer = ctypes.c_void_p(int(self._jack._ffi.cast("uintptr_t", other._ptr)))
                found = _Range()
                library.jack_port_get_latency_range(pointer, mode, ctypes.byref(found))
                return int(found.highest)
        return 0


def _refused(error: Exception) -> DeviceGoneError:
    """Say what the server, or its absence, answered."""
    return DeviceGoneError(f"the JACK server went away, or refuses rtsep: {error}; start it again")
