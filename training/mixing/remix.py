"""Random remixing: mixtures whose stems never met before."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rtsep.controls.shown import shown
from rtsep.errors import ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.corpora.stems import KINDS, STEMS, StemFolder
from training.mixing.augment import AugmentConfig, augment, bleed, frames_needed, retune, stretch
from training.mixing.dynamics import active_rms, activity, ride, ride_gain
from training.mixing.stereo import Places, StereoConfig, draw_pans, place, spoil
from training.recipes.numbers import Decibels, Exponent, Segment, Share, Spread, Weight

Random = np.random.Generator
DENSE = 0.93  # activity of a sound that plays nearly all of the time
DRAWS = 6  # to find one


@dataclass(frozen=True)
class KindConfig:
    """What brings the renderings of one kind of sound closer to recordings of it.

    Parameters
    ----------
    dense
        Probability that the sound has to play nearly all of the time, as it does in songs.
    tilt_db
        Mean equalisation at 16 kHz, rising or falling from 1 kHz.
    body_db
        Mean equalisation around 240 Hz, where cabinets have their body.
    ride, exponents
        Probability that the level is ridden by its own envelope, and the range of the exponent:
        above 0 expands, below 0 compresses.
    places
        Where the sound stands between the channels.
    """

    dense: Share = 0.0
    tilt_db: Decibels = 0.0
    body_db: Decibels = 0.0
    ride: Share = 0.0
    exponents: tuple[Exponent, Exponent] = (-0.5, 0.0)
    places: Places = field(default_factory=Places)

    def __post_init__(self) -> None:
        if self.exponents[0] > self.exponents[1]:
            raise ConfigError(f"mixtures: exponents: the lowest comes first, got {self.exponents}")


@dataclass(frozen=True)
class RemixConfig:
    """How mixtures are put together.

    Parameters
    ----------
    counts
        For each kind of sound the probabilities of 0, 1, 2, ... of it in a mixture; every kind that a folder
        holds must be named.
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
    target_at_0_db
        Stem that is brought to the energy of all others together, as the paper's mixtures are; none where empty.
    without, alone
        Probability that one stem is taken out of the mixture, and that one stem is all that is left.
    views
        Share of each stem among those that are taken out, or left.
    bus
        Probability of a compressor over the mixture, whose gain all stems share.
    kinds
        Corrections of each kind of sound, found by comparing band levels of renderings with those of recordings.
    """

    counts: dict[str, tuple[Share, ...]] = field(default_factory=lambda: {
        "drums": (0.1, 0.9), "guitar": (0.06, 0.5, 0.34, 0.1), "bass": (0.18, 0.82), "band": (0.62, 0.28, 0.1),
        "voice": (0.55, 0.35, 0.1), "other": (0.0, 1.0)})
    level_db: Spread = 5.0
    part_db: Spread = 3.5
    stem_offset_db: dict[str, Decibels] = field(default_factory=lambda: {
        "drums": 0.0, "bass": -2.0, "guitar": -2.0, "vocals": 0.0, "other": -5.0})
    segment_seconds: tuple[Segment, Segment] = (6.0, 12.0)
    restart: Share = 0.5
    input_db: Spread = 8.0
    target_at_0_db: str = ""
    without: Share = 0.0
    alone: Share = 0.0
    views: dict[str, Weight] = field(default_factory=lambda: {
        "drums": 0.15, "bass": 0.1, "guitar": 0.4, "vocals": 0.25, "other": 0.1})
    bus: Share = 0.0
    stereo: StereoConfig = field(default_factory=StereoConfig)
    kinds: dict[str, KindConfig] = field(default_factory=lambda: {
        "drums": KindConfig(tilt_db=-3.0, ride=0.8, exponents=(0.2, 1.3)),
        "guitar": KindConfig(dense=0.8, tilt_db=9.0, ride=0.5),
        "bass": KindConfig(dense=0.8, tilt_db=3.0, ride=0.4),
        "band": KindConfig(dense=0.4),
        "voice": KindConfig(dense=0.7)})
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def __post_init__(self) -> None:
        if self.target_at_0_db not in ("", *STEMS):
            raise ConfigError(f"mixtures: target_at_0_db: no stem {shown(self.target_at_0_db)}: choose one of "
                              f"{', '.join(STEMS)}")
        if self.segment_seconds[0] > self.segment_seconds[1]:
            raise ConfigError(f"mixtures: segment_seconds: the shortest comes first, got {self.segment_seconds}")
        for kind, chances in self.counts.items():
            if kind not in KINDS:
                raise ConfigError(f"mixtures: counts: no kind {shown(kind)}; known are {', '.join(KINDS)}")
            if not chances or abs(sum(chances) - 1.0) > 1e-6:
                raise ConfigError(f"mixtures: counts: {kind}: give probabilities of 0, 1, 2, ... that sum to one, got "
                                  f"{', '.join(map(str, chances))}")


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

    def plan(self) -> tuple[bool, int]:
        """Draw whether a segment begins a new song, and its length in frames."""
        return (bool(self.rng.random() < self.config.restart),
                int(SAMPLERATE * self.rng.uniform(*self.config.segment_seconds)))

    def segment(self, frames: int) -> Audio:
        """Mix new stems, float32 (stems, 2, frames)."""
        stems = np.zeros((len(STEMS), 2, frames), np.float32)
        semitones, mono = self._semitones(), self.rng.random() < self.config.stereo.mono
        for kind in self.folder.kinds:
            stems[STEMS.index(KINDS[kind])] += self._sounds(kind, frames, semitones, mono)
        self._balance(stems)
        self._view(stems)
        if self._happens(self.config.augment.bleed):
            stems = bleed(stems, self.rng)
        if self._happens(self.config.bus):
            stems *= ride_gain(stems.sum(axis=0), float(self.rng.uniform(-0.5, -0.1)), self.rng)
        return stems if mono else spoil(stems, self.config.stereo, self.rng)

    def _sounds(self, kind: str, frames: int, semitones: float, mono: bool) -> Audio:
        """All sounds of a kind at their places, float32 (2, frames)."""
        config = self.config.kinds.get(kind, KindConfig())
        chances = self.config.counts[kind]
        count = int(self.rng.choice(len(chances), p=chances))
        sounds = np.zeros((2, frames), np.float32)
        for pan in draw_pans(count, config.places, self.config.stereo.mirrored_pairs, self.rng):
            level = np.float32(10.0 ** (self.rng.normal(0.0, self.config.part_db) / 20.0))
            sound = level * self._sound(kind, frames, semitones)
            sounds += place(sound, *((0.0, 0.0) if mono else (pan, config.places.wide)), self.rng)
        return sounds

    def _balance(self, stems: Audio) -> None:
        """Bring stems to their levels, in place."""
        for stem, audio in zip(STEMS, stems, strict=True):
            level_db = self.rng.normal(self.config.stem_offset_db[stem], self.config.level_db)
            audio *= np.float32(0.05 * 10.0 ** (level_db / 20.0)) / active_rms(audio)
        if self.config.target_at_0_db:
            _to_0_db(stems, STEMS.index(self.config.target_at_0_db))
        stems *= np.float32(10.0 ** (self.rng.normal(0.0, self.config.input_db) / 20.0))

    def _view(self, stems: Audio) -> None:
        """Take one stem out, or leave it alone, in place, with the probabilities of the configuration."""
        draw = self.rng.random()
        if draw < self.config.without + self.config.alone:
            chosen = STEMS.index(self.rng.choice(list(self.config.views), p=list(self.config.views.values())))
            kept = stems[chosen].copy()
            if draw < self.config.without:
                stems[chosen] = 0.0
            elif np.any(kept):
                stems[:] = 0.0
                stems[chosen] = kept

    def _happens(self, chance: float) -> bool:
        """Draw, but nothing where the chance is nought, so that recipes from before hear what they did."""
        return chance > 0.0 and bool(self.rng.random() < chance)

    def _semitones(self) -> float:
        """One tuning for the whole segment, so that parts in one key stay in one key."""
        config = self.config.augment
        shifted = self.rng.random() < config.pitch
        return float(self.rng.uniform(-1.0, 1.0) * config.pitch_semitones) if shifted else 0.0

    def _sound(self, kind: str, frames: int, semitones: float) -> Audio:
        """One augmented sound at an active level of one."""
        config = self.config.kinds.get(kind, KindConfig())
        draws = DRAWS if self.rng.random() < config.dense else 1
        changes = self.config.augment
        speed = float(self.rng.uniform(-1.0, 1.0)) * changes.stretch_part if self._happens(changes.stretch) else 0.0
        audio = self._draw(kind, int(frames_needed(frames, semitones) * (1.0 + speed)), draws)
        audio = stretch(audio, 1.0 + speed) if speed else audio
        audio = np.resize(retune(audio, frames, semitones), frames)
        if self.rng.random() < config.ride:
            low, high = config.exponents
            audio = ride(audio, float(self.rng.uniform(low, high)), self.rng)
        audio = augment(audio, self.config.augment, self.rng, config.tilt_db, config.body_db)
        return audio / active_rms(audio)

    def _draw(self, kind: str, frames: int, draws: int) -> Audio:
        """Draw until a sound is dense, at most so many times; return the densest."""
        best, most = np.zeros(frames, np.float32), -1.0
        while draws and most < DENSE:
            try:
                audio = self.folder.draw(kind, self.rng, frames)
            except FileNotFoundError:
                self.folder.refresh()
                continue
            draws -= 1
            if (density := activity(audio)) > most:
                best, most = audio, density
        return best


def _to_0_db(stems: Audio, target: int) -> None:
    """Bring one stem to the energy of the sum of the others, in place, where both sound."""
    rest = stems.sum(axis=0) - stems[target]
    energies = [float(np.sum(np.square(part, dtype=np.float64))) for part in (stems[target], rest)]
    if all(energies):
        stems[target] *= np.float32(np.sqrt(energies[1] / energies[0]))
