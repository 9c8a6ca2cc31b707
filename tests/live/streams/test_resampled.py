"""A device at another rate than the model's: as late as is told, no block short, sources at their pitch."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from rtsep import Separator
from rtsep.live.board import new_board
from rtsep.live.engine.engine import Engine
from rtsep.live.engine.inline import Inline
from rtsep.live.engine.mixer import Mixer
from rtsep.live.ring import Ring
from rtsep.live.streams.player import Player
from rtsep.live.streams.resampled import Resampled


@pytest.mark.parametrize("frames", [512, 480])
@pytest.mark.parametrize("samplerate", [48000, 96000])
def test_the_delay_is_what_is_told(tiny_model: Path, samplerate: int, frames: int) -> None:
    board = new_board(multiprocessing.get_context("spawn"))
    board.bypass = 1
    separator = Separator(tiny_model, 1, stems=("guitar", "rest"))
    mixer = Mixer(separator.controls, 1, 1, 44100)
    player = Resampled(Engine(Inline(separator), mixer, board, deadline=False), 1, samplerate)
    time_s = np.arange(frames * (samplerate // frames)) / samplerate
    sound = 0.3 * np.sin(2 * np.pi * (200 + 2000 * time_s) * time_s) * np.hanning(time_s.size)
    sound = sound[np.newaxis].astype(np.float32)
    out = np.empty_like(sound)
    for start in range(0, sound.shape[1], frames):
        player.process(sound[:, start:start + frames], out[:, start:start + frames])
    length = 2 * sound.shape[1]
    product = np.fft.rfft(out[0], length) * np.conj(np.fft.rfft(sound[0], length))
    measured = int(np.argmax(np.fft.irfft(product)))
    told = (board.latency + player.delay) * samplerate / 44100
    assert board.restarts == 0
    assert measured == pytest.approx(told, abs=2.0 * samplerate / 44100)  # told in two whole numbers at 44.1 kHz


@pytest.mark.parametrize("samplerate", [32000, 48000, 88200, 96000])
def test_no_block_is_ever_short_whatever_its_length(tiny_model: Path, samplerate: int) -> None:
    """Both changes of the rate are at their worst together only after half a minute."""
    board = new_board(multiprocessing.get_context("spawn"))
    separator = Separator(tiny_model, 1, stems=("guitar", "rest"))
    separator.separate = lambda block: np.stack([block, 0.0 * block])
    mixer = Mixer(separator.controls, 1, 1, 44100)
    player = Resampled(Engine(Inline(separator), mixer, board, deadline=False), 1, samplerate)
    sound = 0.5 * np.sin(2 * np.pi * 440 * np.arange(40 * samplerate) / samplerate).astype(np.float32)[np.newaxis]
    out, sizes, done = np.empty_like(sound), np.random.default_rng(3), 0
    while done < sound.shape[1]:
        frames = int(sizes.choice([64, 441, 512, 1024]))
        player.process(sound[:, done:done + frames], out[:, done:done + frames])
        done += frames
    late = player.delay_frames
    settled = slice(samplerate // 10, None)  # the first frames are where the tone sets in
    np.testing.assert_allclose(out[:, late:][:, settled], sound[:, :-late][:, settled], rtol=0, atol=1e-3)


@pytest.mark.parametrize("frames", [64, 512, 1000])
@pytest.mark.parametrize("samplerate", [32000, 96000])
def test_a_source_keeps_its_pitch_and_comes_to_its_end(tiny_model: Path, samplerate: int, frames: int) -> None:
    context = multiprocessing.get_context("spawn")
    board, ring = new_board(context), Ring(context, 1 << 17)
    separator = Separator(tiny_model, 1, stems=("guitar", "rest"))
    separator.separate = lambda block: np.stack([block, 0.0 * block])
    engine = Engine(Inline(separator), Mixer(separator.controls, 1, 1, 44100), board, deadline=False)
    resampled = Resampled(engine, 1, samplerate, has_source=True)
    board.resampling = resampled.delay
    player = Player(resampled, board, ring)
    source = 0.5 * np.sin(2 * np.pi * 441 * np.arange(44100) / 44100).astype(np.float32)[np.newaxis]
    ring.write(source)
    board.source_frames = source.shape[1]
    heard = []
    while not player.finished and len(heard) * frames < 2 * samplerate:
        heard.append(np.empty((1, frames), np.float32))
        player.play(None, heard[-1])
    sound, late = np.concatenate(heard, axis=1), resampled.delay_frames  # the model is none, and late by nothing
    expected = 0.5 * np.sin(2 * np.pi * 441 * np.arange(samplerate) / samplerate)
    settled = slice(samplerate // 20, -samplerate // 20)
    assert player.finished
    assert (player.error, board.starved_blocks, board.restarts) == (None, 0, 0)
    np.testing.assert_allclose(sound[0, late:][:samplerate][settled], expected[settled], atol=0.03)
