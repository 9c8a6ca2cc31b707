"""What people type who come from other separators."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

from tests.cli.test_separate import COMMAND, environment, separate, song, tree


@pytest.fixture
def loud(tmp_path) -> Path:
    noise = np.random.default_rng(2).uniform(-1.6, 1.6, (20_000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "loud.wav", noise, 44100, subtype="FLOAT")
    return tmp_path / "loud.wav"


@pytest.mark.parametrize(("options", "ext", "subtype"), [
    (["--flac"], "flac", "PCM_24"), (["--mp3", "--bitrate", "192"], "mp3", "MPEG_LAYER_III"),
    (["--format", "ogg"], "ogg", "VORBIS"), (["--format", "opus"], "opus", "OPUS"), (["--int24"], "wav", "PCM_24"),
    (["--int16"], "wav", "PCM_16"), (["--float32"], "wav", "FLOAT"), (["--flac", "--int16"], "flac", "PCM_16")])
def test_formats(tmp_path, tiny_model, options, ext, subtype):
    done = separate(tmp_path, song(tmp_path / "a.wav"), "-n", tiny_model, "-o", "out", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(tmp_path / "out") == [f"a/{stem}.{ext}" for stem in ("drums", "guitar", "other")]
    info = soundfile.info(tmp_path / "out" / "a" / f"guitar.{ext}")
    assert info.subtype == subtype
    assert info.duration == pytest.approx(0.5, abs=0.001 if ext != "mp3" else 0.06)


def test_stems_of_an_integer_format_sum_to_the_file(tmp_path, tiny_model):
    source = song(tmp_path / "a.wav")
    separate(tmp_path, source, "-n", tiny_model, "-o", "out", "--int24")
    total = sum(soundfile.read(tmp_path / "out" / "a" / f"{stem}.wav")[0] for stem in ("drums", "guitar", "other"))
    assert np.abs(total - soundfile.read(source)[0]).max() < 1e-5


def test_rescaled_stems_keep_their_balance_and_it_is_said(tmp_path, tiny_model, loud):
    separate(tmp_path, loud, "-n", tiny_model, "-o", "float")
    done = separate(tmp_path, loud, "-n", tiny_model, "-o", "out", "--int24")
    assert "all stems are turned down by" in done.stdout
    stems = [(soundfile.read(tmp_path / "float" / "loud" / f"{stem}.wav")[0],
              soundfile.read(tmp_path / "out" / "loud" / f"{stem}.wav")[0]) for stem in ("drums", "guitar", "other")]
    gain = 0.9999 / max(np.abs(true).max() for true, _ in stems)
    assert gain < 1
    for true, found in stems:
        assert np.abs(found - gain * true).max() < 1e-5


def test_clamped_stems_are_counted(tmp_path, tiny_model, loud):
    done = separate(tmp_path, loud, "-n", tiny_model, "-o", "out", "--int16", "--clip", "clamp")
    assert "frames above full scale were limited to it" in done.stdout


def test_folders_options_in_any_order_and_two_stems(tmp_path, tiny_model):
    song(tmp_path / "album" / "2.wav")
    song(tmp_path / "album" / "live" / "1.flac")
    done = separate(tmp_path, "--two-stems", "guitar", "-n", tiny_model, "album", "-o", "out", "-r", "--jobs", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(tmp_path / "out") == ["1/guitar.wav", "1/rest.wav", "2/guitar.wav", "2/rest.wav"]
    assert [line.split(" -> ")[0] for line in done.stdout.splitlines()] == ["album/2.wav", "album/live/1.flac"]


def test_removed_stems_leave_one_file(tmp_path, tiny_model):
    source = song(tmp_path / "a.wav")
    separate(tmp_path, source, "-n", tiny_model, "-o", "all")
    done = separate(tmp_path, source, "-n", tiny_model, "-o", "out", "--remove", "guitar", "--remove", "drums")
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(tmp_path / "out") == ["a/rest.wav"]
    rest, other = (soundfile.read(tmp_path / name)[0] for name in ("out/a/rest.wav", "all/a/other.wav"))
    assert np.abs(rest - other).max() < 1e-6


def test_a_second_run_skips_what_is_finished_and_keeps_names_apart(tmp_path, tiny_model):
    for name in ("x", "y"):
        separate(tmp_path, song(tmp_path / name / "song.wav", 0.2), "-n", tiny_model, "-o", "out", "--stems", "guitar")
    assert tree(tmp_path / "out") == ["song-2/guitar.wav", "song/guitar.wav"]
    before = (tmp_path / "out/song-2/guitar.wav").stat().st_mtime_ns
    done = separate(tmp_path, "y/song.wav", "-n", tiny_model, "-o", "out", "--stems", "guitar")
    assert "is separated already, in out/song-2" in done.stdout
    assert (tmp_path / "out/song-2/guitar.wav").stat().st_mtime_ns == before
    separate(tmp_path, "y/song.wav", "-n", tiny_model, "-o", "out", "--stems", "guitar", "--overwrite")
    assert (tmp_path / "out/song-2/guitar.wav").stat().st_mtime_ns > before


def test_names_after_a_template(tmp_path, tiny_model):
    source = song(tmp_path / "a.wav", 0.1)
    assert separate(tmp_path, source, "-n", tiny_model, "-o", "out", "--filename", "{stem}/{track} ({model}).{ext}",
                    "--flac").returncode == 0
    assert tree(tmp_path / "out") == [f"{stem}/a (tiny).flac" for stem in ("drums", "guitar", "other")]
    done = separate(tmp_path, source, "-n", tiny_model, "-o", "out", "--filename", "../{stem}.{ext}")
    assert done.returncode == 1
    assert "leads out of out" in done.stderr


def test_tags_are_kept(tmp_path, tiny_model):
    source = song(tmp_path / "a.flac")
    file = mutagen.File(source)
    file["title"], file["artist"] = "Song", "Band"
    file.save()
    separate(tmp_path, source, "-n", tiny_model, "-o", "out", "--mp3")
    tags = mutagen.File(tmp_path / "out" / "a" / "drums.mp3").tags
    assert (str(tags["TIT2"]), str(tags["TPE1"])) == ("Song", "Band")
    assert "is separated already" in separate(tmp_path, source, "-n", tiny_model, "-o", "out", "--mp3").stdout


def test_standard_input_and_output(tmp_path, tiny_model):
    source = song(tmp_path / "a.wav")
    done = subprocess.run([*COMMAND, "-", "-n", tiny_model, "--stems", "guitar", "-o", "-", "--flac"], cwd=tmp_path,
                          input=source.read_bytes(), capture_output=True, check=True, env=environment(), timeout=120)
    sound, samplerate = soundfile.read(io.BytesIO(done.stdout))
    assert (sound.shape, samplerate) == ((22050, 2), 44100)
    assert tree(tmp_path) == ["a.wav"]
    refused = separate(tmp_path, source, "-n", tiny_model, "-o", "-")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "one stem of one file" in refused.stderr


def test_a_summary_and_a_dry_run(tmp_path, tiny_model):
    source = song(tmp_path / "a.wav")
    dry = separate(tmp_path, source, "-n", tiny_model, "-o", "out", "--dry-run")
    assert "out/a/guitar.wav" in dry.stdout
    assert not (tmp_path / "out").exists()
    done = separate(tmp_path, source, "missing.wav", "-n", tiny_model, "-o", "out", "--json")
    assert done.returncode == 1
    first, second = json.loads(done.stdout)["files"]
    assert (first["status"], first["frames"], first["samplerate"]) == ("separated", 22050, 44100)
    assert (tmp_path / first["outputs"]["guitar"]).is_file()
    assert second["status"] == "failed"
    assert second["error"].startswith("no file missing.wav")


def test_a_picture_of_standard_input_has_its_stems(tmp_path, tiny_model):
    pytest.importorskip("matplotlib")
    with song(tmp_path / "a.wav").open("rb") as given:
        done = separate(tmp_path, "-", "-n", tiny_model, "-o", "out", "--plot", stdin=given)
    assert (done.returncode, done.stderr) == (0, "")
    assert "stdin/spectrograms.png" in tree(tmp_path / "out")


def test_a_picture(tmp_path, tiny_model):
    pytest.importorskip("matplotlib")
    done = separate(tmp_path, song(tmp_path / "a.wav"), "-n", tiny_model, "-o", "out", "--plot")
    assert (done.returncode, done.stderr) == (0, "")
    assert [name for name in tree(tmp_path / "out") if name.endswith(".png")] == ["a/spectrograms.png"]
    assert (tmp_path / "out/a/spectrograms.png").stat().st_size > 10_000


def test_a_picture_has_the_folder_that_its_name_asks_for(tmp_path, tiny_model):
    pytest.importorskip("matplotlib")
    done = separate(tmp_path, song(tmp_path / "a.wav"), "-n", tiny_model, "-o", "out", "--plot", "--filename",
                    "{stem}/{track}.{ext}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "spectrograms/a.png" in tree(tmp_path / "out")


@pytest.mark.parametrize("form", ["FLAC", ".flac"])
def test_a_format_is_known_as_people_write_it(tmp_path, tiny_model, form):
    done = separate(tmp_path, song(tmp_path / "a.wav", 0.1), "-n", tiny_model, "--format", form, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(".flac") == 3


@pytest.mark.parametrize(("options", "words"), [
    (["--format", "xm"], "no format 'xm'"), (["--mp3", "--int24"], "mp3 does not store int24"),
    (["--flac", "--bitrate", "320"], "flac has no bit rate"), (["--clip", "hard"], "clip is 'hard'"),
    (["--jobs", "0"], "jobs is 0"), (["--filename", "{song}.wav"], "has a field {song}")])
def test_wrong_options_are_one_sentence_before_any_work(tmp_path, tiny_model, options, words):
    done = separate(tmp_path, song(tmp_path / "a.wav", 0.1), "-n", tiny_model, *options)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert tree(tmp_path) == ["a.wav"]
