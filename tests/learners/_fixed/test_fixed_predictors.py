"""Predictors with fixed weights: their equation, their gaps, and the same forecasts in every other form."""

from __future__ import annotations

import json
import shutil
import subprocess
import types
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ergoscope.analysis import kalman_predictor
from ergoscope.learners import (
    ARXPredictor,
    FixedPredictor,
    StateSpacePredictor,
    export_predictor,
    kalman,
    open_predictor,
    read_predictor,
    replay,
    write_predictor,
)
from ergoscope.learners._fixed.c_source import c_name
from ergoscope.learners._fixed.json_file import predictor_json
from ergoscope.simulator import simulate, zoo

FLAGS = ["-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror"]
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler (cc)")


def arx(h: int, p: int, m: int, direct: bool) -> ARXPredictor:
    rng = np.random.default_rng([h, p, m, direct])
    return ARXPredictor(
        output_names=tuple(f"y{i}" for i in range(p)),
        input_names=tuple(f"u{i}" for i in range(m)),
        dt=0.5,
        about=dict(source="made up */ for a test", size=h, parameters=h),
        constant=rng.standard_normal(p),
        output_taps=rng.standard_normal((h, p, p)) / (2 * max(h, 1) * p),
        input_taps=rng.standard_normal((h, p, m)),
        direct=rng.standard_normal((p, m)) * direct,
    )


def state_space(n: int, p: int, m: int, direct: bool) -> StateSpacePredictor:
    rng = np.random.default_rng([n, p, m, direct, 1])
    return StateSpacePredictor(
        output_names=tuple(f"y{i}" for i in range(p)),
        input_names=tuple(f"u{i}" for i in range(m)),
        F=rng.standard_normal((n, n)) / (3 * n),
        L=rng.standard_normal((n, p)),
        G=rng.standard_normal((n, m)),
        C=rng.standard_normal((p, n)),
        D=rng.standard_normal((p, m)) * direct,
    )


ALL: list[FixedPredictor] = [arx(*shape) for shape in product([0, 1, 3], [1, 2], [0, 2], [False, True])]
ALL += [state_space(*shape) for shape in product([1, 3], [1, 2], [0, 2], [False, True])]
NAMES = [f"{type(one).__name__}-{i}" for i, one in enumerate(ALL)]


def series(
    predictor: FixedPredictor, missing: float, steps: int = 300
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(7)
    y = 7 + rng.standard_normal((steps, predictor.outputs)).cumsum(axis=0)
    u = rng.standard_normal((steps, predictor.inputs))
    y[rng.random(y.shape) < missing] = np.nan
    u[rng.random(u.shape) < missing] = np.nan
    return y, u


def stepwise(predictor: Any, y: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.float64]:
    running, made = predictor.start(), []
    for now, driven in zip(y, u, strict=True):
        made.append(running.forecast(driven))
        running.observe(now, driven)
    return np.array(made)


@pytest.mark.parametrize("predictor", ALL, ids=NAMES)
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_a_series_at_once_gives_the_bits_of_one_sample_after_another(predictor: FixedPredictor, missing: float) -> None:
    y, u = series(predictor, missing)
    np.testing.assert_array_equal(predictor.forecasts(y, u), stepwise(predictor, y, u))


def test_the_equation_the_start_and_the_gaps() -> None:
    one = ARXPredictor(
        output_names=("y",),
        input_names=("u",),
        constant=np.array([1.0]),
        output_taps=np.array([[[0.5]], [[0.25]]]),
        input_taps=np.array([[[2.0]], [[0.0]]]),
        direct=np.array([[3.0]]),
    )
    y, u = [4.0, np.nan, 8.0, 2.0], [1.0, np.nan, 2.0, 0.0]
    # Before all samples the constant and u; then the first sample stands for those before it; y[1] is its forecast.
    filled = 1 + 0.5 * 4 + 0.25 * 4 + 2 * 1 + 3 * 1
    wanted = [1 + 3 * 1, filled, 1 + 0.5 * filled + 0.25 * 4 + 2 * 1 + 3 * 2, 1 + 0.5 * 8 + 0.25 * filled + 2 * 2]
    assert one.forecasts(y, u)[:, 0].tolist() == wanted
    assert one.uses_input_now and one.length == 2


@pytest.mark.parametrize("given", [[[1.0, 2.0]], np.zeros((3, 2)), [np.inf, 1.0]])
def test_another_series_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="outputs must"):
        ARXPredictor.of([0.5]).forecasts(given)
    with pytest.raises(ValueError, match="a sample must be 1 finite"):
        ARXPredictor.of([0.5]).start().observe([1.0, 2.0])


@pytest.mark.parametrize("predictor", ALL, ids=NAMES)
def test_json_gives_every_bit_back(predictor: FixedPredictor, tmp_path: Path) -> None:
    write_predictor(predictor, tmp_path / "one.json")
    back, (y, u) = read_predictor(tmp_path / "one.json"), series(predictor, 0.1)
    assert back.about == predictor.about and back.dt == predictor.dt
    np.testing.assert_array_equal(back.forecasts(y, u), predictor.forecasts(y, u))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(format="other"), "is no predictor"),
        (dict(version=2), "version 2 of the format"),
        (dict(kind="fir"), "kind must be one of arx, state-space"),
        (dict(outputs="y"), "outputs must be a list of names"),
        (dict(outputs=[]), "at least one output"),
        (dict(constant=[1.0, 2.0]), r"constant must have the shape \(1,\)"),
        (dict(output_taps=[[["a"]]]), "output_taps must be lists of numbers"),
        (dict(output_taps=[[[True]]]), "output_taps must be lists of numbers"),
        (dict(output_taps=[[[0.5]], [[0.1, 0.2]]]), "output_taps must be lists of numbers"),
        (dict(output_taps=[[[1e999]]]), "output_taps must be finite"),
        (dict(inputs=["u"], direct=[[1.0]], input_taps=[[[2.0]]]), r"input_taps must have the shape \(2, 1, 1\)"),
        (dict(dt=-1), "dt must be a positive"),
        (dict(about=[]), "about must be an object"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    good = json.loads(predictor_json(ARXPredictor.of([0.5, 0.25])))
    (tmp_path / "one.json").write_text(json.dumps(good | change))
    with pytest.raises(ValueError, match=message):
        read_predictor(tmp_path / "one.json")
    (tmp_path / "one.json").write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        read_predictor(tmp_path / "one.json")


def harness(name: str, predictor: FixedPredictor) -> str:
    p, m = predictor.outputs, predictor.inputs
    known, taken = ", u" * predictor.uses_input_now, ", u" * bool(m)
    return f"""#include <stdio.h>
#include "{name}.h"
int main(void)
{{
    {name}_t self;
    double y[{p}], u[{max(m, 1)}], forecast[{p}];
    {name}_start(&self);
    while (fread(y, 8, {p}, stdin) == {p} && fread(u, 8, {m}, stdin) == {m}) {{
        {name}_forecast(&self{known}, forecast);
        fwrite(forecast, 8, {p}, stdout);
        {name}_observe(&self, y{taken});
    }}
    return 0;
}}
"""


def compiled_forecasts(
    predictor: FixedPredictor, folder: Path, y: NDArray[np.float64], u: NDArray[np.float64]
) -> NDArray[np.float64]:
    files = export_predictor(predictor, folder, "c", "filter")
    assert [file.name for file in files] == ["filter.h", "filter.c"]
    (folder / "main.c").write_text(harness("filter", predictor))
    subprocess.run(["cc", *FLAGS, "-o", "main", "main.c", "filter.c"], cwd=folder, check=True, timeout=60)
    given = np.concatenate([y, u], axis=1).tobytes()
    done = subprocess.run([folder / "main"], input=given, capture_output=True, check=True, timeout=60)
    return np.frombuffer(done.stdout).reshape(y.shape)


@needs_compiler
@pytest.mark.parametrize("predictor", ALL, ids=NAMES)
def test_c_compiles_without_a_warning_and_gives_the_same_bits(predictor: FixedPredictor, tmp_path: Path) -> None:
    y, u = series(predictor, 0.1)
    np.testing.assert_array_equal(compiled_forecasts(predictor, tmp_path, y, u), predictor.forecasts(y, u))


@needs_compiler
def test_c_gives_the_same_bits_on_many_samples(tmp_path: Path) -> None:
    for predictor, steps in (
        (ARXPredictor.of([1.9, -0.95, 0.02], 0.1), 100_000),
        (kalman_predictor("dc-motor"), 10_000),
    ):
        y = 3 + np.random.default_rng(0).standard_normal((steps, 1)).cumsum(axis=0)
        u = np.random.default_rng(1).standard_normal((steps, predictor.inputs))
        np.testing.assert_array_equal(compiled_forecasts(predictor, tmp_path, y, u), predictor.forecasts(y, u))


@pytest.mark.parametrize("words", ["runs/nile_2", "2nd plant", "flow, m3/s", "Ü", "int", ""])
def test_any_words_become_a_name_of_c(words: str, tmp_path: Path) -> None:
    name = c_name(words)
    assert export_predictor(ARXPredictor.of([0.5]), tmp_path, "c", name)
    if words == "Ü":
        assert name == "predictor"


def run_python(text: str) -> Any:
    module = types.ModuleType("exported")
    exec(compile(text, "exported", "exec"), module.__dict__)  # as a user's import runs it
    return module


@pytest.mark.parametrize("predictor", ALL, ids=NAMES)
def test_python_gives_the_same_forecasts(predictor: FixedPredictor, tmp_path: Path) -> None:
    (file,) = export_predictor(predictor, tmp_path, "python")
    one, (y, u) = run_python(file.read_text()).Predictor(), series(predictor, 0.1)
    made = []
    for now, driven in zip(y, u, strict=True):
        made.append(one.predict(driven))
        one.update(now, driven)
    np.testing.assert_allclose(made, predictor.forecasts(y, u), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("predictor", ALL, ids=NAMES)
def test_control_gives_the_same_forecasts(predictor: FixedPredictor, tmp_path: Path) -> None:
    import control

    (file,) = export_predictor(predictor, tmp_path, "control")
    y, u = series(predictor, 0.0)
    columns, skip = [y, u], 0
    if isinstance(predictor, ARXPredictor):  # its window is zero at the start
        columns, skip = [y, u, np.ones((len(y), 1))], predictor.length + 1
    times = np.arange(len(y)) * (predictor.dt or 1.0)
    for system in (predictor.to_control(), run_python(file.read_text()).predictor):
        assert system.ninputs == sum(part.shape[1] for part in columns) and system.noutputs == predictor.outputs
        response = control.forced_response(system, times, np.concatenate(columns, axis=1).T, squeeze=False)
        wanted = predictor.forecasts(y, u)
        np.testing.assert_allclose(response.outputs.T[skip:], wanted[skip:], rtol=1e-10, atol=1e-10)
        if isinstance(predictor, ARXPredictor) and predictor.length:
            begun = np.tile(np.concatenate([y[0], u[0]]), predictor.length)
            made = control.forced_response(system, times, np.concatenate(columns, axis=1).T, X0=begun, squeeze=False)
            np.testing.assert_allclose(made.outputs.T[1:], wanted[1:], rtol=1e-10, atol=1e-10)


def test_the_kalman_predictor_becomes_that_of_the_learner_and_of_filterpy(tmp_path: Path) -> None:
    pytest.importorskip("filterpy")
    plant = zoo("double-integrator")
    recording = simulate(0, plant, 400, 1)
    y = recording.outputs[0]
    forecasts = kalman_predictor(plant).forecasts(y)
    exact = replay(kalman(plant), recording)[0, :, 0, 0]
    np.testing.assert_allclose(forecasts[100:], exact[100:], rtol=1e-9)  # its gain is steady by then
    (file,) = export_predictor(kalman_predictor(plant), tmp_path, "filterpy")
    kf = run_python(file.read_text()).make()
    made = []
    for now in y:
        made.append((kf.H @ kf.x)[:, 0])
        kf.update(now)
        kf.predict()
    np.testing.assert_allclose(np.array(made)[100:], forecasts[100:], rtol=1e-9)
    with pytest.raises(ValueError, match="needs a model"):
        export_predictor(ARXPredictor.of([0.5]), tmp_path, "filterpy")


def test_a_wrong_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name must be letters"):
        export_predictor(ARXPredictor.of([0.5]), tmp_path, "c", "a b")
    assert not list(tmp_path.iterdir())


def test_score_takes_an_exported_predictor_back(tmp_path: Path) -> None:
    export_predictor(ARXPredictor.of([0.5, 0.25], 1.0), tmp_path, "json", "one")
    export_predictor(ARXPredictor.of([0.5, 0.25], 1.0), tmp_path, "python", "one")
    y, nothing = 5 + np.random.default_rng(1).standard_normal((200, 1)), np.zeros((200, 0))
    wanted = ARXPredictor.of([0.5, 0.25], 1.0).forecasts(y)
    for words in (f"{tmp_path}/one.json", f"{tmp_path}/one.py:Predictor"):
        with open_predictor(words, in_process=True) as opened:
            outcome = opened.run(y, nothing, 1.0)
            assert outcome.failure is None
            np.testing.assert_allclose(outcome.forecast, wanted, rtol=1e-12)
    with open_predictor(f"{tmp_path}/one.json") as opened:
        failure = opened.run(np.zeros((50, 2)), np.zeros((50, 0)), 1.0).failure
        assert failure is not None and "forecasts 1 outputs" in failure.message


def test_a_direct_term_does_not_see_the_input_of_its_sample(tmp_path: Path) -> None:
    predictor = arx(2, 1, 2, True)
    write_predictor(predictor, tmp_path / "one.json")
    y, u = series(predictor, 0.0)
    with open_predictor(f"{tmp_path}/one.json") as opened:
        outcome = opened.run(y, u, 1.0)
    running, wanted = predictor.start(), []
    for now, driven in zip(y, u, strict=True):
        wanted.append(running.forecast())
        running.observe(now, driven)
    np.testing.assert_array_equal(outcome.forecast, wanted)
