"""Fit an autoregression to a recording by least squares, and return it as a linear system.

Time: y[t] = c + B_0 u[t] + sum_{k=1..p} (A_k y[t-k] + B_k u[t-k]) + e[t], with E e e' = S.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...simulator import LinearSystem, Trajectories
from .lagged_regressors import Window, columns, windows

ROWS = 16  # for each coefficient of one output
LARGEST = 1e140  # largest sample whose squares can be summed
STRETCH = 1 << 16  # rows that are factored at once
LAGS = 20  # lags beyond the order at which the residuals are tested


class Autoregression(NamedTuple):
    """A fitted autoregression.

    Attributes:
        order: p, by Akaike's criterion.
        coefficients: Rows c, B_0, then A_k and B_k for k = 1..p, transposed: ``(column, output)``.
        covariance: S, the covariance of the residuals, ``(output, output)``.
        factor: R of the regressors X = Q R. The covariance of the coefficients is S (x) (R'R)^-1.
        rows: Number of samples in the fit.
        whiteness: p-value of the portmanteau test for white residuals; NaN if there are too few rows.
        channels: Number of outputs and of inputs.
        tried: The largest order that Akaike's criterion chose from.
    """

    order: int
    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    factor: NDArray[np.float64]
    rows: int
    whiteness: float
    channels: tuple[int, int]
    tried: int = 0

    def drawn(self, rng: np.random.Generator) -> Autoregression:
        """Draw a model from the asymptotic normal law of the fitted coefficients."""
        scatter = np.linalg.solve(self.factor, rng.standard_normal(self.coefficients.shape))
        return self._replace(coefficients=self.coefficients + scatter @ _root(self.covariance).T)

    @property
    def radius(self) -> float:
        """Largest modulus of an eigenvalue; 0 for order 0."""
        return float(np.abs(np.linalg.eigvals(self._companion())).max()) if self.order else 0.0

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        """Eigenvalues by falling modulus; none for order 0."""
        values = np.linalg.eigvals(self._companion()).astype(complex) if self.order else np.zeros(0, complex)
        return np.asarray(values[np.argsort(-np.abs(values), kind="stable")])

    def on_the_circle(self) -> list[tuple[int, Autoregression]]:
        """Return models with the k largest eigenvalues moved onto the unit circle, each with its k, by rising k.

        Angles do not change; complex pairs move together. With several outputs there is only one model, with all
        eigenvalues divided by the largest modulus.
        """
        values = self.eigenvalues
        if not len(values) or np.abs(values[0]) == 0:
            return []
        if self.channels[0] > 1:
            powers = float(np.abs(values[0])) ** -np.arange(1.0, self.order + 1)
            return [(1, self._lagged(powers[:, None, None] * self._A()))]
        found = []
        for k in range(1, self.order + 1):
            if np.abs(values[k - 1]) > 0 and np.abs(values[:k].sum().imag) < 1e-9:
                moved = np.concatenate([values[:k] / np.abs(values[:k]), values[k:]])
                found.append((k, self._lagged(np.asarray(-np.poly(moved).real[1:, None, None], np.float64))))
        return found

    def system(self, name: str = "fitted model") -> LinearSystem:
        """Return the model as a linear system of the deviations from the level, without the constant c.

            x[t] = (y[t] - B_0 u[t], y[t-1], .., y[t-p+1], u[t-1], .., u[t-p+1]),    y[t] = x_1[t] + B_0 u[t]

        The noise e[t+1] enters x_1 only. There is no measurement noise.
        """
        q, m = self.channels
        p = max(self.order, 1)
        B_0 = self.coefficients[1 : 1 + m].T
        lagged = np.zeros((p, q + m, q))
        lagged[: self.order] = self.coefficients[1 + m :].reshape(self.order, q + m, q)
        A_k, B_k = lagged[:, :q].transpose(0, 2, 1), lagged[:, q:].transpose(0, 2, 1)
        states = p * q + (p - 1) * m
        A, B = np.zeros((states, states)), np.zeros((states, m))
        A[:q, : p * q] = np.concatenate(list(A_k), axis=1)
        A[:q, p * q :] = np.concatenate([*B_k[1:], np.zeros((q, 0))], axis=1)
        B[:q] = B_k[0] + A_k[0] @ B_0
        if p > 1:
            A[q : p * q, : (p - 1) * q] = np.eye((p - 1) * q)
            B[q : 2 * q] = B_0
            B[p * q : p * q + m] = np.eye(m)
            A[p * q + m :, p * q : states - m] = np.eye((p - 2) * m)
        C, Q = np.eye(q, states), np.zeros((states, states))
        Q[:q, :q] = self.covariance
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a surplus lag is a mode that the output does not show
            return LinearSystem(A, C, Q, np.zeros((q, q)), B=B, D=B_0, name=name)

    def _A(self) -> NDArray[np.float64]:
        """Return A_1', .., A_p', ``(lag, output, output)``."""
        q, m = self.channels
        return self.coefficients[1 + m :].reshape(self.order, q + m, q)[:, :q]

    def _lagged(self, A: NDArray[np.float64]) -> Autoregression:
        """Return the model with A_1', .., A_p' replaced."""
        q, m = self.channels
        coefficients = self.coefficients.copy()
        coefficients[1 + m :].reshape(self.order, q + m, q)[:, :q] = A  # writes into a view
        return self._replace(coefficients=coefficients)

    def _companion(self) -> NDArray[np.float64]:
        q = self.channels[0]
        top = self._A().transpose(2, 0, 1)
        return np.vstack([top.reshape(q, -1), np.eye((self.order - 1) * q, self.order * q)])


def autoregression(recording: Trajectories, most: int = 16) -> Autoregression | None:
    """Fit an autoregression by least squares over all runs together; Akaike's criterion selects the order.

        AIC(p) = N log det S_p + 2 (coefficients of order p)

    AIC is computed on the rows of the largest order. The selected order is fitted again to all rows that it can use.
    Rows with a missing sample are left out. An order is tried if it leaves 16 rows for each coefficient of an output.

    Args:
        recording: One or several runs.
        most: Largest order.

    Returns:
        The fit; None if there are too few rows for order 0, if no noise is left, or if the squares overflow.

    References:
        H. Luetkepohl, New Introduction to Multiple Time Series Analysis, 2005, sections 3.2, 4.3 and 4.4.
        J. R. M. Hosking, The multivariate portmanteau statistic, 1980.
    """
    _, _, q = recording.outputs.shape
    m = recording.inputs.shape[2]
    fit = _fit(recording, most)
    while most and fit.rows < ROWS * (1 + columns(most, q, m)):
        most -= 1
        fit = _fit(recording, most)
    if fit.rows < ROWS * (1 + columns(0, q, m)) or fit.largest > LARGEST:
        return None
    rows, rest = fit.rows, fit.rest
    scores = []
    for order in range(most + 1):
        width = 1 + columns(order, q, m)
        sign, size = np.linalg.slogdet(rest[width:].T @ rest[width:] / rows)
        scores.append(rows * size + 2 * q * width if sign > 0 else np.inf)
    if not np.isfinite(scores).any():
        return None
    fitted = fit_order(recording, int(np.argmin(scores)))
    return None if fitted is None else fitted._replace(tried=most)


def fit_order(recording: Trajectories, order: int) -> Autoregression | None:
    """Fit the autoregression of one order; return None if there are too few rows or no noise is left."""
    _, _, q = recording.outputs.shape
    m = recording.inputs.shape[2]
    width, fit = 1 + columns(order, q, m), _fit(recording, order)
    if fit.rows <= width:
        return None
    factor, rest = fit.factor, fit.rest
    lengths = np.sqrt((factor**2).sum(axis=0))
    if not lengths.all() or np.linalg.matrix_rank(factor / lengths) < width:
        return None
    coefficients = np.linalg.lstsq(factor / lengths, rest[:width], rcond=None)[0] / lengths[:, None]
    parts = [(rows.targets - rows.regressors @ coefficients, rows.times) for rows in _stretches(recording, order)]
    residuals, places = (np.concatenate(leaf) for leaf in zip(*parts, strict=True))
    S = residuals.T @ residuals / (fit.rows - width)
    deviations = np.sqrt(np.diag(S))
    if not deviations.all() or np.linalg.matrix_rank(S / np.outer(deviations, deviations)) < q:
        return None
    white = _whiteness(residuals, places, order)
    return Autoregression(order, coefficients, S, factor, fit.rows, white, (q, m))


class _Fit(NamedTuple):
    """R of the regressors X = Q R, and the targets in the same triangle: rows from k on are left of k columns."""

    factor: NDArray[np.float64]
    rest: NDArray[np.float64]
    rows: int
    largest: float  # absolute value of a regressor


def _fit(recording: Trajectories, order: int) -> _Fit:
    """Factor the rows of all runs, stretch by stretch: memory does not grow with their number."""
    width = 1 + columns(order, recording.outputs.shape[2], recording.inputs.shape[2])
    triangle, count, largest = np.zeros((0, width + recording.outputs.shape[2])), 0, 0.0
    for rows in _stretches(recording, order):
        if not len(rows.times):
            continue
        both = np.concatenate([rows.regressors, rows.targets], axis=1)
        triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, both]) if len(triangle) else both, mode="r"))
        count, largest = count + len(both), max(largest, float(np.abs(rows.regressors).max()))
    return _Fit(triangle[:width, :width], triangle[:, width:], count, largest)


def _stretches(recording: Trajectories, order: int) -> Iterator[Window]:
    """Yield the rows of all runs, with a constant as the first regressor; times of different runs do not touch."""
    level, of_inputs = (
        np.nanmean(np.asarray(leaf, float), axis=(0, 1)) for leaf in (recording.outputs, recording.inputs)
    )
    held: list[Window] = []
    count = start = 0
    for y, u, length in zip(recording.outputs, recording.inputs, recording.lengths.tolist(), strict=True):
        deviations = np.asarray(y[:length], float) - level, np.asarray(u[:length], float) - of_inputs
        for rows in windows(*deviations, order, STRETCH):
            held.append(rows._replace(times=rows.times + start))
            count += len(rows.times)
            if count >= STRETCH:
                yield _joined(held)
                held, count = [], 0
        start += 2 * length + order + LAGS
    if held:
        yield _joined(held)


def _joined(parts: list[Window]) -> Window:
    X, Y, times = (np.concatenate(leaf) for leaf in zip(*parts, strict=True))
    return Window(np.concatenate([np.ones((len(X), 1)), X], axis=1), Y, times)


def _whiteness(residuals: NDArray[np.float64], places: NDArray[np.int64], order: int) -> float:
    """Return the p-value of Hosking's portmanteau statistic over p + 20 lags (Ljung and Box's for one output).

        Q = (1 + 2/N) sum_k n_k tr(C_k' C_0^-1 C_k C_0^-1)

    n_k is the number of pairs k samples apart, C_k their mean product.
    """
    from scipy.special import chdtrc

    rows, q = residuals.shape
    lags = order + min(LAGS, rows // 10)
    if lags <= order:
        return float("nan")
    white = np.linalg.solve(np.linalg.cholesky(residuals.T @ residuals / rows), residuals.T).T
    line = np.zeros((int(places[-1]) + 1, q))
    there = np.zeros(len(line))
    line[places], there[places] = white, 1.0
    total = 0.0
    for k in range(1, lags + 1):
        pairs = float(there[k:] @ there[:-k])
        if pairs:
            total += np.sum((line[k:].T @ line[:-k]) ** 2) / pairs
    return float(chdtrc(q * q * (lags - order), (1 + 2 / rows) * total))


def _root(S: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.cholesky(S))
