"""Files of a folder without those that a system keeps for itself, such as the `._drums.wav` that macOS adds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def visible(paths: Iterable[Path]) -> list[Path]:
    """Sort paths, and leave out those whose name begins with a dot."""
    return sorted(path for path in paths if not path.name.startswith("."))
