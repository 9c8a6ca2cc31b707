"""Outputs of the sound menu that take an instrument out, "Music without guitar": a configuration file for PipeWire.

PipeWire runs the LV2 plugin itself, in its filter chain; nothing of Python runs while it plays.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rtsep.errors import ConfigError

PLUGIN = "urn:rtsep:remove"
BUNDLE = "rtsep.lv2"
SAMPLERATE = 48_000  # of PipeWire's graph, unless somebody has changed it
_MARK = "# Written by rtsep pipewire install; rtsep pipewire remove takes it away."


def sink_name(stem: str) -> str:
    """Name by which programs ask for the output without a stem."""
    return f"rtsep.without_{_symbol(stem)}"


def configuration(stems: Sequence[str]) -> str:
    """Text of the file: an output without each of some stems."""
    sinks = ",\n".join(json.dumps(_sink(stem), indent=2) for stem in stems)
    return f"{_MARK}\ncontext.modules = [\n{sinks}\n]\n"


def configuration_file() -> Path:
    """Where PipeWire reads it from."""
    root = os.environ.get("XDG_CONFIG_HOME")
    return (Path(root) if root else Path.home() / ".config") / "pipewire" / "pipewire.conf.d" / "rtsep.conf"


def install(stems: Sequence[str]) -> Path:
    """Write the file; return where it is.

    Raises
    ------
    ConfigError
        When this is no Linux, the plugin is not installed or has no such stem, or another file is in the way.
    """
    if not sys.platform.startswith("linux"):
        raise ConfigError("PipeWire is part of Linux only; on this system use a virtual sound card and rtsep live")
    known = _plugin_stems()
    for stem in stems:
        if stem not in known:
            raise ConfigError(f"the installed plugin has no stem {stem!r}; it has {', '.join(known)}")
    path = configuration_file()
    _refuse_foreign(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(configuration(stems))
    return path


def remove() -> Path | None:
    """Take the file away; return where it was, or None where there was none.

    Raises
    ------
    ConfigError
        When rtsep has not written it.
    """
    path = configuration_file()
    if not path.exists():
        return None
    _refuse_foreign(path)
    path.unlink()
    return path


def _sink(stem: str) -> dict[str, object]:
    """Describe an output, as module-filter-chain of PipeWire reads it."""
    sound = {"audio.rate": SAMPLERATE, "audio.channels": 2, "audio.position": ["FL", "FR"]}
    title = f"Music without {stem}"
    graph = {"nodes": [{"type": "lv2", "name": "remove", "plugin": PLUGIN, "control": {f"mute_{_symbol(stem)}": 1.0}}],
             "inputs": ["remove:in_left", "remove:in_right"], "outputs": ["remove:out_left", "remove:out_right"]}
    return {"name": "libpipewire-module-filter-chain", "flags": ["nofail"],
            "args": {"node.description": title, "media.name": title, "filter.graph": graph,
                     "capture.props": {"node.name": sink_name(stem), "media.class": "Audio/Sink"} | sound,
                     "playback.props": {"node.name": f"{sink_name(stem)}.output", "node.passive": True} | sound}}


def _plugin_stems() -> list[str]:
    """Stems of the installed plugin."""
    folders = list(_plugin_folders())
    for folder in folders:
        try:
            text = (folder / BUNDLE / "remove.ttl").read_text()
        except OSError:
            continue
        return re.findall(r'lv2:name "([^"]+): mute"', text)
    raise ConfigError(f"the LV2 plugin is not installed: there is no {BUNDLE} in {', '.join(map(str, folders))}; "
                      "make install-plugin builds it there")


def _plugin_folders() -> Iterator[Path]:
    """Folders in which hosts look for LV2 plugins."""
    given = os.environ.get("LV2_PATH")
    yield from (Path(part).expanduser() for part in given.split(os.pathsep)) if given else (
        Path.home() / ".lv2", Path("/usr/local/lib/lv2"), Path("/usr/lib/lv2"), Path("/usr/lib64/lv2"))


def _refuse_foreign(path: Path) -> None:
    """Refuse to touch a file of somebody else."""
    try:
        if path.exists() and not path.read_text().startswith(_MARK):
            raise ConfigError(f"{path} is not from rtsep: move it away, then try again")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from None


def _symbol(name: str) -> str:
    """Write a name as ports of the plugin have it."""
    return re.sub(r"\W", "_", name)
