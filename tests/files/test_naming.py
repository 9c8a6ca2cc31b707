"""Names of results: nobody else's, inside their folder, the same in every run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rtsep.audio.encodings import Encoding
from rtsep.audio.files import STDIN
from rtsep.audio.outputs import remove_abandoned, temporary_name
from rtsep.audio.writer import AudioWriter
from rtsep.errors import AudioFileError, ConfigError
from rtsep.files.naming import TEMPLATE, Naming, Plan, Planner, track_name


def naming(folder: Path, template: str = TEMPLATE, model: str = "stage", overwrite: bool = False) -> Naming:
    return Naming(folder, template, model, ("guitar", "rest"), Encoding(), overwrite=overwrite)


def plan(rule: Naming, *sources: Path) -> list[Plan]:
    planner = Planner(rule, sources)
    return [planner.plan(source) for source in sources]


def make(made: Plan) -> None:
    """Write what is planned."""
    for stem, path in made.paths.items():
        with AudioWriter(path, 44100, 1, 10, tags=made.tags(stem)) as writer:
            writer.write(np.zeros((1, 10), np.float32))


def folders(plans: list[Plan]) -> list[str]:
    return [made.paths["guitar"].parent.name for made in plans]


def test_files_of_one_name_get_numbers_whatever_else_is_named(tmp_path):
    sources = [Path("a/Song.wav"), Path("b/song.mp3"), Path("song.wav"), Path("other.flac"), Path("song-2.wav"),
               Path("...wav"), Path("...")]
    assert folders(plan(naming(tmp_path), *sources)) == ["Song", "song-2", "song-3", "other", "song-2-2", "wav",
                                                         "track"]


def test_a_later_run_finds_its_own_results_and_leaves_those_of_others(tmp_path):
    first, second = tmp_path / "x" / "song.wav", tmp_path / "y" / "song.wav"
    make(plan(naming(tmp_path), first)[0])
    (other,) = plan(naming(tmp_path), second)
    assert (folders([other]), other.finished) == (["song-2"], False)
    make(other)
    found = plan(naming(tmp_path), second, first)
    assert folders(found) == ["song-2", "song"]
    assert [made.finished for made in found] == [True, True]


def test_results_that_are_not_complete_are_made_again(tmp_path):
    (made,) = plan(naming(tmp_path), Path("song.wav"))
    make(made)
    made.paths["rest"].unlink()
    (again,) = plan(naming(tmp_path), Path("song.wav"))
    assert (again.paths, again.finished, again.ours) == (made.paths, False, True)


def test_results_made_in_another_way_are_kept_unless_told_otherwise(tmp_path):
    (made,) = plan(naming(tmp_path), Path("song.wav"))
    make(made)
    with pytest.raises(AudioFileError, match=r"made in another way .model stage.*: it is kept; --overwrite"):
        plan(naming(tmp_path, model="ultra"), Path("song.wav"))
    (again,) = plan(naming(tmp_path, model="ultra", overwrite=True), Path("song.wav"))
    assert (again.paths, again.finished) == (made.paths, False)


def test_a_rest_without_another_stem_is_another_result(tmp_path):
    rule = Naming(tmp_path, TEMPLATE, "stage", ("rest",), Encoding(), without=("guitar",))
    make(plan(rule, Path("song.wav"))[0])
    with pytest.raises(AudioFileError, match=r"without guitar.: it is kept; --overwrite"):
        plan(replace(rule, without=("drums",)), Path("song.wav"))
    beside = replace(rule, stems=("guitar", "rest"))
    assert plan(beside, Path("song.wav"))[0].ours


def test_results_are_kept_and_not_called_finished_if_their_source_has_changed(tmp_path):
    source = tmp_path / "song.wav"
    source.write_bytes(b"a mix")
    make(plan(naming(tmp_path), source)[0])
    assert plan(naming(tmp_path), source)[0].finished
    os.utime(source, (1, 1))
    with pytest.raises(AudioFileError, match="before that was changed: it is kept"):
        plan(naming(tmp_path), source)


def test_every_stream_is_another_source(tmp_path):
    make(plan(naming(tmp_path), STDIN)[0])
    assert folders(plan(naming(tmp_path, overwrite=True), STDIN)) == ["stdin-2"]


@pytest.mark.parametrize(("overwrite", "name"), [(False, "song-2"), (True, "song")])
def test_foreign_files_keep_their_names_unless_told_otherwise(tmp_path, overwrite, name):
    (tmp_path / "song").mkdir()
    (tmp_path / "song" / "guitar.wav").write_bytes(b"recorded by hand")
    assert folders(plan(naming(tmp_path, overwrite=overwrite), Path("song.wav"))) == [name]


@pytest.mark.parametrize("overwrite", [False, True])
def test_no_result_is_a_source_of_the_run(tmp_path, overwrite):
    (tmp_path / "mix").mkdir()
    guitar = tmp_path / "mix" / "guitar.wav"
    guitar.write_bytes(b"a source")
    (tmp_path / "link.wav").hardlink_to(guitar)
    plans = plan(naming(tmp_path, overwrite=overwrite), tmp_path / "mix.wav", tmp_path / "link.wav")
    assert folders(plans) == ["mix-2", "link"]


def test_a_run_that_goes_on_keeps_its_names(tmp_path):
    with AudioWriter(tmp_path / "song" / "guitar.wav", 44100, 1, 10):
        assert folders(plan(naming(tmp_path), Path("x/song.wav"))) == ["song-2"]


def test_a_run_that_was_killed_leaves_its_names_and_no_files(tmp_path):
    path = tmp_path / "song" / "guitar.wav"
    code = ("import os, sys; from rtsep.audio.writer import AudioWriter\n"
            "writer = AudioWriter(sys.argv[1], 44100, 1, 10); os.kill(os.getpid(), 9)")
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, path], cwd=root, timeout=60, check=False)
    with AudioWriter(path, 44100, 1, 10) as goes_on:
        (left,) = (part for part in path.parent.iterdir() if part != goes_on.part)
        os.utime(left, (0, 0))
        os.utime(goes_on.part, (0, 0))
        assert folders(plan(naming(tmp_path), Path("song.wav"))) == ["song-2"]
        remove_abandoned(path)
        assert list(path.parent.iterdir()) == [goes_on.part]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_pipe_of_a_name_is_not_waited_for(tmp_path, overwrite):
    (tmp_path / "song").mkdir()
    os.mkfifo(tmp_path / "song" / "guitar.wav")
    found = folders(plan(naming(tmp_path, overwrite=overwrite), Path("song.wav")))
    assert found == ["song" if overwrite else "song-2"]


def test_a_name_is_free_after_its_run_was_killed(tmp_path):
    path = tmp_path / "song" / "guitar.wav"
    path.parent.mkdir()
    left = temporary_name(path)
    left.touch()
    os.utime(left, (0, 0))
    assert folders(plan(naming(tmp_path), Path("song.wav"))) == ["song"]


@pytest.mark.parametrize("template", ["{track}_{stem}.{ext}", "{model}/{stem}/{track}.{ext}"])
def test_templates_give_other_names(tmp_path, template):
    (made,) = plan(naming(tmp_path, template), Path("song.wav"))
    assert made.paths["rest"] == tmp_path / template.format(track="song", stem="rest", ext="wav", model="stage")


@pytest.mark.parametrize(("template", "words"), [
    ("../{stem}", "leads out of"), ("/tmp/{stem}", "leads out of"), ("{track}", "put {stem} into it"),
    ("{song}/{stem}", "has a field {song}"), ("{stem", "cannot be read"), ("{stem.__class__}", "has a field"),
    ("{stem}/..", "leads out of"), ("{stem:>99999999}", "a field with a format"), ("{stem!r}", "with a format")])
def test_templates_that_cannot_be_used_are_explained(tmp_path, template, words):
    with pytest.raises(ConfigError, match=words):
        naming(tmp_path, template)


def test_a_template_without_a_place_for_a_number_takes_one_source(tmp_path):
    with pytest.raises(AudioFileError, match=r"put \{track\} into"):
        plan(naming(tmp_path, "{stem}.{ext}"), Path("a.wav"), Path("b.wav"))


def test_names_of_tracks():
    assert track_name(Path("a/b.c.wav")) == "b.c"
    assert track_name(Path("x" * 300 + ".wav")) == "x" * 200
    assert track_name(Path("-")) == "stdin"


@pytest.mark.parametrize(("template", "picture"), [
    (TEMPLATE, "a/spectrograms.png"), ("{track}_{stem}.{ext}", "a_spectrograms.png"),
    ("{stem}/{track}.{ext}", "spectrograms/a.png"), ("{model}/{track} ({stem}).wav", "stage/a (spectrograms).png")])
def test_a_picture_is_named_like_a_stem(tmp_path: Path, template: str, picture: str) -> None:
    (made,) = plan(naming(tmp_path, template), Path("a.wav"))
    assert made.picture == tmp_path / picture


def test_a_picture_of_somebody_else_is_kept_and_ours_is_replaced(tmp_path: Path) -> None:
    (made,) = plan(naming(tmp_path), Path("a.wav"))
    made.picture.parent.mkdir()
    made.picture.write_text("somebody's")
    assert plan(naming(tmp_path), Path("a.wav"))[0].picture.name == "spectrograms-2.png"
    assert plan(naming(tmp_path, overwrite=True), Path("a.wav"))[0].picture.name == "spectrograms.png"
    make(made)
    assert plan(naming(tmp_path), Path("a.wav"))[0].picture.name == "spectrograms.png"
