"""Learning from the next thing that is moved, to its end in the mapping file."""

from __future__ import annotations

import time
from pathlib import Path

from rtsep.controls.strict_yaml import user_file
from rtsep.controls.targets import Target
from rtsep.midi.learn import Learner, bind
from rtsep.midi.mapping import mapping_file
from rtsep.midi.messages import Message

_SETTLE_S = 0.1  # what the second half of a 14 bit controller may take


class Learning:
    """Waits for a movement, and a moment more.

    Parameters
    ----------
    target
        What the movement is for.
    mapping
        File that it is written into; None for the user's own.
    """

    def __init__(self, target: Target, mapping: Path | None) -> None:
        self.target = target
        self._template = mapping_file(mapping)
        self._path = mapping or user_file("midi.yaml")
        self._learner = Learner(target)
        self._found_at: float | None = None

    def hear(self, message: Message) -> None:
        """Take a message."""
        self._learner.hear(message)

    @property
    def done(self) -> bool:
        """Whether something has moved, and what belongs to it has come too."""
        now = time.monotonic()
        if self._found_at is None and self._learner.source is not None:
            self._found_at = now
        return self._found_at is not None and now - self._found_at > _SETTLE_S

    def finish(self) -> str:
        """Write what was found into the mapping; return a sentence about it.

        Raises
        ------
        ConfigError
            When the file cannot be read, understood or written.
        """
        source = self._learner.source
        assert source is not None
        losers = bind(self._path, self._template, self.target, source)
        return f"{self._path}: {source} is {self.target}" + "".join(f", and no longer {loser}" for loser in losers)
