"""What the README lets people hear and see: there, small, and of the weights that ship."""

from __future__ import annotations

import hashlib

from mutagen.mp3 import MP3

from tests.docs.pages import ROOT

MOST_BYTES = 1_000_000
SOUND, PICTURE = "docs/pictures/demo.mp3", "docs/pictures/demo.png"


def test_the_readme_leads_to_thirty_seconds_of_sound() -> None:
    text = (ROOT / "README.md").read_text()
    assert f"]({SOUND})" in text
    assert f"]({PICTURE})" in text
    assert abs(MP3(ROOT / SOUND).info.length - 30.0) < 0.2
    assert sum((ROOT / name).stat().st_size for name in (SOUND, PICTURE)) < MOST_BYTES


def test_what_is_heard_is_of_the_weights_that_ship() -> None:
    _, name, digits = str(MP3(ROOT / SOUND).tags["TPE1"]).split()
    weights = hashlib.sha256((ROOT / f"models/{name}.onnx").read_bytes()).hexdigest()
    assert weights.startswith(digits), "the weights are new: python scripts/show_demo.py"
