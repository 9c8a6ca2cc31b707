"""What clients subscribe to: documents that are made once for all of them, and the pace of each client."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rtsep.api.protocol import ProtocolError, write
from rtsep.controls.shown import shown
from rtsep.surface.documents import (
    Document,
    controls_document,
    history_document,
    meters_document,
    spectra_document,
    state_document,
)
from rtsep.surface.surface import Surface

HIGHEST_HZ = 30.0
"""Most messages of a kind in a second."""

KINDS = {
    "meters": "`Meters`: as of `GetMeters`",
    "spectra": "`Spectra`: as of `GetSpectra`",
    "controls": "`Controls`: as of `GetControls`, when one has moved",
    "state": "`State`: as of `GetState`, when something is different",
    "history": "`History`: as of `GetHistory`, the entries since the last one",
    "events": "`Event`: as `rtsep live --json` writes it, as soon as it happens; the rate does not matter",
}
"""What there is."""

_FRESH_S = 0.012  # for which a document serves another client too


class Feeds:
    """Makes the documents, and keeps each for a moment.

    Parameters
    ----------
    surface
        Of the run.
    """

    def __init__(self, surface: Surface) -> None:
        self._made: dict[str, tuple[float, Document]] = {}
        self._makers: dict[str, Callable[[], Document]] = {
            "meters": lambda: meters_document(surface), "spectra": lambda: spectra_document(surface),
            "controls": lambda: controls_document(surface), "state": lambda: state_document(surface),
            "history": lambda: history_document(surface)}

    def document(self, kind: str) -> Document:
        """Return a document of a kind, of this moment."""
        now = time.monotonic()
        made_at, document = self._made.get(kind, (-_FRESH_S, {}))
        if now - made_at > _FRESH_S:
            document = self._makers[kind]()
            self._made[kind] = now, document
        return document


class Subscription:
    """What one client subscribed to, and when it is due.

    Parameters
    ----------
    feeds
        Shared by all clients.
    """

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds
        self._due: dict[str, float] = {}
        self._sent: dict[str, Any] = {}
        self.rates: dict[str, float] = {}

    @property
    def events(self) -> bool:
        """Whether events are requested."""
        return self.rates.get("events", 0.0) > 0.0

    def change(self, argument: Any) -> dict[str, float]:
        """Take rates in Hz by kind, 0 for nothing more; return all that hold.

        Raises
        ------
        ProtocolError
            When it is none, or of a kind that there is not.
        """
        if not isinstance(argument, dict):
            raise ProtocolError("InvalidValueError", f'{shown(argument)} is no rates; give {{"meters": 30}}')
        for kind, rate in argument.items():
            if kind not in KINDS:
                raise ProtocolError("InvalidValueError", f"no feed {kind!r:.40}; there are: {', '.join(KINDS)}")
            if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0.0 <= rate <= HIGHEST_HZ:
                raise ProtocolError("InvalidValueError", f"{kind}: {shown(rate)} is not 0 to {HIGHEST_HZ:g} Hz")
        self.rates = {kind: rate for kind, rate in (self.rates | argument).items() if rate > 0.0}
        now = time.monotonic()
        self._due = {kind: now for kind in self.rates if kind != "events"}
        self._sent = {kind: sent for kind, sent in self._sent.items() if kind in self.rates and kind not in argument}
        return self.rates

    def wait_s(self) -> float | None:
        """Seconds until something is due; None where nothing is requested."""
        return max(0.0, min(self._due.values()) - time.monotonic()) if self._due else None

    def messages(self) -> list[str]:
        """Write what is due; nothing is made up for where the client was too slow."""
        now, found = time.monotonic(), []
        for kind in [kind for kind, due in self._due.items() if due <= now]:
            step = 1.0 / self.rates[kind]
            self._due[kind] = max(self._due[kind] + step, now + 0.5 * step)
            news = self._news(kind)
            if news is not None:
                found.append(write({kind.title(): news}))
        return found

    def _news(self, kind: str) -> Document | None:
        """Return a document, or what has changed in it since it was sent last; None where nothing has."""
        document = self._feeds.document(kind)
        if kind in ("meters", "spectra"):
            return document
        before, self._sent[kind] = self._sent.get(kind), document
        if document == before:
            return None
        if kind == "history" and before is not None:
            fresh = document["total"] - before["total"]
            return {key: value if key == "total" else value[-fresh:] for key, value in document.items()}
        return document


def document() -> str:
    """Table of all feeds in Markdown, as it stands in `docs/api.md`."""
    return "\n".join(["| feed | message |", "|---|---|", *(f"| `{kind}` | {text} |" for kind, text in KINDS.items())])
