"""Protocols: the paper's mixtures, split and clips, and the article's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtsep.errors import ConfigError
from training.corpora.detect import open_corpus
from training.corpora.songs import Song
from training.evaluation.clips import paper_clips, paper_parts, protocol_of, whole_clips
from training.evaluation.stem_clips import MIXTURES, stem_clips

SAMPLERATE = 44100
RNG = np.random.default_rng(1)
STEMS = ("drums", "guitar", "bass", "other", "vocals")


class Shelf:
    """A corpus in memory."""

    def __init__(self, songs: list[Song], guitar: bool = True, **splits: list[str]) -> None:
        self.songs = {song.name: song for song in songs}
        self.splits = splits or {"all": list(self.songs)}
        self.has_guitar_stems = guitar

    def stems_of(self, name: str) -> set[str]:
        return set(self.songs[name].stems)

    def read(self, name: str) -> Song:
        if name == "broken":
            raise ConfigError("it is broken")
        return self.songs[name]


def song(name: str, seconds: float = 2.0, stems: tuple[str, ...] = STEMS) -> Song:
    frames = int(seconds * SAMPLERATE)
    return Song(name, {stem: 0.1 * RNG.standard_normal(frames).astype(np.float32) for stem in stems})


def test_the_papers_mixture_is_at_0_db_and_without_vocals(data_root: Path) -> None:
    found = open_corpus(data_root / "medleydb").read("MusicDelta_Punk")
    requested, rest = paper_parts(found, "guitar")
    assert np.sum(requested ** 2) == pytest.approx(np.sum(rest ** 2), rel=1e-3)
    np.testing.assert_allclose(rest, found.stem("drums") + found.stem("bass"), atol=1e-7)
    clips = whole_clips(found, "all")
    assert [clip.target for clip in clips] == ["guitar", "drums"]
    np.testing.assert_array_equal(clips[0].vocals, found.stem("vocals"))


def test_a_song_without_guitar_is_for_leakage_only() -> None:
    clip, = whole_clips(song("a", stems=("drums", "other")), "all")
    assert clip.target == "guitar"
    assert not clip.measurable
    assert np.any(clip.mixture)


def test_the_papers_split_is_4_and_8_songs_by_seed() -> None:
    songs = [song(f"{index:02d}", 0.1) for index in range(20)] + [song("x", 0.1, ("drums", "other"))]
    splits = [protocol_of(Shelf(songs), {}, 20.0, seed).splits for seed in (1, 1, 2)]
    assert splits[0] == splits[1] != splits[2]
    assert {split: len(names) for split, names in splits[0].items()} == {"test": 4, "train": 8}
    assert not set(splits[0]["test"]) & set(splits[0]["train"])
    assert "x" not in splits[0]["test"] + splits[0]["train"]
    few = protocol_of(Shelf(songs[:5]), {}, 20.0).splits
    assert (len(few["test"]), len(few["train"])) == (4, 1)
    with pytest.raises(ConfigError, match="none of 1 songs has electric guitar and drums"):
        protocol_of(Shelf(songs[20:]), {}, 20.0)


def test_a_song_gives_its_share_of_clips_in_which_both_sound() -> None:
    long = song("a", 31.0)
    long.stems["guitar"][4 * SAMPLERATE:6 * SAMPLERATE] = 0.0
    clips = [clip for clip in paper_clips(long, "test", 2.0, 1) if clip.target == "guitar"]
    assert len(clips) == 8  # of the paper's 30 of 4 songs
    whole = paper_clips(long, "train", 2.0, 1)
    guitar = [clip for clip in whole if clip.target == "guitar"]
    assert len(guitar) == 10
    assert all(np.sum(clip.requested ** 2) == pytest.approx(np.sum(clip.rest ** 2), rel=1e-3) for clip in whole)
    short = [clip for clip in paper_clips(song("b", 7.2), "test", 2.0, 1) if clip.target == "drums"]
    assert [clip.seconds for clip in short] == pytest.approx([2.0, 2.0, 2.0, 1.2])
    again = [clip for clip in paper_clips(long, "test", 2.0, 1) if clip.target == "guitar"]
    assert all(np.array_equal(one.requested, two.requested) for one, two in zip(clips, again, strict=True))


def test_the_article_takes_musdbs_mixtures_as_they_are() -> None:
    stems = ("drums", "bass", "vocals", "other")
    shelf = Shelf([song("a", 1.0, stems), song("b", 1.0, stems)], guitar=False, train=["a"], test=["b"])
    protocol = protocol_of(shelf, {})
    clips = list(protocol.clips(shelf, ("test",), {}))
    assert [(clip.song, clip.target) for clip in clips] == [("b", target) for target in stems]
    mixture = sum(shelf.songs["b"].stems.values())
    for clip in clips:
        np.testing.assert_allclose(clip.mixture, mixture, atol=1e-6)
        np.testing.assert_array_equal(clip.requested, shelf.songs["b"].stem(clip.target))
    assert protocol.targets(("drums", "guitar", "other")) == ("drums",)
    assert protocol.targets(("vocals", "other", "bass", "drums")) == stems
    assert protocol.targets(("guitar", "rest")) == ()
    with pytest.raises(ConfigError, match="leave --clips out"):
        protocol_of(shelf, {}, 20.0)


def test_a_song_that_cannot_be_read_is_named_and_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    shelf = Shelf([song("a", 0.5), song("broken", 0.5), song("c", 0.5)])
    skipped: dict[str, str] = {}
    clips = list(protocol_of(shelf, skipped).clips(shelf, ("all",), skipped))
    assert {clip.song for clip in clips} == {"a", "c"}
    assert skipped == {"broken": "it is broken"}
    assert "skipped broken: it is broken" in capsys.readouterr().err


def test_clips_of_stems_are_the_papers_mixtures_of_new_sounds(noise_stems: Path) -> None:
    clips = list(stem_clips(noise_stems, 0.5, seed=1))
    assert [clip.target for clip in clips] == ["guitar", "drums"] * MIXTURES
    assert {(clip.split, clip.seconds) for clip in clips} == {("train", 0.5)}
    for clip in clips:
        assert np.sum(clip.requested ** 2) == pytest.approx(np.sum(clip.rest ** 2), rel=1e-3)
        assert not np.any(clip.vocals)
    again, other = next(stem_clips(noise_stems, 0.5, seed=1)), next(stem_clips(noise_stems, 0.5, seed=2))
    np.testing.assert_array_equal(again.requested, clips[0].requested)
    assert not np.array_equal(other.requested, clips[0].requested)
    assert not np.array_equal(clips[2].requested, clips[0].requested)
