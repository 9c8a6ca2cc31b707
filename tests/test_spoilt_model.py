"""A model whose state has become infinite starts anew, whoever runs it, and the music goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtsep import Separator
from rtsep.live.board import new_board
from rtsep.live.engine.engine import Engine
from rtsep.live.engine.inline import Inline
from rtsep.live.engine.mixer import Mixer
from rtsep.live.engine.worker import Worker
from rtsep.live.process.monitor import GuardWatch
from tests.rigs.models import TOO_LOUD, with_fragile_state

HOP = 256
SPOILT = 10  # hop
SOUND = (0.1 * np.random.default_rng(6).standard_normal((2, 40 * HOP))).astype(np.float32)
LOUD = SOUND.copy()
LOUD[:, SPOILT * HOP:(SPOILT + 1) * HOP] *= 10.0 * TOO_LOUD
LATER = (SPOILT + 12) * HOP  # no window has the loud hop in it


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_fragile_state(tmp_path_factory.mktemp("models") / "fragile.onnx")


def is_even(stems: np.ndarray) -> bool:
    """Whether all stems are the same share of the mixture, as where no model runs."""
    return bool(np.allclose(stems[0], stems[1], atol=1e-6) and np.allclose(stems[0], stems[2], atol=1e-6))


@pytest.mark.parametrize("provider", ["cpu", "onnxruntime", "numpy"])
@pytest.mark.parametrize("blocksize", [HOP, 100, 8 * HOP])
def test_the_next_hops_are_separated(model: Path, provider: str, blocksize: int) -> None:
    separator = Separator(model, 2, provider=provider)
    out = np.concatenate([separator.process(LOUD[:, start:start + blocksize])
                          for start in range(0, LOUD.shape[1], blocksize)], axis=2)
    assert np.isfinite(out).all()
    assert 1 <= separator.spoilt_hops <= 4  # as long as the loud hop is in the window
    assert not is_even(out[..., LATER:])
    np.testing.assert_allclose(out.sum(axis=0)[:, LATER:], LOUD[:, LATER - 512:-512], atol=1e-5)


@pytest.mark.parametrize("provider", ["onnxruntime", "cpu"])
def test_everybody_does_what_numpy_does(model: Path, provider: str) -> None:
    one, other = (Separator(model, 2, provider=name) for name in (provider, "numpy"))
    found, expected = one.process(LOUD), other.process(LOUD)
    assert one.spoilt_hops == other.spoilt_hops > 0
    np.testing.assert_allclose(found[..., LATER:], expected[..., LATER:], atol=1e-4)


@pytest.mark.parametrize("beside", [False, True], ids=["callback", "worker"])
def test_live_the_mixture_is_heard_and_then_the_stems(model: Path, beside: bool) -> None:
    separator, board, told = Separator(model, 2), new_board(None), []
    inference = Worker(separator) if beside else Inline(separator)
    engine = Engine(inference, Mixer(separator.controls, 2, 6, 44100, split=True), board, deadline=False)
    now, out = [0.0], np.empty((6, LOUD.shape[1]), np.float32)
    watch = GuardWatch("fragile", board, told.append, lambda: now[0])
    for start in range(0, LOUD.shape[1], HOP):
        engine.process(LOUD[:, start:start + HOP], out[:, start:start + HOP])
        watch()
    assert board.wild_blocks == separator.spoilt_hops > 0
    assert (board.missed_hops, board.fallback_frames >= HOP) == (0, True)
    assert not is_even(out.reshape(3, 2, -1)[..., LATER:])
    assert told == ["the model fragile gave no numbers, or sound far louder than the input, in a block; the mixture is "
                    "heard instead, and the model starts anew"]
    now[0] = 1.5
    watch()
    watch()
    assert len(told) == (2 if board.wild_blocks > 1 else 1)


def test_what_the_guard_replaces_lets_the_model_start_anew(tiny_model: Path) -> None:
    separator, board = Separator(tiny_model, 2), new_board(None)
    engine = Engine(Inline(separator), Mixer(separator.controls, 2, 6, 44100, split=True), board, deadline=False)
    out = np.empty((6, SOUND.shape[1]), np.float32)
    for start in range(0, SOUND.shape[1], HOP):
        if start == SPOILT * HOP:  # as a stray write would: sound to come that is no number
            separator._backend._arrays["tails"][:] = np.nan  # type: ignore[attr-defined]
        engine.process(SOUND[:, start:start + HOP], out[:, start:start + HOP])
    assert board.wild_blocks == 1
    assert np.isfinite(out).all()
    assert not is_even(out.reshape(3, 2, -1)[..., LATER:])
