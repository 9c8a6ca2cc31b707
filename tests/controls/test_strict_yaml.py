"""Settings files that people write by mistake, or to do harm: one short sentence each."""

from __future__ import annotations

import pytest

from rtsep.controls.strict_yaml import parse
from rtsep.errors import ConfigError


@pytest.mark.parametrize(("text", "sentence"), [
    ("[verse]:\n  mask_gain: 0\n", "line 1, column 1: a list or a mapping is no key"),
    ("{a: 1}: 2", "a list or a mapping is no key"),
    ("a: &a [x]\nb: *a", "anchors and aliases"),
    ("a: *a", "anchors and aliases"),
    ("a: " + "[" * 3000 + "]" * 3000, "more than 20 levels"),
    ("a: 1" + "0" * 5000, "4300 digits"),
    ("a: !!binary abc", "tags are not read: .!!binary.; put"), ("a: !!timestamp x", "line 1, column 4: tags"),
    ("a: !!bool maybe", "tags"), ("a: !!map [1]", "tags"), ("!!str a: 1", "tags"),
    ("a: !foo b", "tags"),
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
