"""A server that a test has spoilt is replaced before the next one."""

from __future__ import annotations

import signal

from tests.rigs.jack_server import JackServer

_used: list[JackServer] = []


def test_a_server_is_spoilt(server: JackServer) -> None:
    assert "system:playback_8" in server.ports()
    _used.append(server)
    server.process.send_signal(signal.SIGKILL)


def test_the_next_one_is_sound(server: JackServer) -> None:
    assert server not in _used
    assert server.takes_clients()
