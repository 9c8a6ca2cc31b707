"""Full stereo mixes with singers, at the levels of songs: what musicians play along with.

A file `mixes.yaml` beside MedleyDB says how to put its raw tracks together: levels against the drums, places, songs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtsep.errors import ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.corpora.medleydb import MedleyDb
from training.corpora.mix_plan import FILE, GROUPS, MixPlan, read_plan
from training.corpora.songs import read_stereo
from training.corpora.visible import visible

FRAME = SAMPLERATE // 20
ACTIVE_DB = 30.0
"""50-ms frames this far below the loudest one still count as playing."""


@dataclass(frozen=True, eq=False)
class FullMix:
    """A stereo mix and what it is made of; it equals itself alone.

    Parameters
    ----------
    name, group
        Of the song, and the list that it stands in: one of `GROUPS`.
    stems
        Stems that play: `drums`, `bass`, `guitar`, `vocals`, `other`; each float32 (2, frames).
    """

    name: str
    group: str
    stems: Mapping[str, Audio]

    @property
    def mixture(self) -> Audio:
        """Sum of all stems, float32 (2, frames)."""
        return np.asarray(np.sum(list(self.stems.values()), axis=0, dtype=np.float32))


def read_full_mixes(root: Path, groups: Sequence[str] = GROUPS) -> Iterator[FullMix]:
    """Put the mixes of a MedleyDB folder together.

    Parameters
    ----------
    root
        MedleyDB, with `mixes.yaml` and, for released stereo stems, `stereo/SONG/STEM.flac`.
    groups
        Which of `GROUPS`.

    Raises
    ------
    ConfigError
        When the file is missing or wrong, or a song is.
    """
    plan = read_plan(root / FILE)
    corpus = MedleyDb(root)
    for group in groups:
        for song in plan.songs[group]:
            stems = _released(root / "stereo" / song) if group == "real_stereo" else _mixed(corpus, song, plan)
            yield FullMix(song, group, stems)


def _mixed(corpus: MedleyDb, song: str, plan: MixPlan) -> dict[str, Audio]:
    """Pan every track, sum by stem, and bring each stem to its level against the drums."""
    names = [name for name in corpus.splits["all"] if name.endswith(f"_{song}")]
    if len(names) != 1:
        raise ConfigError(f"{FILE}: song {song!r} is not one of {', '.join(corpus.splits['all'])}")
    tracks = corpus.tracks(names[0])
    frames = max(audio.size for _, audio in tracks)
    pans = {stem: plan.pans(stem, [name for name, _ in tracks].count(stem)) for stem, _ in tracks}
    stems: dict[str, Audio] = {}
    for stem, audio in tracks:
        angle = (pans[stem].pop(0) + 1.0) * np.pi / 4.0
        placed = np.outer([np.cos(angle), np.sin(angle)], audio / active_rms(audio[np.newaxis]))
        stems.setdefault(stem, np.zeros((2, frames), np.float32))[:, :audio.size] += placed.astype(np.float32)
    for stem, audio in stems.items():
        audio *= np.float32(10.0 ** ((plan.level_db[stem] - 20.0) / 20.0) / active_rms(audio))
    return stems


def _released(folder: Path) -> dict[str, Audio]:
    """Stems of a released mix; files of one stem, such as `guitar_1` and `guitar_2`, are summed."""
    stems: dict[str, Audio] = {}
    for path in visible(folder.glob("*.flac")):
        stem, audio = path.stem.partition("_")[0], read_stereo(path)
        stems[stem] = stems[stem] + audio if stem in stems else audio
    if not stems:
        raise ConfigError(f"no stems in {folder}: expected files such as drums.flac, guitar_1.flac")
    return stems


def active_rms(audio: NDArray[np.float32]) -> float:
    """Root mean square, summed over channels, of the 50-ms frames within 30 dB of the loudest; (channels, frames)."""
    frames = audio[:, :audio.shape[1] // FRAME * FRAME].reshape(len(audio), -1, FRAME)
    power = np.sum(np.mean(np.square(frames, dtype=np.float64), axis=2), axis=0)
    return float(np.sqrt(np.mean(power[power >= power.max() * 10.0 ** (-ACTIVE_DB / 10.0)])))
