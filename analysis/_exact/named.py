"""Exact theory of a system or of its name: the functions of this room as users call them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from ...simulator import LinearSystem, find_system
from . import filter_errors, modes, regret, riccati
from . import learning_cost as learning_costs
from . import theory as theories

P = ParamSpec("P")
R = TypeVar("R")
Source = LinearSystem | str | Any  # what ``find_system`` takes


def takes_names(function: Callable[Concatenate[LinearSystem, P], R]) -> Callable[Concatenate[Source, P], R]:
    """Return the function for a system, a name or file that ``find_system`` takes, or a python-control plant."""

    @wraps(function)
    def named(system: Source, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(find_system(system), *args, **kwargs)

    return named


best_errors = takes_names(filter_errors.best_errors)
diffuse_errors = takes_names(filter_errors.diffuse_errors)
critical_length = takes_names(modes.critical_length)
parameter_threshold = takes_names(modes.parameter_threshold)
unstable_modes = takes_names(modes.unstable_modes)
learning_cost = takes_names(learning_costs.learning_cost)
regrets = takes_names(regret.regrets)
innovation_covariances = takes_names(riccati.innovation_covariances)
kalman_gain = takes_names(riccati.kalman_gain)
theory = takes_names(theories.theory)
trust_horizon = takes_names(theories.trust_horizon)
