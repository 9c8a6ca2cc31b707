"""The comparison as it was: rows of systems whose weights are gone, for as long as the clips are the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

SYSTEMS = "Systems (Table 2)"  # heading of the table that says what each system is
MARK = "†"


def line_of(cells: Sequence[str]) -> str:
    """Write a row of a table."""
    return f"| {' | '.join(cells)} |"


class EarlierPage:
    """Rows of systems whose weights are not here.

    Parameters
    ----------
    page
        Text of the page; empty where there is none.
    names
        Systems that are asked for.

    Attributes
    ----------
    names
        Systems that are asked for.
    kept
        Those that have a row in a table of scores.
    """

    def __init__(self, page: str, names: Sequence[str]) -> None:
        self.names = names
        self.kept: set[str] = set()
        self._sections = {section.partition("\n")[0]: section.splitlines() for section in page.split("\n## ")}

    def scores(self, heading: str, bounds: Sequence[str]) -> list[str]:
        """Rows of a table, if it has these bounds to the last digit, but new ones: then the clips were the same."""
        lines = self._sections.get(heading, [])
        rows = self._rows(lines) if self._same(lines, bounds) else {}
        self.kept |= set(rows)
        return list(rows.values())

    def systems(self) -> list[str]:
        """Rows of the table of systems, of those that were kept."""
        rows = self._rows(self._sections.get(SYSTEMS, []))
        return [row for name, row in rows.items() if name in self.kept]

    @staticmethod
    def _same(lines: Sequence[str], bounds: Sequence[str]) -> bool:
        """Whether two or more bounds are in both, the mixture alone says little, and all of these are equal."""
        known = {line.split("|")[1] for line in lines if line.startswith("| ")}
        shared = {bound for bound in bounds if bound.split("|")[1] in known}
        return len(shared) > 1 and shared <= set(lines)

    def _rows(self, lines: Sequence[str]) -> dict[str, str]:
        """Rows of the systems that are asked for, by name, marked."""
        found = {line.split("|")[1].strip(f" {MARK}"): line for line in lines if line.startswith("| ")}
        return {name: re.sub(rf"^\| {re.escape(name)} {MARK}? *\|", f"| {name} {MARK} |", found[name])
                for name in self.names if name in found}
