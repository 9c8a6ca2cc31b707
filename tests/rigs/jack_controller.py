"""A controller on a JACK server, in a process of its own, driven line by line from its standard input.

    python jack_controller.py NAME

`send HEX...` sends messages; `to PORT` and `from PORT` connect its output and its input, once that port is there;
`heard` prints, in one line, what came in since it was last asked. Every line is answered when it is done.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial

import jack

MOST_A_CYCLE = 64
TIMEOUT_S = 60.0


def main(name: str) -> None:
    client = jack.Client(name, no_start_server=True)
    out, into = client.midi_outports.register("out"), client.midi_inports.register("in")
    waiting: deque[bytes] = deque()
    heard: deque[bytes] = deque()

    def process(frames: int) -> None:
        out.clear_buffer()
        for offset in range(min(MOST_A_CYCLE, frames)):
            if not waiting:
                break
            out.write_midi_event(offset, waiting.popleft())
        heard.extend(bytes(data) for _, data in into.incoming_midi_events())

    def wait_for(done: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + TIMEOUT_S
        while not done():
            if time.monotonic() > until:
                sys.exit(f"waited for {what}")
            time.sleep(0.01)

    def is_there(port: str) -> bool:
        return port in {other.name for other in client.get_ports(is_midi=True)}

    client.set_process_callback(process)
    client.activate()
    print("ready", flush=True)
    for line in sys.stdin:
        order, *words = line.split()
        answer = ""
        if order == "send":
            waiting.extend(bytes.fromhex(word) for word in words)
            wait_for(lambda: not waiting, "the JACK server")
        elif order in ("to", "from"):
            wait_for(partial(is_there, words[0]), words[0])
            client.connect(*((out, words[0]) if order == "to" else (words[0], into)))
        elif order == "heard":
            answer = " ".join(heard.popleft().hex() for _ in range(len(heard)))
        print(answer, flush=True)
    client.deactivate()
    client.close()


if __name__ == "__main__":
    main(sys.argv[1])
