"""Frames of a FLAC file, to go on behind a damaged one. Layout and checksum: RFC 9639, section 9.1."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from rtsep.audio.stored import Bytes, Span

_BLOCK = 1 << 20
_SHORTEST_HEAD = 6  # bytes


def resume(data: Span, frames: int) -> tuple[int, int] | None:
    """Find the first frame that begins at or after `frames` of sound.

    Parameters
    ----------
    data
        A FLAC file from its first four bytes.
    frames
        Position in the sound.

    Returns
    -------
    place, position
        Of its first byte, and of its first frame of sound; None where none follows.
    """
    start = metadata_end(data)
    fixed = int.from_bytes(data[10:12], "big")  # frames of sound in a frame, where all have as many
    for place in _syncs(data, start):
        number = _number(data, place)
        if number is not None:
            variable = data.byte(place + 1) & 1
            position = number if variable else number * fixed
            if position >= frames:
                return place, position
    return None


def promised(data: Span) -> int:
    """Frames of sound that the header of a FLAC file announces; 0 where it does not know."""
    return int.from_bytes(data[21:26], "big") & (1 << 36) - 1


def length(data: Span) -> int | None:
    """Frames of sound until the end of the last frame of a FLAC file; None where none is found at its end."""
    fixed, begin = int.from_bytes(data[10:12], "big"), metadata_end(data)
    kind = _kind(data, begin)
    for place in reversed(list(_syncs(data, max(begin, len(data) - _BLOCK)))):
        number = _number(data, place) if _kind(data, place) == kind else None
        if number is not None:
            return (number if data.byte(place + 1) & 1 else number * fixed) + _size(data, place)
    return None


def uncounted(data: Span) -> list[Bytes]:
    """Pieces of a FLAC file whose header does not know how long it is."""
    return [data[:21] + bytes([data.byte(21) & 0xF0]) + bytes(4), data.span(26, len(data))]


def _kind(data: Span, place: int) -> tuple[int, int]:
    """Return what all frames of a file share: how they are counted, their rate and the bits of a sample."""
    return data.byte(place + 1), (data.byte(place + 2) & 15) << 4 | data.byte(place + 3) >> 1 & 7


def _size(data: Span, place: int) -> int:
    """Frames of sound in the frame that begins here."""
    code = data.byte(place + 2) >> 4
    if code in (6, 7):
        behind = place + 5 + max(0, 7 - (data.byte(place + 4) ^ 0xFF).bit_length())
        return int.from_bytes(data[behind:behind + code - 5], "big") + 1
    return 192 if code == 1 else 576 << (code - 2) if code < 6 else 256 << (code - 8)


def metadata_end(data: Span) -> int:
    """Where the first frame begins."""
    position = 4
    while position + 4 <= len(data):
        last = data.byte(position) & 0x80
        position += 4 + int.from_bytes(data[position + 1:position + 4], "big")
        if last:
            break
    return position


def _syncs(data: Span, start: int) -> Iterator[int]:
    for first in range(start, len(data), _BLOCK):
        piece = data[first:first + _BLOCK + 1]
        index = piece.find(b"\xff")
        while index >= 0:
            if piece[index + 1:index + 2] in (b"\xf8", b"\xf9") and index < _BLOCK:
                yield first + index
            index = piece.find(b"\xff", index + 1)


def _number(data: Span, place: int) -> int | None:
    """Return the number of the frame or of its first sample; None where the checksum says that this is no frame."""
    head = data[place:place + 16]  # a last frame of silence, whole, may be shorter
    if len(head) < _SHORTEST_HEAD:
        return None
    ones = 8 - (head[4] ^ 0xFF).bit_length()  # coded as UTF-8 codes characters
    extra = max(0, ones - 1)
    number = head[4] & (0xFF >> (ones + 1))
    for byte in head[5:5 + extra]:
        number = number << 6 | byte & 0x3F
    size, rate = head[2] >> 4, head[2] & 15
    length = 5 + extra + {6: 1, 7: 2}.get(size, 0) + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    return number if length < len(head) and _crc8(head[:length]) == head[length] else None


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value = _table()[value ^ byte]
    return value


@cache
def _table() -> tuple[int, ...]:
    """Return the steps of the polynomial x^8 + x^2 + x + 1."""
    values = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte << 1 ^ 0x07) & 0xFF if byte & 0x80 else byte << 1
        values.append(byte)
    return tuple(values)
