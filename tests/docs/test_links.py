"""Every link between the pages leads somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links


def test_there_are_pages() -> None:
    assert len(PAGES) > 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for link in links(page.read_text()):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target.read_text()), f"{page.name}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_of_the_site_link_to_the_site_alone(page: Path) -> None:
    """MkDocs knows nothing outside of `docs/`."""
    if page.parent == ROOT:
        return
    inside = [link for link in links(page.read_text()) if not link.startswith("http")]
    assert [link for link in inside if link.startswith("../")] == []


def test_what_breaks_is_found() -> None:
    text = "# A (b) & c\n\nsee [x](y.md#z) and `[no](link.md)`\n\n    [code](is.none)\n"
    assert links(text) == ["y.md#z"]
    assert anchors(text) == {"a-b--c"}
