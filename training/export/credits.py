"""Who recorded, played and captured what the shipped weights were trained on."""

from __future__ import annotations

from pathlib import Path

import yaml

from rtsep.model.catalogue import find_model
from training.corpora.readable import read_table
from training.corpora.sources import AUTHOR_COLUMNS, AUTHORS, read_sources
from training.render.library import is_heard

WEIGHTS_LICENCE = "CC BY 4.0"
NEURAL_VOICE = "synthetic singing: Kokoro-82M (Apache-2.0)"


def common_credits() -> list[str]:
    """Those whose sounds all weights have heard, a line a kind."""
    lines: dict[str, list[str]] = {}
    for source in read_sources():
        if not source.credit:
            lines.setdefault(source.kind, []).append(f"{source.name} ({source.licence})")
    return [f"{kind}: {'; '.join(names)}" for kind, names in lines.items()]


def credits(data: Path) -> list[str]:
    """Everyone whose sound the weights have heard, the authors of the played phrases among them.

    Those who are held out of training are left out; the neural voice has a row of its own. Where there is no
    data folder, those of the shipped `stage`, which weights trained on own sounds began with.
    """
    authors = data / AUTHORS
    if not authors.is_file():
        return list(yaml.safe_load(find_model("stage").with_suffix(".yaml").read_text())["credits"])
    rows = [row for row in read_table(authors, AUTHOR_COLUMNS, "\t") if is_heard(row["file"])]
    neural = [NEURAL_VOICE] if any(_is_neural(row) for row in rows) else []
    phrases = sorted({f"{row['author_source']} ({row['licence']})" for row in rows if not _is_neural(row)})
    return [*common_credits(), *_further_credits(data), *neural, "phrases: " + "; ".join(phrases)]


def _further_credits(data: Path) -> list[str]:
    """Those whose sounds this data folder has and others lack, a line each."""
    return [f"{source.kind}: {source.name} ({source.licence})" for source in read_sources()
            if source.further and (data / source.folder).is_dir()]


def _is_neural(row: dict[str, str]) -> bool:
    return "Kokoro" in row["author_source"]
