"""What keys do. The table of keys is here; the help on the screen and the one in `docs/live.md` are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rtsep.controls.table import Kind, Unit
from rtsep.controls.targets import Target
from rtsep.dsp.decibels import to_db, to_gain
from rtsep.errors import RtsepError
from rtsep.mixer.state import LISTED, MixerState, Page, rows_of
from rtsep.surface.surface import Surface

STEP_DB, STEP_SHARE, STEP_S = 1.0, 0.05, 5.0
_DIGITS = tuple("123456789")
_SHIFTED = "!@#$%^&*("  # digits with shift, on the most common keyboard
_LEAST_DB = 0.05  # steps end at whole decibels


@dataclass(frozen=True)
class Key:
    """One row of the table of keys.

    Parameters
    ----------
    names
        Keys as `rtsep.mixer.keys` calls them.
    shown
        What people call them.
    help
        What they do.
    act
        Does it, given the key.
    """

    names: tuple[str, ...]
    shown: str
    help: str
    act: Callable[[Actions, str], None]


class Actions:
    """Turns keys into requests.

    Parameters
    ----------
    surface
        Of the run.
    state
        Of the user.
    """

    def __init__(self, surface: Surface, state: MixerState) -> None:
        self.surface = surface
        self.state = state

    def press(self, key: str) -> None:
        """Do what a key does; what cannot be done becomes a notice."""
        try:
            if self.state.page is Page.NAME:
                self._type(key)
            elif self.state.page in (Page.PRESETS, Page.MODELS) and self._pick(key):
                pass
            else:
                self._act(key)
        except RtsepError as error:
            self.surface.notices.add(str(error))

    def _act(self, key: str) -> None:
        row = next((row for row in KEYS if key in row.names), None)
        solo_next, self.state.solo_next = self.state.solo_next, False
        if solo_next and key in _DIGITS:
            self._switch("solo", int(key) - 1)
        elif row is not None:
            row.act(self, key)

    def mute(self, key: str) -> None:
        """Mute the stem of a digit, or let it sound again."""
        self._switch("mute", int(key) - 1)

    def solo(self, key: str) -> None:
        """Solo the stem of a shifted digit, or end that."""
        self._switch("solo", _SHIFTED.find(key))

    def solo_next(self, _: str) -> None:
        """Take the next digit for a solo."""
        self.state.solo_next = True

    def choose(self, key: str) -> None:
        """Choose the row above or below."""
        count = len(rows_of(self.surface))
        self.state.chosen = (self.state.chosen + (1 if key == "down" else -1)) % max(1, count)

    def move(self, key: str) -> None:
        """Move what is chosen: a fader, or the place in a file."""
        rows = rows_of(self.surface)
        if not rows:
            return
        row, sign = rows[min(self.state.chosen, len(rows) - 1)], 1 if key == "right" else -1
        if row is None:
            self.seek("." if sign > 0 else ",")
        else:
            self._step(row, sign)

    def mask(self, key: str) -> None:
        """Move the mask gain."""
        self._step(Target("mask_gain"), -1 if key in "-_" else 1)

    def bypass(self, _: str) -> None:
        """Compare with the untouched mixture, which is as late as the separated sound."""
        self._toggle(Target("bypass"))

    def record(self, _: str) -> None:
        """Begin a new take, or end the one that is made."""
        self.surface.note_failure(self.surface.record())

    def presets(self, _: str) -> None:
        """Offer the presets."""
        self._offer(Page.PRESETS, [preset.name for preset in self.surface.presets.read()])

    def models(self, _: str) -> None:
        """Offer the models."""
        self._offer(Page.MODELS, list(self.surface.models()))

    def save(self, _: str) -> None:
        """Ask for the name of a preset."""
        self.state.typed = ""
        self._open(Page.NAME)

    def learn(self, _: str) -> None:
        """Bind what is moved next on a controller to the chosen row."""
        rows = rows_of(self.surface)
        target = rows[min(self.state.chosen, len(rows) - 1)] if rows else None
        if target is not None:
            self.surface.note_failure(self.surface.learn(str(target)))
            self.surface.notices.add(f"move what shall be {target}; Esc gives up")

    def pause(self, _: str) -> None:
        """Stand still, or go on."""
        self.surface.note_failure(self.surface.file.pause())

    def seek(self, key: str) -> None:
        """Go back or on in a file."""
        place = self.surface.file.position_s
        self.surface.note_failure(self.surface.file.seek((place or 0.0) + (STEP_S if key == "." else -STEP_S)))

    def loop(self, _: str) -> None:
        """Begin a loop here, end it here and repeat it, or go on without it."""
        place, begin = self.surface.file.position_s, self.state.loop_from_s
        if self.surface.file.loop_s is not None or place is None:
            self.surface.note_failure(self.surface.file.repeat(None))
        elif begin is None or place <= begin:
            self.state.loop_from_s = place
            self.surface.notices.add("a loop begins here; o again where it ends")
        else:
            self.state.loop_from_s = None
            self.surface.note_failure(self.surface.file.repeat((begin, place)))

    def help(self, _: str) -> None:
        """Show the keys, page by page, or hide them."""
        if self.state.page is Page.HELP:
            self.state.help_page += 1
            self._open(Page.HELP if self.state.help_goes_on else Page.NOTICES)
        else:
            self.state.help_page = 0
            self._open(Page.HELP)

    def close(self, _: str) -> None:
        """Close what is open; give up learning."""
        if self.state.page is Page.NOTICES:
            self.surface.note_failure(self.surface.learn(None))
        self._open(Page.NOTICES)

    def quit(self, _: str) -> None:
        """End the run."""
        self.surface.stop()

    def _open(self, page: Page) -> None:
        self.state.page = page

    def _offer(self, page: Page, names: list[str]) -> None:
        """Open a list, or go on to its next names where it is open."""
        behind = self.state.first + LISTED
        self.state.first = behind if self.state.page is page and behind < len(names) else 0
        self.state.listed = names
        self._open(page)

    def _switch(self, name: str, index: int) -> None:
        if 0 <= index < len(self.surface.stems):
            self._toggle(Target(name, self.surface.stems[index]))

    def _toggle(self, target: Target) -> None:
        self.surface.set_linear(target, float(not self.surface.get_linear(target)))

    def _step(self, target: Target, sign: int) -> None:
        value, control = self.surface.get_linear(target), target.control
        if control.kind is Kind.FADER and control.unit is Unit.DB:
            self.surface.set_linear(target, stepped(value, sign, control.floor_db, control.limits_db[1]))
        else:
            self.surface.set_linear(target, round(value / STEP_SHARE + sign) * STEP_SHARE)

    def _pick(self, key: str) -> bool:
        """Take a digit for a name of the open list; False for a key that is none."""
        if key not in _DIGITS:
            return False
        place = self.state.first + int(key) - 1
        if place < len(self.state.listed):
            name = self.state.listed[place]
            called = self.state.page is Page.PRESETS
            self.surface.note_failure(self.surface.call_preset(name) if called else self.surface.play_model(name))
            self._open(Page.NOTICES)
        return True

    def _type(self, key: str) -> None:
        """Take a letter of a name, or what ends it."""
        if key == "enter":
            self._open(Page.NOTICES)
            path = self.surface.save_preset(self.state.typed.strip())
            self.surface.notices.add(f"preset {self.state.typed.strip()} is in {path}")
        elif key == "escape":
            self._open(Page.NOTICES)
        elif key == "backspace":
            self.state.typed = self.state.typed[:-1]
        elif len(key) == 1 or key == "space":
            self.state.typed += " " if key == "space" else key


def stepped(value: float, sign: int, floor_db: float, highest_db: float) -> float:
    """Next linear gain at a whole decibel above or below a gain; below the lowest one is nothing."""
    decibels = to_db(value)
    if decibels < floor_db:
        return to_gain(floor_db) if sign > 0 else 0.0
    edge = (decibels + sign * _LEAST_DB) // STEP_DB * STEP_DB
    target_db = edge + STEP_DB if sign > 0 else edge
    return 0.0 if target_db < floor_db else to_gain(min(target_db, highest_db))


KEYS = (
    Key(_DIGITS, "1 … 9", "mute a stem", Actions.mute),
    Key(tuple(_SHIFTED), "shift and digit", "solo a stem", Actions.solo),
    Key(("s", "S"), "s, then digit", "solo a stem, on any keyboard", Actions.solo_next),
    Key(("up", "down"), "up, down", "choose a row", Actions.choose),
    Key(("left", "right"), "left, right", "move what is chosen, 1 dB or 5 s", Actions.move),
    Key(("+", "=", "-", "_"), "+ -", "mask gain, 1 dB", Actions.mask),
    Key(("b", "B"), "b", "bypass: the untouched mixture, as late as the sound (A/B)", Actions.bypass),
    Key(("r", "R"), "r", "record a new take, and end it", Actions.record),
    Key(("p", "P"), "p, then digit", "call a preset; p again: the next nine", Actions.presets),
    Key(("w", "W"), "w", "save the controls as a preset", Actions.save),
    Key(("m", "M"), "m, then digit", "play another model", Actions.models),
    Key(("l", "L"), "l", "learn: the next knob that is moved moves the chosen row", Actions.learn),
    Key(("space",), "space", "pause a file, and go on", Actions.pause),
    Key((",", "."), ", .", "go back or on in a file, 5 s", Actions.seek),
    Key(("o", "O"), "o", "loop of a file: begin, end and repeat, go on", Actions.loop),
    Key(("?", "h", "H"), "?", "these keys", Actions.help),
    Key(("escape",), "Esc", "close what is open; give up learning", Actions.close),
    Key(("q", "Q"), "q", "quit", Actions.quit),
)


def document() -> str:
    """Table of all keys in Markdown, as it stands in `docs/live.md`."""
    return "\n".join(["| key | what it does |", "|---|---|", *(f"| {row.shown} | {row.help} |" for row in KEYS)])
