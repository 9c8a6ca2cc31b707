"""Bounds of numbers, and numbers that are read within them."""

from __future__ import annotations

from dataclasses import dataclass

from rtsep.controls.shown import shown
from rtsep.errors import ConfigError


@dataclass(frozen=True)
class Bounds:
    """Lowest and highest value of a number; NaN lies outside of all."""

    low: float
    high: float

    def __str__(self) -> str:
        return " to ".join(str(end) if isinstance(end, int) else f"{end:g}" for end in (self.low, self.high))

    def hold(self, value: float) -> bool:
        """Whether a value lies inside."""
        return self.low <= value <= self.high

    def read(self, kind: type[int] | type[float], value: object, where: str) -> float:
        """Take a number of a settings file; a whole one may stand for one with a fraction.

        Raises
        ------
        ConfigError
            When it is none, or lies outside; `where` is its file and path.
        """
        words = "a whole number" if kind is int else "a number"
        if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
            raise ConfigError(f"{where}: expected {words}, got {shown(value)}")
        if not self.hold(value):
            raise ConfigError(f"{where}: expected {words} from {self}, got {shown(value)}")
        return kind(value)
