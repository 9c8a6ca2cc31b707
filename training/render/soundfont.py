"""FluidSynth in this process: a score and a General MIDI program in, audio out, a hundred times faster than live.

The library is called through ctypes. A fresh synthesiser a call keeps renderings identical from one call to the
next (a reset one still carries the release of the last notes); the sound font stays loaded.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from rtsep.errors import ConfigError
from rtsep.types import Audio
from training import SAMPLERATE
from training.render.scores import Note

SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
_LOG_LEVELS = (1, 2, 3, 4)  # error to debug: FluidSynth warns about each empty channel of a new synthesiser
_POINTER_RESULTS = ("new_fluid_settings", "new_fluid_synth", "fluid_synth_get_sfont_by_id", "fluid_set_log_function")


@dataclass(frozen=True)
class SoundFont:
    """A loaded sound font and the synthesiser that owns it (both live as long as the process)."""

    api: ctypes.CDLL
    settings: ctypes.c_void_p
    font: ctypes.c_void_p


@lru_cache(maxsize=1)
def open_sound_font(path: Path = SOUND_FONT) -> SoundFont:
    """Load FluidSynth and a sound font once a process.

    Raises
    ------
    ConfigError
        When the library or the sound font is not installed; the message names the Debian package.
    """
    name = find_library("fluidsynth")
    if name is None:
        raise ConfigError("FluidSynth was not found: install Debian's `libfluidsynth3` (it comes with `fluidsynth`)")
    if not path.exists():
        raise ConfigError(f"no sound font at {path}: install Debian's `fluid-soundfont-gm`")
    api = ctypes.CDLL(name)
    for function in _POINTER_RESULTS:
        getattr(api, function).restype = ctypes.c_void_p
    for level in _LOG_LEVELS:
        api.fluid_set_log_function(level, None, None)
    settings = ctypes.c_void_p(api.new_fluid_settings())
    api.fluid_settings_setnum(settings, b"synth.sample-rate", ctypes.c_double(SAMPLERATE))
    for key, value in ((b"synth.reverb.active", 0), (b"synth.chorus.active", 0),
                       (b"synth.dynamic-sample-loading", 1), (b"synth.lock-memory", 0)):
        api.fluid_settings_setint(settings, key, value)
    owner = ctypes.c_void_p(api.new_fluid_synth(settings))
    identifier = api.fluid_synth_sfload(owner, str(path).encode(), 0)
    if identifier < 0:
        raise ConfigError(f"FluidSynth cannot read the sound font {path}: reinstall Debian's `fluid-soundfont-gm`")
    return SoundFont(api, settings, ctypes.c_void_p(api.fluid_synth_get_sfont_by_id(owner, identifier)))


def play_program(notes: Sequence[Note], program: int, frames: int, modulation: float = 0.0) -> Audio:
    """Play a score with one General MIDI instrument, dry and mono.

    Parameters
    ----------
    notes
        The score, times in s.
    program
        0 to 127 (0 is the grand piano, 25 the steel-string guitar, 48 the strings).
    frames
        Length of the result at 44.1 kHz.
    modulation
        Depth of the instrument's own vibrato, 0 to 1.

    Returns
    -------
    Audio
        Shape (frames,), float32.
    """
    loaded = open_sound_font()
    synth = ctypes.c_void_p(loaded.api.new_fluid_synth(loaded.settings))
    identifier = loaded.api.fluid_synth_add_sfont(synth, loaded.font)
    try:
        loaded.api.fluid_synth_program_select(synth, 0, identifier, 0, program)
        loaded.api.fluid_synth_cc(synth, 0, 1, int(127 * modulation))
        return _render(loaded.api, synth, notes, frames)
    finally:
        loaded.api.fluid_synth_remove_sfont(synth, loaded.font)
        loaded.api.delete_fluid_synth(synth)


def _render(api: ctypes.CDLL, synth: ctypes.c_void_p, notes: Sequence[Note], frames: int) -> Audio:
    """Alternate between sending the events that are due and writing audio up to the next."""
    left, right = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    done = 0
    for frame, key, velocity in [*_events(notes), (frames, 0, 0)]:
        until = min(frame, frames)
        if until > done:
            api.fluid_synth_write_float(synth, until - done, left.ctypes.data_as(ctypes.c_void_p), done, 1,
                                        right.ctypes.data_as(ctypes.c_void_p), done, 1)
            done = until
        if velocity:
            api.fluid_synth_noteon(synth, 0, key, velocity)
        else:
            api.fluid_synth_noteoff(synth, 0, key)
    return 0.5 * (left + right)


def _events(notes: Sequence[Note]) -> list[tuple[int, int, int]]:
    """Frame, key and velocity (0 ends the note) in the order they happen."""
    events: list[tuple[int, int, int]] = []
    for note in notes:
        key = int(np.clip(round(note.midi), 0, 127))
        start, stop = int(note.start * SAMPLERATE), int((note.start + note.seconds) * SAMPLERATE)
        if stop > 0:
            events.append((max(start, 0), key, int(np.clip(note.velocity * 127, 1, 127))))
            events.append((max(stop, start + 64), key, 0))
    return sorted(events)
