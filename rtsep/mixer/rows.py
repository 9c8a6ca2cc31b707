"""The lines of the mixer, made from the surface: nothing here draws."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from rtsep.controls.targets import Target
from rtsep.controls.units import write_value
from rtsep.live.counters import status
from rtsep.live.session.run_state import Phase
from rtsep.mixer.actions import KEYS
from rtsep.mixer.bars import bar
from rtsep.mixer.screen import Line
from rtsep.mixer.state import LISTED, MixerState, Page, rows_of
from rtsep.surface.meters import MeterView, StemMeter, meter_db
from rtsep.surface.surface import Surface

_WIDE = 64  # cells from which on everything has room
_HOLD_S = 2.0  # for which a meter says that full scale was reached
_NEW_S = 5.0  # for which a notice is shown where there is no room for it
_LISTED = 8  # lines that a list needs
_SILENT_S = 3.0  # at the input, after which a hint is shown
_LOADS = " ▁▂▃▄▅▆▇█"


def lines(surface: Surface, state: MixerState, width: int, height: int, plain: bool) -> list[Line]:
    """Everything, as many lines as there are.

    Parameters
    ----------
    surface, state
        What is shown.
    width, height
        Of the terminal, in cells.
    plain
        Whether only ASCII can be written.
    """
    head, hint = list(_head(surface, width, plain)), list(_hint(surface))
    body = list(_meters(surface, state, width, plain)) if surface.stems else []
    top, room = _fitted(head, hint, body, state.chosen + 1, height - 1), height - 1
    if state.page is Page.HELP or (state.page is not Page.NOTICES and room - len(top) < _LISTED):  # it needs the room
        top = head[:1]
    room -= len(top)
    page = _page(surface, state, width, room)
    return [*top, *page, *[[] for _ in range(room - len(page))], _foot(surface, state, hidden=room < 2)][:height]


def _fitted(head: list[Line], hint: list[Line], body: list[Line], chosen: int, room: int) -> list[Line]:
    """Put parts below one another; where there is too little room, leave lines out, the chosen one last of all."""
    head = head[:max(1, room - len(hint) - len(body))]
    head += hint
    if room > len(head) + len(body):
        head.append([])
    left = max(0, room - len(head))
    first = max(0, min(chosen - left // 2, len(body) - left))
    return [*head, *body[first:first + left]]


def _head(surface: Surface, width: int, plain: bool) -> Iterator[Line]:
    """Say what plays, what is heard and how it goes, on as few lines as hold it."""
    state = surface.state
    clock = _clock(surface.seconds)
    recording = surface.recording
    marks: Line = [] if recording is None else [
        (" REC ", "hot"), (f"{_clock(surface.recorded_s)} to {recording.name}", "")]
    if state.loaded is None or state.started is None:
        yield [("rtsep ", "title"), (f"{state.model}: {surface.phase.value}", "strong")]
        return
    model = f"{state.loaded.model}, {surface.executor}"
    yield [("rtsep ", "title"), (clock, "strong"), *marks, (f"  {state.started.input} > {state.started.output}", "")]
    latency = surface.latency_frames
    late = "latency unknown" if latency is None else f"latency {1e3 * latency / surface.samplerate:.1f} ms"
    counts = status(lambda name: float(getattr(surface.board, name)))
    items = [f"hearing {surface.heard()}", model, late, f"load {surface.history.load:.0%}{_loads(surface, plain)}",
             counts]
    if surface.get("preset"):
        items.insert(1, f"preset {surface.get('preset')}")
    trouble = bool(surface.board.missed_hops or surface.board.late_blocks)
    yield from ([(text, "warm" if trouble and counts in text else "")] for text in flow(items, width, 4))
    if state.moved:
        yield [(f"MIDI {' '.join(state.moved.split())}", "dim")]


def flow(items: Sequence[str], width: int, most: int) -> list[str]:
    """Lay items out on lines of a width, as many lines as needed, at most so many."""
    found = [""]
    for item in items:
        joined = f"{found[-1]}  {item}" if found[-1] else item
        if cell_len(joined) <= width or not found[-1]:
            found[-1] = joined
        else:
            found.append(item)
    return found[:most]


def _hint(surface: Surface) -> Iterator[Line]:
    """Say what the user should do now, if anything."""
    if surface.phase is Phase.WAITING:
        yield [("waiting for the device: the music goes on when it is back", "hot")]
    elif surface.phase is Phase.PLAYING and surface.nothing_arrives_s > _SILENT_S:
        source = "" if surface.state.started is None else surface.state.started.input
        jack = "JACK" in source
        yield [("nothing arrives" + (" at rtsep:in_1, connect the player" if jack else f" from {source}"), "warm")]


def _meters(surface: Surface, state: MixerState, width: int, plain: bool) -> Iterator[Line]:
    """Yield a row a stem, the whole, and the place in a file."""
    view = surface.meters()
    name_width = max(5, *(min(9, len(stem)) for stem in surface.stems)) if width >= _WIDE else 6
    yield _whole("in", view.input_peak, name_width, width, state, plain)
    rows = rows_of(surface)
    for index, target in enumerate(rows):
        mark = ">" if index == state.chosen else " "
        if target is None:
            yield _place(surface, mark, state, width, plain)
        elif target.item is None:
            yield _fader(surface, target, mark, name_width, width, plain)
        else:
            yield _stem(surface, target, index, view, mark, name_width, width, state, plain)
    yield _whole("out", view.output_peak, name_width, width, state, plain)


def _stem(surface: Surface, target: Target, index: int, view: MeterView, mark: str, name_width: int, width: int,
          state: MixerState, plain: bool) -> Line:
    stem, meter = str(target.item), view.stems[index]
    muted, soloed = (bool(surface.get_linear(Target(name, stem))) for name in ("mute", "solo"))
    level = write_value(target.control, surface.get_linear(target))
    right = f" {level:>8} "
    title = f"{mark}{index + 1} {stem:{name_width}.{name_width}} "
    peak = f" {_peak(meter.peak)}" if width >= _WIDE else ""
    room = max(4, width - len(title) - len(right) - len(peak) - 4)
    gain = meter.gain if meter.gain > 0.0 else 1.0
    shown = StemMeter(meter.peak * gain, meter.rms * gain, meter.gain)
    style = "chosen" if mark == ">" else ""
    return [(title, style), *bar(shown.rms, shown.peak, room, meter.gain > 0.0, plain),
            (peak, "hot" if _clipped(state, stem, shown.peak) else "dim"), (right, style),
            ("M" if muted else ".", "hot" if muted else "dim"), (" ", ""),
            ("S" if soloed else ".", "warm" if soloed else "dim")]


def _whole(name: str, peak: float, name_width: int, width: int, state: MixerState, plain: bool) -> Line:
    """Peak of the input or the output."""
    title = f"   {name:{name_width}} "
    over = _clipped(state, name, peak)
    text = f" {_peak(peak)}{' CLIP' if over else ''}"
    room = max(4, width - len(title) - 12)
    return [(title, ""), *bar(peak, peak, room, True, plain), (text, "hot" if over else "dim")]


def _fader(surface: Surface, target: Target, mark: str, name_width: int, width: int, plain: bool) -> Line:
    """Draw a fader of the whole: where it stands between the ends of a knob."""
    value = surface.get_linear(target)
    name = {"mask_gain": "mask", "wet": "wet"}[target.name]
    title, text = f"{mark}  {name:{name_width}} ", f" {write_value(target.control, value):>8}"
    room = max(4, width - len(title) - 12)
    share = value if target.name == "wet" else 0.5 + meter_db(value) / 80.0
    at = min(room - 1, max(0, round(share * (room - 1))))
    line, knob = ("-", "O") if plain else ("─", "●")
    style = "chosen" if mark == ">" else ""
    return [(title, style), (line * at, "dim"), (knob, "strong"), (line * (room - 1 - at), "dim"), (text, style)]


def _place(surface: Surface, mark: str, state: MixerState, width: int, plain: bool) -> Line:
    """Place in a file, and its loop."""
    at, length, loop = surface.file.position_s or 0.0, surface.file.length_s, surface.file.loop_s
    text = f" {_clock(at)}{'' if length is None else f' / {_clock(length)}'}"
    if loop is not None:
        text += f"  loop {_clock(loop[0])}-{_clock(loop[1])}"
    elif state.loop_from_s is not None:
        text += f"  loop from {_clock(state.loop_from_s)}"
    title = f"{mark}  {'pause' if surface.file.paused else 'file '} "
    room = max(4, width - len(title) - len(text) - 1)
    done = 0 if not length else min(room, round(room * at / length))
    full, empty = ("=", "-") if plain else ("━", "─")
    style = "chosen" if mark == ">" else ""
    return [(title, style), (full * done, "strong"), (empty * (room - done), "dim"), (text, style)]


def _page(surface: Surface, state: MixerState, width: int, room: int) -> list[Line]:
    """Return what is open below the meters, or the latest notices."""
    if room <= 0:
        return []
    title: Line = [(f"-- {state.page.value} ", "dim"), ("-" * max(0, width - len(state.page.value) - 4), "dim")]
    if state.page is Page.HELP:
        return [title, *_help(state, width, room - 1)]
    if state.page is Page.NAME:
        return [title, [("name: ", ""), (state.typed[-max(1, width - 8):] + "_", "strong"),
                        ("   Enter saves, Esc does not", "dim")]]
    if state.page is not Page.NOTICES:
        names = [[(f" {number} ", "strong"), (name, "")]
                 for number, name in enumerate(state.listed[state.first:state.first + LISTED], 1)]
        return [title, *(names or [[("there are none; w saves the controls as one", "")]])][:room]
    wrapped = [part for line in surface.notices.latest(room) for part in _wrapped(line.clock, line.text, width)]
    return [title, *wrapped[-(room - 1):]] if room > 1 else []


def _wrapped(title: str, text: str, width: int) -> list[Line]:
    """Break a text behind a title into lines between words; continued lines are set in."""
    room = max(10, width - len(title) - 1)
    broken = [""]
    for word in text.split():
        if broken[-1] and len(broken[-1]) + 1 + len(word) > room:
            broken.append(word)
        else:
            broken[-1] = f"{broken[-1]} {word}".strip()
    return [[(title if not number else " " * len(title), "dim"), (f" {part}", "")]
            for number, part in enumerate(broken)]


def _help(state: MixerState, width: int, room: int) -> list[Line]:
    """Return a page of the keys."""
    column = 16 if width >= _WIDE else 11
    found = [line for row in KEYS for line in _wrapped(f"{row.shown.replace('…', '-'):{column}}", row.help, width)]
    start = state.help_page * room
    state.help_goes_on = len(found) > start + room
    return found[start:start + room]


def _foot(surface: Surface, state: MixerState, hidden: bool) -> Line:
    """Say which keys there are; where notices are hidden, the latest one while it is new."""
    latest = surface.notices.latest(1)
    if hidden and latest and time.time() - latest[0].time_s < _NEW_S:
        return [(latest[0].text, "strong")]
    if state.solo_next:
        return [("solo: which stem? 1-9", "strong")]
    if state.page is Page.HELP:
        return [("? goes on, Esc closes" if state.help_goes_on else "? or Esc closes", "dim")]
    if state.page in (Page.PRESETS, Page.MODELS):
        more = f"{state.page.value[0]} goes on, " if len(state.listed) > LISTED else ""
        return [(f"a digit chooses, {more}Esc closes", "dim")]
    return [("q quit" if surface.phase is Phase.LOADING else "? keys  q quit  1-9 mute  b bypass  r record", "dim")]


def _loads(surface: Surface, plain: bool) -> str:
    """Draw the load of the last seconds, with ! where hops were missed."""
    if plain:
        return ""
    return " " + "".join("!" if entry.missed else _LOADS[min(8, round(8 * entry.load))]
                         for entry in list(surface.history.entries)[-12:])


def _clipped(state: MixerState, name: str, peak: float) -> bool:
    """Whether a meter has reached full scale a moment ago."""
    now = time.monotonic()
    if peak >= 1.0:
        state.clips[name] = now
    return now - state.clips.get(name, -_HOLD_S) < _HOLD_S


def _peak(value: float) -> str:
    return f"{meter_db(value):6.1f}" if value > 1e-5 else "   ---"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
