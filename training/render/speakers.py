"""Whose voices sing: recorded speakers and singers, a neural voice, and the lines that eSpeak NG speaks."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy import signal

from rtsep.errors import ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.render.library import Library, read_audio
from training.render.song import Random
from training.render.vocoder import FRAMES_PER_SECOND, Voice, analyse, brighten

SPEAKER = "espeak-ng"
VOICES = ("en-us+m1", "en-us+m3", "en-us+m7", "en+m2", "en-us+f1", "en-us+f2", "en+f3", "en-us+f5", "en-gb+klatt2",
          "en-us+klatt4", "es+f4", "es+m4", "fr+f2", "it+m5", "de+m6", "pt+f3")
LYRICS = (
    "hold me tonight until the morning comes and never let me go",
    "she said she likes the way the stars shine on the sea",
    "I was standing at the station just to catch another train",
    "rolling down the highway with a pocket full of change",
    "sister sing a song for me, sing it soft and sing it slow",
    "this is such a sad sad story, so I scream it at the sky",
    "take a chance, take a step, shake the dust out of your shoes",
    "you got me running, you got me hiding in the night",
    "lost my heart in San Francisco, lost my hat in Tennessee",
    "don't you stop, don't you stop, don't you stop believing it",
    "we are young and we are restless and the streets are made of glass",
    "what's the use of silver chains if it's freedom that you want",
    "baby come back, baby come home, baby pick up the telephone",
    "fire in the furnace, thunder in the hills",
    "oh oh oh yeah yeah yeah, na na na na na na",
    "la la la, ooh ooh ooh, hey hey hey, ah ah ah",
)
_EXCERPT_SECONDS = 7.0
_BANDS_HZ = {"kokoro": 11000.0, "flemishguy": 11000.0, "pico": 7000.0}
_SPOKEN_HZ = 10000.0  # where eSpeak's speech ends


@dataclass(frozen=True)
class Line:
    """A line in one person's voice.

    Parameters
    ----------
    voice
        Pitch, envelope and breath.
    syllables
        First frame, nucleus and end of each syllable.
    """

    voice: Voice
    syllables: tuple[tuple[int, int, int], ...]


def dry(path: Path) -> bool:
    """Whether a phrase of `voice` is one person without effects, fit for a vocoder."""
    return path.name.startswith(("kokoro_", "sung_"))


def recorded_line(library: Library, rng: Random) -> Line:
    """Cut a stretch of read speech or of dry singing; each person is as likely as any other.

    Raises
    ------
    ConfigError
        When the data folder has no such phrases.
    """
    paths = [*library.phrases("speech"), *filter(dry, library.phrases("voice"))]
    if not paths:
        raise ConfigError(f"no speech and no dry singing in {library.root / 'phrases'}: complete the data folder")
    people = sorted({_person(path) for path in paths})
    person = people[rng.integers(len(people))]
    theirs = [path for path in paths if _person(path) == person]
    return cut_line(theirs[rng.integers(len(theirs))], rng, _EXCERPT_SECONDS)


def cut_line(path: Path, rng: Random, seconds: float) -> Line:
    """Analyse a random stretch of a recording."""
    audio = read_audio(path)
    frames = min(int(seconds * SAMPLERATE), audio.size)
    start = int(rng.integers(audio.size - frames + 1))
    band_hz = next((band for name, band in _BANDS_HZ.items() if name in path.name), None)
    return _line(audio[start:start + frames], band_hz)


@lru_cache(maxsize=12)
def spoken_line(voice: str, text: str, words_per_minute: int) -> Line:
    """Let eSpeak NG speak a line, and analyse it; cached.

    Raises
    ------
    ConfigError
        When espeak-ng is not installed.
    """
    program = shutil.which(SPEAKER)
    if program is None:
        raise ConfigError(f"the program {SPEAKER} was not found: install Debian's package `espeak-ng`")
    command = [program, "-v", voice, "-s", str(words_per_minute), "--stdout", text]
    wave = subprocess.run(command, capture_output=True, check=True).stdout
    data, samplerate = soundfile.read(io.BytesIO(wave), dtype="float32")
    return _line(np.asarray(soxr.resample(data, samplerate, SAMPLERATE), np.float32), _SPOKEN_HZ)


def _person(path: Path) -> str:
    """`kerstin` of `speech_kerstin_00.opus`, `kokoro` of `kokoro_00.opus`."""
    return path.stem.removeprefix("speech_").removeprefix("sung_").split("_")[0]


def _line(audio: Audio, band_hz: float | None) -> Line:
    voice = analyse(audio)
    voice = brighten(voice, band_hz) if band_hz is not None else voice
    return Line(voice, _syllables(voice))


def _syllables(voice: Voice) -> tuple[tuple[int, int, int], ...]:
    """Split at the valleys between the peaks of the low band's loudness; keep the syllables that have a pitch."""
    window = np.hanning(FRAMES_PER_SECOND // 10)
    loudness = np.sqrt(voice.envelope[:, 4:160].sum(axis=1)) * (voice.pitch_hz > 0.0)
    smooth = np.convolve(loudness, window / window.sum(), "same")
    if not smooth.any():
        return ()
    top = float(np.percentile(smooth, 95))
    peaks, _ = signal.find_peaks(smooth, height=0.2 * top, distance=FRAMES_PER_SECOND // 12, prominence=0.06 * top)
    return _between(peaks, smooth)


def _between(peaks: NDArray[np.intp], loudness: NDArray[np.float64]) -> tuple[tuple[int, int, int], ...]:
    """Syllables that end and begin at the softest frame between two peaks."""
    if not peaks.size:
        return ()
    reach = FRAMES_PER_SECOND // 6
    cuts = [int(a + np.argmin(loudness[a:b])) for a, b in pairwise(peaks)]
    begins = [max(int(peaks[0]) - reach, 0), *cuts]
    ends = [*cuts, min(int(peaks[-1]) + reach, loudness.size - 1)]
    return tuple((max(begin, peak - reach), peak, min(end, peak + reach))
                 for begin, peak, end in zip(begins, map(int, peaks), ends, strict=True))
