"""Types of options that are numbers: what lies outside of their bounds is wrong usage."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rtsep.controls.bounds import Bounds


def whole(low: int, high: int) -> Callable[[str], int]:
    """Make the type of an option that is a whole number from `low` to `high`."""
    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r:.40} is no whole number from {low} to {high}")
        return value
    return read


def number(low: float, high: float) -> Callable[[str], float]:
    """Make the type of an option that is a number from `low` to `high`."""
    bounds = Bounds(low, high)

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not bounds.hold(value):
            raise argparse.ArgumentTypeError(f"{text!r:.40} is no number from {bounds}")
        return value
    return read
