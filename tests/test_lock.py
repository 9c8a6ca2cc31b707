"""The locks and the pinned build dependencies agree with constraints.txt, and name a hash for all that is installed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = {"runtime": PROJECT["project"]["dependencies"], "tests": PROJECT["project"]["optional-dependencies"]["dev"]}


def pins(text: str) -> dict[str, str]:
    """Versions by name."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\\n]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


CONSTRAINTS = pins((ROOT / "constraints.txt").read_text("utf-8"))


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_locked_by_hashes_at_the_tested_version(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
    assert "http" not in text, "locks name no package index"
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    for entry in entries:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[^\\]+(?:\\\n    --hash=sha256:[0-9a-f]{64}\s*)+", entry), entry[:200]
    locked = pins(text)
    assert len(locked) == len(entries)
    assert locked == locked | {name: CONSTRAINTS[name] for name in locked.keys() & CONSTRAINTS.keys()}
    missing = {canonicalize_name(Requirement(requested).name) for requested in LOCKS[lock]} - {"rtsep", *locked}
    assert not missing, "make lock"


def test_build_dependencies_are_pinned() -> None:
    requested = [Requirement(text) for text in PROJECT["build-system"]["requires"]]
    assert {"hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers"} == {one.name for one in requested}
    for one in requested:
        assert str(one.specifier) == f"=={CONSTRAINTS[canonicalize_name(one.name)]}", one
