"""What tests name as missing is what `make test` and CI install, so that a new machine leaves nothing out."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

_NAMED = re.compile(r"apt(?:-get)? install ([a-z0-9 .+-]+)")
_INSTALLED = re.compile(r"system-packages\.sh ((?:[a-z0-9 .+-]|\\\n)+)")


def test_all_packages_that_tests_ask_for_are_installed() -> None:
    scripts = "".join((ROOT / name).read_text("utf-8") for name in ("Makefile", ".ci/run"))
    installed = set(" ".join(_INSTALLED.findall(scripts)).replace("\\\n", " ").split())
    named = {name for path in (ROOT / "tests").rglob("*.py") if path.name != "test_system_packages.py"
             for names in _NAMED.findall(path.read_text("utf-8")) for name in names.split()}
    assert {"jackd2", "lv2-dev"} <= named
    assert named - installed == {"pipewire-bin"}, "which comes with pipewire"
