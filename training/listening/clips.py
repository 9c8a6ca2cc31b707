"""Clips of a listening test: read from a folder, made equally loud, with a low anchor beside them."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyloudnorm
import soundfile
from numpy.typing import NDArray
from scipy import signal

from rtsep.errors import AudioFileError, ConfigError

Audio = NDArray[np.float64]
REFERENCE, MIXTURE, ANCHOR = "reference", "mixture", "anchor"
SUFFIXES = (".wav", ".flac")
SHORTEST_S = 0.5  # loudness is measured over blocks of 400 ms
LOUDNESS_LUFS = -23.0  # EBU R 128
PEAK = 0.891  # -1 dB of full scale: an item whose clips would pass it is made quieter as a whole
ANCHOR_HZ = 3500.0  # the low anchor of ITU-R BS.1534


@dataclass(frozen=True)
class Clip:
    """One sound of the test.

    Parameters
    ----------
    item, target
        Folder that it comes from, and the instrument that was to be separated.
    system
        What made it, or `reference`, `mixture`, `anchor`.
    audio
        float64 (frames, channels).
    samplerate
        In Hz.
    """

    item: str
    target: str
    system: str
    audio: Audio
    samplerate: int

    def flac(self) -> bytes:
        """Encode as 16-bit FLAC, which every browser of today plays."""
        buffer = io.BytesIO()
        soundfile.write(buffer, self.audio, self.samplerate, format="FLAC", subtype="PCM_16")
        return buffer.getvalue()


def read_clips(folder: Path) -> list[Clip]:
    """Read the items of a test, each level-matched and with its anchor.

    Parameters
    ----------
    folder
        One folder an item, named TARGET-ANYTHING; each holds `reference`, `mixture` and one file a
        system, as .wav or .flac, all of one length, sample rate and number of channels.

    Returns
    -------
    clips
        Items sorted by name; in each the reference, the mixture, the anchor, then the systems, which
        are the same in all items.

    Raises
    ------
    ConfigError
        When the folder is not laid out like that; the message says where and how.
    AudioFileError
        When a file cannot be decoded.
    """
    folders = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    if not folders:
        raise ConfigError(f"no items in {folder}: expected folders such as {folder / 'guitar-01'} that hold "
                          f"{REFERENCE}.wav, {MIXTURE}.wav and one file a system")
    items = [_read_item(path) for path in folders]
    expected = {clip.system for clip in items[0]}
    for path, item in zip(folders, items, strict=True):
        differing = expected ^ {clip.system for clip in item}
        if differing:
            raise ConfigError(f"{path} and {folders[0]} do not hold the same systems: {', '.join(sorted(differing))} "
                              f"is in one of them only")
    return [clip for item in items for clip in level_matched(item)]


def level_matched(item: list[Clip]) -> list[Clip]:
    """Bring the clips of one item to one loudness (ITU-R BS.1770), none above `PEAK`; silence stays silence."""
    gains = np.array([_gain(clip) for clip in item])
    loudest = max(float(np.max(np.abs(clip.audio))) * gain for clip, gain in zip(item, gains, strict=True))
    gains *= min(1.0, PEAK / max(loudest, 1e-9))
    return [replace(clip, audio=clip.audio * gain) for clip, gain in zip(item, gains, strict=True)]


def low_anchor(mixture: Clip) -> Clip:
    """Low-pass the mixture: nothing is separated and the treble is gone, so every system should beat it."""
    sections = signal.butter(8, ANCHOR_HZ, fs=mixture.samplerate, output="sos")
    return replace(mixture, system=ANCHOR, audio=signal.sosfiltfilt(sections, mixture.audio, axis=0))


def _read_item(folder: Path) -> list[Clip]:
    paths = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES}
    missing = [name for name in (REFERENCE, MIXTURE) if name not in paths]
    systems = [name for name in paths if name not in (REFERENCE, MIXTURE)]
    if missing or not systems:
        raise ConfigError(f"{folder} lacks {', '.join(missing) or 'any separated clip'}: expected {REFERENCE}.wav, "
                          f"{MIXTURE}.wav and one file a system (.wav or .flac)")
    if ANCHOR in systems:
        raise ConfigError(f"{paths[ANCHOR]}: the low anchor is made here; give the system another name")
    clips = [_read(paths[name]) for name in (REFERENCE, MIXTURE, *systems)]
    for clip in clips[1:]:
        if (clip.audio.shape, clip.samplerate) != (clips[0].audio.shape, clips[0].samplerate):
            raise ConfigError(f"{paths[clip.system]} has {_format(clip)}, {paths[REFERENCE]} has {_format(clips[0])}: "
                              f"cut and convert them alike")
    return [*clips[:2], low_anchor(clips[1]), *clips[2:]]


def _read(path: Path) -> Clip:
    try:
        audio, samplerate = soundfile.read(path, always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AudioFileError(f"{path} cannot be decoded: {error.error_string}") from None
    if len(audio) < SHORTEST_S * samplerate or not np.all(np.isfinite(audio)):
        raise ConfigError(f"{path}: a clip must be at least {SHORTEST_S} s of finite samples")
    item = path.parent.name
    return Clip(item, item.partition("-")[0], path.stem, audio, samplerate)


def _gain(clip: Clip) -> float:
    loudness = pyloudnorm.Meter(clip.samplerate).integrated_loudness(clip.audio)
    return float(10.0 ** ((LOUDNESS_LUFS - loudness) / 20.0)) if np.isfinite(loudness) else 1.0


def _format(clip: Clip) -> str:
    frames, channels = clip.audio.shape
    return f"{frames} frames of {channels} channels at {clip.samplerate} Hz"
