"""The scores in the documents are those of the cards."""

from __future__ import annotations

import runpy

import pytest

from tests.docs.pages import ROOT
from training.export import scores

WRITER = runpy.run_path(str(ROOT / "scripts" / "write_tables.py"))


@pytest.mark.parametrize(("page", "made"), [("docs/results.md", scores.full_mixes), ("docs/results.md", scores.at_0_db),
                                            ("README.md", scores.headline)])
def test_the_documents_have_the_scores_of_the_cards(page: str, made: object) -> None:
    assert made() in (ROOT / page).read_text("utf-8"), "the cards are new: python scripts/write_tables.py"


def test_sentences_have_the_scores_of_the_cards() -> None:
    cards = {model: scores.quality_of(model)["full_mixes"] for model in ("stage", "song", "instrumental")}
    rest = {model: f"{card['instrumental']['rest']:.1f}" for model, card in cards.items()}
    level = {model: f"{-card['guitar_level_db']['Country1']:.1f}" for model, card in cards.items()}
    said = {page: " ".join((ROOT / page).read_text("utf-8").split()) for page in ("README.md", "docs/results.md")}
    assert (f"the mix without its guitar reaches {rest['song']} dB there, with `stage` {rest['stage']}, with "
            f"`instrumental` (three stems: drums, guitar, other) {rest['instrumental']}.") in said["README.md"]
    assert (f"the guitar stem lies {level['stage']} dB below the mixture (`song`: {level['song']}, "
            f"`instrumental`: {level['instrumental']}).") in said["docs/results.md"]


def test_scores_are_rounded_and_none_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    card = {"full_mixes": {"songs": {"rest": 7.06, "guitar": -0.04}, "instrumental": {}},
            "guitar": {"sdr": 5.55}, "drums": {"sdr": -1.0}}
    monkeypatch.setattr(scores, "quality_of", lambda model: card)
    assert "| `stage` | 7.1 | 0.0 | – | – | – |" in scores.full_mixes()
    assert "| drums | -1.0 | -1.0 |" in scores.at_0_db()
    assert " | 7.1 / 0.0 / – / – / –; `song` 7.1 / 0.0 / – / – / – (untouched mixture 6.3 " in scores.headline()


def test_a_row_takes_the_place_of_the_one_with_its_first_cell() -> None:
    text = "a\n| b | 1 |\n| c | 2 |\n"
    assert WRITER["with_row"](text, "| c | 3 |") == "a\n| b | 1 |\n| c | 3 |\n"
    with pytest.raises(ValueError, match="not enough values"):
        WRITER["with_row"](text, "| d | 3 |")
