"""What a sound file is made of: streams that follow each other, and what is missing between them.

Joined files hold several; headers that were never finished are mended in the bytes that the decoder sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from rtsep.audio import mp3
from rtsep.audio.stored import Bytes, Span, find_all

_FLAC = b"fLaC\x00\x00\x00\x22"
_FLAC_LAST = b"fLaC\x80\x00\x00\x22"
_OTHERS = (b"FORM", b"caff", b".snd", b"RIFX", b"riff", b"\x1aE\xdf\xa3", b"0&\xb2u")
"""First bytes of formats that hold no mp3: AIFF, CAF, AU, WAV of other byte order, W64, Matroska, ASF."""
_MOST = 1000  # sections of a file
_UNKNOWN_SIZES = range(2**31 - 2**16, 2**32)  # of WAV data: written by programs that cannot go back to the header


@dataclass(frozen=True)
class Section:
    """A stream that libsndfile decodes.

    Parameters
    ----------
    pieces
        Its bytes.
    gaps
        Damaged places that are left out: frames of sound before, bytes.
    announced
        Frames that its header promises and the bytes cannot hold; None where nothing is known to be missing.
    claimed
        Size in bytes that the decoder is told at least.
    frames
        True length, where that which the decoder tells would be a guess.
    """

    pieces: list[Bytes]
    gaps: list[tuple[int, int]] = field(default_factory=list)
    announced: int | None = None
    claimed: int = 0
    frames: int | None = None


def find_sections(data: Span) -> list[Section]:
    """Divide a file into its streams; one of the whole file where its format is not known here."""
    start = mp3.tag_end(data, 0)
    word = data[start:start + 4]
    if word in (b"RIFF", b"RF64"):
        return list(_wav(data, start))[:_MOST]
    if word == b"fLaC":
        starts = _starts(data, start, (_FLAC, _FLAC_LAST)) or [start]
        return [Section([piece]) for piece in _split(data, starts)][:_MOST]
    if word == b"OggS":
        return list(_ogg(data, start))[:_MOST]
    if word in _OTHERS or data[start + 4:start + 8] == b"ftyp":
        return [Section([data])]
    streams = mp3.find_streams(data, start)
    return [_mp3(stream) for stream in streams][:_MOST] or [Section([data])]


def _mp3(stream: mp3.Stream) -> Section:
    return Section(mp3.clean(stream), stream.gaps, mp3.promised(stream), mp3.claimed_size(stream),
                   mp3.uncounted_frames(stream))


def _split(data: Span, starts: list[int]) -> Iterator[Span]:
    for start, end in pairwise([*starts, len(data)]):
        yield data.span(start, end)


def _starts(data: Span, start: int, words: tuple[bytes, ...]) -> list[int]:
    """Places at which one of the words is."""
    return sorted({place for word in words for place in find_all(data, word, start)})


def _wav(data: Span, start: int) -> Iterator[Section]:
    """Files that follow each other, the sizes in their headers mended."""
    while True:
        place = _chunk(data, start, b"data")
        if place is None:
            yield Section([data.span(start, len(data))])
            return
        if data[start:start + 4] == b"RF64":
            yield _long_wav(data, start, place)
            return
        sound = place + 8
        size = int.from_bytes(data[place + 4:sound], "little")
        end = min(len(data), sound + size + size % 2)
        following = _following_file(data, end)
        if following is None:
            known = size and size not in _UNKNOWN_SIZES and (sound + size >= len(data) or _is_chunk(data, end))
            yield _mended(data, start, place, size if known else len(data) - sound)
            return
        yield _mended(data, start, place, size, following)
        start = following


def _mended(data: Span, start: int, place: int, size: int, end: int | None = None) -> Section:
    """One file, with the true size of its sound in the header."""
    end = len(data) if end is None else end
    there = min(size, end - place - 8)
    told = int.from_bytes(data[place + 4:place + 8], "little")
    if there == told and not start and end == len(data):
        return Section([data])
    frame = _frame_bytes(data, start)
    header = (data[start:start + 4] + min(end - start - 8, 2**32 - 1).to_bytes(4, "little")
              + data[start + 8:place + 4] + min(there, 2**32 - 1).to_bytes(4, "little"))
    return Section([header, data.span(place + 8, end)], announced=size // frame if there < size else None)


def _long_wav(data: Span, start: int, place: int) -> Section:
    """One file of the extension for long ones (EBU Tech 3306); what follows it is not looked for."""
    promised = int.from_bytes(data[start + 28:start + 36], "little")
    there = len(data) - place - 8
    size = promised if 0 < promised <= there else there
    frame = _frame_bytes(data, start)
    header = (data[start:start + 20] + (len(data) - start - 8).to_bytes(8, "little") + size.to_bytes(8, "little")
              + (size // frame).to_bytes(8, "little") + data[start + 44:place + 8])
    cut = there < promised < 2**62
    return Section([header, data.span(place + 8, len(data))], announced=promised // frame if cut else None)


def _frame_bytes(data: Span, start: int) -> int:
    """Bytes of one frame of sound in a WAV file."""
    place = _chunk(data, start, b"fmt ")
    return 1 if place is None else max(1, int.from_bytes(data[place + 20:place + 22], "little"))


def _chunk(data: Span, start: int, name: bytes) -> int | None:
    """Find a chunk of a WAV file."""
    position = start + 12
    while position + 8 <= len(data):
        if data[position:position + 4] == name:
            return position
        size = int.from_bytes(data[position + 4:position + 8], "little")
        position += 8 + size + size % 2
    return None


def _following_file(data: Span, position: int) -> int | None:
    """Where another WAV file begins, behind the last chunks of this one."""
    while position + 12 <= len(data):
        if data[position:position + 4] == b"RIFF" and data[position + 8:position + 12] == b"WAVE":
            return position
        if not _is_chunk(data, position):
            return None
        size = int.from_bytes(data[position + 4:position + 8], "little")
        position += 8 + size + size % 2
    return None


def _is_chunk(data: Span, position: int) -> bool:
    """Whether a chunk of a WAV file begins here, or nothing follows."""
    word = data[position:position + 8]
    if len(word) < 8:
        return True
    size = int.from_bytes(word[4:], "little")
    return all(32 <= byte < 127 for byte in word[:4]) and position + 8 + size <= len(data) + 1


def _ogg(data: Span, start: int) -> Iterator[Section]:
    """Chained streams: each begins with pages that are marked so."""
    begin, position, gaps = start, start, list[tuple[int, int]]()
    sounding, granule = False, 0
    while position < len(data):
        if data[position:position + 4] != b"OggS":
            following = next(find_all(data, b"OggS", position), None)
            if following is None:
                break
            gaps.append((granule, following - position))
            position = following
            continue
        first = bool(data.byte(position + 5) & 2)
        if first and sounding:
            yield Section([data.span(begin, position)], gaps)
            begin, gaps, sounding = position, [], False
        sounding |= not first
        position, granule = _after_page(data, position, granule)
    yield Section([data.span(begin, len(data))], gaps)


def _after_page(data: Span, position: int, granule: int) -> tuple[int, int]:
    """Return the end of a page of Ogg, and the frames of sound until there."""
    if position + 27 > len(data):
        return len(data), granule
    segments = data.byte(position + 26)
    value = int.from_bytes(data[position + 6:position + 14], "little", signed=True)
    return position + 27 + segments + sum(data[position + 27:position + 27 + segments]), max(granule, value)
