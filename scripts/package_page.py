"""Metadata hook: the README as the page of a package index, where links into the repository lead nowhere by themselves.

The variable `RTSEP_REPOSITORY` gives its address, as a release does; links and pictures then lead there. Without it
links become words, and pictures go.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

try:
    from hatchling.metadata.plugin.interface import MetadataHookInterface
except ImportError:  # where somebody only calls `page`
    MetadataHookInterface = object  # type: ignore[assignment, misc]

VARIABLE = "RTSEP_REPOSITORY"
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)\s]+)\)")


class PageHook(MetadataHookInterface):
    """What hatchling calls when it makes the metadata."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the page, and the addresses of the project."""
        address = os.environ.get(VARIABLE, "").rstrip("/")
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": page(text, address)}
        metadata["urls"] = urls(address)


def page(text: str, address: str) -> str:
    """Let links lead to a repository, or nowhere.

    Parameters
    ----------
    text
        Markdown whose links are relative to the root of the repository.
    address
        Of the repository, such as `https://github.com/owner/name`; empty where there is none.
    """
    def lead(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if not address:
            return "" if picture else words
        return f"{picture}[{words}]({address}/{'raw' if picture else 'blob'}/HEAD/{target})"

    return _LINK.sub(lead, re.sub(r"<!--.*?-->\n*", "", text))


def urls(address: str) -> dict[str, str]:
    """Addresses of the project, by what they are; none without a repository."""
    if not address:
        return {}
    return {"Source": address, "Documentation": f"{address}/blob/HEAD/docs/index.md", "Issues": f"{address}/issues",
            "Changelog": f"{address}/blob/HEAD/CHANGELOG.md"}
