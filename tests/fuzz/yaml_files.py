"""Edited settings files: presets, mappings, and recipes where the trainer is installed."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from rtsep import RtsepError
from rtsep.controls.live_controls import LiveControls
from rtsep.controls.presets import load_presets, put_preset
from rtsep.live.board import new_board
from rtsep.midi.control_surface import ControlSurface
from rtsep.midi.mapping import DEFAULT_FILE, load_mapping
from rtsep.midi.messages import ControlChange
from tests.fuzz.harness import Rng, refused
from tests.fuzz.midi import EVERYTHING

STEMS = ("drums", "guitar", "rest")
PRESETS = """verse:
  model: stage
  mask_gain: -6.5
  level: {guitar: off, drums: 3}
  mute:
    drums: true
chorus: {wet: 0.5, bypass: false, solo: {guitar: true}}
"end": {mask_gain: 1e1}
"""
WORDS = ("", "off", "on", "true", "null", "~", "nan", ".inf", "-.inf", "1e999", "-1", "0", "1e-400", "9" * 400, "0x10",
         "2024-01-01", "10:30", "*a", "&a x", "!!python/object:os.system x", "!!binary =", "!!set {a}", "!!omap [a]",
         "!!timestamp x", "!!float x", "!!int ''", "<<", "<<: {a: 1}", "? [a]", "[", "]", "{", "}", "- - -", ": :",
         "|", ">", "'", '"', '"\\x1b[2J"', "\\u0000", "\x00", "\x1b[2J", "\ud7ff", "\u2028", "\ufeff", "\t",
         "%YAML 9.9", "---", "...", "drums", "guitar", "mask_gain", "level", "preset", "cc 1", "note 128",
         "cc14 40", "ch 17")
SIGNS = ":-[]{},'\"&*!|>?#%@`\n \t~0"


def attempt(seed: int, folder: Path) -> str:
    """Read the file of a seed."""
    rng, path = np.random.default_rng(seed), folder / "edited.yaml"
    kind = str(rng.choice(list(_originals())))
    text = _originals()[kind][rng.integers(len(_originals()[kind]))]
    for _ in range(rng.integers(1, 5)):
        text = _edited(text, rng)
    content = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.05:
        content = rng.choice([b"\xff", b"\xef\xbb\xbf", b"\xfe\xff"]) + content
    path.write_bytes(content)
    try:
        _use(kind, path)
    except RtsepError as error:
        return refused(error)
    return kind


@cache
def _originals() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {"presets": (PRESETS,), "mapping": (DEFAULT_FILE.read_text("utf-8"),
                                                                            EVERYTHING)}
    if find_spec("torch") is not None:
        from training.recipes.recipe import FOLDER
        found["recipe"] = tuple(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.yaml")))
    return found


def _use(kind: str, path: Path) -> None:
    """Read a file, and do with it what is done live."""
    board = new_board(None)
    if kind == "presets":
        for preset in load_presets(path):
            put_preset(preset, board, STEMS)
            assert all(0.0 <= value <= 1000.0 for value in (board.mask_gain, *board.levels))
    elif kind == "mapping":
        surface = ControlSurface(load_mapping(path), LiveControls(board, STEMS))
        for value in (0, 127, 64):
            surface.hear(ControlChange(1, 1, value))
        list(surface.feedback())
    else:
        from training.recipes.recipe import read_recipe
        read_recipe(path)


def _edited(text: str, rng: Rng) -> str:
    """Change one thing: a word, a sign, a line, or how far a line stands to the right."""
    lines = text.splitlines(keepends=True) or [""]
    line = int(rng.integers(len(lines)))
    at = int(rng.integers(len(text) + 1))
    match rng.integers(7):
        case 0:
            words = lines[line].split(" ")
            words[rng.integers(len(words))] = str(rng.choice(WORDS))
            lines[line] = " ".join(words) + ("" if words[-1].endswith("\n") else "\n")
        case 1:
            del lines[line]
        case 2:
            lines.insert(int(rng.integers(len(lines) + 1)), lines[line])
        case 3:
            lines[line] = " " * int(rng.integers(1, 9)) + lines[line].lstrip()
        case 4:
            return text[:at] + str(rng.choice(list(SIGNS))) + text[at + int(rng.integers(2)):]
        case 5:
            return text[:at] + str(rng.choice(WORDS)) + text[at:]
        case 6:
            deep = int(rng.choice([1, 5, 30, 3000]))
            return text[:at] + str(rng.choice(["[", "{a: ", "- "])) * deep + text[at:]
    return "".join(lines)
