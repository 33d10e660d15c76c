"""Texts as samples and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ergoscope.simulator import skills, texts_of, write_trajectories
from ergoscope.simulator._tasks.text_observations import rows_of, text_chunks, text_trajectories, texts_in_rows


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=5), max_size=8))
def test_rows_hold_the_texts(lists: list[list[int]]) -> None:
    texts = texts_of(lists)
    back = texts_in_rows(rows_of(texts, 5))
    assert back.indptr.tolist() == texts.indptr.tolist() and back.indices.tolist() == texts.indices.tolist()


def test_chunks_are_the_streams_of_the_seeds() -> None:
    stream = skills(50, 2.0)
    chunks = list(text_chunks(stream, 1500, 2, seed=4))
    assert [chunk.outputs.shape[1] for chunk in chunks] == [1024, 476]
    for run in range(2):
        parts = [texts_in_rows(chunk.outputs[run]) for chunk in chunks]
        drawn = stream.draw(4 + run, 0, 1500)
        assert np.concatenate([part.indices for part in parts]).tolist() == drawn.indices.tolist()
        assert np.concatenate([np.diff(part.indptr) for part in parts]).tolist() == np.diff(drawn.indptr).tolist()


def test_a_file_has_a_row_for_each_text(tmp_path: Path) -> None:
    stream = skills(20, 1.0)
    write_trajectories(text_trajectories(stream, 1100, 1, seed=2), tmp_path / "texts.csv")
    frame = pl.read_csv(tmp_path / "texts.csv")
    drawn = stream.draw(2, 0, 1100)
    assert frame.columns == ["run", "t", *(f"c{i + 1}" for i in range(int(np.diff(drawn.indptr).max())))]
    assert texts_in_rows(frame[:, 2:].to_numpy().astype(float)).indices.tolist() == drawn.indices.tolist()


@pytest.mark.parametrize("number", [0.5, -1.0, 2.0**31, np.inf])
def test_other_numbers_are_no_concepts(number: float) -> None:
    with pytest.raises(ValueError, match="a text holds numbers of concepts, whole and from 0 on"):
        texts_in_rows(np.array([[1.0, number]]))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="steps must be a whole number of at least 1"):
        next(text_chunks(skills(), 0))
    with pytest.raises(ValueError, match="runs must be a whole number of at least 1"):
        next(text_chunks(skills(), 1, 0))
