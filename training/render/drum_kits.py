"""Drum kits: pieces picked, tuned, damped and balanced from the recorded and the synthesised ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rtsep.types import Audio
from training import SAMPLERATE
from training.render.drum_synth import MACHINE, PERCUSSION, takes
from training.render.effects import db, fade, low_pass, rms, transpose
from training.render.library import Library, Sample, read_audio

Random = np.random.Generator
Takes = tuple[tuple[Sample, Sample | None], ...]


@dataclass(frozen=True)
class Source:
    """Recordings of one piece: names that match `pattern`; `far` replaces `near` in a name for a second microphone."""

    instrument: str
    pattern: str
    near: str = ""
    far: str = ""


def _muldjord(pattern: str) -> Source:
    return Source("drm_muldjord", pattern + r"_\d+_close", "_close", "_amb")


def _gogodze(letters: str) -> Source:
    return Source("drm_gogodze", letters + r"_vl\d_rr\d_mix", "_mix", "_room")


def _osd(pattern: str) -> Source:
    return Source("drm_osd", pattern + r"\d+", "-top", "-bottom")


def _frankensnare(drum: str, stroke: str) -> Source:
    return Source("drm_frankensnare", rf"{drum}_{stroke}_vl\d+_rr\d_top", "_top", "_oh")


def _pearl(pattern: str) -> Source:
    return Source("drm_pearl", "samples_" + pattern)


def _sonic(pattern: str) -> Source:
    return Source("drm_sonicpi", "samples_" + pattern)


# What each recording really is was checked by its measured pitch, length and brightness, not by its name:
# of the drm_osd toms the "large" one is the highest (167 Hz) and the "medium" one the lowest (113 Hz).
SOURCES: dict[str, tuple[Source, ...]] = {
    "kick": (_muldjord("KdrumL"), _muldjord("KdrumR"), _gogodze("ks"), _osd("kick_kick"), _pearl("kick-01"),
             _sonic("drum_bass_(hard|soft)"), _sonic("drum_heavy_kick"), _sonic("bd_jazz")),
    "snare": (_muldjord("Snare"), _muldjord("SnareRest"), _gogodze("sc"), _gogodze("se"),
              _osd("snare_snare-top"), _osd("snare_snare-top-buttend"), _osd("snare_snare-top-off"),
              _osd("snare_snare-bottom"), _osd("rimshot_rimshot"), _pearl("snare-01"), _pearl("snare-0[23]"),
              _sonic("drum_snare_(hard|soft)"), _sonic("sn_generic")),
    "rim": (_gogodze("ss"), _osd("sidestick_sidestick(-alt)?")),
    "tom_high": (_muldjord("Tom1"), _gogodze("th"), _osd("toms_large-tom"), _pearl("tom-01"),
                 _sonic("drum_tom_hi_(hard|soft)")),
    "tom_mid": (_muldjord("Tom2"), _gogodze("tm"), _osd("toms_small-tom"), _pearl("tom-02"),
                _sonic("drum_tom_mid_(hard|soft)")),
    "tom_low": (_muldjord("Tom[34]"), _gogodze("tl"), _osd("toms_medium-tom"), _pearl("tom-03"),
                _sonic("drum_tom_lo_(hard|soft)")),
    "hat_closed": (_muldjord("HihatClosed"), _gogodze("hc"), _gogodze("ht"), _osd("closed-hihat_chh"),
                   _pearl("hihat-closed"), _sonic("drum_cymbal_closed")),
    "hat_half": (_gogodze("hl"), _osd("half-closed-hihat_hchh"), _muldjord("HihatOpen")),
    "hat_open": (_muldjord("HihatOpen"), _gogodze("hh"), _gogodze("ho"), _osd("half-open-hihat_hohh"),
                 _pearl("hihat-open"), _sonic("drum_cymbal_open")),
    "hat_pedal": (_gogodze("hf"), _osd("foot-hihat_fhh"), _sonic("drum_cymbal_pedal")),
    "ride": (_muldjord("RideL"), _muldjord("RideR"), _osd("ride_ride-mid-in"), _osd("ride_ride-mid-out"),
             _pearl("ride-01"), _sonic("drum_cymbal_(hard|soft)")),
    "bell": (_muldjord("RideLBell"), _muldjord("RideRBell"), _osd("ride_ride-bell"), _pearl("ride-02")),
    "crash": (_muldjord("CrashL"), _muldjord("CrashR"), _osd("crash_crash"), _osd("crash_crash-edge"),
              _pearl("crash-0[12]"), _sonic("drum_splash_(hard|soft)")),
    "crash_two": (_muldjord("CrashL"), _muldjord("CrashR"), _osd("crash_crash"), _muldjord("China"),
                  _pearl("crash-0[12]"), _pearl("splash-0[12]")),
    "china": (_muldjord("China"), _osd("crash_crash-edge"), _osd("ride_ride-edge")),
    "cowbell": (_sonic("drum_cowbell"),),
    "clap": (_sonic("perc_snap"), _sonic("perc_snap2")),
    "conga": (_sonic("tabla_ghe[1-8]"), _sonic("tabla_na(_[os])?"), _sonic("tabla_tun[123]"), _sonic("tabla_te[12]")),
}
_SNARE_DRUMS = ("10", "12", "13b", "14a", "14d", "14p", "14s", "14t", "16")  # inches and shell
# Further recordings, heard where the data folder has them.
MORE_SOURCES: dict[str, tuple[Source, ...]] = {
    "snare": (*(_frankensnare(f"{drum}_basic", "sn") for drum in (*_SNARE_DRUMS, "20m")),
              _frankensnare("13b_rimshot", "sn"), _frankensnare("14a_rimshot", "sr"),
              _frankensnare("14p_muted", "sm"), _frankensnare("20m_tight", "sn")),
    "rim": tuple(_frankensnare(f"{drum}_basic", "ss") for drum in _SNARE_DRUMS),
}
MACHINE_SOURCES: dict[str, tuple[Source, ...]] = {
    "kick": tuple(_sonic(name) for name in (
        "bd_808", "bd_ada", "bd_boom", "bd_fat", "bd_gas", "bd_haus", "bd_klub", "bd_pure", "bd_sone", "bd_tek",
        "bd_zome", "bd_zum", "bd_mehackit", "elec_hollow_kick", "elec_soft_kick")),
    "snare": (_sonic("sn_dolf"), _sonic("sn_dub"), _sonic("sn_generic"), _sonic("sn_zome"), _sonic("elec_snare"),
              _sonic("elec_hi_snare"), _sonic("elec_mid_snare"), _sonic("elec_filt_snare")),
    "hat_closed": tuple(_sonic(f"hat_{name}") for name in ("bdu", "cab", "gem", "hier", "mess", "raw", "sci", "snap",
                                                           "star", "tap", "yosh", "zan", "zap", "zild")),
    "hat_open": (_sonic("hat_cats"), _sonic("hat_gump"), _sonic("hat_noiz"), _sonic("elec_cymbal")),
    "rim": (_sonic("elec_tick"), _sonic("elec_pop"), _sonic("elec_twip")),
    "crash": (_sonic("elec_cymbal"), _sonic("drum_splash_hard")),
}
# A recording's energy relative to the kick's, dB; the spread between real kits and mixes is added to it.
LOUDNESS_DB = {
    "kick": 0.0, "snare": -2.5, "rim": -9.0, "tom_high": -3.0, "tom_mid": -3.0, "tom_low": -2.0, "hat_closed": -15.0,
    "hat_half": -10.0, "hat_open": -9.0, "hat_pedal": -18.0, "ride": -13.0, "bell": -9.0, "crash": -4.0,
    "crash_two": -5.0, "china": -5.0, "shaker": -17.0, "tambourine": -12.0, "clap": -6.0, "cowbell": -10.0,
    "conga": -6.0, "sticks": -11.0, "brush_sweep": -10.0, "brush_tap": -8.0,
}
# When a kit lacks a piece, what a drummer would hit in its place.
SUBSTITUTE = {"hat_half": "hat_open", "hat_pedal": "hat_closed", "crash_two": "crash", "china": "crash",
              "bell": "ride", "ride": "hat_closed", "crash": "hat_open", "rim": "snare", "tom_mid": "tom_high",
              "tom_low": "tom_mid", "tom_high": "snare"}
# Pieces that stand together on one stage and mostly come from one recording session.
_GROUPS = (("kick",), ("snare", "rim"), ("tom_high", "tom_mid", "tom_low"),
           ("hat_closed", "hat_half", "hat_open", "hat_pedal"), ("ride", "bell"), ("crash",), ("crash_two", "china"))
_BASES = {"drm_muldjord": 0.34, "drm_osd": 0.28, "drm_gogodze": 0.22, "drm_pearl": 0.08, "drm_sonicpi": 0.08,
          "drm_frankensnare": 0.25}  # weights of those that the data folder has


@dataclass
class Piece:
    """One piece of a kit: its recordings sorted by loudness, and how this kit tunes, damps and mixes them.

    `takes` are (near, far) recordings; each is read and shaped when first struck, then kept in `made`.
    A synthesised piece has its sounds in `made` from the start.
    """

    loudness_db: NDArray[np.float64]  # of each take, dB
    gain_db: float  # loudness of the hardest stroke, dB
    range_db: float  # by how much the softest stroke is quieter, dB
    takes: Takes = ()
    semitones: float = 0.0
    fall: float = 0.0  # time constant of extra damping, s; 0 leaves the ring alone
    far_gain: float = 0.0
    made: dict[int, Audio] = field(default_factory=dict)
    last: int = -1  # take of the stroke before

    def strike(self, rng: Random, velocity: float) -> Audio:
        """Strike at a MIDI velocity (1 to 127): a recording that was played about as hard, at the right level."""
        below_db = self.range_db * (1.0 - velocity / 127.0)
        distance = np.abs(self.loudness_db - (self.loudness_db.max() - below_db))
        nearest = np.argsort(distance, kind="stable")[:4]
        fitting = [int(i) for i in nearest if distance[i] < distance[nearest[0]] + 2.5 and i != self.last]
        self.last = fitting[rng.integers(len(fitting))] if fitting else int(nearest[0])
        gain = db(self.gain_db - below_db - self.loudness_db[self.last])
        sound = self._sound(self.last)
        if self.loudness_db.size < 4 and velocity < 70.0:
            sound = low_pass(sound, 1500.0 + 150.0 * velocity, 1)
        return sound * np.float32(gain)

    def _sound(self, index: int) -> Audio:
        if index not in self.made:
            near, far = self.takes[index]
            sound = read_audio(near.path)
            if far is not None and self.far_gain > 0.0:
                sound = _blend(sound, read_audio(far.path), self.far_gain)
            self.made[index] = _damp(transpose(sound, self.semitones), self.fall)
        return self.made[index]


Kit = dict[str, Piece]


def _blend(near: Audio, far: Audio, far_gain: float) -> Audio:
    """Sum of two microphones' recordings of different length."""
    sound = np.zeros(max(near.size, far.size), np.float32)
    sound[: near.size] = near
    sound[: far.size] += np.float32(far_gain) * far
    return sound


def _damp(sound: Audio, fall: float) -> Audio:
    """Let a sound die away faster, as with a cloth on the head or a gate."""
    if fall > 0.0:
        time = np.arange(sound.size, dtype=np.float32) / SAMPLERATE
        sound = (sound * np.exp(-np.maximum(time - 0.02, 0.0) / fall))[: int((0.02 + 7.0 * fall) * SAMPLERATE)]
    return fade(sound.astype(np.float32), 0, sound.size // 4)  # long cymbals were cut before they had died away


@lru_cache(maxsize=400)
def find_recordings(library: Library, source: Source) -> Takes:
    """List the recordings of a source with their second microphone, soft to loud."""
    samples = {sample.name: sample for sample in library.samples.get(source.instrument, [])}
    matching = [sample for name, sample in sorted(samples.items()) if re.fullmatch(source.pattern, name)]
    paired = [(sample, samples.get(sample.name.replace(source.near, source.far)) if source.near else None)
              for sample in matching]
    paired = [(near, far if far is not near else None) for near, far in paired]
    return tuple(sorted(paired, key=lambda pair: pair[0].rms_db))


def recorded_piece(library: Library, rng: Random, name: str, source: Source, far_gain: float, range_db: float) -> Piece:
    """Make piece `name` from the recordings of a source, tuned and damped at random.

    Parameters
    ----------
    far_gain
        Gain of the second microphone relative to the first; 0 leaves it out.
    range_db
        By how much the softest stroke is quieter than the hardest, dB.
    """
    recordings = find_recordings(library, source)
    power = [10.0 ** (near.rms_db / 10.0) + (far_gain**2 * 10.0 ** (far.rms_db / 10.0) if far else 0.0)
             for near, far in recordings]
    damped = rng.random() < (0.5 if name.startswith("tom") else 0.3)
    fall = float(np.exp(rng.uniform(np.log(0.05), np.log(0.6)))) if damped else 0.0
    semitones = float(np.clip(rng.normal(0.0, 1.5), -3.0, 3.0))
    return Piece(10.0 * np.log10(power), LOUDNESS_DB[name] + rng.normal(0.0, 2.5), range_db, recordings,
                 semitones, fall, far_gain)


def made_piece(rng: Random, name: str, sounds: list[Audio], range_db: float) -> Piece:
    """Make piece `name` from finished sounds."""
    frames = int(0.3 * SAMPLERATE)
    loudness = [20.0 * np.log10(rms(np.resize(np.pad(sound, (0, frames)), frames))) for sound in sounds]
    return Piece(np.array(loudness), LOUDNESS_DB[name] + rng.normal(0.0, 2.5), range_db,
                 made=dict(enumerate(sounds)))


def _sources(library: Library, name: str) -> tuple[Source, ...]:
    """All recordings of a piece, with the further ones that the data folder has."""
    return SOURCES[name] + tuple(source for source in MORE_SOURCES.get(name, ()) if find_recordings(library, source))


def _pick(rng: Random, sources: tuple[Source, ...], instrument: str) -> Source:
    """One of the sources, of the given instrument if it has one."""
    own = [source for source in sources if source.instrument == instrument]
    chosen = own or list(sources)
    return chosen[rng.integers(len(chosen))]


def acoustic_kit(library: Library, rng: Random) -> Kit:
    """Assemble a kit: a base kit mixed with pieces of others, from very close to roomy."""
    names = [name for name in _BASES if name in library.samples]
    weights = np.array([_BASES[name] for name in names])
    base = names[rng.choice(len(names), p=weights / weights.sum())]
    far_db, range_db = rng.uniform(-24.0, 12.0), rng.uniform(22.0, 42.0)
    kit: Kit = {}
    for group in _GROUPS:
        home = base if rng.random() < 0.6 else names[rng.integers(len(names))]
        for name in group:
            far_gain = db(far_db + rng.normal(0.0, 3.0)) if far_db > -20.0 else 0.0
            kit[name] = recorded_piece(library, rng, name, _pick(rng, _sources(library, name), home), far_gain,
                                       range_db)
    return kit


def machine_kit(library: Library, rng: Random) -> Kit:
    """Assemble the kit of a drum machine, each piece sampled or synthesised."""
    kit: Kit = {}
    range_db = rng.uniform(6.0, 22.0)
    for name in sorted(set(MACHINE_SOURCES) | set(MACHINE)):
        if name in MACHINE and (name not in MACHINE_SOURCES or rng.random() < 0.4):
            kit[name] = made_piece(rng, name, takes(rng, name, MACHINE), range_db)
        else:
            source = _pick(rng, MACHINE_SOURCES[name], "drm_sonicpi")
            kit[name] = recorded_piece(library, rng, name, source, 0.0, range_db)
    return kit


def add_percussion(library: Library, rng: Random, kit: Kit, name: str) -> None:
    """Put a hand percussion piece into a kit, recorded where there is a recording."""
    if name in SOURCES and (name not in PERCUSSION or rng.random() < 0.5):
        source = SOURCES[name][rng.integers(len(SOURCES[name]))]
        kit[name] = recorded_piece(library, rng, name, source, 0.0, 25.0)
    else:
        kit[name] = made_piece(rng, name, takes(rng, name, PERCUSSION), 25.0)


def find_piece(kit: Kit, name: str) -> Piece | None:
    """Find a piece of a kit, or what stands in for it, or None."""
    while name not in kit and name in SUBSTITUTE:
        name = SUBSTITUTE[name]
    return kit.get(name)
