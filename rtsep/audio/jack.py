"""Clients of a JACK server, PipeWire's among them, as devices, under the very names that they have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Any

from rtsep.audio.devices import JACK, Device

_CLIENT_NAME = "rtsep-devices"
_MOST_CHANNELS = 64


def list_jack_devices(first: int) -> list[Device]:
    """All clients that have audio ports, numbered from `first` on; empty where no server runs.

    The default ones are those whose physical ports come first, which is also how PipeWire puts its default devices.
    """
    client = _open_client()
    if client is None:
        return []
    with closing(client):
        captures = _by_client(audio_ports(client, of_outputs=True))
        playbacks = _by_client(audio_ports(client, of_outputs=False))
        default_input, default_output = (_first_physical(ports) for ports in (captures, playbacks))
        return [Device(index=index, name=name, hostapi=JACK, inputs=len(captures.get(name, ())),
                       outputs=len(playbacks.get(name, ())), samplerate=int(client.samplerate),
                       default_input=name == default_input, default_output=name == default_output)
                for index, name in enumerate(captures | playbacks, first)]


def any_jack_client() -> Device | None:
    """Stand in for devices that are connected later, with all the channels one may want; None without a server."""
    client = _open_client()
    if client is None:
        return None
    with closing(client):
        return Device(-1, "to be connected", JACK, _MOST_CHANNELS, _MOST_CHANNELS, int(client.samplerate))


def audio_ports(client: Any, of_outputs: bool, device: str | None = None) -> list[Any]:
    """Audio ports that others have, those that play or those that hear; of one client, or of all.

    JACK would take a pattern for the names. They are compared here, since any sign of a pattern may be part of a name.
    """
    found = [(client_of(port), port) for port in list_ports(client, of_outputs)]
    return [port for owner, port in found if owner != client.name and device in (None, owner)]


def client_of(port: Any) -> str:
    """Name of the client that has a port; it may hold colons."""
    return str(port.name).removesuffix(f":{port.shortname}")


def list_ports(client: Any, of_outputs: bool, midi: bool = False) -> Iterator[Any]:
    """Audio or MIDI ports in the server's order; those whose name is no text, or that go just now, are left out.

    JACK-Client's own list ends with an error at the first of them.
    """
    import jack

    flag = jack._lib.JackPortIsOutput if of_outputs else jack._lib.JackPortIsInput
    kind = jack._MIDI if midi else jack._AUDIO
    names = jack._ffi.gc(jack._lib.jack_get_ports(client._ptr, b"", kind, flag), jack._lib.jack_free)
    index = 0
    while names and names[index]:
        with suppress(UnicodeDecodeError, jack.JackError):
            yield client.get_port_by_name(jack._decode(names[index]))
        index += 1


def _open_client() -> Any:
    """Become a client for a moment; None without the library or a server."""
    try:
        import jack
    except (ImportError, OSError):
        return None
    for silence in (jack.set_error_function, jack.set_info_function):
        silence(lambda _: None)
    try:
        return jack.Client(_CLIENT_NAME, no_start_server=True)
    except jack.JackOpenError:
        return None


def _by_client(ports: Sequence[Any]) -> dict[str, list[Any]]:
    """Group ports by their clients, in the server's order."""
    groups: dict[str, list[Any]] = {}
    for port in ports:
        groups.setdefault(client_of(port), []).append(port)
    return groups


def _first_physical(ports: dict[str, list[Any]]) -> str | None:
    physical: Iterator[str] = (name for name, group in ports.items() if any(port.is_physical for port in group))
    return next(physical, None)
