"""A stream on a JACK server, PipeWire's among them, as a client of its own.

PortAudio could do it too, but its ports have no speaking names, and it does not notice when the server
dies, the period changes or a device goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from rtsep.audio.devices import Route
from rtsep.audio.jack import audio_ports
from rtsep.errors import DeviceError, DeviceGoneError
from rtsep.live.protocol import Connections, Pair
from rtsep.live.streams.jack_latency import CAPTURE, PLAYBACK, Latencies
from rtsep.live.streams.jack_links import Links, PortLinks, exists
from rtsep.live.streams.player import Player

_FRAMES = 8192  # the longest period that JACK has
_NO_SERVER = "the JACK server went away; start it again"
NAME = "rtsep"


class JackStream:
    """Ports `rtsep:in_1`, … and outputs as named, connected to a device.

    Parameters
    ----------
    source
        The client whose output ports are heard; None for a source.
    target
        The client whose input ports receive the sound.
    connect
        Whether they are connected.
    connections
        What the user connected before; it takes the place of what would be connected else.
    midi_ports
        Full names of the ports that another process of this run offers, whose connections are kept as well.

    Raises
    ------
    DeviceGoneError
        When no server runs.
    """

    def __init__(self, source: Route | None, target: Route, connect: bool = True,
                 connections: Connections | None = None, midi_ports: Sequence[str] = ()) -> None:
        import jack

        self._jack = jack
        try:
            self._client = jack.Client(NAME, no_start_server=True)
        except jack.JackOpenError as error:
            raise _refused(error) from None
        self._source, self._target, self._connect = source, target, connect
        before = self._before = connections or Connections()
        ours = self._client.name == NAME  # a second run at once cannot know which of the ports are its own
        self._midi = PortLinks(self._client, midi_ports if ours else (), before.midi or ())
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._links: tuple[Links, Links] | None = None
        self._player: Player | None = None
        self.error: DeviceGoneError | None = None
        self._latencies = Latencies(self._client, lambda: 0 if self._player is None else self._player.latency)
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
        """Whether the server is there, and the devices, as far as they are connected."""
        return self.error is None and all(map(self._is_there, self._device_ports()))

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
        """Make the ports, begin, and connect them.

        Raises
        ------
        DeviceGoneError
            When server or device went away meanwhile.
        """
        try:
            self._inputs = [self._client.inports.register(f"in_{index + 1}") for index in range(len(self._block))]
            self._outputs = [self._client.outports.register(name) for name in self._names]
            self._latencies.set_ports(self._inputs, self._outputs)
            self._client.activate()
            self._links = (self._first_links(self._before.inputs, self._source, self._inputs, of_outputs=True),
                           self._first_links(self._before.outputs, self._target, self._outputs, of_outputs=False))
            self._follow_links()
        except self._jack.JackError as error:
            raise _refused(error) from None

    def stop(self) -> None:
        """Leave the server's graph."""
        self._client.deactivate()

    def close(self) -> None:
        """Leave the server."""
        self._client.close()

    def latencies(self) -> tuple[int, int]:
        """Latencies of the connected devices in frames, input and output; 0 where nothing is connected."""
        return self._latencies.of_device(self._inputs, CAPTURE), self._latencies.of_device(self._outputs, PLAYBACK)

    def look(self) -> None:
        """Follow what the user connects, and our latency."""
        if self.error is not None:
            return
        self._latencies.update()
        self._follow_links()

    @property
    def settled(self) -> bool:
        """Whether the latest look was enough to know what the user connects, see `Links.look`."""
        return self._midi.settled and all(links.settled for links in self._links or ())

    @property
    def connections(self) -> Connections:
        """What the user connected."""
        if self._links is None:
            return self._before
        inputs, outputs = self._links
        return Connections(inputs.by_hand, outputs.by_hand, self._midi.pairs or None)

    def _first_links(self, before: tuple[Pair, ...] | None, route: Route | None, ports: Sequence[Any],
                     of_outputs: bool) -> Links:
        """Begin with what the user connected, or with the chosen ports of a device as far as there are some."""
        if before is not None or route is None or not self._connect:
            return Links(before or (), before is not None)
        others = audio_ports(self._client, of_outputs, route.device.name)
        if not others:
            raise DeviceGoneError(f"{route.device.label} went away; connect it again")
        pairs = zip(ports, others[route.first:], strict=False)
        return Links([(port.shortname, other.name) for port, other in pairs], by_hand=False)

    def _follow_links(self) -> None:
        """Compare the connections with those that are requested, and make what has become possible."""
        self._midi.follow()
        for links, ports, hear in zip(self._links or (), (self._inputs, self._outputs), (True, False), strict=True):
            now = {(port.shortname, other.name) for port in ports for other in port.connections}
            for name, other in links.look(now, partial(exists, self._client)):
                ours = f"{self._client.name}:{name}"
                with suppress(self._jack.JackError):  # a port of other models, or one that goes just now
                    self._client.connect(*((other, ours) if hear else (ours, other)))
                    links.made((name, other))

    def _device_ports(self) -> list[str]:
        """Ports of the chosen devices that we are connected with."""
        names = tuple(f"{route.device.name}:" for route in (self._source, self._target) if route is not None)
        return [other for links in self._links or () for _, other in tuple(links.requested) if other.startswith(names)]

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

    def _is_there(self, name: str) -> bool:
        if not exists(self._client, name):
            self.error = DeviceGoneError(f"{name.rpartition(':')[0]}, JACK, went away; connect it again")
            return False
        return True


def _refused(error: Exception) -> DeviceGoneError:
    """Say what the server, or its absence, answered."""
    return DeviceGoneError(f"the JACK server went away, or refuses rtsep: {error}; start it again")
