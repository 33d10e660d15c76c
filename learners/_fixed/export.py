"""Write a predictor with fixed weights for other programs."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

from ..._core.files import check_folder, write_text
from .c_source import c_files, c_name
from .json_file import predictor_json
from .predictor import FixedPredictor
from .python_source import control_source, filterpy_source, python_source

LANGUAGES = ("c", "python", "control", "filterpy", "json")


def export_predictor(
    predictor: FixedPredictor, folder: str | os.PathLike[str], to: str = "c", name: str = "predictor"
) -> list[Path]:
    """Write a predictor for other programs, each file whole or not at all.

    * ``"c"``: ``NAME.h`` and ``NAME.c``, C99 without allocation; its forecasts equal those of
      ``predictor.forecasts`` bit for bit.
    * ``"python"``: ``NAME.py`` with a class ``Predictor`` that needs NumPy alone.
    * ``"control"``: ``NAME_control.py`` with a ``control.StateSpace``, see ``FixedPredictor.to_control``.
    * ``"filterpy"``: ``NAME_filterpy.py`` with a function that returns a ``KalmanFilter``; of a plant only.
    * ``"json"``: ``NAME.json``, which ``read_predictor`` and ``ergoscope score`` read.

    Args:
        predictor: Such as ``location.predictor(2)``.
        folder: Created if it does not exist.
        to: As above.
        name: Of the files and, in C, of the functions: letters, digits and ``_``.

    Returns:
        The files.

    Raises:
        ValueError: No such format, the name is no identifier, the predictor does not fit the format, or the folder
            cannot be written to.
        ImportError: python-control is not installed.
    """
    if to not in LANGUAGES:
        raise ValueError(f"expected one of {', '.join(LANGUAGES)}, got {to!r}.")
    if not name.isidentifier() or not name.isascii() or name[0] == "_":
        raise ValueError(f"name must be letters, digits and _, such as {c_name(name)}, got {name!r}.")
    made = version("ergoscope")
    texts = {
        "c": lambda: c_files(predictor, name, made),
        "python": lambda: {f"{name}.py": python_source(predictor, made)},
        "control": lambda: {f"{name}_control.py": control_source(predictor, made)},
        "filterpy": lambda: {f"{name}_filterpy.py": filterpy_source(predictor, made)},
        "json": lambda: {f"{name}.json": predictor_json(predictor)},
    }[to]()
    place = check_folder(Path(folder))
    place.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        write_text(place / file, text)
    return [place / file for file in texts]
