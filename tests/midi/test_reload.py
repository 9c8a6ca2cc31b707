"""Mapping and presets are saved while the music plays: what cannot be used changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from rtsep.controls.live_controls import LiveControls
from rtsep.midi import ports
from rtsep.midi.process import Listener, MidiSettings

MAPPING = "bindings:\n  - {source: cc 1, target: mask_gain, pickup: jump}\n" \
          "  - {source: cc 4, target: bypass, mode: momentary}\n  - {source: program, target: preset}\n"
PRESETS = "half: {wet: 0.5}\nhard: {mask_gain: 20}\n"
BAD = ["[verse]: {wet: 1}\n", "verse: [wet, 1\n", "verse: {wet: .nan}\n", "1: {wet: 1}\n", "a: &a [*a]\n", "\x00",
       "hello", "v: !!python/object/apply:os.system ['true']\n", "v: {mask_gain: 1" + 5000 * "0" + "}\n", 3000 * "[",
       "bindings: [{source: cc 1, target: volume}]\n", "bindings: 3\n", "? [a, b]\n: {wet: 1}\n"]
STAMPS = count(1)

Save = Callable[[str, str], None]


class Wire:
    """Stands for a MIDI system with one port: what is put into `heard` arrives."""

    def __init__(self) -> None:
        self.heard: list[list[int]] = []
        self.there = True

    def get_ports(self) -> list[str]:
        return ["knobs"] if self.there else []

    def open_port(self, *_: object) -> None:
        pass

    def get_message(self) -> tuple[list[int], float] | None:
        return (self.heard.pop(0), 0.0) if self.heard else None

    def send_message(self, data: list[int]) -> None:
        pass

    def set_callback(self, _: object) -> None:
        pass

    def delete(self) -> None:
        pass


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    found = Wire()
    monkeypatch.setattr(ports, "open_systems", lambda: [ports.System(found, found)])
    return found


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write a file with a time of its own."""
    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.write_text(text)
        os.utime(path, ns=(next(STAMPS), 0))
        os.utime(path, ns=(0, next(STAMPS) * 10**9))

    write("map.yaml", MAPPING)
    write("presets.yaml", PRESETS)
    return write


@pytest.fixture
def listener(wire: Wire, save: Save, told: list[str], controls: LiveControls, tmp_path: Path) -> Listener:
    controls.presets = ()
    def tell(news: object) -> None:
        if isinstance(news, str):  # and not what was moved
            told.append(news)

    found = Listener(controls, MidiSettings("knobs", tmp_path / "map.yaml", tmp_path / "presets.yaml"), tell,
                     lambda: None)
    found.look()
    told.clear()
    return found


def hear(listener: Listener, wire: Wire, *data: int) -> None:
    wire.heard.append(list(data))
    listener.poll()


@pytest.mark.parametrize("name", ["map.yaml", "presets.yaml"])
@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text[:20]))
def test_the_old_ones_stay_and_a_later_right_file_is_taken(name: str, text: str, listener: Listener, wire: Wire,
                                                           save: Save, told: list[str], controls: LiveControls) -> None:
    save(name, text)
    listener.look()
    assert len(told) == 1
    assert told[0].startswith(name)
    assert len(told[0]) < 300
    hear(listener, wire, 0xB0, 1, 0)
    assert controls.board.get("mask_gain") == 0.0
    hear(listener, wire, 0xC0, 0)
    assert controls.board.get("wet") == 0.5
    save("map.yaml", "bindings: [{source: cc 2, target: wet, pickup: jump}]\n")
    save("presets.yaml", "verse: {wet: 0.25}\n")
    listener.look()
    hear(listener, wire, 0xB0, 2, 127)
    assert controls.board.get("wet") == 1.0
    assert [preset.name for preset in controls.presets] == ["verse"]
    assert told[0].endswith("; what was read before holds")
    assert told[1:] == [f"{name} can be used again"]


@pytest.mark.parametrize("name", ["map.yaml", "presets.yaml"])
@pytest.mark.parametrize(("spoil", "sentence"), [
    (lambda path: path.write_text(""), "{} is empty"), (lambda path: path.unlink(), "{} is gone"),
    (lambda path: (path.unlink(), path.symlink_to("/nowhere/at/all")), "{} is gone"),
    (lambda path: (path.unlink(), path.mkdir()), "{}: Is a directory"),
    (lambda path: (path.unlink(), os.mkfifo(path)), "{}: it is a pipe"),
    (lambda path: path.write_bytes("# café\n".encode("latin-1")), "{}: it is no UTF-8 text")])
def test_a_file_that_is_lost_changes_nothing_and_holds_the_other_one_up_by_nothing(
        name: str, spoil: Callable[[Path], object], sentence: str, listener: Listener, wire: Wire, save: Save,
        told: list[str], controls: LiveControls, tmp_path: Path) -> None:
    spoil(tmp_path / name)
    listener.look()
    assert len(told) == 1
    assert sentence.format(name) in told[0]
    assert told[0].endswith("; what was read before holds")
    hear(listener, wire, 0xB0, 1, 0)
    assert controls.board.get("mask_gain") == 0.0
    hear(listener, wire, 0xC0, 0)
    assert controls.board.get("wet") == 0.5
    if name == "map.yaml":
        save("presets.yaml", "verse: {wet: 0.25}\n")
        listener.look()
        hear(listener, wire, 0xC0, 0)
        assert controls.board.get("wet") == 0.25
    else:
        save("map.yaml", "bindings: [{source: cc 2, target: wet, pickup: jump}]\n")
        listener.look()
        hear(listener, wire, 0xB0, 2, 127)
        assert controls.board.get("wet") == 1.0
    assert len(told) == 1


def test_what_a_mapping_names_and_the_run_lacks_is_told(listener: Listener, save: Save, told: list[str]) -> None:
    save("map.yaml", "bindings: [{source: cc 1, target: level violin}, {source: note 1, target: preset chorus}]\n")
    listener.look()
    assert sorted(told) == [
        "map.yaml: level violin: no stem 'violin' is here; there are: drums, guitar, rest",
        "map.yaml: preset chorus: no preset 'chorus' is here; there are: half, hard"]


def _save(listener: Listener, wire: Wire, save: Save) -> None:
    save("map.yaml", MAPPING)
    listener.look()


def _unplug(listener: Listener, wire: Wire, save: Save) -> None:
    wire.there = False
    listener.look()


def _close(listener: Listener, wire: Wire, save: Save) -> None:
    listener.close()


@pytest.mark.parametrize("end", [_save, _unplug, _close])
def test_what_is_held_ends_with_its_mapping_its_port_and_its_process(
        end: Callable[[Listener, Wire, Save], None], listener: Listener, wire: Wire, save: Save,
        controls: LiveControls) -> None:
    hear(listener, wire, 0xB0, 4, 127)
    assert controls.board.get("bypass") == 1.0
    end(listener, wire, save)
    assert controls.board.get("bypass") == 0.0
