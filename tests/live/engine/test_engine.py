"""The engine: the sound of the separator at the reported latency, whatever blocks, samples and controls come."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import numpy as np
import pytest

from rtsep import Separator
from rtsep.live.board import Board, new_board
from rtsep.live.engine.engine import PIECE, Engine
from rtsep.live.engine.inline import Inline
from rtsep.live.engine.mixer import Mixer
from rtsep.live.ring import Ring

CONTEXT = multiprocessing.get_context("spawn")
STEMS = ("guitar", "rest")


class Rig:
    """An engine that plays the guitar, and a separator to compare with."""

    def __init__(self, model: Path, channels: int = 2, record_frames: int = 0) -> None:
        self.board: Board = new_board(CONTEXT)
        self.separator = Separator(model, channels, stems=STEMS)
        self.board.levels[STEMS.index("rest")] = 0.0
        mixer = Mixer(self.separator.controls, channels, channels, 44100)
        self.record = Ring(CONTEXT, max(1, 3 * channels * record_frames))
        self.record.shape(3 * channels)
        self.board.recording = 1
        self.engine = Engine(Inline(self.separator), mixer, self.board, self.record if record_frames else None,
                             deadline=False)
        self.channels = channels

    def play(self, sound: np.ndarray, blocksize: int) -> np.ndarray:
        out = np.empty_like(sound)
        for start in range(0, sound.shape[1], blocksize):
            piece = slice(start, start + blocksize)
            self.engine.process(np.asfortranarray(sound[:, piece]), out[:, piece])
        return out


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return (0.2 * np.random.default_rng(8).standard_normal((channels, frames))).astype(np.float32)


def expected(model: Path, sound: np.ndarray, latency: int) -> np.ndarray:
    """Guitar of the sound, `latency` frames late."""
    separator = Separator(model, sound.shape[0], stems=STEMS)
    earlier = separator.latency - latency
    return separator.process(np.pad(sound, ((0, 0), (0, earlier))))[0, :, earlier:]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("blocksize", "latency"), [(256, 256), (512, 256), (128, 384), (480, 480), (441, 511),
                                                    (1, 511), (PIECE, 256), (2 * PIECE + 256, 256)])
def test_output_is_the_separator_s_at_the_reported_latency(tiny_model: Path, channels: int, blocksize: int,
                                                           latency: int) -> None:
    rig = Rig(tiny_model, channels)
    sound = noise(blocksize * max(1, 4000 // blocksize), channels)
    np.testing.assert_allclose(rig.play(sound, blocksize), expected(tiny_model, sound, latency), rtol=0, atol=1e-5)
    assert (rig.board.latency, rig.board.blocksize, rig.board.restarts) == (latency, blocksize, 0)
    assert rig.board.frames == sound.shape[1]
    assert rig.board.hops == sound.shape[1] // 256


def test_controls_that_move_while_it_plays_are_followed(tiny_model: Path) -> None:
    rig, sound = Rig(tiny_model), noise(16 * 256)
    assert np.any(rig.play(sound, 256))
    rig.board.levels[STEMS.index("guitar")] = 0.0
    rig.play(sound, 256)  # the ramp
    assert not np.any(rig.play(sound, 256))
    rig.board.levels[STEMS.index("guitar")], rig.board.master = 1.0, 0.0
    rig.play(sound, 256)
    assert not np.any(rig.play(sound, 256))
    rig.board.master = 1.0
    rig.play(sound, 256)
    assert np.any(rig.play(sound, 256))


def test_blocks_that_do_not_fit_restart_it_for_what_they_have_in_common(tiny_model: Path) -> None:
    rig = Rig(tiny_model)
    rig.play(noise(2048), 512)
    rig.play(noise(2048), 1024)  # fits
    assert (rig.board.restarts, rig.board.latency) == (0, 256)
    sound = noise(4000)
    out = np.concatenate([rig.play(sound[:, :300], 300), rig.play(sound[:, 300:], 77)], axis=1)
    assert (rig.board.restarts, rig.board.latency) == (2, 511)
    np.testing.assert_allclose(out[:, 300:], expected(tiny_model, sound[:, 300:], 511), rtol=0, atol=1e-5)


def test_another_period_of_the_device_is_adapted_to(tiny_model: Path) -> None:
    rig, sound = Rig(tiny_model), noise(8192)
    rig.play(sound, 512)
    out = rig.play(sound, 128)
    assert (rig.board.restarts, rig.board.latency, rig.board.blocksize) == (1, 384, 128)
    np.testing.assert_allclose(out, expected(tiny_model, sound, 384), rtol=0, atol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_bad_samples_become_silence_and_are_counted(tiny_model: Path, bad: float) -> None:
    rig, clean = Rig(tiny_model), noise(8 * 512)
    clean[:, 1024:1536] = 0.0
    broken = clean.copy()
    broken[1, 1100] = bad
    np.testing.assert_array_equal(rig.play(broken, 512), Rig(tiny_model).play(clean, 512))
    assert rig.board.bad_blocks == 1
    assert np.isfinite(rig.board.input_peak)


def test_bypass_is_the_mixture_at_the_reported_latency(tiny_model: Path) -> None:
    rig, sound = Rig(tiny_model), noise(20 * 512)
    rig.board.bypass = 1
    out = rig.play(sound, 512)
    np.testing.assert_array_equal(out[:, 256:], sound[:, :-256])


@pytest.mark.parametrize("on", [1, 0])
def test_bypass_neither_clicks_nor_changes_the_loudness_of_what_wet_and_dry_share(tiny_model: Path, on: int) -> None:
    """With all stems at their level, wet is the mixture too: the fade must not be heard at all, at any moment."""
    rig, sound = Rig(tiny_model), noise(40 * 512)
    rig.board.levels[STEMS.index("rest")] = 1.0
    rig.board.bypass = 1 - on
    out = [rig.play(sound[:, :20 * 512], 512)]
    rig.board.bypass = on
    out.append(rig.play(sound[:, 20 * 512:], 512))
    heard = np.concatenate(out, axis=1)
    np.testing.assert_allclose(heard[:, 256:], sound[:, :-256], rtol=0, atol=1e-5)


def test_controls_on_the_board_reach_the_sound(tiny_model: Path) -> None:
    rig, sound = Rig(tiny_model), noise(20 * 512)
    rig.board.mask_gain = 0.0  # lets everything through
    np.testing.assert_allclose(rig.play(sound, 512)[:, 256:], sound[:, :-256], rtol=0, atol=1e-5)


def test_the_record_ring_holds_mixture_and_stems_in_line(tiny_model: Path) -> None:
    rig, sound = Rig(tiny_model, record_frames=4096), noise(4096)
    rig.play(sound, 512)
    record = np.empty((6, 4096), np.float32)
    assert rig.record.read(record) == 4096
    mixture, guitar, rest = record.reshape(3, 2, 4096)
    np.testing.assert_array_equal(mixture[:, 256:], sound[:, :-256])
    np.testing.assert_allclose(guitar, expected(tiny_model, sound, 256), rtol=0, atol=1e-5)
    np.testing.assert_allclose(guitar + rest, mixture, rtol=0, atol=1e-5)


def test_a_full_record_ring_loses_frames_and_not_the_music(tiny_model: Path) -> None:
    rig, sound = Rig(tiny_model, record_frames=1024), noise(4096)
    out = rig.play(sound, 512)
    np.testing.assert_allclose(out, expected(tiny_model, sound, 256), rtol=0, atol=1e-5)
    assert rig.board.lost_frames == 4096 - 1024


def test_the_time_of_a_late_block_is_kept(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig, process = Rig(tiny_model), Separator.separate

    def stumble(separator: Separator, block: np.ndarray) -> np.ndarray:
        time.sleep(0.02)
        return process(separator, block)

    with monkeypatch.context() as patch:
        patch.setattr(Separator, "separate", stumble)
        begin = time.perf_counter()
        rig.play(noise(256), 256)
        end = time.perf_counter()
    rig.play(noise(8192), 8192)  # a fifth of a second for a few ms of work
    assert (rig.board.late_blocks, rig.board.spans) == (1, 1)
    assert begin < rig.board.late_spans[0] <= rig.board.late_spans[1] - 0.02 < end - 0.02
