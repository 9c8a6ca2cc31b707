"""The mixer: keys, lines at every size, the screen, and a terminal that is as it was."""

from __future__ import annotations

import io
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from rtsep.controls.table import Kind
from rtsep.dsp.decibels import to_gain
from rtsep.mixer import actions
from rtsep.mixer.actions import KEYS, Actions, stepped
from rtsep.mixer.bars import bar
from rtsep.mixer.keys import parse_keys
from rtsep.mixer.rows import lines
from rtsep.mixer.screen import Screen
from rtsep.mixer.state import MixerState, Page
from rtsep.outlet import Outlet
from tests.rigs.live import ROOT, TIMEOUT_S
from tests.rigs.surface import Run


def text(run: Run, state: MixerState, width: int = 80, height: int = 24, plain: bool = False) -> list[str]:
    return ["".join(part for part, _ in line) for line in lines(run.surface, state, width, height, plain)]


def press(run: Run, keys: str | list[str], state: MixerState | None = None) -> MixerState:
    state = state or MixerState()
    for key in keys:
        Actions(run.surface, state).press(key)
    return state


def test_keys_are_cut_out_of_what_a_terminal_sends() -> None:
    assert parse_keys("a\x1b[A\x1bOC \x7f\r1\x1b[1;5Cü\x1b") == [
        "a", "up", "right", "space", "backspace", "enter", "1", "ü", "escape"]


def test_digits_mute_and_solo(still_run: Run) -> None:
    press(still_run, "2@s13")
    surface = still_run.surface
    assert (surface.get("mute guitar"), surface.get("solo guitar"), surface.get("solo drums")) == (True, True, True)
    assert surface.get("mute other") is True
    press(still_run, "29s²")  # there is no ninth stem, and what looks like a digit is none
    assert surface.get("mute guitar") is False


def test_arrows_choose_and_move(still_run: Run) -> None:
    state = press(still_run, ["down", "right", "right", "left"])
    assert still_run.surface.get("level guitar") == 1.0
    press(still_run, ["up", "up", "left"], state)  # around the end, to the last fader
    assert still_run.surface.get("wet") == 0.95
    press(still_run, "+++-b")
    assert (still_run.surface.get("mask_gain"), still_run.surface.get("bypass")) == (2.0, True)


@pytest.mark.parametrize(("value_db", "sign", "expected_db"), [
    (0.0, 1, 1.0), (0.4, 1, 1.0), (0.4, -1, 0.0), (-0.4, -1, -1.0), (-40.0, -1, None), (None, 1, -40.0),
    (60.0, 1, 60.0)])
def test_steps_end_at_whole_decibels(value_db: float | None, sign: int, expected_db: float | None) -> None:
    gain = stepped(0.0 if value_db is None else to_gain(value_db), sign, -40.0, 60.0)
    assert gain == pytest.approx(0.0 if expected_db is None else to_gain(expected_db))


def test_presets_are_saved_by_name_and_called_by_digit(still_run: Run) -> None:
    press(still_run, ["+", "w", *"verse", "space", "1", "backspace", "2", "enter", "-", "-"])
    assert still_run.told()[-1].startswith("preset verse 2 is in ")
    press(still_run, "p1")
    still_run.session.requests.serve()
    assert still_run.surface.get("mask_gain") == 1.0
    assert "preset verse 2" in " ".join(text(still_run, MixerState()))


def test_long_lists_are_offered_nine_by_nine(still_run: Run) -> None:
    for number in range(1, 13):
        still_run.surface.save_preset(f"song {number}")
    state = press(still_run, "p")
    assert "a digit chooses, p goes on" in text(still_run, state)[-1]
    assert " 9 song 9" in text(still_run, state)
    press(still_run, "p9p²p", state)
    assert (state.page, " 3 song 12" in text(still_run, state)) == (Page.PRESETS, True)
    press(still_run, "3", state)
    still_run.session.requests.serve()
    assert still_run.surface.get("preset") == "song 12"
    press(still_run, "ppp", state)
    assert state.first == 0, "around to the first ones"


def test_what_cannot_be_done_is_told(still_run: Run) -> None:
    press(still_run, ["space", "m", "1", "w", "enter", "l"])
    still_run.session.requests.serve()
    told = still_run.told()
    assert any("only files and the demo can be paused" in line for line in told)
    assert any("is no name of a preset" in line for line in told)
    assert any("nothing listens to MIDI in this run" in line for line in told)


def test_q_ends_the_run(still_run: Run) -> None:
    press(still_run, "q")
    result = still_run.session.run()
    assert result is not None
    assert result.summary.callbacks == 0


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 20), (200, 60), (20, 8), (10, 3), (1, 1)])
@pytest.mark.parametrize("page", list(Page))
@pytest.mark.parametrize("plain", [False, True])
def test_every_size_is_filled_and_not_overfilled(still_run: Run, width: int, height: int, page: Page,
                                                 plain: bool) -> None:
    file = io.StringIO()
    outlet = Outlet(file)
    screen = Screen(Console(file=file, width=width, height=height, force_terminal=True, no_color=True), outlet)
    still_run.surface.notices.add("a word " * 40)
    state = MixerState(page=page, listed=["verse", "chorus"])
    shown = lines(still_run.surface, state, width, height, plain)
    screen.show(shown)
    assert outlet.settle()
    rows = [part.partition("H")[2].removesuffix("\x1b[K") for part in file.getvalue().split("\x1b[")[1:] if "H" in part]
    assert all(cell_len(row) <= width for row in rows)
    if plain:
        assert all(row.isascii() for row in text(still_run, state, width, height, plain=True))


def test_at_80_by_24_all_of_it_is_there(still_run: Run) -> None:
    board = still_run.board
    board.frames, board.latency, board.missed_hops, board.hops = 44100 * 65, 512, 2, 100
    still_run.session.state.moved = "CC 1 channel 1 = 64   mask_gain +3.0 dB"
    press(still_run, "2")
    shown = "\n".join(text(still_run, MixerState()))
    for part in ("rtsep 1:05", "song.wav > null device", "hearing drums + other alone", "latency 11.6 ms", "load 0%",
                 "missed 2", ">1 drums", " 2 guitar", "+0.0 dB M .", "mask", "wet",
                 "MIDI CC 1 channel 1 = 64 mask_gain", "? keys"):
        assert part in shown
    still_run.session.state.waiting = True
    assert "waiting for the device" in "\n".join(text(still_run, MixerState()))


@pytest.mark.parametrize("size", [(40, 12), (20, 6), (30, 4)])
def test_what_is_chosen_and_what_was_told_last_are_seen_on_small_screens(still_run: Run, size: tuple[int, int]) -> None:
    state = MixerState()
    for _ in range(5):
        shown = text(still_run, state, *size)
        assert len(shown) == size[1]
        assert sum(line.startswith(">") for line in shown) == 1
        press(still_run, ["down"], state)
    assert shown[-1].startswith("? keys  q quit")
    still_run.surface.notices.add("the device is gone")
    assert text(still_run, state, *size)[-1] == "the device is gone"


def test_meters_fall_where_nothing_plays(still_run: Run) -> None:
    still_run.board.input_peak = still_run.board.stem_peaks[0] = 0.5
    assert "-6.0" in "\n".join(text(still_run, MixerState()))
    still_run.session.state.waiting = True
    assert "-6.0" not in "\n".join(text(still_run, MixerState()))


def test_silence_at_an_input_device_is_told(still_run: Run) -> None:
    still_run.board.input_peak, still_run.board.frames = 0.5, 44100
    still_run.surface.look()
    still_run.board.input_peak, still_run.board.frames = 0.0, 10 * 44100
    still_run.surface.look()
    assert "nothing arrives from song.wav" in "\n".join(text(still_run, MixerState()))


def test_all_keys_are_in_the_help(still_run: Run) -> None:
    for width, height in ((80, 24), (40, 20)):
        state, seen = press(still_run, "?"), ""
        while state.page is Page.HELP:
            seen += "\n".join(text(still_run, state, width, height))
            press(still_run, "?", state)
        assert all(row.shown.replace("…", "-") in seen for row in KEYS)
    assert actions.document() in (ROOT / "docs" / "live.md").read_text("utf-8")


def test_bars_grow_with_the_sound_and_keep_their_width() -> None:
    for plain in (False, True):
        drawn = ["".join(part for part, _ in bar(level, level, 20, plain=plain))
                 for level in (0.0, 0.001, 0.1, 1.0, 5.0)]
        assert [len(row) for row in drawn] == [20] * 5
        filled = [len(row.replace("|", " ").rstrip()) for row in drawn]
        assert filled == sorted(filled)
        assert (filled[0], filled[-1]) == (0, 20)
    assert bar(0.1, 0.5, 20, heard=False)[0][1] == "dim"


def test_only_lines_that_changed_are_written() -> None:
    file = io.StringIO()
    outlet = Outlet(file)
    screen = Screen(Console(file=file, width=20, height=3, force_terminal=True, color_system="standard"), outlet)
    screen.show([[("one", "good")], [("two", "")], [("three", "")]])
    assert outlet.settle()
    written = file.tell()
    screen.show([[("one", "good")], [("TWO", "")], [("three", "")]])
    assert outlet.settle()
    assert file.getvalue()[written:] == "\x1b[2;1HTWO\x1b[K"


def test_names_of_files_move_no_cursor() -> None:
    file = io.StringIO()
    outlet = Outlet(file)
    Screen(Console(file=file, width=30, height=1, force_terminal=True), outlet).show([[("a\x1b[2J\x07.wav", "")]])
    assert outlet.settle()
    assert "a?[2J?.wav" in file.getvalue()


def test_the_table_of_controls_has_faders_that_the_mixer_names() -> None:
    from rtsep.controls.table import CONTROLS

    whole = {row.name for row in CONTROLS if row.kind is Kind.FADER and not row.per_stem}
    assert whole == {"mask_gain", "wet"}, "a new fader needs a row in rtsep.mixer.state.rows_of"


class Terminal:
    """`rtsep live` on a terminal of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.master, self._slave = pty.openpty()
        self.before = termios.tcgetattr(self._slave)
        env = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rtsep.cli.main", "live", "--input", "demo", "--output", "none", "--midi", "off",
             "--no-calibration", *options], cwd=folder, env=env, stdin=self._slave, stdout=self._slave,
            stderr=self._slave, start_new_session=True)
        self.seen = ""

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + TIMEOUT_S
        while text not in self.seen:
            assert time.monotonic() < end, f"waited for {text!r}: {self.seen[-2000:]}"
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536).decode("utf-8", "replace")

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def after(self) -> list[object]:
        """Return the settings of the terminal once the program has ended."""
        end = time.monotonic() + TIMEOUT_S
        while self.process.poll() is None and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
        return termios.tcgetattr(self._slave)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self._slave)


@pytest.mark.parametrize("ending", ["q", "\x03", "SIGTERM"])
def test_keys_move_the_run_and_the_terminal_is_as_it_was(tiny_model: Path, tmp_path: Path, ending: str) -> None:
    terminal = Terminal(tmp_path, "--model", str(tiny_model))
    try:
        terminal.wait_for("\x1b[?1049h")
        terminal.wait_for("recording to")
        terminal.wait_for("hearing")
        terminal.type("\x1a1")  # Ctrl-Z does not stop it
        terminal.wait_for("hearing nothing")
        if ending == "SIGTERM":
            terminal.process.send_signal(signal.SIGTERM)
        else:
            terminal.type(ending)
        assert terminal.after() == terminal.before
        assert terminal.process.returncode == 0
        assert "\x1b[?25h\x1b[?1049l" in terminal.seen
        assert "rtsep: recording to" in terminal.seen.rpartition("\x1b[?1049l")[2], "notices outlive the screen"
    finally:
        terminal.close()
