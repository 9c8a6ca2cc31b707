"""Devices: chosen by names that are no patterns, and refused in sentences."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from rtsep.audio import devices as module
from rtsep.audio import systems
from rtsep.audio.devices import Device, check_feedback, choose_device, choose_route, printable
from rtsep.audio.systems import check_format, list_devices
from rtsep.cli.main import main
from rtsep.errors import DeviceError

DEVICES = [
    Device(0, "UMC404HD 192k", "ALSA", 4, 4, 44100),
    Device(1, "HDA Intel", "ALSA", 2, 0, 48000, default_input=True),
    Device(2, "HDA Intel HDMI", "ALSA", 0, 8, 48000),
    Device(3, "default", "ALSA", 32, 32, 44100, default_output=True),
    Device(4, "system", "JACK Audio Connection Kit", 2, 2, 44100),
]


@pytest.mark.parametrize(("requested", "direction", "index"), [
    ("umc", "input", 0),
    ("HDA", "input", 1),  # the other HDA has no inputs
    ("hda", "output", 2),
    ("HDA Intel", "input", 1),
    ("jack", "output", 4),
    ("default", "output", 3),
    ("4", "input", 4),
    (None, "input", 1),
    (None, "output", 3),
])
def test_choice(requested: str | None, direction: module.Direction, index: int) -> None:
    assert choose_device(DEVICES, requested, direction).index == index


def test_exact_name_wins_over_longer_ones() -> None:
    twins = [Device(0, "Scarlett 2i2", "ALSA", 2, 2, 44100), Device(1, "Scarlett", "ALSA", 2, 2, 44100),
             Device(2, "Scarlett 18i8", "ALSA", 2, 2, 44100)]
    assert choose_device(twins, "scarlett", "input").index == 1


def test_host_api_tells_namesakes_apart() -> None:
    twins = [Device(0, "Scarlett", "MME", 2, 2, 44100), Device(1, "Scarlett", "Windows WASAPI", 2, 2, 44100)]
    assert choose_device(twins, "scarlett, windows wasapi", "input").index == 1
    with pytest.raises(DeviceError, match=r"2 input devices match 'Scarlett'.*\[0\] Scarlett, MME; \[1\] Scarl"):
        choose_device(twins, "Scarlett", "input")


@pytest.mark.parametrize(("devices", "requested", "direction", "sentence"), [
    ([], None, "input", "no audio device here.*--input demo"),
    (DEVICES, "violin", "input", r"no input device matches 'violin'; there are: \[0\] UMC404HD 192k, ALSA; \[1\]"),
    (DEVICES, "7", "output", "no output device matches '7'"),
    (DEVICES, "1", "output", "no output device matches '1'"),
    (DEVICES, "alsa", "output", "3 output devices match 'alsa'"),
    (DEVICES[:1], None, "output", r"no default output device: choose one with --output; there are: \[0\] UMC404HD"),
    (DEVICES[1:2], "x", "output", "no output device matches 'x'; there is none"),
])
def test_refusals(devices: list[Device], requested: str | None, direction: module.Direction, sentence: str) -> None:
    with pytest.raises(DeviceError, match=sentence):
        choose_device(devices, requested, direction)


@pytest.mark.parametrize(("requested", "index", "first", "count"), [
    ("UMC404:3-4", 0, 2, 2),
    ("umc:2", 0, 1, 1),
    ("0:1-4", 0, 0, 4),
    ("UMC404HD", 0, 0, None),
    (None, 1, 0, None),
])
def test_channels_of_a_device(requested: str | None, index: int, first: int, count: int | None) -> None:
    route = choose_route(DEVICES, requested, "input")
    assert (route.device.index, route.first, route.count) == (index, first, count)


def test_a_name_with_a_colon_is_a_name() -> None:
    devices = [Device(0, "Codec (hw:1,0)", "ALSA", 2, 2, 44100)]
    assert choose_route(devices, "hw:1", "input").count is None


@pytest.mark.parametrize(("requested", "sentence"), [
    ("UMC404:3-5", "UMC404:3-5 asks for channels 3 to 5: UMC404HD 192k, ALSA has input channels 1 to 4"),
    ("UMC404:0-1", "asks for channels 0 to 1"),
    ("UMC404:4-3", "asks for channels 4 to 3"),
    ("violin:1-2", "no input device matches 'violin'"),
])
def test_channels_that_are_not_there(requested: str, sentence: str) -> None:
    with pytest.raises(DeviceError, match=sentence):
        choose_route(DEVICES, requested, "input")


@pytest.mark.parametrize(("source", "target", "howls"), [
    ("MacBook Pro Microphone", "MacBook Pro Speakers", True),
    ("Built-in Microphone", "Built-in Output", True),
    ("Microphone Array (Realtek Audio)", "Speakers (Realtek Audio)", True),
    ("HDA Intel PCH: ALC257 Analog", "HDA Intel PCH: ALC257 Analog", True),
    ("MacBook Pro Microphone", "External Headphones", False),
    ("UMC404HD 192k", "Built-in Output", False),
    ("BlackHole 2ch", "MacBook Pro Speakers", False),
    ("HDA Intel PCH: ALC257 Analog", "HDA NVidia: HDMI 0", False),
    ("system", "system", False),
])
def test_microphone_and_loudspeaker_of_one_computer(source: str, target: str, howls: bool) -> None:
    pair = Device(0, source, "X", 2, 0, 44100), Device(1, target, "X", 0, 2, 44100)
    if howls:
        with pytest.raises(DeviceError, match=r"which would howl: use headphones.*--allow-feedback"):
            check_feedback(*pair)
    else:
        check_feedback(*pair)


class FakePortAudio:
    """As much of sounddevice as is asked of it; takes 44100 Hz only."""

    class PortAudioError(Exception):  # noqa: D106
        pass

    default = SimpleNamespace(device=(0, -1))

    def query_hostapis(self) -> list[dict[str, object]]:
        return [{"name": "ALSA", "devices": [0, 1]}, {"name": "JACK Audio Connection Kit", "devices": [2]}]

    def query_devices(self, number: int) -> dict[str, object]:
        if number == 1:
            b"caf\xe9".decode()  # as sounddevice does with a name in another encoding
        return {"name": "card", "max_input_channels": 2, "max_output_channels": 1, "default_samplerate": 48000.0}

    def check_input_settings(self, samplerate: int, **_: object) -> None:
        if samplerate != 44100:
            raise self.PortAudioError("Invalid sample rate", -9997)

    check_output_settings = check_input_settings


def test_listing_reads_portaudio_but_not_its_view_of_jack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "list_jack_devices", lambda _: [])
    assert list_devices(FakePortAudio()) == [Device(0, "card", "ALSA", 2, 1, 48000, default_input=True, portaudio=0)]


def test_format_that_fits_passes() -> None:
    check_format(FakePortAudio(), DEVICES[0], "input", 2, 44100)


def test_refused_rate_names_both_rates_and_ways_out() -> None:
    with pytest.raises(DeviceError, match=r"UMC404HD 192k, ALSA does not take 48000 Hz.*its own rate is 44100 Hz.*"
                                          r"Invalid sample rate.*choose another --input"):
        check_format(FakePortAudio(), DEVICES[0], "input", 2, 48000)


def test_too_few_channels() -> None:
    with pytest.raises(DeviceError, match="system, JACK Audio Connection Kit has 2 output channels, 6 are needed"):
        check_format(FakePortAudio(), DEVICES[4], "output", 6, 44100)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[Device]:
    devices: list[Device] = []
    monkeypatch.setattr(systems, "open_portaudio", lambda: None)
    monkeypatch.setattr(systems, "list_devices", lambda _: devices)
    return devices


def test_command_without_any_device(listed: list[Device], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices"]) == 0
    assert "--input demo" in capsys.readouterr().out


def test_command_prints_a_table(listed: list[Device], capsys: pytest.CaptureFixture[str]) -> None:
    listed += DEVICES
    assert main(["devices"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[2].split() == [">", "1", "HDA", "Intel", "ALSA", "2", "0", "48000"]


def test_command_prints_json(listed: list[Device], capsys: pytest.CaptureFixture[str]) -> None:
    listed += DEVICES
    assert main(["devices", "--json"]) == 0
    assert [Device(**entry) for entry in json.loads(capsys.readouterr().out)] == DEVICES


@pytest.mark.parametrize("name", ["Solo (3rd Gen.)", "Box [/dev/x]", "[b]loud[/b]", "a+b:c* ^$", ":smile:", "[/]"])
def test_any_name_is_printed_and_chosen_as_it_is(listed: list[Device], capsys: pytest.CaptureFixture[str],
                                                 name: str) -> None:
    listed += [Device(0, "system", "JACK", 2, 2, 44100), Device(1, name, "JACK", 2, 2, 44100)]
    assert main(["devices"]) == 0
    assert name in capsys.readouterr().out
    assert choose_device(listed, name, "input").index == 1


def test_names_in_messages_are_short_and_harmless() -> None:
    assert printable("one\x1b[2Jtwo\n") == "one?[2Jtwo?"
    many = [Device(index, f"card {index} {'x' * 400}", "ALSA", 2, 2, 44100) for index in range(200)]
    with pytest.raises(DeviceError, match=r"200 input devices match 'card'.*\[11\].*and 188 more") as error:
        choose_device(many, "card", "input")
    assert len(str(error.value)) < 1500
    with pytest.raises(DeviceError) as error:
        choose_device(many, "y" * 10_000, "input")
    assert len(str(error.value)) < 1500
