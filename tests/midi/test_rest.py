"""A controller at rest is waited for, not polled: its first message wakes, and none is lost or overtaken."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtsep.controls.live_controls import LiveControls
from rtsep.midi import ports, process
from rtsep.midi.inbox import Inbox
from rtsep.midi.process import Listener, MidiSettings

Callback = Callable[[tuple[list[int], float], object], None]


class Input:
    """Stands for an input of python-rtmidi's: messages wait, or are brought to a callback."""

    def __init__(self) -> None:
        self._waiting: deque[list[int]] = deque()
        self._callback: Callback | None = None
        self.before_callback = lambda: None  # what happens just before one is set

    def arrive(self, *data: int) -> None:
        if self._callback is None:
            self._waiting.append(list(data))
        else:
            self._callback((list(data), 0.0), None)

    def get_ports(self) -> list[str]:
        return ["knobs"]

    def open_port(self, *_: object) -> None:
        pass

    def get_message(self) -> tuple[list[int], float] | None:
        return (self._waiting.popleft(), 0.0) if self._waiting else None

    def set_callback(self, callback: Callback) -> None:
        self.before_callback()
        self._callback = callback

    def cancel_callback(self) -> None:
        self._callback = None

    def send_message(self, _: list[int]) -> None:
        pass


@given(st.lists(st.sampled_from(["arrive", "read", "rest"])))
def test_no_message_is_lost_or_overtaken_and_one_a_rest_wakes(steps: list[str]) -> None:
    source, sent, heard, woken = Input(), count(), [], []
    inbox, rests = Inbox(source), 0
    for step in [*steps, "read"]:
        if step == "arrive":
            wakes = inbox.rests
            before = len(woken)
            source.arrive(next(sent))
            assert len(woken) - before == wakes
            assert not inbox.rests
        elif step == "read":
            heard += inbox.read()
        elif not inbox.rests:
            inbox.rest(lambda: woken.append(True))
            rests += 1
    assert heard == [[number] for number in range(next(sent))]
    assert len(woken) in (rests, rests - 1)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Input:
    source = Input()
    monkeypatch.setattr(ports, "open_systems", lambda: [ports.System(source, source)])
    return source


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_a_controller_rests_two_seconds_after_its_last_message(source: Input, clock: SimpleNamespace,
                                                               controls: LiveControls) -> None:
    woken: list[bool] = []
    listener = Listener(controls, MidiSettings("knobs"), lambda _: None, lambda: woken.append(True))
    listener.look()
    listener.poll()
    assert listener.rests, "nothing came yet"
    source.arrive(0xB0, 1, 1)
    assert woken == [True]
    listener.poll()
    assert not listener.rests
    assert controls.board.midi_messages == 1
    clock.now += 1.9
    listener.poll()
    assert not listener.rests
    source.before_callback = lambda: source.arrive(0xB0, 1, 2)
    clock.now += 0.2
    listener.poll()
    assert listener.rests
    assert controls.board.midi_messages == 2, "what came while the rest began has to be heard at once"
    assert woken == [True]
