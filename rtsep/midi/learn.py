"""Learn: a knob that is moved becomes the source of a target, in the user's mapping file.

The file is edited as text, at the places where PyYAML's parser found the nodes: every other byte stays as it was,
comments and layout too, which no YAML writer promises.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from rtsep.controls.strict_yaml import read_text
from rtsep.controls.table import Kind
from rtsep.controls.targets import Target
from rtsep.controls.yaml_loader import StrictLoader
from rtsep.errors import ConfigError
from rtsep.midi.mapping import NONE, Binding, parse_mapping
from rtsep.midi.messages import ControlChange, Message, Note, PitchBend, ProgramChange
from rtsep.midi.sources import HIGHEST_14_BIT, Source

NEVER_LEARNED = frozenset({0, 6, 32, 38, *range(96, 102), *range(120, 128)})
"""Controllers with a meaning of their own: bank, data entry, parameter numbers, channel modes."""

_MOVED = 8  # steps of 7 bit that a knob moves before it counts: a worn one trembles by itself
_MOVED_BEND = 1024


class Learner:
    """Finds what is moved.

    Parameters
    ----------
    target
        What the source is for: it has to fit.
    """

    def __init__(self, target: Target) -> None:
        self._kind = target.kind
        self._named = target
        self._heard: dict[tuple[int, int], set[int]] = defaultdict(set)  # values by channel and controller
        self._bends: dict[int, set[int]] = defaultdict(set)
        self._found: Source | None = None

    def hear(self, message: Message) -> None:
        """Take a message; the first thing that has moved far enough is found."""
        if isinstance(message, ControlChange):
            self._heard[message.channel, message.number].add(message.value)
        if self._found is None and (source := self._source(message)) is not None and _fits(source, self._kind):
            self._found = source

    @property
    def source(self) -> Source | None:
        """What was found: a 14 bit controller where both of its halves were heard, or None yet.

        Ask again a moment after the first answer: the other half may follow.
        """
        found = self._found
        if found is None or found.kind != "cc" or found.number is None or found.channel is None:
            return found
        upper = found.number % 32
        halves = {(found.channel, upper), (found.channel, upper + 32)}
        both = found.number <= 2 * HIGHEST_14_BIT + 1 and halves <= self._heard.keys()
        wide = Source("cc14", upper, found.channel)
        return wide if both and upper not in NEVER_LEARNED and _fits(wide, self._kind) else found

    def _source(self, message: Message) -> Source | None:
        channel = message.channel
        match message:
            case ControlChange(number=number):
                moved = _spread(self._heard[channel, number]) >= _MOVED and number not in NEVER_LEARNED
                return Source("cc", number, channel) if moved else None
            case Note(number=number, velocity=velocity):
                return Source("note", number, channel) if velocity else None
            case ProgramChange(number=number):
                return Source("program", None if self._kind is Kind.CHOICE else number, channel)
            case PitchBend(value=value):
                self._bends[channel].add(value)
                return Source("bend", None, channel) if _spread(self._bends[channel]) >= _MOVED_BEND else None


def _spread(values: set[int]) -> int:
    return max(values) - min(values)


def _fits(source: Source, kind: Kind) -> bool:
    try:
        source.check(kind)
    except ConfigError:
        return False
    return True


def bind(path: Path, template: Path, target: Target, source: Source) -> list[str]:
    """Write a source into a mapping file.

    The first binding of the target gets the source, or a new binding is added at the end; other bindings of the same
    source lose theirs.

    Parameters
    ----------
    path
        The user's mapping; made from `template` where there is none.

    Returns
    -------
    losers
        Targets that have lost the source.

    Raises
    ------
    ConfigError
        When the file cannot be read, understood or written.
    """
    text = read_text(path if path.exists() else template)
    before = parse_mapping(text, path.name)
    _write(path, rebound(text, path.name, target, source))
    return [str(binding.target) for binding in before if _loses(binding, source) and binding.target != target]


def rebound(text: str, name: str, target: Target, source: Source) -> str:
    """Edit the text of a mapping so that a source moves a target; `name` is what errors call it.

    Raises
    ------
    ConfigError
        When the text cannot be edited so that it says just this.
    """
    before = parse_mapping(text, name)
    nodes = _source_nodes(text)
    end = "\r\n" if "\r\n" in text else "\n"
    index = next((index for index, binding in enumerate(before) if binding.target == target), None)
    edits = [(nodes[other], NONE) for other, binding in enumerate(before) if _loses(binding, source) and other != index]
    if index is not None:
        edits.append((nodes[index], str(source)))
    edited = text
    for node, scalar in sorted(edits, key=lambda edit: -edit[0].start_mark.index):
        edited = edited[:node.start_mark.index] + scalar + edited[node.end_mark.index:]
    if index is None:
        edited = _appended(edited, f"{{source: {source}, target: {target}}}", end)
    if not _says_just_this(before, edited, index, target, source):
        raise ConfigError(f"{name} is written in a way that learning cannot edit; write it by hand: "
                          f"- {{source: {source}, target: {target}}}")
    return edited


def _loses(binding: Binding, source: Source) -> bool:
    return binding.source is not None and binding.source.overlaps(source)


def _root(text: str) -> dict[str, yaml.Node]:
    root = yaml.compose(text, StrictLoader)
    return {key.value: value for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}


def _source_nodes(text: str) -> list[yaml.Node]:
    """Return the nodes of all sources, in the order of the bindings."""
    rows = _root(text).get("bindings")
    return [next(value for key, value in row.value if key.value == "source") for row in (rows.value if rows else ())]


def _appended(text: str, binding: str, line_end: str) -> str:
    """Add a binding at the end of the list of bindings, in the list's own layout."""
    rows = _root(text).get("bindings")
    if rows is None:
        gap = "" if text.endswith("\n") or not text else line_end
        return f"{text}{gap}bindings:{line_end}  - {binding}{line_end}"
    if not rows.value:  # nothing, or [] in one line
        return f"{text[:rows.start_mark.index].rstrip()}{line_end}  - {binding}{text[rows.end_mark.index:]}"
    end = _end(rows.value[-1])
    if isinstance(rows, yaml.SequenceNode) and rows.flow_style:
        return f"{text[:end]}, {binding}{text[end:]}"
    stop = text.find(line_end, end)  # keep a comment that stands behind it
    stop = len(text) if stop < 0 else stop
    return f"{text[:stop]}{line_end}{' ' * rows.start_mark.column}- {binding}{text[stop:]}"


def _end(node: yaml.Node) -> int:
    """Index behind the last letter of a node; a block's own mark is where the next thing begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _says_just_this(before: Sequence[Binding], edited: str, index: int | None, target: Target, source: Source) -> bool:
    """Whether an edit has changed what it should, and nothing else."""
    expected = [replace(binding, source=None) if _loses(binding, source) else binding for binding in before]
    try:
        after = list(parse_mapping(edited, ""))
    except ConfigError:
        return False
    if index is not None:
        expected[index] = replace(before[index], source=source)
        return after == expected
    return after[:-1] == expected and (after[-1].source, after[-1].target) == (source, target)


def _write(path: Path, text: str) -> None:
    """Replace a file, whole or not at all; what a link points to, with the mode that it has."""
    try:
        path = path.resolve()
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(text.encode("utf-8"))
        if path.exists():
            shutil.copymode(path, draft)
        os.replace(draft, path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
