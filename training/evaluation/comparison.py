"""The comparison of all systems as a document: the paper's Tables 2 and 3 and Figure 4, made of one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from training.evaluation.boxplot import draw_boxes
from training.evaluation.earlier_page import SYSTEMS, EarlierPage, line_of
from training.evaluation.evaluate import IDEAL, MIXTURE, Result, summary
from training.evaluation.published import ARTICLE_SDR, MEASURES, TABLE_2, TABLE_3
from training.evaluation.report import cell, column_title, counted, groups_of
from training.evaluation.systems import System

PAPER = "the paper's "
BUDGET = "four minutes of one core each"  # by which the steps in those recipes were chosen


def write_comparison(path: Path, systems: Sequence[System], results: Sequence[Result], title: str, command: str,
                     missing: Sequence[str]) -> None:
    """Write the document and its pictures, `NAME-TARGET-SPLIT.png`, into one folder.

    Parameters
    ----------
    results
        Of `measure`, for these systems.
    title
        What the clips are.
    command
        Makes the document again.
    missing
        Names or files that recipes would make, and that are not here. Their rows in the page that is there are kept if
        the same clips were measured.

    Raises
    ------
    AudioFileError
        When a picture cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    groups = groups_of(results)
    earlier = EarlierPage(path.read_text() if path.exists() else "", [Path(model).stem for model in missing])
    for target, split in groups:
        draw_boxes(path.parent / _picture(path, target, split), results, target, split)
    scores = list(_scores(path, results, groups, earlier))
    sections = [_opening(title, command), _systems(systems, results, earlier),
                *(_unmade(name) for name in earlier.names if name not in earlier.kept), *scores]
    path.write_text("\n".join(sections))


def _picture(path: Path, target: str, split: str) -> str:
    return f"{path.stem}-{target}-{split}.png"


def _opening(title: str, command: str) -> str:
    return f"""# Comparison

    {command}

This page is written by the command. Clips: {title}.

Measure: BSS Eval 3, and the SDR of BSS Eval 4, dB; G means weighted by the clips' lengths. All systems are measured on
the same clips. The mixture (no separation) and the ideal mask (of the true magnitudes) are bounds. Rows in italics are
what the [references](evaluation.md#the-two-references) published: other clips, other training data, so a direction
and not a match. "Singers" is the SDR lost when the song's vocals are added to the mixture. Rows with † are of an
earlier run of this command, on the same clips: the bounds were the same to the last digit. Pictures show this run
alone.

The recipes of the compared systems (`simple_rnn`, `paper_mse`, `paper_3x500`, `paper_4x500`, `wave_unet`, `hourglass`,
`unet`) train on the same mixtures for about the same processor time, {BUDGET}, and their last checkpoint
is measured. The shipped models had more, and their checkpoints were chosen on the songs in DATA/medleydb.
"""


def _systems(systems: Sequence[System], results: Sequence[Result], earlier: EarlierPage) -> str:
    """Table 2: what each system is, and what it costs."""
    by_name = {result.name: result for result in results}
    rows: list[list[str]] = []
    for system in systems:
        latency = "file only" if system.latency_ms is None else f"{system.latency_ms:.1f} ms"
        geometry = system.geometry
        transform = f"{geometry.analysis} / {geometry.synthesis} / {geometry.hop}" if geometry else "none"
        scores = [score for score in by_name[system.name].scores if score.target == "guitar" and score.split != "train"]
        means = summary(scores)
        rows.append([system.name, system.network, f"{system.parameters / 1e6:.2f} M", cell(system.heard_hours),
                     transform, latency, f"{by_name[system.name].times_real_time:.1f}",
                     *(cell(means.get(name)) for name in MEASURES[:4])])
    for network, values in TABLE_2.items():
        rows.append([f"*{PAPER}{network}*", "*GRU stack*", "", "", "*1024 / 1024 / 512*", "*23.2 ms*", "",
                     *(f"*{value:.2f}*" for value in values)])
    titles = ["system", "network", "weights", "hours heard", "analysis / synthesis / hop", "latency", "times real time",
              *(f"guitar {name.upper()}" for name in MEASURES[:4])]
    return f"## {SYSTEMS}\n\n" + _table(titles, rows, earlier.systems()) + """
Hours heard: sound seen in training. Times real time: seconds of sound separated in one second of processor time, on the
machine that wrote this page. Guitar: all clips but those to train.
"""


def _unmade(model: str) -> str:
    """Say how to make the weights of a system that has none."""
    name = Path(model).stem
    return f"""**{name} has no weights here.** They are made by

    python -m training --data DATA train {name} STEMS runs/{name}
    python -m training --data DATA export runs/{name}/last.pt {name}.onnx
"""


def _scores(path: Path, results: Sequence[Result], groups: Iterable[tuple[str, str]], earlier: EarlierPage
            ) -> Iterable[str]:
    """Table 3 and Figure 4 of each target and split."""
    columns = (*MEASURES, "sdr_4", "singers_cost")
    for target, split in groups:
        rows = [[result.name, *(cell(means.get(name)) for name in columns)] for result in results
                if (means := summary(result.chosen(target, split)))]
        heading = f"{target.capitalize()}, {split} (Table 3, Figure 4)"
        bounds = [line_of(row) for row in rows if row[0] == MIXTURE or row[0].startswith(IDEAL)]
        rows += _published(target, split)
        yield (f"## {heading}\n\n{counted(results, target, split)}.\n\n"
               + _table(["system", *map(column_title, columns)], rows, earlier.scores(heading, bounds))
               + f"\n![{target}, {split}]({_picture(path, target, split)})\n")


def _published(target: str, split: str) -> list[list[str]]:
    """Rows of the references; whole songs stand beside the paper's test clips."""
    rows = [[f"*{PAPER}{row.system}*", *(f"*{value:.2f}*" for value in row.values), "", ""] for row in TABLE_3
            if row.target == target and row.split == ("test" if split == "all" else split)]
    if target in ARTICLE_SDR and split == "test":
        rows.append(["*the article's U-Net*", f"*{ARTICLE_SDR[target]:.2f}*", *([""] * 9)])
    return rows


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], earlier: Sequence[str]) -> str:
    """Write a table in markdown; rows of an earlier page come before what was published."""
    lines = [line_of(row) for row in rows]
    at = next((number for number, line in enumerate(lines) if line.startswith("| *")), len(lines))
    lines = [line_of(titles), line_of(["---"] * len(titles)), *lines[:at], *earlier, *lines[at:]]
    return "".join(f"{line}\n" for line in lines)
