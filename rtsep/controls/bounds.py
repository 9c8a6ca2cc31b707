"""Bounds of numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """Lowest and highest value of a number; NaN lies outside of all."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"

    def hold(self, value: float) -> bool:
        """Whether a value lies inside."""
        return self.low <= value <= self.high
