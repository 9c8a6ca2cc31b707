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

    def look(self) -> None:
        pass

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
