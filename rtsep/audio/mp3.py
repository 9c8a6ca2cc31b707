"""Frames of MPEG audio layer III, found one by one: what a header announces does not count.

The decoder of libsndfile guesses the length of a file that has no table of contents, gives up where bytes are
damaged, and stops where the channels change. It gets clean frames of one kind, behind a first frame that says how
many there are. Layout of the headers: ISO/IEC 11172-3, section 2.4.2.3; of the first frame: G. Bouvigne, LAME Tag,
revision 1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from rtsep.audio.stored import Bytes, Span

_KBPS = {1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
         2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_XING = (b"Xing", b"Info")
_VBRI = (36, b"VBRI")
_SAME = 3  # frames in a row of one kind make a stream
_SEARCHED = 1 << 20  # bytes of something else in front of the first frame


@dataclass(frozen=True)
class Header:
    """First four bytes of a frame: `length` in bytes, `frames` of sound in it, `side` bytes of side information."""

    samplerate: int
    channels: int
    length: int
    frames: int
    side: int

    @property
    def kind(self) -> tuple[int, int]:
        """What frames of one stream share."""
        return self.samplerate, self.channels


@dataclass
class Stream:
    """Frames of one kind.

    Attributes
    ----------
    pieces
        Where they are, without what is damaged between them.
    count
        Of frames.
    longest
        Bytes of the longest frame.
    gaps
        Where bytes were left out: frames of sound before, bytes.
    """

    first: Header
    pieces: list[Span] = field(default_factory=list)
    count: int = 0
    longest: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)


def read_header(data: Bytes, position: int) -> Header | None:
    """Header of the frame that begins here; None where none of layer III does."""
    if position + 4 > len(data):
        return None
    word = int.from_bytes(data[position:position + 4], "big")
    version, layer, kbps, rate = word >> 19 & 3, word >> 17 & 3, word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version == 1 or layer != 1 or kbps in (0, 15) or rate == 3 or word & 3 == 2:
        return None
    samplerate = _RATES[version][rate]
    channels = 1 if word >> 6 & 3 == 3 else 2
    frames = 1152 if version == 3 else 576
    length = frames // 8 * _KBPS[1 if version == 3 else 2][kbps] * 1000 // samplerate + (word >> 9 & 1)
    side = (17, 32)[channels - 1] if version == 3 else (9, 17)[channels - 1]
    return Header(samplerate, channels, length, frames, side)


def find_streams(data: Span, start: int = 0) -> list[Stream]:
    """Find the frames of a file.

    Parameters
    ----------
    data
        The whole file.
    start
        Where tags in front of the sound end.

    Returns
    -------
    streams
        Runs of frames of one kind, in their order; none where this is no file of layer III.
    """
    streams: list[Stream] = []
    position = _next_frame(data, start, min(len(data), start + _SEARCHED))
    gap = 0
    while position is not None:
        header = read_header(data, position)
        assert header is not None
        if not streams or streams[-1].first.kind != header.kind:
            streams.append(Stream(header))
        elif gap:
            streams[-1].gaps.append((streams[-1].count * header.frames, gap))
        end = _run(data, position, streams[-1])
        after = tag_end(data, end)
        position = _next_frame(data, after, len(data))
        gap = 0 if position is None else position - after
    return streams


def clean(stream: Stream) -> list[Bytes]:
    """Pieces of a stream; where its first frame says how many follow, it says the truth."""
    first = stream.pieces[0]
    frame = bytearray(first[:stream.first.length])
    others = [first.span(len(frame), len(first)), *stream.pieces[1:]]
    place = 4 + stream.first.side
    if _counts(frame, place):  # the delays of the encoder are in it too
        frame[place + 8:place + 12] = struct.pack(">I", stream.count - 1)
        if frame[place + 7] & 2:
            frame[place + 12:place + 16] = struct.pack(">I", min(sum(map(len, stream.pieces)), 2**32 - 1))
        return [bytes(frame), *others]
    silent = bytes(frame[place:place + 4]) in _XING or bytes(frame[_VBRI[0]:_VBRI[0] + 4]) == _VBRI[1]
    return list(others if silent else stream.pieces)


def claimed_size(stream: Stream) -> int:
    """Size in bytes from which a decoder cannot guess too short a length: it takes all frames for as long as one.

    0 where it need not guess.
    """
    if uncounted_frames(stream) is None:
        return 0
    return (stream.count + 2) * (stream.longest + 2)


def uncounted_frames(stream: Stream) -> int | None:
    """Length in frames where no first frame tells the decoder; None where one does."""
    frame = stream.pieces[0][:stream.first.length]
    place = 4 + stream.first.side
    if _counts(frame, place):
        return None
    return (stream.count - (frame[place:place + 4] in _XING)) * stream.first.frames


def promised(stream: Stream) -> int | None:
    """Length in frames that the first frame announces, where it is more than there is and was lost."""
    frame = stream.pieces[0][:stream.first.length]
    place = 4 + stream.first.side
    announced = int.from_bytes(frame[place + 8:place + 12], "big") if _counts(frame, place) else 0
    lost = sum(count for _, count in stream.gaps) * stream.count // max(1, sum(map(len, stream.pieces)))
    return announced * stream.first.frames if announced - lost - len(stream.gaps) >= stream.count else None


def _counts(frame: bytes | bytearray, place: int) -> bool:
    """Whether a frame is one without sound that says how many frames follow."""
    return bytes(frame[place:place + 4]) in _XING and bool(frame[place + 7] & 1)


def _run(data: Span, start: int, stream: Stream) -> int:
    """Take frames of the stream's kind as long as they follow each other; return the end of the last."""
    position = start
    while (header := read_header(data, position)) is not None and header.kind == stream.first.kind:
        if position + header.length > len(data):
            break  # cut within the last frame
        position += header.length
        stream.count += 1
        stream.longest = max(stream.longest, header.length)
    if position > start:
        stream.pieces.append(data.span(start, position))
    return position


def _next_frame(data: Span, start: int, end: int) -> int | None:
    """Find the next place from which frames of one kind follow each other; the last ones of a file may be fewer."""
    for position in _syncs(data, start, end):
        header = read_header(data, position)
        if header is not None and _followed(data, position, header):
            return position
    return None


def _syncs(data: Span, start: int, end: int) -> Iterator[int]:
    """Yield places where a frame may begin."""
    block = 1 << 16
    for first in range(start, end, block):
        piece = data[first:min(first + block, end)]
        index = piece.find(b"\xff")
        while index >= 0:
            yield first + index
            index = piece.find(b"\xff", index + 1)


def _followed(data: Span, position: int, header: Header) -> bool:
    for _ in range(_SAME - 1):
        position += header.length
        if position == len(data) or tag_end(data, position) > position:
            return True
        found = read_header(data, position)
        if found is None or found.samplerate != header.samplerate:
            return False
        header = found
    return position + header.length <= len(data)


def tag_end(data: Span, position: int) -> int:
    """Where the tags that begin here end: ID3 of both versions, and APE."""
    while True:
        word = data[position:position + 10]
        if word[:3] == b"ID3" and len(word) == 10:
            size = word[6] << 21 | word[7] << 14 | word[8] << 7 | word[9]
            end = position + 10 + size + (10 if word[5] & 16 else 0)
            position = end if end <= len(data) else position + 10  # sound may follow a tag that lies about its size
        elif word[:3] == b"TAG" and position + 128 >= len(data):
            position += 128
        elif word[:8] == b"APETAGEX":
            size = int.from_bytes(data[position + 12:position + 16], "little")
            header = int.from_bytes(data[position + 20:position + 24], "little") >> 29 & 1
            position += size + (32 if header else 0)
        else:
            return min(position, len(data))
