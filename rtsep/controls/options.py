"""Options of the command line that set controls."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from rtsep.controls.controls import Values
from rtsep.controls.table import CONTROLS, Control, Kind, Table, Unit, values
from rtsep.controls.units import read_option
from rtsep.dsp.stem_lists import listed_stems
from rtsep.errors import ConfigError

_METAVARS = {Unit.DB: "DB", Unit.SHARE: "SHARE"}


def add_control_options(parser: argparse.ArgumentParser, names: Sequence[str] | None = None,
                        table: Table = CONTROLS) -> None:
    """Declare an option a control: `--mask-gain DB`, `--bypass`, `--level STEM=DB`, `--mute STEM`.

    Parameters
    ----------
    parser
        Gets the options; `read_control_options` reads them.
    names
        Controls that get one; None for all faders and switches.
    table
        Rows of the controls.
    """
    for control in values(table):
        if names is None or control.name in names:
            parser.add_argument(f"--{control.name.replace('_', '-')}", dest=_place(control), help=_help(control),
                                **_form(control))


def read_control_options(args: argparse.Namespace, table: Table = CONTROLS) -> Values:
    """Linear values of the controls whose options were given.

    Raises
    ------
    ConfigError
        When a value cannot be used; the sentence names the option.
    """
    given = ((control, getattr(args, _place(control), None)) for control in values(table))
    return {control.name: _read(control, value) for control, value in given if value not in (None, False, [])}


def _place(control: Control) -> str:
    return f"control_{control.name}"


def _form(control: Control) -> dict[str, Any]:
    """Arguments of `add_argument`."""
    if control.kind is Kind.SWITCH:
        return {"action": "append", "metavar": "STEM"} if control.per_stem else {"action": "store_true"}
    metavar = _METAVARS[control.unit]
    return {"action": "append", "metavar": f"STEM={metavar}"} if control.per_stem else {"metavar": metavar}


def _help(control: Control) -> str:
    text = control.help.replace("%", "%%")
    if control.kind is not Kind.FADER:
        return text
    example = "; for example 6 or -12, or off" if control.unit is Unit.DB else ""
    rest = f"{0:g}" if control.unit is Unit.DB else f"{control.default:g}"
    return f"{text}{example} (default: {rest})"


def _read(control: Control, value: Any) -> float | dict[str, float]:
    where = f"--{control.name.replace('_', '-')}"
    if not control.per_stem:
        return 1.0 if value is True else read_option(control, value, where)
    if control.kind is Kind.SWITCH:
        return dict.fromkeys(listed_stems(value), 1.0)
    found = {}
    for text in value:
        stem, equals, number = text.rpartition("=")
        if not equals or not stem:
            raise ConfigError(f"{where}: {text!r} does not say which stem; give STEM={_METAVARS[control.unit]}")
        found[stem] = read_option(control, number, f"{where} {stem}")
    return found
