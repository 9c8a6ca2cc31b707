"""Files whose headers do not say the truth: read to their end, with a sentence where something is missing."""

from __future__ import annotations

import gzip
import os
import re
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

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
    assert notes == (("239000 bytes follow the end that the header tells: they are taken as sound",)
                     if size == 1000 else ())


def test_chunks_behind_the_sound_are_no_sound(tmp_path):
    audio = sine(440.0, 44100, 30_000, 2)
    path = write_file(tmp_path / "a.wav", audio, 44100, subtype="FLOAT")
    path.write_bytes(path.read_bytes() + b"bext" + struct.pack("<I", 400) + bytes(range(200)) * 2)
    found, notes = read(path)
    np.testing.assert_array_equal(found, audio)
    assert notes == ()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero here")
def test_a_device_is_refused_since_it_may_have_no_end(tmp_path):
    (tmp_path / "zero.wav").symlink_to("/dev/zero")
    with pytest.raises(AudioFileError, match=r"cannot read .*zero\.wav: it is a device; give a file or a pipe"):
        read(tmp_path / "zero.wav")


def test_a_pipe_is_read_whole(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes((DATA / "vbr_noxing.mp3").read_bytes()))
    writer.start()
    found, notes = read(tmp_path / "pipe")
    writer.join()
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


PICTURE = ("-f", "lavfi", "-i", "testsrc=d=2:s=64x64:r=5")
needs_ffmpeg = pytest.mark.skipif(not ffmpeg.installed(), reason="ffmpeg is not installed")


def convert(*arguments: object) -> None:
    """Let ffmpeg make a file, or skip where it was built without the encoder."""
    done = subprocess.run(["ffmpeg", "-y", "-v", "error", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60)
    if "Unknown encoder" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr


@needs_ffmpeg
@pytest.mark.parametrize(("name", "options"), [
    ("a.m4a", ("-c:a", "aac", "-b:a", "192k")), ("a.aac", ("-c:a", "aac", "-b:a", "192k")), ("a.wma", ()),
    ("a.webm", ("-c:a", "libopus")), ("a.ac3", ("-b:a", "320k")), ("a.mp2", ("-b:a", "320k"))])
def test_other_formats_come_through_ffmpeg(tmp_path, name, options):
    audio = sine(440.0, 48000, 96_000, 2)
    convert("-i", write_file(tmp_path / "a.wav", audio, 48000), *options, tmp_path / name)
    found, notes = read(tmp_path / name)
    assert abs(found.shape[1] - 96_000) < 5000
    assert notes == ()
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(np.sqrt(np.mean(np.square(audio))), rel=0.1)


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.m4a", "a.wv", "a.tta", "video.mp4", "video.mkv"])
def test_lossless_tracks_of_containers_and_video_come_through_to_the_sample(tmp_path, name):
    audio = (np.round(noise() * 0.5 * 2**15) / 2**15).astype(np.float32)
    source = tmp_path / "a.wav"
    soundfile.write(source, audio.T, 44100, subtype="PCM_16")
    codec = {".m4a": "alac", ".wv": "wavpack", ".tta": "tta", ".mp4": "alac", ".mkv": "flac"}[Path(name).suffix]
    picture = PICTURE if name.startswith("video") else ()
    convert(*picture, "-i", source, "-c:a", codec, tmp_path / name)
    found, notes = read(tmp_path / name)
    assert notes == ()
    np.testing.assert_allclose(found, audio, rtol=0, atol=1e-6)


@needs_ffmpeg
def test_the_first_of_several_tracks_is_taken_and_aac_is_aligned(tmp_path):
    audio = [0.1 * np.random.default_rng(seed).standard_normal((2, 44_100)).astype(np.float32) for seed in (1, 2)]
    first, second = (write_file(tmp_path / f"{index}.wav", one, 44100) for index, one in enumerate(audio))
    convert("-i", first, "-i", second, "-map", "0", "-map", "1", "-c:a", "aac", "-b:a", "256k", tmp_path / "a.mp4")
    found, _ = read(tmp_path / "a.mp4")
    likeness = [[float(np.dot(found[0, 4000 + lag:34_000 + lag], one[0, 4000:34_000])) for lag in range(-2200, 2200)]
                for one in audio]
    assert np.argmax(likeness[0]) == 2200
    assert max(likeness[0]) > 5.0 * np.max(np.abs(likeness[1]))


@needs_ffmpeg
def test_a_video_without_sound_says_so(tmp_path):
    convert(*PICTURE, "-c:v", "mpeg4", tmp_path / "silent.mp4")
    with pytest.raises(AudioFileError, match="holds no sound: ffmpeg finds no sound track"):
        AudioReader(tmp_path / "silent.mp4")


@needs_ffmpeg
def test_a_playlist_in_disguise_leads_nowhere(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        for text in (f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
                     f"ffconcat version 1.0\nfile '{url}'\n"):
            (tmp_path / "song.m4a").write_text(text)
            with pytest.raises(AudioFileError):
                list(AudioReader(tmp_path / "song.m4a").blocks())
        with pytest.raises(TimeoutError):
            server.accept()


def test_without_ffmpeg_a_sentence_says_what_would_read_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    with pytest.raises(AudioFileError, match="where ffmpeg is installed"):
        AudioReader(tmp_path / "a.m4a")


@pytest.mark.parametrize("left", [1, 200, 2764, 4095, 4096])
@pytest.mark.parametrize("channels", [1, 2])
def test_flac_that_ends_in_silence_is_whole(tmp_path: Path, left: int, channels: int) -> None:
    """Its last frame has fewer bytes than the longest header."""
    sound = np.zeros((2 * 4096 + left, channels), np.float32)
    sound[:4096] = np.random.default_rng(7).uniform(-0.5, 0.5, (4096, channels))
    soundfile.write(tmp_path / "quiet.flac", sound, 44100, subtype="PCM_16")
    heard, notes = read(tmp_path / "quiet.flac")
    assert (heard.shape, notes) == (sound.T.shape, ())
