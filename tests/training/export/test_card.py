"""Cards: what stands in the file in numbers for people, and what a user has to know besides."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import onnx
import pytest
import yaml

from rtsep.model.catalogue import installed_models
from training.corpora.sources import document, heard_sources, read_sources
from training.export.card import round_numbers, write_card

MODELS = sorted(installed_models().values())


def test_there_are_models() -> None:
    assert MODELS


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_the_card_of_a_shipped_model_is_that_of_its_file(model: Path) -> None:
    text = model.with_suffix(".yaml").read_text()
    card = yaml.safe_load(text)
    assert card["file"]["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    inside = {entry.key: entry.value for entry in onnx.load(model).metadata_props}
    document = round_numbers(json.loads(inside["rtsep"]))
    assert {name: card[name] for name in document} == document
    assert not re.search(r"\d\.\d{6,}", text), "a number says more than was measured"
    assert card["intended_use"]
    assert len(card["limits"]) > 2
    assert len(card["training_data"]) > 20
    assert all({"kind", "name", "licence", "address"} == set(source) for source in card["training_data"])


def test_numbers_are_rounded_wherever_they_stand() -> None:
    assert round_numbers({"a": [1.23456789, {"b": -0.000123456}], "c": 44100, "d": "1.23456789"}) == {
        "a": [1.235, {"b": -0.0001235}], "c": 44100, "d": "1.23456789"}


def test_only_what_a_model_credits_is_among_its_sources() -> None:
    names = {source.name for source in heard_sources(["phrases: Alex Bainter (MIT)"])}
    assert "Alex Bainter" in names
    assert "DrumGizmo MuldjordKit" in names
    assert "Kokoro-82M, synthetic singing" not in names
    assert heard_sources([]) == []


def test_limits_follow_what_was_measured(tmp_path: Path) -> None:
    document = {"stems": ["drums", "guitar", "vocals", "other"], "credits": [], "training": {}, "quality": {
        "full_mixes": {"songs": {"guitar": 1.77777}, "instrumental": {"guitar": 0.88888}}}}
    model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], []))
    onnx.helper.set_model_props(model, {"rtsep": json.dumps(document)})
    onnx.save(model, tmp_path / "m.onnx")
    card = yaml.safe_load(write_card(tmp_path / "m.onnx").read_text())
    assert any("1.8 dB SDR with a singer, 0.9 dB without" in limit for limit in card["limits"])
    assert not any("does not know singers" in limit for limit in card["limits"])


def test_every_source_says_who_and_under_which_licence() -> None:
    for source in read_sources():
        assert source.kind
        assert source.name
        assert source.licence
        assert source.address.startswith("http") or not source.address


def test_the_table_of_the_page_is_that_of_the_sources() -> None:
    page = Path(__file__).parents[3] / "docs" / "training.md"
    assert document() in page.read_text("utf-8"), "make docs"
