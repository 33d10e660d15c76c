"""A plant on the command line: its name or file, and the options that complete a plant of python-control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ._parsing import parse_matrix

if TYPE_CHECKING:
    from ..simulator import LinearSystem

ProcessNoise = Annotated[
    str | None,
    typer.Option("--q", help="python-control plant: covariance of the process noise, such as 0.1 or [[1,0],[0,1]]."),
]
MeasurementNoise = Annotated[
    str | None, typer.Option("--r", help="python-control plant: covariance of the measurement noise.")
]
SamplingTime = Annotated[
    float | None,
    typer.Option(
        "--dt", help="python-control plant, continuous: sampling time in seconds. Recording without times: its step."
    ),
]
Delay = Annotated[
    str | None,
    typer.Option(
        "--delay", help="python-control plant: dead time of its inputs in seconds, such as 0.25 or [0.1,0.3]."
    ),
]


InputNoise = Annotated[
    str | None,
    typer.Option(
        "--input-noise",
        help="python-control plant: covariance of process noise that adds to its inputs, in place of --q; the way to "
        "give noise to a transfer function.",
    ),
]


def find_plant(
    source: str, q: str | None, r: str | None, dt: float | None, delay: str | None, input_noise: str | None = None
) -> LinearSystem:
    """Return the system that the arguments of a command describe.

    Raises:
        ValueError: They describe none.
    """
    from ..simulator import find_system

    Q, R = parse_matrix("--q", q), parse_matrix("--r", r)
    return find_system(source, Q, R, dt, parse_matrix("--delay", delay), parse_matrix("--input-noise", input_noise))
