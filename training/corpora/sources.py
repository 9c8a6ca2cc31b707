"""Where the sounds of the data folder come from: one table for credits, model cards, checks and documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

INDEX, INDEX_COLUMNS = "samples/index.csv", ("inst", "file", "dur_s", "peak", "rms300ms_db", "midi_from_name")
AUTHORS, AUTHOR_COLUMNS = "phrases/CREDITS.tsv", ("file", "licence", "author_source")
"""Tables of a data folder: what each recorded note is, and who made the played phrases."""
_TABLE = Path(__file__).with_name("sources.yaml")


@dataclass(frozen=True)
class Source:
    """One origin of sounds.

    Attributes
    ----------
    folder
        Where they lie in the data folder; empty for what the system's packages bring.
    kind
        What they teach, in words.
    name
        Who made them, in words.
    licence
        Its name.
    address
        Public page; empty where none is known.
    megabytes
        Size of what the data folder has of it; 0 for what the system's packages bring.
    credit
        Words in the credits of a model that has heard them; empty where all have.
    further
        Whether a data folder may lack them.
    """

    folder: str
    kind: str
    name: str
    licence: str
    address: str
    megabytes: float = 0.0
    credit: str = ""
    further: bool = False


@cache
def read_sources() -> tuple[Source, ...]:
    """Read the table."""
    return tuple(Source(**row) for row in yaml.safe_load(_TABLE.read_text()))


def heard_sources(credits: Sequence[str]) -> list[Source]:
    """Those that a model with these credits has heard; none where it credits nobody."""
    text = "\n".join(credits)
    return [source for source in read_sources() if text and source.credit in text]


def document() -> str:
    """Write all as a table in Markdown."""
    rows = ["| folder | what it teaches | who made it, and where it is | licence | MB here |", "|---|---|---|---|---|"]
    for source in read_sources():
        folder = f"`{source.folder}`" if source.folder else "the system's package"
        name = f"[{source.name}]({source.address})" if source.address else f"{source.name} (no public page is known)"
        size = f"{source.megabytes:.1f}" if source.folder else "–"
        rows.append(f"| {folder} | {source.kind} | {name} | {source.licence} | {size} |")
    return "\n".join(rows)
