"""Core and plugins at work between two marks that strace sees: python -m tests.plugins.watched BUNDLE MODEL."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from plugins.lv2.describe import REMOVE, SPLIT
from tests.native.c_separator import CSeparator
from tests.plugins.host import Plugin

BEGIN, END = "mark-of-the-begin", "mark-of-the-end"


def work(bundle: Path, model: Path) -> None:
    """Open the model, play, keep and give back the state, and close it: by the core, and in both plugins."""
    sound = np.full((2, 3000), 0.1, np.float32)
    separator = CSeparator(model)
    separator.set("mask_gain", 4.0)
    separator.process(sound)
    separator.reset()
    del separator
    for uri in (REMOVE, SPLIT):
        plugin = Plugin(bundle, uri)
        plugin.run(sound)
        assert plugin.restore({"urn:rtsep:model": f"{model.relative_to(bundle.parent)}\0".encode()}) == 0
        plugin.save()
        plugin.run(sound)


def main(bundle: Path, model: Path) -> None:
    """Do all of it once, so that Python and the system have loaded what they need, and again between the marks."""
    work(bundle, model)
    for mark in (BEGIN, END):
        try:
            os.open(mark, os.O_RDONLY)
        except FileNotFoundError:
            pass
        if mark == BEGIN:
            work(bundle, model)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
