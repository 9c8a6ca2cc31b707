"""Learning: the next thing that is moved becomes the source of a target, in the user's mapping file."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

from rtsep.controls.table import Kind
from rtsep.controls.targets import Target
from rtsep.errors import ConfigError
from rtsep.midi.mapping import mapping_file, own_mapping
from rtsep.midi.mapping_writing import bind
from rtsep.midi.messages import ControlChange, Message, Note, PitchBend, ProgramChange
from rtsep.midi.sources import HIGHEST_14_BIT, Source

NEVER_LEARNED = frozenset({0, 6, 32, 38, *range(96, 102), *range(120, 128)})
"""Controllers with a meaning of their own: bank, data entry, parameter numbers, channel modes."""

_MOVED = 8  # steps of 7 bit that a knob moves before it counts: a worn one trembles by itself
_MOVED_BEND = 1024
_SETTLE_S = 0.1  # what the second half of a 14 bit controller may take


class Learner:
    """Finds what is moved.

    Parameters
    ----------
    target
        What the source is for: it has to fit.
    """

    def __init__(self, target: Target) -> None:
        self._kind = target.kind
        self._heard: dict[tuple[int, int], set[int]] = defaultdict(set)  # values by channel and controller
        self._bends: dict[int, set[int]] = defaultdict(set)
        self._found: Source | None = None

    def hear(self, message: Message) -> None:
        """Take a message; the first thing that has moved far enough is found."""
        if isinstance(message, ControlChange):
            self._heard[message.channel, message.number].add(message.value)
        if self._found is None and (source := self._source(message)) is not None and _fits(source, self._kind):
            self._found = source

    @property
    def source(self) -> Source | None:
        """What was found: a 14 bit controller where both of its halves were heard, or None yet.

        Ask again a moment after the first answer: the other half may follow.
        """
        found = self._found
        if found is None or found.kind != "cc" or found.number is None or found.channel is None:
            return found
        upper = found.number % 32
        halves = {(found.channel, upper), (found.channel, upper + 32)}
        both = found.number <= 2 * HIGHEST_14_BIT + 1 and halves <= self._heard.keys()
        wide = Source("cc14", upper, found.channel)
        return wide if both and upper not in NEVER_LEARNED and _fits(wide, self._kind) else found

    def _source(self, message: Message) -> Source | None:
        channel = message.channel
        match message:
            case ControlChange(number=number):
                moved = _spread(self._heard[channel, number]) >= _MOVED and number not in NEVER_LEARNED
                return Source("cc", number, channel) if moved else None
            case Note(number=number, velocity=velocity):
                return Source("note", number, channel) if velocity else None
            case ProgramChange(number=number):
                return Source("program", None if self._kind is Kind.CHOICE else number, channel)
            case PitchBend(value=value):
                self._bends[channel].add(value)
                return Source("bend", None, channel) if _spread(self._bends[channel]) >= _MOVED_BEND else None


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
        self._path = own_mapping(mapping)
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
        taken = bind(self._path, self._template, self.target, source)
        instead = "" if taken.source is None else f", in place of {taken.source}"
        return f"{self._path}: {source} is {self.target}{instead}" + "".join(
            f", and no longer {target}" for target in taken.targets)


def _spread(values: set[int]) -> int:
    return max(values) - min(values)


def _fits(source: Source, kind: Kind) -> bool:
    try:
        source.check(kind)
    except ConfigError:
        return False
    return True
