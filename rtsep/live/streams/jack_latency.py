"""Latencies on a JACK server: those of the devices, and ours, which lets others align what they record of us.

JACK-Client has no calls for them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from ctypes.util import find_library
from typing import Any

CAPTURE, PLAYBACK = 0, 1  # jack_latency_callback_mode_t
_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)


class _Range(ctypes.Structure):
    _fields_ = (("lowest", ctypes.c_uint32), ("highest", ctypes.c_uint32))


class Latencies:
    """Answers JACK's question for latencies, in both directions.

    What comes out of an output port was captured as long ago as what the inputs hear, and our latency more; what
    goes into an input port is heard as much later than what leaves the outputs.

    Parameters
    ----------
    client
        JACK-Client's client, not yet active.
    own_frames
        Returns our latency in frames at the server's rate.
    """

    def __init__(self, client: Any, own_frames: Callable[[], int]) -> None:
        import jack

        self._ffi = jack._ffi
        self._library = ctypes.CDLL(find_library("jack"))
        self._client = self._pointer(client._ptr)
        self._own_frames = own_frames
        self._pipewire = "PipeWire" in jack.version_string()
        self._told = 0
        self._sides: tuple[list[ctypes.c_void_p], list[ctypes.c_void_p]] = ([], [])
        self._callback = _CALLBACK(self._answer)  # kept, as JACK has only its address
        self._library.jack_set_latency_callback(self._client, self._callback, None)

    def set_ports(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Say which ports are ours."""
        self._sides = ([self._pointer(port._ptr) for port in inputs], [self._pointer(port._ptr) for port in outputs])

    def update(self) -> None:
        """Let JACK ask again where our latency has changed; not to be called by a callback of JACK's.

        Call some times a second. On PipeWire the ranges are set here: set in its callback they can stop the process for
        good, since version 0.3.65 then calls other callbacks inside, under a lock that it holds already.
        """
        if self._pipewire:
            for mode in (CAPTURE, PLAYBACK):
                self._set(mode)
        elif self._own_frames() != self._told:
            self._library.jack_recompute_total_latencies(self._client)

    def of_device(self, ports: Sequence[Any], mode: int) -> int:
        """Frames between the farthest device and these ports; 0 where none of them is connected."""
        others = (self._pointer(other._ptr) for port in ports for other in port.connections)
        return max((int(self._range(other, mode).highest) for other in others), default=0)

    def _answer(self, mode: int, _: object) -> None:
        if not self._pipewire:  # there the callback does no more than keep it from ranges of its own
            self._set(mode)

    def _set(self, mode: int) -> None:
        """Set the latencies of one side of our ports from those of the other side, and ours."""
        inputs, outputs = self._sides
        near, far = (inputs, outputs) if mode == CAPTURE else (outputs, inputs)
        ranges = [self._range(port, mode) for port in near if self._library.jack_port_connected(port) > 0]
        self._told = self._own_frames()
        total = _Range(min((range_.lowest for range_ in ranges), default=0) + self._told,
                       max((range_.highest for range_ in ranges), default=0) + self._told)
        for port in far:
            self._library.jack_port_set_latency_range(port, mode, ctypes.byref(total))

    def _range(self, port: ctypes.c_void_p, mode: int) -> _Range:
        found = _Range()
        self._library.jack_port_get_latency_range(port, mode, ctypes.byref(found))
        return found

    def _pointer(self, pointer: Any) -> ctypes.c_void_p:
        return ctypes.c_void_p(int(self._ffi.cast("uintptr_t", pointer)))
