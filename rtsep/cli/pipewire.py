"""`rtsep pipewire`: outputs of the sound menu that take an instrument out, by PipeWire and the LV2 plugin."""

from __future__ import annotations

import argparse

USUAL = ("guitar", "drums", "vocals")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("pipewire", help='put "Music without guitar" into the sound menu of Linux')
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    action = actions.add_parser("install", help="write the configuration file; the LV2 plugin must be installed")
    action.add_argument("--without", nargs="+", metavar="STEM", default=USUAL,
                        help=f"an output without each of these (default: {' '.join(USUAL)})")
    action.set_defaults(run=_install)
    action = actions.add_parser("remove", help="take the configuration file away")
    action.set_defaults(run=_remove)


def _install(args: argparse.Namespace) -> int:
    from rtsep.audio.pipewire import install
    from rtsep.dsp.stem_lists import listed_stems

    stems = list(dict.fromkeys(listed_stems(args.without)))
    print(f"{install(stems)}: Music without {', without '.join(stems)}")
    print("Now: systemctl --user restart pipewire; then choose one of them as the output of a player, or of all sound.")
    return 0


def _remove(_args: argparse.Namespace) -> int:
    from rtsep.audio.pipewire import remove

    path = remove()
    print("nothing was installed" if path is None else f"{path} is gone. Now: systemctl --user restart pipewire")
    return 0
