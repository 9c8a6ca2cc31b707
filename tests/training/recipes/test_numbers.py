"""Every number of a recipe has bounds, and what lies outside is named by its place."""

from __future__ import annotations

import dataclasses
import math
import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from rtsep.controls.bounds import Bounds
from rtsep.dsp.windows import PROFILES
from rtsep.errors import ConfigError
from training.corpora.stems import STEMS
from training.mixing.remix import KindConfig, RemixConfig
from training.nets import build
from training.nets.band_gru import BandGruConfig
from training.recipes.recipe import NETWORKS, OptimiserConfig, recipe_from

MINIMAL = {"name": "a", "profile": "stage"}
SECTIONS = {"optimiser": OptimiserConfig, "mixtures": RemixConfig}
WRONG = [math.nan, math.inf, -math.inf, 1e30, -(10 ** 400), 10 ** 400]
Place = tuple[str, ...]


def numbers(hint: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Yield the place and the type of each number below a place; those of lists and mappings end the place with '*'."""
    if dataclasses.is_dataclass(hint):
        for name, inner in typing.get_type_hints(hint, include_extras=True).items():
            yield from numbers(inner, (*place, name))
    elif typing.get_origin(hint) in (tuple, dict):
        yield from numbers(typing.get_args(hint)[-1 if typing.get_origin(hint) is dict else 0], (*place, "*"))
    elif hint in (int, float) or typing.get_origin(hint) is typing.Annotated:
        yield place, hint


ALL = {place: hint for name, section in SECTIONS.items() for place, hint in numbers(section, (name,))}
ALL |= {("network", kind, *place): hint for kind, config in NETWORKS.items() for place, hint in numbers(config, ())}


def test_every_number_has_bounds() -> None:
    assert len(ALL) > 60
    assert ("mixtures", "kinds", "*", "places", "pan") in ALL
    without = {place for place, hint in ALL.items() if typing.get_origin(hint) is not typing.Annotated}
    assert not without
    assert all(isinstance(typing.get_args(hint)[1], Bounds) for hint in ALL.values())


@pytest.mark.parametrize("place", [place for place in ALL if "*" not in place], ids=": ".join)
def test_what_lies_outside_is_named(place: Place) -> None:
    fixed = {"kind": place[1]} if place[0] == "network" else {}
    names = place[2:] if fixed else place[1:]
    for value in WRONG:
        inner: dict[str, Any] = {names[-1]: value}
        for name in reversed(names[:-1]):
            inner = {name: inner}
        with pytest.raises(ConfigError) as error:
            recipe_from({**MINIMAL, place[0]: fixed | inner}, "r.yaml")
        assert str(error.value).startswith(f"r.yaml: {': '.join((place[0], *names))}: expected a")


@pytest.mark.parametrize(("section", "fields", "message"), [
    ("mixtures", {"segment_seconds": [12.0, 6.0]}, "segment_seconds: the shortest comes first"),
    ("mixtures", {"segment_seconds": [6.0]}, "segment_seconds: expected 2 values, got [6.0]"),
    ("mixtures", {"kinds": {"drums": {"exponents": [1.0, -1.0]}}}, "exponents: the lowest comes first"),
    ("mixtures", {"counts": {"drums": []}}, "counts: drums: give probabilities"),
    ("mixtures", {"counts": {"drums": [1.5, -0.5]}}, "counts: drums: expected a number from 0 to 1, got 1.5"),
    ("optimiser", {"stem_weights": [1, 1, 1, 1, math.nan]}, "stem_weights: expected a number from 0 to 1e+06, got nan"),
    ("network", {"bands": 40}, "linear_bands: expected fewer than the 40 bands, got 40"),
    ("network", {"contexts": [4097]}, "contexts: expected at most 4 even lengths of up to 65536 frames, got [4097]"),
    ("network", {"contexts": [2] * 5}, "contexts: expected at most 4"),
    ("network", {"kind": "unet", "hops": 250}, "network: hops: expected a multiple of 16, got 250"),
    ("network", {"kind": "hourglass", "overlap_hops": 64}, "an overlap of 64 is not shorter than the 64 hops"),
    ("network", {"kind": "wave_unet", "segment": 5000}, "network: segment: expected a multiple of 4096, got 5000"),
])
def test_numbers_that_do_not_go_together_are_named(section: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        recipe_from({**MINIMAL, section: fields}, "r.yaml")
    assert message in str(error.value)


@pytest.mark.parametrize(("config", "message"), [
    (BandGruConfig(bands=600), "600 bands, and a window of 1024 frames has 513 bins"),
    (BandGruConfig(contexts=(2048,), context_bands=2000), "2000 bands, and a window of 2048 frames has 1025 bins"),
    (BandGruConfig(contexts=(512,)), "contexts: expected windows of no fewer than the 1024 frames that are masked"),
])
def test_a_network_must_fit_the_transform(config: BandGruConfig, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        build(config, PROFILES["stage"], STEMS, 44100)


def test_a_kind_of_sound_has_bounds_too() -> None:
    assert KindConfig().dense == 0.0
    with pytest.raises(ConfigError, match="kinds: drums: places: pan: expected a number from 0 to 1, got 2"):
        recipe_from({**MINIMAL, "mixtures": {"kinds": {"drums": {"places": {"pan": 2}}}}}, "r.yaml")
