"""Drum stems: a new drummer, kit, tuning, room and engineer for every segment.

Percussion without a pitch is drums, shakers and hand drums included: in a song it is heard as part of the drums, and
MedleyDB's instruments are classed alike. Mallets, bells and timpani accompany, lest all that is struck be drums.
"""

from __future__ import annotations

import numpy as np

from rtsep.types import Audio
from training import SAMPLERATE
from training.render.drum_bus import mix_drums, to_full_scale
from training.render.drum_kits import Kit, acoustic_kit, add_percussion, find_piece, machine_kit
from training.render.drum_midi import perform
from training.render.drum_patterns import Hit, humanise, invent
from training.render.drum_synth import PERCUSSION
from training.render.effects import add_at, fade
from training.render.library import HAND_DRUMS, Library
from training.render.sampler import excerpt
from training.render.song import Random, Song

METAL = ("hat_closed", "hat_half", "hat_open", "hat_pedal", "ride", "bell", "crash", "crash_two", "china",
         "shaker", "tambourine")
_RINGING_HATS = ("hat_open", "hat_half")
_SPARSE = (("hat_closed", "kick"), ("ride", "snare"), ("hat_closed", "hat_open", "hat_pedal"), ("kick",),
           ("snare", "kick"), ("ride", "hat_pedal", "bell"), ("tom_high", "tom_mid", "tom_low", "kick"),
           ("hat_closed", "hat_half", "hat_open", "snare"))
# Another piece in the place of one: loose hats, time kept on the crash or the floor tom, a stick on the rim.
_REVOICED = ({"hat_closed": "hat_half"}, {"hat_closed": "hat_half"}, {"hat_closed": "ride"}, {"ride": "hat_closed"},
             {"ride": "crash", "hat_closed": "crash"}, {"hat_closed": "tom_low", "ride": "tom_low"}, {"snare": "rim"},
             {"hat_closed": "shaker"}, {"hat_closed": "tambourine", "ride": "tambourine"}, {"snare": "clap"},
             {"snare": "brush_tap"})
_PLAYERS = ("recorded", "groove", "metal", "straight", "swung", "brushed")
_PLAYER_CHANCES = (0.04, 0.6, 0.1, 0.14, 0.06, 0.06)


def render_drums(library: Library, rng: Random, song: Song) -> Audio:
    """Render one drum stem, RMS near -20 dB of full scale and peaks below it; arguments and result as of `play_one`."""
    player = str(rng.choice(_PLAYERS, p=_PLAYER_CHANCES))
    if player == "recorded":
        return to_full_scale(_recorded(library, rng, song.frames))
    kit = machine_kit(library, rng) if rng.random() < 0.1 else acoustic_kit(library, rng)
    hits = perform(library, rng, song) if player == "groove" else invent(rng, player, song)
    if player == "brushed" and rng.random() < 0.6:
        hits = _soften(rng, hits)
    hits = _arrange(rng, hits, song)
    for name in sorted({hit.piece for hit in hits} & set(PERCUSSION)):
        add_percussion(library, rng, kit, name)
    shells, metal = play(rng, kit, hits, song.frames)
    return mix_drums(library, rng, shells, metal)


def _recorded(library: Library, rng: Random, frames: int) -> Audio:
    """Cut from a played or produced recording, tuned a little; it brings its own sound."""
    played = [path for path in library.phrases("other") if any(name in path.name for name in HAND_DRUMS)]
    paths = library.phrases("drums") + played
    return excerpt(paths[rng.integers(len(paths))], rng, frames, rng.uniform(-2.0, 2.0))


def _arrange(rng: Random, hits: list[Hit], song: Song) -> list[Hit]:
    """Make a part sparser, softer, or richer by percussion, now and then."""
    if rng.random() < 0.1:
        hits = _thin(rng, hits)
    if rng.random() < 0.2:
        other = _REVOICED[rng.integers(len(_REVOICED))]
        hits = [Hit(hit.seconds, other.get(hit.piece, hit.piece), hit.velocity) for hit in hits]
    if rng.random() < 0.2:
        scale = rng.uniform(0.35, 0.8)
        hits = [Hit(hit.seconds, hit.piece, max(3.0, hit.velocity * scale)) for hit in hits]
    if rng.random() < 0.15:
        hits = hits + _percussion(rng, song)
    if rng.random() < 0.05:
        hits = _count_in(rng, hits, song)
    return sorted(hits)


def _soften(rng: Random, hits: list[Hit]) -> list[Hit]:
    """Add the snare's own soft sound under the taps of the brushes."""
    share = rng.uniform(0.15, 0.45)
    return sorted(hits + [Hit(hit.seconds, "snare", hit.velocity * share) for hit in hits if hit.piece == "brush_tap"])


def _thin(rng: Random, hits: list[Hit]) -> list[Hit]:
    """Keep a few pieces only, if they are played enough to be heard."""
    kept = _SPARSE[rng.integers(len(_SPARSE))]
    sparse = [hit for hit in hits if hit.piece in kept]
    return sparse if len(sparse) >= 8 else hits


def _percussion(rng: Random, song: Song) -> list[Hit]:
    """Write a hand percussion part on the eighths of the beat."""
    name = str(rng.choice(["shaker", "tambourine", "cowbell", "clap", "conga"]))
    line = {"shaker": "Xx", "tambourine": "..X.", "cowbell": "X.", "clap": "..X.", "conga": "X.xxo.xX"}[name]
    if name == "tambourine" and rng.random() < 0.5:
        line = "xoXo"
    strength = {"X": 110.0, "x": 80.0, "o": 45.0}
    part = [Hit(song.time(0, step / 2.0), name, strength[line[step % len(line)]])
            for step in range(song.steps // 2) if line[step % len(line)] != "."]
    return humanise(rng, [hit for hit in part if 0.0 <= hit.seconds < song.seconds])


def _count_in(rng: Random, hits: list[Hit], song: Song) -> list[Hit]:
    """Put four stick clicks into the first whole bar, before the drums come in."""
    bar = next(bar for bar in range(len(song.bars)) if song.time(bar, 0.0) >= 0.0)
    clicks = [Hit(song.time(bar, beat), "sticks", float(rng.uniform(80.0, 120.0))) for beat in range(4)]
    return clicks + [hit for hit in hits if hit.seconds >= song.time(bar + 1, -0.1)]


def play(rng: Random, kit: Kit, hits: list[Hit], frames: int) -> tuple[Audio, Audio]:
    """Strike the pieces of a kit.

    Parameters
    ----------
    hits
        In order of time.
    frames
        Length of the result.

    Returns
    -------
    tuple of Audio
        Drums, and hats and cymbals, shape (frames,) each. A stroke on the hats ends a ringing open hat.
    """
    shells, metal = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    hat_times = np.array([hit.seconds for hit in hits if hit.piece.startswith("hat_")])
    for hit in hits:
        piece = find_piece(kit, hit.piece)
        start = int(hit.seconds * SAMPLERATE)
        if piece is None or start >= frames:
            continue
        sound = piece.strike(rng, hit.velocity)
        if hit.piece in _RINGING_HATS:
            sound = _choke(rng, sound, hit.seconds, hat_times)
        add_at(metal if hit.piece in METAL else shells, sound, start)
    return shells, metal


def _choke(rng: Random, sound: Audio, seconds: float, hat_times: np.ndarray) -> Audio:
    """End an open hat within some 20 ms of the next stroke on the hats."""
    following = hat_times[hat_times > seconds + 0.03]
    if following.size == 0:
        return sound
    tail = int(rng.uniform(0.012, 0.035) * SAMPLERATE)
    end = int((following[0] - seconds) * SAMPLERATE) + tail
    return fade(sound[:end], 0, tail) if end < sound.size else sound
