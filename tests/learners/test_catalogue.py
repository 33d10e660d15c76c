"""Learners by name: every factory is found, every option is read by its kind, every mistake is told."""

from __future__ import annotations

import inspect

import pytest

from ergoscope import learners
from ergoscope.learners import Learner, learner_names, learner_options, make_learner
from ergoscope.learners._catalogue import learner_entry
from ergoscope.simulator import zoo

NAMES = tuple(learner_names())


def test_every_public_factory_is_in_the_catalogue() -> None:
    returned = {
        name
        for name in dir(learners)
        if inspect.isfunction(made := getattr(learners, name))
        and str(inspect.signature(made).return_annotation).startswith("Learner[")
        and name != "make_learner"
    }
    exact = {"kalman"}  # the catalogue's kalman is misspecified_kalman, all factors one
    assert {entry.make.__name__ for entry in learner_names().values()} == returned - exact


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_what_the_learner_says(name: str) -> None:
    entry = learner_entry(name)
    made = make(name)
    assert made.name == name and made.size_label == entry.size_label
    assert len(made.sizes) == len(made.parameters)
    assert make(name) is made or name == "kalman" or "system" in inspect.signature(entry.make).parameters


@pytest.mark.parametrize("name", NAMES)
def test_every_docstring_has_equation_cost_gaps_and_references(name: str) -> None:
    text = inspect.getdoc(learner_entry(name).make) or ""
    words = " ".join(text.split())
    assert any(line.startswith("    ") and "=" in line for line in text.splitlines()), "equation"
    assert "Cost per step" in words, "cost"
    assert "missing" in words or "aps" in words, "gaps"
    assert "Returns:" in words and "Raises:" in words
    counted = ("Parameters of", "Parameters as", "nothing trainable", "none of them trained")
    assert any(say in words for say in counted), "parameters of a rung"
    nobodys = ("zero", "persistence", "linear-extrapolation")
    assert "References:" in words or name in nobodys


def make(words: str, **given: object) -> Learner:
    system = zoo("random-walk")
    named = dict(system=system, outputs=1, inputs=0, gain=[[0.5]] if words.startswith("truncated") else None)
    return make_learner(words, named | given)


def test_options_are_read_by_their_kind() -> None:
    assert make("ladder:forgetting=0.99,ridge=1e-3", sizes=range(4)) is learners.ladder(range(4), 0.99, 1e-3)
    assert make("persistence", lookaheads=(1, 5)).lookaheads == (1, 5)
    assert make("square-root-rls:reset=10") is learners.square_root_rls(reset=10)
    options = dict(forgetting=(float, 1.0), ridge=(float, 1e-2), reset=(int, 0), intercept=(bool, False))
    assert learner_options("square-root-rls") == options
    assert make("lms: step = 0.1 , leakage=0") is learners.lms(step=0.1)


@pytest.mark.parametrize(
    ("words", "given", "message"),
    [
        ("laddder", {}, "no learner is called 'laddder'; did you mean 'ladder'.* There are ladder, lattice"),
        (
            "ladder:forget=1",
            {},
            r"ladder has no option 'forget'; did you mean 'forgetting'\? Its options are forgetting, ridge, intercept",
        ),
        ("ladder:ridge", {}, "write options of ladder as ladder:option=value,.., got 'ridge'"),
        ("zero:gain=1", {}, "zero has no option 'gain'. It has none"),
        ("ladder:ridge=small", {}, "ladder: ridge must be a number, got 'small'"),
        ("square-root-rls:reset=1.5", {}, "reset must be a whole number, got '1.5'"),
        ("ladder:ridge=1,ridge=2", {}, "is given ridge twice"),
        ("lms:sizes=3", {}, "lms has no option 'sizes'. Its options are step, leakage"),
        ("vovk", dict(lookaheads=(1, 2)), "vovk forecasts one sample ahead.*choose one of ladder, qr-array"),
        ("persistence", dict(sizes=(1, 2)), "persistence has one size"),
        ("kalman", dict(system=None), "kalman needs a system; a recording has none"),
        ("ladder:forgetting=0.5", dict(sizes=range(9)), "a memory shorter than a window"),
    ],
)
def test_a_mistake_is_refused_with_its_remedy(words: str, given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(words, **given)
