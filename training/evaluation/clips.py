"""Mixtures that models are measured on, cut out of songs by the references' protocols.

The paper (electric guitar, drums): the target at 0 dB against everything else but the vocals, songs or 20-s clips.
The article (MUSDB18): all stems as they are, so the mixture is the record's, vocals included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rtsep.errors import ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.corpora.detect import PAPER_SONGS, paper_split
from training.corpora.songs import Corpus, Song, read_songs

PAPER_TARGETS = ("guitar", "drums")
PAPER_CLIPS = {"test": 30, "train": 80}
ARTICLE_TARGETS = ("drums", "bass", "vocals", "other")
AUDIBLE = 1e-3  # of a part's mean power over the song: -30 dB; below, a clip at 0 dB would be all noise


@dataclass(frozen=True)
class Clip:
    """One mixture and what it is made of; every sound is (frames,).

    Parameters
    ----------
    song, split, target
        Where it comes from, the part of the corpus (`train`, `test` or `all`), and the stem that is requested.
    requested, rest
        True target and accompaniment; their sum is the mixture.
    vocals
        Vocals of the song that are not in the mixture, or silence.
    """

    song: str
    split: str
    target: str
    requested: Audio
    rest: Audio
    vocals: Audio

    @property
    def mixture(self) -> Audio:
        """What a model hears."""
        return self.requested + self.rest

    @property
    def seconds(self) -> float:
        """Length."""
        return self.requested.size / SAMPLERATE

    @property
    def measurable(self) -> bool:
        """Whether both parts sound, so that ratios of them exist."""
        return bool(np.any(self.requested) and np.any(self.rest))


@dataclass(frozen=True)
class Protocol:
    """What is measured: which songs of each split, and how clips are cut out of one.

    Parameters
    ----------
    title
        Says what the mixtures are, for tables.
    splits
        Names of the songs of each split.
    cut
        Makes the clips of a song of a split.
    article
        Whether the targets are MUSDB18's, where `other` holds the guitars.
    """

    title: str
    splits: dict[str, list[str]]
    cut: Callable[[Song, str], list[Clip]]
    article: bool = False

    def clips(self, corpus: Corpus, splits: Sequence[str], skipped: dict[str, str]) -> Iterator[Clip]:
        """Read songs one by one and cut their clips; see `read_songs` for `skipped`."""
        for split in splits:
            for song in read_songs(corpus, self.splits[split], skipped):
                yield from self.cut(song, split)

    def targets(self, stems: Sequence[str]) -> tuple[str, ...]:
        """Stems of a model that mean what the protocol's targets mean."""
        if not self.article:
            return tuple(target for target in PAPER_TARGETS if target in stems)
        same_other = set(ARTICLE_TARGETS) == set(stems)
        return tuple(target for target in ARTICLE_TARGETS if target in stems and (target != "other" or same_other))


def protocol_of(corpus: Corpus, skipped: dict[str, str], seconds: float | None = None, seed: int = 1) -> Protocol:
    """Choose the protocol that a corpus allows.

    Parameters
    ----------
    skipped
        Takes up the reason for every song whose metadata cannot be read.
    seconds
        Length of the paper's clips; None for whole songs.
    seed
        Chooses songs and clips of the paper's protocol, which does not say which ones it took.

    Raises
    ------
    ConfigError
        When clips are asked of a corpus whose guitars have no stem.
    """
    if not corpus.has_guitar_stems:
        if seconds is not None:
            raise ConfigError("clips at 0 dB are the paper's protocol, which needs stems of electric guitar; here the "
                              "guitars are inside `other`: leave --clips out")
        return Protocol("MUSDB18's own mixtures, whole songs", corpus.splits, article_clips, article=True)
    if seconds is None:
        return Protocol("paper's mixtures: target at 0 dB against all but the vocals, whole songs", corpus.splits,
                        whole_clips)
    return Protocol(f"paper's mixtures: target at 0 dB against all but the vocals, {seconds:g}-s clips, seed {seed}",
                    paper_split(corpus, skipped, seed), lambda song, split: paper_clips(song, split, seconds, seed))


def paper_clips(song: Song, split: str, seconds: float, seed: int) -> list[Clip]:
    """Cut a song into clips in which target and accompaniment both sound, and draw its share of the paper's number."""
    share = -(-PAPER_CLIPS[split] // PAPER_SONGS[split])
    frames = round(seconds * SAMPLERATE)
    clips = []
    for target in PAPER_TARGETS:
        whole = (song.stem(target), song.accompaniment(target, "vocals"), song.stem("vocals"))
        starts = [start for start in range(0, song.frames - frames // 2, frames)
                  if all(_audible(part, slice(start, start + frames)) for part in whole[:2])]
        rng = np.random.default_rng([seed, *song.name.encode()])
        for index in sorted(rng.permutation(len(starts))[:share]):
            requested, rest, vocals = (part[starts[index]:starts[index] + frames] for part in whole)
            clips.append(Clip(song.name, split, target, _at_0_db(requested, rest), rest, vocals))
    return clips


def whole_clips(song: Song, split: str) -> list[Clip]:
    """Make the paper's mixtures of a whole song; a song without electric guitar is for its leakage only."""
    targets = PAPER_TARGETS if song.plays("guitar") else ("guitar",)
    return [Clip(song.name, split, target, *paper_parts(song, target), song.stem("vocals")) for target in targets]


def article_clips(song: Song, split: str) -> list[Clip]:
    """Take a whole song as it is, once for each of its stems."""
    silence = np.zeros(song.frames, np.float32)
    return [Clip(song.name, split, target, song.stem(target), song.accompaniment(target), silence)
            for target in ARTICLE_TARGETS]


def paper_parts(song: Song, target: str) -> tuple[Audio, Audio]:
    """Target at 0 dB, and everything else but the vocals, of a whole song; each (frames,)."""
    rest = song.accompaniment(target, "vocals")
    return _at_0_db(song.stem(target), rest), rest


def _at_0_db(requested: Audio, rest: Audio) -> Audio:
    """Bring the target to the accompaniment's energy, where both sound."""
    energies = [float(np.sum(np.square(part, dtype=np.float64))) for part in (requested, rest)]
    return requested * np.float32(np.sqrt(energies[1] / energies[0])) if all(energies) else requested


def _audible(part: Audio, where: slice) -> bool:
    """Whether a stretch is not much softer than the whole."""
    return bool(np.mean(np.square(part[where])) > AUDIBLE * np.mean(np.square(part)))
