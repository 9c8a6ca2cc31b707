"""Control what is heard from the keyboard, while a song plays on the default output.

Run: python examples/keyboard.py song.flac

1, 2, 3 mute and unmute a stem; + and - pull the mask harder or less; b switches between the song and its stems; q ends.
"""

import sys
import termios
import threading
import tty
from collections.abc import Callable

import numpy as np
import sounddevice
import soundfile

import rtsep

BLOCKSIZE = 512


def press(key: str, controls: rtsep.Controls, stems: tuple[str, ...]) -> str:
    """Do what a key stands for, and say it. Controls may be set from any thread."""
    if key.isdecimal() and 1 <= int(key) <= len(stems):
        stem = stems[int(key) - 1]
        controls.set_mute(stem, not controls.muted(stem))
        return f"{stem} {'off' if controls.muted(stem) else 'on'}"
    if key in "+-":
        controls.mask_gain = float(np.clip(controls.mask_gain * (1.25 if key == "+" else 0.8), 0.1, 10.0))
        return f"mask gain {controls.mask_gain:.2f}"
    if key == "b":
        controls.bypass = not controls.bypass
        return "song" if controls.bypass else "stems"
    return "1 2 3: mute, + -: mask gain, b: song or stems, q: end"


def main(path: str) -> None:
    """Play until the song is over or q is pressed."""
    finished = threading.Event()
    with soundfile.SoundFile(path) as song:
        separator = rtsep.Separator("stage", song.channels, BLOCKSIZE, samplerate=song.samplerate)
        controls, gains = separator.controls, np.ones(len(separator.stems))

        def play(outdata: np.ndarray, frames: int, _time: object, _status: sounddevice.CallbackFlags) -> None:
            nonlocal gains
            block = song.read(frames, dtype="float32", always_2d=True, fill_value=0.0)
            stems = separator.process(block.T)
            targets = np.array([1.0 if controls.bypass else controls.gain(stem) for stem in separator.stems])
            ramps = np.linspace(gains, targets, frames, axis=1)  # from the last gains on, so that nothing clicks
            outdata[:] = np.einsum("sf,scf->fc", ramps, stems)
            gains = targets
            if song.tell() >= song.frames:
                raise sounddevice.CallbackStop

        with sounddevice.OutputStream(song.samplerate, BLOCKSIZE, channels=song.channels, dtype="float32",
                                      callback=play, finished_callback=finished.set):
            print(press("?", controls, separator.stems), end="\r\n", flush=True)
            listen(lambda key: print(press(key, controls, separator.stems), end="\r\n", flush=True), finished)


def listen(act: Callable[[str], None], finished: threading.Event) -> None:
    """Hand over keys as they are pressed, until q or the end of the song."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    reader = threading.Thread(target=_read, args=(act, finished), daemon=True)
    try:
        reader.start()
        finished.wait()
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _read(act: Callable[[str], None], finished: threading.Event) -> None:
    while (key := sys.stdin.read(1)) not in ("q", ""):
        act(key)
    finished.set()


if __name__ == "__main__":
    main(*sys.argv[1:])
