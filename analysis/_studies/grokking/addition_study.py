"""Modular addition: the constructed network, and the frequencies of trained ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from ....learners._neural.embedding_mlp import input_output_weights
from ..._emergence.training import kept_parameters
from ..claims import Claim, at_least, at_most, at_place
from .cells import Part
from .constructed_study import P, constructed_claims, constructed_table
from .fourier import Spectrum, spectrum
from .parity_study import runs_of

SHARE = "frequency share"


class Addition(NamedTuple):
    """What was found on modular addition.

    Attributes:
        runs: One row for each run: ``part``, the columns of ``runs_of``, ``share_first, share_memorised, share`` (of
            the power of a neuron at its strongest frequency, at first, at memorising and at the end),
            ``output_share`` (at the end), ``frequencies, doubling``, and ``norm_over_most``, the norm at the end over
            its largest value.
        constructed: Accuracy of the constructed network: ``activation, neurons, accuracy``.
        spectra: The spectrum of the first network of each part that generalised, by part.
        claims: What is claimed and reported.
    """

    runs: pl.DataFrame
    constructed: pl.DataFrame
    spectra: dict[str, Spectrum]
    claims: list[Claim]


def study_addition(parts: Mapping[str, Part], curves: Mapping[str, pl.DataFrame], folder: Path) -> Addition:
    """Return what the curves and the weights of the parts about modular addition show."""
    constructed = constructed_table()
    claims = constructed_claims(constructed)
    tables: list[pl.DataFrame] = []
    spectra: dict[str, Spectrum] = {}
    for name in ("addition-small", "addition", "unfactored"):
        if name in curves:
            table, made = _with_spectra(name, parts[name], curves[name], folder / name)
            tables.append(table)
            spectra |= made
    for name in ("five-neurons", "reverse", "to-and-fro"):
        if name in curves:
            tables.append(_with_falls(name, curves[name]))
    runs = pl.concat(tables, how="diagonal")
    claims += _small_claims(runs.filter(part="addition-small"))
    if "addition" in curves:
        claims += _source_claims(runs)
    return Addition(runs, constructed, spectra, claims)


def _with_spectra(
    name: str, part: Part, curves: pl.DataFrame, folder: Path
) -> tuple[pl.DataFrame, dict[str, Spectrum]]:
    """Return the table of the runs of a part, and the spectrum of the first one that generalised."""
    runs = runs_of(curves, SHARE)
    runs = runs.rename(dict(ratio_first="share_first", ratio_memorised="share_memorised", ratio="share"))
    rows, first = [], dict[str, Spectrum]()
    for row, run in zip(runs.iter_rows(named=True), part.runs, strict=True):
        kept = kept_parameters(folder, run)
        found = spectrum_of(kept[max(kept)])
        rows.append(dict(frequencies=len(found.used), doubling=found.doubling, output_share=found.top_shares[1]))
        if row["generalised"] is not None and not first:
            first = {name: found}
    norms = curves.filter(metric="norm").sort("run", "step").group_by("run", maintain_order=True)
    shrunk = norms.agg(norm_over_most=pl.col("value").last() / pl.col("value").max())
    table = pl.concat([runs, pl.DataFrame(rows)], how="horizontal").join(shrunk, on="run", maintain_order="left")
    return table.with_columns(part=pl.lit(name)), first


def spectrum_of(parameters: Mapping[str, np.ndarray]) -> Spectrum:
    """Return the spectrum of kept parameters of ``embedding_mlp``."""
    inputs, outputs = input_output_weights(dict(parameters))
    return spectrum(np.asarray(inputs, float), np.asarray(outputs, float))


def _with_falls(name: str, curves: pl.DataFrame) -> pl.DataFrame:
    """Return the table of the runs of a part with ``best, end, fall, recovery`` of their exam accuracy.

    ``fall`` is how far it falls at most below its highest value so far, ``recovery`` how far it rises after that.
    """
    exam = curves.filter(metric="exam accuracy").sort("run", "step")
    rows = []
    for (_run,), part in exam.group_by("run", maintain_order=True):
        values = part["value"].round(9).to_numpy()  # a mean of ones may be 1 less a rounding error
        below = np.maximum.accumulate(values) - values
        low = int(below.argmax())
        ends = dict(best=float(values.max()), end=float(values[-1]))
        rows.append(ends | dict(fall=float(below[low]), recovery=float(values[low:].max() - values[low])))
    runs = runs_of(curves, None)
    return pl.concat([runs, pl.DataFrame(rows)], how="horizontal").with_columns(part=pl.lit(name))


def _small_claims(runs: pl.DataFrame) -> list[Claim]:
    did = runs.filter(pl.col("generalised").is_not_null())
    part = f"a + b mod {P}, small"
    return [
        Claim(part, f"of {runs.height} generalise; the others are censored", float(did.height)),
        at_most(part, "share of the top frequency at first, most", at_place(runs["share_first"], -1), 0.5, "trial"),
        Claim(part, "share of the top frequency at memorising, most", at_place(runs["share_memorised"], -1)),
        *_frequency_claims(part, did),
        Claim(part, "generalised over memorised, median (ratio of steps)", _ratio(did)),
    ]


def _frequency_claims(part: str, did: pl.DataFrame) -> list[Claim]:
    """Return what is claimed of networks that generalised; nothing where there are none."""
    if did.is_empty():
        return []
    return [
        at_least(part, "share of the top frequency, generalised, least", at_place(did["share"], 0), 0.9, "source"),
        at_least(part, "the same of the output weights, least", at_place(did["output_share"], 0), 0.9, "source"),
        at_least(part, "output phase twice the input phase, least", at_place(did["doubling"], 0), 0.9, "theory"),
        at_most(part, "norm at the end over the largest, most", at_place(did["norm_over_most"], -1), 0.95, "source"),
        Claim(part, "frequencies used, generalised, fewest", at_place(did["frequencies"], 0)),
        Claim(part, "frequencies used, generalised, most", at_place(did["frequencies"], -1)),
    ]


def _source_claims(runs: pl.DataFrame) -> list[Claim]:
    made, ways = [], (("addition", f"a + b mod {P}, source"), ("unfactored", f"a + b mod {P}, unfactored"))
    for name, words in ways:
        part = runs.filter(part=name)
        did, rest = (part.filter(pl.col("generalised").is_not_null() == there) for there in (True, False))
        what, count = f"of {part.height} generalise within 50 000 steps; the others are censored", float(did.height)
        made.append(at_most(words, what, count, 0, "source") if name == "unfactored" else Claim(words, what, count))
        made.append(Claim(words, f"of {part.height} memorise", float(part["memorised"].is_not_null().sum())))
        what, share = "share of the top frequency at memorising, most", at_place(part["share_memorised"], -1)
        made.append(at_most(words, what, share, 0.5, "source") if name == "addition" else Claim(words, what, share))
        made.append(Claim(words, "share of the top frequency, not generalised, most", at_place(rest["share"], -1)))
        made += _frequency_claims(words, did)
    five = runs.filter(part="five-neurons")
    what, all_right = f"of {five.height} answer every pair of the exam", float((five["end"] == 1).sum())
    made += [
        at_least("five neurons, trained", "best accuracy on the exam", at_place(five["best"], -1), 1.0, "source"),
        Claim("five neurons, trained", what, all_right),
    ]
    for name, words in (("reverse", "reverse grokking"), ("to-and-fro", "generalise, memorise, generalise")):
        part = runs.filter(part=name).sort("fall")
        made += [
            Claim(words, "largest fall of the exam accuracy after a peak", float(part["fall"][-1])),
            Claim(words, "its rise after that", float(part["recovery"][-1])),
            Claim(words, f"networks of {part.height} that fall by .1 or more", float((part["fall"] >= 0.1).sum())),
            Claim(words, "exam accuracy at the end, most", at_place(part["end"], -1)),
        ]
    return made


def _ratio(did: pl.DataFrame) -> float | None:
    ratio = did["generalised"] / did["memorised"]
    return None if ratio.is_empty() else float(ratio.median())  # type: ignore[arg-type]
