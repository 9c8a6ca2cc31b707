"""Gains as musicians write them: in dB, or `off`."""

from __future__ import annotations

import math

from rtsep.errors import ConfigError

OFF = -math.inf
"""A gain of 0, in dB."""

LIMITS_DB = {"mask_gain": (-80.0, 60.0), "level": (-80.0, 12.0)}
"""Lowest and highest gain of a control, besides `off`; the highest are those of `rtsep.controls.controls`."""


def to_gain(decibels: float) -> float:
    """Linear gain."""
    return math.pow(10.0, decibels / 20.0)


def to_db(gain: float) -> float:
    """Gain in dB; `OFF` for 0."""
    return 20.0 * math.log10(gain) if gain > 0.0 else OFF


def read_db(value: object, control: str, where: str) -> float:
    """Check a gain that stands in a settings file.

    Parameters
    ----------
    value
        What stands there: a number in dB, or the word `off`.
    control
        `mask_gain` or `level`.
    where
        File and path, for the error.

    Returns
    -------
    decibels
        `OFF` for `off`.

    Raises
    ------
    ConfigError
        When it is neither, or out of range.
    """
    if value == "off":
        return OFF
    lowest, highest = LIMITS_DB[control]
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        raise ConfigError(f"{where}: {value!r} is not {lowest:g} to {highest:g} dB, nor off")
    return float(value)
