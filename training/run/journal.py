"""The log of a run: one row of `log.csv` for each validation."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from rtsep.errors import ConfigError

Curve = dict[str, list[float]]
NOT_IN_CURVE = ("seconds", "skipped")


class Journal:
    """Rows of a run's log.

    Parameters
    ----------
    run
        Folder of the run.
    step
        Last step that the run has behind it; later rows, written after the checkpoint that it goes on from, are
        dropped.

    Raises
    ------
    ConfigError
        When a new run would write over another one.
    """

    def __init__(self, run: Path, step: int) -> None:
        self.path = run / "log.csv"
        rows = read_rows(self.path)
        if rows and step == 0:
            raise ConfigError(f"{run} holds a run already: give another folder, or go on with --resume {run}/last.pt")
        kept = [row for row in rows if int(row["step"]) <= step]
        if kept != rows:
            self._write(kept, "w")

    @property
    def curve(self) -> Curve:
        """The log by columns, two digits after the point: steps, hours of audio, loss, SDR on the real songs."""
        rows = [row for row in read_rows(self.path) if int(row["step"])]  # not the weights that it began with
        names = [name for name in rows[0] if name not in NOT_IN_CURVE] if rows else []
        return {name: [round(float(row[name]), 2) for row in rows] for name in names}

    def append(self, row: dict[str, Any]) -> None:
        """Add a row."""
        self._write([row], "a")

    def _write(self, rows: list[dict[str, Any]], mode: str) -> None:
        with self.path.open(mode, newline="") as handle:
            if rows:
                writer = csv.DictWriter(handle, list(rows[0]))
                if handle.tell() == 0:
                    writer.writeheader()
                writer.writerows(rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a log, none where there is no file yet."""
    if not path.is_file():
        return []
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))
