"""Level meters drawn with letters."""

from __future__ import annotations

from rtsep.mixer.screen import Line
from rtsep.surface.meters import meter_db

FLOOR_DB = -60.0
"""Left end of a bar; its right end is full scale."""
_WARM_DB, _HOT_DB = -12.0, -3.0
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(rms: float, peak: float, width: int, heard: bool = True, plain: bool = False) -> Line:
    """Draw a meter: a bar up to the mean level, and a mark at the peak.

    Parameters
    ----------
    rms, peak
        Linear.
    width
        Cells that it has.
    heard
        Whether it is heard; what is not is drawn without colour.
    plain
        Whether only ASCII can be written.
    """
    eighths = round(8 * width * _share(rms))
    full, part = divmod(eighths, 8)
    text = ("=" if plain else "█") * full
    if part and not plain:
        text += _EIGHTHS[part]
    text = f"{text:{width}.{width}}"
    mark = min(width - 1, int(width * _share(peak)))
    if peak > 0.0 and mark >= len(text.rstrip()):
        text = text[:mark] + "|" + text[mark + 1:]
    if not heard:
        return [(text, "dim")]
    warm, hot = (round(width * _db_share(edge)) for edge in (_WARM_DB, _HOT_DB))
    return [(text[:warm], "good"), (text[warm:hot], "warm"), (text[hot:], "hot")]


def _share(value: float) -> float:
    return _db_share(meter_db(value))


def _db_share(decibels: float) -> float:
    return min(1.0, max(0.0, 1.0 - decibels / FLOOR_DB))
