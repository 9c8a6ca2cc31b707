"""Settings files that people write by mistake, or to do harm: one short sentence each."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtsep.controls.strict_yaml import LARGEST, parse, read_text, user_file
from rtsep.errors import ConfigError


@pytest.mark.parametrize(("text", "sentence"), [
    ("[verse]:\n  mask_gain: 0\n", "line 1, column 1: a list or a mapping is no key"),
    ("{a: 1}: 2", "a list or a mapping is no key"),
    ("a: &a [x]\nb: *a", "anchors and aliases"),
    ("a: *a", "anchors and aliases"),
    ("a: " + "[" * 3000 + "]" * 3000, "more than 20 levels"),
    ("a: 1" + "0" * 5000, "4300 digits"),
    ("a: !!binary abc", "base64"),
    ("a: !foo b", "constructor"),
    ("a: 1\n---\nb: 1", "another document"),
])
def test_whatever_the_library_raises_is_a_short_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        parse(text, "f.yaml")
    assert str(caught.value).startswith("f.yaml:")
    assert len(str(caught.value)) < 300


def test_numbers_are_numbers_and_words_are_words() -> None:
    text = "[1e-3, 5E+2, -0.5, .5, 7, .inf, true, off, no, 10:30, 2024-13-45, 0x10, 1_0, null]"
    assert parse(text, "f") == [1e-3, 500.0, -0.5, 0.5, 7, float("inf"), True, "off", "no", "10:30", "2024-13-45",
                                "0x10", "1_0", None]


def test_a_huge_file_is_refused_and_a_mark_in_front_is_none(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        read_text(path)
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert parse(read_text(path), "f") == {"a": 1}


def test_a_user_without_a_home_has_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    assert not user_file("midi.yaml").exists()
    with pytest.raises(OSError, match="Not a directory"):
        user_file("midi.yaml").parent.mkdir(parents=True)


def nobody() -> Path:
    """Answer as `Path.home` does for a user whom the system does not know."""
    raise RuntimeError("Could not determine home directory.")
