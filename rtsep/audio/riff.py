"""WAV files, one or several that follow each other, of either byte order; sizes in their headers are mended.

Layout: IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0; of the extension for long
files, RF64 and BW64: EBU Tech 3306 and ITU-R BS.2088.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from rtsep.audio.mp3 import tag_end
from rtsep.audio.section import Section
from rtsep.audio.stored import Span

WORDS = (b"RIFF", b"RIFX", b"RF64", b"BW64")
_LONG = (b"RF64", b"BW64")
_CHUNKS = (b"data", b"fmt ", b"fact", b"LIST", b"bext", b"cue ", b"smpl", b"id3 ", b"JUNK")
_UNKNOWN_SIZES = range(2**31 - 2**16, 2**32)  # of WAV data: written by programs that cannot go back to the header
_LINEAR = (1, 3, 0xFFFE)  # sample formats of which every frame has the same bytes
_BEHIND = "{} bytes follow the end that the header tells: they are taken as sound"
_MORE = "another chunk of sound ({} bytes) follows the first, at byte {}: it is left out"
_PACKED = (2, 0x11, 0x31)  # sample formats whose blocks tell how many frames they hold: ADPCM and GSM
MID_FRAME = "its last frame of sound is incomplete"


@dataclass(frozen=True)
class _File:
    """One file in the data: where it and its sound begin, bytes and frames of a block, whether samples are linear."""

    data: Span
    start: int
    sound: int
    frame: int
    linear: bool
    packed: int = 1

    @property
    def order(self) -> Literal["little", "big"]:
        return _order(self.data, self.start)

    @property
    def told(self) -> int:
        """Size of the sound in its header."""
        return int.from_bytes(self.data[self.sound - 4:self.sound], self.order)


def wav_sections(data: Span, start: int) -> Iterator[Section]:
    """Yield files that follow each other."""
    position: int | None = start
    while position is not None:
        file = _find_file(data, position)
        if file is None:
            yield Section([data.span(position, len(data))])
            return
        section, position = _long(file) if data[position:position + 4] in _LONG else _short(file)
        yield section


def _find_file(data: Span, start: int) -> _File | None:
    place, form = _chunk(data, start, b"data"), _chunk(data, start, b"fmt ")
    if place is None:
        return None
    order = _order(data, start)
    frame = 1 if form is None else int.from_bytes(data[form + 20:form + 22], order)
    kind = 0 if form is None else int.from_bytes(data[form + 8:form + 10], order)
    packed = int.from_bytes(data[form + 26:form + 28], order) if form is not None and kind in _PACKED else 1
    return _File(data, start, place + 8, max(1, frame), kind in _LINEAR, max(1, packed))


def _short(file: _File) -> tuple[Section, int | None]:
    """Mend the size of the sound in the header; return the file, and where the next one begins."""
    data, size, sound = file.data, file.told, file.sound
    end = min(len(data), sound + size + size % 2)
    following = _following_file(data, end, file.order)
    if following is not None:
        return _section(file, min(size, following - sound), following), following
    told = size and size not in _UNKNOWN_SIZES
    if told and (sound + size >= len(data) or _ends_here(data, end, file.order)):
        there = min(size, len(data) - sound)
        more = _more_sound(data, end, file.order)  # which libsndfile would take in place of the first
        section = _section(file, there, end if more else len(data),
                           size // file.frame * file.packed if there < size else None)
        return replace(section, remark=more), None
    there = len(data) - sound
    section = _section(file, there, len(data))
    return replace(section, cut="", remark=_BEHIND.format(there - size)) if told else section, None


def _more_sound(data: Span, position: int, order: Literal["little", "big"]) -> str:
    """Say that a second chunk of sound follows; empty where none does."""
    while position + 8 <= len(data) and _is_chunk(data, position, order):
        size, after = _next_chunk(data, position, order)
        if data[position:position + 4] == b"data" and size:
            return _MORE.format(size, position)
        position = after
    return ""


def _section(file: _File, there: int, end: int, announced: int | None = None) -> Section:
    """Return one file with `there` bytes of sound."""
    data, start, sound = file.data, file.start, file.sound
    broken = MID_FRAME if announced is None and file.linear and there > file.frame and there % file.frame else ""
    if there == file.told and not start and end == len(data) and _is_plain(file):
        return Section([data], cut=broken)
    size = min(end - start - 8, 2**32 - 1).to_bytes(4, file.order)
    header = data[start:start + 4] + size + _header(file) + min(there, 2**32 - 1).to_bytes(4, file.order)
    return Section([header, data.span(sound, end)], announced=announced, cut=broken)


def _is_plain(file: _File) -> bool:
    """Whether all chunks in front of the sound begin where the one before ends, as libsndfile expects."""
    return len(_header(file)) == file.sound - 4 - file.start - 8


def _header(file: _File) -> bytes:
    """Return what stands between the file's size and that of its sound; chunks of odd size get the byte they lack."""
    data, position, found = file.data, file.start + 12, file.data[file.start + 8:file.start + 12]
    while position < file.sound - 8:
        size, after = _next_chunk(data, position, file.order)
        found += data[position:position + 8 + size] + bytes(size % 2)
        position = after
    return found + data[file.sound - 8:file.sound - 4]


def _long(file: _File) -> tuple[Section, int | None]:
    """Mend the sizes of a file of the extension for long ones."""
    data, start, sound = file.data, file.start, file.sound
    promised = int.from_bytes(data[start + 28:start + 36], "little")
    there = len(data) - sound
    size = promised if 0 < promised <= there else there
    following = _following_file(data, min(len(data), sound + size + size % 2), file.order)
    end = len(data) if following is None else following
    header = (b"RF64" + data[start + 4:start + 20] + (end - start - 8).to_bytes(8, "little")
              + size.to_bytes(8, "little") + (size // file.frame).to_bytes(8, "little") + data[start + 44:sound])
    cut = there < promised < 2**62
    return Section([header, data.span(sound, end)], announced=promised // file.frame if cut else None), following


def _order(data: Span, start: int) -> Literal["little", "big"]:
    return "big" if data[start:start + 4] == b"RIFX" else "little"


def _chunk(data: Span, start: int, name: bytes) -> int | None:
    """Find a chunk of a WAV file."""
    position, order = start + 12, _order(data, start)
    while position + 8 <= len(data):
        if data[position:position + 4] == name:
            return position
        position = _next_chunk(data, position, order)[1]
    return None


def _next_chunk(data: Span, position: int, order: Literal["little", "big"]) -> tuple[int, int]:
    """Return the size of a chunk, and where the next begins: some writers leave out the byte behind an odd one."""
    size = int.from_bytes(data[position + 4:position + 8], order)
    end = position + 8 + size
    return size, end if data[end:end + 4] in _CHUNKS else end + size % 2


def _following_file(data: Span, position: int, order: Literal["little", "big"]) -> int | None:
    """Where another WAV file begins, behind the last chunks of this one."""
    while position + 12 <= len(data):
        if data[position:position + 4] in WORDS and data[position + 8:position + 12] == b"WAVE":
            return position
        if not _is_chunk(data, position, order):
            return None
        position = _next_chunk(data, position, order)[1]
    return None


def _ends_here(data: Span, position: int, order: Literal["little", "big"]) -> bool:
    """Whether no sound follows: a chunk begins here, or tags that other programs add, or nothing follows."""
    return _is_chunk(data, position, order) or tag_end(data, position) == len(data)


def _is_chunk(data: Span, position: int, order: Literal["little", "big"]) -> bool:
    """Whether a chunk of a WAV file begins here, or nothing follows."""
    word = data[position:position + 8]
    if len(word) < 8:
        return True
    return _is_name(word[:4]) and position + 8 + int.from_bytes(word[4:], order) <= len(data) + 1


def _is_name(word: bytes) -> bool:
    return len(word) == 4 and all(32 <= byte < 127 for byte in word)
