"""Presets: settings of the live controls, and of the model, that are called by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rtsep.controls.controls import Values
from rtsep.controls.memory import ControlMemory
from rtsep.controls.shown import named, one_form
from rtsep.controls.strict_yaml import Section, document_of
from rtsep.controls.table import CONTROLS, Table, values
from rtsep.controls.units import read_value
from rtsep.controls.user_files import read_text, user_file
from rtsep.errors import ConfigError


@dataclass(frozen=True)
class Preset:
    """What a preset sets; what it does not name stays as it is.

    Parameters
    ----------
    name
        What it is called by.
    model
        Name of a shipped model, or a path.
    values
        Linear values of the controls that it sets.
    program
        Its place in the file, from 0, as a program change calls it; -1 for none.
    """

    name: str
    model: str | None = None
    values: Values = field(default_factory=dict)
    program: int = -1


def preset_file(path: Path | None) -> Path:
    """File of presets to use: the given one, else the user's own, which need not exist."""
    return path or user_file("presets.yaml")


def load_presets(path: Path | None) -> tuple[Preset, ...]:
    """Read a file of presets, in its order.

    Parameters
    ----------
    path
        None for the user's own file; where there is none, there are no presets.

    Raises
    ------
    ConfigError
        When it cannot be read, or something in it cannot be used; the sentence names file and path.
    """
    if path is None and not preset_file(None).exists():
        return ()
    path = preset_file(path)
    document = document_of(read_text(path), path.name)
    return tuple(read_preset(one_form(name), value, f"{path.name}: {named(name)}", program)
                 for program, (name, value) in enumerate(document.values.items()))


def find_preset(presets: Sequence[Preset], name: str) -> Preset:
    """Preset of a name.

    Raises
    ------
    ConfigError
        When there is none; the sentence lists those that there are.
    """
    for preset in presets:
        if preset.name == one_form(name):
            return preset
    known = ", ".join(preset.name for preset in presets) or f"none; write some into {preset_file(None)}"
    raise ConfigError(f"no preset {name!r}; there are: {known}")


def snapshot(board: ControlMemory, stems: Sequence[str]) -> Preset:
    """Return the controls as they are now, as a preset."""
    return Preset("", None, board.snapshot(stems), board.preset)


def put_preset(preset: Preset, board: ControlMemory, stems: Sequence[str]) -> None:
    """Set what a preset sets, except the model; stems that are not played are passed over."""
    board.preset = preset.program
    board.put(preset.values, stems)


def read_preset(name: str, value: object, where: str, program: int = -1, table: Table = CONTROLS) -> Preset:
    """Read one preset from what stands in a file; errors as of `load_presets`."""
    rows = list(values(table))
    section = Section({} if value is None else value, where, ("model", *(control.name for control in rows)))
    found: dict[str, float | dict[str, float]] = {}
    for control in rows:
        if control.name not in section.values:
            continue
        place, given = f"{where}.{control.name}", section.values[control.name]
        if control.per_stem:
            stems = Section({} if given is None else given, place).values
            found[control.name] = {stem: read_value(control, at, f"{place}.{named(stem)}")
                                   for stem, at in stems.items()}
        else:
            found[control.name] = read_value(control, given, place)
    return Preset(name, section.text("model") if "model" in section.values else None, found, program)
