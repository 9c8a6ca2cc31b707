"""A real browser without a screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WAIT_MS = 60_000  # for a busy machine; nothing waits that long where all is well
_LOOK_MS = 50


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a headless Chromium, which plays sounds into nothing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as api:
        chromium = api.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def wait_until(page: Page, condition: str, argument: Any = None) -> None:
    """Wait until a condition, in JavaScript, is true of a page; looked at by the clock, as pictures may not be drawn.

    What is waited for has to stay: what may come and go before the first look is to be asked for in another way.
    """
    page.wait_for_function(condition, arg=argument, polling=_LOOK_MS, timeout=WAIT_MS)
