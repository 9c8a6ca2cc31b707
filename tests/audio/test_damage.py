"""Files whose headers do not say the truth: read to their end, with a sentence where something is missing."""

from __future__ import annotations

import gzip
import os
import re
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from rtsep.audio import ffmpeg
from rtsep.audio.files import AudioReader
from rtsep.errors import AudioFileError

from .test_files import sine, write_file

DATA = Path(__file__).parent / "data"


def read(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    with AudioReader(path) as reader:
        blocks = []
        while (block := reader.read(10_000)).shape[1]:
            blocks.append(block)
        return np.concatenate(blocks, axis=1), reader.notes


def noise(seconds: float = 4.0) -> np.ndarray:
    walk = np.cumsum(np.random.default_rng(0).normal(0.0, 0.01, (2, int(seconds * 44100))), axis=1)
    return (0.5 * walk / np.abs(walk).max()).astype(np.float32)


@pytest.mark.parametrize(("name", "channels", "frames"), [("vbr_noxing.mp3", 2, 67_968),
                                                          ("channel_change.mp3", 2, 135_936)])
def test_mp3_is_read_whole_whatever_a_decoder_guesses(name, channels, frames):
    found, notes = read(DATA / name)
    assert found.shape == (channels, frames)
    assert notes == ()
    assert np.abs(found[:, -20_000:-3000]).max() > 0.01


def test_a_damaged_stretch_of_mp3_costs_that_stretch():
    found, notes = read(DATA / "corrupt_middle.mp3")
    assert found.shape == (2, 63_360)
    assert notes == ("1672 damaged bytes at 0:00.78 are left out",)


def test_a_large_tag_is_no_announcement(tmp_path):
    path = tmp_path / "art.mp3"
    path.write_bytes(gzip.decompress((DATA / "id3_bigart.mp3.gz").read_bytes()))
    found, notes = read(path)
    assert found.shape == (2, 67_968)
    assert notes == ()


def test_a_rate_that_no_sound_has_is_refused_at_once():
    with pytest.raises(AudioFileError, match="2000000000 Hz in its header"):
        AudioReader(DATA / "sr2e9.wav")


@pytest.mark.parametrize("kind", ["mp3", "wav", "flac", "ogg"])
def test_joined_files_are_read_to_the_end_of_the_last(tmp_path, kind):
    one = write_file(tmp_path / f"one.{kind}", noise(), 44100).read_bytes()
    joined = tmp_path / f"two.{kind}"
    joined.write_bytes(one * 2)
    found, notes = read(joined)
    assert abs(found.shape[1] - 2 * 4 * 44100) < 4000
    assert notes == ()
    assert np.abs(found[:, -30_000:]).max() > 0.01


def test_joined_files_of_other_rates_are_told(tmp_path):
    parts = [write_file(tmp_path / f"{rate}.wav", noise(), rate).read_bytes() for rate in (44100, 48000)]
    (tmp_path / "two.wav").write_bytes(b"".join(parts))
    found, notes = read(tmp_path / "two.wav")
    assert found.shape[1] == 4 * 44100
    assert notes == ("a part that follows at 0:04.00 has 48000 Hz instead of 44100: it is left out",)


@pytest.mark.parametrize(("kind", "words"), [
    ("wav", "it ends at 0:02.00, 2.0 s earlier than its header says"),
    ("flac", "the sound is damaged from 0:01.* on, and the rest is missing"),
    ("mp3", "earlier than its header says")])
def test_cut_files_are_read_as_far_as_they_go(tmp_path, kind, words):
    whole = write_file(tmp_path / f"whole.{kind}", noise(), 44100).read_bytes()
    cut = tmp_path / f"cut.{kind}"
    cut.write_bytes(whole[:len(whole) // 2])
    found, notes = read(cut)
    assert 1.5 * 44100 < found.shape[1] < 2.6 * 44100
    assert len(notes) == 1
    assert re.search(words, notes[0]), notes[0]


def test_a_damaged_frame_of_flac_costs_that_frame(tmp_path):
    audio = noise()
    data = bytearray(write_file(tmp_path / "a.flac", audio, 44100).read_bytes())
    middle = len(data) // 2
    data[middle:middle + 300] = np.random.default_rng(1).bytes(300)
    (tmp_path / "a.flac").write_bytes(data)
    found, notes = read(tmp_path / "a.flac")
    assert found.shape == audio.shape
    wrong = np.abs(found - audio).max(axis=0) > 1e-3
    assert 0 < np.count_nonzero(wrong) <= 4096
    assert len(notes) == 1
    assert "are damaged at 0:01.9" in notes[0]


@pytest.mark.parametrize("size", [0, 1000, 2**31 - 1, 2**32 - 1])
def test_sizes_that_a_wav_header_never_learned_do_not_count(tmp_path, size):
    audio = sine(440.0, 44100, 30_000, 2)
    data = bytearray(write_file(tmp_path / "a.wav", audio, 44100, subtype="FLOAT").read_bytes())
    place = data.index(b"data")
    data[place + 4:place + 8] = struct.pack("<I", size)
    (tmp_path / "a.wav").write_bytes(data)
    found, notes = read(tmp_path / "a.wav")
    np.testing.assert_array_equal(found, audio)
    assert notes == ()


def test_chunks_behind_the_sound_are_no_sound(tmp_path):
    audio = sine(440.0, 44100, 30_000, 2)
    path = write_file(tmp_path / "a.wav", audio, 44100, subtype="FLOAT")
    path.write_bytes(path.read_bytes() + b"bext" + struct.pack("<I", 400) + bytes(range(200)) * 2)
    found, notes = read(path)
    np.testing.assert_array_equal(found, audio)
    assert notes == ()


def test_a_pipe_is_read_whole(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    feeder = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes((DATA / "vbr_noxing.mp3").read_bytes()))
    feeder.start()
    found, notes = read(tmp_path / "pipe")
    feeder.join()
    assert found.shape == (2, 67_968)
    assert notes == ()


def test_libraries_write_nothing_to_the_terminal(tmp_path):
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(write_file(tmp_path / "one.mp3", noise(), 44100).read_bytes() * 2)
    code = ("import sys; from rtsep.audio.files import AudioReader\n"
            "for name in sys.argv[1:]: [None for _ in AudioReader(name).blocks()]")
    done = subprocess.run([sys.executable, "-c", code, *map(str, sorted(DATA.glob("*.mp3"))), str(joined)],
                          capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.skipif(not ffmpeg.installed(), reason="ffmpeg is not installed")
@pytest.mark.parametrize(("name", "options"), [("a.m4a", ("-c:a", "aac")), ("a.webm", ("-c:a", "libopus")),
                                               ("a.wma", ())])
def test_other_formats_come_through_ffmpeg(tmp_path, name, options):
    audio = sine(440.0, 48000, 96_000, 2)
    source = write_file(tmp_path / "a.wav", audio, 48000)
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, *options, tmp_path / name], check=True, timeout=60)
    found, notes = read(tmp_path / name)
    assert abs(found.shape[1] - 96_000) < 5000
    assert notes == ()
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(np.sqrt(np.mean(np.square(audio))), rel=0.1)


def test_without_ffmpeg_a_sentence_says_what_would_read_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    with pytest.raises(AudioFileError, match="where ffmpeg is installed"):
        AudioReader(tmp_path / "a.m4a")
