"""The page for a package index: nothing on it leads into the void."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOOK = runpy.run_path(str(ROOT / "scripts" / "package_page.py"))
ADDRESS = "https://example.org/owner/rtsep"


def test_links_and_pictures_lead_to_the_repository() -> None:
    text = "![a](docs/a.png) [b](docs/b.md#c) [d](https://example.org) [e](#f)\n<!-- hardware -->\n\nend"
    assert HOOK["page"](text, ADDRESS) == (
        f"![a]({ADDRESS}/raw/HEAD/docs/a.png) [b]({ADDRESS}/blob/HEAD/docs/b.md#c) [d](https://example.org) [e](#f)\n"
        "end")
    assert all(url.startswith(ADDRESS) for url in HOOK["urls"](ADDRESS).values())


def test_without_a_repository_words_stay() -> None:
    assert HOOK["page"]("![a](docs/a.png)[b](docs/b.md), [d](https://example.org)", "") == "b, [d](https://example.org)"
    assert HOOK["urls"]("") == {}


def test_no_link_of_the_readme_is_relative_on_the_page() -> None:
    text = (ROOT / "README.md").read_text()
    for address in ("", ADDRESS):
        assert re.findall(r"\]\((?!https?:|#)[^)]*\)", HOOK["page"](text, address)) == []
