"""`rtsep models`: what is installed, how fast and how good it is."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("models", help="list the installed models")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the models; a damaged one is reported and makes the exit code 1."""
    from rtsep.cli.main import print_error
    from rtsep.errors import RtsepError
    from rtsep.model import installed_models, model_folder

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


def _describe(name: str, path: Path) -> dict[str, Any]:
    """Collect what the table shows of one model."""
    from rtsep.model import StepModel

    info = StepModel(path).info
    card = _read_card(path.with_suffix(".yaml"))
    return {"name": name, "latency_ms": round(1000.0 * info.geometry.synthesis / info.samplerate, 2),
            "samplerate": info.samplerate, "stems": list(info.stems), "size_mb": round(path.stat().st_size / 1e6, 2),
            "quality": card.get("quality") or info.quality, "licence": info.licence, "path": str(path)}


def _read_card(path: Path) -> dict[str, Any]:
    """Read the model card beside a model; an empty one where there is none."""
    import yaml

    from rtsep.errors import ModelError

    try:
        card = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelError(f"the model card {path} cannot be read: {' '.join(str(error).split())}") from None
    return card if isinstance(card, dict) else {}


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for title, justify in (("name", "left"), ("latency", "right"), ("size", "right"), ("stems", "left"),
                           ("quality", "left"), ("licence", "left")):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(row["name"], f"{row['latency_ms']:.1f} ms", f"{row['size_mb']:.1f} MB", ", ".join(row["stems"]),
                      _quality(row["quality"]), row["licence"])
    Console().print(table)


def _quality(quality: dict[str, Any]) -> str:
    """Write measured figures as words, nested ones behind their heading."""
    words = []
    for key, value in quality.items():
        if isinstance(value, dict):
            words.append(f"{key}: {_quality(value)}")
        elif isinstance(value, float):
            words.append(f"{key} {value:.1f}")
        else:
            words.append(f"{key} {value}")
    return ", ".join(words) or "not measured"
