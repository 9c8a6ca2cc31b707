"""Write the tables that are made from code into the documents, where their first line stands already.

python scripts/write_tables.py
"""

from __future__ import annotations

from pathlib import Path

from rtsep.api import commands, feeds
from rtsep.controls import table
from rtsep.live import counters
from rtsep.mixer import actions
from rtsep.surface import events
from training.corpora import sources
from training.export import scores

DOCS = Path(__file__).parents[1] / "docs"
TABLES = {"live.md": (table.document, counters.document, actions.document, events.document),
          "training.md": (sources.document,),
          "results.md": (scores.full_mixes, scores.at_0_db),
          "api.md": (commands.document, commands.error_document, feeds.document)}
"""Documents, and what makes their tables."""
ROWS = {"../README.md": (scores.headline,)}
"""Documents, and what makes single rows of their tables."""


def replaced(text: str, made: str) -> str:
    """Put a table in place of the one that has the same first line.

    Raises
    ------
    ValueError
        When there is none.
    """
    lines, rows = text.split("\n"), made.split("\n")
    start = lines.index(rows[0])
    end = next((at for at in range(start, len(lines)) if not lines[at].startswith("|")), len(lines))
    return "\n".join([*lines[:start], *rows, *lines[end:]])


def with_row(text: str, made: str) -> str:
    """Put a row in place of the one whose first cell is the same.

    Raises
    ------
    ValueError
        When there is none.
    """
    lines = text.split("\n")
    (at,) = (number for number, line in enumerate(lines) if line.split("|")[1:2] == made.split("|")[1:2])
    return "\n".join([*lines[:at], made, *lines[at + 1:]])


def main() -> None:
    """Write all tables and rows."""
    for pages, put in ((TABLES, replaced), (ROWS, with_row)):
        for name, makers in pages.items():
            path = DOCS / name
            text = path.read_text("utf-8")
            for make in makers:
                text = put(text, make())
            path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
