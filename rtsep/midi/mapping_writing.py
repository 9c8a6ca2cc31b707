"""Binds a source to a target in the user's mapping file.

The file is edited as text, at the places where PyYAML's parser found the nodes: every other byte stays as it was,
comments and layout too, which no YAML writer promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from rtsep.controls.targets import Target
from rtsep.controls.user_files import read_text, write_text
from rtsep.controls.yaml_loader import StrictLoader
from rtsep.errors import ConfigError
from rtsep.midi.mapping import NONE, Binding, parse_mapping
from rtsep.midi.sources import Source


@dataclass(frozen=True)
class Taken:
    """What a new binding has taken away.

    Parameters
    ----------
    targets
        That the source moved before.
    source
        That moved the target before; None where there was none.
    """

    targets: tuple[Target, ...]
    source: Source | None


def bind(path: Path, template: Path, target: Target, source: Source) -> Taken:
    """Write a source into a mapping file.

    The first binding of the target gets the source, or a new binding is added at the end; other bindings of the same
    source lose theirs.

    Parameters
    ----------
    path
        The user's mapping; made from `template` where there is none.

    Returns
    -------
    taken
        What it has cost.

    Raises
    ------
    ConfigError
        When the file cannot be read, understood or written.
    """
    text = read_text(path if path.exists() else template)
    before = parse_mapping(text, path.name)
    write_text(path, rebound(text, path.name, target, source))
    bound = next((binding.source for binding in before if binding.target == target), None)
    losers = (binding.target for binding in before if _loses(binding, source) and binding.target != target)
    return Taken(tuple(losers), None if bound == source else bound)


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
