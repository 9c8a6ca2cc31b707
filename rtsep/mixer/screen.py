"""A screen of styled lines on a terminal: only lines that have changed are written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from rtsep.outlet import Outlet

Span = tuple[str, str]
"""Text, and the name of its style in `STYLES`; empty for none."""
Line = list[Span]

STYLES = {"good": "green", "warm": "yellow", "hot": "bold red", "dim": "dim", "strong": "bold", "chosen": "reverse",
          "title": "bold cyan"}
_SYSTEMS = {"standard": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT, "truecolor": ColorSystem.TRUECOLOR}
_HOME, _CLEAR, _LINE_END = "\x1b[H", "\x1b[2J", "\x1b[K"
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


class Screen:
    """Use as a context manager: it takes the terminal over, and gives it back as it was.

    Parameters
    ----------
    console
        Knows the terminal: its size, and which colours it has.
    outlet
        Leads to it.
    """

    def __init__(self, console: Console, outlet: Outlet) -> None:
        self._console = console
        self._outlet = outlet
        self._system = None if console.no_color else _SYSTEMS.get(console.color_system or "")
        self._shown: list[str] = []
        self._size = (0, 0)

    def __enter__(self) -> Screen:
        self._outlet.write(_ENTER)
        return self

    def __exit__(self, *_: object) -> None:
        self._outlet.write(_LEAVE)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        return self._console.size.width, self._console.size.height

    @property
    def plain(self) -> bool:
        """Whether the terminal writes no more than ASCII."""
        return not self._console.encoding.lower().startswith("utf")

    def show(self, lines: Sequence[Line]) -> None:
        """Show lines from the top; what does not fit is cut off. Nothing is shown while the terminal takes nothing."""
        if not self._outlet.free:
            return
        width, height = size = self.size
        rows = [self._rendered(line, width) for line in lines[:height]]
        rows += [""] * (height - len(rows))
        parts = []
        if size != self._size:
            self._size, self._shown = size, [""] * height
            parts.append(_HOME + _CLEAR)
        parts += [f"\x1b[{number + 1};1H{row}{_LINE_END}" for number, (row, before)
                  in enumerate(zip(rows, self._shown, strict=True)) if row != before]
        self._shown = rows
        if parts:
            self._outlet.write("".join(parts))

    def _rendered(self, line: Line, width: int) -> str:
        """Write a line with its styles, cut at the width of the terminal."""
        parts, left = [], width
        for text, style in line:
            text = text if text.isascii() and text.isprintable() and len(text) <= left else _fitted(text, left)
            left -= len(text) if text.isascii() else cell_len(text)
            parts.append(_style(style).render(text, color_system=self._system) if style else text)
            if left <= 0:
                break
        return "".join(parts)


@cache
def _style(name: str) -> Style:
    return Style.parse(STYLES[name])


def _fitted(text: str, width: int) -> str:
    """Cut a text to a number of cells; control characters, which file names may have, are not written."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return printable if cell_len(printable) <= width else set_cell_size(printable, width)
