"""`rtsep midi`: list ports, watch what arrives and what it does, teach a knob its target."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Generator
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from rtsep.cli.parser import named_path

if TYPE_CHECKING:
    from rtsep.midi.messages import Message

OFF = "off"
_STEMS = ("drums", "bass", "guitar", "vocals", "other", "rest")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("midi", help="list MIDI ports, watch and teach a controller",
                                   description="Everything about the controller of rtsep live --midi.")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    ports = actions.add_parser("ports", help="list the MIDI ports that --midi takes, by name or a part of it")
    ports.add_argument("--json", action="store_true", help="print JSON")
    ports.set_defaults(run=run_ports)
    monitor = actions.add_parser("monitor", help="show what arrives and what it does; Ctrl-C ends")
    monitor.set_defaults(run=run_monitor)
    learn = actions.add_parser("learn", help="bind what is moved next to a target, in the mapping file")
    learn.add_argument("target", metavar="TARGET", nargs="+", help="mask_gain, wet, level STEM, bypass, mute STEM, "
                       "solo STEM, stem [STEM], preset [NAME] or reset")
    learn.set_defaults(run=run_learn)
    for action in (monitor, learn):
        add_options(action)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that `rtsep live` has too."""
    parser.add_argument("--midi", metavar="PORT", help="MIDI input, by name or a part of it (see rtsep midi ports), "
                        "virtual: a port of its own (default), or for rtsep live off")
    parser.add_argument("--midi-map", type=named_path, metavar="FILE", help="mapping (default: midi.yaml in the user's "
                        "settings, else the built-in one)")
    parser.add_argument("--presets", type=named_path, metavar="FILE", help="presets (default: presets.yaml in the "
                        "user's settings)")


def run_ports(args: argparse.Namespace) -> int:
    """Print the ports."""
    from rtsep.cli.timeout import timeout
    from rtsep.midi.ports import list_ports

    with timeout():
        found = list_ports()
    if args.json:
        print(json.dumps(dict(zip(("inputs", "outputs"), found, strict=True)), indent=2))
        return 0
    for title, labels in zip(("inputs", "outputs, for lights and motors"), found, strict=True):
        print(f"{title}:", *(labels or ["none"]), sep="\n  ")
    return 0


def run_monitor(args: argparse.Namespace) -> int:
    """Print messages and their effects until Ctrl-C; no music is touched."""
    from rtsep.controls.live_controls import LiveControls
    from rtsep.controls.presets import load_presets
    from rtsep.live.board import new_board
    from rtsep.midi.control_surface import ControlSurface
    from rtsep.midi.effects import hear
    from rtsep.midi.mapping import load_mapping, mapping_file

    controls = LiveControls(new_board(None), _STEMS, load_presets(args.presets))
    surface = ControlSurface(load_mapping(mapping_file(args.midi_map)), controls)
    _check_system()
    with suppress(KeyboardInterrupt), closing(_messages(args.midi)) as messages:
        for message in messages:
            if message is not None:
                print(hear(surface, controls, message), flush=True)
    return 0


def run_learn(args: argparse.Namespace) -> int:
    """Wait for something that moves, and write it into the mapping."""
    from rtsep.controls.targets import Target
    from rtsep.midi.learning import Learning
    from rtsep.midi.mapping import load_mapping, mapping_file

    target = Target.parse(" ".join(args.target))
    load_mapping(mapping_file(args.midi_map))  # a broken file is refused before anything is moved
    learning = Learning(target, args.midi_map)
    _check_system()
    print(f"move what shall be {target}; Ctrl-C gives up", flush=True)
    with closing(_messages(args.midi)) as messages:
        for message in messages:
            if message is not None:
                learning.hear(message)
            if learning.done:
                break
    print(learning.finish())
    return 0


def _check_system() -> None:
    """Fail where there is no MIDI system: here nothing else is there to go on."""
    from rtsep.cli.timeout import timeout
    from rtsep.midi.ports import list_ports

    with timeout():
        list_ports()


def _messages(port: str | None) -> Generator[Message | None]:
    """Yield messages as they come, and None every millisecond; never ends by itself."""
    from rtsep.cli.timeout import timeout
    from rtsep.midi.messages import Parser
    from rtsep.midi.ports import VIRTUAL, Link
    from rtsep.midi.process import LOOK_S, POLL_S

    link, parser, looked = Link(port or VIRTUAL), Parser(), -LOOK_S
    try:
        while True:
            if time.monotonic() - looked >= LOOK_S:
                looked = time.monotonic()
                with timeout():
                    news = link.look()
                if news is not None:
                    print(f"rtsep: {news}", file=sys.stderr, flush=True)
            for data in link.read():
                yield from parser.feed(data)
            yield None
            time.sleep(POLL_S)
    finally:
        link.close()
