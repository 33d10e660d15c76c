"""Fixed predictors as Python files: a class of NumPy alone, a system of python-control, a filter of filterpy."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from .arx import ARXPredictor
from .predictor import FixedPredictor
from .state_space import StateSpacePredictor

BODY = '''

class Predictor:
    """Forecasts of the next sample: ``predict()``, then ``update(y, u)`` with it.

    A missing output (NaN) counts as its forecast, a missing input as the last one known.
    """

    def __init__(self):
        self.memory = np.zeros(MEMORY)
        self.input = np.zeros(len(INPUTS))
        self.begun = False

    def predict(self, u=None):
        """Return the forecast of the next output; u is its input where it is known, else the last one is held."""
        return self._forecast(self._known(u))

    def update(self, y, u=None):
        """Take one sample in."""
        y = np.reshape(np.asarray(y, float), -1)
        self.input = self._known(u)
        missing = np.isnan(y)
        y = np.where(missing, self._forecast(self.input), y)
        self._take(y, not self.begun and not missing.all())
        self.begun = self.begun or not missing.all()

    def _known(self, u):
        if u is None or not len(INPUTS):
            return self.input
        u = np.reshape(np.asarray(u, float), -1)
        return np.where(np.isnan(u), self.input, u)
'''
OF_ARX = """
    def _forecast(self, u):
        return CONSTANT + DIRECT @ u + WEIGHTS @ self.memory

    def _take(self, y, first):
        sample = np.concatenate([y, self.input])  # samples before the first count as the first
        past = np.tile(sample, MEMORY // len(sample)) if first else self.memory
        self.memory = np.concatenate([sample, past])[:MEMORY]
"""
OF_STATES = """
    def _forecast(self, u):
        return C @ self.memory + D @ u

    def _take(self, y, first):
        self.memory = F @ self.memory + L @ y + G @ self.input
"""


def python_source(predictor: FixedPredictor, version: str = "") -> str:
    """Return a Python file with a class ``Predictor`` that needs NumPy alone; ``score FILE.py:Predictor`` runs it."""
    constants: dict[str, Any] = dict(OUTPUTS=list(predictor.output_names), INPUTS=list(predictor.input_names))
    constants["DT"] = predictor.dt
    if isinstance(predictor, ARXPredictor):
        weights = predictor.columns[predictor.inputs * predictor.uses_input_now :].T
        constants |= dict(MEMORY=weights.shape[1], CONSTANT=predictor.constant, DIRECT=predictor.direct)
        constants |= dict(WEIGHTS=weights)
        comment = "# of the window, newest sample first: outputs, then inputs\n"
        return _head(predictor, version, "import numpy as np") + _constants(constants, comment) + BODY + OF_ARX
    if isinstance(predictor, StateSpacePredictor):
        constants |= dict(MEMORY=predictor.states)
        constants |= {word: getattr(predictor, word) for word in "FLGCD"}
        return _head(predictor, version, "import numpy as np") + _constants(constants) + BODY + OF_STATES
    raise ValueError(f"no Python code for {type(predictor).__name__}.")


def control_source(predictor: FixedPredictor, version: str = "") -> str:
    """Return a Python file with ``predictor``, a ``control.StateSpace``; see ``FixedPredictor.to_control``."""
    system = predictor.to_control()
    matrices = {word: np.asarray(getattr(system, word)) for word in "ABCD"}
    call = (
        f"\npredictor = control.StateSpace(\n    A, B, C, D, {predictor.dt or True!r},\n"
        f"    inputs={list(system.input_labels)!r}, outputs={list(system.output_labels)!r},\n)\n"
    )
    return _head(predictor, version, "import control\nimport numpy as np") + _constants(matrices) + call


def filterpy_source(predictor: FixedPredictor, version: str = "") -> str:
    """Return a Python file with ``make()``, which returns the ``KalmanFilter`` of the plant.

    Raises:
        ValueError: The predictor was not made of a plant.
    """
    plant = predictor.system if isinstance(predictor, StateSpacePredictor) else None
    if plant is None:
        raise ValueError(
            "a KalmanFilter needs a model, and these are the weights of a window: choose c, python, control or json, "
            "or export a plant."
        )
    matrices = {word: np.asarray(getattr(plant, word), np.float64) for word in ("A", "B", "C", "D", "Q", "R")}
    order = f"Forecast H x, then update(y), then predict({'u' if plant.inputs else ''})."
    if plant.D.any():
        order = "Forecast H x + D u, then update(y - D u), then predict(u)."
    body = f'''

def make():
    """Return the filter before the first sample. {order}"""
    kf = KalmanFilter(dim_x=A.shape[0], dim_z=C.shape[0], dim_u=B.shape[1])
    kf.x, kf.P = np.zeros((A.shape[0], 1)), np.zeros(A.shape)
    kf.F, kf.H, kf.Q, kf.R = A, C, Q, R
    kf.B = {"B" if plant.inputs else "None"}
    return kf
'''
    imports = "import numpy as np\nfrom filterpy.kalman import KalmanFilter"
    return _head(predictor, version, imports) + _constants(matrices) + body


def _head(predictor: FixedPredictor, version: str, imports: str) -> str:
    about = ", ".join(f"{word} {value}" for word, value in predictor.about.items() if value is not None)
    text = about.replace("\\", "/").replace('"""', "'''")
    lines = textwrap.fill(text, 116, break_long_words=False) if text else ""
    equation = predictor.to_dict()["equation"]
    return f'"""One-step predictor, written by ergoscope {version}\n\n{lines}\n\n    {equation}\n"""\n\n{imports}\n\n'


def _constants(values: dict[str, Any], comment: str = "") -> str:
    lines = []
    for word, value in values.items():
        if isinstance(value, np.ndarray):
            shape = "" if value.size else f".reshape({value.shape})"
            rows = ",\n".join(f"    {row.tolist()!r}" for row in value) if value.ndim == 2 and value.size else None
            body = f"[\n{rows},\n]" if rows else repr(value.ravel().tolist())
            lines.append(f"{comment if word == 'WEIGHTS' else ''}{word} = np.array({body}, float){shape}")
        else:
            lines.append(f"{word} = {value!r}")
    return "\n".join(lines) + "\n"
