"""What a model file says about itself: one JSON document under the key `rtsep` of its metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rtsep.dsp.features import feature_lengths
from rtsep.dsp.windows import Geometry
from rtsep.errors import ConfigError, ModelError
from rtsep.model.document import Document

FORMAT, STEREO_FORMAT, LOOK_AHEAD_FORMAT = 1, 2, 3
FORMATS = (FORMAT, STEREO_FORMAT, LOOK_AHEAD_FORMAT)
"""That are read: of models that look at the mid signal, at all channels, and at all channels with a look-ahead."""
FILE_KIND = "file"
DOMAINS = {"waveform": ("mixture", "estimates"), "magnitude": ("magnitude", "masks")}
"""What the graph of a file model maps: the names of its input and output, by the domain in the document."""
MOST_STEMS, MOST_CONTEXTS, MOST_CREDITS = 16, 4, 4096
LONGEST_WINDOW, LONGEST_SEGMENT = 1 << 16, 1 << 24  # frames
MOST_LOOK_AHEAD = 64  # hops
SAMPLERATES = (1000, 768_000)
RESERVED = ("rest", "mixture")  # names that the program gives
_STEM = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _-]{0,30}[A-Za-z0-9_-])?")
_NAME = re.compile(r"[^/\\]{1,100}")


@dataclass(frozen=True)
class Card:
    """What the metadata of every model says."""

    name: str
    samplerate: int
    geometry: Geometry
    stems: tuple[str, ...]
    licence: str
    credits: tuple[str, ...]
    training: dict[str, Any]
    quality: dict[str, Any]


@dataclass(frozen=True)
class StepCard(Card):
    """What the metadata of a step model says.

    Attributes
    ----------
    contexts
        Lengths of its longer windows, in frames.
    stereo
        Whether it looks at all channels, see `rtsep.dsp.features`.
    """

    contexts: tuple[int, ...]
    stereo: bool = False

    @property
    def lengths(self) -> dict[str, int]:
        """Length in frames of the window of each feature, by the name of the graph's input."""
        return feature_lengths(self.geometry.analysis, self.contexts, self.stereo)

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """Shape of each input of the graph but the states, by name: the features of one hop."""
        return {name: (1, length // 2 + 1) for name, length in self.lengths.items()}

    @property
    def estimates(self) -> tuple[int, ...]:
        """Shape of the graph's result."""
        return 1, len(self.stems), self.geometry.bins


@dataclass(frozen=True)
class FileCard(Card):
    """What the metadata of a file model says; `segment` and `overlap` in frames."""

    domain: str
    segment: int
    overlap: int

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shapes of the graph's input and output."""
        geometry = self.geometry
        hops = (self.segment + geometry.synthesis - geometry.hop) // geometry.hop
        inner = (self.segment,) if self.domain == "waveform" else (hops, geometry.bins)
        return (1, *inner), (1, len(self.stems), *inner)


def read_card(text: str, source: str) -> StepCard | FileCard:
    """Read the document of a model file; arguments as of `Document`.

    Raises
    ------
    ModelError
        When it is none, or a field is missing or cannot be; the message names it.
    """
    document = Document(text, source)
    number = document.integer("format", 0, 1 << 31)
    formats = FORMATS[:1] if "kind" in document else FORMATS  # file models look at the mid signal, or at each channel
    if number not in formats:
        raise ModelError(f"{source}: model format {number}, this rtsep reads format {', '.join(map(str, formats))}")
    if "kind" in document and document.value("kind") != FILE_KIND:
        raise document.error(f"a model of kind {document.value('kind')!r:.60}, {FILE_KIND!r} or none is expected")
    return _file_card(document) if "kind" in document else _step_card(document)


def check_mask_gain(card: Card, gain: float) -> None:
    """Refuse a linear mask gain that a model cannot take.

    Raises
    ------
    ConfigError
        When it is not 1, and the model is a file model.
    """
    if isinstance(card, FileCard) and gain != 1.0:
        raise ConfigError(f"mask_gain is {gain}: {card.name} is a file model without a mask of this kind; leave it "
                          f"at 1 or choose another model")


def _geometry(document: Document, look_ahead: int) -> Geometry:
    """Read the lengths of the transform."""
    analysis, synthesis, hop = (document.integer(name, 1, LONGEST_WINDOW) for name in ("analysis", "synthesis", "hop"))
    try:
        geometry = Geometry(analysis, synthesis, hop, look_ahead)
    except ConfigError as error:
        raise document.error(str(error)) from None
    if look_ahead * geometry.hop > LONGEST_WINDOW:
        raise document.error(f"a look-ahead of {look_ahead} hops, {look_ahead * geometry.hop} frames: at most "
                             f"{LONGEST_WINDOW} are read")
    return geometry


def _common(document: Document, look_ahead: int = 0) -> dict[str, Any]:
    """Read what every card has."""
    name = document.text("name", 100)
    if not _NAME.fullmatch(name):
        raise document.error(f"the name {name!r} holds a slash")
    return {"name": name, "samplerate": document.integer("samplerate", *SAMPLERATES),
            "geometry": _geometry(document, look_ahead), "stems": _stems(document), "licence": document.text("licence"),
            "credits": document.texts("credits", MOST_CREDITS), "training": document.table("training"),
            "quality": _quality(document)}


def _stems(document: Document) -> tuple[str, ...]:
    """Read the names of the stems, which become names of files."""
    stems = document.texts("stems", MOST_STEMS)
    for stem in stems:
        if not _STEM.fullmatch(stem) or stem.casefold() in RESERVED:
            raise document.error(f"a stem cannot be called {stem!r:.60}: letters, digits, spaces, - and _, at most 32, "
                                 f"and neither {' nor '.join(RESERVED)}")
    if not stems or len({stem.casefold() for stem in stems}) < len(stems):
        raise document.error(f"stems are {', '.join(stems) or 'none'}: at least one, unlike each other")
    return stems


def _quality(document: Document) -> dict[str, Any]:
    """Read the scores, which tables show."""
    quality = document.table("quality")
    for name, scores in quality.items():
        if isinstance(scores, dict) and not isinstance(scores.get("sdr", 0.0), int | float):
            raise document.error(f"the sdr of {name} is {scores['sdr']!r:.60}, a number is expected")
    return quality


def _step_card(document: Document) -> StepCard:
    number = document.integer("format", FORMAT, LOOK_AHEAD_FORMAT)
    fields = _common(document, _look_ahead(document, number))
    longest = fields["geometry"].analysis
    contexts = document.integers("contexts", longest, LONGEST_WINDOW, MOST_CONTEXTS) if "contexts" in document else ()
    if any(length % 2 for length in contexts):
        raise document.error(f"contexts are {contexts}: even lengths are expected")
    return StepCard(**fields, contexts=contexts, stereo=number != FORMAT)


def _look_ahead(document: Document, number: int) -> int:
    """Read how many hops a model looks ahead, which only the third format can say."""
    if number == LOOK_AHEAD_FORMAT:
        return document.integer("look_ahead", 1, MOST_LOOK_AHEAD)
    return document.integer("look_ahead", 0, 0) if "look_ahead" in document else 0


def _file_card(document: Document) -> FileCard:
    fields = _common(document)
    card = FileCard(**fields, domain=document.text("domain"), segment=document.integer("segment", 1, LONGEST_SEGMENT),
                    overlap=document.integer("overlap", 0, LONGEST_SEGMENT))
    if card.domain not in DOMAINS or 2 * card.overlap > card.segment or card.segment % card.geometry.hop:
        raise document.error(f"domain {card.domain}, segment {card.segment}, overlap {card.overlap}: expected "
                             f"{' or '.join(DOMAINS)}, whole hops, and an overlap of at most half of it")
    return card
