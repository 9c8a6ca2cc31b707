"""`mixes.yaml`: how songs become full stereo mixes, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtsep.controls.bounds import Bounds
from rtsep.controls.shown import shown
from rtsep.controls.strict_yaml import Section, parse
from rtsep.controls.user_files import read_text
from rtsep.errors import ConfigError
from training.corpora.stems import STEMS

FILE = "mixes.yaml"
GROUPS = ("songs", "instrumental", "no_guitar", "real_stereo")
_LEVELS, _PANS = Bounds(-60, 60), Bounds(-1, 1)
Pan = float | Mapping[int, tuple[float, ...]]


@dataclass(frozen=True)
class MixPlan:
    """Levels, places and songs.

    Parameters
    ----------
    level_db
        Level of each stem against the drums.
    pan
        Place of each stem's tracks, -1 (left) to 1: one for all, or by their number one for each.
    songs
        Names of songs, by the group that they are scored in: one of `GROUPS`.
    """

    level_db: Mapping[str, float]
    pan: Mapping[str, Pan]
    songs: Mapping[str, tuple[str, ...]]

    def pans(self, stem: str, count: int) -> list[float]:
        """Places of the `count` tracks of a stem.

        Raises
        ------
        ConfigError
            When the file has none for so many.
        """
        pan = self.pan[stem]
        if isinstance(pan, float):
            return [pan] * count
        if count not in pan:
            raise ConfigError(f"{FILE}: pan.{stem}: no places for {count} tracks; there are some for "
                              f"{', '.join(map(str, pan))}")
        return list(pan[count])


def read_plan(path: Path) -> MixPlan:
    """Read the file.

    Raises
    ------
    ConfigError
        When it is missing or wrong; the message has the place.
    """
    document = Section(parse(read_text(path), FILE), FILE, ("level_db", "pan", *GROUPS))
    missing = {"level_db", "pan", *GROUPS} - set(document.values)
    if missing:
        raise ConfigError(f"{path}: the key {min(missing)!r} is missing")
    levels, pans = (_stems(document, key) for key in ("level_db", "pan"))
    return MixPlan({stem: _LEVELS.read(float, value, f"{FILE}: level_db.{stem}") for stem, value in levels.items()},
                   {stem: _pan(value, f"{FILE}: pan.{stem}") for stem, value in pans.items()},
                   {group: _names(document, group) for group in GROUPS})


def _stems(document: Section, key: str) -> dict[str, Any]:
    """Take the mapping of a key, which has to name every stem."""
    values = Section(document.values[key], f"{FILE}: {key}", STEMS).values
    if missing := [stem for stem in STEMS if stem not in values]:
        raise document.fail(key, f"{missing[0]} is missing")
    return values


def _names(document: Section, group: str) -> tuple[str, ...]:
    names = document.values[group]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise document.fail(group, f"{shown(names)} is no list of songs")
    return tuple(names)


def _pan(value: object, where: str) -> Pan:
    """Read one place for all tracks, or lists of places by their number."""
    if not isinstance(value, dict):
        return _PANS.read(float, value, where)
    places: dict[int, tuple[float, ...]] = {}
    for count, row in value.items():
        if type(count) is not int or not isinstance(row, list) or len(row) != count:
            raise ConfigError(f"{where}.{shown(count)}: {shown(row)} is no list of so many places")
        places[count] = tuple(_PANS.read(float, place, f"{where}.{count}") for place in row)
    return places
