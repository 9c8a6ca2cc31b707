"""Pages of Ogg: chained streams, and streams whose pages are damaged or missing. Layout and checksum: RFC 3533."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from rtsep.audio.section import Section
from rtsep.audio.stored import Bytes, Span, find_all

WORD = b"OggS"
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_FIRST, _LAST = 2, 4
NO_END = "its last page is missing"


@dataclass(frozen=True)
class Page:
    """One page: `start` and `end` in bytes, `flags`, and frames of sound until its end, -1 where none ends in it."""

    start: int
    end: int
    flags: int
    granule: int


def ogg_sections(data: Span, start: int) -> Iterator[Section]:
    """Yield the streams of a file, one after the other."""
    found = list(_pages(data, start))
    streams = list(_streams(found))
    for index, stream in enumerate(streams):
        sections = list(_parts(data, stream))
        if index == len(streams) - 1 and not stream[-1].flags & _LAST:
            sections[-1] = replace(sections[-1], cut=NO_END)
        yield from sections
    if not streams:
        yield Section([data.span(start, len(data))])


def _pages(data: Span, position: int) -> Iterator[Page]:
    """Yield all pages that are whole."""
    while position + 27 <= len(data):
        page = _page(data, position) if data[position:position + 4] == WORD else None
        if page is not None:
            yield page
            position = page.end
            continue
        following = next(find_all(data, WORD, position + 1), None)
        if following is None:
            return
        position = following


def _page(data: Span, position: int) -> Page | None:
    """Read a page; None where its checksum says that it is none."""
    segments = data.byte(position + 26)
    table = position + 27
    end = table + segments + sum(data[table:table + segments])
    if end > len(data):
        return None
    page = data[position:end]
    if _checksum(page[:22] + bytes(4) + page[26:]) != int.from_bytes(page[22:26], "little"):
        return None
    return Page(position, end, page[5], int.from_bytes(page[6:14], "little", signed=True))


def _checksum(page: bytes) -> int:
    """CRC-32 without reflection: that of zlib, whose bits go the other way round."""
    value = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(value.to_bytes(4, "little").translate(_REVERSED), "big")


def _streams(pages: Sequence[Page]) -> Iterator[list[Page]]:
    """Divide pages where a stream begins behind sound of another."""
    stream: list[Page] = []
    for page in pages:
        if page.flags & _FIRST and stream and not stream[-1].flags & _FIRST:
            yield stream
            stream = []
        stream.append(page)
    if stream:
        yield stream


def _parts(data: Span, stream: Sequence[Page]) -> Iterator[Section]:
    """Yield what lies between damaged places: libsndfile ends at the first. Each part begins with the headers."""
    headers = list(takewhile(lambda page: page.granule <= 0, stream))
    head = data.span(stream[0].start, headers[-1].end) if headers else data.span(0, 0)
    begin, before = 0, 0
    for index in range(1, len(stream) + 1):
        whole = index < len(stream) and stream[index].start == stream[index - 1].end
        if whole:
            continue
        part = stream[begin:index]
        granule = max([before, *(page.granule for page in part)])
        lost = stream[index].start - part[-1].end if index < len(stream) else 0
        span: Bytes = data.span(part[0].start, part[-1].end)
        yield Section([head, span] if begin else [span], [(granule - (before if begin else 0), lost)] if lost else [],
                      frames=granule - before if begin else None, resumed=bool(begin))
        begin, before = index, granule
