"""Names of results: from a template, never outside its folder, and never those of another source."""

from __future__ import annotations

import os
import string
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rtsep import __version__
from rtsep.audio.encodings import Encoding
from rtsep.audio.files import STDIN
from rtsep.audio.outputs import check_outputs, check_place, is_being_written, numbered
from rtsep.dsp.mask import REST
from rtsep.errors import AudioFileError, ConfigError
from rtsep.files.marks import Mark, check_same, read_mark

TEMPLATE = "{track}/{stem}.{ext}"
FIELDS = ("track", "stem", "ext", "model")
PICTURE = "spectrograms"  # in the place of a stem
_LONGEST = 200  # bytes of a track's name


@dataclass(frozen=True)
class Plan:
    """Where the results of one source go.

    Attributes
    ----------
    source
        The file that is separated.
    track
        Name of the track, numbered where another one has it.
    paths
        By stem.
    picture
        Of the spectrograms, named like a stem.
    marks
        By stem; they go into the tags.
    finished
        Whether all of them are there already, made in the same way.
    ours
        Whether some of them are.
    """

    source: Path
    track: str
    paths: dict[str, Path]
    picture: Path
    marks: dict[str, Mark]
    finished: bool = False
    ours: bool = False

    def tags(self, stem: str) -> dict[str, str]:
        """Tags of a result."""
        return {"comment": str(self.marks[stem]), "software": f"rtsep {__version__}", "date": time.strftime("%Y-%m-%d")}


@dataclass(frozen=True)
class Naming:
    """How results are named.

    Parameters
    ----------
    folder
        All names are in it.
    template
        With the fields of `FIELDS` in braces, for example `{track}/{stem}.{ext}`.
    model
        Name of the model.
    stems
        Names of the stems.
    encoding
        Gives the suffix.
    settings
        What else made the results, in words; part of their marks.
    overwrite
        Whether results that are there are replaced.
    without
        Stems that `rest` is without.

    Raises
    ------
    ConfigError
        When the template has unknown fields, or names no file of its own for every stem.
    """

    folder: Path
    template: str
    model: str
    stems: Sequence[str]
    encoding: Encoding
    settings: str = ""
    overwrite: bool = False
    without: Sequence[str] = ()

    def __post_init__(self) -> None:
        try:
            parts = list(string.Formatter().parse(self.template))
        except ValueError as error:
            raise ConfigError(f"the file name {self.template!r} cannot be read: {error}") from None
        if any(form or conversion for _, _, form, conversion in parts):  # a width may take all memory
            raise ConfigError(f"the file name {self.template!r} has a field with a format: write its name alone, "
                              f"as in {TEMPLATE}")
        fields = {name for _, name, _, _ in parts if name is not None}
        unknown = sorted(fields - set(FIELDS))
        if unknown:
            known = ", ".join(f"{{{field}}}" for field in FIELDS)
            raise ConfigError(f"the file name {self.template!r} has a field {{{unknown[0]}}}: use {known}")
        if len(self.stems) > 1 and "stem" not in fields:
            raise ConfigError(f"the file name {self.template!r} would name all stems alike: put {{stem}} into it")
        self.paths("track")

    def paths(self, track: str) -> dict[str, Path]:
        """Names of one track's stems.

        Raises
        ------
        ConfigError
            When one lies outside the folder.
        """
        return {stem: self._path(track, stem, self.encoding.format) for stem in self.stems}

    def picture(self, track: str, ours: bool) -> Path:
        """Name of one track's picture; numbered where the name is taken, unless that is replaced, or `ours`."""
        path = self._path(track, PICTURE, "png").with_suffix(".png")
        names = (path.with_stem(name) for name in numbered(path.stem))
        return next(name for name in names if ours or self.overwrite or not os.path.lexists(name))

    def _path(self, track: str, stem: str, ext: str) -> Path:
        path = Path(self.template.format(track=track, stem=_safe(stem), ext=ext, model=_safe(self.model)))
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise ConfigError(f"the file name {self.template!r} leads out of {self.folder}: give one inside it")
        return self.folder / path

    def marks(self, source: Path) -> dict[str, Mark]:
        """Mark of every stem of a source."""
        rest = f", without {', '.join(sorted(self.without))}"
        made = f"rtsep model {self.model}{self.settings}"
        whole = Mark.of(source, made)
        return {stem: replace(whole, made=made + rest) if stem == REST else whole for stem in self.stems}


class Planner:
    """Chooses names for one source after the other.

    A track is named like its file, and numbered where the name belongs to another source, of this run or of an
    earlier one.

    Parameters
    ----------
    naming
        The rule.
    sources
        All files of the run: none of them becomes a result.
    """

    def __init__(self, naming: Naming, sources: Sequence[Path]) -> None:
        self._naming = naming
        self._sources = sources
        self._taken: set[str] = set()

    def plan(self, source: Path) -> Plan:
        """Plan the results of a source.

        Raises
        ------
        AudioFileError
            When results are there that may not be replaced, or their place takes no files.
        """
        last: dict[str, Path] = {}
        for track in numbered(track_name(source)):
            paths = self._naming.paths(track)
            if paths == last:  # the template has no place for a number
                raise AudioFileError(f"{next(iter(paths.values()))} belongs to another file than {source}: put "
                                     f"{{track}} into the file name, or choose another folder")
            last = paths
            plan = None if self._is_taken(paths) else self._plan_at(source, track, paths)
            if plan is not None:
                for path in () if plan.finished else paths.values():
                    check_place(path)
                self._taken |= {_key(path) for path in paths.values()}
                return plan
        raise AssertionError("numbers have no end")

    def _is_taken(self, paths: dict[str, Path]) -> bool:
        """Whether names belong to this run, as results or sources, or to one that goes on."""
        if any(_key(path) in self._taken or is_being_written(path) for path in paths.values()):
            return True
        try:
            check_outputs(paths.values(), self._sources)
        except AudioFileError:
            return True
        return False

    def _plan_at(self, source: Path, track: str, paths: dict[str, Path]) -> Plan | None:
        """Plan these names; None where they belong to another source."""
        naming, marks = self._naming, self._naming.marks(source)
        there = {stem: path for stem, path in paths.items() if os.path.lexists(path)}
        found = {stem: read_mark(path) for stem, path in there.items()}
        ours = {stem: mark for stem, mark in found.items() if mark and mark.source == marks[stem].source}
        if len(ours) < len(found):
            replaced = naming.overwrite and not any(found.values())
            return Plan(source, track, paths, naming.picture(track, ours=False), marks) if replaced else None
        for stem, mark in ours.items() if not naming.overwrite else ():
            check_same(mark, marks[stem], there[stem], source)
        return Plan(source, track, paths, naming.picture(track, bool(there)), marks,
                    finished=len(there) == len(paths) and not naming.overwrite, ours=bool(there))


def track_name(source: Path) -> str:
    """Name of a source's track: the file's, without its suffix."""
    name = "stdin" if source == STDIN else os.path.splitext(source.name)[0].strip(". ") or "track"
    return os.fsdecode(os.fsencode(name)[:_LONGEST]).rstrip(". ")


def _key(path: Path) -> str:
    """Compare names as file systems do that know no case."""
    return os.path.normpath(path).casefold()


def _safe(word: str) -> str:
    """Take what separates folders out of a word."""
    return word.replace("/", "_").replace("\\", "_").replace("\0", "_")
