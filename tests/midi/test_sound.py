"""Messages and presets as they are heard, frame by frame, between two devices on a real JACK server."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.midi_latency import ONSET, measure
from rtsep.dsp.ramp import RAMP_MS
from rtsep.errors import RtsepError
from rtsep.live.board import Board
from rtsep.live.protocol import LiveSettings, Loaded
from rtsep.live.session.helper import Helper
from rtsep.live.session.model_switch import check_successor
from rtsep.live.session.session import Session
from rtsep.midi.process import MidiSettings, run_midi
from tests.rigs.jack_device import AMPLITUDE, PERIOD, SINK, SOURCE, Audio, Devices, tone
from tests.rigs.live import StartServer
from tests.rigs.models import make_tiny_model

MAPPING = "bindings: [{source: program, target: preset}]"
STEEPEST = AMPLITUDE * 2.0 * np.pi / PERIOD + 2.0 * AMPLITUDE / (RAMP_MS / 1000.0 * 44100)
"""Most that a tone on a ramp changes from frame to frame."""

SECOND = 44100


@pytest.fixture
def on_server(jack: StartServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in jack().env.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("on_server")
def test_the_first_block_after_the_poll_brings_the_change(tiny_model: Path) -> None:
    effects = measure(str(tiny_model), 12)
    assert effects, "every message fell on a late hop"
    assert all(effect.sent < effect.heard <= effect.polled + ONSET for effect in effects), effects


def longest_silence(sound: Audio) -> slice:
    """Return where a sound, float32 (channels, frames), is zero for the longest time."""
    loud = np.flatnonzero(np.any(sound != 0.0, axis=0))
    gap = int(np.argmax(np.diff(loud)))
    return slice(int(loud[gap]) + 1, int(loud[gap + 1]))


def assert_heard(sound: Audio, expected: Audio, stood_in: int) -> None:
    """Check sound frame by frame, but for those frames in which the delayed mixture stood in: it is nearly the same."""
    error = np.abs(sound - expected).max(axis=0)
    assert np.sum(error >= 1e-4) <= stood_in
    assert error.max() < 0.05


@pytest.mark.usefixtures("on_server")
def test_a_preset_of_another_model_is_changed_to_without_a_jump(tiny_model: Path, tmp_path: Path) -> None:
    other = make_tiny_model(tmp_path / "other.onnx", "ultra")
    (tmp_path / "map.yaml").write_text(MAPPING)
    (tmp_path / "presets.yaml").write_text(f"broken: {{model: banjo, wet: 0}}\nother: {{model: {other}}}\n")
    notices: list[str] = []
    latencies: list[int] = []
    ends: list[int] = []

    def tick(board: Board, _: int) -> None:
        assert devices.frames < 600 * SECOND, notices
        if not notices or board.frames < SECOND:  # what is compared begins a quarter of a second before the preset
            return
        if not latencies:
            latencies.append(board.latency)
            devices.send(bytes([0xC0, 0]))
            devices.send(bytes([0xC0, 1]))
        if "the model other plays" in notices and board.master == 1.0:
            ends.append(ends[0] if ends else devices.frames)
            if devices.frames > ends[0] + SECOND:
                assert (board.mask_gain, board.wet, board.preset) == (0.0, 1.0, 1)
                session.stop()

    with Devices() as devices:
        midi = Helper("midi", run_midi, (MidiSettings(SOURCE, tmp_path / "map.yaml", tmp_path / "presets.yaml"),))
        settings = LiveSettings(model=str(tiny_model), input=SOURCE, output=SINK, controls={"mask_gain": 0.0})
        session = Session(settings, helpers=[midi], on_notice=notices.append)
        result = session.run(tick)
    assert result is not None
    assert (result.loaded.model, result.failure) == ("other", None)
    assert result.summary.reconnects == 0
    assert notices[0].startswith("MIDI: tone:out is open")
    assert notices[1].startswith("preset broken: no model 'banjo': shipped are ")
    assert notices[2:] == ["the model other plays"]
    sound = devices.recording()
    start = devices.sent[1]
    silence = longest_silence(sound[:, start:])
    before, after = start - SECOND // 4, start + silence.stop + SECOND // 2
    frames = slice(before, start)
    assert_heard(sound[:, frames], tone(before - latencies[0], SECOND // 4), result.summary.fallback_frames)
    frames = slice(after, after + SECOND // 4)
    assert_heard(sound[:, frames], tone(after - result.summary.latency, SECOND // 4), result.summary.fallback_frames)
    jumps = np.abs(np.diff(sound[:, before:after + SECOND // 4], axis=1))
    assert jumps.max() < STEEPEST
    assert result.summary.latency != latencies[0]


@pytest.mark.parametrize(("loaded", "split", "sentence"), [
    ({"samplerate": 96000}, False, "tiny.onnx runs at 44100 Hz and cannot follow stage at 96000 Hz while it plays"),
    ({"stems": ("voice", "rest")}, False, "has the stems drums, guitar, other and cannot follow stage, which plays v"),
    ({"stems": ("drums", "guitar")}, True, "and cannot follow stage, which plays drums, guitar; start with it"),
    ({"stems": ("guitar", "rest")}, False, ""),
])
def test_a_model_that_cannot_follow_is_refused(tiny_model: Path, loaded: dict[str, object], split: bool,
                                               sentence: str) -> None:
    fields = {"samplerate": 44100, "stems": ("drums", "guitar", "other")} | loaded
    playing = Loaded("stage", channels=2, algorithmic=512, hop=256, path="stage", **fields)
    if not sentence:
        check_successor(str(tiny_model), playing, split)
        return
    with pytest.raises(RtsepError, match=sentence):
        check_successor(str(tiny_model), playing, split)
