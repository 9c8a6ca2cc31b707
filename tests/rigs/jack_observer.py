"""An observer on a JACK server, in a process of its own, asked line by line on its standard input.

    python jack_observer.py

Each answer is a JSON list: to `ports` the names of all ports, to `connections PORT` those that a port is connected to,
to `join` one word if another client can join. One client stays for as long as the server does: libjack can lose track
of a client that joins while another one leaves.
"""

from __future__ import annotations

import json
import os
import sys

import jack


def main() -> None:
    client = jack.Client("rig_observer", no_start_server=True)
    client.set_shutdown_callback(lambda _status, _reason: os._exit(1))
    print(json.dumps([]), flush=True)
    for line in sys.stdin:
        question, *names = line.rstrip("\n").split(" ", 1)
        print(json.dumps(_answer(client, question, *names)), flush=True)
    client.close()


def _answer(client: jack.Client, question: str, name: str = "") -> list[str]:
    """Names; none where a port has gone meanwhile."""
    if question == "join":
        with jack.Client("rig_probe", no_start_server=True):  # active meanwhile
            return ["joined"]
    if question == "ports":
        return [port.name for port in client.get_ports()]
    try:
        return [port.name for port in client.get_all_connections(name)]
    except (ValueError, jack.JackError):
        return []


if __name__ == "__main__":
    main()
