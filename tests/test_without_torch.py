"""The tests of the runtime run where torch is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COLLECT = """
import sys
sys.modules |= dict.fromkeys(("torch", "training"))
import pytest
sys.exit(pytest.main(["--collect-only", "-q"]))
"""


def test_the_tests_of_the_runtime_import_neither_torch_nor_the_trainer() -> None:
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", COLLECT], cwd=root, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "tests/test_separator.py" in done.stdout
    assert "tests/training" not in done.stdout.partition("\n")[2]
