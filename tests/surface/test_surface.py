"""The surface: controls in people's units, requests to the session, presets."""

from __future__ import annotations

import numpy as np
import pytest

from rtsep.controls.preset_writing import with_preset
from rtsep.controls.presets import Preset, load_presets
from rtsep.dsp.decibels import to_gain
from rtsep.errors import ConfigError, RtsepError
from rtsep.live.engine.meters import Meters
from rtsep.live.scope import FRAMES, Scope
from rtsep.surface.events import Events
from rtsep.surface.meters import meter_db
from tests.rigs.surface import STEMS, Run


def test_every_control_is_read_and_set_as_people_write_it(still_run: Run) -> None:
    surface = still_run.surface
    names = [str(target) for target in surface.targets()]
    assert names == ["mask_gain", "wet", "bypass", *(f"{name} {stem}" for name in ("level", "mute", "solo")
                                                      for stem in STEMS)]
    for name in names:
        fader = name.startswith(("mask", "level"))
        for value in (-6.5, "off") if fader else (0.25,) if name == "wet" else (True, False):
            surface.set(name, value)
            assert surface.get(name) == value
    surface.set("level guitar", -6.0)
    assert still_run.board.levels[1] == pytest.approx(to_gain(-6.0))


@pytest.mark.parametrize(("name", "value", "sentence"), [
    ("volume", 1, "no target 'volume'; there are: mask_gain"), ("level violin", 0, "no stem 'violin' is here"),
    ("level guitar", 13, "level guitar: 13 is not -80 to 12 dB"), ("bypass", 1, "bypass: 1 is neither true nor false"),
    ("wet", "loud", "'loud' is not 0 to 1"), ("stem", "violin", "'violin' is none of: drums, guitar, other"),
    ("preset", "verse", "no preset 'verse'"), ("level", 0, "does not say which stem"),
])
def test_what_cannot_be_set_is_a_sentence(still_run: Run, name: str, value: object, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        still_run.surface.set(name, value)


def test_a_choice_and_a_button(still_run: Run) -> None:
    surface = still_run.surface
    surface.set("stem", "guitar")
    assert [surface.get(f"level {stem}") for stem in STEMS] == ["off", 0.0, "off"]
    assert surface.get("stem") == "guitar"
    surface.set("reset", True)
    assert [surface.get(f"level {stem}") for stem in STEMS] == [0.0, 0.0, 0.0]
    assert surface.get("stem") is None


def test_a_preset_is_saved_called_and_replaced(still_run: Run) -> None:
    surface = still_run.surface
    surface.set("mask_gain", 6.0)
    surface.set("mute drums", True)
    path = surface.save_preset("a: verse")
    surface.save_preset("chorus")
    surface.set("mask_gain", -3.0)
    surface.save_preset("a: verse")
    surface.set("reset", True)
    surface.set("preset", "a: verse")
    assert surface.get("mask_gain") == 0.0, "the session has not served yet"
    still_run.session.requests.serve()
    assert (surface.get("mask_gain"), surface.get("mute drums"), surface.get("preset")) == (-3.0, True, "a: verse")
    assert [preset.name for preset in load_presets(path)] == ["a: verse", "chorus"]


def test_saving_keeps_what_others_wrote() -> None:
    text = "# mine\nverse:   # soft\n  level: {guitar: -6}  # not off\n\n# loud\nchorus:\n  wet: 1\n"
    edited = with_preset(text, "presets.yaml", Preset("verse", None, {"wet": 0.5}))
    assert edited == "# mine\nverse:\n  wet: 0.5\n\n# loud\nchorus:\n  wet: 1\n"
    added = with_preset(text.rstrip("\n"), "presets.yaml", Preset("solo", "stage", {"bypass": 1.0}))
    assert added == text + "solo:\n  model: stage\n  bypass: true\n"


@pytest.mark.parametrize("text", ["{verse: {wet: 1}}", "verse: 1\nverse: 2\n", "- verse\n"])
def test_a_file_that_cannot_be_edited_is_left_alone(text: str) -> None:
    with pytest.raises(ConfigError):
        with_preset(text, "presets.yaml", Preset("chorus", None, {"wet": 0.5}))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 81])
def test_names_that_are_none(still_run: Run, name: str) -> None:
    with pytest.raises(ConfigError, match="is no name of a preset"):
        still_run.surface.save_preset(name)


def test_requests_are_done_by_the_session_and_refused_when_it_is_over(still_run: Run) -> None:
    surface, requests = still_run.surface, still_run.session.requests
    answer, failure = surface.ask(lambda: 42), surface.ask(lambda: 1 / 0)
    assert not answer.done()
    requests.serve()
    assert answer.result() == 42
    assert isinstance(failure.exception(), ZeroDivisionError)
    pause = surface.file.pause(True)
    requests.serve()
    with pytest.raises(ConfigError, match="the input is a device"):
        pause.result()
    requests.close()
    with pytest.raises(RtsepError, match="the run is over"):
        surface.record(True).result()


def test_events_tell_what_changes(still_run: Run) -> None:
    told: list[dict[str, object]] = []
    still_run.session.state.started, started = None, still_run.session.state.started
    events = Events(still_run.surface, told.append)
    events.look()
    still_run.session.state.started = started
    events.look()  # nothing was played yet, and so the latency is not known
    still_run.board.latency, still_run.board.callbacks = 441, 1
    events.look()
    events.look()
    still_run.board.missed_hops = 3
    events.look()
    still_run.session.state.waiting = True
    events.look()
    still_run.surface.notices.add("hello")
    assert [event["event"] for event in told] == ["loading", "playing", "trouble", "waiting", "notice"]
    assert told[1] | {"time": ""} == {"event": "playing", "time": "", "model": "stage", "stems": list(STEMS),
                                      "samplerate": 44100, "input": "song.wav", "output": "null device",
                                      "latency_ms": 10.0}
    assert (told[2]["missed_hops"], told[4]["text"]) == (3, "hello")


def test_stem_meters_follow_each_stem_and_fall(still_run: Run) -> None:
    meters, block = Meters(still_run.board, 3, 44100), np.full((2, 441), 0.1, np.float32)
    stems = np.zeros((3, 2, 441), np.float32)
    stems[1] = 0.5
    stems[2, 0, ::2], stems[2, 0, 1::2] = 0.25, -0.25
    for _ in range(300):
        meters.add(block, stems)
    shown = still_run.surface.meters().stems
    assert [meter.peak for meter in shown] == pytest.approx([0.0, 0.5, 0.25])
    assert [meter.rms for meter in shown] == pytest.approx([0.0, 0.5, 0.25 / 2**0.5], rel=1e-3)
    for _ in range(100):
        meters.add(block, 0.0 * stems)
    assert meter_db(still_run.surface.meters().stems[1].peak) == pytest.approx(meter_db(0.5) - 21.7, abs=0.1)
    still_run.surface.set("mute guitar", True)
    assert [meter.gain for meter in still_run.surface.meters().stems] == [1.0, 0.0, 1.0]


def test_the_scope_keeps_the_latest_sound_around_its_end() -> None:
    scope = Scope(None)
    sound = np.random.default_rng(3).standard_normal((2, 3 * FRAMES)).astype(np.float32)
    for start in range(0, sound.shape[1], 1000):
        piece = sound[:, start:start + 1000]
        scope.write(piece, np.repeat(piece, 2, axis=0), buses=2)
    mono = sound.mean(axis=0)[-2048:]
    np.testing.assert_allclose(scope.latest(2048), [mono, 2 * mono], rtol=0, atol=1e-6)


def test_presets_that_were_read_hold_when_their_file_is_spoilt(still_run: Run) -> None:
    surface = still_run.surface
    path = surface.save_preset("verse")
    assert [preset.name for preset in surface.presets.read()] == ["verse"]
    path.write_text("[verse]:")
    for _ in range(2):
        assert surface.presets.find("verse").name == "verse"
    notices = [line.text for line in surface.notices.latest(9)]
    assert [text.endswith("; what was read before holds") for text in notices] == [True]
