"""Headers of every container, whole, cut, joined, and wrong: all sound that is there, and a sentence on what is not."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.audio.files import AudioReader
from rtsep.errors import AudioFileError

from .test_damage import convert, needs_ffmpeg, noise, read

FRAMES = 30_000
SOUND = (np.round(noise(1.0)[:, :FRAMES] * 2**15) / 2**15).astype(np.float32)
PCM = (SOUND.T * 2**15).astype("<i2").tobytes()
GUID = bytes.fromhex("000000001000800000aa00389b71")


def encoded(form: str, subtype: str = "PCM_16", endian: str = "FILE") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, SOUND.T, 44100, format=form, subtype=subtype, endian=endian)
    return file.getvalue()


def kept(tmp_path: Path, data: bytes, name: str = "a.wav") -> Path:
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


def form(tag: int = 1, channels: int = 2, bits: int = 16, extra: bytes = b"", frame: int | None = None) -> bytes:
    size = channels * bits // 8 if frame is None else frame
    return struct.pack("<HHIIHH", tag, channels, 44100, 44100 * size, size, bits) + extra


def wav(head: bytes = form(), sound: bytes = PCM, before: bytes = b"", size: int | None = None) -> bytes:
    told = len(sound) if size is None else size
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + before + b"data" + struct.pack("<I", told) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body


def rf64(word: bytes = b"RF64", size: int = len(PCM)) -> bytes:
    sizes = b"ds64" + struct.pack("<IQQQI", 28, len(PCM) + 72, size, size // 4, 0)
    ones = struct.pack("<I", 2**32 - 1)
    return word + ones + b"WAVE" + sizes + b"fmt " + struct.pack("<I", 16) + form() + b"data" + ones + PCM


def extensible(bits: int, tag: int, valid: int, mask: int = 3) -> bytes:
    return struct.pack("<HHIH", 22, valid, mask, tag) + GUID


CONTAINERS: dict[str, Callable[[], bytes]] = {
    "rifx": lambda: encoded("WAV", endian="BIG"), "aiff": lambda: encoded("AIFF"), "au": lambda: encoded("AU"),
    "sowt": lambda: encoded("AIFF", endian="LITTLE"), "w64": lambda: encoded("W64"), "caf": lambda: encoded("CAF"),
    "rf64": rf64, "bw64": lambda: rf64(b"BW64"), "wav": wav}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_is_read_whole(tmp_path, name):
    found, notes = read(kept(tmp_path, CONTAINERS[name]()))
    np.testing.assert_array_equal(found, SOUND)
    assert notes == ()


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("share", [0.5, 0.97])
def test_a_container_that_is_cut_says_so(tmp_path, name, share):
    data = CONTAINERS[name]()
    found, notes = read(kept(tmp_path, data[:int(len(data) * share)]))
    frames = found.shape[1]
    assert frames == pytest.approx(FRAMES * share, abs=1100)
    np.testing.assert_array_equal(found, SOUND[:, :frames])
    assert len(notes) == 1
    assert "earlier than its header says" in notes[0]


@pytest.mark.parametrize("name", CONTAINERS)
def test_joined_containers_are_read_to_the_end_of_the_last(tmp_path, name):
    found, notes = read(kept(tmp_path, CONTAINERS[name]() * 2))
    np.testing.assert_array_equal(found, np.concatenate([SOUND, SOUND], axis=1))
    assert notes == ()


@pytest.mark.parametrize("size", [0, 2**32 - 1])
def test_an_au_file_of_unknown_length_is_read_to_its_end(tmp_path, size):
    data = encoded("AU")
    found, notes = read(kept(tmp_path, data[:8] + struct.pack(">I", size) + data[12:]))
    np.testing.assert_array_equal(found, SOUND)
    assert notes == ()


def test_an_aiff_file_that_counts_more_frames_than_it_holds_says_so(tmp_path):
    data = bytearray(encoded("AIFF"))
    place = data.index(b"COMM") + 10
    data[place:place + 4] = struct.pack(">I", 2 * FRAMES)
    found, notes = read(kept(tmp_path, bytes(data)))
    np.testing.assert_array_equal(found, SOUND)
    assert notes == ("the file is cut short: it ends at 0:00.68, 0.7 s earlier than its header says",)


@pytest.mark.parametrize(("data", "words"), [
    (wav(form(0xFFFE, extra=extensible(16, 1, 16))), None),
    (wav(form(0xFFFE, extra=extensible(16, 1, 16, mask=0))), None),
    (wav(form(3, bits=64), SOUND.T.astype("<f8").tobytes()), None),
    (wav(form(extra=b"\0\0")), None),
    (wav(form(frame=0)), None),
    (wav(before=b"LIST\5\0\0\0INFOx"), None),
    (wav(before=b"LIST\5\0\0\0INFOx\0"), None),
    (wav() + b"TAG" + b"x" * 125, None),
    (wav() + b"ID3\3\0\0\0\0\x0f\x76" + bytes(2038), None),
    (wav(sound=PCM[:-1], size=2**32 - 1), "the file is cut short at 0:00.68: its last frame of sound is incomplete"),
    (wav(size=len(PCM) + 400), "the file is cut short: it ends at 0:00.68, 2.3 ms earlier than its header says"),
], ids=["extensible", "no mask", "doubles", "longer form", "no frame size", "odd chunk", "padded chunk", "tag", "id3",
        "half a frame", "2 ms"])
def test_headers_that_people_have(tmp_path, data, words):
    found, notes = read(kept(tmp_path, data))
    np.testing.assert_array_equal(found, SOUND[:, :found.shape[1]])
    assert FRAMES - found.shape[1] == (1 if words and "incomplete" in words else 0)
    assert notes == (() if words is None else (words,))


@pytest.mark.parametrize(("told", "tail", "words"), [
    (FRAMES, b"", None), (0, b"", None), (FRAMES // 2, b"", None), (FRAMES, b"TAG" + b"y" * 125, None),
    (FRAMES, bytes(range(256)) * 10, None), (0, b"TAG" + b"y" * 125, None),
    (2 * FRAMES, b"", "the file is cut short: it ends at 0:00.68, 0.7 s earlier than its header says")])
def test_flac_is_read_to_the_end_of_its_last_frame(tmp_path, told, tail, words):
    data = bytearray(encoded("FLAC"))
    data[21:26] = (data[21] >> 4 << 36 | told).to_bytes(5, "big")
    found, notes = read(kept(tmp_path, bytes(data) + tail, "a.flac"))
    np.testing.assert_array_equal(found, SOUND)
    assert notes == (() if words is None else (words,))


def pages(data: bytes) -> list[int]:
    """Places of all pages of an Ogg file, and its end."""
    return [place for place in range(len(data) - 4) if data[place:place + 4] == b"OggS"] + [len(data)]


def test_ogg_without_its_last_page_says_so(tmp_path):
    data = encoded("OGG", "VORBIS")
    found, notes = read(kept(tmp_path, data[:pages(data)[-2] + 100], "a.ogg"))
    assert 5000 < found.shape[1] < FRAMES
    assert len(notes) == 1
    assert notes[0].endswith("its last page is missing")


@pytest.mark.parametrize("lost", ["page", "noise"])
def test_a_damaged_page_of_ogg_costs_that_page(tmp_path, lost):
    file = io.BytesIO()
    sound = np.tile(SOUND, (1, 6))
    soundfile.write(file, sound.T, 44100, format="OGG", subtype="VORBIS")
    data = file.getvalue()
    places = pages(data)
    middle = len(places) // 2
    start, end = places[middle], places[middle + 1]
    data = data[:start + 50] + (data[end - 10:] if lost == "page" else b"\x55" * 99 + data[start + 149:])
    found, notes = read(kept(tmp_path, data, "a.ogg"))
    frames = sound.shape[1]
    assert frames - 50_000 < found.shape[1] < frames - 5000
    np.testing.assert_allclose(found[:, -8000:], sound[:, -8000:], rtol=0, atol=0.1)
    assert len(notes) == 1
    assert "damaged bytes at 0:0" in notes[0]


@needs_ffmpeg
@pytest.mark.parametrize("size", [b"\x7f\x7f\x7f\x7f", b"\0\x7f\x7f\x7f"])
def test_a_tag_larger_than_its_file_hides_no_sound(tmp_path, size):
    source = kept(tmp_path, wav())
    convert("-i", source, "-id3v2_version", "0", tmp_path / "a.mp3")
    found, notes = read(kept(tmp_path, b"ID3\4\0\0" + size + bytes(99) + (tmp_path / "a.mp3").read_bytes(), "b.mp3"))
    assert found.shape == SOUND.shape
    assert notes == ()


@pytest.fixture
def damaged_mp3(tmp_path: Path) -> bytearray:
    convert("-i", kept(tmp_path, wav(sound=PCM * 3)), "-q:a", "2", tmp_path / "a.mp3")
    return bytearray((tmp_path / "a.mp3").read_bytes())


@needs_ffmpeg
def test_damaged_frames_of_mp3_are_told_once(tmp_path, damaged_mp3):
    middle = len(damaged_mp3) // 2
    damaged_mp3[middle:middle + 4000] = np.random.default_rng(0).bytes(4000)
    found, notes = read(kept(tmp_path, bytes(damaged_mp3), "a.mp3"))
    assert found.shape[1] > 2.5 * FRAMES
    assert len(notes) == 1
    assert "damaged bytes at" in notes[0]


@needs_ffmpeg
def test_what_a_decoder_thinks_of_damage_stays_off_the_terminal(tmp_path, damaged_mp3, capfd):
    rng = np.random.default_rng(1)
    for place in rng.integers(2000, len(damaged_mp3), 60):
        damaged_mp3[place] = rng.integers(256)
    read(kept(tmp_path, bytes(damaged_mp3), "a.mp3"))
    assert capfd.readouterr() == ("", "")


def test_an_empty_file_is_called_empty(tmp_path):
    with pytest.raises(AudioFileError, match="is empty: it has 0 bytes"):
        AudioReader(kept(tmp_path, b""))


def test_a_second_chunk_of_sound_is_told(tmp_path: Path) -> None:
    data = wav() + b"LIST" + struct.pack("<I", 4) + b"INFO" + b"data" + struct.pack("<I", 400) + PCM[:400]
    sound, notes = read(kept(tmp_path, data))
    np.testing.assert_array_equal(sound, SOUND)
    place = len(data) - 408
    assert notes == (f"another chunk of sound (400 bytes) follows the first, at byte {place}: it is left out",)


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM", "GSM610"])
def test_packed_sound_that_is_cut_says_so(tmp_path: Path, subtype: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, SOUND[:1].T, 44100, format="WAV", subtype=subtype)
    data = file.getvalue()
    assert read(kept(tmp_path, data))[1] == ()
    sound, notes = read(kept(tmp_path, data[:len(data) // 2]))
    assert 0.4 * FRAMES < sound.shape[-1] < 0.6 * FRAMES
    assert len(notes) == 1
    assert notes[0].startswith("the file is cut short: it ends at 0:00.")


@needs_ffmpeg
def test_a_second_mp4_file_is_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", SOUND.T, 44100)
    convert("-i", tmp_path / "a.wav", tmp_path / "a.m4a")
    data = (tmp_path / "a.m4a").read_bytes()
    assert read(tmp_path / "a.m4a")[1] == ()
    _, notes = read(kept(tmp_path, data + data, "b.m4a"))
    assert notes == (f"another file begins at byte {len(data)}: it is left out",)
