"""Values of controls as people write them, in dB or as a share, and as the program has them, linear."""

from __future__ import annotations

from rtsep.controls.shown import shown
from rtsep.controls.strict_yaml import read_share
from rtsep.controls.table import Control, Kind, Unit
from rtsep.dsp.decibels import OFF, to_db, to_gain
from rtsep.errors import ConfigError


def read_value(control: Control, value: object, where: str) -> float:
    """Read what a settings file says about a fader or switch.

    Parameters
    ----------
    control
        Its row.
    value
        What stands there: dB or `off`, a share, or true or false.
    where
        File and path, for the error.

    Returns
    -------
    value
        Linear; 0 or 1 for a switch.

    Raises
    ------
    ConfigError
        When it is something else, or out of range.
    """
    if control.kind is Kind.SWITCH:
        if not isinstance(value, bool):
            raise ConfigError(f"{where}: {shown(value)} is neither true nor false")
        return float(value)
    if control.unit is Unit.SHARE:
        return read_share(value, where)
    return to_gain(read_db(control, value, where))


def read_db(control: Control, value: object, where: str) -> float:
    """Read a gain in dB; `OFF` for the word `off`; errors as of `read_value`."""
    if value == "off":
        return OFF
    lowest, highest = control.limits_db
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        raise ConfigError(f"{where}: {shown(value)} is not {lowest:g} to {highest:g} dB, nor off")
    return float(value)


def read_option(control: Control, text: str, where: str) -> float:
    """Read what an option of the command line says; as `read_value`."""
    number: object = text
    try:
        number = float(text)
    except ValueError:
        pass
    return read_value(control, number, where)


def plain_value(control: Control, value: float) -> float | bool | str:
    """Turn a linear value into what a settings file says, to a hundredth of a dB; `read_value` reads it."""
    if control.kind is Kind.SWITCH:
        return bool(value)
    if control.unit is Unit.SHARE:
        return round(value, 4)
    lowest, highest = control.limits_db
    decibels = to_db(value)
    return "off" if decibels < lowest else round(min(decibels, highest), 2)


def write_value(control: Control, value: float) -> str:
    """Write a linear value as a musician reads it."""
    if control.kind is Kind.SWITCH:
        return "on" if value else "off"
    if control.unit is Unit.SHARE:
        return f"{value:.2f}"
    return "off" if to_db(value) == OFF else f"{to_db(value):+.1f} dB"
