"""Another default device while the old one stays, on a real JACK server; and who is watched where."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtsep.audio import systems
from rtsep.audio.devices import Defaults
from rtsep.live.board import Board
from rtsep.live.protocol import LiveSettings, Started
from rtsep.live.session.default_devices import has_moved, look, watch_defaults, watchers
from rtsep.live.session.helper import Helper
from rtsep.live.session.session import Session
from tests.rigs.jack_server import TIMEOUT_S
from tests.rigs.live import StartServer

from .test_trouble import device, unplug

OLD, NEW = "hall", "stage"
SETTLED = 3 * 44100  # frames after which all that was going to happen has happened
GAIN = 3.0


def test_another_default_device_is_followed_and_the_old_one_when_it_goes(
        jack: StartServer, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = jack(playback=0)
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    notices: list[str] = []
    session = Session(LiveSettings(model=str(tiny_model)), helpers=[Helper("defaults", watch_defaults)],
                      on_notice=notices.append)

    def plays_on(name: str) -> bool:
        return f"{name}:playback_1" in server.connections("rtsep:out_1")

    def story(board: Board) -> Iterator[None]:
        """Change the devices while the music plays; each turn is a tick."""
        while not plays_on(OLD):
            yield
        board.mask_gain = GAIN
        unplug(room)
        with device(server, NEW, "playback"):
            while not plays_on(NEW):
                yield
            since = board.frames
            while board.frames < since + SETTLED:
                yield
            assert (board.master, board.mask_gain) == (1.0, GAIN)
            assert len(notices) == 1
        while not plays_on(OLD):
            yield
        since = board.frames
        while board.frames < since + SETTLED:
            yield

    turns: list[Iterator[None]] = []
    until = time.monotonic() + TIMEOUT_S

    def tick(board: Board, _: int) -> None:
        assert time.monotonic() < until, "\n".join(notices)
        turns[:] = turns or [story(board)]
        if next(turns[0], session) is session:
            session.stop()

    with device(server, "room", "midi") as room:  # the first ports, which the new device will get in its place
        while "room:midi_8" not in server.ports():
            time.sleep(0.1)
        with device(server, OLD, "playback"):
            while f"{OLD}:playback_2" not in server.ports():
                time.sleep(0.1)
            result = session.run(tick)
    assert result is not None
    assert result.failure is None
    assert result.summary.reconnects == 1
    source, old, new = (f"{name}, JACK Audio Connection Kit" for name in ("system", OLD, NEW))
    assert notices == [
        f"the system's default device is another one: the music goes on, from {source} to {new}",
        f"{NEW}, JACK, went away; connect it again; the music goes on when it is back, Ctrl-C ends",
        f"{old} is back: the music goes on"]


class MoodyPortAudio:
    """Cannot be initialised at times; refuses calls while it is not, as PortAudio does."""

    PortAudioError = type("PortAudioError", (Exception,), {})
    _libname = None

    def __init__(self) -> None:
        self.ready = self.willing = True

    def _terminate(self) -> None:
        self._check(self.ready)
        self.ready = False

    def _initialize(self) -> None:
        self._check(self.willing)
        self.ready = True

    def query_devices(self, number: int) -> dict[str, object]:
        self._check(self.ready)
        return {"name": ("mic", "speaker")[number]}

    def query_hostapis(self) -> list[dict[str, object]]:
        return [{"name": "MME", "devices": [0, 1], "default_input_device": 0, "default_output_device": 1},
                {"name": "ASIO", "devices": [], "default_input_device": -1, "default_output_device": -1}]

    def _check(self, can: bool) -> None:
        if not can:
            raise self.PortAudioError("moody")


def test_a_look_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    portaudio = MoodyPortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio)
    monkeypatch.setattr(systems, "list_jack_devices", lambda _: [])
    seen = Defaults(("mic", ""), ("speaker", ""))
    assert look() == seen
    portaudio.willing = False
    assert (look(), look()) == (None, None)
    portaudio.willing = True
    assert look() == seen


@pytest.mark.parametrize(("settings", "now", "moved"), [
    (LiveSettings(), Defaults(("a",), ("b",)), False),
    (LiveSettings(), Defaults(("other",), ("b",)), True),
    (LiveSettings(), Defaults(("a",), ("other",)), True),
    (LiveSettings(input="a"), Defaults(("other",), ("b",)), False),
    (LiveSettings(output="b"), Defaults(("a",), ("other",)), False),
    (LiveSettings(has_source=True), Defaults(("other",), ("b",)), False),
    (LiveSettings(has_source=True), Defaults(("a",), ("other",)), True),
])
def test_only_devices_that_were_left_to_the_system_move(settings: LiveSettings, now: Defaults, moved: bool) -> None:
    started = Started("in", "out", 0, 0, Defaults(("a",), ("b",)))
    assert has_moved(settings, started, now) is moved


@pytest.mark.parametrize(("system", "settings", "watched"), [
    ("darwin", LiveSettings(), True),
    ("win32", LiveSettings(input="a"), True),
    ("darwin", LiveSettings(input="a", output="b"), False),
    ("darwin", LiveSettings(has_source=True, null_device=True), False),
    ("linux", LiveSettings(), False),
])
def test_a_watch_runs_where_the_system_does_not_follow(system: str, settings: LiveSettings, watched: bool,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert [helper.main for helper in watchers(settings)] == [watch_defaults] * watched
