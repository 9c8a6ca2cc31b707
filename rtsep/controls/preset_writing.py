"""Saves a preset into the user's file, as text: every other preset stays as it was, with its comments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from rtsep.controls.presets import Preset, preset_file, read_preset
from rtsep.controls.shown import one_form
from rtsep.controls.strict_yaml import document_of
from rtsep.controls.table import control_of
from rtsep.controls.units import plain_value
from rtsep.controls.user_files import read_text, write_text
from rtsep.controls.yaml_loader import StrictLoader
from rtsep.errors import ConfigError


def save_preset(preset: Preset, path: Path | None) -> Path:
    """Write a preset, in place of one of its name or at the end, so that no program changes its number.

    Parameters
    ----------
    preset
        What to save.
    path
        File of presets; None for the user's own.

    Returns
    -------
    path
        Of the file.

    Raises
    ------
    ConfigError
        When the name is empty, or the file cannot be read, understood or written.
    """
    path, preset = preset_file(path), replace(preset, name=one_form(preset.name))
    if not preset.name.strip() or len(preset.name) > 80 or not preset.name.isprintable():
        raise ConfigError(f"{preset.name!r:.90} is no name of a preset: give one line of 1 to 80 letters")
    text = read_text(path) if path.exists() else ""
    write_text(path, with_preset(text, path.name, preset))
    return path


def with_preset(text: str, name: str, preset: Preset) -> str:
    """Edit the text of a file of presets; `name` is what errors call it; errors as of `save_preset`."""
    before = _by_name(text, name)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    first, last = _place(text, preset.name) if preset.name in before else (len(lines), len(lines))
    edited = "".join([*lines[:first], preset_text(preset), *lines[last:]])
    document = plain_preset(preset)
    try:
        after = _by_name(edited, name)
        read_preset(preset.name, after[preset.name], name)
    except (ConfigError, KeyError):
        after = {}
    if after != before | {preset.name: document}:
        raise ConfigError(f"{name} is written in a way that saving cannot edit; write the preset by hand:\n"
                          f"{preset_text(preset)}")
    return edited


def _by_name(text: str, name: str) -> dict[str, object]:
    return {one_form(preset): value for preset, value in document_of(text, name).values.items()}


def plain_preset(preset: Preset) -> dict[str, object]:
    """Return what stands in a file for a preset: dB or `off`, shares, truth values."""
    document: dict[str, object] = {} if preset.model is None else {"model": preset.model}
    for key, value in preset.values.items():
        control = control_of(key)
        assert control is not None
        document[key] = ({stem: plain_value(control, at) for stem, at in value.items()} if isinstance(value, Mapping)
                         else plain_value(control, value))
    return document


def preset_text(preset: Preset) -> str:
    """Write a preset as YAML, a line a control."""
    rows = [f"  {key}: {_written(value)}\n" for key, value in plain_preset(preset).items()]
    return f"{_written(preset.name)}:{'' if rows else ' {}'}\n" + "".join(rows)


def _written(value: object) -> str:
    """Write a value in YAML's one-line form, which for numbers, truth values and texts in quotes is that of JSON."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_written(key)}: {_written(at)}" for key, at in value.items()) + "}"
    if isinstance(value, str) and value.isidentifier() and value.lower() not in ("true", "false", "null"):
        return value
    return json.dumps(value, ensure_ascii=False)


def _place(text: str, preset: str) -> tuple[int, int]:
    """Find the first line of a preset, and the one after its last: what is indented or in its brackets."""
    root = yaml.compose(text, StrictLoader)
    rows = root.value if isinstance(root, yaml.MappingNode) else []
    key, value = next((key, value) for key, value in rows if one_form(key.value) == preset)
    last = _last_line(value)
    return int(key.start_mark.line), last + 1


def _last_line(node: yaml.Node) -> int:
    """Line of the last letter of a node; a block's own mark is where the next thing begins."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1][1])
    return int(node.end_mark.line)
