"""Gains in dB."""

from __future__ import annotations

import math

OFF = -math.inf
"""A gain of 0, in dB."""


def to_gain(decibels: float) -> float:
    """Linear gain."""
    return math.pow(10.0, decibels / 20.0)


def to_db(gain: float) -> float:
    """Gain in dB; `OFF` for 0."""
    return 20.0 * math.log10(gain) if gain > 0.0 else OFF
