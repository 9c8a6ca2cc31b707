"""What a sound file is made of: streams that follow each other, and what is missing between them.

Joined files hold several; headers that were never finished are mended in the bytes that the decoder sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise

from rtsep.audio import flac, mp3
from rtsep.audio.containers import READERS, container_sections
from rtsep.audio.ogg import WORD as OGG
from rtsep.audio.ogg import ogg_sections
from rtsep.audio.riff import WORDS as RIFF
from rtsep.audio.riff import wav_sections
from rtsep.audio.section import Section
from rtsep.audio.stored import Span, find_all

_FLAC = b"fLaC\x00\x00\x00\x22"
_FLAC_LAST = b"fLaC\x80\x00\x00\x22"
_OTHERS = (b"\x1aE\xdf\xa3", b"0&\xb2u")
"""First bytes of formats that hold no mp3: Matroska, ASF."""
_MP4 = b"ftyp"
"""Name of the first box of MP4 and M4A, ISO/IEC 14496-12."""
_MOST = 1000  # sections of a file


def find_sections(data: Span) -> list[Section]:
    """Divide a file into its streams; one of the whole file where its format is not known here."""
    return list(islice(_sections(data), _MOST)) or [Section([data])]


def _sections(data: Span) -> Iterator[Section]:
    start = mp3.tag_end(data, 0)
    word = data[start:start + 4]
    if word in RIFF and data[start + 8:start + 12] == b"WAVE":
        yield from wav_sections(data, start)
    elif word == b"fLaC":
        starts = _starts(data, start, (_FLAC, _FLAC_LAST)) or [start]
        yield from map(_flac, _split(data, starts))
    elif word == OGG:
        yield from ogg_sections(data, start)
    elif word in READERS:
        yield from container_sections(data, start)
    elif data[start + 4:start + 8] == _MP4:
        yield Section([data], remark=_joined_mp4(data, start))
    elif word in _OTHERS:
        yield Section([data])
    else:
        yield from map(_mp3, mp3.find_streams(data, start))


def _joined_mp4(data: Span, start: int) -> str:
    """Say that another MP4 file follows, which no decoder looks for; empty where none does."""
    position = start
    while position + 8 <= len(data):
        size = int.from_bytes(data[position:position + 4], "big")
        if position > start and data[position + 4:position + 8] == _MP4:
            return f"another file begins at byte {position}: it is left out"
        if size == 1:
            size = int.from_bytes(data[position + 8:position + 16], "big")
        if size < 8:  # 0: up to the end
            return ""
        position += size
    return ""


def _mp3(stream: mp3.Stream) -> Section:
    return Section(mp3.clean(stream), stream.gaps, mp3.promised(stream), mp3.claimed_size(stream),
                   mp3.uncounted_frames(stream))


def _flac(data: Span) -> Section:
    """One stream, to the end of its last frame, whatever its header says."""
    told, there = flac.promised(data), flac.length(data)
    if there is None:
        return Section([data])
    if not told or told >= there:
        return Section([data], frames=there, announced=told if told > there else None)
    return Section(flac.uncounted(data), frames=there)


def _split(data: Span, starts: list[int]) -> Iterator[Span]:
    for start, end in pairwise([*starts, len(data)]):
        yield data.span(start, end)


def _starts(data: Span, start: int, words: tuple[bytes, ...]) -> list[int]:
    """Places at which one of the words is."""
    return sorted({place for word in words for place in find_all(data, word, start)})
