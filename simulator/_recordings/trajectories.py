"""The record of runs, simulated or measured.

Time: row ``t`` holds ``y[t]`` and ``u[t]``; ``t`` counts samples from 0, ``dt`` seconds apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.arrays import samples as real_samples
from .reading import Reading


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Outputs and inputs of one or many runs.

    Args:
        outputs: ``(batch, time, output)``; NaN marks a missing sample. A masked entry becomes NaN.
        inputs: ``(batch, time, input)``; NaN marks a missing sample.
        lengths: Number of samples of each run, ``(batch,)``; rows after the end of a run are NaN.
        dt: Sampling time in seconds; None if unknown.
        output_names, input_names: One name per column.
        run_names: One name per run.
        states: ``(batch, time, state)`` of a simulation, else None.
        reading: What was read from files; None for trajectories that were not read.

    Raises:
        ValueError: A sample is complex.
    """

    outputs: NDArray[np.floating]
    inputs: NDArray[np.floating]
    lengths: NDArray[np.int64]
    dt: float | None
    output_names: tuple[str, ...]
    input_names: tuple[str, ...]
    run_names: tuple[str, ...]
    states: NDArray[np.floating] | None = None
    reading: Reading | None = None

    def __post_init__(self) -> None:
        for word in ("outputs", "inputs"):
            object.__setattr__(self, word, real_samples(word, getattr(self, word)))

    @classmethod
    def of(
        cls,
        outputs: ArrayLike | Iterable[ArrayLike],
        inputs: ArrayLike | Iterable[ArrayLike] | None = None,
        dt: float | None = None,
        output_names: Sequence[str] = (),
        input_names: Sequence[str] = (),
        run_names: Sequence[str] = (),
    ) -> Trajectories:
        """Return the runs of arrays.

        A list or tuple of arrays, and any other iterable of them, is one array a run, of any lengths; nested lists of
        numbers are one array, as NumPy reads them.

        Args:
            outputs: ``(time,)``, ``(time, output)`` or ``(run, time, output)``; or runs of the first two shapes. NaN,
                None and masked entries are missing samples.
            inputs: The same for the inputs, with the same samples; None: there are none.
            dt: Sampling time in seconds.
            output_names, input_names, run_names: By default y, or y1, y2, ..; u, or u1, u2, ..; 0, 1, ...

        Raises:
            ValueError: No numbers, infinite or complex ones, runs of fewer than two samples, more outputs than samples,
                inputs of other samples, or names that do not fit; the message says what came and the remedy.

        Examples:
            >>> Trajectories.of([1.0, 2.0, 4.0], dt=0.1).outputs.shape
            (1, 3, 1)
        """
        runs = _runs("outputs", outputs)
        driven = [np.zeros((len(run), 0)) for run in runs] if inputs is None else _runs("inputs", inputs)
        if [len(run) for run in runs] != [len(run) for run in driven]:
            raise ValueError(
                f"inputs must have the samples of the outputs, {_lengths(runs)}; got {_lengths(driven)}: give one row "
                "of inputs for each sample."
            )
        names = tuple(map(str, run_names)) or tuple(map(str, range(len(runs))))
        if len(names) != len(runs):
            raise ValueError(f"run_names must be {len(runs)} names, one for each run, got {len(names)}.")
        check_step(dt)
        y, u = _padded(runs), _padded(driven)
        missing = int(sum(np.isnan(run).any(axis=1).sum() for run in runs))
        samples = sum(len(run) for run in runs)
        return cls(
            outputs=y,
            inputs=u,
            lengths=np.array([len(run) for run in runs], np.int64),
            dt=dt,
            output_names=_names("output_names", output_names, "y", y.shape[2]),
            input_names=_names("input_names", input_names, "u", u.shape[2]),
            run_names=names,
            reading=Reading(samples, missing, dt, 1 - missing / samples, ()),
        )

    def first(self, samples: int) -> Trajectories:
        """Return the first samples of each run."""
        return replace(
            self,
            outputs=self.outputs[:, :samples],
            inputs=self.inputs[:, :samples],
            lengths=np.minimum(self.lengths, samples),
            states=None if self.states is None else self.states[:, :samples],
        )


def check_step(dt: Any) -> None:
    """Raise ValueError unless a sampling time is a positive number of seconds, or None."""
    if dt is not None and (not isinstance(dt, int | float | np.number) or not 0 < dt < np.inf):
        raise ValueError(f"dt must be a positive number of seconds, or None, got {dt!r}.")


def _runs(word: str, value: Any) -> list[NDArray[np.float64]]:
    """Return the runs, ``(time, channel)`` each, of one array or of several."""
    several = isinstance(value, Iterable) and not hasattr(value, "__array__")
    given = list(value) if several else [value]
    if not several or not any(hasattr(run, "__array__") and np.ndim(run) for run in given):
        array = _numbers(word, given if several else value)
        if array.ndim == 3:
            return [_checked(word, run) for run in array]
        if array.ndim in (1, 2):
            return [_checked(word, array if array.ndim == 2 else array[:, None])]
        raise ValueError(f"{word} must be (time,), (time, channel) or (run, time, channel), got shape {array.shape}.")
    runs = [_numbers(f"{word} of run {k}", run) for k, run in enumerate(given)]
    if len({run.shape[1:] for run in runs}) > 1 or runs[0].ndim not in (1, 2):
        found = ", ".join(str(run.shape) for run in runs[:5]) + (", .." if len(runs) > 5 else "")
        raise ValueError(f"the runs of {word} must be (time,) or (time, channel), with the same channels; got {found}.")
    return [_checked(f"{word} of run {k}", run if run.ndim == 2 else run[:, None]) for k, run in enumerate(runs)]


def _numbers(word: str, value: Any) -> NDArray[np.float64]:
    if not isinstance(value, np.ma.MaskedArray):
        try:
            value = np.asarray(value)
        except ValueError:
            raise ValueError(
                f"{word} must be one array, got lists of different lengths: if each is a run, give a list of arrays, "
                "[np.array(run), ..]."
            ) from None
        if value.dtype.kind == "O":
            value = np.array([np.nan if entry is None else entry for entry in value.flat]).reshape(value.shape)
    return np.asarray(real_samples(word, value), np.float64)


def _checked(word: str, run: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(run) < 2:
        raise ValueError(f"{word} must have at least two samples, got {len(run)}.")
    if run.shape[1] > len(run):
        raise ValueError(
            f"{word} must be (time, channel), got {run.shape[1]} channels of {len(run)} samples: transpose it. If each "
            "column is a run, give a list of arrays, one for each run."
        )
    if np.isinf(run).any():
        raise ValueError(f"{word} must be finite, NaN where missing; got {run[np.isinf(run)][0]}.")
    return run


def _padded(runs: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    padded = np.full((len(runs), max(len(run) for run in runs), runs[0].shape[1]), np.nan)
    for row, run in zip(padded, runs, strict=True):
        row[: len(run)] = run
    return padded


def _names(word: str, names: Sequence[str], letter: str, count: int) -> tuple[str, ...]:
    given = (names,) if isinstance(names, str) else tuple(map(str, names))
    if not given:
        return (letter,) if count == 1 else tuple(f"{letter}{k}" for k in range(1, count + 1))
    if len(given) != count or len(set(given)) != count:
        raise ValueError(f"{word} must be {count} different names, one for each channel, got {', '.join(given)}.")
    return given


def _lengths(runs: list[NDArray[np.float64]]) -> str:
    return ", ".join(str(len(run)) for run in runs[:5]) + (", .." if len(runs) > 5 else "")
