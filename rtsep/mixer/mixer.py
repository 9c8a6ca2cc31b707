"""The mixer on a terminal: hears keys and draws, called by the session's thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from rtsep.mixer.actions import Actions
from rtsep.mixer.keys import Keys, terminal_keys
from rtsep.mixer.rows import lines
from rtsep.mixer.screen import Screen
from rtsep.mixer.state import MixerState
from rtsep.outlet import Outlet
from rtsep.surface.surface import Surface

FRAME_S = 0.045
"""Between two pictures, at least: twenty a second at the pace of the session."""


class Mixer:
    """Keys in, lines out.

    Parameters
    ----------
    surface
        Of the run.
    keys
        Where keys come from.
    screen
        Where lines go.
    """

    def __init__(self, surface: Surface, keys: Keys, screen: Screen) -> None:
        self._surface = surface
        self._state = MixerState()
        self._actions = Actions(surface, self._state)
        self._keys = keys
        self._screen = screen
        self._drawn = 0.0

    def look(self) -> None:
        """Hear keys, and draw where it is time; a terminal that is gone or held up does not end the music."""
        keys = self._keys.read()
        for key in keys:
            self._actions.press(key)
        now = time.monotonic()
        if keys or now - self._drawn >= FRAME_S:
            self._drawn = now
            width, height = self._screen.size
            self._screen.show(lines(self._surface, self._state, width, height, self._screen.plain))


@contextmanager
def open_mixer(surface: Surface, console: Console, outlet: Outlet) -> Iterator[Mixer]:
    """Take the terminal, to which the outlet leads, over until the block is left."""
    with terminal_keys() as keys, Screen(console, outlet) as screen:
        yield Mixer(surface, keys, screen)
