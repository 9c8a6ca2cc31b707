from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from rtsep import Separator
from rtsep.live.engine import Engine
from rtsep.live.inference import Inline
from rtsep.live.mixer import Mixer
from rtsep.live.resampled import Resampled
from rtsep.live.shared import new_board


@pytest.mark.parametrize("frames", [512, 480])
@pytest.mark.parametrize("samplerate", [48000, 96000])
def test_the_delay_is_what_is_told(tiny_model: Path, samplerate: int, frames: int) -> None:
    board = new_board(multiprocessing.get_context("spawn"))
    board.bypass = 1
    separator = Separator(tiny_model, 1, stems=("guitar", "rest"))
    mixer = Mixer(separator.stems, 1, 1, 44100, separator.controls)
    player = Resampled(Engine(Inline(separator), mixer, board, deadline=False), 1, samplerate, frames)
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
    assert measured == pytest.approx(told, abs=2.0 * samplerate / 44100)  # told in two whole numbers at 44.1 kHz
