"""Credits of weights: those whose sounds were heard, nobody who was held out."""

from __future__ import annotations

from pathlib import Path

import yaml

from rtsep.model.catalogue import find_model
from training.export.credits import NEURAL_VOICE, common_credits, credits

HEADER = "file\tclass\tseconds\tlicence\tauthor_source\tnote\n"


def write_authors(data: Path, *rows: str) -> None:
    (data / "phrases").mkdir()
    (data / "phrases" / "CREDITS.tsv").write_text(HEADER + "".join(f"{row}\n" for row in rows))


def test_authors_are_named_once_and_the_held_out_not_at_all(tmp_path: Path) -> None:
    write_authors(tmp_path, "voice/a.ogg\tvoice\t9\tCC0-1.0\tAnna\t", "keys/b.ogg\tkeys\t9\tCC0-1.0\tAnna\t",
                  "speech/speech_kathleen_00.opus\tspeech\t9\tCC0-1.0\tKathleen\t")
    assert credits(tmp_path) == [*common_credits(), "phrases: Anna (CC0-1.0)"]


def test_the_neural_voice_has_one_row_in_words(tmp_path: Path) -> None:
    kokoro = "voice/kokoro_{0}.opus\tvoice\t9\tApache-2.0\tsynthetic singing: Kokoro-82M by hexgrad, voice {0}\t"
    write_authors(tmp_path, kokoro.format("a"), kokoro.format("b"), "keys/c.ogg\tkeys\t9\tMIT\tCarl\t")
    assert credits(tmp_path) == [*common_credits(), NEURAL_VOICE, "phrases: Carl (MIT)"]


def test_further_sounds_are_credited_where_they_are(tmp_path: Path) -> None:
    write_authors(tmp_path)
    (tmp_path / "irs" / "adventure_kid").mkdir(parents=True)
    assert credits(tmp_path)[len(common_credits()):-1] == [
        "cabinets and rooms: Adventure Kid Research & Technology, Kristoffer Ekstrand (CC BY 4.0)"]


def test_without_data_the_credits_are_those_of_the_weights_to_begin_with(tmp_path: Path) -> None:
    card = yaml.safe_load(find_model("stage").with_suffix(".yaml").read_text())
    assert credits(tmp_path) == card["credits"]
    assert card["credits"]
