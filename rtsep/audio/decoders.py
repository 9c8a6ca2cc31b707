"""Decoders of stored sound: one interface for libsndfile and ffmpeg, every stream of a file to its last frame."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import soundfile

from rtsep.audio import ffmpeg, flac
from rtsep.audio.section import Section
from rtsep.audio.sections import find_sections
from rtsep.audio.sndfile import open_pieces
from rtsep.audio.stored import Span
from rtsep.errors import AudioFileError
from rtsep.types import Audio

_GUESSED_S = 0.1  # by which lengths differ that decoders and encoders count in their own ways
_UNKNOWN = 2**63 - 1  # frames that libsndfile reports when a stream does not say how long it is


class Sound(Protocol):
    """A source of decoded frames.

    Attributes
    ----------
    samplerate, channels
        Of all blocks.
    frames
        Length that the file announces; None where it announces none.
    notes
        Sentences about what is missing, as far as it was read.
    """

    samplerate: int
    channels: int
    frames: int | None
    notes: list[str]

    def read(self, frames: int) -> Audio:
        """Decode the next block, float32 (up to `frames`, channels); no frames at the end."""

    def close(self) -> None:
        """Release the file."""


def open_sound(path: Path, file: BinaryIO) -> Sound:
    """Choose the decoder of a file.

    Raises
    ------
    AudioFileError
        When none knows it.
    """
    data = Span(file, 0, file.seek(0, 2))
    if not len(data):
        raise AudioFileError(f"{path} is empty: it has 0 bytes")
    sections = find_sections(data)
    try:
        return StoredSound(sections)
    except (soundfile.LibsndfileError, TypeError, ValueError):  # TypeError: headerless .raw files ask for parameters
        found = ffmpeg.probe(path) if path.is_file() else None
    if found is not None:
        return ffmpeg.FfmpegSound(path, *found, sections[-1].cut, sections[-1].remark)
    hint = "" if ffmpeg.installed() else "; m4a, wma and video are read where ffmpeg is installed"
    raise AudioFileError(f"{path} is damaged or in a format that rtsep does not read: give wav, flac, mp3, ogg or "
                         f"aiff{hint}")


class StoredSound:
    """Streams that libsndfile decodes, one after the other.

    Parameters
    ----------
    sections
        At least one.

    Raises
    ------
    soundfile.LibsndfileError
        When libsndfile does not know the first of them.
    """

    def __init__(self, sections: list[Section]) -> None:
        self.notes: list[str] = []
        self._sections = sections
        self._index = 0
        self._file = open_pieces(sections[0].pieces, sections[0].claimed)
        self.samplerate = int(self._file.samplerate)
        others = [_info(section) for section in sections[1:]]
        widths = [int(self._file.channels), *(channels for channels, _ in others)]
        self.channels = next((channels for channels in widths if channels > 1), 1)
        lengths = [sections[0].frames or int(self._file.frames), *(frames for _, frames in others)]
        self.frames = None if _UNKNOWN in lengths else sum(lengths)
        self._position = 0  # frames of this section
        self._before = 0  # frames of the sections before
        self._ended = False
        self._silence = 0  # frames that stand for damaged ones
        self._resumed = False  # within this section, behind a damaged place

    def read(self, frames: int) -> Audio:
        """Decode the next block, float32 (up to `frames`, channels); no frames at the end."""
        while not self._ended:
            block = self._next(frames)
            self._position += len(block)
            if len(block):
                return self._widened(block)
            self._finish()
            self._ended = not self._open_next()
        return np.zeros((0, self.channels), np.float32)

    def close(self) -> None:
        """Close the decoder."""
        self._file.close()

    def _next(self, frames: int) -> Audio:
        if self._silence:
            count = min(frames, self._silence)
            self._silence -= count
            return np.zeros((count, int(self._file.channels)), np.float32)
        try:
            count = min(frames, self._to_frame_end(), self._to_end())
            block: Audio = self._file.read(count, dtype="float32", always_2d=True)
            return block
        except soundfile.LibsndfileError:
            return self._skip(frames)

    def _to_frame_end(self) -> int:
        """Frames of sound until the next frame of FLAC: a reading that fails takes no more than a damaged one."""
        piece = self._sections[self._index].pieces[-1:]
        if not self._is_flac or not piece:
            return _UNKNOWN
        size = max(16, int.from_bytes(piece[0][10:12], "big"))
        return size - self._position % size

    def _to_end(self) -> int:
        """Frames of sound until the end of a stream behind which the decoder would stumble over something else."""
        section = self._sections[self._index]
        end = section.frames if section.frames is not None else int(self._file.frames)
        return max(0, end - self._position) if self._resumed or self._is_flac else _UNKNOWN

    @property
    def _is_flac(self) -> bool:
        return str(self._file.format) == "FLAC"

    def _skip(self, frames: int) -> Audio:
        """Go on behind a damaged place, with silence for what was there; an end where nothing follows."""
        piece = self._sections[self._index].pieces[-1]
        where = _clock(self._before + self._position, self.samplerate)
        position = self._resume(piece) if self._is_flac and isinstance(piece, Span) else None
        if position is None:
            self.notes.append(f"the sound is damaged from {where} on, and the rest is missing")
            self._sections[self._index] = Section([])
            return np.zeros((0, int(self._file.channels)), np.float32)
        self._silence = position - self._position
        self.notes.append(f"{self._silence / self.samplerate:.2f} s are damaged at {where}, and silent")
        return self._next(frames)

    def _resume(self, piece: Span) -> int | None:
        """Open FLAC anew from its next whole frame; return its first frame of sound, None where none can be read."""
        found = flac.resume(piece, self._position + 1)
        while found is not None:
            place, position = found
            try:
                file = open_pieces([piece[:flac.metadata_end(piece)], piece.span(place, len(piece))])
            except soundfile.LibsndfileError:
                found = flac.resume(piece, position + 1)
                continue
            self._file.close()
            self._file, self._resumed = file, True
            return position
        return None

    def _finish(self) -> None:
        """Note what a section lacks."""
        section = self._sections[self._index]
        for frames, count in section.gaps[:1]:
            more = f", and at {len(section.gaps) - 1} places more" if len(section.gaps) > 1 else ""
            where = _clock(self._before + frames, self.samplerate)
            self.notes.append(f"{count} damaged bytes at {where}{more} are left out")
        if not section.pieces:
            return
        where = _clock(self._before + self._position, self.samplerate)
        missing = (self._announced(section) - self._position) / self.samplerate
        if missing > (0.0 if section.announced else _GUESSED_S):
            how = f"{missing:.1f} s" if missing >= _GUESSED_S else f"{1000.0 * missing:.2g} ms"
            self.notes.append(f"the file is cut short: it ends at {where}, {how} earlier than its header says")
        elif section.remark:
            self.notes.append(section.remark)
        elif section.cut:
            self.notes.append(f"the file is cut short at {where}: {section.cut}")

    def _announced(self, section: Section) -> int:
        """Frames that a stream should have; 0 where that is not known."""
        if section.announced is not None or section.resumed:
            return section.announced or 0
        if section.gaps:  # they are told already
            return 0
        return section.frames or (0 if self._file.frames == _UNKNOWN else int(self._file.frames))

    def _open_next(self) -> bool:
        """Go over to the next stream of the same kind."""
        self._before += self._position
        self._position, self._resumed = 0, False
        self._index += 1
        if self._index == len(self._sections):
            return False
        self._file.close()
        try:
            self._file = open_pieces(self._sections[self._index].pieces, self._sections[self._index].claimed)
        except soundfile.LibsndfileError:
            return self._leave_out("cannot be decoded")
        if self._file.samplerate != self.samplerate:
            return self._leave_out(f"has {self._file.samplerate} Hz instead of {self.samplerate}")
        if self._file.channels not in (1, self.channels):
            return self._leave_out(f"has {self._file.channels} channels instead of {self.channels}")
        return True

    def _leave_out(self, why: str) -> bool:
        self.notes.append(f"a part that follows at {_clock(self._before, self.samplerate)} {why}: it is left out")
        return self._open_next()

    def _widened(self, block: Audio) -> Audio:
        """Give a mono stream the channels of the widest one."""
        return block if block.shape[1] == self.channels else np.repeat(block, self.channels, axis=1)


def _info(section: Section) -> tuple[int, int]:
    """Channels and frames that a stream announces; none where it cannot be opened."""
    try:
        with open_pieces(section.pieces, section.claimed) as file:
            return int(file.channels), section.frames or int(file.frames)
    except soundfile.LibsndfileError:
        return 0, 0


def _clock(frames: int, samplerate: int) -> str:
    """Place in a sound as minutes and seconds."""
    seconds = frames / samplerate
    return f"{int(seconds) // 60}:{seconds % 60:05.2f}"


