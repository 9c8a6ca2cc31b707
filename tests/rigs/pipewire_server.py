"""A real PipeWire with a session manager and a sink without a sound card, in a world of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TIMEOUT_S = 30.0
PROGRAMS = ("pipewire", "wireplumber", "dbus-run-session", "pw-dump", "pw-play", "pw-record")
SINK = "silent"
_SINK_CONFIGURATION = f"""context.objects = [
  {{ factory = adapter
     args = {{ factory.name = support.null-audio-sink, node.name = "{SINK}", media.class = Audio/Sink,
               audio.position = [ FL FR ], object.linger = true }} }}
]
"""


def missing_parts(*further: str) -> str:
    """Say what has to be installed before it can be started; empty where nothing is."""
    missing = [name for name in (*PROGRAMS, *further) if shutil.which(name) is None]
    return f"no {', '.join(missing)}: apt install pipewire-bin pipewire-jack wireplumber dbus" if missing else ""


class PipeWire:
    """A running server, and the environment in which clients find it."""

    def __init__(self, process: subprocess.Popen[bytes], env: dict[str, str]) -> None:
        self.process, self.env = process, env

    @property
    def jack_env(self) -> dict[str, str]:
        """Environment of programs that speak JACK with it, as `pw-jack` sets it."""
        done = subprocess.run(["pw-jack", "env"], env=self.env, capture_output=True, text=True, check=True,
                              timeout=TIMEOUT_S)
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("LD_")) | self.env

    def links(self) -> set[tuple[str, str]]:
        """All connections, each the port that plays and the one that hears."""
        done = subprocess.run(["pw-link", "-l"], env=self.env, capture_output=True, text=True, timeout=TIMEOUT_S)
        found, port = set(), ""
        for line in done.stdout.splitlines():
            if not line.startswith(" "):
                port = line
            elif line.startswith("  |-> "):
                found.add((port, line.removeprefix("  |-> ")))
        return found

    def link(self, source: str, sink: str) -> bool:
        """Connect two ports as a user does; False where one is not there yet."""
        return subprocess.run(["pw-link", source, sink], env=self.env, capture_output=True,
                              timeout=TIMEOUT_S).returncode == 0

    def nodes(self) -> list[str]:
        """Names of all nodes; none where the server does not answer."""
        done = subprocess.run(["pw-dump"], env=self.env, capture_output=True, text=True, timeout=TIMEOUT_S)
        with suppress(json.JSONDecodeError):
            found = [(one.get("info") or {}).get("props") or {} for one in json.loads(done.stdout)]
            return [props["node.name"] for props in found if "node.name" in props]
        return []

    def wait_for(self, name: str) -> None:
        """Wait for a node."""
        end = time.monotonic() + TIMEOUT_S
        while name not in self.nodes():
            assert self.process.poll() is None, "the server has ended"
            assert time.monotonic() < end, f"no node {name}, there are {self.nodes()}"
            time.sleep(0.1)

    def play(self, song: Path, target: str, take: Path) -> None:
        """Play a song to a node, and record what the silent sink gets meanwhile, as floats."""
        recorder = subprocess.Popen(["pw-record", "--target", SINK, "-P", "{ stream.capture.sink = true }", "--rate",
                                     "48000", "--channels", "2", "--format", "f32", str(take)], env=self.env)
        try:
            self.wait_for("pw-record")
            subprocess.run(["pw-play", "--target", target, str(song)], env=self.env, check=True, timeout=TIMEOUT_S)
        finally:
            recorder.send_signal(signal.SIGINT)
            recorder.wait(TIMEOUT_S)


@contextmanager
def running_pipewire(folder: Path, **env: str) -> Iterator[PipeWire]:
    """Start it with `folder/config` as the user's settings; it ends however the block is left."""
    for name in ("run", "home", "config/pipewire/pipewire.conf.d"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "run").chmod(0o700)
    (folder / "config" / "pipewire" / "pipewire.conf.d" / "sink.conf").write_text(_SINK_CONFIGURATION)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBUS_", "PIPEWIRE_", "DISPLAY"))}
    kept |= {"XDG_RUNTIME_DIR": str(folder / "run"), "XDG_CONFIG_HOME": str(folder / "config"),
             "XDG_STATE_HOME": str(folder / "home"), "HOME": str(folder / "home")} | env
    process = subprocess.Popen(["dbus-run-session", "--", "sh", "-c", "pipewire & sleep 0.5; exec wireplumber"],
                               env=kept, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        server = PipeWire(process, kept)
        server.wait_for(SINK)
        yield server
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            time.sleep(0.5)
        process.wait(TIMEOUT_S)
