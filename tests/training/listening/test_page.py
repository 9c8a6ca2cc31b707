"""The page in a real Chromium: from the first click to the tables."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.panel.contrast import contrasts
from tests.rigs.browser import WAIT_MS
from training.cli import main
from training.listening.build import build
from training.listening.serve import TestServer
from training.listening.sessions import Session, read_key, read_sessions

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")

LIKED = {"reference": 5, "gru-3": 4, "wave-u-net": 3, "anchor": 1}
FASTER = """const RealTimeAudio = Audio;
    Audio = function (source) { return Object.assign(new RealTimeAudio(source), {defaultPlaybackRate: 8}); };"""


@pytest.fixture
def page(browser: playwright.Browser) -> Iterator[playwright.Page]:
    """Give a page that plays eight times as fast and whose console errors fail the test."""
    context = browser.new_context(accept_downloads=True)
    context.add_init_script(FASTER)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert errors == []


class Listener:
    """Someone with a taste who uses the page with the mouse or with the keyboard."""

    def __init__(self, page: playwright.Page, key: Path, keyboard: bool) -> None:
        self.page, self.keyboard = page, keyboard
        self.key = json.loads(key.read_text())

    def begin(self, name: str) -> None:
        self.page.get_by_label("Your name or code").fill(name)
        self.press_or_click("Enter", "Begin")

    def answer(self) -> bool:
        """Hear and answer one trial; False when there is none left."""
        clips = self.page.evaluate("trial && trial.clips")
        if not clips:
            return False
        for name in ("A", "B") if len(clips) == 2 else ("P",):
            self.press_or_click(name, f"Play {name}" if len(clips) == 2 else "Play the sound")
            self.page.wait_for_function("name => trial.players['AB'.includes(name) ? 'AB'.indexOf(name) : 0].heard",
                                        arg=name)
        score = self.score(clips)
        if self.keyboard:
            self.page.keyboard.press(str(score if len(clips) == 1 else score + (4 if self.scale == "seven" else 2)))
            self.page.keyboard.press("Enter")
        else:
            self.page.locator(f"input[name=score][value='{score}']").check()
            self.page.get_by_role("button", name="Next").click()
        return True

    def score(self, clips: list[str]) -> int:
        """Rate what is liked high; the second of a pair better where it is liked more."""
        liked = [LIKED[self.key["clips"][name]["system"]] for name in clips]
        return liked[0] if len(clips) == 1 else liked[1] - liked[0]

    @property
    def scale(self) -> str:
        return self.key["scale"]

    def press_or_click(self, key: str, button: str) -> None:
        if self.keyboard:
            self.page.keyboard.press(key)
        else:
            self.page.get_by_role("button", name=button).click()

    def save(self, folder: Path) -> Path:
        with self.page.expect_download() as download:
            self.press_or_click("Tab", "Save answers")
            if self.keyboard:
                self.page.keyboard.press("Enter")
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path


@pytest.mark.parametrize(("keyboard", "scale"), [(False, "seven"), (True, "three")])
def test_from_the_first_click_to_the_tables(page: playwright.Page, clips: Path, tmp_path: Path,
                                            capsys: pytest.CaptureFixture[str], keyboard: bool, scale: str) -> None:
    results = tmp_path / "results"
    assert main(["listening-test", "build", str(clips), str(results / "test.html"), "--levels", scale]) == 0
    page.goto((results / "test.html").as_uri())
    listener = Listener(page, results / "test.key.json", keyboard)
    listener.begin("Ann B.")
    while listener.answer():
        pass
    saved = listener.save(results)
    assert saved.name.startswith("Ann_B_-")
    capsys.readouterr()
    assert main(["listening-test", "results", str(results)]) == 0
    table = capsys.readouterr().out
    for row in ("| gru-3 | 4.00 | 4.00 |", "| wave-u-net | 3.00 | 3.00 |", "| hidden reference | 5.00 | 5.00 |",
                "| low anchor | 1.00 | 1.00 |"):
        assert row in table
    assert "| guitar | gru-3 | wave-u-net | 100 % (21 to 100) | 0 % (0 to 79) | 0 % (0 to 79) |" in table


def sessions(folder: Path) -> list[Session]:
    return read_sessions(folder, read_key(next(folder.glob("*.key.json"))))


def test_an_answer_waits_for_the_whole_sound(page: playwright.Page, clips: Path, tmp_path: Path) -> None:
    listener = Listener(page, build(clips, tmp_path / "test.html", "seven"), True)
    page.goto((tmp_path / "test.html").as_uri())
    listener.begin("eager")
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    assert page.locator("#progress-text").inner_text() == "1 of 10"
    assert page.get_by_role("button", name="Next").is_disabled()
    assert page.get_by_role("radio").first.is_disabled()
    assert listener.answer()
    assert page.locator("#progress-text").inner_text() == "2 of 10"


def test_the_order_is_the_listeners_own_and_a_reload_keeps_the_answers(page: playwright.Page, clips: Path,
                                                                      tmp_path: Path) -> None:
    listener = Listener(page, build(clips, tmp_path / "test.html", "seven"), False)
    orders = []
    for seed in (1, 1, 2):
        page.goto((tmp_path / "test.html").as_uri() + f"?seed={seed}")
        listener.begin(f"listener {seed}")
        orders.append(page.evaluate("trialsOf(session.seed)"))
    assert orders[0] == orders[1] != orders[2]
    assert all(len(trial["clips"]) == 1 for trial in orders[0][:8])
    assert all(len(trial["clips"]) == 2 for trial in orders[0][8:])
    listener.answer()
    page.reload()
    page.get_by_role("button", name="Continue where you stopped").click()
    assert page.locator("#progress-text").inner_text() == "2 of 10"
    assert page.evaluate("session.listener") == "listener 2"


def test_every_control_has_a_name_and_the_focus_follows(page: playwright.Page, clips: Path, tmp_path: Path) -> None:
    listener = Listener(page, build(clips, tmp_path / "test.html", "seven"), True)
    page.goto((tmp_path / "test.html").as_uri())
    listener.begin("x")
    assert page.evaluate("document.activeElement.id") == "question"
    listener.answer()
    assert page.evaluate("document.activeElement.id") == "question"
    tree = page.locator("main").aria_snapshot()
    for line in ('- heading "Rate this sound of the', '- button "Play the sound P"', '- group "The quality is"',
                 '- radio "Excellent 5"', '- radio "Bad 1"', '- button "Next Enter"', '- progressbar "2 of 10"',
                 "- status"):
        assert line in tree


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: playwright.Page, clips: Path, tmp_path: Path, scheme: str) -> None:
    build(clips, tmp_path / "test.html", "seven")
    page.emulate_media(color_scheme=scheme)
    page.goto((tmp_path / "test.html").as_uri())
    pairs = [("ink", "card"), ("soft", "card"), ("on-accent", "accent"), ("accent", "card"), ("ink", "chosen")]
    for pair, contrast in contrasts(page, pairs).items():
        assert contrast >= 4.5, pair  # WCAG 2, level AA


def test_a_served_page_hands_its_results_over(page: playwright.Page, clips: Path, tmp_path: Path) -> None:
    key = build(clips, tmp_path / "test.html", "seven")
    results = tmp_path / "results"
    with TestServer(tmp_path / "test.html", results, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        listener = Listener(page, key, False)
        page.goto(server.address)
        listener.begin("Øyvind/../x")
        while listener.answer():
            pass
        page.get_by_text("Your answers have been saved").wait_for()
        server.shutdown()
    (session,) = sessions(results)
    assert session.listener == "Øyvind/../x"
    assert {rating.score for rating in session.ratings} == set(LIKED.values())
    assert [pair.score * (1 if pair.second.system == "gru-3" else -1) for pair in session.comparisons] == [1, 1]
