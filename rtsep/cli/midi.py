"""`rtsep midi`: list ports, watch what arrives and what it does, teach a knob its target."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtsep.midi.live_controls import LiveControls
    from rtsep.midi.messages import Message
    from rtsep.midi.targets import Target

OFF = "off"
_STEMS = ("drums", "bass", "guitar", "vocals", "other", "rest")
_SETTLE_S = 0.1  # what the second half of a 14 bit controller may take


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("midi", help="list MIDI ports, watch and teach a controller",
                                   description="Everything about the controller of rtsep live --midi.")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    ports = actions.add_parser("ports", help="list the MIDI ports that --midi takes, by name or a part of it")
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
    parser.add_argument("--midi-map", type=Path, metavar="FILE", help="mapping (default: midi.yaml in the user's "
                        "settings, else the built-in one)")
    parser.add_argument("--presets", type=Path, metavar="FILE", help="presets (default: presets.yaml in the user's "
                        "settings)")


def run_ports(args: argparse.Namespace) -> int:
    """Print the ports."""
    from rtsep.cli.timeout import timeout
    from rtsep.midi.ports import list_ports

    with timeout():
        found = list_ports()
    for title, labels in zip(("inputs", "outputs, for lights and motors"), found, strict=True):
        print(f"{title}:", *(labels or ["none"]), sep="\n  ")
    return 0


def run_monitor(args: argparse.Namespace) -> int:
    """Print messages and their effects until Ctrl-C; no music is touched."""
    from rtsep.controls.presets import load_presets
    from rtsep.live.board import new_board
    from rtsep.midi.live_controls import LiveControls
    from rtsep.midi.mapping import load_mapping, mapping_file
    from rtsep.midi.messages import describe
    from rtsep.midi.surface import ControlSurface

    controls = LiveControls(new_board(None), _STEMS, load_presets(args.presets))
    surface = ControlSurface(load_mapping(mapping_file(args.midi_map)), controls)
    with suppress(KeyboardInterrupt), closing(_messages(args.midi)) as messages:
        for message in messages:
            if message is not None:
                bound = [binding.target for binding in surface.bound(message)]
                moved = [binding.target for binding in surface.hear(message)]
                print(f"{describe(message):24}", _effects(controls, bound, moved), flush=True)
    return 0


def run_learn(args: argparse.Namespace) -> int:
    """Wait for something that moves, and write it into the mapping."""
    from rtsep.controls.strict_yaml import user_file
    from rtsep.midi.learn import Learner, bind
    from rtsep.midi.mapping import load_mapping, mapping_file
    from rtsep.midi.targets import Target

    target = Target.parse(" ".join(args.target))
    template = mapping_file(args.midi_map)
    path = args.midi_map or user_file("midi.yaml")
    load_mapping(template)  # a broken file is refused before anything is moved
    learner = Learner(target)
    print(f"move what shall be {target}; Ctrl-C gives up", flush=True)
    found_at = None
    with closing(_messages(args.midi)) as messages:
        for message in messages:
            if message is not None:
                learner.hear(message)
            if found_at is None and learner.source is not None:
                found_at = time.monotonic()
            if found_at is not None and time.monotonic() - found_at > _SETTLE_S:
                break
    assert learner.source is not None
    losers = bind(path, template, target, learner.source)
    print(f"{path}: {learner.source} is {target}" + "".join(f", and no longer {loser}" for loser in losers))
    return 0


def _messages(port: str | None) -> Generator[Message | None]:
    """Yield messages as they come, and None every millisecond; never ends by itself.

    Raises
    ------
    MidiError
        When there is no MIDI system.
    """
    from rtsep.cli.timeout import timeout
    from rtsep.midi.messages import Parser
    from rtsep.midi.ports import VIRTUAL, Link, list_ports
    from rtsep.midi.process import LOOK_S, POLL_S

    with timeout():
        list_ports()  # no system is a failure here: nothing else is there to go on
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


def _effects(controls: LiveControls, bound: list[Target], moved: list[Target]) -> str:
    """Write what a message did to the targets that are bound to it."""
    texts = [f"{target} {'' if target in moved else 'unmoved at '}{_value(controls, target)}" for target in bound]
    return "; ".join(texts) or "bound to nothing"


def _value(controls: LiveControls, target: Target) -> str:
    """Write the value of a target as a musician reads it."""
    from rtsep.controls.table import Kind
    from rtsep.controls.units import write_value

    value = controls.get(target)
    if target.control.is_value:
        return write_value(target.control, value)
    return controls.name_of(target, int(value)) if target.kind is Kind.CHOICE else "on" if value else "off"
