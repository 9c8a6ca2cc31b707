"""Safe YAML without what surprises, for PyYAML."""

from __future__ import annotations

import re
from typing import Any

import yaml

from rtsep.controls.shown import one_form, shown

DEEPEST = 20
"""Lists and mappings inside each other."""


class StrictLoader(yaml.SafeLoader):
    """Safe YAML without what surprises: aliases, keys that come twice, words that are truth values or numbers.

    Only `true` and `false` are truth values: `off` is the bottom of a gain. Numbers are written with ten digits, so
    `10:30`, `0x10` and dates are texts; `1e-3` is a number.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own way to configure a loader

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Read a node; refuse anchors and aliases, which make small files huge, tags, and endless nesting."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(problem=f"anchors and aliases (& and *) are not read: {shown(event.anchor)}",
                                       problem_mark=event.start_mark)
        if getattr(event, "tag", None) is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise yaml.MarkedYAMLError(problem=f"tags are not read: {shown(tag)}; put quotes around a text",
                                       problem_mark=event.start_mark)
        if self._depth >= DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"more than {DEEPEST} levels inside each other",
                                       problem_mark=event.start_mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping; refuse a key that stands there twice, or that is a list or a mapping."""
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a list or a mapping is no key; put quotes around a name with "
                                           "brackets", problem_mark=key.start_mark)
            if one_form(key.value) in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {shown(key.value)} stands here twice",
                                           problem_mark=key.start_mark)
            seen.add(one_form(key.value))
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
        ("bool", r"true|false", "tf"), ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
        ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?"
                  r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+0123456789.")):
    StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))
