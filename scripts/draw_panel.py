"""Draw the pictures of the panel in the documents: the demo song, in Chromium.

python scripts/draw_panel.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
SIZES = {"panel": (1200, 1010, "dark"), "panel-phone": (390, 1100, "light")}
"""Pictures by name: width, height and colours."""
PLAYED_MS = 9000  # until the spectrograms are full


def draw(page: Page, address: str, name: str) -> None:
    """Move what makes a picture worth looking at, and take it."""
    page.goto(address)
    page.get_by_text("playing", exact=True).wait_for(timeout=120_000)
    page.get_by_role("button", name="mute guitar", pressed=False).click()
    page.get_by_label("level of vocals", exact=True).fill("-6")
    page.wait_for_timeout(PLAYED_MS)
    page.screenshot(path=PICTURES / f"{name}.png")
    page.get_by_role("button", name="reset").click()


def main() -> None:
    """Play the demo song once for each picture."""
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as api, tempfile.TemporaryDirectory() as folder:
        browser = api.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (width, height, scheme) in SIZES.items():
            command = [sys.executable, "-m", "rtsep.cli.main", "live", "--input", "demo", "--output", "none", "--midi",
                       "off", "--stem", "drums", "bass", "guitar", "vocals", "--level", "rest=0", "--api", "0",
                       "--record", "take"]
            with subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
                assert run.stderr is not None
                address = next(line for line in run.stderr if "panel: " in line).rpartition("panel: ")[2].strip()
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                draw(page, address, name)
                run.terminate()
        browser.close()


if __name__ == "__main__":
    main()
