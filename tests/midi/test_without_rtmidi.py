"""Without python-rtmidi, which has no wheels for some versions of Python, JACK speaks; without JACK too, a sentence."""

from __future__ import annotations

import os
import subprocess
import sys


def test_no_library_and_no_server_is_a_sentence() -> None:
    code = ("import sys; sys.modules['rtmidi'] = None\n"
            "from rtsep.errors import MidiError\n"
            "import rtsep.midi.process, rtsep.midi.ports as ports\n"
            "try: ports.open_systems()\n"
            "except MidiError as error: print(error)")
    env = os.environ | {"JACK_NO_START_SERVER": "1", "JACK_DEFAULT_SERVER": "nowhere"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, env=env)
    assert done.stdout.startswith("no MIDI system answers; tried: JACK (no JACK ")
    assert done.stdout.endswith("pip install python-rtmidi\n")
    assert not done.stderr
