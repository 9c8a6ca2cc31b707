"""Types of options that are numbers: what lies outside of their bounds is wrong usage."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

from rtsep.controls.bounds import Bounds

Number = TypeVar("Number", int, float)


def whole(low: int, high: int) -> Callable[[str], int]:
    """Make the type of an option that is a whole number from `low` to `high`."""
    return _bounded(int, Bounds(low, high), "whole number")


def number(low: float, high: float) -> Callable[[str], float]:
    """Make the type of an option that is a number from `low` to `high`."""
    return _bounded(float, Bounds(low, high), "number")


def _bounded(kind: type[Number], bounds: Bounds, words: str) -> Callable[[str], Number]:
    def read(text: str) -> Number:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not bounds.hold(value):
            raise argparse.ArgumentTypeError(f"{text!r:.40} is no {words} from {bounds}")
        return value
    return read
