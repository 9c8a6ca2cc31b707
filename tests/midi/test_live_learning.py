"""Learning while it plays: asked for through the session, from a controller on a real JACK server, into the mapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtsep.live.protocol import LiveSettings
from rtsep.live.session.helper import Helper
from rtsep.live.session.session import Session
from rtsep.midi.mapping import load_mapping
from rtsep.midi.process import MidiSettings, run_midi
from tests.rigs.jack_device import SINK, SOURCE, Devices
from tests.rigs.live import StartServer

CONTROLLER = 74


def test_what_is_moved_next_moves_the_control_from_then_on(jack: StartServer, monkeypatch: pytest.MonkeyPatch,
                                                           tiny_model: Path, tmp_path: Path) -> None:
    for name, value in jack().env.items():
        monkeypatch.setenv(name, value)
    mapping = tmp_path / "map.yaml"
    mapping.write_text(f"bindings:\n  - {{source: cc {CONTROLLER}, target: wet}}  # mine\n")
    notices: list[str] = []
    asked: list[int] = []
    learned: list[str] = []

    def look() -> None:
        assert devices.frames < 600 * 44100, notices
        if notices and not asked:
            session.commands.learn("mask_gain")
            asked.append(devices.frames)
        elif asked and not learned and devices.frames > asked[-1] + 8192:
            devices.send(bytes([0xB0, CONTROLLER, 10 * len(asked) % 128]))
            asked.append(devices.frames)
            learned.extend(text for text in notices if " is mask_gain" in text)
        elif learned and devices.frames > asked[-1] + 8192:
            assert session.memory.board.wet == 1.0, "what is learned from moves nothing"
            devices.send(bytes([0xB0, CONTROLLER, 5 * len(asked) % 128]))
            asked.append(devices.frames)
            if session.memory.board.mask_gain != 1.0 and "mask_gain" in session.state.moved:
                session.stop()

    with Devices() as devices:
        session = Session(LiveSettings(model=str(tiny_model), input=SOURCE, output=SINK),
                          helpers=[Helper("midi", run_midi, (MidiSettings(SOURCE, mapping),))],
                          on_notice=notices.append)
        result = session.run(on_look=look)
    assert result is not None
    assert result.failure is None
    assert learned[0] == f"{mapping}: cc {CONTROLLER} ch 1 is mask_gain, and no longer wet"
    (wet, mask) = load_mapping(mapping)
    assert (wet.source, str(mask.target)) == (None, "mask_gain")
    assert "# mine" in mapping.read_text()
