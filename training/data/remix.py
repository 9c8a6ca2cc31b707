"""Random remixing: endless streams of mixtures whose stems never met before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.data.augment import AugmentConfig, augment, frames_needed, retune
from training.data.stems import KINDS, StemFolder

Audio = NDArray[np.float32]
Random = np.random.Generator
SAMPLERATE = 44100
STEMS = ("drums", "guitar", "other")


@dataclass(frozen=True)
class RemixConfig:
    """How mixtures are put together.

    Parameters
    ----------
    counts
        For each kind of sound the probabilities of 0, 1, 2, ... of it in a mixture.
    level_db
        Standard deviation of the level of each stem.
    part_db
        Standard deviation of the level of each sound within its stem.
    stem_offset_db
        Mean level of each stem against the others.
    segment_seconds
        Shortest and longest time before everything changes.
    restart
        Probability that a change is a new song, with the network's state as at the start.
    input_db
        Standard deviation of the whole mixture's level.
    """

    counts: dict[str, tuple[float, ...]] = field(default_factory=lambda: {
        "drums": (0.1, 0.9), "guitar": (0.06, 0.64, 0.3), "bass": (0.18, 0.82), "band": (0.62, 0.28, 0.1),
        "voice": (0.7, 0.22, 0.08), "other": (0.0, 1.0)})
    level_db: float = 5.0
    part_db: float = 3.5
    stem_offset_db: dict[str, float] = field(default_factory=lambda: {"drums": 1.5, "guitar": 2.5, "other": 0.0})
    segment_seconds: tuple[float, float] = (6.0, 12.0)
    restart: float = 0.5
    input_db: float = 8.0
    augment: AugmentConfig = field(default_factory=AugmentConfig)


class Remixer:
    """Makes segments of stems out of a folder of sounds.

    Parameters
    ----------
    folder
        Sounds by kind.
    config
        What mixtures look like.
    rng
        Source of all choices.
    """

    def __init__(self, folder: StemFolder, config: RemixConfig, rng: Random) -> None:
        self.folder, self.config, self.rng = folder, config, rng

    def segment(self) -> Audio:
        """Mix new stems, float32 (stems, frames)."""
        frames = int(SAMPLERATE * self.rng.uniform(*self.config.segment_seconds))
        stems = np.zeros((len(STEMS), frames), np.float32)
        semitones = self._semitones()
        for kind in self.folder.kinds:
            chances = self.config.counts[kind]
            for _ in range(self.rng.choice(len(chances), p=chances)):
                level = np.float32(10.0 ** (self.rng.normal(0.0, self.config.part_db) / 20.0))
                stems[STEMS.index(KINDS[kind])] += level * self._sound(kind, frames, semitones)
        for stem, audio in zip(STEMS, stems, strict=True):
            level_db = self.rng.normal(self.config.stem_offset_db[stem], self.config.level_db)
            audio *= np.float32(0.05 * 10.0 ** (level_db / 20.0)) / active_rms(audio)
        return stems * np.float32(10.0 ** (self.rng.normal(0.0, self.config.input_db) / 20.0))

    def _semitones(self) -> float:
        """One tuning for the whole segment, so that parts in one key stay in one key."""
        config = self.config.augment
        shifted = self.rng.random() < config.pitch
        return float(self.rng.uniform(-1.0, 1.0) * config.pitch_semitones) if shifted else 0.0

    def _sound(self, kind: str, frames: int, semitones: float) -> Audio:
        """One augmented sound at an active level of one."""
        while True:
            try:
                audio = self.folder.draw(kind, self.rng, frames_needed(frames, semitones))
                break
            except FileNotFoundError:
                self.folder.refresh()
        audio = np.resize(retune(audio, frames, semitones), frames)
        audio = augment(audio, self.config.augment, self.rng)
        return audio / active_rms(audio)


def active_rms(audio: Audio) -> np.float32:
    """Root mean square over the 100-ms pieces that are within 30 dB of the loudest; never zero."""
    size = SAMPLERATE // 10
    pieces = audio[: audio.size // size * size].reshape(-1, size)
    power = np.mean(np.square(pieces), axis=1)
    loud = power[power > 1e-3 * power.max(initial=0.0)]
    return np.float32(np.sqrt(loud.mean() if loud.size else 0.0) + 1e-6)


def lane(remixer: Remixer, history: int, frames: int) -> Iterator[tuple[Audio, bool]]:
    """Stream an endless row of segments in chunks.

    Parameters
    ----------
    history
        Frames before each chunk that come along, for windows that reach back.
    frames
        Frames of a chunk.

    Yields
    ------
    stems
        float32 (stems, history + frames).
    restart
        True where the network is to begin from its initial state.
    """
    buffer = np.zeros((len(STEMS), history), np.float32)
    restart = True
    while True:
        while buffer.shape[1] < history + frames:
            if not restart and remixer.rng.random() < remixer.config.restart:
                buffer, restart = np.zeros((len(STEMS), history), np.float32), True
            buffer = np.concatenate([buffer, remixer.segment()], axis=1)
        yield buffer[:, : history + frames], restart
        buffer, restart = buffer[:, frames:], False
