"""Presets: settings of the live controls, and of the model, that are called by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rtsep.controls.strict_yaml import Section, parse, read_share, read_text, user_file
from rtsep.dsp.decibels import read_db, to_gain
from rtsep.errors import ConfigError
from rtsep.live.board import Board

_KEYS = ("model", "mask_gain", "wet", "bypass", "level", "mute", "solo")


@dataclass(frozen=True)
class Preset:
    """What a preset sets; None and missing stems leave a control as it is.

    Parameters
    ----------
    name
        What it is called by.
    model
        Name of a shipped model, or a path.
    mask_gain, wet
        As in `rtsep.controls.controls.Controls`, linear.
    bypass
        Whether the untouched mixture is heard.
    levels, mutes, solos
        By stem; levels linear.
    program
        Its place in the file, from 0, as a program change calls it; -1 for none.
    """

    name: str
    model: str | None = None
    mask_gain: float | None = None
    wet: float | None = None
    bypass: bool | None = None
    levels: Mapping[str, float] = field(default_factory=dict)
    mutes: Mapping[str, bool] = field(default_factory=dict)
    solos: Mapping[str, bool] = field(default_factory=dict)
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
    document = Section(parse(read_text(path), path.name) or {}, path.name)
    return tuple(_preset(name, value, f"{path.name}: {name}", program)
                 for program, (name, value) in enumerate(document.values.items()))


def find_preset(presets: Sequence[Preset], name: str) -> Preset:
    """Preset of a name.

    Raises
    ------
    ConfigError
        When there is none; the sentence lists those that there are.
    """
    for preset in presets:
        if preset.name == name:
            return preset
    known = ", ".join(preset.name for preset in presets) or f"none; write some into {preset_file(None)}"
    raise ConfigError(f"no preset {name!r}; there are: {known}")


def snapshot(board: Board, stems: Sequence[str]) -> Preset:
    """Return the controls as they are now, as a preset."""
    return Preset("", None, board.mask_gain, board.wet, bool(board.bypass),
                  dict(zip(stems, board.levels, strict=False)),
                  {stem: bool(on) for stem, on in zip(stems, board.mutes, strict=False)},
                  {stem: bool(on) for stem, on in zip(stems, board.solos, strict=False)}, board.preset)


def put_preset(preset: Preset, board: Board, stems: Sequence[str]) -> None:
    """Set what a preset sets, except the model; stems that are not played are passed over."""
    board.preset = preset.program
    if preset.mask_gain is not None:
        board.mask_gain = preset.mask_gain
    if preset.wet is not None:
        board.wet = preset.wet
    if preset.bypass is not None:
        board.bypass = int(preset.bypass)
    for index, stem in enumerate(stems):
        if stem in preset.levels:
            board.levels[index] = preset.levels[stem]
        if stem in preset.mutes:
            board.mutes[index] = int(preset.mutes[stem])
        if stem in preset.solos:
            board.solos[index] = int(preset.solos[stem])


def _preset(name: str, value: object, where: str, program: int) -> Preset:
    section = Section(value or {}, where, _KEYS)
    values = section.values
    return Preset(
        name, section.text("model") if "model" in values else None,
        to_gain(read_db(values["mask_gain"], "mask_gain", f"{where}.mask_gain")) if "mask_gain" in values else None,
        read_share(values["wet"], f"{where}.wet") if "wet" in values else None,
        _flag(section, "bypass") if "bypass" in values else None,
        {stem: to_gain(read_db(gain, "level", f"{where}.level.{stem}"))
         for stem, gain in _by_stem(section, "level").values.items()},
        _flags(section, "mute"), _flags(section, "solo"), program)


def _by_stem(section: Section, key: str) -> Section:
    return Section(section.values.get(key) or {}, f"{section.where}.{key}")


def _flags(section: Section, key: str) -> dict[str, bool]:
    stems = _by_stem(section, key)
    return {stem: _flag(stems, stem) for stem in stems.values}


def _flag(section: Section, key: str) -> bool:
    value = section.values[key]
    if not isinstance(value, bool):
        raise section.fail(key, f"{value!r} is neither true nor false")
    return value
