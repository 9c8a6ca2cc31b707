"""Files are whole or not there, also in trouble; takes and temporary names are nobody else's."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import soundfile

from rtsep.audio import writer
from rtsep.audio.encodings import Encoding
from rtsep.audio.writer import AudioWriter
from rtsep.errors import AudioFileError, ConfigError

from .test_files import read_all, sine


def test_written_floats_come_back_unclipped(tmp_path):
    audio = np.random.default_rng(1).normal(0.0, 1.5, (3, 1234)).astype(np.float32)
    with AudioWriter(tmp_path / "new" / "loud.wav", 48000, 3, 1234) as writer:
        writer.write(audio[:, :1000])
        writer.write(audio[:, 1000:])
        assert writer.position == 1234
        assert not writer.path.exists()
    found, samplerate = soundfile.read(tmp_path / "new" / "loud.wav", dtype="float32")
    assert samplerate == 48000
    np.testing.assert_array_equal(found.T, audio)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["loud.wav"]


@pytest.mark.parametrize(("frames", "start"), [(100, b"RIFF"), (100_000, b"RF64"), (None, b"RF64")])
def test_long_files_get_a_header_that_can_count_them(tmp_path, monkeypatch, frames, start):
    monkeypatch.setattr(writer, "_WAV_LIMIT", 100_000)
    audio = sine(440.0, 44100, frames or 100)
    with AudioWriter(tmp_path / "a.wav", 44100, 1, frames) as made:
        made.write(audio)
    assert made.path.read_bytes()[:4] == start
    np.testing.assert_array_equal(read_all(made.path), audio)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, AudioFileError])
def test_an_interrupted_writer_leaves_the_old_file_and_nothing_else(tmp_path, interruption):
    path = tmp_path / "stem.wav"
    path.write_bytes(b"older")
    def interrupted() -> None:
        with AudioWriter(path, 44100, 1, 5000) as writer:
            writer.write(np.zeros((1, 100), np.float32))
            raise interruption

    with pytest.raises(interruption):
        interrupted()
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AudioFileError, match="cannot write"):
        AudioWriter(tmp_path / "file" / "stem.wav", 44100, 1, 10)


@pytest.mark.parametrize(("free", "words"), [(1000, "the disk is full"), (10**9, "only a part of it")])
def test_a_write_that_fails_says_why(tmp_path, monkeypatch, free, words):
    usage = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(writer.shutil, "disk_usage", lambda folder: usage)
    monkeypatch.setattr(soundfile.SoundFile, "write", failing_write)
    with AudioWriter(tmp_path / "a.wav", 44100, 1, 100) as made:
        with pytest.raises(AudioFileError, match=words):
            made.write(np.zeros((1, 100), np.float32))
        made.discard()
    assert not list(tmp_path.iterdir())


def failing_write(file: soundfile.SoundFile, data: np.ndarray) -> None:
    raise soundfile.LibsndfileError(2)  # "System error"


def test_a_format_that_cannot_be_written_is_explained_and_leaves_nothing(tmp_path):
    with pytest.raises(AudioFileError, match="cannot write"):
        AudioWriter(tmp_path / "stem.wav", 44100, 5000, 10)
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_kept_unless_told_otherwise(tmp_path):
    path = tmp_path / "stem.wav"
    path.write_bytes(b"older")
    with pytest.raises(AudioFileError, match="is there already"):
        AudioWriter(path, 44100, 1, 10, overwrite=False)
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_appears_meanwhile_is_kept(tmp_path):
    path = tmp_path / "stem.wav"
    with AudioWriter(path, 44100, 1, 10, overwrite=False) as made:
        made.write(np.zeros((1, 10), np.float32))
        path.write_bytes(b"another run's")
        with pytest.raises(AudioFileError, match="by another program meanwhile"):
            made.commit()
    assert path.read_bytes() == b"another run's"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_name_do_not_share_a_temporary_file(tmp_path):
    audio = sine(440.0, 44100, 1000, 2)
    with AudioWriter(tmp_path / "a.wav", 44100, 1, 1000) as first, \
            AudioWriter(tmp_path / "a.wav", 44100, 1, 1000) as second:
        first.write(audio[:1])
        second.write(audio[1:])
        assert len(list(tmp_path.iterdir())) == 2
        second.commit()
        np.testing.assert_array_equal(read_all(tmp_path / "a.wav"), audio[1:])


@pytest.mark.parametrize("name", ["take.flac", "take.wav"])
def test_what_is_written_in_place_can_be_read_at_any_time(tmp_path, name):
    audio = sine(440.0, 44100, 44100, 2)
    with AudioWriter(tmp_path / name, 44100, 2, in_place=True) as made:
        for block in np.array_split(audio, 10, axis=1):
            made.write(block)
        copy = tmp_path / f"copy-{name}"  # what a killed process leaves
        shutil.copy(tmp_path / name, copy)
    found = read_all(copy)
    assert found.shape[1] > 44100 - 8192
    assert np.abs(found - audio[:, :found.shape[1]]).max() < 1e-4


def test_integers_limit_and_count_what_is_too_loud(tmp_path):
    loud = np.array([[0.5, 1.5, -2.0, 0.0]], np.float32)
    with AudioWriter(tmp_path / "a.flac", 44100, 1, 4) as made:
        made.write(loud)
    assert made.clipped_frames == 2
    assert np.abs(read_all(tmp_path / "a.flac") - np.clip(loud, -1.0, 1.0)).max() < 1e-6


@pytest.mark.parametrize(("encoding", "seen"), [
    (Encoding("wav", "int16"), ("WAV", "PCM_16")), (Encoding("wav", "int24"), ("WAV", "PCM_24")),
    (Encoding("flac", "int16"), ("FLAC", "PCM_16")), (Encoding("mp3"), ("MP3", "MPEG_LAYER_III")),
    (Encoding("mp3", kbps=320), ("MP3", "MPEG_LAYER_III")), (Encoding("ogg", kbps=96), ("OGG", "VORBIS")),
    (Encoding("opus", kbps=64), ("OGG", "OPUS"))])
def test_every_encoding_is_written_with_its_tags(tmp_path, encoding, seen):
    rate = encoding.samplerate(44100)
    audio = sine(440.0, rate, rate, 2)
    with AudioWriter(tmp_path / "stem", rate, 2, rate, encoding, {"title": "guitar", "comment": "made here"}) as made:
        made.write(audio)
    with soundfile.SoundFile(tmp_path / "stem") as file:
        assert (file.format, file.subtype) == seen
        assert (file.title, file.comment) == ("guitar", "made here")
    found = read_all(tmp_path / "stem")
    assert abs(found.shape[1] - rate) < 2000
    assert np.abs(found[:, 5000:40000] - audio[:, 5000:40000]).max() < 0.05


@pytest.mark.parametrize(("arguments", "words"), [
    (("aac",), "no format 'aac'"), (("flac", "float32"), "flac does not store float32"),
    (("wav", "default", 128), "no bit rate"), (("mp3", "default", 1000), "takes 32 to 320")])
def test_impossible_encodings_are_explained(arguments, words):
    with pytest.raises(ConfigError, match=words):
        Encoding(*arguments)
