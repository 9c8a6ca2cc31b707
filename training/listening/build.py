"""Builds the page: clips, styles and script in one file, and beside it the key that says which clip is which."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
from pathlib import Path
from typing import Any

from rtsep.errors import ConfigError
from training.listening.clips import ANCHOR, MIXTURE, REFERENCE, Clip, read_clips

FORMAT = 1
SCALES = ("seven", "three")
KEY_SUFFIX = ".key.json"


def build(folder: Path, page: Path, scale: str) -> Path:
    """Write the page of a listening test and its key.

    Every system, the hidden reference and the low anchor are rated (MOS); every pair of systems is
    compared within each item (CMOS). The page knows clips by numbers only.

    Parameters
    ----------
    folder
        Items as `read_clips` describes them.
    page
        The `.html` file to write.
    scale
        Levels of the comparison: `seven` of ITU-T P.800 Annex E, or the paper's `three`.

    Returns
    -------
    key
        File that `results` needs, NAME.key.json beside the page.

    Raises
    ------
    ConfigError, AudioFileError
        When the folder is not as expected, or page or key are there and of something else.
    """
    if page.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"{page}: name the page something.html")
    clips = read_clips(folder)
    encoded = [clip.flac() for clip in clips]
    names = [hashlib.sha256(f"{clip.item}/{clip.system}/".encode() + sound).hexdigest()[:12]
             for clip, sound in zip(clips, encoded, strict=True)]
    number = hashlib.sha256("".join([scale, *names]).encode()).hexdigest()[:12]
    by_name = dict(zip(names, clips, strict=True))
    sounds = {name: "data:audio/flac;base64," + base64.b64encode(sound).decode()
              for name, sound in zip(names, encoded, strict=True)}
    test = {"id": number, "scale": scale, **_trials(by_name)}
    used = {test["volume"], *(rating["clip"] for rating in test["ratings"])}
    trials = [[rating["clip"]] for rating in test["ratings"]] + [pair["clips"] for pair in test["pairs"]]
    key = {"format": FORMAT, "test": number, "scale": scale, "trials": trials,
           "clips": {name: {"item": clip.item, "target": clip.target, "system": clip.system}
                     for name, clip in by_name.items()}}
    key_path = page.with_name(page.stem + KEY_SUFFIX)
    _keep_others(page, key_path, number)
    page.parent.mkdir(parents=True, exist_ok=True)
    _write(page, _page(test | {"clips": {name: sounds[name] for name in sorted(used)}}))
    _write(key_path, json.dumps(key, indent=1))
    return key_path


def _keep_others(page: Path, key_path: Path, number: str) -> None:
    """Refuse names that another test has: without its key nobody could read its results."""
    try:
        mine = json.loads(key_path.read_text("utf-8"))["test"] == number
    except FileNotFoundError:
        mine = not page.exists()
    except (OSError, LookupError, TypeError, ValueError):
        mine = False
    if not mine:
        there = page if page.exists() else key_path
        raise ConfigError(f"{there} is there, and of something else than these clips: it is kept; give another name")


def _trials(clips: dict[str, Clip]) -> dict[str, Any]:
    """List what is rated and what is compared, in an order that tells nothing."""
    ratings = [{"clip": name, "target": clip.target} for name, clip in clips.items() if clip.system != MIXTURE]
    systems = [(name, clip) for name, clip in clips.items() if clip.system not in (REFERENCE, MIXTURE, ANCHOR)]
    pairs = [{"clips": sorted((first, second)), "target": a.target}
             for (first, a), (second, b) in itertools.combinations(systems, 2) if a.item == b.item]
    volume = next(name for name, clip in clips.items() if clip.system == MIXTURE)
    return {"volume": volume, "ratings": sorted(ratings, key=lambda rating: rating["clip"]),
            "pairs": sorted(pairs, key=lambda pair: pair["clips"])}


def _page(test: dict[str, Any]) -> str:
    here = Path(__file__).parent
    parts = {"/*STYLE*/": (here / "page.css").read_text(), "/*SCRIPT*/": (here / "page.js").read_text(),
             "/*TEST*/": json.dumps(test).replace("<", "\\u003c")}  # no item name can close the element
    text = (here / "page.html").read_text()
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return text


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(text)
    os.replace(draft, path)
