"""A board at rest, a desk on it, and a controller for a mapping."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

import pytest

from rtsep.controls.presets import Preset
from rtsep.live.board import new_board
from rtsep.midi.mapping import parse_mapping
from rtsep.midi.parameters import Desk
from rtsep.midi.surface import Surface

STEMS = ("drums", "guitar", "rest")
PRESETS = (Preset("verse", mask_gain=0.5, levels={"guitar": 0.25}, program=0),
           Preset("solo part", solos={"guitar": True}, program=1), Preset("big", model="paper", program=2))

MakeSurface = Callable[[str], Surface]


@pytest.fixture
def desk() -> Desk:
    return Desk(new_board(multiprocessing.get_context("spawn")), STEMS, PRESETS)


@pytest.fixture
def surface(desk: Desk) -> MakeSurface:
    """Make the surface of some bindings, each written as in a file."""
    return lambda bindings: Surface(parse_mapping(f"bindings: [{bindings}]", "map"), desk)
