"""A controller that sends pitch bends at a steady rate: python -m bench.lib.midi_sender NAME RATE_HZ.

Takes `start`, `stop` and `end` from its standard input; answers each with the count of messages and the
last one's value.
"""

from __future__ import annotations

import sys
import time

import jack

SETTLE_S = 0.2  # until the last callback has seen that it is over


class Sender:
    """Sends in the process callback, each message at its frame."""

    def __init__(self, name: str, rate_hz: int) -> None:
        self.client = jack.Client(name, no_start_server=True)
        self._out = self.client.midi_outports.register("out")
        self._step = self.client.samplerate / rate_hz
        self._due = 0.0  # frames until the next message
        self.sending = False
        self.count = self.value = 0
        self.client.set_process_callback(self._process)
        self.client.activate()

    def _process(self, frames: int) -> None:
        self._out.clear_buffer()
        while self.sending and self._due < frames:
            self.value = self.count % 16384
            self._out.write_midi_event(int(self._due), bytes([0xE0, self.value & 0x7F, self.value >> 7]))
            self.count += 1
            self._due += self._step
        self._due = max(0.0, self._due - frames)


def main(name: str, rate_hz: str) -> None:
    """Serve until `end`."""
    sender = Sender(name, int(rate_hz))
    for line in sys.stdin:
        sender.sending = line.strip() == "start"
        if not sender.sending:
            time.sleep(SETTLE_S)
        print(sender.count, sender.value, flush=True)
        if line.strip() == "end":
            break
    sender.client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
