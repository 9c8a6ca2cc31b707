"""Devices of this computer, as PortAudio and JACK tell them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from rtsep.audio.devices import JACK, Defaults, Device, Direction, check_channels, refused_rate
from rtsep.audio.jack import list_jack_devices
from rtsep.errors import DeviceError, DeviceGoneError

_CLIENT_NAME = b"rtsep"  # PortAudio keeps the pointer, so the bytes must live as long as the program


def open_portaudio(client_name: bytes = _CLIENT_NAME) -> Any:
    """Import sounddevice with rtsep's name on JACK, and let it look for devices, at every call anew.

    Returns
    -------
    sounddevice
        The module; PortAudio is initialised and has seen the devices of this moment.

    Raises
    ------
    DeviceError
        When the PortAudio library is missing, or cannot start.
    """
    try:
        import sounddevice
    except OSError:
        raise DeviceError("the PortAudio library is missing: install it (Debian and Ubuntu: apt install libportaudio2; "
                          "Fedora: dnf install portaudio; macOS and Windows: pip install sounddevice has it), "
                          "or use --input demo or --input FILE, which need none") from None
    with suppress(sounddevice.PortAudioError):  # it is not initialised after a time that failed
        sounddevice._terminate()
    library = ctypes.CDLL(sounddevice._libname)
    if hasattr(library, "PaJack_SetClientName"):
        library.PaJack_SetClientName(client_name)
    try:
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise DeviceGoneError(f"PortAudio does not start: {error.args[0]}") from None
    return sounddevice


def silence_libraries() -> None:
    """Keep what sound libraries write off the terminal; for processes that have another way to be heard."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(null, stream)
    if null > 2:
        os.close(null)


def list_devices(sounddevice: Any) -> list[Device]:
    """All devices that PortAudio sees, in its order, and then JACK's clients as JACK itself names them."""
    default_input, default_output = sounddevice.default.device
    found = [
        Device(index=index, name=str(entry["name"]), hostapi=hostapi, inputs=int(entry["max_input_channels"]),
               outputs=int(entry["max_output_channels"]), samplerate=round(entry["default_samplerate"]),
               default_input=number == default_input, default_output=number == default_output, portaudio=number)
        for index, (number, hostapi, entry) in enumerate(_entries(sounddevice))]
    clients = list_jack_devices(len(found))
    if any(device.default_input or device.default_output for device in found):
        clients = [replace(device, default_input=False, default_output=False) for device in clients]
    return found + clients


def list_defaults(sounddevice: Any) -> Defaults:
    """Name the default devices of this moment.

    Of every host API: PortAudio's own default may be a mapper, which keeps its name whatever it stands for.
    """
    names = {number: str(entry["name"]) for number, _, entry in _entries(sounddevice)}
    clients = list_jack_devices(0)
    inputs, outputs = (tuple(names.get(api[key], "") for api in _hostapis(sounddevice))
                       for key in ("default_input_device", "default_output_device"))
    return Defaults((*inputs, *(device.name for device in clients if device.default_input)),
                    (*outputs, *(device.name for device in clients if device.default_output)))


def _hostapis(sounddevice: Any) -> list[Any]:
    """PortAudio's host APIs but JACK, whose clients it finds by patterns, and not all of them."""
    return [api for api in sounddevice.query_hostapis() if api["name"] != JACK]


def _entries(sounddevice: Any) -> Iterator[tuple[int, str, Any]]:
    """Yield number, host API and what else PortAudio tells of each device; one whose name is no text is left out."""
    for api in _hostapis(sounddevice):
        for number in api["devices"]:
            with suppress(UnicodeDecodeError):
                yield number, str(api["name"]), sounddevice.query_devices(number)


def check_format(sounddevice: Any, device: Device, direction: Direction, channels: int, samplerate: int) -> None:
    """Ask a device whether it takes the format, before any stream is opened.

    Raises
    ------
    DeviceError
        When it has too few channels or refuses the sample rate; the message says what to change.
    """
    check_channels(device, direction, channels)
    check = sounddevice.check_input_settings if direction == "input" else sounddevice.check_output_settings
    try:
        check(device=device.portaudio, channels=channels, dtype="float32", samplerate=samplerate)
    except sounddevice.PortAudioError as error:
        raise refused_rate(device, direction, samplerate, str(error.args[0])) from None
