"""The panel in a real Chromium: a run that is heard, seen and moved; a page of elsewhere; keyboard, names, a phone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from rtsep.api.access import Access
from tests.panel.contrast import contrasts
from tests.rigs.browser import WAIT_MS, wait_until
from tests.rigs.jack_device import AMPLITUDE, SINK, SOURCE, Devices
from tests.rigs.live import TIMEOUT_S, StartServer, rtsep_live
from tests.rigs.surface import Run

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
Server = pytest.importorskip("rtsep.api.server", reason="pip install 'rtsep[panel]'").Server

TOKEN = "0123456789abcdef"
SECOND = 44100
PICTURE = "id => document.getElementById(id).getContext('2d').getImageData(470, 0, 10, 192).data.join()"
"""The latest columns of a spectrogram."""
HIDE = """hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
    document.dispatchEvent(new Event('visibilitychange')); }"""
SLOW = """() => { window.WebSocket = class extends WebSocket { set onmessage(hear) { super.onmessage = (message) => {
    for (const end = performance.now() + 100; performance.now() < end;) continue; hear(message); }; } }; }"""
"""Makes a computer of it that takes a tenth of a second for each message."""
LEVEL = "wanted => document.querySelector('[data-control=\"level drums\"]').value === wanted"


@pytest.fixture
def page(browser: playwright.Browser, request: pytest.FixtureRequest) -> Iterator[playwright.Page]:
    """Give a page whose errors fail the test; waiting for functions needs the page's own rules to be passed by."""
    if "served" in request.fixturenames:
        request.getfixturevalue("served")  # what is set up first ends last: a page that is open hears its server end
    page = browser.new_page(bypass_csp=True)
    page.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    page.context.close()
    assert errors == []


@pytest.fixture
def served(served_run: Run) -> Iterator[Server]:
    """Give a server of a run that does not play, whose requests are served."""
    with Server(served_run.surface, Access("127.0.0.1", 0)) as server:
        yield server


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.access.port}/"


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.02)


def loudness(devices: Devices) -> float:
    """Level of what comes out from now on, where the tone that goes in has 1."""
    begin = devices.frames + SECOND // 2
    until(lambda: devices.frames > begin + SECOND // 2, "half a second of sound")
    sound = devices.recording()[:, begin:begin + SECOND // 4]
    return float(np.sqrt(np.mean(sound**2)) / (AMPLITUDE / np.sqrt(2.0)))


def test_what_is_heard_is_seen_and_what_is_moved_is_heard(page: playwright.Page, jack: StartServer, tiny_model: Path,
                                                          tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = jack().env
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    options = ("--input", SOURCE, "--output", SINK, "--model", str(tiny_model), "--api", "0")
    with Devices() as devices, rtsep_live(*options, cwd=tmp_path) as run:
        run.wait_for_line("panel: http://127.0.0.1:")
        page.goto(next(line for line in run.lines if "panel: " in line).rpartition("panel: ")[2].strip())
        page.get_by_label("level of guitar", exact=True).wait_for()
        page.get_by_text("playing", exact=True).wait_for()
        assert page.locator("#way").inner_text().startswith("tone")

        page.get_by_label("mask gain", exact=True).fill("-41")  # off: the guitar is all of it
        page.get_by_text("off", exact=True).first.wait_for()
        assert loudness(devices) == pytest.approx(1.0, abs=0.02)
        for picture in ("mixture", "heard"):  # a tone does not change, but the place of the window in it does
            before = page.evaluate(PICTURE, picture)
            wait_until(page, f"before => ({PICTURE})('{picture}') !== before", before)
        middle = page.evaluate("() => [...document.getElementById('heard').getContext('2d')"
                               ".getImageData(478, 0, 1, 192).data].filter((_, at) => at % 4 === 0)")
        bright = 95 - int(np.argmax(middle)) // 2
        assert abs(bright - 96 * np.log(441 / 40) / np.log(16000 / 40)) < 1.0, "the tone is where its pitch is"

        page.get_by_label("level of guitar", exact=True).fill("-20")
        wait_until(page, "document.querySelector('[data-control=\"level guitar\"]').ariaValueText === '-20.0 dB'")
        assert loudness(devices) == pytest.approx(0.1, abs=0.005)
        page.locator("h1").click()
        page.keyboard.press("1")
        page.get_by_role("button", name="mute guitar", pressed=True).wait_for()
        assert loudness(devices) == 0.0
        page.get_by_role("button", name="bypass (A/B)").click()
        page.get_by_role("button", name="bypass (A/B)", pressed=True).wait_for()
        assert loudness(devices) == pytest.approx(1.0, abs=0.02)

        page.get_by_role("button", name="Record").click()
        page.locator("#take", has_text="recording to take, ").wait_for()
        page.get_by_role("button", name="Record").click(click_count=3)  # off, on and off, faster than any answer
        until(lambda: {path.name for path in tmp_path.glob("take*")} == {"take", "take-2"}, "both takes")
        wait_until(page, "document.getElementById('take').textContent === ''")
        page.get_by_role("button", name="Record", pressed=False).wait_for()
        until(lambda: (tmp_path / "take" / "mixture.flac").stat().st_size > 0, "the take")
        assert page.get_by_text("missed hops").locator("xpath=following-sibling::dd").inner_text().isdigit()
        page.goto("about:blank")
        run.process.terminate()
        run.finish()


def test_presets_are_saved_and_called_and_controls_follow_others(page: playwright.Page, served: Server,
                                                                 still_run: Run) -> None:
    page.goto(address(served))
    page.get_by_label("level of drums", exact=True).fill("-12")
    page.get_by_label("save as").fill("soft drums")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("preset soft drums is in").wait_for()
    page.get_by_role("button", name="reset").click()
    wait_until(page, LEVEL, "0")
    page.get_by_label("level of drums", exact=True).fill("-3")
    page.get_by_role("button", name="reset").click()  # while the fader is in the hand: it follows when it is let go
    wait_until(page, LEVEL, "0")
    page.get_by_role("combobox", name="preset").select_option("soft drums")
    wait_until(page, LEVEL, "-12")
    assert still_run.surface.get("level drums") == -12.0
    still_run.surface.set("solo other", True)
    page.get_by_role("button", name="solo other", pressed=True).wait_for()
    still_run.board.missed_hops = 7
    wait_until(page, "document.querySelector('dd.trouble')?.textContent === '7'")


def test_a_broken_file_of_presets_is_told_and_the_panel_plays_on(page: playwright.Page, served: Server, still_run: Run,
                                                                 tmp_path: Path) -> None:
    (tmp_path / "presets.yaml").write_text("verse: [")
    page.goto(address(served))
    page.get_by_role("log").get_by_text("presets.yaml").first.wait_for()
    still_run.surface.set("mute drums", True)
    page.get_by_role("button", name="mute drums", pressed=True).wait_for()


def test_a_hidden_page_costs_nothing_and_is_in_time_when_it_is_shown_again(page: playwright.Page, served: Server,
                                                                           still_run: Run) -> None:
    tone = np.sin(2 * np.pi * 46 * np.arange(4096) / 2048).astype(np.float32)[np.newaxis]
    page.goto(address(served))
    page.get_by_label("level of drums", exact=True).wait_for()
    wait_until(page, f"({PICTURE})('heard').split(',')[3] === '255'")  # silence, drawn
    page.evaluate(HIDE, True)
    page.get_by_role("button", name="mute drums").click()  # answered after what came before it
    page.get_by_role("button", name="mute drums", pressed=True).wait_for()
    silence = page.evaluate(PICTURE, "heard")
    still_run.session.memory.scope.write(tone, tone)
    still_run.surface.set("level drums", -6)
    wait_until(page, LEVEL, "-6")
    assert page.evaluate(PICTURE, "heard") == silence, "nothing is drawn"
    page.evaluate(HIDE, False)
    wait_until(page, f"before => ({PICTURE})('heard') !== before", silence)


def test_a_slow_page_shows_what_is_now(page: playwright.Page, served: Server, still_run: Run) -> None:
    page.add_init_script(f"({SLOW})()")
    page.goto(address(served))
    page.get_by_label("level of drums", exact=True).wait_for()
    time.sleep(5.0)  # in which thirty spectra a second would have become twenty seconds of work
    still_run.surface.set("mute drums", True)
    page.get_by_role("button", name="mute drums", pressed=True).wait_for(timeout=WAIT_MS / 6)


def test_learning_takes_a_click_and_moves_nothing(page: playwright.Page, served: Server, still_run: Run) -> None:
    page.goto(address(served))
    page.get_by_role("button", name="MIDI learn").click()
    page.get_by_role("button", name="mute guitar").click()
    page.get_by_text("nothing listens to MIDI in this run").wait_for()
    assert still_run.surface.get("mute guitar") is False
    page.get_by_role("button", name="mute guitar").click()
    page.get_by_role("button", name="mute guitar", pressed=True).wait_for()
    assert still_run.surface.get("mute guitar") is True


def test_a_lost_device_and_a_lost_program_are_told(browser: playwright.Browser, still_run: Run) -> None:
    page = browser.new_page()
    with Server(still_run.surface, Access("127.0.0.1", 0)) as server:
        page.goto(address(server))
        page.get_by_text("playing", exact=True).wait_for(timeout=WAIT_MS)
        still_run.session.state.waiting = True
        page.get_by_text("waiting for the device").wait_for(timeout=WAIT_MS)
    page.get_by_text("no connection to the program").wait_for(timeout=WAIT_MS)
    still_run.session.state.waiting = False
    with Server(still_run.surface, Access("127.0.0.1", server.access.port)):
        page.get_by_text("playing", exact=True).wait_for(timeout=WAIT_MS)  # it has come back by itself
    page.context.close()


HOSTILE = """<script>
const done = [];
const socket = new WebSocket("ws://127.0.0.1:%PORT%/socket");
socket.onopen = () => { socket.send(JSON.stringify({SetControl: {bypass: true}})); done.push("open"); };
socket.onmessage = () => done.push("message");
socket.onclose = () => done.push("closed");
fetch("http://127.0.0.1:%PORT%/").then((reply) => reply.text()).then((text) => done.push("read " + text.length),
                                                                    () => done.push("not read"));
const picture = new Image();
picture.onload = () => done.push("loaded"); picture.onerror = () => done.push("not loaded");
picture.src = "http://127.0.0.1:%PORT%/panel.css";
const frame = document.createElement("iframe"); frame.src = "http://127.0.0.1:%PORT%/";
document.documentElement.append(frame);
</script>"""


def test_a_page_of_elsewhere_gets_nothing(browser: playwright.Browser, served: Server, still_run: Run,
                                          tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(HOSTILE.replace("%PORT%", str(served.access.port)))
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://localhost:{elsewhere.server_port}/")
        wait_until(page, "done.length >= 3")
        assert sorted(page.evaluate("done")) == ["closed", "not loaded", "not read"]
        wait_until(page, "document.querySelector('iframe').contentDocument === null")
        page.context.close()
        elsewhere.shutdown()
    assert still_run.surface.get("bypass") is False
    assert served.clients == 0


def test_a_wrong_token_gets_no_page(browser: playwright.Browser, still_run: Run) -> None:
    with Server(still_run.surface, Access("127.0.0.1", 0, TOKEN)) as server:
        page = browser.new_page()
        for query in ("", "?token=fedcba9876543210"):
            reply = page.goto(f"{address(server)}{query}")
            assert reply is not None
            assert reply.status == 403
            assert page.locator("body").inner_text().strip() == "rtsep: the token is missing or wrong"
        page.goto(f"{address(server)}?token={TOKEN}")
        page.get_by_text("playing", exact=True).wait_for(timeout=WAIT_MS)
        assert TOKEN not in page.url
        page.context.close()


def test_every_control_has_a_name(page: playwright.Page, served: Server) -> None:
    page.goto(address(served))
    page.get_by_label("level of drums", exact=True).wait_for()
    wait_until(page, "document.querySelector('[data-control=mask_gain]').ariaValueText")
    tree = page.locator("body").aria_snapshot()
    for line in ('- heading "rtsep"', '- region "Spectrograms"', '- img "Spectrogram of what is heard"',
                 '- group "1 drums"', '- meter "meter of drums"', '- slider "level of drums"', '- button "mute drums"',
                 '- button "solo other"', '- slider "mask gain"', '- slider "wet"', '- button "bypass (A/B)"',
                 '- button "reset"', '- button "Record"', '- combobox "preset"', '- combobox "model"', "- log"):
        assert line in tree, tree
    assert tree.count("- status") <= 2, "what changes all the time is not said aloud"
    focused = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        focused.add(page.evaluate("document.activeElement.dataset.control ?? document.activeElement.id"))
    assert {"level drums", "mute drums", "solo other", "mask_gain", "wet", "bypass", "reset", "record", "preset",
            "model", "learn"} <= focused


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: playwright.Page, served: Server, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(address(served))
    pairs = [("ink", "card"), ("ink", "ground"), ("soft", "card"), ("soft", "ground"), ("on-accent", "accent"),
             ("on-hot", "hot"), ("hot", "card"), ("warm", "card")]
    for pair, contrast in contrasts(page, pairs).items():
        assert contrast >= 4.5, pair  # WCAG 2, level AA


def test_it_fits_on_a_phone(browser: playwright.Browser, served: Server, still_run: Run) -> None:
    still_run.surface.save_preset("a long name " * 6)
    page = browser.new_page(viewport={"width": 360, "height": 740}, has_touch=True)
    page.goto(address(served))
    page.get_by_label("level of other", exact=True).wait_for(timeout=WAIT_MS)
    page.get_by_role("option", name="a long name").wait_for(state="attached", timeout=WAIT_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    heights = page.evaluate("[...document.querySelectorAll('button')].filter((one) => !one.hidden)"
                            ".map((one) => one.getBoundingClientRect().height)")
    assert min(heights) >= 40, "a finger finds it"
    page.get_by_role("button", name="mute drums").tap()
    page.get_by_role("button", name="mute drums", pressed=True).wait_for(timeout=WAIT_MS)
    page.context.close()
