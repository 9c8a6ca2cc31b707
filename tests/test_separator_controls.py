"""`Separator.controls` keeps its word: what is set is heard in `process`, as it is live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rtsep import Separator
from rtsep.controls.controls import Controls
from rtsep.dsp.ramp import RAMP_MS
from rtsep.live.board import new_board
from rtsep.live.engine.engine import Engine
from rtsep.live.engine.inline import Inline
from rtsep.live.engine.mixer import Mixer

STEMS = ("drums", "guitar", "other")
HOP = 256
RAMP_HOPS = -(-round(RAMP_MS / 1e3 * 44100) // HOP)
SOUND = (0.1 * np.random.default_rng(3).standard_normal((2, 40 * HOP))).astype(np.float32)


def separated(model: Path, setting: Callable[[Controls], None] | None = None, at: int = 0,
              blocksize: int = HOP) -> np.ndarray:
    """Separate all of the sound; the controls are set when `at` frames have been."""
    separator = Separator(model, 2, blocksize=HOP)
    out = []
    for start in range(0, SOUND.shape[1], blocksize):
        if start == at and setting is not None:
            setting(separator.controls)
        out.append(separator.process(SOUND[:, start:start + blocksize]))
    return np.concatenate(out, axis=2)


def dry() -> np.ndarray:
    """Return the mixture as late as the stems."""
    return np.pad(SOUND, ((0, 0), (HOP, 0)))[:, :SOUND.shape[1]]


@pytest.mark.parametrize(("setting", "gains", "wet"), [
    (lambda controls: controls.set_level("guitar", 0.25), (1.0, 0.25, 1.0), 1.0),
    (lambda controls: controls.set_mute("drums", True), (0.0, 1.0, 1.0), 1.0),
    (lambda controls: controls.set_solo("other", True), (0.0, 0.0, 1.0), 1.0),
    (lambda controls: setattr(controls, "wet", 0.25), (1.0, 1.0, 1.0), 0.25),
    (lambda controls: setattr(controls, "bypass", True), (1.0, 1.0, 1.0), 0.0),
], ids=["level", "mute", "solo", "wet", "bypass"])
@pytest.mark.parametrize("at", [0, 20 * HOP])
def test_each_control_is_heard(tiny_model: Path, setting: Callable[[Controls], None], gains: tuple[float, ...],
                               wet: float, at: int) -> None:
    raw = separated(tiny_model)
    expected = wet * np.array(gains, np.float32)[:, np.newaxis, np.newaxis] * raw + (1 - wet) / 3 * dry()
    heard = separated(tiny_model, setting, at)
    settled = at + (RAMP_HOPS * HOP if at else 0)
    np.testing.assert_array_equal(heard[..., :at], raw[..., :at])
    np.testing.assert_allclose(heard[..., settled:], expected[..., settled:], rtol=0, atol=1e-6)
    assert np.abs(heard - raw).max() > 0.01
    ramp = heard[..., at:settled]
    assert not at or np.abs(ramp - raw[..., at:settled])[..., :HOP // 8].max() < 0.01, "it begins without a step"


def test_the_mask_gain_moves_the_stems_and_not_their_sum(tiny_model: Path) -> None:
    heard = separated(tiny_model, lambda controls: setattr(controls, "mask_gain", 0.0))
    np.testing.assert_allclose(heard, np.broadcast_to(dry(), heard.shape), rtol=0, atol=1e-5)


def test_controls_back_at_rest_leave_no_trace(tiny_model: Path) -> None:
    separator, fresh = Separator(tiny_model, 2, blocksize=HOP), separated(tiny_model)
    heard = []
    for start in range(0, SOUND.shape[1], HOP):
        separator.controls.bypass = 5 * HOP <= start < 10 * HOP
        heard.append(separator.process(SOUND[:, start:start + HOP]))
    back = (10 + RAMP_HOPS) * HOP
    np.testing.assert_array_equal(np.concatenate(heard, axis=2)[..., back:], fresh[..., back:])


def test_live_split_plays_what_process_returns(tiny_model: Path) -> None:
    """With controls that move on the way, block by block."""
    moves = {0: {"wet": 0.7}, 8: {"level": {"guitar": 0.3}, "solo": {"guitar": 1.0}}, 14: {"bypass": 1.0},
             22: {"bypass": 0.0, "mask_gain": 4.0, "solo": {"guitar": 0.0}, "mute": {"drums": 1.0}}}
    here, there, board = Separator(tiny_model, 2, blocksize=HOP), Separator(tiny_model, 2), new_board(None)
    engine = Engine(Inline(there), Mixer(there.controls, 2, 6, 44100, split=True), board, deadline=False)
    out = np.empty((6, HOP), np.float32)
    for hop in range(40):
        here.controls.put(moves.get(hop, {}))
        board.put(moves.get(hop, {}), STEMS)
        block = SOUND[:, hop * HOP:(hop + 1) * HOP]
        engine.process(block, out)
        np.testing.assert_allclose(out.reshape(3, 2, HOP), here.process(block), rtol=0, atol=1e-6)
    assert board.limited_blocks == board.wild_blocks == 0
