"""Messages that wait: polled while they come, announced by a call after a rest."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

_SWITCH_S = 0.0005  # for how long another thread of this process may keep the MIDI system's from its turn


class Inbox:
    """What an input has heard, message by message, in its order.

    A poll disturbs nobody and costs as much where nothing came. A callback costs nothing until then, but it needs the
    interpreter, and all of a JACK server waits for the thread that calls. So the first message after a rest comes by
    one. It ends the rest in that very thread: to end it from another one would be no safe thing with python-rtmidi,
    whose queue cannot be read during a rest either: what it got in the microseconds before comes with the next message.

    Parameters
    ----------
    source
        An open input of python-rtmidi's, or one with its calls.

    Attributes
    ----------
    rests
        Whether the next message is announced.
    """

    def __init__(self, source: Any) -> None:
        self._source = source
        self._first: deque[list[int]] = deque()  # came before what waits in the source
        self._lock = Lock()  # around both of them
        self._wake: Callable[[], None] = _nobody
        self.rests = False
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_S))

    def read(self) -> Iterator[list[int]]:
        """Yield the bytes of what has arrived."""
        while (data := self._next()) is not None:
            yield data

    def rest(self, wake: Callable[[], None]) -> None:
        """Have the next message announced by a call, in a thread of the MIDI system's; read once more after this."""
        self._wake, self.rests = wake, True
        self._source.set_callback(self._end_rest)
        with self._lock:
            self._take_waiting()

    def _next(self) -> list[int] | None:
        with self._lock:
            if self._first or self.rests:
                return self._first.popleft() if self._first else None
            return self._pop()

    def _take_waiting(self) -> None:
        """Take what came before a callback was set."""
        self._first.extend(iter(self._pop, None))

    def _pop(self) -> list[int] | None:
        event = self._source.get_message()
        return None if event is None else event[0]

    def _end_rest(self, event: tuple[list[int], float], _: object) -> None:
        with self._lock:
            self._source.cancel_callback()
            self._take_waiting()
            self._first.append(event[0])
            self.rests = False
        self._wake()


def _nobody() -> None:
    """Wake nobody."""
