"""The page of the Python interface is what its docstrings say."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_that_of_the_docstrings() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "write_python_page.py"))
    assert script["document"]() == (ROOT / "docs" / "python.md").read_text("utf-8"), "make docs"
