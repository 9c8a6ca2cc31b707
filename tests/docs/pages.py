"""The pages of the project, and what stands on them: links, headings, and lines for a shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (*(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
         *sorted((ROOT / "docs").glob("*.md")))
MARKS = ("hardware", "system")
"""Comments before a block of code that is not run: it needs a device or a server, or changes the system."""
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_MARK = re.compile(rf"<!-- ({'|'.join(MARKS)}) -->")
_INLINE = re.compile(r"`((?:python -m (?:bench|pytest)\S*|python -m training [a-z-]+|python scripts|make)[ /][^`]+)`")


@dataclass(frozen=True)
class Line:
    """A line for a shell: where it stands, what it says, and the mark of its block, if any."""

    page: str
    number: int
    text: str
    mark: str = ""


def without_code(text: str) -> str:
    """Return a page without what is code."""
    kept = [line for _, line, code, _ in _lines(text) if not code]
    return re.sub(r"`[^`\n]*`", "", "\n".join(kept))


def links(text: str) -> list[str]:
    """Targets of the links of a page."""
    return _LINK.findall(without_code(text))


def anchors(text: str) -> set[str]:
    """Names of the headings of a page, as links call them."""
    heads = [line.lstrip("#").strip() for _, line, code, _ in _lines(text) if not code and line.startswith("#")]
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", head.lower()).strip()) for head in heads}


def shell_lines(page: Path) -> list[Line]:
    """Lines of a page that are meant for a shell, in blocks of code and within sentences."""
    name, found = str(page.relative_to(ROOT)), []
    for number, line, code, mark in _lines(page.read_text()):
        if code == "python":
            continue
        texts = [line] if code else [] if mark else _INLINE.findall(line)
        found += [Line(name, number, text.strip(), mark) for text in texts if text.strip()]
    return found


def _lines(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Yield number, line, the language of its block of code (`text` where none is named), and the mark of the block."""
    fence = mark = before = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if fence:
            fence = "" if line.strip() == "```" else fence
            yield number, "" if not fence else line, fence, mark
        elif line.strip().startswith("```"):
            fence = line.strip().strip("`") or "text"
        elif line.startswith("    ") and (before.strip() == "" or before.startswith("    ")):
            yield number, line, "text", mark
        else:
            mark = found[1] if (found := _MARK.search(line)) else mark if not line.strip() else ""
            yield number, line, "", mark
        before = line
