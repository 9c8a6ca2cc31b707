"""Audio devices: choice by name, and what they refuse, in sentences. No name is a pattern, and none is trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rtsep.errors import DeviceError, DeviceGoneError

Direction = Literal["input", "output"]

_NO_DEVICE = ("no audio device here: neither a sound card nor a running JACK server; "
              "start one, or use --input demo or --input FILE, which need none")


JACK = "JACK Audio Connection Kit"
"""Name of JACK's host API."""

_MOST_LISTED = 12  # in one message
_LONGEST_NAME = 80  # of names in messages; JACK's may have 320 characters
_CHANNELS = re.compile(r"(?P<device>.+):(?P<first>\d+)(?:-(?P<last>\d+))?")
_BUILT_IN = r"built-?in|internal|macbook|imac|laptop|notebook|\bhda\b|realtek|\bpch\b"
_MICROPHONE = re.compile(rf"microphone|\bmic\b|mikrofon|{_BUILT_IN}", re.IGNORECASE)
_LOUDSPEAKER = re.compile(rf"speaker|lautsprecher|{_BUILT_IN}", re.IGNORECASE)
_QUIET = re.compile(r"headphone|headset|kopfh|hdmi|line[ -]?(in|out)|digital|s/?pdif", re.IGNORECASE)


@dataclass(frozen=True)
class Device:
    """One device of one host API.

    Parameters
    ----------
    index
        Number of the device in the list.
    name, hostapi
        Names of the device and of the system that offers it (JACK, ALSA, Core Audio, ...).
    inputs, outputs
        Number of channels in each direction.
    samplerate
        The device's own rate in Hz.
    default_input, default_output
        True where the system would choose this device.
    portaudio
        PortAudio's number; None for a client of JACK.
    """

    index: int
    name: str
    hostapi: str
    inputs: int
    outputs: int
    samplerate: int
    default_input: bool = False
    default_output: bool = False
    portaudio: int | None = None

    @property
    def full_name(self) -> str:
        """Name and host API, which together tell the device from its namesakes."""
        return f"{self.name}, {self.hostapi}"

    @property
    def label(self) -> str:
        """Name and host API for people, see `printable`."""
        return f"{printable(self.name)}, {self.hostapi}"

    def channels(self, direction: Direction) -> int:
        """Channels in one direction."""
        return self.inputs if direction == "input" else self.outputs

    def is_default(self, direction: Direction) -> bool:
        """Whether the system would choose this device."""
        return self.default_input if direction == "input" else self.default_output


@dataclass(frozen=True)
class Route:
    """Channels of a device.

    Parameters
    ----------
    device
        Whose channels.
    first
        First channel in use, counted from 0.
    count
        Number of channels; None where nothing was asked for.
    """

    device: Device
    first: int = 0
    count: int | None = None


@dataclass(frozen=True)
class Defaults:
    """The system's default devices.

    Parameters
    ----------
    inputs, outputs
        Name of the default device of every host API, empty where it has none.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def printable(name: str, longest: int = _LONGEST_NAME) -> str:
    """Return a name for messages and terminals: without control characters, and cut where it is long."""
    name = "".join(char if char.isprintable() else "?" for char in name)
    return name if len(name) <= longest else f"{name[:longest - 1]}…"


def choose_route(devices: Sequence[Device], requested: str | None, direction: Direction) -> Route:
    """Find a device and its channels by what the user typed.

    Parameters
    ----------
    devices, direction
        As in `choose_device`.
    requested
        As in `choose_device`, and after it perhaps `:3` or `:3-4`, the requested channels counted from 1. Where
        all of the text is part of a device's name, it means the name.

    Raises
    ------
    DeviceError
        When there is no such device or channel, or more than one device.
    """
    parts = None if requested is None else _CHANNELS.fullmatch(requested)
    if parts is None or _named(devices, (requested or "").casefold()):
        return Route(choose_device(devices, requested, direction))
    device = choose_device(devices, parts["device"], direction)
    first, last = int(parts["first"]), int(parts["last"] or parts["first"])
    if not 1 <= first <= last <= device.channels(direction):
        raise DeviceError(f"{printable(parts[0])} asks for channels {first} to {last}: {device.label} has {direction} "
                          f"channels 1 to {device.channels(direction)}")
    return Route(device, first - 1, last - first + 1)


def check_feedback(source: Device, target: Device) -> None:
    """Refuse the microphone and the loudspeaker of one computer together.

    Raises
    ------
    DeviceError
        When their names say that this is what they are.
    """
    names = (source.label, target.label)
    if any(map(_QUIET.search, names)) or not (_MICROPHONE.search(names[0]) and _LOUDSPEAKER.search(names[1])):
        return
    raise DeviceError(f"{source.label} and {target.label} look like the microphone and the loudspeaker of one "
                      f"computer, which would howl: use headphones or an audio interface, or say --allow-feedback")


def choose_device(devices: Sequence[Device], requested: str | None, direction: Direction) -> Device:
    """Find a device by what the user typed.

    Parameters
    ----------
    devices
        What `list_devices` returned.
    requested
        A number, a name or a part of one; the case does not matter and an exact name wins. None for
        the system's default.
    direction
        Only devices with channels in this direction count.

    Raises
    ------
    DeviceError
        When there is no such device, or more than one.
    """
    if not devices:
        raise DeviceGoneError(_NO_DEVICE)
    able = [device for device in devices if device.channels(direction) > 0]
    if requested is None:
        matches = [device for device in able if device.is_default(direction)]
        if not matches:
            raise DeviceGoneError(f"no default {direction} device: choose one with --{direction}; {_candidates(able)}")
    elif requested.isdecimal():
        matches = [device for device in able if device.index == int(requested)]
    else:
        matches = _named(able, requested.casefold())
    if not matches:
        raise DeviceGoneError(f"no {direction} device matches '{printable(requested or '')}'; {_candidates(able)}")
    if len(matches) > 1:
        raise DeviceError(f"{len(matches)} {direction} devices match '{printable(requested or '')}'; give more of the "
                          f"name or its number: {_listed(matches)}")
    return matches[0]


def check_channels(device: Device, direction: Direction, channels: int) -> None:
    """Raise DeviceError where a device has too few channels."""
    if device.channels(direction) < channels:
        raise DeviceError(f"{device.label} has {device.channels(direction)} {direction} channels, {channels} are "
                          f"needed; choose another --{direction} or fewer --channels")


def refused_rate(device: Device, direction: Direction, samplerate: int, says: str = "") -> DeviceError:
    """Make the error of a device that does not take a sample rate in Hz, with the ways out."""
    return DeviceError(
        f"{device.label} does not take {samplerate} Hz (its own rate is {device.samplerate} Hz"
        f"{f'; PortAudio says: {says}' if says else ''}); set the device or the JACK server to {samplerate} Hz, choose "
        f"another --{direction}, or add --resample, which adds latency")


def _named(devices: Sequence[Device], requested: str) -> list[Device]:
    """Devices whose name or label is, or else contains, the requested text."""
    exact = [device for device in devices if requested in (device.name.casefold(), device.full_name.casefold())]
    return exact or [device for device in devices if requested in device.full_name.casefold()]


def _candidates(devices: Sequence[Device]) -> str:
    return f"there are: {_listed(devices)}" if devices else "there is none"


def _listed(devices: Sequence[Device]) -> str:
    more = len(devices) - _MOST_LISTED
    names = [f"[{device.index}] {device.label}" for device in devices[:_MOST_LISTED]]
    return "; ".join([*names, f"and {more} more, see rtsep devices"] if more > 0 else names)
