"""Options of ``learn`` that would do nothing are refused, with the remedy."""

from __future__ import annotations

import sys

import pytest

from ergoscope.cli import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--say", "change"), "no change is looked for without --changes"),
        (("--say", "threshold,beside"), "no predictor runs beside: name it, such as --beside my.py:make"),
        (("--beside-limit", "2"), "belong to a predictor: name it by --beside"),
        (("--beside-dt", "0.1"), "belong to a predictor: name it by --beside"),
    ],
)
def test_words_that_do_nothing_are_refused(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ergoscope", "learn", "-", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    error = " ".join(capsys.readouterr().err.split())
    assert ended.value.code == 2 and message in error and "Traceback" not in error
