"""Files in every format, rate, width and length; broken ones; interrupted and impossible writing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.audio.files import AudioReader
from rtsep.errors import AudioFileError

RATES = (8000, 22050, 44100, 48000, 96000)


def write_file(path: Path, audio: np.ndarray, samplerate: int, **how: str) -> Path:
    """Write (channels, frames) in small pieces: libsndfile's Vorbis encoder crashes on large ones."""
    with soundfile.SoundFile(path, "w", samplerate, audio.shape[0], **how) as file:
        for start in range(0, audio.shape[1], 4096):
            file.write(np.ascontiguousarray(audio.T[start:start + 4096]))
    return path


def sine(hertz: float, samplerate: int, frames: int, channels: int = 1) -> np.ndarray:
    wave = 0.5 * np.sin(2.0 * np.pi * hertz * np.arange(frames) / samplerate)
    return np.stack([wave * 0.9**channel for channel in range(channels)]).astype(np.float32)


def read_all(path: Path, samplerate: int | None = None, seconds: float = 1.0) -> np.ndarray:
    with AudioReader(path) as reader:
        return np.concatenate(list(reader.blocks(samplerate, seconds)), axis=1)


@pytest.mark.parametrize(("name", "tolerance"), [("a.wav", 1e-4), ("a.flac", 1e-4), ("a.mp3", 0.05), ("a.ogg", 0.05),
                                                 ("a.aiff", 1e-4)])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_gives_back_what_was_written(tmp_path, name, tolerance, channels):
    audio = sine(440.0, 44100, 30011, channels)
    path = write_file(tmp_path / name, audio, 44100)
    with AudioReader(path) as reader:
        assert (reader.samplerate, reader.channels, reader.frames) == (44100, channels, 30011)
    found = read_all(path, seconds=0.1)
    assert found.shape == audio.shape
    assert found.dtype == np.float32
    assert np.abs(found - audio)[:, 2000:-2000].max() < tolerance


@pytest.mark.parametrize("frames", [1, 2, 4409, 44101])
def test_blocks_add_up_to_any_length(tmp_path, frames):
    audio = np.random.default_rng(frames).uniform(-1.0, 1.0, (6, frames)).astype(np.float32)
    path = write_file(tmp_path / "six.wav", audio, 44100, subtype="FLOAT")
    np.testing.assert_array_equal(read_all(path, seconds=0.1), audio)


@pytest.mark.parametrize("samplerate", RATES)
def test_resampling_keeps_an_impulse_in_its_place(tmp_path, samplerate):
    audio = np.zeros((2, samplerate + 7), np.float32)
    where = samplerate // 3
    audio[:, where] = 0.9
    found = read_all(write_file(tmp_path / "impulse.wav", audio, samplerate, subtype="FLOAT"), 44100, seconds=0.07)
    assert found.shape == (2, round(audio.shape[1] * 44100 / samplerate))
    energy = np.square(found[0].astype(np.float64))
    center = np.sum(energy * np.arange(energy.size)) / np.sum(energy)
    assert abs(center - where * 44100 / samplerate) < 0.01


@pytest.mark.parametrize("samplerate", RATES)
def test_resampling_keeps_a_sine_in_phase(tmp_path, samplerate):
    path = write_file(tmp_path / "sine.wav", sine(997.0, samplerate, samplerate, 1), samplerate, subtype="FLOAT")
    found = read_all(path, 44100)
    error = (found - sine(997.0, 44100, found.shape[1]))[:, 2000:-2000]
    assert np.abs(error).max() < 1e-4


def test_a_flac_stream_of_unknown_length_is_read_to_its_end(tmp_path):
    audio = sine(300.0, 44100, 100_000)
    path = write_file(tmp_path / "stream.flac", audio, 44100)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # the 36 bits of the total length in the header: zero says unknown
    data[22:26] = bytes(4)
    path.write_bytes(data)
    with AudioReader(path) as reader:
        assert reader.frames == 100_000
    assert np.abs(read_all(path) - audio).max() < 1e-4


def test_not_a_number_becomes_silence_and_is_counted(tmp_path):
    audio = sine(440.0, 44100, 9000, 2)
    audio[0, 100:103] = np.nan
    audio[1, 102] = np.inf
    audio[1, 101] = 1e20
    path = write_file(tmp_path / "nan.wav", audio, 44100, subtype="FLOAT")
    with AudioReader(path) as reader:
        found = np.concatenate(list(reader.blocks()), axis=1)
        assert reader.bad_frames == 3
    assert np.isfinite(found).all()
    assert not found[:, 100:103].any()
    np.testing.assert_array_equal(found[:, 103:], audio[:, 103:])


def broken_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """Files that cannot be used, by what is wrong, with a word that the message must hold."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 50_000)).astype(np.float32)
    broken = {
        "missing": (folder / "nowhere.wav", "no file"),
        "folder": (folder, "is a folder"),
        "empty": (folder / "empty.wav", "is empty: it has 0 bytes"),
        "text": (folder / "notes.mp3", "format that rtsep does not read"),
        "headerless": (folder / "take.raw", "format that rtsep does not read"),
        "zero frames": (write_file(folder / "zero.wav", noise[:, :0], 44100), "0 frames"),
    }
    broken["empty"][0].touch()
    broken["text"][0].write_text("no sound in here\n" * 50)
    broken["headerless"][0].write_bytes(bytes(400))
    return broken


@pytest.mark.parametrize("what", ["missing", "folder", "empty", "text", "headerless", "zero frames"])
def test_broken_files_say_what_is_wrong(tmp_path, what):
    path, word = broken_files(tmp_path)[what]
    with pytest.raises(AudioFileError, match=word) as caught:
        read_all(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
