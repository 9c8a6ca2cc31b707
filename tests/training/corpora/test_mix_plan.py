"""`mixes.yaml` is read strictly: what is wrong is named by its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rtsep.errors import ConfigError
from training.corpora.mix_plan import MixPlan, read_plan
from training.corpora.stems import STEMS

RIGHT: dict[str, Any] = {
    "level_db": dict.fromkeys(STEMS, -2), "pan": dict.fromkeys(STEMS, 0) | {"guitar": {1: [0.35], 2: [-0.6, 0.6]}},
    "songs": ["80sRock"], "instrumental": [], "no_guitar": ["Country1"], "real_stereo": []}


def plan_of(folder: Path, **changes: Any) -> MixPlan:
    """Write the file with some keys changed, and read it."""
    (folder / "mixes.yaml").write_text(yaml.safe_dump(RIGHT | changes, sort_keys=False))
    return read_plan(folder / "mixes.yaml")


def test_places_go_by_the_number_of_tracks(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert plan.pans("drums", 3) == [0.0, 0.0, 0.0]
    assert plan.pans("guitar", 2) == [-0.6, 0.6]
    assert plan.songs == {"songs": ("80sRock",), "instrumental": (), "no_guitar": ("Country1",), "real_stereo": ()}
    with pytest.raises(ConfigError, match=r"mixes.yaml: pan.guitar: no places for 3 tracks; there are some for 1, 2"):
        plan.pans("guitar", 3)


@pytest.mark.parametrize(("changes", "message"), [
    ({"song": []}, "no key 'song'; there are: level_db, pan, songs"),
    ({"songs": None}, "songs: None is no list of songs"),
    ({"songs": "80sRock"}, "songs: '80sRock' is no list of songs"),
    ({"songs": [80]}, "songs: [80] is no list of songs"),
    ({"level_db": 3}, "level_db: this is 3; give a mapping"),
    ({"level_db": {"drums": 0}}, "level_db: bass is missing"),
    ({"level_db": dict.fromkeys(STEMS, "loud")}, "level_db.drums: expected a number, got 'loud'"),
    ({"level_db": dict.fromkeys(STEMS, float("nan"))}, "level_db.drums: expected a number from -60 to 60, got nan"),
    ({"pan": dict.fromkeys(STEMS, 45)}, "pan.drums: expected a number from -1 to 1, got 45"),
    ({"pan": {stem: {2: [0.5]} for stem in STEMS}}, "pan.drums.2: [0.5] is no list of so many places"),
    ({"pan": {stem: {"two": [0.5]} for stem in STEMS}}, "pan.drums.'two': [0.5] is no list of so many places"),
    ({"pan": {stem: {1: [True]} for stem in STEMS}}, "pan.drums.1: expected a number, got True"),
])
def test_mistakes_are_named(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        plan_of(tmp_path, **changes)
    assert message in str(error.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "mixes.yaml").write_text(yaml.safe_dump({key: RIGHT[key] for key in RIGHT if key != "no_guitar"}))
    with pytest.raises(ConfigError, match="the key 'no_guitar' is missing"):
        read_plan(tmp_path / "mixes.yaml")
