"""Two devices on a JACK server, as clients of this process: one plays a tone and sends MIDI, the other one records.

A port of its own carries the number of the cycle from the one to the other, so a frame is known by its number in the
tone, whatever the time was: JACK's frame times may jump and come twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
SOURCE, SINK = "tone", "recorder"
"""Names of the devices."""

AMPLITUDE = 0.5
PERIOD = 100  # frames of the tone's period
MESSAGE_OFFSET = 7  # in its cycle


def tone(start: int, frames: int) -> Audio:
    """Sine and cosine from a frame on, so that one of them is always loud, float32 (2, frames)."""
    angle = 2.0 * np.pi * ((start + np.arange(frames)) % PERIOD) / PERIOD
    return (AMPLITUDE * np.array([np.sin(angle), np.cos(angle)])).astype(np.float32)


@dataclass(frozen=True)
class Cycle:
    """A cycle of the source: the number of its first frame, and what was counted when it began."""

    frame: int
    counted: int


class Devices:
    """Use as a context manager; the server is the one that the environment names.

    Attributes
    ----------
    count
        Called once a cycle, before the cycle's sound is made.
    cycles
        All cycles of the source.
    sent
        Frame of every message.
    """

    def __init__(self) -> None:
        import jack

        self.count: Callable[[], int] = lambda: 0
        self.cycles: list[Cycle] = []
        self.sent: list[int] = []
        self._frame = 0
        self._waiting: deque[bytes] = deque()
        self._tape: dict[int, Audio] = {}  # blocks by the source's cycle
        self._source, self._sink = (jack.Client(name, no_start_server=True) for name in (SOURCE, SINK))
        as_device = {"is_terminal": True, "is_physical": True}
        self._outs = [self._source.outports.register(f"capture_{index}", **as_device) for index in (1, 2)]
        self._ins = [self._sink.inports.register(f"playback_{index}", **as_device) for index in (1, 2)]
        self._number, self._heard_number = (self._source.outports.register("cycle"),
                                            self._sink.inports.register("cycle"))
        self._midi: Any = self._source.midi_outports.register("out")
        self._source.set_process_callback(self._play)
        self._sink.set_process_callback(self._record)

    def __enter__(self) -> Self:
        self._sink.activate()
        self._source.activate()
        self._source.connect(self._number, self._heard_number)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for client in (self._source, self._sink):
            client.deactivate()
            client.close()

    @property
    def frames(self) -> int:
        """Frames played so far."""
        return self._frame

    def send(self, message: bytes) -> None:
        """Send a message in the next cycle."""
        self._waiting.append(message)

    def recording(self) -> Audio:
        """Return what was recorded, float32 (2, frames), each frame under the number that it has in the tone."""
        out = np.zeros((2, self._frame), np.float32)
        for number, cycle in enumerate(list(self.cycles), 1):
            block = self._tape.get(number)
            if block is not None:
                room = out[:, cycle.frame:cycle.frame + block.shape[1]]
                room[:] = block[:, :room.shape[1]]  # the latest one may go on beyond the frames
        return out

    def _play(self, frames: int) -> None:
        self.cycles.append(Cycle(self._frame, self.count()))
        self._number.get_array()[:] = len(self.cycles)  # exact below 2**24
        self._midi.clear_buffer()
        if self._waiting:
            self._midi.write_midi_event(MESSAGE_OFFSET, self._waiting.popleft())
            self.sent.append(self._frame + MESSAGE_OFFSET)
        for port, samples in zip(self._outs, tone(self._frame, frames), strict=True):
            port.get_array()[:] = samples
        self._frame += frames

    def _record(self, frames: int) -> None:
        number = int(self._heard_number.get_array()[0])  # 0 before the connection
        self._tape[number] = np.array([port.get_array() for port in self._ins])
