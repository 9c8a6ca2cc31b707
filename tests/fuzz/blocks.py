"""Blocks of random sizes and channels, with all that can be called between them, in and around a separator."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from rtsep import RtsepError, Separator
from rtsep.live.board import new_board
from rtsep.live.engine.engine import Engine
from rtsep.live.engine.inline import Inline
from rtsep.live.engine.mixer import Mixer, output_channels
from rtsep.types import Audio
from tests.fuzz.harness import Rng, refused
from tests.fuzz.sounds import FAR_ABOVE, check
from tests.rigs.models import STEMS, TINY

SIZES = (0, 1, 2, 63, 64, 65, 128, 255, 256, 257, 441, 512, 700, 2048, 5000)
FRAMES = 8000


def attempt(seed: int, _: Path) -> str:
    """Play the sound of a seed, one way of four."""
    rng = np.random.default_rng(seed)
    return [_any_blocks, _any_calls, _any_arguments, _live][rng.integers(4)](rng)


@cache
def separator(channels: int, provider: str, stems: tuple[str, ...] | None = None) -> Separator:
    """Open a separator, once for all attempts."""
    return Separator(TINY, channels, provider=provider, stems=stems)


def renewed(channels: int, provider: str, blocksize: int | None = None, samplerate: int = 44100) -> Separator:
    """Give a separator as new."""
    found = separator(channels, provider)
    found.controls.put({"mask_gain": 1.0, "wet": 1.0, "bypass": 0.0, "level": dict.fromkeys(STEMS, 1.0)})
    found.hold = False
    found.set_samplerate(samplerate)
    found.set_blocksize(blocksize)
    return found


def _sound(rng: Rng, channels: int) -> Audio:
    sound: Audio = (rng.choice([1e-4, 0.1, 1.0]) * rng.standard_normal((channels, FRAMES))).astype(np.float32)
    return sound


def _cuts(rng: Rng, multiple: int = 1) -> list[slice]:
    """Cut the sound into blocks."""
    ends = [0]
    while ends[-1] < FRAMES:
        size = int(rng.choice(SIZES)) if rng.random() < 0.8 else int(rng.integers(3000))
        ends.append(ends[-1] + size // multiple * multiple)
    return [slice(begin, min(end, FRAMES // multiple * multiple)) for begin, end in pairwise(ends)]


def _any_blocks(rng: Rng) -> str:
    """Whatever the blocks, the sound is that of one block by the reference, with the latency that was told."""
    channels, multiple = int(rng.choice([1, 2, 3, 7])), int(rng.choice([1, 1, 64, 100, 256]))
    blocksize = None if multiple == 1 else multiple
    sound, quick, plain = _sound(rng, channels), renewed(channels, "cpu", blocksize), renewed(channels, "numpy")
    cuts = _cuts(rng, multiple)
    found = np.concatenate([quick.process(sound[:, cut]) for cut in cuts], axis=2)
    given = sound[:, :found.shape[2]]
    expected = plain.process(given)
    earlier = plain.latency - quick.latency
    check(found[..., :found.shape[2] - earlier], expected[..., earlier:], given)
    mixture = found.sum(axis=0)[:, quick.latency:]
    np.testing.assert_allclose(mixture, given[:, :mixture.shape[1]], atol=1e-4 * max(1.0, np.abs(given).max()))
    return "blocks"


def _any_calls(rng: Rng) -> str:
    """Both ways of making the sound stay equal, whatever is called between the blocks."""
    channels, rate = int(rng.choice([1, 2])), int(rng.choice([40000, 44100, 48000]))
    both = [renewed(channels, provider, samplerate=rate) for provider in ("cpu", "numpy")]
    sound = _sound(rng, channels)
    for cut in _cuts(rng):
        block = sound[:, cut].copy()
        if rng.random() < 0.1 and block.size:
            block[0, rng.integers(block.shape[1])] = rng.choice([np.nan, np.inf, -np.inf, 1e9, 3e38])
        action, value = rng.integers(8), float(rng.random())
        for one in both:
            match action:
                case 0:
                    one.reset()
                case 1:
                    one.hold = value < 0.5
                case 2:
                    one.controls.mask_gain = 4.0 * value
                case 3:
                    one.controls.put({"wet": value, "level": {STEMS[int(3 * value)]: 4.0 * value}})
                case 4:
                    one.forget()
        found, expected = (one.process(block) for one in both)
        check(found, expected, np.maximum(np.abs(sound), 4.0 * np.abs(sound).max()))
        frames = int(rng.integers(1, 257))
        np.testing.assert_allclose(both[0].preview(frames), both[1].preview(frames), atol=0.02 * np.abs(sound).max())
    return "calls"


def _any_arguments(rng: Rng) -> str:
    """Arguments and blocks that cannot be are refused in a sentence."""
    try:
        found = renewed(2, "cpu")
        match rng.integers(5):
            case 0:
                stems = tuple(rng.choice([*STEMS, "rest", "mixture", "", "bass"], rng.integers(0, 5)).tolist())
                found = Separator(TINY, int(rng.choice([-1, 0, 1, 64, 65])), stems=stems)
                found.process(np.zeros((found.channels, 300), np.float32))
            case 1:
                found.set_samplerate(int(rng.choice([-1, 0, 39999, 50000, 50001, 1 << 40])))
            case 2:
                found.set_blocksize(int(rng.choice([-5, 0, 1, 100, 256])))
                found.process(np.zeros((2, int(rng.choice(SIZES))), np.float32))
            case 3:
                found.preview(int(rng.choice([-1, 0, 256, 257, 1 << 40])))
            case 4:
                shape = rng.choice([0, 1, 2, 3, 100], rng.integers(0, 4)).tolist()
                kind = rng.choice(["f4", "f8", "i2", "c8", "U4", "O"])
                with np.errstate(all="ignore"):
                    found.process(np.full(shape, None if kind == "O" else 1).astype(kind))
    except RtsepError as error:
        return refused(error)
    return "arguments"


def _live(rng: Rng) -> str:
    """Whatever the blocks, the engine plays what is finite and within full scale."""
    channels, split = int(rng.choice([1, 2])), bool(rng.random() < 0.5)
    found, board = renewed(channels, "cpu"), new_board(None)
    available = int(rng.choice([1, 2, 3, 6, 8]))
    try:
        outputs = output_channels(len(STEMS), channels, available, split)
    except RtsepError as error:
        return refused(error)
    engine = Engine(Inline(found), Mixer(found.controls, channels, outputs, 44100, split), board, deadline=False)
    sound, fixed = _sound(rng, channels), int(rng.choice(SIZES[1:]))
    sound /= max(1.0, 2.0 * float(np.abs(sound).max()))
    steady = [slice(begin, begin + fixed) for begin in range(0, FRAMES - fixed, fixed)]
    for cut in steady if rng.random() < 0.7 else _cuts(rng):
        out = np.full((outputs, sound[:, cut].shape[1]), np.nan, np.float32)
        if rng.random() < 0.1:
            board.put({"mask_gain": float(rng.random()), "wet": float(rng.random())}, STEMS)
        engine.process(sound[:, cut], out)
        assert np.isfinite(out).all()
        assert np.abs(out).max(initial=0.0) <= min(1.0, FAR_ABOVE * np.abs(sound).max())
    assert board.wild_blocks == 0
    return "live"
