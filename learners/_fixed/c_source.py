"""Fixed predictors as C99: no allocation, no library, the forecasts of ``FixedPredictor`` bit for bit."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from .arx import ARXPredictor
from .predictor import FixedPredictor, Numbers
from .state_space import StateSpacePredictor


def c_name(words: str) -> str:
    """Return an identifier of C made of some words."""
    name = re.sub(r"[^a-zA-Z0-9]+", "_", words).strip("_").lower() or "predictor"
    return f"predictor_{name}" if name[0].isdigit() else name


def c_files(predictor: FixedPredictor, name: str, version: str = "") -> dict[str, str]:
    """Return the header and the source by their file names.

    Without ``-ffast-math`` and without contraction into fused multiply-adds (``-std=c99`` leaves them out) the
    forecasts are those of ``FixedPredictor.forecasts``, bit for bit.

    Args:
        predictor: To be written.
        name: Prefix of the files, the type and the functions: an identifier of C.
        version: Of ergoscope, for the comment.

    Raises:
        ValueError: The name is no identifier.
    """
    if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise ValueError(f"the name of C code must be an identifier such as {c_name(name)}, got {name!r}.")
    code = _Code(predictor, name.upper())
    about = f"/* {_about(predictor, version)} */"
    return {f"{name}.h": _header(predictor, code, name, about), f"{name}.c": _source(predictor, code, name, about)}


def _header(predictor: FixedPredictor, code: _Code, name: str, about: str) -> str:
    upper = code.upper
    past = f"    double past[{upper}_MEMORY]; /* {code.words} */\n" if code.size else ""
    inputs = f"    double input[{upper}_INPUTS]; /* the last ones known */\n" if predictor.inputs else ""
    names = f" /* {_list(predictor.input_names)} */" if predictor.inputs else ""
    ahead = " u: its inputs, NaN where unknown." if predictor.uses_input_now else ""
    return f"""{about}
#ifndef {upper}_H
#define {upper}_H

#ifdef __cplusplus
extern "C" {{
#endif

#define {upper}_OUTPUTS {predictor.outputs} /* {_list(predictor.output_names)} */
#define {upper}_INPUTS {predictor.inputs}{names}
#define {upper}_MEMORY {code.size}

typedef struct {{
{past}{inputs}    int begun; /* whether an output was seen */
}} {name}_t;

/* Before the first sample of a stream. */
void {name}_start({name}_t *self);

/* The forecast of the next sample.{ahead} */
void {name}_forecast(const {name}_t *self{code.known}, double forecast[{upper}_OUTPUTS]);

/* Take one sample in; NaN where a value is missing. */
void {name}_observe({name}_t *self, const double y[{upper}_OUTPUTS]{code.taken});

#ifdef __cplusplus
}}
#endif
#endif
"""


def _source(predictor: FixedPredictor, code: _Code, name: str, about: str) -> str:
    upper, m, now = code.upper, predictor.inputs, predictor.uses_input_now
    hold = f"    double known[{upper}_INPUTS];\n\n    hold_inputs(self, u, known);\n"
    hold_inputs = f"""static void hold_inputs(const {name}_t *self, const double *u, double *known)
{{
{_loop(f"{upper}_INPUTS", "known[i] = u[i] == u[i] ? u[i] : self->input[i];")}}}

"""
    memory = _loop(f"{upper}_MEMORY", "self->past[i] = 0.0;") if code.size else ""
    inputs = _loop(f"{upper}_INPUTS", "self->input[i] = 0.0;") if m else ""
    kept = _loop(f"{upper}_INPUTS", "self->input[i] = known[i];") if m else ""
    unused = "" if code.size or now else "    (void)self;\n"
    return f"""{about}
#include "{name}.h"

{code.tables}
{hold_inputs if m else ""}void {name}_start({name}_t *self)
{{
{memory}{inputs}    self->begun = 0;
}}

void {name}_forecast(const {name}_t *self{code.known}, double forecast[{upper}_OUTPUTS])
{{
{hold if now else unused}{code.forecast()}}}

void {name}_observe({name}_t *self, const double y[{upper}_OUTPUTS]{code.taken})
{{
    double seen[{upper}_OUTPUTS], forecast[{upper}_OUTPUTS];
{hold if m else ""}    int any = 0;

    {name}_forecast(self{", known" if now else ""}, forecast);
    for (int i = 0; i < {upper}_OUTPUTS; i++) {{
        any |= y[i] == y[i];
        seen[i] = y[i] == y[i] ? y[i] : forecast[i];
    }}
{code.take()}{kept}    self->begun |= any;
}}
"""


class _Code:
    """What the code remembers, its weights, and the statements that use them."""

    def __init__(self, predictor: FixedPredictor, upper: str) -> None:
        self.upper = upper
        self.p, self.m, self.now = predictor.outputs, predictor.inputs, predictor.uses_input_now
        self.arx = isinstance(predictor, ARXPredictor)
        if isinstance(predictor, ARXPredictor):
            self.size = predictor.length * (self.p + self.m)
            self.words = "the window, newest sample first: outputs, then inputs"
            columns, first = predictor.columns, self.m * self.now
            tables = [("constant", predictor.constant), ("known_weights", columns[:first])]
            tables += [("weights", columns[first:])]
        elif isinstance(predictor, StateSpacePredictor):
            self.size, self.words = predictor.states, "the state"
            columns, rows, n = predictor.forecast_columns, predictor.state_columns, predictor.states
            tables = [("weights", columns[:n])] + [("known_weights", columns[n:])] * self.now
            tables += [("F", rows[:n]), ("L", rows[n : n + self.p]), ("G", rows[n + self.p :])]
        else:
            raise ValueError(f"no C code for {type(predictor).__name__}.")
        inputs = f", const double u[{upper}_INPUTS]"
        self.known, self.taken = inputs * self.now, inputs * bool(self.m)
        self.tables = "".join(_table(word, table) for word, table in tables if table.size)

    def forecast(self) -> str:
        start = _loop(f"{self.upper}_OUTPUTS", f"forecast[i] = {'constant[i]' if self.arx else '0.0'};")
        known = self._sum("forecast", "known_weights", "known", "INPUTS", "OUTPUTS") if self.now else ""
        past = self._sum("forecast", "weights", "self->past", "MEMORY", "OUTPUTS") if self.size else ""
        return start + (known + past if self.arx else past + known)

    def take(self) -> str:
        if not self.size:
            return "    (void)seen;\n"
        if self.arx:
            return self._shift()
        parts = [("F", "self->past", "MEMORY"), ("L", "seen", "OUTPUTS")] + [("G", "known", "INPUTS")] * bool(self.m)
        sums = "".join(self._sum("next", table, values, columns, "MEMORY") for table, values, columns in parts)
        start = _loop(f"{self.upper}_MEMORY", "next[i] = 0.0;")
        kept = _loop(f"{self.upper}_MEMORY", "self->past[i] = next[i];")
        return f"    double next[{self.upper}_MEMORY];\n\n{start}{sums}{kept}"

    def _shift(self) -> str:
        upper, q = self.upper, f"({self.upper}_OUTPUTS + {self.upper}_INPUTS)"
        outputs = _loop(f"{upper}_OUTPUTS", "self->past[i] = seen[i];")
        inputs = _loop(f"{upper}_INPUTS", f"self->past[{upper}_OUTPUTS + i] = known[i];") if self.m else ""
        return f"""    for (int i = {upper}_MEMORY - 1; i >= {q}; i--)
        self->past[i] = self->past[i - {q}];
{outputs}{inputs}    if (any && !self->begun) /* samples before the first count as the first */
        for (int i = {q}; i < {upper}_MEMORY; i++)
            self->past[i] = self->past[i - {q}];
"""

    def _sum(self, total: str, table: str, values: str, columns: str, rows: str) -> str:
        return f"""    for (int k = 0; k < {self.upper}_{columns}; k++)
        for (int i = 0; i < {self.upper}_{rows}; i++)
            {total}[i] += {table}[k][i] * {values}[k];
"""


def _loop(count: str, statement: str) -> str:
    return f"    for (int i = 0; i < {count}; i++)\n        {statement}\n"


def _table(word: str, table: Numbers) -> str:
    sizes = "".join(f"[{length}]" for length in table.shape)
    if table.ndim == 1:
        return f"static const double {word}{sizes} = {{{', '.join(map(_number, table))}}};\n"
    rows = "".join(f"    {{{', '.join(map(_number, row))}}},\n" for row in table)
    return f"static const double {word}{sizes} = {{\n{rows}}};\n"


def _number(value: np.float64) -> str:
    return repr(float(value))


def _about(predictor: FixedPredictor, version: str) -> str:
    about = [f"{word} {value}" for word, value in predictor.about.items() if value is not None]
    about += [] if predictor.dt is None else [f"step {predictor.dt:.9g} s"]
    equation = predictor.to_dict()["equation"]
    text = f"One-step predictor, written by ergoscope {version}\n   {', '.join(about)}\n   {equation}"
    return text.encode("ascii", "replace").decode().replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def _list(names: Iterable[str]) -> str:
    return ", ".join(names).encode("ascii", "replace").decode().replace("*/", "* /").replace("/*", "/ *")
