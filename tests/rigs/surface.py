"""A surface over a run that does not play: its board is moved by hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtsep.audio.devices import Defaults
from rtsep.live.protocol import LiveSettings, Loaded, Started
from rtsep.live.session.session import Session
from rtsep.surface.notices import Notices
from rtsep.surface.surface import Surface

STEMS = ("drums", "guitar", "other")


class Run:
    """A session as it is while music plays, and its surface."""

    def __init__(self, presets: Path) -> None:
        self.session = Session(LiveSettings(stems=STEMS, silent=(), has_source=True, null_device=True))
        self.surface = Surface(self.session, Notices(), presets)
        self.board = self.session.memory.board
        self.session.state.loaded = Loaded("stage", 44100, 2, STEMS, 512, 256, "stage", None)
        self.session.state.started = Started("song.wav", "null device", 0, 0, Defaults())
        self.surface.look()

    def told(self) -> list[str]:
        """All notices so far."""
        return [line.text for line in self.surface.notices.latest(100)]


@pytest.fixture
def still_run(tmp_path: Path) -> Run:
    """Give a run whose presets, none at first, are in a temporary folder."""
    return Run(tmp_path / "presets.yaml")


@pytest.fixture
def served_run(still_run: Run) -> Iterator[Run]:
    """Give the same run, whose requests are served meanwhile."""
    over = threading.Event()

    def serve() -> None:
        while not over.wait(0.005):
            still_run.session.requests.serve()

    thread = threading.Thread(target=serve)
    thread.start()
    yield still_run
    over.set()
    thread.join()
