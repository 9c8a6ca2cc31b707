"""Amplifier captures against a plain implementation of the same network, and the wave shapers' promises."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from rtsep.types import Audio
from training import SAMPLERATE
from training.render.amp_captures import BLOCK, Capture, read_capture
from training.render.amps import CAPTURE_GAIN_DB, DIRECT_DB, Tone, amplify, shape, to_playing_level
from training.render.effects import db
from training.render.library import Library

CAPTURES = ["5153", "ac10", "deluxe", "dumble", "jc", "jcm"]


def plain_wavenet(path: Path, audio: Audio) -> Audio:
    """Run the network as its authors write it: one causal convolution after the other over the whole input."""
    document = json.loads(path.read_text())
    weights, used = torch.tensor(document["weights"]), 0

    def take(*shape: int) -> torch.Tensor:
        nonlocal used
        used += int(np.prod(shape))
        return weights[used - int(np.prod(shape)):used].reshape(shape)

    condition = torch.from_numpy(audio)[None, None]
    signal, head = condition, torch.zeros(1)
    for array in document["config"]["layers"]:
        channels, outputs = array["channels"], array["head_size"]
        signal = functional.conv1d(signal, take(channels, array["input_size"], 1))
        for dilation in array["dilations"]:
            padded = functional.pad(signal, (2 * dilation, 0))
            hidden = functional.conv1d(padded, take(channels, channels, 3), take(channels), dilation=dilation)
            hidden = torch.tanh(hidden + functional.conv1d(condition, take(channels, 1, 1)))
            head = head + hidden
            signal = signal + functional.conv1d(hidden, take(channels, channels, 1), take(channels))
        head = functional.conv1d(head, take(outputs, channels, 1), take(outputs) if array["head_bias"] else None)
    scale = take(1)
    assert used == weights.numel()
    return (scale * head)[0, 0].numpy()


def noise(frames: int, level: float = 0.1) -> Audio:
    return (level * np.random.default_rng(5).standard_normal(frames)).astype(np.float32)


def in_blocks(capture: Capture, audio: Audio, size: int) -> Audio:
    state = capture.start()
    return np.concatenate([capture.step(audio[i:i + size], state) for i in range(0, audio.size, size)])


@pytest.fixture(scope="module")
def library(data_root: Path) -> Library:
    return Library(data_root)


@pytest.mark.parametrize("name", CAPTURES)
def test_capture_equals_plain_wavenet(data_root: Path, name: str) -> None:
    path = data_root / "amps" / f"{name}.nam"
    audio = noise(4500)
    expected = plain_wavenet(path, audio)
    assert np.std(expected) > 1e-3
    np.testing.assert_allclose(in_blocks(read_capture(path), audio, BLOCK), expected, atol=1e-5)


@pytest.mark.parametrize("size", [1, 63, 700, BLOCK - 1])
def test_blocks_join_without_a_seam(data_root: Path, size: int) -> None:
    capture = read_capture(data_root / "amps" / "dumble.nam")
    audio = noise(2500)
    np.testing.assert_allclose(in_blocks(capture, audio, size), in_blocks(capture, audio, BLOCK), atol=1e-5)


@pytest.mark.parametrize("name", CAPTURES)
def test_capture_has_settled_on_silence_when_the_recording_begins(data_root: Path, name: str) -> None:
    capture = read_capture(data_root / "amps" / f"{name}.nam")
    quiet = capture.run(np.zeros(2000, np.float32))
    assert quiet.shape == (2000,)
    assert np.ptp(quiet) < 1e-5


def distortion_db(direct: Audio, sound: Audio) -> float:
    """Energy away from the two tones of `fifth`, relative to theirs."""
    window = np.hanning(direct.size)
    power, played = (np.abs(np.fft.rfft(window * a)) ** 2 for a in (sound, direct))
    tones = played > 1e-3 * played.max()
    return float(10.0 * np.log10(power[~tones][40:].sum() / power[tones].sum()))


def fifth() -> Audio:
    time = np.arange(SAMPLERATE // 2) / SAMPLERATE
    chord = np.sin(2 * np.pi * 220.0 * time) + np.sin(2 * np.pi * 330.0 * time)
    return to_playing_level(chord.astype(np.float32), DIRECT_DB)


@pytest.mark.parametrize(("tone", "low_db", "high_db"), [("clean", -80, -19), ("crunch", -27, -6), ("high", -13, 3)])
def test_captures_are_driven_as_far_as_their_tone_says(data_root: Path, tone: Tone, low_db: float,
                                                       high_db: float) -> None:
    direct = fifth()
    for name, (least_db, most_db) in CAPTURE_GAIN_DB[tone].items():
        capture = read_capture(data_root / "amps" / f"{name}.nam")
        for gain_db in (least_db, most_db):
            found = distortion_db(direct, capture.run(direct * np.float32(db(gain_db))))
            assert low_db < found < high_db, f"{name} at {gain_db} dB"


def test_wave_shapers_distort_more_from_clean_to_high_gain() -> None:
    direct = fifth()
    tones: tuple[Tone, ...] = ("clean", "crunch", "high")
    medians = [np.median([distortion_db(direct, shape(direct, np.random.default_rng(i), t)) for i in range(9)])
               for t in tones]
    assert medians[0] < -22.0
    assert medians[0] + 8.0 < medians[1] < medians[2] - 4.0


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("tone", ["clean", "crunch", "high"])
def test_amplify_keeps_length_and_sets_level(library: Library, tone: Tone, share: float) -> None:
    direct = fifth()[:10001]
    sound = amplify(direct, library, np.random.default_rng(2), tone, share)
    assert sound.shape == direct.shape
    assert sound.dtype == np.float32
    assert 20 * np.log10(np.std(sound)) == pytest.approx(-20.0, abs=1.0)


def test_silence_stays_silence(library: Library) -> None:
    silence = np.zeros(5000, np.float32)
    assert not amplify(silence, library, np.random.default_rng(0), "high").any()
