"""Tags and cover of a source, carried over to what was made of it."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mutagen import File, FileType, MutagenError
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, Frames
from mutagen.mp4 import MP4Cover, MP4Tags

_FRAMES = {"title": "TIT2", "artist": "TPE1", "album": "TALB", "albumartist": "TPE2", "composer": "TCOM",
           "date": "TDRC", "genre": "TCON", "tracknumber": "TRCK", "discnumber": "TPOS", "bpm": "TBPM", "isrc": "TSRC",
           "copyright": "TCOP"}
_ATOMS = {"title": "\xa9nam", "artist": "\xa9ART", "album": "\xa9alb", "albumartist": "aART", "composer": "\xa9wrt",
          "date": "\xa9day", "genre": "\xa9gen", "tracknumber": "trkn", "discnumber": "disk", "bpm": "tmpo",
          "copyright": "cprt"}
NAMES = tuple(_FRAMES)
"""Tags that are carried over, as Vorbis comments call them; a comment is left out, which says who made a result."""
_MOST_BYTES = 16 << 20  # of a cover: a FLAC file cannot hold more
_HEADER = 12  # bytes of RIFF and AIFF that hold the size
_FRONT = 3  # type of a picture that is the front cover
_CONTAINERS = {MP4Cover.FORMAT_PNG: "image/png", MP4Cover.FORMAT_JPEG: "image/jpeg"}

logging.getLogger("mutagen").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Tags:
    """What a file says about its music.

    Parameters
    ----------
    words
        Values by name, one of `NAMES`.
    cover
        Picture of the front, if there is one.
    """

    words: dict[str, list[str]] = field(default_factory=dict)
    cover: Picture | None = None

    def __bool__(self) -> bool:
        return bool(self.words or self.cover)


def read_tags(path: Path) -> Tags:
    """Read the tags of a file; none where it has none, or none that can be read."""
    if not path.is_file():  # a pipe was read already, and would be waited for
        return Tags()
    try:
        file = File(path)
        tags = None if file is None else file.tags
        if tags is None:
            return Tags()
        return Tags(_words(tags), _cover(file))
    except Exception:  # mutagen raises what its parsers meet in a damaged file; a song is worth more than its tags
        return Tags()


def write_tags(path: Path, tags: Tags) -> bool:
    """Add tags to a finished file; what it says already stays.

    Returns
    -------
    done
        False where they could not be written, for example on a full disk; the sound is as before then. True also where
        the format takes none.
    """
    try:
        file = File(path)
        if file is None:
            return True
        if file.tags is None:
            file.add_tags()
        _add_words(file.tags, tags.words)
        if tags.cover is not None:
            _add_cover(file, tags.cover)
        with _unchanged_on_failure(path):
            file.save()
    except (MutagenError, OSError, ValueError):
        return False
    return True


@contextmanager
def _unchanged_on_failure(path: Path) -> Iterator[None]:
    """Take back what mutagen does before it fails for lack of room: a larger size in the header, room at the end."""
    with path.open("rb") as file:
        header, size = file.read(_HEADER), os.fstat(file.fileno()).st_size
    try:
        yield
    except BaseException:
        os.truncate(path, size)
        with path.open("r+b") as file:
            file.write(header)
        raise


def _words(tags: Any) -> dict[str, list[str]]:
    """Return the words of tags of any kind by their common names."""
    found = {}
    for name in NAMES:
        if isinstance(tags, ID3):
            values = [str(text) for frame in tags.getall(_FRAMES[name]) for text in frame.text]
        elif isinstance(tags, MP4Tags):
            values = [_plain(value) for value in tags.get(_ATOMS.get(name, ""), [])]
        else:
            values = list(tags.get(name, []))
        if any(value.strip() for value in values):
            found[name] = values
    return found


def _plain(value: object) -> str:
    """Write a value of an MP4 file, where numbers of tracks are pairs."""
    if isinstance(value, tuple):
        number, total = value
        return f"{number}/{total}" if total else str(number)
    return str(value)


def _add_words(tags: Any, words: dict[str, list[str]]) -> None:
    for name, values in words.items():
        if isinstance(tags, ID3):
            tags.setall(_FRAMES[name], [Frames[_FRAMES[name]](encoding=3, text=values)])
        else:
            tags[name] = values


def _cover(file: FileType) -> Picture | None:
    """Return the front cover, else the first picture."""
    pictures = [picture for picture in _pictures(file) if 0 < len(picture.data) <= _MOST_BYTES]
    return next((picture for picture in pictures if picture.type == _FRONT), pictures[0] if pictures else None)


def _pictures(file: Any) -> list[Picture]:
    """Return all pictures of a file in the form that FLAC gives them."""
    tags = file.tags
    if isinstance(file, FLAC):
        return list(file.pictures)
    if isinstance(tags, ID3):
        return [_picture(frame.data, frame.mime, frame.type, frame.desc) for frame in tags.getall("APIC")]
    if isinstance(tags, MP4Tags):
        return [_picture(bytes(cover), _CONTAINERS.get(cover.imageformat, "image/jpeg"))
                for cover in tags.get("covr", [])]
    found = []
    for text in tags.get("metadata_block_picture", []):
        with suppress(Exception):  # no picture after all
            found.append(Picture(base64.b64decode(text)))
    return found


def _picture(data: bytes, mime: str, kind: int = _FRONT, description: str = "") -> Picture:
    picture = Picture()
    picture.data, picture.mime, picture.type, picture.desc = data, mime, int(kind), description
    return picture


def _add_cover(file: Any, cover: Picture) -> None:
    """Add a picture in the way of the file's format."""
    if isinstance(file, FLAC):
        file.add_picture(cover)
    elif isinstance(file.tags, ID3):
        file.tags.add(APIC(encoding=3, mime=cover.mime, type=cover.type, desc=cover.desc, data=cover.data))
    else:
        file.tags["metadata_block_picture"] = [base64.b64encode(cover.write()).decode("ascii")]
