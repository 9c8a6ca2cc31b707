"""Tags and covers, from every format to every format."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile
from mutagen.flac import Picture

from rtsep.files.tags import Tags, read_tags, write_tags

WORDS = {"title": ["Élan"], "artist": ["One", "Two"], "album": ["All"], "date": ["2024"], "tracknumber": ["3/9"]}
PNG = bytes.fromhex("89504e470d0a1a0a") + b"picture" * 40
FORMATS = [("wav", "WAV", "FLOAT"), ("flac", "FLAC", "PCM_24"), ("mp3", "MP3", "MPEG_LAYER_III"),
           ("ogg", "OGG", "VORBIS"), ("opus", "OGG", "OPUS"), ("aiff", "AIFF", "PCM_16")]


def cover() -> Picture:
    picture = Picture()
    picture.data, picture.mime, picture.type = PNG, "image/png", 3
    return picture


def sound(path: Path, form: str, subtype: str, comment: str = "") -> Path:
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, (48000, 2))
    with soundfile.SoundFile(path, "w", 48000, 2, format=form, subtype=subtype) as file:
        if comment:
            file.comment = comment
        for piece in np.array_split(noise, 20):
            file.write(piece)
    return path


@pytest.mark.parametrize(("suffix", "form", "subtype"), FORMATS)
def test_what_was_written_is_read_again_and_the_sound_stays(tmp_path, suffix, form, subtype):
    path = sound(tmp_path / f"x.{suffix}", form, subtype)
    before = soundfile.read(path)[0]
    assert not read_tags(path)
    assert write_tags(path, Tags(WORDS, cover()))
    found = read_tags(path)
    assert found.words == WORDS
    assert (found.cover.data, found.cover.mime, found.cover.type) == (PNG, "image/png", 3)
    np.testing.assert_array_equal(soundfile.read(path)[0], before)


@pytest.mark.parametrize(("suffix", "form", "subtype"), FORMATS[:-1])
def test_what_a_result_says_of_itself_stays(tmp_path, suffix, form, subtype):
    path = sound(tmp_path / f"x.{suffix}", form, subtype, comment="made by rtsep")
    assert write_tags(path, Tags(WORDS, cover()))
    assert soundfile.SoundFile(path).comment == "made by rtsep"


def test_an_m4a_gives_its_tags_and_cover(tmp_path):
    path = tmp_path / "x.m4a"
    made = subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=0.2", str(path)], check=False)
    if made.returncode:
        pytest.skip("this ffmpeg makes no m4a")
    file = mutagen.File(path)
    file["\xa9nam"], file["\xa9ART"], file["trkn"] = ["Élan"], ["One"], [(3, 9)]
    file["covr"] = [mutagen.mp4.MP4Cover(PNG, mutagen.mp4.MP4Cover.FORMAT_PNG)]
    file.save()
    found = read_tags(path)
    assert found.words == {"title": ["Élan"], "artist": ["One"], "tracknumber": ["3/9"]}
    assert (found.cover.data, found.cover.mime) == (PNG, "image/png")


def test_files_without_readable_tags_have_none(tmp_path):
    (tmp_path / "x.mp3").write_bytes(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\xff" * 100)
    (tmp_path / "text").write_text("no sound")
    assert not read_tags(tmp_path / "x.mp3")
    assert not read_tags(tmp_path / "text")
    assert not read_tags(tmp_path / "missing.flac")
    assert write_tags(tmp_path / "text", Tags(WORDS))  # which takes none
    assert (tmp_path / "text").read_text() == "no sound"


def test_a_pipe_is_not_opened_again(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert not read_tags(tmp_path / "pipe")


@pytest.mark.parametrize(("suffix", "form", "subtype"), FORMATS)
def test_a_disk_without_room_for_the_cover_keeps_the_sound(tmp_path, suffix, form, subtype):
    path = sound(tmp_path / f"x.{suffix}", form, subtype)
    before = path.read_bytes()
    picture = cover()
    picture.data = 1000 * PNG
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20_000, limits[1]))
    try:
        assert not write_tags(path, Tags(WORDS, picture))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
