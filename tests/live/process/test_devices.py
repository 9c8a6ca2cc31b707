"""The wait for a device, and the rates at which devices are opened."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rtsep.audio.devices import JACK, Defaults, Device, Route
from rtsep.errors import DeviceError, DeviceGoneError
from rtsep.live.process import devices as process_devices
from rtsep.live.process.devices import Devices, choose_devices, choose_rate, wait_for
from rtsep.live.protocol import Connections, LiveSettings


class Looks:
    """A device that is not there at first; every look takes so much of the processor."""

    def __init__(self, *answers: object, work_s: float = 0.0) -> None:
        self.answers = list(answers)
        self.work_s = work_s
        self.pauses: list[float] = []
        self.told: list[str] = []

    def look(self) -> object:
        until = time.process_time() + self.work_s
        while time.process_time() < until:
            pass
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def idle(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return not self.answers

    def wait(self) -> object:
        return wait_for(self.look, self.idle, self.told.append)


def test_a_device_is_looked_for_at_longer_and_longer_intervals() -> None:
    looks = Looks(*[DeviceGoneError("gone")] * 8, "device")
    assert looks.wait() == "device"
    assert looks.pauses[:3] == pytest.approx([0.1, 0.2, 0.4])
    assert looks.pauses[-1] == 1.0
    assert looks.told == []


def test_looks_that_are_dear_are_seldom() -> None:
    looks = Looks(*[DeviceGoneError("gone")] * 2, work_s=0.1)
    assert looks.wait() is None
    assert min(looks.pauses) >= 0.1 / 0.03  # below 3 % of a core


def test_what_keeps_a_device_from_being_used_is_told_once() -> None:
    looks = Looks(DeviceError("wrong rate"), DeviceGoneError("gone"), DeviceError("wrong rate"), "device")
    assert looks.wait() == "device"
    assert looks.told == ["wrong rate"]


class PortAudio:
    """Takes these rates only."""

    class PortAudioError(Exception):  # noqa: D106
        pass

    def __init__(self, *rates: int) -> None:
        self.rates = rates
        self.asked: list[int] = []

    def check_input_settings(self, samplerate: int, **_: Any) -> None:
        self.asked.append(samplerate)
        if samplerate not in self.rates:
            raise self.PortAudioError("Invalid sample rate")

    check_output_settings = check_input_settings


def devices(source: int | None, target: int, hostapi: str = "ALSA", takes: tuple[int, ...] = ()) -> Devices:
    routes = [None if rate is None else Route(Device(0, "card", hostapi, 2, 2, rate)) for rate in (source, target)]
    return Devices(PortAudio(*takes), routes[0], routes[1], 2, Defaults())


@pytest.mark.parametrize(("found", "options", "rate"), [
    (devices(48000, 48000, takes=(44100, 48000)), {}, 48000),  # its own rate, though it would take the model's
    (devices(44100, 48000, takes=(44100, 48000)), {}, 48000),
    (devices(44100, 48000, takes=(44100,)), {}, 44100),  # one rate for both
    (devices(None, 96000, takes=(44100, 96000)), {}, 44100),  # the model's, since its own is too far away
    (devices(None, 96000, takes=(44100, 96000)), {"resample": True}, 96000),
    (devices(48000, 48000, takes=(44100, 48000)), {"samplerate": 44100}, 44100),  # as before the device was lost
    (devices(48000, 48000, JACK), {}, 48000),
    (devices(96000, 96000, JACK), {"resample": True}, 96000),
])
def test_devices_are_opened_at_their_own_rate_where_the_model_runs_at_it(found: Devices, options: dict[str, Any],
                                                                         rate: int) -> None:
    assert choose_rate(LiveSettings(**options), found, 44100, 2).rate == rate


@pytest.mark.parametrize(("found", "options", "sentence"), [
    (devices(None, 96000, takes=(96000,)), {}, "card, ALSA does not take 44100 Hz .its own rate is 96000 Hz.*Invalid"),
    (devices(96000, 96000, JACK), {}, "does not take 44100 Hz .its own rate is 96000 Hz.*--resample"),
    (devices(48000, 48000, JACK), {"samplerate": 44100}, "does not take 44100 Hz .its own rate is 48000 Hz"),
])
def test_rates_that_no_device_takes(found: Devices, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DeviceError, match=sentence):
        choose_rate(LiveSettings(**options), found, 44100, 2)


@pytest.mark.parametrize(("requested", "by_hand", "found"), [
    ("Synth", (("in_1", "system:capture_1"),), "to be connected"), ("Synth", (), "to be connected"),
    (None, (("in_1", "other:out"),), "to be connected"), ("Synth", (("in_1", "synth 2:out"),), None),
    ("Synth:1-2", (("in_1", "Synth:out"),), None), ("Synth", None, None), ("3", (("in_1", "other:out"),), None)])
def test_a_device_that_the_user_has_led_all_away_from_need_not_be_there(
        requested: str | None, by_hand: tuple[tuple[str, str], ...] | None, found: str | None,
        monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = Device(0, "system", JACK, 0, 2, 44100, default_output=True)
    monkeypatch.setattr(process_devices, "open_portaudio", lambda: None)
    monkeypatch.setattr(process_devices, "list_devices", lambda _: [speaker])
    monkeypatch.setattr(process_devices, "list_defaults", lambda _: Defaults())
    monkeypatch.setattr(process_devices, "any_jack_client", lambda: Device(-1, "to be connected", JACK, 64, 64, 44100))
    settings = LiveSettings(input=requested, channels=2, connections=Connections(inputs=by_hand))
    if found is None:
        with pytest.raises(DeviceGoneError):
            choose_devices(settings)
        return
    chosen = choose_devices(settings)
    assert (chosen.source, chosen.target, chosen.channels) == (Route(Device(-1, found, JACK, 64, 64, 44100)),
                                                               Route(speaker), 2)
