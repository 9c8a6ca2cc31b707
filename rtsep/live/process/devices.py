"""Which devices play, at which rate, and the wait for those that are not there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from rtsep.audio.devices import (
    JACK,
    Defaults,
    Device,
    Direction,
    Route,
    check_channels,
    check_feedback,
    choose_route,
    refused_rate,
)
from rtsep.audio.jack import any_jack_client
from rtsep.audio.systems import check_format, list_defaults, list_devices, open_portaudio
from rtsep.errors import DeviceError, DeviceGoneError
from rtsep.live.protocol import LiveSettings, Pair
from rtsep.separator import runs_at

_SHORTEST_WAIT_S = 0.1
_LONGEST_WAIT_S = 1.0
_WAIT_SHARE = 0.025  # of a core that looking for devices may cost

Found = TypeVar("Found")


@dataclass(frozen=True)
class Devices:
    """What was chosen.

    Parameters
    ----------
    sounddevice
        The module; None where nothing is played by PortAudio.
    source, target
        Channels of devices; None for a source and for the null device.
    channels
        Channels of the mixture.
    defaults
        The system's default devices at this moment.
    rate
        Of the devices, in Hz; None for the null device, and before it was chosen.
    """

    sounddevice: Any
    source: Route | None
    target: Route | None
    channels: int
    defaults: Defaults
    rate: int | None = None

    @property
    def jack(self) -> bool:
        """Whether all of it is on JACK."""
        return self.target is not None and self.target.device.hostapi == JACK

    @property
    def routes(self) -> tuple[tuple[Route | None, Direction], ...]:
        """Source and target with their directions."""
        return (self.source, "input"), (self.target, "output")


def choose_devices(settings: LiveSettings) -> Devices:
    """Find the devices by name.

    Raises
    ------
    DeviceError
        When one is not there, is not the only one of this name, has too few channels or would howl.
    """
    fed_channels = settings.channels or 2
    if settings.null_device:
        return Devices(None, None, None, fed_channels, Defaults())
    if not settings.connect:
        return _unconnected(settings)
    sounddevice = open_portaudio()
    devices, defaults = list_devices(sounddevice), list_defaults(sounddevice)
    target = _choose_route(devices, settings.output, "output", settings.connections.outputs)
    if settings.has_source:
        return Devices(sounddevice, None, target, fed_channels, defaults)
    source = _choose_route(devices, settings.input, "input", settings.connections.inputs)
    if (source.device.hostapi == JACK) != (target.device.hostapi == JACK):
        raise DeviceError(f"{source.device.label} and {target.device.label} cannot play together: take input and "
                          f"output of one host API, see rtsep devices")
    if not settings.allow_feedback:
        check_feedback(source.device, target.device)
    channels = source.count or settings.channels or min(2, source.device.inputs)
    check_channels(source.device, "input", source.first + channels)
    return Devices(sounddevice, source, target, channels, defaults)


def _choose_route(devices: Sequence[Device], requested: str | None, direction: Direction,
                  by_hand: tuple[Pair, ...] | None) -> Route:
    """Find a device; one that is gone, and that the user has led all connections away from, is not needed."""
    try:
        return choose_route(devices, requested, direction)
    except DeviceGoneError:
        name = "" if requested is None else (requested.rpartition(":")[0] or requested).casefold()
        needed = by_hand is None or name.isdecimal() or any(name and name in other.casefold() for _, other in by_hand)
        free = None if needed else any_jack_client()
        if free is None:
            raise
        return Route(free)


def _unconnected(settings: LiveSettings) -> Devices:
    """Take a JACK server, and no device."""
    device = any_jack_client()
    if device is None:
        raise DeviceGoneError("no JACK server, which --no-connect needs: start one, or name devices")
    route = Route(device)
    return Devices(None, None if settings.has_source else route, route, settings.channels or 2, Defaults())


def choose_rate(settings: LiveSettings, devices: Devices, model_rate: int, outputs: int) -> Devices:
    """Find the rate at which the devices are opened: their own where the model runs at it, see `runs_at`.

    Parameters
    ----------
    settings
        What to play; its `samplerate` is kept.
    devices
        What was chosen.
    model_rate
        That the model was made for, in Hz.
    outputs
        Output channels.

    Raises
    ------
    DeviceError
        When the devices do not take any such rate, and it may not be changed on the way.
    """
    if devices.target is None:
        return devices
    rates = {route.device.samplerate: None for route, _ in reversed(devices.routes) if route is not None}
    if not settings.resample:
        requested = settings.samplerate
        rates = {rate: None for rate in rates if rate == requested or (requested is None and runs_at(model_rate, rate))}
    last = settings.samplerate or model_rate
    refusal: DeviceError | None = None
    for rate in rates if devices.jack else {**rates, last: None}:
        try:
            _check(devices, outputs, rate)
            return replace(devices, rate=rate)
        except DeviceError as error:
            refusal = refusal or error
    raise refusal or refused_rate(devices.target.device, "output", last)


def wait_for(look: Callable[[], Found], idle: Callable[[float], bool], tell: Callable[[str], None]) -> Found | None:
    """Look again and again until devices are there, seldom enough that it costs next to nothing.

    Parameters
    ----------
    look
        Finds them, or raises DeviceError.
    idle
        Waits for so many seconds; True where the run is over meanwhile.
    tell
        Gets a sentence, once, where devices are there and cannot be used.

    Returns
    -------
    found
        What `look` returned; None where the run is over.
    """
    pause, told = _SHORTEST_WAIT_S, ""
    while True:
        used = time.process_time()
        try:
            return look()
        except DeviceGoneError:
            pass
        except DeviceError as error:
            if str(error) != told:
                told = str(error)
                tell(told)
        used = time.process_time() - used
        if idle(max(pause, used / _WAIT_SHARE)):
            return None
        pause = min(2.0 * pause, _LONGEST_WAIT_S)


def _check(devices: Devices, outputs: int, rate: int) -> None:
    """Raise DeviceError where a device has too few channels or does not take the rate."""
    for (route, direction), channels in zip(devices.routes, (devices.channels, outputs), strict=True):
        if route is None:
            continue
        if devices.jack:
            check_channels(route.device, direction, route.first + channels)
        else:
            check_format(devices.sounddevice, route.device, direction, route.first + channels, rate)
