"""What the surface shows, as values that JSON knows."""

from __future__ import annotations

from typing import Any

from rtsep.controls.table import CONTROLS, Control, Kind, Unit
from rtsep.controls.units import plain_value
from rtsep.surface.meters import meter_db
from rtsep.surface.notices import NoticeLine
from rtsep.surface.spectrum import band_spectrum
from rtsep.surface.surface import Surface

Document = dict[str, Any]


def state_document(surface: Surface) -> Document:
    """Say what the run is at; null where something is not known, or not the case."""
    state, file, latency = surface.state, surface.file, surface.latency_frames
    return {
        "phase": surface.phase.value, "model": state.model, "stems": list(surface.stems),
        "executor": surface.executor, "input": None if state.started is None else state.started.input,
        "output": None if state.started is None else state.started.output, "samplerate": surface.samplerate,
        "split": state.settings.split, "heard": surface.heard(), "seconds": round(surface.seconds, 3),
        "latency_frames": latency, "latency_ms": None if latency is None else round(
            1e3 * latency / surface.samplerate, 2),
        "load": round(surface.history.load, 4), "missed_hops": surface.board.missed_hops,
        "late_blocks": surface.board.late_blocks, "input_xruns": surface.board.input_xruns,
        "output_xruns": surface.board.output_xruns,
        "recording": None if surface.recording is None else str(surface.recording),
        "recorded_s": round(surface.recorded_s, 1),
        "position_s": None if file.position_s is None else round(file.position_s, 2),
        "length_s": None if file.length_s is None else round(file.length_s, 2), "paused": file.paused,
        "loop_s": file.loop_s, "moved": state.moved, "history": surface.history.total}


def controls_document(surface: Surface) -> Document:
    """Value of every fader and switch by its name, as people write it, and of the preset that was called last."""
    found: Document = {str(target): plain_value(target.control, surface.get_linear(target))
                       for target in surface.targets()}
    return found | {"preset": surface.get("preset")} if found else found


def table_document() -> list[Document]:
    """Return the rows of the table of controls."""
    return [_row(control) for control in CONTROLS]


def _row(control: Control) -> Document:
    decibels = control.kind is Kind.FADER and control.unit is Unit.DB
    return {"name": control.name, "kind": control.kind.name.lower(), "per_stem": control.per_stem,
            "help": control.help, "unit": None if control.kind is not Kind.FADER else "dB" if decibels else "share",
            "lowest": control.limits_db[0] if decibels else 0.0,
            "highest": control.limits_db[1] if decibels else control.highest, "floor": control.floor_db}


def meters_document(surface: Surface) -> Document:
    """All meters, in dB, rounded to a tenth; those of the stems before their level."""
    view = surface.meters()
    return {"seconds": round(surface.seconds, 3), "input": _db(view.input_peak), "output": _db(view.output_peak),
            "stems": {stem: {"peak": _db(meter.peak), "rms": _db(meter.rms), "gain": _db(meter.gain)}
                      for stem, meter in zip(view.names, view.stems, strict=True)}}


def spectra_document(surface: Surface) -> Document:
    """Spectra of the mixture and of what is heard, of the same moment."""
    spectrum = band_spectrum(surface.samplerate)
    mixture, heard = spectrum.levels(surface.scope(spectrum.frames)).tolist()
    return {"seconds": round(surface.seconds, 3), "mixture": mixture, "heard": heard}


def history_document(surface: Surface) -> Document:
    """Load, missed hops and latency by half seconds."""
    entries = list(surface.history.entries)
    return {"total": surface.history.total, "load": [round(entry.load, 4) for entry in entries],
            "missed": [entry.missed for entry in entries], "latency": [entry.latency for entry in entries]}


def notice_document(line: NoticeLine) -> Document:
    """Return a notice, with its time in seconds since the epoch."""
    return {"time_s": round(line.time_s, 3), "text": line.text}


def _db(value: float) -> float:
    return round(meter_db(value), 1)
