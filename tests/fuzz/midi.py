"""MIDI bytes, in and out of order, through the parser and the default mapping."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np

from rtsep.controls.live_controls import LiveControls
from rtsep.controls.presets import Preset
from rtsep.live.board import Board, new_board
from rtsep.midi.control_surface import ControlSurface
from rtsep.midi.mapping import DEFAULT_FILE, Binding, load_mapping, parse_mapping
from rtsep.midi.messages import Parser, encode
from tests.fuzz.harness import Rng

STEMS = ("drums", "guitar", "rest")
PRESETS = (Preset("verse", None, {"wet": 0.5}, 0), Preset("chorus", None, {"level": {"guitar": 0.25}}, 1))
EVERYTHING = """bindings:
- {source: cc14 1, target: mask_gain}
- {source: cc 1 ch 2, target: wet, pickup: jump}
- {source: bend, target: level drums, pickup: jump}
- {source: bend ch 3, target: preset}
- {source: note 60, target: mute guitar, mode: momentary, range: [on, off]}
- {source: note 61, target: solo drums}
- {source: program, target: preset}
- {source: program 7, target: bypass}
- {source: cc 5, target: stem}
- {source: cc 6, target: reset}
"""


def attempt(seed: int, _: Path) -> str:
    """Hear the bytes of a seed, cut in two ways: the controls end up alike, and within their ranges."""
    rng = np.random.default_rng(seed)
    data, bindings = _bytes(rng), _mappings()[rng.integers(2)]
    (one, heard), (other, _) = (_play(data, bindings, rng) for _ in range(2))
    assert bytes(one) == bytes(other)
    return "moved" if heard else "nothing"


@cache
def _mappings() -> tuple[tuple[Binding, ...], ...]:
    return load_mapping(DEFAULT_FILE), parse_mapping(EVERYTHING, "everything")


def _bytes(rng: Rng) -> list[int]:
    """Make bytes: noise, messages, messages with others inside, running status, exclusive ones that never end."""
    found: list[int] = []
    for _ in range(rng.integers(1, 80)):
        match rng.integers(6):
            case 0:
                found += rng.integers(0, 256, rng.integers(1, 9)).tolist()
            case 1 | 2:
                found += [int(rng.choice([0x80, 0x90, 0xB0, 0xC0, 0xD0, 0xE0])) | int(rng.integers(16)),
                          *rng.integers(0, 128, rng.integers(0, 4)).tolist()]
            case 3:
                found += [0xB0, int(rng.choice([0, 1, 5, 6, 7, 32, 33])), int(rng.integers(128)),
                          int(rng.integers(0xF8, 0x100)), int(rng.choice([0, 1, 5, 6, 32, 33])), int(rng.integers(128))]
            case 4:
                found += [0xF0, *rng.integers(0, 128, rng.integers(0, 40)).tolist(), *([0xF7] * int(rng.integers(2)))]
            case 5:
                found += rng.integers(0, 128, rng.integers(1, 5)).tolist()
    return found


def _play(data: list[int], bindings: tuple[Binding, ...], rng: Rng) -> tuple[Board, int]:
    board, parser, heard = new_board(None), Parser(), 0
    surface = ControlSurface(bindings, LiveControls(board, STEMS, PRESETS))
    at = 0
    while at < len(data):
        size = int(rng.integers(1, 40))
        for message in parser.feed(data[at:at + size]):
            heard += len(surface.hear(message))
            _check(board)
        at += size
    for message in surface.feedback():
        status, *rest = encode(message)
        assert 0x80 <= status < 0xF0
        assert all(0 <= byte < 0x80 for byte in rest)
    assert 0 <= parser.malformed <= len(data)
    return board, heard


def _check(board: Board) -> None:
    values = [board.mask_gain, board.wet, board.bypass, *board.levels, *board.mutes, *board.solos]
    assert all(math.isfinite(value) and value >= 0.0 for value in values)
    assert board.wet <= 1.0
    assert -1 <= board.preset < len(PRESETS)
