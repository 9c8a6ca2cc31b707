"""`rtsep devices`: list the audio devices."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtsep.audio.devices import Device

_LONGEST_NAME = 320  # that JACK has


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("devices", help="list the audio devices", description="List the audio devices that "
                                   "rtsep live takes as --input and --output, by name or number.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the devices; a machine without sound is no failure."""
    from rtsep.audio.systems import list_devices, open_portaudio
    from rtsep.cli.timeout import timeout

    with timeout():
        devices = list_devices(open_portaudio())
    if args.json:
        print(json.dumps([asdict(device) for device in devices], indent=2))
    elif devices:
        _print_table(devices)
    else:
        print("no audio device: there is neither a sound card nor a running JACK server.\n"
              "Without one, this plays a song of the program's own: rtsep live --input demo")
    return 0


def _print_table(devices: list[Device]) -> None:
    """Print one row a device; > marks the default input, < the default output."""
    from rich.table import Table

    from rtsep.audio.devices import printable
    from rtsep.cli.streams import print_table

    table = Table("", "no", "device", "system", "in", "out", "Hz", box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"  # a name that is cut short cannot be typed
    for device in devices:
        marks = (">" if device.default_input else " ") + ("<" if device.default_output else " ")
        table.add_row(marks, str(device.index), printable(device.name, _LONGEST_NAME), device.hostapi,
                      str(device.inputs), str(device.outputs), str(device.samplerate))
    print_table(table)
    print("> default input, < default output")
