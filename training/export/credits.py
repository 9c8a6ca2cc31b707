"""Who recorded, played and captured what the shipped weights were trained on."""

from __future__ import annotations

import csv
from pathlib import Path

import yaml

from rtsep.model.catalogue import find_model
from training.render.library import is_heard

WEIGHTS_LICENCE = "CC BY 4.0"
CREDITS = (
    "drums: DrumGizmo MuldjordKit (CC BY 4.0); Real Music Media open source drumkit (public domain); "
    "Karoryfer Gogodze Phu (CC0); oramics/sampled Pearl Master Studio (CC BY 3.0); Sonic Pi (CC0)",
    "drum performances: Groove MIDI Dataset 1.0, Google LLC (CC BY 4.0)",
    "electric guitar: Karoryfer Black and Green Guitars, Emilyguitar, Shinyguitar (CC0); nyanshell (MIT); "
    "Steven Atkinson and contributors (MIT); Ax_Grinder power chords (CC BY 3.0)",
    "amplifier captures and impulse responses: Steven Atkinson and contributors (MIT); EMT 140 plate (CC BY)",
    "bass: Karoryfer Growlybass, Swagbass, Pastabass, Meatbass (CC0); Steven Atkinson and contributors (MIT)",
    "keys: AKAI Splendid Grand (public domain); Greg Sullivan e-pianos (CC BY 3.0); Salamander Grand (CC BY 3.0)",
    "winds, strings, orchestra: MTG good-sounds saxophones (CC BY 4.0); Karoryfer Cyborg Strings (CC0); "
    "Ethan Winer (public domain)",
    "voices: OLPC/Berklee (CC BY 3.0); Karoryfer (CC0); eSpeak NG",
    "multi-instrument MIDI: Freedoom contributors (BSD-3-Clause); sound font: Fluid R3 GM, Frank Wen (MIT)",
)
NEURAL_VOICE = "synthetic singing: Kokoro-82M (Apache-2.0)"


def credits(data: Path) -> list[str]:
    """Everyone whose sound the weights have heard, the authors of the played phrases among them.

    Those who are held out of training are left out; the neural voice has a row of its own. Where there is no
    data folder, those of the shipped `stage`, which weights trained on own sounds began with.
    """
    authors = data / "phrases" / "CREDITS.tsv"
    if not authors.is_file():
        return list(yaml.safe_load(find_model("stage").with_suffix(".yaml").read_text())["credits"])
    with authors.open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle, delimiter="\t") if is_heard(row["file"])]
    neural = [NEURAL_VOICE] if any(_is_neural(row) for row in rows) else []
    phrases = sorted({f"{row['author_source']} ({row['licence']})" for row in rows if not _is_neural(row)})
    return [*CREDITS, *neural, "phrases: " + "; ".join(phrases)]


def _is_neural(row: dict[str, str]) -> bool:
    return "Kokoro" in row["author_source"]
