"""The LV2 plugins under AddressSanitizer and UndefinedBehaviorSanitizer, in a host that does what no host should."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plugins.lv2.build import BUNDLE, build_bundle
from scripts import build_native
from tests.native.conftest import needs_native
from tests.plugins.test_lv2 import HEADERS
from tests.rigs import sanitizers
from tests.rigs.models import TINY

pytestmark = [needs_native, pytest.mark.skipif(not HEADERS.exists() and "LV2_HEADERS" not in os.environ,
                                               reason="no headers of LV2: apt install lv2-dev")]


def test_a_nasty_host_breaks_nothing(sanitizer_runtime: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_native, "VARIANTS", {})  # the scalar one alone: tests/native watches all of them
    build_bundle(tmp_path / BUNDLE, str(TINY), sanitizers.FLAGS)
    done = sanitizers.run(sanitizer_runtime, "-m", "tests.plugins.nasty_host", str(tmp_path / BUNDLE), timeout_s=200)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == "as it should be\n"
