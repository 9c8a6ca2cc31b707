"""Where on a controller a movement comes from: the names that stand in a mapping."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from rtsep.controls.shown import shown
from rtsep.controls.table import Kind
from rtsep.errors import ConfigError
from rtsep.midi.messages import ControlChange, Message, Note, PitchBend, ProgramChange

_FORMS = "cc N, cc14 N, note N, program, program N, bend; each with ch N after it for one channel"
_PATTERN = re.compile(r"(cc|cc14|note|program|bend)(?: (\d+))?(?: ch (\d+))?")
_FITS = {Kind.FADER: ("cc", "cc14", "bend"), Kind.SWITCH: ("cc", "note", "program N"),
         Kind.CHOICE: ("cc", "cc14", "bend", "program"), Kind.BUTTON: ("cc", "note", "program N")}
HIGHEST_14_BIT = 31
"""Controllers 0 to 31 have their lower 7 bits on the controller 32 further on."""


@dataclass(frozen=True)
class Source:
    """A knob, key, bender or program button.

    Parameters
    ----------
    kind
        `cc`, `cc14`, `note`, `program` or `bend`.
    number
        Controller, note or program, 0 to 127; None for the bender, and for all programs.
    channel
        1 to 16; None for any.
    """

    kind: str
    number: int | None = None
    channel: int | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        """Read a source as it stands in a mapping.

        Raises
        ------
        ConfigError
            When it is none of the forms, or a number is out of range.
        """
        match = _PATTERN.fullmatch(" ".join(text.split()))
        if match is None:
            raise ConfigError(f"{shown(text)} is no source; give {_FORMS}")
        kind, number, channel = match[1], *(None if part is None else int(part) for part in match.groups()[1:])
        if (number is None) != (kind == "bend") and kind != "program":
            reason = "the bender has no number" if kind == "bend" else "the number is missing"
            raise ConfigError(f"{shown(text)}: {reason}")
        highest = HIGHEST_14_BIT if kind == "cc14" else 127
        if number is not None and number > highest:
            raise ConfigError(f"{shown(text)}: the number of {kind} is 0 to {highest}")
        if channel is not None and not 1 <= channel <= 16:
            raise ConfigError(f"{shown(text)}: the channel is 1 to 16")
        return cls(kind, number, channel)

    @property
    def form(self) -> str:
        """Its kind, with program buttons told from the choice among all programs."""
        return "program N" if self.kind == "program" and self.number is not None else self.kind

    def check(self, kind: Kind) -> None:
        """Refuse a kind of target that this cannot move.

        Raises
        ------
        ConfigError
            The sentence says which sources can.
        """
        if self.form not in _FITS[kind]:
            raise ConfigError(f"{self} cannot move {kind.value}; give one of: {', '.join(_FITS[kind])}")

    def hears(self, message: Message) -> bool:
        """Whether a message comes from here."""
        if self.channel is not None and message.channel != self.channel:
            return False
        match message:
            case ControlChange(number=number):
                address = ("cc", number)
            case Note(number=number):
                address = ("note", number)
            case ProgramChange(number=number):
                address = ("program", number)
            case PitchBend():
                address = ("bend", 0)
        return address in self._addresses

    def overlaps(self, other: Source) -> bool:
        """Whether some message comes from both."""
        same_channel = self.channel == other.channel or None in (self.channel, other.channel)
        return same_channel and bool(self._addresses & other._addresses)

    @cached_property
    def _addresses(self) -> frozenset[tuple[str, int]]:
        """What messages it hears, apart from the channel."""
        if self.kind == "cc14" and self.number is not None:
            return frozenset({("cc", self.number), ("cc", self.number + 32)})
        if self.number is None:
            return frozenset((self.kind, number) for number in range(128))
        return frozenset({(self.kind, self.number)})

    def __str__(self) -> str:
        number = "" if self.number is None else f" {self.number}"
        channel = "" if self.channel is None else f" ch {self.channel}"
        return f"{self.kind}{number}{channel}"
