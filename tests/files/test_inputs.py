"""Words of a command line, and the files that they stand for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtsep.files.inputs import find_inputs


@pytest.fixture
def album(tmp_path, monkeypatch) -> Path:
    """Make a folder of empty files, the working folder of the test."""
    for name in ("10 last.wav", "2 second.flac", "1 first.MP3", ".hidden.wav", "cover.jpg", "live/encore.m4a",
                 "live/deep/x.ogg", ".trash/old.wav", "a[1].wav"):
        (tmp_path / "album" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "album" / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "album"


def found(*words: str, recursive: bool = False) -> list[str]:
    files, problems = find_inputs(words, recursive)
    assert not problems
    return [path.as_posix().removeprefix("album/") for path in files]


def problem(*words: str, recursive: bool = False) -> str:
    _, problems = find_inputs(words, recursive)
    assert len(problems) == 1
    return str(problems[0])


def test_a_folder_stands_for_its_sound_files_in_the_order_of_their_numbers(album):
    assert found("album") == ["1 first.MP3", "2 second.flac", "10 last.wav", "a[1].wav"]


def test_folders_inside_it_count_with_r(album):
    assert found("album", recursive=True) == ["1 first.MP3", "2 second.flac", "10 last.wav", "a[1].wav",
                                              "live/encore.m4a", "live/deep/x.ogg"]


def test_a_pattern_that_no_shell_has_replaced(album):
    assert found("album/*.wav") == ["10 last.wav", "a[1].wav"]
    assert found("album/**/*.ogg", recursive=True) == ["live/deep/x.ogg"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(album):
    assert found("album/a[1].wav") == ["a[1].wav"]


def test_files_are_taken_once_and_missing_ones_are_left_to_who_opens_them(album):
    assert found("album/cover.jpg", "nowhere.wav", "album/../album/cover.jpg", "-", "-") == [
        "cover.jpg", "nowhere.wav", "-"]


def test_playlists_name_files_from_their_own_folder(album):
    Path("lists").mkdir()
    place = album / "10 last.wav"
    Path("lists/a.m3u8").write_bytes(b"\xef\xbb\xbf#EXTM3U\r\n#EXTINF:3,x\r\n../album/2 second.flac\r\n\r\n"
                                     + place.as_uri().encode() + b"\r\n..\\album\\cover.jpg\r\nb.m3u\r\n")
    Path("lists/b.m3u").write_bytes(b"caf\xe9.wav\n../album/live\n")
    names = [os.fsencode(path) for path in find_inputs(["lists/a.m3u8"])[0]]
    assert names == [b"lists/../album/2 second.flac", os.fsencode(place), b"lists/../album/cover.jpg",
                     b"lists/caf\xe9.wav", b"lists/../album/live/encore.m4a"]


def test_what_stands_for_nothing_is_said_and_the_rest_goes_on(album):
    files, problems = find_inputs(["album/*.aiff", "album/cover.jpg"])
    assert [path.name for path in files] == ["cover.jpg"]
    assert str(problems[0]).startswith("no file fits the pattern album/*.aiff")


def test_an_empty_name_is_no_folder(album):
    assert problem("") == "an empty name stands for no file: give a file or a folder, . is this one"


def test_reasons(album):
    Path("empty").mkdir()
    assert problem("empty") == "the folder empty holds no sound files"
    Path("empty/inner").mkdir()
    assert problem("empty") == "the folder empty holds no sound files; give -r to look into the folders inside it"
    Path("loop.m3u").write_text("./loop.m3u\n")
    assert "contains itself" in problem("loop.m3u")
    Path("none.m3u").write_text("#EXTM3U\n")
    assert problem("none.m3u") == "the playlist none.m3u names no files"
    Path("radio.m3u").write_text("https://example.org/stream.mp3\n")
    assert "names https://example.org/stream.mp3" in problem("radio.m3u")
    assert len(problem("x*" * 5000)) < 300
