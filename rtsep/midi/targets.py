"""What a controller can move: the names that stand in a mapping."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rtsep.errors import ConfigError


class Kind(Enum):
    """How a target is moved."""

    FADER = "a value in a range"
    SWITCH = "on or off"
    CHOICE = "one of several"
    BUTTON = "something that happens"


_NAMES = {"mask_gain": "mask_gain", "wet": "wet", "level": "level STEM", "bypass": "bypass", "mute": "mute STEM",
          "solo": "solo STEM", "stem": "stem, stem STEM", "preset": "preset, preset NAME", "reset": "reset"}
_OF_A_STEM = ("level", "mute", "solo")


@dataclass(frozen=True)
class Target:
    """A control, and the stem or preset that it is about.

    Parameters
    ----------
    name
        `mask_gain`, `wet`, `level`, `bypass`, `mute`, `solo`, `stem`, `preset` or `reset`.
    item
        Stem of a level, mute or solo; stem or preset that is chosen; None where the target is about none,
        or where the message itself chooses.
    """

    name: str
    item: str | None = None

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read a target as it stands in a mapping.

        Raises
        ------
        ConfigError
            When there is no such target.
        """
        name, _, item = " ".join(text.split()).partition(" ")
        if name not in _NAMES or (item and "STEM" not in _NAMES[name] and "NAME" not in _NAMES[name]):
            raise ConfigError(f"no target {text!r}; there are: {', '.join(_NAMES.values())}")
        if name in _OF_A_STEM and not item:
            raise ConfigError(f"{text!r} does not say which stem; give {_NAMES[name]}")
        return cls(name, item or None)

    @property
    def kind(self) -> Kind:
        """How it is moved."""
        if self.name in ("mask_gain", "wet", "level"):
            return Kind.FADER
        if self.name in ("bypass", "mute", "solo"):
            return Kind.SWITCH
        return Kind.CHOICE if self.name != "reset" and self.item is None else Kind.BUTTON

    def __str__(self) -> str:
        return self.name if self.item is None else f"{self.name} {self.item}"
