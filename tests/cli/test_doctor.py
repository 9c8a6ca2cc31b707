"""`rtsep doctor` says all that it promises."""

from __future__ import annotations

import sys

import pytest

from rtsep.cli.main import main


@pytest.mark.skipif(sys.platform == "win32", reason="no JACK or ALSA here")
def test_doctor_reports_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for word in ("Python", "onnxruntime", "real-time priority", "locked memory", "denormals off", "audio systems",
                 "model stage"):
        assert word in out
