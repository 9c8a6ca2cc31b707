"""What leaves the engine is checked as what enters it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtsep import Separator
from rtsep.live.board import new_board
from rtsep.live.engine.engine import Engine
from rtsep.live.engine.guard import CEILING, FAR_ABOVE, limit, peak
from rtsep.live.engine.inline import Inline
from rtsep.live.engine.mixer import Mixer

HOP = 256
SOUND = (0.1 * np.random.default_rng(4).standard_normal((2, 20 * HOP))).astype(np.float32)


def play(model: Path, spoilt: float | None) -> tuple[np.ndarray, object]:
    """Play the sound; in the tenth block one sample of a stem is what a broken model makes of it."""
    separator, board = Separator(model, 2), new_board(None)
    engine = Engine(Inline(separator), Mixer(separator.controls, 2, 2, 44100), board, deadline=False)
    separate, out = separator.separate, np.empty_like(SOUND)

    def spoil(block: np.ndarray) -> np.ndarray:
        stems = separate(block)
        if spoilt is not None:
            stems[0, 1, 7] = spoilt
        return stems

    for start in range(0, SOUND.shape[1], HOP):
        separator.separate = spoil if start == 10 * HOP else separate  # type: ignore[method-assign]
        engine.process(SOUND[:, start:start + HOP], out[:, start:start + HOP])
    return out, board


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf, 100.0, -100.0])
def test_a_spoilt_block_is_the_delayed_mixture_and_counted(tiny_model: Path, spoilt: float) -> None:
    out, board = play(tiny_model, spoilt)
    assert (board.wild_blocks, board.fallback_frames > HOP - 1) == (1, True)
    delayed = np.pad(SOUND, ((0, 0), (HOP, 0)))[:, :SOUND.shape[1]]
    np.testing.assert_allclose(out, delayed, rtol=0, atol=1e-5)  # all stems together are the mixture too


def test_sound_that_is_in_order_is_left_alone(tiny_model: Path) -> None:
    out, board = play(tiny_model, 0.9 * FAR_ABOVE * 0.1)
    assert (board.wild_blocks, board.fallback_frames) == (0, 0)
    assert np.isfinite(out).all()


def test_nothing_is_beyond_full_scale_and_cuts_are_counted(tiny_model: Path) -> None:
    separator, board = Separator(tiny_model, 2), new_board(None)
    engine = Engine(Inline(separator), Mixer(separator.controls, 2, 2, 44100), board, deadline=False)
    board.levels[:3] = [4.0] * 3
    out = np.empty_like(SOUND)
    engine.process(4.0 * SOUND, out)
    assert board.limited_blocks == 1
    assert np.abs(out).max() == CEILING
    assert board.output_peak == CEILING


def test_limit_leaves_full_scale_as_it_is() -> None:
    sound = np.array([[1.0, -1.0, 0.5]], np.float32)
    assert not limit(sound)
    sound[0, 1] = -1.5
    assert limit(sound)
    np.testing.assert_array_equal(sound, [[1.0, -1.0, 0.5]])
    assert np.isnan(peak(np.array([0.0, np.nan, 1.0], np.float32)))
