"""Whole files through the separator: aligned, exactly as long, in constant memory, all or nothing."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep import Separator
from rtsep.audio.writer import AudioWriter
from rtsep.errors import AudioFileError, ConfigError, ModelError
from rtsep.files.track import separate_file


def music(samplerate: int, frames: int, channels: int = 2) -> np.ndarray:
    """Sines below 3 kHz and clicks: content that every sample rate holds."""
    rng = np.random.default_rng(frames)
    time_s = np.arange(frames) / samplerate
    return np.stack([sum(0.1 * np.sin(2 * np.pi * hertz * time_s + phase) for hertz, phase in
                         zip(rng.uniform(60, 3000, 8), rng.uniform(0, 6, 8), strict=True))
                     for _ in range(channels)]).astype(np.float32)


def saved(path: Path, audio: np.ndarray, samplerate: int) -> Path:
    soundfile.write(path, audio.T, samplerate, subtype="FLOAT")
    return path


def load(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="float32", always_2d=True)[0].T


def total(outputs: dict[str, Path]) -> np.ndarray:
    return np.sum([load(path) for path in outputs.values()], axis=0)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("frames", [1, 511, 44101, 70_003])
def test_stems_have_the_files_length_and_add_up_to_it(tmp_path, tiny_model, channels, frames):
    audio = music(44100, frames, channels)
    result = separate_file(saved(tmp_path / "song.wav", audio, 44100), tmp_path / "out", tiny_model)
    assert list(result.outputs) == ["drums", "guitar", "other"]
    assert (result.samplerate, result.channels, result.frames) == (44100, channels, frames)
    assert np.abs(total(result.outputs) - audio).max() < 1e-5


def test_the_stems_are_what_the_separator_makes_in_any_blocks(tmp_path, tiny_model):
    audio = music(44100, 60_000)
    result = separate_file(saved(tmp_path / "song.wav", audio, 44100), tmp_path / "out", tiny_model)
    separator = Separator(tiny_model, channels=2)
    late = np.pad(audio, ((0, 0), (0, separator.latency)))
    expected = np.concatenate([separator.process(block) for block in np.array_split(late, 77, axis=1)], axis=2)
    for stem, path in zip(expected, result.outputs.values(), strict=True):
        assert np.abs(load(path) - stem[:, separator.latency:]).max() < 1e-5
        assert np.abs(load(path) - audio).max() > 0.01  # the masks do something


@pytest.mark.parametrize("samplerate", [8000, 22050, 48000, 96000])
@pytest.mark.parametrize("frames", [1, 12_345])
def test_other_sample_rates_come_back_aligned(tmp_path, tiny_model, samplerate, frames):
    audio = music(samplerate, frames)
    result = separate_file(saved(tmp_path / "song.wav", audio, samplerate), tmp_path / "out", tiny_model)
    found = total(result.outputs)
    assert found.shape == audio.shape
    assert all(soundfile.info(path).samplerate == samplerate for path in result.outputs.values())
    assert np.abs(found - audio).max() < 1e-5


@pytest.mark.parametrize("samplerate", [44100, 48000])
def test_an_impulse_stays_in_its_place(tmp_path, tiny_model, samplerate):
    audio = np.zeros((1, samplerate), np.float32)
    audio[0, 20_000] = 0.9
    result = separate_file(saved(tmp_path / "song.wav", audio, samplerate), tmp_path / "out", tiny_model)
    found = np.abs(total(result.outputs)[0])
    assert int(np.argmax(found)) == 20_000
    assert found[20_000] > 0.7


@pytest.mark.parametrize("name", ["song.flac", "song.mp3", "song.ogg"])
def test_compressed_files_work(tmp_path, tiny_model, name):
    audio = music(44100, 30_001)
    with soundfile.SoundFile(tmp_path / name, "w", 44100, 2) as file:
        for piece in np.array_split(audio.T, 10):
            file.write(np.ascontiguousarray(piece))
    result = separate_file(tmp_path / name, tmp_path / "out", tiny_model)
    assert np.abs(total(result.outputs) - load(tmp_path / name)).max() < 1e-5


def test_chosen_stems_and_rest(tmp_path, tiny_model):
    audio = music(44100, 20_000)
    source = saved(tmp_path / "song.wav", audio, 44100)
    result = separate_file(source, tmp_path / "out", tiny_model, stems=["guitar", "rest"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["guitar.wav", "rest.wav"]
    assert np.abs(total(result.outputs) - audio).max() < 1e-5


def test_mask_gain_zero_lets_everything_through(tmp_path, tiny_model):
    audio = music(44100, 20_000)
    source = saved(tmp_path / "song.wav", audio, 44100)
    result = separate_file(source, tmp_path / "out", tiny_model, stems=["guitar"], mask_gain=0.0)
    assert np.abs(total(result.outputs) - audio).max() < 1e-5


def test_silence_stays_silence_and_bad_samples_are_counted(tmp_path, tiny_model):
    audio = np.zeros((2, 30_000), np.float32)
    audio[0, 5000:5010] = np.nan
    result = separate_file(saved(tmp_path / "song.wav", audio, 44100), tmp_path / "out", tiny_model)
    assert result.bad_frames == 10
    assert all(not load(path).any() for path in result.outputs.values())


def test_progress_reaches_the_end(tmp_path, tiny_model):
    steps = []
    separate_file(saved(tmp_path / "song.wav", music(44100, 100_000), 44100), tmp_path / "out", tiny_model,
                  progress=lambda done, expected: steps.append((done, expected)))
    done = [step[0] for step in steps]
    assert done == sorted(done)
    assert steps[-1] == pytest.approx((100_000 / 44100, 100_000 / 44100))


def test_memory_does_not_grow_with_the_length(tmp_path, tiny_model):
    peaks = []
    for seconds in (4, 16):
        source = saved(tmp_path / f"{seconds}.wav", music(22050, seconds * 22050), 22050)
        tracemalloc.start()
        separate_file(source, tmp_path / "out", tiny_model, overwrite=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_a_file_that_breaks_off_is_separated_as_far_as_it_goes(tmp_path, tiny_model):
    path = tmp_path / "song.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (90_000, 2)), 44100)
    path.write_bytes(path.read_bytes()[:200_000])
    result = separate_file(path, tmp_path / "out", tiny_model)
    assert 40_000 < result.frames < 60_000
    assert total(result.outputs).shape == (2, result.frames)
    assert len(result.notes) == 1
    assert result.notes[0].startswith("the sound is damaged from 0:01.")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, AudioFileError("full")])
def test_an_interruption_keeps_older_stems_whole(tmp_path, tiny_model, monkeypatch, interruption):
    source = saved(tmp_path / "song.wav", music(44100, 50_000), 44100)
    older = separate_file(source, tmp_path / "out", tiny_model).outputs["guitar"].read_bytes()

    def fail(self: AudioWriter, block: np.ndarray) -> None:
        raise interruption

    monkeypatch.setattr(AudioWriter, "write", fail)
    with pytest.raises((KeyboardInterrupt, AudioFileError)):
        separate_file(source, tmp_path / "out", tiny_model, overwrite=True)
    assert (tmp_path / "out" / "guitar.wav").read_bytes() == older
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["drums.wav", "guitar.wav", "other.wav"]


def test_the_source_is_never_overwritten(tmp_path, tiny_model):
    source = saved(tmp_path / "guitar.wav", music(44100, 5000), 44100)
    before = source.read_bytes()
    with pytest.raises(AudioFileError, match="which is read"):
        separate_file(source, tmp_path, tiny_model)
    assert source.read_bytes() == before
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_there_is_replaced_only_if_that_is_requested(tmp_path, tiny_model, overwrite):
    source = saved(tmp_path / "song.wav", music(44100, 5000), 44100)
    older = tmp_path / "out" / "guitar.wav"
    older.parent.mkdir()
    older.write_bytes(b"older")
    if overwrite:
        assert separate_file(source, older.parent, tiny_model, "guitar", overwrite=True).outputs == {"guitar": older}
        assert load(older).shape == (2, 5000)
        return
    with pytest.raises(AudioFileError, match="is there already"):
        separate_file(source, older.parent, tiny_model)
    assert older.read_bytes() == b"older"
    assert list(older.parent.iterdir()) == [older]


def test_wrong_names_are_refused_before_anything_is_written(tmp_path, tiny_model):
    source = saved(tmp_path / "song.wav", music(44100, 5000), 44100)
    with pytest.raises(ModelError, match="no model"):
        separate_file(source, tmp_path / "out", "nonsense")
    with pytest.raises(ConfigError, match="no stem"):
        separate_file(source, tmp_path / "out", tiny_model, stems=["kazoo"])
    with pytest.raises(ConfigError, match="mask_gain"):
        separate_file(source, tmp_path / "out", tiny_model, mask_gain=-1.0)
    assert not (tmp_path / "out").exists()


def test_too_many_channels_are_refused(tmp_path, tiny_model):
    source = saved(tmp_path / "wide.wav", np.zeros((65, 100), np.float32), 44100)
    with pytest.raises(AudioFileError, match="65 channels"):
        separate_file(source, tmp_path / "out", tiny_model)


def test_at_48_khz_a_file_is_separated_without_a_change_of_the_rate(tmp_path, tiny_model):
    audio = music(48000, 30_001)
    result = separate_file(saved(tmp_path / "song.wav", audio, 48000), tmp_path / "out", tiny_model)
    separator = Separator(tiny_model, 2, samplerate=48000)
    expected = separator.process(np.pad(audio, ((0, 0), (0, separator.latency))))[:, :, separator.latency:]
    assert result.samplerate == 48000
    for stem, path in zip(expected, result.outputs.values(), strict=True):
        assert np.abs(load(path) - stem).max() < 1e-5
