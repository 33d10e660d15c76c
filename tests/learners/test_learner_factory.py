"""The decorator of every factory: arguments are checked by their annotations, equal ones give the same learner."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import numpy as np
import pytest

from ergoscope.learners import Learner, ladder, lattice, learner_names, persistence, square_root_rls, submatrix


def test_equal_arguments_give_the_same_learner() -> None:
    assert ladder(range(3), 1) is ladder([0, 1, 2], forgetting=1.0) is ladder(np.arange(3), np.float64(1))
    assert ladder(range(3)) is not ladder(range(4))
    assert lattice([1], outputs=np.int64(2)) is lattice([1], outputs=2.0)  # type: ignore[arg-type]
    assert persistence() is persistence([1])


@pytest.mark.parametrize("name", learner_names())
def test_a_factory_keeps_its_signature_its_hints_and_its_docstring(name: str) -> None:
    make = learner_names()[name].make
    assert inspect.isfunction(make) and make.__name__.isidentifier() and (make.__doc__ or "").count("\n") > 5
    assert set(get_type_hints(make)) == {*inspect.signature(make).parameters, "return"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ladder([0, 1.5]),
            r"sizes must be rising whole numbers from 0 on, such as range\(17\); got \(0, 1.5\)",
        ),
        (lambda: ladder([2, 1]), "sizes must be rising"),
        (lambda: ladder([]), "sizes must be rising"),
        (lambda: submatrix([-1, 2]), "sizes must be rising"),
        (lambda: persistence([0]), "lookaheads must be rising whole numbers from 1 on"),
        (lambda: ladder(forgetting="high"), "forgetting must be a number, got 'high'"),
        (lambda: ladder(ridge="1"), "ridge must be a number, got '1'"),
        (lambda: ladder(ridge=None), "ridge must be a number, got None"),
        (lambda: square_root_rls(reset=1.5), "reset must be a whole number, got 1.5"),
        (lambda: lattice(outputs=float("inf")), "outputs must be a whole number, got inf"),
        (lambda: lattice(direct="no"), "direct must be True or False, got 'no'"),
    ],
)
def test_a_wrong_argument_is_refused(make: Callable[[], Learner], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_an_unknown_argument_is_named_with_its_factory() -> None:
    unknown: dict[str, Any] = dict(forget=0.9)
    with pytest.raises(TypeError, match="ladder: got an unexpected keyword argument 'forget'"):
        ladder(**unknown)
