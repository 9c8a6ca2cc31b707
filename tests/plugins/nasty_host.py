"""What a nasty host does to the plugins, in a process that sanitizers watch: python -m tests.plugins.nasty_host BUNDLE.

Prints `as it should be` at the end; whatever leaves its memory, or is undefined in C, ends the process before.
"""

from __future__ import annotations

import shutil
import sys
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from plugins.lv2.describe import REMOVE, SPLIT
from rtsep.types import Audio
from tests.plugins.host import Plugin

RATES = (8_000.0, 22_050.0, 39_999.0, 96_000.0, 192_000.0, 0.0, -1.0, 1e300, np.inf, np.nan)
SIZES = (0, 1, 0, 64, 65, 1, 2049, 0, 2, 1023, 1024, 1025, 3)
SOUND = (0.1 * np.random.default_rng(9).standard_normal((2, sum(SIZES)))).astype(np.float32)
ODD = "ein Modell, \u00fcber \u97f3\u697d.rtsep"
MODEL = "urn:rtsep:model"


def play(plugin: Plugin, sound: Audio = SOUND, in_place: bool = False) -> Audio:
    """Play in blocks whose size changes, some of them empty."""
    ends: list[int] = np.cumsum((0, *SIZES)).tolist()
    return np.concatenate([plugin.run(sound[:, begin:end], in_place)
                           for begin, end in pairwise(ends)], axis=1)


def rates(bundle: Path, uri: str) -> None:
    """Ask for rates that it does not run at, and that are none."""
    for rate in RATES:
        with pytest.raises(RuntimeError, match="no instance"):
            Plugin(bundle, uri, rate)
    for rate in (40_000.0, 44_099.6, 48_000.0, 50_000.0):
        play(Plugin(bundle, uri, rate))


def calls_out_of_order(bundle: Path, uri: str) -> None:
    """Run before it is active, and activate it again and again; let one go that never ran."""
    expected = play(Plugin(bundle, uri))
    early = Plugin(bundle, uri, activated=False)
    np.testing.assert_array_equal(play(early), expected)
    for _ in range(3):
        early.activate()
    np.testing.assert_array_equal(play(early, in_place=True), expected)
    Plugin(bundle, uri, activated=False)


def sounds(bundle: Path, uri: str) -> None:
    """Send what is no sound, what is far too loud, and what is hardly there; it is as before afterwards."""
    plugin = Plugin(bundle, uri)
    for value in (np.nan, np.inf, -np.inf, 3e38, 1e6, 1e-40, -1e-45, -0.0):
        bad = SOUND.copy()
        bad[:, ::7] = value
        assert np.isfinite(play(plugin, bad)).all()
    plugin.activate()
    np.testing.assert_array_equal(play(plugin), play(Plugin(bundle, uri)))
    for symbol in plugin.controls:
        for value in (np.nan, np.inf, -np.inf, 1e30, -1e30):
            plugin.controls[symbol].value = value
            assert np.isfinite(plugin.run(SOUND[:, :100])).all()


def models(bundle: Path, uri: str) -> None:
    """Save and restore while it plays; models by odd paths, that are missing, damaged, or a folder."""
    shutil.copy(bundle / "tiny.rtsep", bundle.parent / ODD)
    (bundle.parent / "half.rtsep").write_bytes((bundle / "tiny.rtsep").read_bytes()[:5000])
    (bundle.parent / "empty.rtsep").touch()
    plugin, kept = Plugin(bundle, uri), {MODEL: f"{ODD}\0".encode()}
    plugin.run(SOUND[:, :700])
    assert plugin.restore(kept) == 0
    played = plugin.run(SOUND[:, :700])
    assert plugin.save() == kept
    for name in ("missing.rtsep", "half.rtsep", "empty.rtsep", ".", "", "x" * 5000):
        assert plugin.restore({MODEL: f"{name}\0".encode()}) != 0
        assert plugin.save() == kept
    assert np.isfinite(plugin.run(SOUND[:, :700])).all()
    plugin.activate()
    np.testing.assert_array_equal(plugin.run(SOUND[:, :700]), played)


def bundles(bundle: Path, uri: str) -> None:
    """Lie in a folder with an odd name; lack the model."""
    odd = bundle.parent / "mit Leerzeichen \u00e4" / bundle.name
    shutil.copytree(bundle, odd, dirs_exist_ok=True)
    np.testing.assert_array_equal(play(Plugin(odd, uri)), play(Plugin(bundle, uri)))
    (odd / "tiny.rtsep").unlink()
    with pytest.raises(RuntimeError, match="no instance"):
        Plugin(odd, uri)
    shutil.rmtree(odd.parent)


def threads(bundle: Path, uri: str) -> None:
    """Run several at once, each in a thread of its own."""
    expected, found = play(Plugin(bundle, uri)), []
    running = [threading.Thread(target=lambda: found.append(play(Plugin(bundle, uri)))) for _ in range(3)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    assert len(found) == len(running)
    for one in found:
        np.testing.assert_array_equal(one, expected)


def main(bundle: Path) -> None:
    """Do all of it to both plugins."""
    for uri in (REMOVE, SPLIT):
        for part in (rates, calls_out_of_order, sounds, models, bundles, threads):
            part(bundle, uri)
    print("as it should be")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
