"""The C interface of `rtsep.h`, called through ctypes, for tests."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rtsep.native.bindings import library_file
from rtsep.types import Audio

CONTROLS = ("mask_gain", "wet", "bypass", "level", "mute", "solo")
ERRORS = ("ok", "no file", "no model", "other version", "damaged", "malformed", "no memory", "bad rate", "bad channels",
          "bad blocksize", "bad stems", "bad control", "bad block")
_Row = ctypes.POINTER(ctypes.c_float)


class Options(ctypes.Structure):
    _fields_ = (("samplerate", ctypes.c_int), ("channels", ctypes.c_int), ("blocksize", ctypes.c_int),
                ("stems", ctypes.c_char_p))


class CError(Exception):
    """A call failed; `name` is one of `ERRORS`."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(f"{ERRORS[code]}: {sentence}")
        self.name = ERRORS[code]


def core(path: Path | None = None) -> ctypes.CDLL:
    code = ctypes.CDLL(str(path or library_file()))
    code.rtsep_message.restype = code.rtsep_stem.restype = ctypes.c_char_p
    code.rtsep_get.restype = ctypes.c_float
    return code


def rows(audio: Audio, listened: Sequence[int] | None = None) -> ctypes.Array[ctypes._Pointer[ctypes.c_float]]:
    assert audio.dtype == np.float32
    return (_Row * len(audio))(*[row.ctypes.data_as(_Row) if listened is None or index in listened else None
                                 for index, row in enumerate(audio)])


class CSeparator:
    """A separator in C that is used like the one in Python; made from a path, or from the bytes of a file."""

    def __init__(self, model: Path | bytes, channels: int = 0, blocksize: int = 0,
                 stems: Sequence[str] | None = None, samplerate: int = 0, code: ctypes.CDLL | None = None) -> None:
        self.code, self.handle = code or core(), ctypes.c_void_p()
        options = Options(samplerate, channels, blocksize, None if stems is None else ",".join(stems).encode())
        if isinstance(model, bytes):
            self._check(self.code.rtsep_open_memory(model, ctypes.c_size_t(len(model)), ctypes.byref(options),
                                                    ctypes.byref(self.handle)))
        else:
            self._check(self.code.rtsep_open(str(model).encode(), ctypes.byref(options), ctypes.byref(self.handle)))
        self.latency, self.samplerate = self.code.rtsep_latency(self.handle), self.code.rtsep_samplerate(self.handle)
        self.channels = self.code.rtsep_channels(self.handle)
        self.stems = tuple(self.code.rtsep_stem(self.handle, index).decode()
                           for index in range(self.code.rtsep_stems(self.handle)))

    def __del__(self) -> None:
        self.code.rtsep_close(self.handle)

    def _check(self, code: int) -> None:
        if code:
            raise CError(code, self.code.rtsep_message(code).decode())

    def process(self, block: Audio) -> Audio:
        out = np.full((len(self.stems) * self.channels, block.shape[1]), np.nan, np.float32)
        block = np.ascontiguousarray(block)
        self._check(self.code.rtsep_process(self.handle, rows(block), rows(out), block.shape[1]))
        return out.reshape(len(self.stems), self.channels, -1)

    def set(self, control: str, value: float, stem: str | None = None) -> None:
        index = 0 if stem is None else self.stems.index(stem)
        self._check(self.code.rtsep_set(self.handle, CONTROLS.index(control), index, ctypes.c_float(value)))

    def get(self, control: str, stem: str | None = None) -> float:
        index = 0 if stem is None else self.stems.index(stem)
        return float(self.code.rtsep_get(self.handle, CONTROLS.index(control), index))

    def reset(self) -> None:
        self.code.rtsep_reset(self.handle)

    @property
    def bad_blocks(self) -> int:
        return int(self.code.rtsep_bad_blocks(self.handle))

    @property
    def spoilt_hops(self) -> int:
        return int(self.code.rtsep_spoilt_hops(self.handle))
