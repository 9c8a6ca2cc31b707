"""Contrasts of the colours that a page names, as WCAG 2 defines them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright import sync_api as playwright

Pair = tuple[str, str]


def contrasts(page: playwright.Page, pairs: Sequence[Pair]) -> dict[Pair, float]:
    """Contrast, 1 to 21, of each pair of custom properties of the page, named without their dashes."""
    names = {name for pair in pairs for name in pair}
    luminances = {name: luminance(page.evaluate(
        "(name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()", f"--{name}"))
        for name in names}
    return {pair: (max(both) + 0.05) / (min(both) + 0.05) for pair in pairs
            if (both := [luminances[name] for name in pair])}


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb."""
    values = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
