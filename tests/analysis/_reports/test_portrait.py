"""What is shown of a ready system is what theory says of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ergoscope.analysis import innovation_covariances, portrait, save_portrait, theory, trust_horizon
from ergoscope.analysis._reports.portrait import portrait_json
from ergoscope.simulator import zoo


def test_the_numbers_are_those_of_theory(tmp_path) -> None:
    drawn, system = portrait("double-integrator"), zoo("double-integrator")
    assert drawn.theory == theory(system)
    assert drawn.trust == {word: trust_horizon(system, word) for word in ("float32", "float64")}
    assert drawn.horizons == (200, 2000, 20_000)
    assert drawn.errors is not None
    assert drawn.errors["size"].to_list() == [0, 1, 2, 3, 4, None]
    table = np.array(drawn.errors["errors"].to_list())
    # theory.md 3a: t = 200 of the double integrator
    np.testing.assert_allclose(table[:4, 0], [2.7e6, 53.4, 8.70, 6.19], rtol=0.04)
    np.testing.assert_allclose(table[-1], innovation_covariances(system, drawn.horizons)[:, 0, 0])
    assert (np.diff(table, axis=0) <= 1e-9 * table[:-1]).all()
    files = save_portrait(drawn, tmp_path / "new")
    assert [file.name for file in files] == ["zoo.png"]
    assert files[0].read_bytes().startswith(b"\x89PNG")
    answer = portrait_json(drawn, files)
    assert answer == json.loads(json.dumps(answer, allow_nan=False))
    assert answer["theory"]["critical_size"] == 2


def test_a_short_trust_horizon_ends_the_table() -> None:
    drawn = portrait("explosive-4")
    assert drawn.horizons[-1] == trust_horizon(zoo("explosive-4"), "float64")
    assert portrait_json(drawn, [])["errors"][-1]["size"] is None


def test_what_is_infinite_is_null() -> None:
    assert portrait_json(portrait("fixed-slope"), [])["theory"]["memory"] is None


@pytest.mark.parametrize("name", ["switching", "drifting"])
def test_what_varies_in_time_has_a_simulated_picture_and_no_theory(name: str, tmp_path) -> None:
    drawn = portrait(name)
    answer = portrait_json(drawn, save_portrait(drawn, tmp_path))
    assert (answer["theory"], answer["trust_horizon"], answer["errors"]) == (None, None, [])
    assert (tmp_path / "zoo.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_name_and_a_bad_folder_are_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="did you mean 'two-tones'"):
        portrait("two-tone")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot write into"):
        save_portrait(portrait("random-walk"), tmp_path / "file" / "out")
