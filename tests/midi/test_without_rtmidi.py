"""Without python-rtmidi, which has no wheels for some versions of Python, MIDI is a sentence."""

from __future__ import annotations

import subprocess
import sys


def test_a_missing_rtmidi_is_a_sentence() -> None:
    code = ("import sys; sys.modules['rtmidi'] = None\n"
            "from rtsep.errors import MidiError\n"
            "import rtsep.midi.process, rtsep.midi.ports as ports\n"
            "try: ports.open_systems()\n"
            "except MidiError as error: print(error)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("python-rtmidi is not installed, so there is no MIDI")
