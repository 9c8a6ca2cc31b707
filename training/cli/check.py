"""`python -m training check`: look whether a data folder is complete."""

from __future__ import annotations

import argparse
from pathlib import Path

from rtsep.errors import ConfigError

SHOWN = 20  # faults


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("check", help="see whether a data folder is complete and readable")
    parser.add_argument("folder", nargs="?", type=Path, help="the data folder; default that of --data")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    from training.corpora.check import check_data
    data = options.folder or options.data
    found = check_data(data)
    for finding in found:
        state = f"{len(finding.faults)} faults" if finding.faults else "ok"
        print(f"{finding.folder:32}{finding.files:6} files {finding.megabytes:8.1f} MB  {state}")
    faults = [fault for finding in found for fault in finding.faults]
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise ConfigError(f"{data} is not complete: {'; '.join(faults[:SHOWN])}{more}. docs/training.md says where "
                          f"everything comes from")
