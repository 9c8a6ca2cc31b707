"""A counter is one row: memory, report, status line and documents know a row that is added to a copy of the table."""

from __future__ import annotations

from pathlib import Path

from rtsep.controls.memory import ControlMemory
from rtsep.live.board import board_fields
from rtsep.live.counters import AUDIO, COUNTERS, Counter, document, report_rows, status

MORE = (*COUNTERS, Counter("sneezes", AUDIO, "how often someone sneezed", label="sneezes of the band", short="sneezes"))


class WiderBoard(ControlMemory):
    """A board with one counter more."""

    _fields_ = board_fields(MORE)


def test_a_new_row_is_counted_reported_and_documented() -> None:
    board = WiderBoard()

    def number(name: str) -> float:
        return float(getattr(board, name))

    assert "sneezes" not in status(number, MORE)
    assert "sneezes of the band" not in report_rows(number, MORE)
    board.sneezes += 3
    assert "sneezes 3" in status(number, MORE)
    assert report_rows(number, MORE)["sneezes of the band"] == "3"
    assert "| `sneezes` | audio process | how often someone sneezed |" in document(MORE)


def test_headlines_set_like_against_like_and_are_there_at_zero() -> None:
    board = WiderBoard(callbacks=70, hops=140, missed_hops=2)
    rows = report_rows(lambda name: float(getattr(board, name)))
    assert (rows["late blocks"], rows["missed hops"]) == ("0 of 70", "2 of 140")
    assert status(lambda name: float(getattr(board, name))).startswith("late 0  missed 2  ")


def test_the_documents_hold_the_table_of_counters() -> None:
    assert document() in (Path(__file__).parents[2] / "docs" / "live.md").read_text("utf-8")
