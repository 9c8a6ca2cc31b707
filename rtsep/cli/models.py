"""`rtsep models`: what is installed, how fast and how good it is."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rtsep.cli.parser import named_path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("models", help="list the installed models")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    parser.add_argument("--flatten", metavar="MODEL", help="write a model, by its name or the path to its .onnx file, "
                        "as the flat file that plugins and programs in C open")
    parser.add_argument("-o", "--output", type=named_path, metavar="FILE",
                        help="of --flatten (default: beside the model)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the models by what they say about themselves; one that says nothing is reported, and the exit code is 1."""
    from rtsep.cli.main import print_error
    from rtsep.errors import RtsepError
    from rtsep.model.catalogue import installed_models, model_folder

    if args.flatten is not None:
        return _flatten(args.flatten, args.output)
    rows = []
    failed = False
    for name, path in installed_models().items():
        try:
            rows.append(_describe(name, path))
        except RtsepError as error:
            print_error(error)
            failed = True
    if args.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        _print_table(rows)
    else:
        print(f"no models in {model_folder()}: give --model a path to an .onnx file, or train one with: "
              f"python -m training")
    return int(failed)


def _flatten(model: str, out: Path | None) -> int:
    """Write a flat file, and say where it is."""
    from rtsep.model.catalogue import find_model
    from rtsep.native.flat import SUFFIX, write_flat

    path = find_model(model)
    out = path.with_suffix(SUFFIX) if out is None else out
    write_flat(path, out)
    print(out)
    return 0


def _describe(name: str, path: Path) -> dict[str, Any]:
    """Collect what the table shows of one model."""
    from rtsep.model.card import FileCard
    from rtsep.model.metadata import peek_card

    card = peek_card(path)
    latency_ms = (None if isinstance(card, FileCard)
                  else round(1000.0 * card.geometry.latency / card.samplerate, 2))
    return {"name": name, "latency_ms": latency_ms, "samplerate": card.samplerate, "stems": list(card.stems),
            "size_mb": round(path.stat().st_size / 1e6, 2), "quality": card.quality, "licence": card.licence,
            "path": str(path)}


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    from rtsep.cli.streams import print_table

    table = Table()
    for title in ("name", "latency", "size", "stems", "SDR, dB", "licence"):
        table.add_column(title)
    for row in rows:
        latency = "file only" if row["latency_ms"] is None else f"{row['latency_ms']:.1f} ms"
        table.add_row(row["name"], latency, f"{row['size_mb']:.1f} MB", ", ".join(row["stems"]),
                      _quality(row["quality"]), row["licence"])
    print_table(table)


def _quality(quality: dict[str, Any]) -> str:
    """Write the SDR of each measured target as words: on full mixes with singers, else on mixtures without."""
    full = quality.get("full_mixes")
    songs = full.get("songs") if isinstance(full, dict) else None
    measured = [f"{target} {value:.1f}" for target, value in (songs.items() if isinstance(songs, dict) else ())
                if isinstance(value, int | float)]
    if measured:
        return f"with singers: {', '.join(measured)}"
    measured = [f"{stem} {scores['sdr']:.1f}" for stem, scores in quality.items()
                if isinstance(scores, dict) and "sdr" in scores]
    return f"without a singer: {', '.join(measured)}" if measured else "not measured"
