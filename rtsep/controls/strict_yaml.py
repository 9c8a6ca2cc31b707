"""YAML files that users write, read strictly: every error names the file and the path inside it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from rtsep.errors import ConfigError


def user_file(name: str) -> Path:
    """Path of a file in the user's folder of settings, which need not exist."""
    root = os.environ.get("XDG_CONFIG_HOME")
    return (Path(root) if root else Path.home() / ".config") / "rtsep" / name


class StrictLoader(yaml.SafeLoader):
    """Safe YAML in which no key may come twice, and only `true` and `false` are truth values.

    `on` and `off` stay words: `off` is the bottom of a gain.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way to configure a loader
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping; refuse a key that stands there twice."""
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands here twice",
                                           problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


StrictLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def read_text(path: Path) -> str:
    """Text of a settings file.

    Raises
    ------
    ConfigError
        When it cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(f"cannot read {path}: {reason}") from None


def parse(text: str, name: str) -> Any:
    """Parse YAML.

    Parameters
    ----------
    text
        The document.
    name
        What errors call it: the file's name.

    Raises
    ------
    ConfigError
        When it is no YAML, or a key stands twice; the sentence has line and column.
    """
    try:
        return yaml.load(text, StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f" line {mark.line + 1}, column {mark.column + 1}:"
        raise ConfigError(f"{name}:{where} {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: {' '.join(str(error).split())}") from None


class Section:
    """A mapping of a settings file whose keys are all known.

    Parameters
    ----------
    value
        What stands in the file.
    where
        The file and the path inside it, for errors.
    keys
        Keys that may be there; None for any.

    Raises
    ------
    ConfigError
        When it is no mapping, or has an unknown key.
    """

    def __init__(self, value: object, where: str, keys: Sequence[str] | None = None) -> None:
        self.where = where
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: this is {value!r}; give a mapping, key: value")
        self.values: dict[str, Any] = value
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"{where}: the key {key!r} is no word; put quotes around it")
            if keys is not None and key not in keys:
                raise ConfigError(f"{where}: no key {key!r}; there are: {', '.join(keys)}")

    def fail(self, key: str, sentence: str) -> ConfigError:
        """Error about the value of a key."""
        return ConfigError(f"{self.where}.{key}: {sentence}")

    def text(self, key: str, default: str | None = None) -> str:
        """Value of a key that is a text; needed where there is no default."""
        value = self.values.get(key, default)
        if value is None:
            raise ConfigError(f"{self.where}: the key {key!r} is missing")
        if not isinstance(value, str):
            raise self.fail(key, f"{value!r} is no text")
        return value

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """Value of a key that is one of some words."""
        value = self.text(key, default)
        if value not in choices:
            raise self.fail(key, f"{value!r} is none of: {', '.join(choices)}")
        return value


def read_share(value: object, where: str) -> float:
    """Check a number from 0 to 1; `where` is its file and path, for the error.

    Raises
    ------
    ConfigError
        When it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise ConfigError(f"{where}: {value!r} is not 0 to 1")
    return float(value)
