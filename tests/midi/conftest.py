"""A board at rest, live controls on it, and a controller for a mapping."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rtsep.controls.live_controls import LiveControls
from rtsep.controls.presets import Preset
from rtsep.live.board import new_board
from rtsep.midi.control_surface import ControlSurface
from rtsep.midi.mapping import parse_mapping

STEMS = ("drums", "guitar", "rest")
PRESETS = (Preset("verse", values={"mask_gain": 0.5, "level": {"guitar": 0.25}}, program=0),
           Preset("solo part", values={"solo": {"guitar": 1.0}}, program=1), Preset("big", model="paper", program=2))

MakeSurface = Callable[[str], ControlSurface]


@pytest.fixture
def controls() -> LiveControls:
    return LiveControls(new_board(None), STEMS, PRESETS)


@pytest.fixture
def surface(controls: LiveControls) -> MakeSurface:
    """Make the surface of some bindings, each written as in a file."""
    return lambda bindings: ControlSurface(parse_mapping(f"bindings: [{bindings}]", "map"), controls)
