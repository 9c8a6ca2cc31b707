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
| ideal mask 1024/512/256 | 11.30 |
| *the paper's* | *5.66* |
"""
BOUNDS = [line_of(["mixture", "-0.02"]), line_of(["ideal mask 1024/512/256", "11.30"])]


def test_rows_of_the_same_clips_stay_and_are_marked() -> None:
    earlier = EarlierPage(PAGE, ["unet", "old", "nobody"])
    assert earlier.scores("Guitar, test", BOUNDS) == ["| unet † | 8.72 |", "| old † | 1.00 |"]
    assert earlier.systems() == ["| unet † | 2 M |"]
    assert earlier.kept == {"unet", "old"}


def test_rows_of_other_clips_go() -> None:
    earlier = EarlierPage(PAGE, ["unet"])
    assert earlier.scores("Guitar, test", [line_of(["mixture", "-0.03"]), BOUNDS[1]]) == []
    assert earlier.scores("Guitar, test", BOUNDS[:1]) == []  # which says too little
    assert earlier.scores("Guitar, test", []) == []
    assert earlier.scores("Drums, test", BOUNDS) == []
    assert earlier.systems() == []
    assert earlier.kept == set()


def test_a_bound_that_is_new_changes_no_clips() -> None:
    new = line_of(["ideal mask 2048/2048/512", "12.40"])
    assert EarlierPage(PAGE, ["unet"]).scores("Guitar, test", [*BOUNDS, new]) == ["| unet † | 8.72 |"]


def test_without_a_page_nothing_stays() -> None:
    assert EarlierPage("", ["unet"]).scores("Guitar, test", BOUNDS) == []
