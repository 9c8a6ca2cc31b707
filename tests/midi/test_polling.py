"""How often the MIDI port is looked at: as often as latency asks for, and no more."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rtsep.controls.live_controls import LiveControls
from rtsep.live.board import new_board
from rtsep.midi import process
from rtsep.midi.process import Listener, MidiSettings


def test_a_port_that_moves_nothing_is_polled_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: clock.now))
    board, messages = new_board(None), [[0xB0, 1, 1]]
    listener = Listener(LiveControls(board, ("guitar", "rest")), MidiSettings(), lambda _: None)
    monkeypatch.setattr(listener._link, "read", lambda: iter([messages.pop()] if messages else []))
    listener.poll()
    assert listener.pause_s == 0.001, "a message came"
    for _ in range(3):
        clock.now, board.callbacks = clock.now + 1.0, board.callbacks + 1
        listener.poll()
        rests = listener.pause_s
    assert 0.001 < rests <= 0.002, "1 ms later at most"
    clock.now += 2.5
    assert listener.pause_s == 0.02, "no sound"
    board.callbacks += 1
    assert listener.pause_s == rests, "sound again"
