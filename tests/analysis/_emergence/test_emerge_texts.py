"""Streams of texts along the texts and along the slots: their passages, the answer beside theory, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import (
    EmergedTexts,
    emerge_texts,
    learned_share,
    learning_jump,
    load_for_share,
    save_emergence,
    write_report,
)
from ergoscope.analysis._emergence.learned_texts import stream_passage
from ergoscope.analysis._emergence.survival import median_passage
from ergoscope.learners import PeelingDecoder
from ergoscope.simulator import skills

TASK = "skills:concepts=200,mean=4"


@pytest.fixture(scope="module")
def along_texts() -> EmergedTexts:
    return emerge_texts(TASK, "texts", runs=12, seed=3)


@pytest.fixture(scope="module")
def along_slots() -> EmergedTexts:
    return emerge_texts("skills:mean=4", "slots", [200, 300, 400, 500], runs=12, texts=500)


def test_a_passage_is_known_to_the_text() -> None:
    stream = skills(200, 4.0)
    found = stream_passage(stream, 3, 100, 800, 7)
    decoder = PeelingDecoder(200)
    learned = [int(decoder.take(stream.draw(3, i, i + 1))[0]) for i in range(800)]
    assert found.text == 1 + next(i for i, count in enumerate(learned) if count >= 100)
    counts = np.array([0, *learned]) / 200
    assert found.curve["texts"].to_list() == list(range(0, 801, 7))[: found.curve.height]
    assert found.curve["learned"].to_list() == counts[found.curve["texts"].to_numpy()].tolist()
    assert stream_passage(stream, 3, 100, found.text - 1, 7).text is None
    assert stream_passage(stream, 3, 100, found.text, 7).text == found.text


def test_along_the_texts_the_answer_is_the_median_passage_with_its_interval(along_texts: EmergedTexts) -> None:
    answer = along_texts.emergence
    times = along_texts.passages["high"].to_numpy().astype(float)
    assert (answer.value, answer.low, answer.high) == tuple(median_passage(times, np.ones(12, bool)))
    assert answer.axis == "texts" and answer.verdict == "located" and answer.shares.columns[0] == "texts"
    assert answer.exact == pytest.approx(200 * learning_jump(4.0).load)
    assert (
        "learns half of the concepts by text" in along_texts.sentence and "Theory says text 293" in along_texts.sentence
    )
    assert (along_texts.passages["low"] == along_texts.passages["high"] - 1).all()
    assert along_texts.passages["seed"].to_list() == list(range(3, 15))


def test_along_the_slots_the_share_falls_where_theory_says(along_slots: EmergedTexts) -> None:
    answer = along_slots.emergence
    assert not answer.rising and answer.verdict == "located"
    assert answer.exact == pytest.approx(500 / learning_jump(4.0).load)
    assert dict(along_slots.shares.select("slots", "passed").iter_rows())[200] == 12
    assert dict(along_slots.shares.select("slots", "passed").iter_rows())[500] == 0
    assert "up to" in along_slots.sentence and "slots, within 500 texts" in along_slots.sentence


def test_further_values_and_runs_change_no_stream(along_slots: EmergedTexts) -> None:
    other = emerge_texts("skills:mean=4", "slots", [300, 350], runs=3, texts=500).passages
    same = along_slots.passages.filter(pl.col("slots") == 300, pl.col("seed") < 3)
    assert other.filter(slots=300)["high"].to_list() == same["high"].to_list()


def test_without_a_jump_the_share_has_a_place_too() -> None:
    found = emerge_texts("skills:concepts=2000,mean=2", "texts", runs=6, level=0.6)
    exact = 2000 * float(load_for_share(0.6, 2.0))
    assert found.emergence.exact == pytest.approx(exact)
    assert learned_share(exact / 2000, 2.0) == pytest.approx(0.6)
    assert found.emergence.value == pytest.approx(exact, rel=0.06)
    assert "learns 60 % of the concepts" in found.sentence


def test_streams_that_do_not_pass() -> None:
    found = emerge_texts(TASK, "texts", runs=6, texts=50)
    assert found.emergence.verdict == "above" and "after text 50, if at all" in found.sentence
    assert found.passages["censored"].all() and found.passages["high"].null_count() == 6
    everything = emerge_texts("skills:concepts=30,mean=4", "texts", runs=6, level=1)
    assert everything.emergence.exact is None and "learns all of the concepts by text" in everything.sentence


def test_progress_moves_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    emerge_texts(TASK, "texts", runs=3, texts=5000, progress=lambda done, total: told.append((done, total)))
    done = [each for each, _ in told]
    assert done == sorted(set(done)) and told[-1] == (15_000, 15_000)


def test_its_folder_has_a_report(tmp_path: Path, along_texts: EmergedTexts, along_slots: EmergedTexts) -> None:
    for found, folder, more in ((along_texts, "texts", set()), (along_slots, "slots", {"slots.png"})):
        files = save_emergence(found, tmp_path / folder, ["ergoscope", "emerge"])
        assert all(file.is_file() for file in files)
        assert {file.name for file in files if file.suffix == ".png"} == {"streams.png", "texts.png"} | more
        answer = json.loads((tmp_path / folder / "emergence.json").read_text())
        assert answer["sentence"] == found.sentence and answer["settings"]["along"] == folder
    assert "from where on is an ability there?" in write_report(tmp_path / "slots").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (dict(along="rows"), "there is no axis 'rows' for texts. The axes are texts, slots"),
        (dict(along="text"), "did you mean 'texts'"),
        (dict(along="texts", values=[1, 2]), "has no values"),
        (dict(along="slots"), "at least two values, such as 1600..2800:200; got none"),
        (dict(along="slots", values=[5]), "got 5 alone"),
        (dict(along="slots", values=[5.5, 6]), "whole numbers of at least 1"),
        (dict(along="slots", values=[0, 6]), "whole numbers of at least 1"),
        (dict(along="slots", values=[6, 6]), "must differ"),
        (dict(along="slots", values=[5, 6], task=TASK), "leave concepts out of 'skills:concepts=200,mean=4'"),
        (dict(along="texts", runs=0), "runs must be a whole number of at least 1"),
        (dict(along="texts", runs=10**6), "at most 100 000 streams"),
        (dict(along="texts", texts=0), "texts must be a whole number of at least 1"),
        (dict(along="texts", texts=10**12), "at most 10 000 000 000 texts"),
        (dict(along="texts", level=0), "level is the share of the concepts to learn"),
        (dict(along="texts", level=1.5), "above 0 and up to 1; got 1.5"),
        (dict(along="texts", seed=-1), "seed"),
        (dict(along="texts", task="parity"), "no stream of texts is called 'parity'"),
    ],
)
def test_what_cannot_be_is_refused(words: dict, message: str) -> None:
    given = dict(task="skills") | words
    with pytest.raises(ValueError, match=message):
        emerge_texts(given.pop("task"), **given)
