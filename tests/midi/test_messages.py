"""The parser finds the same messages however the bytes are cut and whatever stands between them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtsep.midi.messages import ControlChange, Message, Note, Parser, PitchBend, ProgramChange, describe, encode

CHANNELS = st.integers(1, 16)
SEVEN = st.integers(0, 127)
MESSAGES = st.one_of(
    st.builds(ControlChange, CHANNELS, SEVEN, SEVEN), st.builds(Note, CHANNELS, SEVEN, SEVEN),
    st.builds(ProgramChange, CHANNELS, SEVEN), st.builds(PitchBend, CHANNELS, st.integers(0, 16383)))


@pytest.mark.parametrize(("data", "message"), [
    ("B0 07 64", ControlChange(1, 7, 100)), ("BF 40 00", ControlChange(16, 64, 0)), ("99 24 7F", Note(10, 36, 127)),
    ("90 24 00", Note(1, 36, 0)), ("80 24 40", Note(1, 36, 0)), ("C3 05", ProgramChange(4, 5)),
    ("E0 00 40", PitchBend(1, 8192)), ("E0 7F 7F", PitchBend(1, 16383)), ("E0 01 00", PitchBend(1, 1)),
])
def test_bytes_of_the_standard(data: str, message: Message) -> None:
    assert Parser().feed(bytes.fromhex(data)) == [message]


@settings(max_examples=40)
@given(st.lists(MESSAGES, max_size=8), st.data())
def test_messages_survive_cuts_and_real_time_bytes(messages: list[Message], data: st.DataObject) -> None:
    stream = []
    for message in messages:
        for byte in encode(message):
            stream += [byte, *data.draw(st.lists(st.sampled_from([0xF8, 0xFA, 0xFE, 0xFF]), max_size=2))]
    parser = Parser()
    found = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += parser.feed(stream[:cut])
        stream = stream[cut:]
    assert found == messages
    assert parser.malformed == 0


def test_running_status_lasts_until_a_system_message() -> None:
    parser = Parser()
    found = parser.feed(bytes.fromhex("B0 01 10 01 11 FE 01 12"))
    assert found == [ControlChange(1, 1, value) for value in (16, 17, 18)]
    assert parser.feed(bytes.fromhex("F2 01 02 03")) == []
    assert parser.malformed == 1  # 03 belongs to nothing


@pytest.mark.parametrize("skipped", [
    "F0 7E 01 02 F7", "F0 " + 1000 * "55 " + "F7", "F0 11 22", "F1 33", "F2 01 02", "F3 05", "F6", "F4", "FE FE",
    "A0 10 20", "D0 40",
])
def test_what_controls_nothing_is_passed_over(skipped: str) -> None:
    parser = Parser()
    assert parser.feed(bytes.fromhex(skipped + " B0 01 02")) == [ControlChange(1, 1, 2)]
    assert parser.malformed == 0


@pytest.mark.parametrize(("broken", "count"), [("05 06", 2), ("B0 07", 1), ("F7 01", 1), ("E0 01", 1)])
def test_what_is_malformed_is_counted_and_harms_nothing(broken: str, count: int) -> None:
    parser = Parser()
    assert parser.feed(bytes.fromhex(broken + " 90 01 02")) == [Note(1, 1, 2)]
    assert parser.malformed == count


@settings(max_examples=40)
@given(st.binary(max_size=300))
def test_no_bytes_crash_it(data: bytes) -> None:
    for message in Parser().feed(data):
        assert Parser().feed(encode(message)) == [message]
        assert describe(message).startswith("ch ")
