"""A small LV2 host: it loads a bundle, connects every port, runs blocks, keeps and gives back state."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any

import numpy as np

from rtsep.types import Audio

_URI, _HANDLE, _WORD = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint32
_MAP = ctypes.CFUNCTYPE(_WORD, _HANDLE, _URI)
_STORE = ctypes.CFUNCTYPE(ctypes.c_int, _HANDLE, _WORD, _HANDLE, ctypes.c_size_t, _WORD, _WORD)
_RETRIEVE = ctypes.CFUNCTYPE(_HANDLE, _HANDLE, _WORD, ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(_WORD),
                             ctypes.POINTER(_WORD))
_PATH = ctypes.CFUNCTYPE(_HANDLE, _HANDLE, _URI)
_MAP_URI, _PATH_URI = b"http://lv2plug.in/ns/ext/urid#map", b"http://lv2plug.in/ns/ext/state#mapPath"
_STATE_URI = b"http://lv2plug.in/ns/ext/state#interface"
_libc = ctypes.CDLL(None)
_libc.strdup.restype = _HANDLE


class Feature(ctypes.Structure):
    _fields_ = (("uri", _URI), ("data", _HANDLE))


class UridMap(ctypes.Structure):
    _fields_ = (("handle", _HANDLE), ("map", _MAP))


class MapPath(ctypes.Structure):
    _fields_ = (("handle", _HANDLE), ("abstract", _PATH), ("absolute", _PATH))


class Descriptor(ctypes.Structure):
    _fields_ = (("uri", _URI), ("instantiate", ctypes.CFUNCTYPE(_HANDLE, _HANDLE, ctypes.c_double, _URI, _HANDLE)),
                ("connect_port", ctypes.CFUNCTYPE(None, _HANDLE, _WORD, _HANDLE)),
                ("activate", ctypes.CFUNCTYPE(None, _HANDLE)), ("run", ctypes.CFUNCTYPE(None, _HANDLE, _WORD)),
                ("deactivate", _HANDLE), ("cleanup", ctypes.CFUNCTYPE(None, _HANDLE)),
                ("extension_data", ctypes.CFUNCTYPE(_HANDLE, _URI)))


class StateInterface(ctypes.Structure):
    _fields_ = (("save", ctypes.CFUNCTYPE(ctypes.c_int, _HANDLE, _STORE, _HANDLE, _WORD, _HANDLE)),
                ("restore", ctypes.CFUNCTYPE(ctypes.c_int, _HANDLE, _RETRIEVE, _HANDLE, _WORD, _HANDLE)))


class Plugin:
    """An instance; `controls` are its control ports by their symbols. A host activates it before it runs blocks.

    Raises
    ------
    RuntimeError
        When it cannot be made.
    """

    def __init__(self, bundle: Path, uri: str, samplerate: float = 44100.0, activated: bool = True) -> None:
        self._uris: list[bytes] = []
        self._map = UridMap(None, _MAP(self._number))
        self._paths = MapPath(None, _PATH(self._abstract), _PATH(self._absolute))
        self.folder = bundle.parent
        self._features = (ctypes.POINTER(Feature) * 3)(*[ctypes.pointer(Feature(name, ctypes.addressof(data)))
                                                         for name, data in ((_MAP_URI, self._map),
                                                                            (_PATH_URI, self._paths))], None)
        code = ctypes.CDLL(str(bundle / "rtsep.so"))
        code.lv2_descriptor.restype = ctypes.POINTER(Descriptor)
        self._code = next(found.contents for found in map(code.lv2_descriptor, range(2))
                          if found.contents.uri.decode() == uri)
        text = (bundle / f"{uri.split(':')[-1]}.ttl").read_text()
        ports = re.findall(r"lv2:index (\d+) ;\s+a lv2:(\w+)Port, lv2:(\w+)Port ;\s+lv2:symbol \"(\w+)\"", text)
        self.symbols = [symbol for _, _, _, symbol in ports]
        assert [int(index) for index, *_ in ports] == list(range(len(ports)))
        self._sounds = {way: [index for index, (_, kind, direction, _) in enumerate(ports)
                              if kind == "Audio" and direction == way] for way in ("Input", "Output")}
        self.controls = {symbol: ctypes.c_float(self._default(text, symbol))
                         for _, kind, _, symbol in ports if kind == "Control"}
        self._handle = self._code.instantiate(ctypes.addressof(self._code), samplerate, f"{bundle}/".encode(),
                                              ctypes.addressof(self._features))
        if not self._handle:
            raise RuntimeError("no instance")
        for symbol, value in self.controls.items():
            self._code.connect_port(self._handle, self.symbols.index(symbol), ctypes.addressof(value))
        if activated:
            self.activate()

    def activate(self) -> None:
        """Let it start as new."""
        self._code.activate(self._handle)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._code.cleanup(self._handle)

    def run(self, block: Audio, in_place: bool = False) -> Audio:
        """Run a block, (2, frames); return all outputs."""
        out = np.full((len(self._sounds["Output"]), block.shape[1]), np.nan, np.float32)
        block = np.ascontiguousarray(block)
        if in_place:
            out[:2] = block
            block = out[:2]
        for way, rows in (("Input", block), ("Output", out)):
            for port, row in zip(self._sounds[way], rows, strict=True):
                self._code.connect_port(self._handle, port, row.ctypes.data)
        self._code.run(self._handle, block.shape[1])
        return out

    def save(self) -> dict[str, bytes]:
        """Return the state, by the URIs of its properties."""
        kept: dict[str, bytes] = {}

        def store(_: Any, key: int, value: int, size: int, kind: int, flags: int) -> int:
            kept[self._uris[key - 1].decode()] = ctypes.string_at(value, size)
            return 0

        assert self._state().save(self._handle, _STORE(store), None, 0, ctypes.addressof(self._features)) == 0
        return kept

    def restore(self, kept: dict[str, bytes], kind: bytes = b"http://lv2plug.in/ns/ext/atom#Path") -> int:
        """Give a state back; the plugin's answer, 0 where it worked."""
        buffers = {name: ctypes.create_string_buffer(value, len(value)) for name, value in kept.items()}

        def retrieve(_: Any, key: int, size: Any, type_: Any, flags: Any) -> int | None:
            buffer = buffers.get(self._uris[key - 1].decode())
            if buffer is None:
                return None
            size[0], type_[0], flags[0] = len(buffer), self._number(None, kind), 1
            return ctypes.addressof(buffer)

        return int(self._state().restore(self._handle, _RETRIEVE(retrieve), None, 0, ctypes.addressof(self._features)))

    def _state(self) -> StateInterface:
        return StateInterface.from_address(self._code.extension_data(_STATE_URI))

    def _number(self, _: Any, uri: bytes) -> int:
        if uri not in self._uris:
            self._uris.append(uri)
        return self._uris.index(uri) + 1

    def _abstract(self, _: Any, path: bytes) -> int:
        return int(_libc.strdup(str(Path(path.decode()).relative_to(self.folder)).encode()))

    def _absolute(self, _: Any, path: bytes) -> int:
        return int(_libc.strdup(str(self.folder / path.decode()).encode()))

    @staticmethod
    def _default(text: str, symbol: str) -> float:
        found = re.search(rf"\"{symbol}\".*?lv2:default ([-\d.]+)", text, re.DOTALL)
        return float(found[1]) if found and symbol != "latency" else 0.0
