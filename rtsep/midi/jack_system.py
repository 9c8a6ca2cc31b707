"""MIDI on a JACK server by JACK-Client, for where python-rtmidi is missing or was built without JACK.

Input and output have the calls of python-rtmidi's that `rtsep.midi.ports` makes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from rtsep.audio.jack import list_ports
from rtsep.errors import MidiError

_REAL_TIME = 0xF8  # a message of this byte or a higher one is a clock's tick, or says only that the cable is there
_MOST_WAITING = 1024  # messages that a server that does not call leaves behind


class _Client(ABC):
    """A client of the server with at most one port, connected to at most one other.

    Parameters
    ----------
    name
        Of the client.

    Raises
    ------
    MidiError
        When there is no JACK library or server.
    """

    of_outputs: bool
    """Whether the ports of others that this one is connected to play."""

    def __init__(self, name: str) -> None:
        try:
            import jack
        except (ImportError, OSError) as error:
            raise MidiError(f"no JACK library ({error})") from None
        self._error = jack.JackError
        try:
            self._client = jack.Client(name, no_start_server=True)
        except jack.JackOpenError:
            raise MidiError("no JACK server") from None
        self._gone = False
        self._port: Any = None
        self._client.set_shutdown_callback(self._shut_down)
        self._client.set_process_callback(self._process)

    def get_ports(self) -> list[str]:
        """Names of the MIDI ports of others, ours among them, in the server's order."""
        if self._gone:
            raise MidiError("the JACK server went away")
        return [str(port.name) for port in list_ports(self._client, self.of_outputs, midi=True)]

    def open_port(self, index: int, name: str) -> None:
        """Make a port, and connect it with the one at this place of `get_ports`."""
        other = self.get_ports()[index]
        self.open_virtual_port(name)
        try:
            self._client.connect(*((other, self._port) if self.of_outputs else (self._port, other)))
        except self._error as error:
            raise MidiError(f"cannot connect with {other}: {error}") from None

    def open_virtual_port(self, name: str) -> None:
        """Make a port that others connect with."""
        try:
            self._port = self._register(name)
            self._client.activate()
        except self._error as error:
            raise MidiError(f"the JACK server refuses a port: {error}") from None

    def delete(self) -> None:
        """Leave the server."""
        with suppress(self._error):
            self._client.deactivate()
        with suppress(self._error):
            self._client.close()

    def _shut_down(self, *_: object) -> None:
        self._gone = True

    @abstractmethod
    def _register(self, name: str) -> Any:
        """Make the port."""

    @abstractmethod
    def _process(self, frames: int) -> None:
        """Move messages for one period; called in JACK's thread."""


_Callback = Callable[[tuple[list[int], float], None], None]


class JackInput(_Client):
    """A port that hears; of `queue` messages that may wait, the oldest are lost where more come.

    Real-time messages are passed over, as python-rtmidi does.
    """

    of_outputs = True

    def __init__(self, name: str, queue: int) -> None:
        self._heard: deque[list[int]] = deque(maxlen=queue)
        self._callback: _Callback | None = None
        super().__init__(name)

    def get_message(self) -> tuple[list[int], float] | None:
        """Return the bytes of the oldest message that waits, and a time that nobody uses; None without one."""
        return (self._heard.popleft(), 0.0) if self._heard else None

    def set_callback(self, callback: _Callback) -> None:
        """Have messages brought to a function, in JACK's thread, instead of letting them wait."""
        self._callback = callback

    def cancel_callback(self) -> None:
        """Let messages wait again."""
        self._callback = None

    def _register(self, name: str) -> Any:
        return self._client.midi_inports.register(name)

    def _process(self, _: int) -> None:
        if self._port is None:
            return
        for _, data in self._port.incoming_midi_events():
            message = list(bytes(data))
            if not message or message[0] >= _REAL_TIME:
                continue
            if self._callback is None:
                self._heard.append(message)
            else:
                self._callback((message, 0.0), None)


class JackOutput(_Client):
    """A port that speaks."""

    of_outputs = False

    def __init__(self, name: str) -> None:
        self._waiting: deque[bytes] = deque(maxlen=_MOST_WAITING)
        super().__init__(name)

    def send_message(self, data: Sequence[int]) -> None:
        """Send the bytes of one message in the next period."""
        self._waiting.append(bytes(data))

    def _register(self, name: str) -> Any:
        return self._client.midi_outports.register(name)

    def _process(self, _: int) -> None:
        if self._port is None:
            return
        self._port.clear_buffer()
        while self._waiting:
            try:
                self._port.write_midi_event(0, self._waiting[0])
            except self._error:  # the period is full; the next one takes it
                return
            self._waiting.popleft()
