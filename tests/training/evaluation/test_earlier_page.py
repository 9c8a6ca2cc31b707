"""Rows that stay on the page of the comparison, and those that do not."""

from __future__ import annotations

from training.evaluation.earlier_page import EarlierPage, line_of

PAGE = """# Comparison

## Systems (Table 2)

| system | weights |
| --- | --- |
| unet | 2 M |
| stage | 1 M |

## Guitar, test

| system | SDR |
| --- | --- |
| unet | 8.72 |
| old † | 1.00 |
| mixture | -0.02 |
| *the paper's* | *5.66* |
"""
BOUNDS = [line_of(["mixture", "-0.02"])]


def test_rows_of_the_same_clips_stay_and_are_marked() -> None:
    earlier = EarlierPage(PAGE, ["unet", "old", "nobody"])
    assert earlier.scores("Guitar, test", BOUNDS) == ["| unet † | 8.72 |", "| old † | 1.00 |"]
    assert earlier.systems() == ["| unet † | 2 M |"]
    assert earlier.kept == {"unet", "old"}


def test_rows_of_other_clips_go() -> None:
    earlier = EarlierPage(PAGE, ["unet"])
    assert earlier.scores("Guitar, test", [line_of(["mixture", "-0.03"])]) == []
    assert earlier.scores("Guitar, test", []) == []
    assert earlier.scores("Drums, test", BOUNDS) == []
    assert earlier.systems() == []
    assert earlier.kept == set()


def test_without_a_page_nothing_stays() -> None:
    assert EarlierPage("", ["unet"]).scores("Guitar, test", BOUNDS) == []
