"""What the audio process tells while the music plays."""

from __future__ import annotations

from rtsep.live.process.monitor import ConnectionWatch
from rtsep.live.protocol import Connections
from rtsep.live.streams.jack import JackStream


class Patched(JackStream):
    """A stream whose connections and latencies are what they are set to."""

    connections = Connections()

    def __init__(self) -> None:
        self.error = None
        self.late = (0, 0)
        self.needed = self.looks = 0

    def look(self) -> None:
        self.looks += 1

    @property
    def settled(self) -> bool:
        return self.looks >= self.needed

    def latencies(self) -> tuple[int, int]:
        return self.late


def test_connections_are_told_with_the_latencies_that_they_bring() -> None:
    stream, told = Patched(), []
    watch = ConnectionWatch(stream, lambda *news: told.append(news))
    watch.look()
    stream.late = (256, 512)  # another period, or another device behind the same ports
    watch.look()
    watch.look()
    stream.connections = Connections(inputs=(("in_1", "synth:out"),))
    watch.look()
    assert told == [(Connections(), (256, 512)), (stream.connections, (256, 512))]


def test_the_last_look_is_repeated_where_a_connection_was_cut_just_before() -> None:
    stream = Patched()
    for needed, looks in ((1, 1), (2, 2), (9, 2)):
        stream.needed, stream.looks = needed, 0
        ConnectionWatch(stream, lambda *_: None).finish()
        assert stream.looks == looks
