"""Meters as they are shown: what the board says, with what the controls make of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rtsep.controls.controls import Controls
from rtsep.dsp.decibels import to_db
from rtsep.dsp.mask import REST
from rtsep.live.board import Board

SILENCE_DB = -100.0
"""What a meter says of nothing."""


def meter_db(value: float) -> float:
    """Linear magnitude in dB, at least `SILENCE_DB`."""
    return max(SILENCE_DB, to_db(value))


@dataclass(frozen=True)
class StemMeter:
    """A stem, before its level.

    Parameters
    ----------
    peak, rms
        Linear.
    gain
        At which it is heard: its level and the wet share; 0 where it is muted, or others are soloed.
    """

    peak: float
    rms: float
    gain: float


@dataclass(frozen=True)
class MeterView:
    """All meters at one moment: recent peaks of input and output, linear, and the stems with their names."""

    names: tuple[str, ...]
    input_peak: float
    output_peak: float
    stems: tuple[StemMeter, ...]


def read_meters(board: Board, stems: tuple[str, ...], playing: bool = True) -> MeterView:
    """Read the meters of a run with these stems; where nothing plays, the board still has what was last."""
    controls = Controls(stems)
    board.take_controls(controls, stems)
    wet = 0.0 if controls.bypass else controls.wet
    heard = 1.0 if playing else 0.0
    return MeterView(stems, heard * board.input_peak, heard * board.output_peak, tuple(
        StemMeter(heard * board.stem_peaks[index], heard * math.sqrt(max(0.0, board.stem_powers[index])),
                  wet * controls.gain(stem))
        for index, stem in enumerate(stems)))


def heard_stems(stems: tuple[str, ...], view: MeterView) -> str:
    """Say in words which stems are heard."""
    sounding = [stem for stem, meter in zip(stems, view.stems, strict=True) if meter.gain > 0.0]
    silent = [stem for stem in stems if stem not in sounding]
    if not sounding:
        return "nothing"
    if not silent:
        return "everything"
    return f"without {' + '.join(silent)}" if REST in sounding else f"{' + '.join(sounding)} alone"
