"""Write what the README shows of the demo song: thirty seconds of sound, and a picture.

python scripts/show_demo.py
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import soundfile
from mutagen.id3 import ID3, TIT2, TPE1, WCOP
from PIL import Image

import rtsep
from rtsep.demo.song import demo_song
from rtsep.model.catalogue import find_model
from rtsep.report.spectrograms import draw_spectrograms
from rtsep.types import Audio

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SOUND, PICTURE = PICTURES / "demo.mp3", PICTURES / "demo.png"
MODEL = "instrumental"  # nobody sings in the demo song
SAMPLERATE = 44100
PARTS = ("mixture", "rest", "guitar")  # heard one after the other
BEGIN_S, PART_S, FADE_S = 4.3, 10.0, 0.05  # of the song: half a verse and half a chorus
QUALITY = 0.7  # of the mp3: 0 is the best, 1 the smallest
SIZE, COLOURS = (1200, 720), 64  # of the picture, so that it loads at once


def joined(signals: dict[str, Audio]) -> Audio:
    """Join the same ten seconds of each part, faded at both ends; float32 (channels, frames)."""
    begin, frames, fade = (round(seconds * SAMPLERATE) for seconds in (BEGIN_S, PART_S, FADE_S))
    edge = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    window = np.concatenate([edge, np.ones(frames - 2 * fade, np.float32), edge[::-1]])
    return np.concatenate([signals[name][:, begin:begin + frames] * window for name in PARTS], axis=1)


def title() -> str:
    """Say which weights are heard."""
    return f"rtsep {MODEL} {hashlib.sha256(find_model(MODEL).read_bytes()).hexdigest()[:12]}"


def main() -> None:
    """Separate the song once, and write both."""
    mixture = np.sum(list(demo_song(SAMPLERATE).values()), axis=0, dtype=np.float32)
    signals = {"mixture": mixture, **rtsep.separate(mixture, SAMPLERATE, MODEL, ["guitar", "rest"])}
    soundfile.write(SOUND, joined(signals).T, SAMPLERATE, format="MP3", bitrate_mode="CONSTANT",
                    compression_level=QUALITY)
    tags = ID3()
    tags.setall("TIT2", [TIT2(text="The demo song: mixture, without its guitar, its guitar")])
    tags.setall("TPE1", [TPE1(text=title())])
    tags.setall("WCOP", [WCOP(url="https://creativecommons.org/licenses/by/4.0/")])
    tags.save(SOUND)
    draw_spectrograms(PICTURE, {name: signals[name] for name in ("mixture", "guitar", "rest")}, SAMPLERATE,
                      f"The demo song, model {MODEL}")
    small = Image.open(PICTURE).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
