"""Human drum performances: the Groove MIDI Dataset as strokes on named pieces of a kit."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import mido
import numpy as np

from training.corpora.readable import reading
from training.render.drum_patterns import Hit
from training.render.library import Library
from training.render.song import Random, Song

# Note numbers of the Roland TD-11 that the dataset was played on (bow and edge, head and rim).
PIECE_OF_NOTE = {
    36: "kick", 37: "rim", 38: "snare", 40: "snare",
    48: "tom_high", 50: "tom_high", 45: "tom_mid", 47: "tom_mid", 43: "tom_low", 58: "tom_low",
    22: "hat_closed", 42: "hat_closed", 26: "hat_open", 46: "hat_open", 44: "hat_pedal",
    49: "crash", 55: "crash", 52: "crash_two", 57: "crash_two", 51: "ride", 59: "ride", 53: "bell",
}
_ROCK = ("rock", "punk", "pop", "country", "blues", "soul")


@lru_cache(maxsize=1200)
def read_performance(path: Path) -> tuple[Hit, ...]:
    """Strokes of one MIDI file in order of time; notes of no piece are dropped."""
    hits, now = [], 0.0
    with reading(path, "MIDI"):
        messages = list(mido.MidiFile(path))
    for message in messages:
        now += message.time
        if message.type == "note_on" and message.velocity > 0 and message.note in PIECE_OF_NOTE:
            hits.append(Hit(now, PIECE_OF_NOTE[message.note], float(message.velocity)))
    return tuple(_lift_kick(hits))


def _lift_kick(hits: list[Hit], strong: float = 108.0) -> list[Hit]:
    """Bring the kick's strong strokes up to `strong`: that pad measured low for several of the drummers."""
    kicks = [hit.velocity for hit in hits if hit.piece == "kick"]
    if not kicks:
        return hits
    factor = max(1.0, strong / float(np.percentile(kicks, 80)))
    return [Hit(hit.seconds, hit.piece, min(127.0, hit.velocity * factor)) if hit.piece == "kick" else hit
            for hit in hits]


@lru_cache(maxsize=4)
def _catalogue(library: Library) -> dict[str, list[Path]]:
    """Sort the performances by kind: `beat` and `fill`, and `rock` for the beats of rock's relatives."""
    kinds: dict[str, list[Path]] = {"beat": [], "fill": [], "rock": []}
    for path in library.performances("groove"):
        _, style, _, kind, _ = path.stem.split("_", 4)
        kinds[kind].append(path)
        if kind == "beat" and style.split("-")[0] in _ROCK:
            kinds["rock"].append(path)
    return kinds


def perform(library: Library, rng: Random, song: Song) -> list[Hit]:
    """Play random performances one after the other, from a random bar, in the time of the song.

    Returns
    -------
    list of Hit
        In order of time, within the segment.
    """
    kinds = _catalogue(library)
    paths = kinds[str(rng.choice(["rock", "beat", "fill"], p=[0.45, 0.4, 0.15]))]
    hits: list[Hit] = []
    now = song.offset
    while now < song.seconds:
        path = paths[rng.integers(len(paths))]
        played = read_performance(path)
        if not played:
            continue
        bar = 240.0 / _tempo(path)
        stretch = _fold(4.0 * song.beat / bar)
        bars, needed = int(played[-1].seconds // bar) + 1, int(np.ceil((song.seconds - now) / (bar * stretch)))
        begin = bar * int(rng.integers(max(bars - needed, 0) + 1))
        hits += [Hit(now + (hit.seconds - begin) * stretch, hit.piece, hit.velocity)
                 for hit in played if hit.seconds >= begin - 0.05]
        now += (bars * bar - begin) * stretch
    return sorted(hit for hit in hits if 0.0 <= hit.seconds < song.seconds)


def _tempo(path: Path) -> float:
    """Beats a minute, of the file's name."""
    return float(path.stem.split("_")[2])


def _fold(stretch: float) -> float:
    """Play in half or double time rather than more than half as slow or fast again."""
    return float(2.0 ** (np.log2(stretch) - np.round(np.log2(stretch))))
