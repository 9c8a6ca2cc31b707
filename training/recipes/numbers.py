"""Numbers of recipes: what they are, as types that say their bounds."""

from __future__ import annotations

from typing import Annotated

from rtsep.controls.bounds import Bounds

Count = Annotated[int, Bounds(0, 10 ** 9)]
Depth = Annotated[int, Bounds(1, 32)]
Width = Annotated[int, Bounds(1, 1 << 16)]
Length = Annotated[int, Bounds(1, 1 << 24)]
Lanes = Annotated[int, Bounds(1, 4096)]
Seed = Annotated[int, Bounds(0, 2 ** 63 - 1)]
Share = Annotated[float, Bounds(0, 1)]
Stretch = Annotated[float, Bounds(0, 0.5)]
Weight = Annotated[float, Bounds(0, 1e6)]
Seconds = Annotated[float, Bounds(0.01, 600)]
Segment = Annotated[float, Bounds(0.1, 600)]
Decibels = Annotated[float, Bounds(-120, 120)]
Spread = Annotated[float, Bounds(0, 60)]
Semitones = Annotated[float, Bounds(0, 24)]
Exponent = Annotated[float, Bounds(-10, 10)]
