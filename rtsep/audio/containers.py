"""AIFF, AU, W64 and CAF: how much sound their headers promise, and whether another file follows.

Layouts: Apple, Audio Interchange File Format 1.3 and Core Audio Format Specification; NeXT, SNDSoundStruct; Sony
Pictures Digital, Sony Wave64 1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rtsep.audio.section import Section
from rtsep.audio.stored import Span

_W64_RIFF, _W64_CHUNK = b"riff", bytes.fromhex("f3acd3118cd100c04f8edb8a")  # tail of the identifiers of chunks
_AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}  # of one sample, by encoding
_UNKNOWN = 2**32 - 1
_CAF_EDITS = 4  # bytes in front of the sound that its chunk counts


@dataclass(frozen=True)
class Layout:
    """What a header says.

    Parameters
    ----------
    sound, size
        Place and bytes of the sound; None for a size that its writer did not know.
    frames
        That the header promises.
    end
        Where the file ends.
    place, width, extra
        Where a size stands that the decoder takes literally, in how many bytes, and what it counts beside the sound.
    """

    sound: int
    size: int | None
    frames: int
    end: int
    place: int = 0
    width: int = 0
    extra: int = 0


def container_sections(data: Span, start: int) -> Iterator[Section]:
    """Yield files that follow each other; the whole data where a header cannot be read."""
    word = data[start:start + 4]
    read = READERS[word]
    while True:
        layout = read(data, start)
        if layout is None:
            yield Section([data.span(start, len(data))])
            return
        follows = layout.end + 12 <= len(data) and data[layout.end:layout.end + 4] == word
        yield _section(data, start, layout, layout.end if follows else len(data))
        if not follows:
            return
        start = layout.end


def _section(data: Span, start: int, layout: Layout, end: int) -> Section:
    """Return one file, with the true size in its header where the decoder needs that."""
    there = max(0, end - layout.sound)
    cut = layout.size is not None and there < layout.size
    announced = layout.frames if cut else None
    if not layout.width or not (cut or layout.size is None):
        return Section([data.span(start, end)], announced=announced)
    size = (there + layout.extra).to_bytes(layout.width, "big")
    header = data[start:layout.place] + size + data[layout.place + layout.width:layout.sound]
    return Section([header, data.span(layout.sound, end)], announced=announced)


def _aiff(data: Span, start: int) -> Layout | None:
    size = int.from_bytes(data[start + 4:start + 8], "big")
    end, position = start + 8 + size + size % 2, start + 12
    frames = promised = 0
    found: tuple[int, int] | None = None
    while position + 8 <= len(data) and (position < end or found is None):
        name, length = data[position:position + 4], int.from_bytes(data[position + 4:position + 8], "big")
        if name == b"COMM":
            channels, frames, bits = (int.from_bytes(data[position + place:position + place + width], "big")
                                      for place, width in ((8, 2), (10, 4), (14, 2)))
            promised = frames * channels * ((bits + 7) // 8) if data[start + 8:start + 12] == b"AIFF" else 0
        if name == b"SSND":
            found = position + 16, length - 8
        position += 8 + length + length % 2
    return None if found is None else Layout(found[0], max(found[1], promised), frames, end)


def _au(data: Span, start: int) -> Layout | None:
    offset, size, encoding, _, channels = (int.from_bytes(data[start + place:start + place + 4], "big")
                                           for place in range(4, 24, 4))
    frame = _AU_BYTES.get(encoding, 0) * channels
    if not frame:
        return None
    sound = start + offset
    if size in (0, _UNKNOWN):  # the writer did not know it
        return Layout(sound, None, 0, len(data), start + 8, 4)
    return Layout(sound, size, size // frame, sound + size)


def _w64(data: Span, start: int) -> Layout | None:
    position, end = start + 40, start + int.from_bytes(data[start + 16:start + 24], "little")
    frame = 0
    while position + 24 <= len(data) and data[position + 4:position + 16] == _W64_CHUNK:
        name, size = data[position:position + 4], int.from_bytes(data[position + 16:position + 24], "little")
        if name == b"fmt ":
            frame = int.from_bytes(data[position + 36:position + 38], "little")
        if name == b"data" and frame:
            return Layout(position + 24, size - 24, (size - 24) // frame, end)
        position += max(24, (size + 7) // 8 * 8)
    return None


def _caf(data: Span, start: int) -> Layout | None:
    position, frame, each = start + 8, 0, 0
    found: tuple[int, int] | None = None  # place of the chunk of sound, and its size
    while position + 12 <= len(data) and data[position:position + 4] != b"caff":
        name, size = data[position:position + 4], int.from_bytes(data[position + 4:position + 12], "big", signed=True)
        if size < 0:  # to the end of the file
            return None
        if name == b"desc":
            frame, each = (int.from_bytes(data[position + place:position + place + 4], "big") for place in (28, 32))
        if name == b"data":
            found = position, size - _CAF_EDITS
        position += 12 + size
    if found is None or not frame:
        return None
    place, size = found
    return Layout(place + 12 + _CAF_EDITS, size, size // frame * each, position, place + 4, 8, _CAF_EDITS)


READERS: dict[bytes, Callable[[Span, int], Layout | None]] = {b"FORM": _aiff, b".snd": _au, _W64_RIFF: _w64,
                                                              b"caff": _caf}
