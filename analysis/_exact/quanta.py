"""The quantization model of neural scaling, exactly: kinds of examples that are learned whole or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import zeta

from ..._core.checks import check_count
from .rank_sums import rank_sum
from .unlearned import check_law, check_points, unlearned_by_data, unlearned_by_steps
from .zipf import Zipf

SMALLEST_ALPHA, LARGEST_ALPHA = 1e-3, 100.0
SURPRISALS = ("none", "unlearned", "both")
NEGLIGIBLE = 1e-17


@dataclass(frozen=True)
class Quanta:
    """Kinds of examples with Zipf frequencies, and the loss on each before and after it is learned.

        p_k = k^-(alpha + 1) / H,    H = sum_{k=1}^K k^-(alpha + 1)

    An example of kind k loses b_k while the kind is unlearned, and a_k once it is learned. The expected loss is

        L = sum_k p_k a_k + sum_k p_k (b_k - a_k) U_k,    U_k = P(kind k is unlearned)

    ``loss_by_size``, ``loss_by_data`` and ``loss_by_steps`` are L for three resources, for any K. With K endless, they
    fall to ``floor`` by the powers ``size_exponent``, ``data_exponent`` and ``step_exponent``. A finite K lacks the
    tail of the kinds beyond it, and its loss falls faster. So compare a measured exponent with that of the curve of
    the same K, or add ``missing`` to the loss.

    Args:
        alpha: Exponent of the tail, 0.001 to 100: the kinds after the n-th have a share of about n^-alpha.
        kinds: K; None for endless.
        unlearned: b, in nats or any unit of loss.
        learned: a, below b.
        surprisal: Which losses also hold the surprisal -log p_k of the kind, in nats: ``"none"``: b_k = b, a_k = a;
            ``"unlearned"``: b_k = b - log p_k, a_k = a; ``"both"``: b_k = b - log p_k, a_k = a - log p_k. The source
            has b_k = -log p_k, a_k = 0 (``0, 0, "unlearned"``) and a_k = -log(C p_k) (``0, -log C, "both"``), too.

    Raises:
        ValueError: alpha or kinds is beyond its limits, there is no such ``surprisal``, or ``unlearned`` is not above
            ``learned``; with the surprisal in b_k alone it may be equal.

    References:
        E. J. Michaud, Z. Liu, U. Girit, M. Tegmark, The quantization model of neural scaling, NeurIPS 2023
        (arXiv 2303.13506), section 2 and the appendix.

    Examples:
        >>> Quanta(alpha=1.0, kinds=2).loss_by_size([0, 1, 2]).round(3).tolist()
        [1.0, 0.2, 0.0]
    """

    alpha: float
    kinds: int | None = None
    unlearned: float = 1.0
    learned: float = 0.0
    surprisal: str = "none"

    def __post_init__(self) -> None:
        if not SMALLEST_ALPHA <= self.alpha <= LARGEST_ALPHA:
            raise ValueError(
                f"alpha must be {SMALLEST_ALPHA:g} to {LARGEST_ALPHA:g}, got {self.alpha}: it is the exponent of the "
                "tail, and the frequency of kind k is k^-(alpha + 1)."
            )
        if self.kinds is not None:
            check_count("kinds", self.kinds, ": give None for endless kinds")
        if self.surprisal not in SURPRISALS:
            raise ValueError(f"surprisal must be one of {', '.join(SURPRISALS)}; got {self.surprisal!r}.")
        gap = self.unlearned - self.learned
        if not (math.isfinite(gap) and (gap > 0 or (gap == 0 and self.surprisal == "unlearned"))):
            raise ValueError(
                f"unlearned must be above learned, got {self.unlearned} and {self.learned}: learning lowers the loss."
            )

    @property
    def size_exponent(self) -> float:
        """alpha_N = alpha: with the n most frequent kinds learned, L - floor ~ n^-alpha."""
        return self.alpha

    @property
    def data_exponent(self) -> float:
        """alpha_D = alpha / (alpha + 1): kind k is learned after about tau / p_k examples."""
        return self.alpha / (self.alpha + 1)

    def step_exponent(self, power: float = 1.0) -> float:
        """Return alpha_S = alpha / ((alpha + 1) s): kind k is learned after T p_k^-s steps, with s = ``power``."""
        check_law(1.0, power)
        return self.data_exponent / power

    @property
    def floor(self) -> float:
        """The loss with every kind learned, sum_k p_k a_k."""
        return self.learned + (self._law.entropy() if self.surprisal == "both" else 0.0)

    @property
    def missing(self) -> float:
        """What the kinds beyond K would lose, sum_{k>K} k^-(alpha + 1) (b_k - a_k) / H; 0 for endless kinds.

        Its divisor is the norm H of the K kinds, as in p_k. Then, with constant losses, L - floor + missing is
        c (L' - floor), where L' is the loss of endless kinds with c times the data or steps (or as many slots),
        c = zeta(alpha + 1) / H; as long as hardly a kind beyond K would be learned. Divided by zeta(alpha + 1) it is no
        such multiple, and no power law comes back.
        """
        return 0.0 if self.kinds is None else float(self._tail(np.array(float(self.kinds))))

    def frequency(self, ranks: ArrayLike) -> NDArray[np.float64]:
        """Return p_k of ranks k, whole numbers from 1 to K."""
        k = check_points("ranks", ranks, whole=True)
        if not ((k >= 1) & (k <= self._law.last)).all():
            raise ValueError(f"ranks must be from 1 to {self._law.last:g}, got {k[(k < 1) | (k > self._law.last)]}.")
        return self._law.frequency(k)

    def loss_by_size(self, slots: ArrayLike) -> NDArray[np.float64]:
        """Return the loss of who has learned the n most frequent kinds: floor + sum_{k>n} p_k (b_k - a_k).

        That is where a learner of n slots ends (``ideal_quanta``). If a kind takes C parameters, n = parameters / C.
        The loss is close to a power of n + 1/2, so the slope against n is less than alpha by about alpha / (2 n).

        Args:
            slots: n, whole numbers of at least 0, one or ``(point,)``.

        Returns:
            ``(point,)``.
        """
        return self.floor + self._after(check_points("slots", slots, whole=True))

    def size_asymptote(self, slots: ArrayLike) -> NDArray[np.float64]:
        """Return what ``loss_by_size`` of endless kinds tends to for large n.

        With z = zeta(alpha + 1) and g = b - a it is, if the surprisal is in no loss or in both,

            floor + g n^-alpha / (alpha z)

        and if it is in b_k alone

            floor + n^-alpha (g / alpha + (1 + alpha + alpha log z) / alpha^2 + (alpha + 1) / alpha log n) / z

        Args:
            slots: n, numbers above 0, one or ``(point,)``.

        Returns:
            ``(point,)``.
        """
        n, z, alpha = check_points("slots", slots), float(zeta(self.alpha + 1)), self.alpha
        if not (n > 0).all():
            raise ValueError("slots must be above 0: the asymptote has no value at 0.")
        factor = np.full(n.shape, self.unlearned - self.learned)
        if self.surprisal == "unlearned":
            factor += (1 + alpha) / alpha + math.log(z) + (alpha + 1) * np.log(n)
        endless = Quanta(alpha, None, self.unlearned, self.learned, self.surprisal)
        return np.asarray(endless.floor + factor * n**-alpha / (alpha * z))

    def loss_by_data(self, rows: ArrayLike, uses: int = 1) -> NDArray[np.float64]:
        """Return the expected loss on a fresh example, of who learned from D independent examples.

        Kind k is learned if at least tau of them are of it; their number is binomial(D, p_k). Passes over the same
        examples do not count anew. With constant losses and endless kinds it tends, for large D, to

            floor + (b - a) zeta(alpha + 1)^(-1 / (alpha + 1)) / alpha Gamma(tau + beta) / Gamma(tau) D^-beta,
            beta = alpha / (alpha + 1)

        Args:
            rows: D, whole numbers from 0 to 1e15, one or ``(point,)``.
            uses: tau, at least 1.

        Returns:
            ``(point,)``.
        """
        check_count("uses", uses)

        def loss(D: float) -> float:
            return self._loss(lambda p: unlearned_by_data(p, D, uses), D, 1.0, uses)

        return np.array([loss(D) for D in check_points("rows", rows, whole=True).tolist()])

    def loss_by_steps(
        self, steps: ArrayLike, cost: float = 1.0, power: float = 1.0, stages: int | None = None
    ) -> NDArray[np.float64]:
        """Return the loss after S steps, if kind k takes S_k = T p_k^-s of them.

        Kind k is learned at once at S_k, or in m stages: the share Q(m, m S / S_k) is left of what it loses, with the
        regularised upper incomplete gamma function. It is the law of m exponential waits of mean S_k / m; one stage is
        exp(-S / S_k), and the more stages, the steeper.

        Args:
            steps: S, numbers from 0 to 1e15 T, one or ``(point,)``.
            cost: T, the steps for a kind of frequency 1.
            power: s, 0.2 to 5; 1 by theory.
            stages: m; None: at once.

        Returns:
            ``(point,)``.
        """
        check_law(cost, power)
        ratios = check_points("steps / cost", np.asarray(steps, float) / cost)
        if stages is None:
            # A step that is the S_k of a kind counts as there, although S_k was rounded.
            passed = ((ratios * (1 + 1e-12)) ** (1 / power) / self._law.norm) ** (1 / self._law.s)
            return self.floor + self._after(np.floor(passed))
        check_count("stages", stages)

        def loss(ratio: float) -> float:
            return self._loss(lambda p: unlearned_by_steps(p, ratio, power, stages), stages * ratio, power, stages)

        return np.array([loss(ratio) for ratio in ratios.tolist()])

    @cached_property
    def _law(self) -> Zipf:
        return Zipf(self.alpha + 1, math.inf if self.kinds is None else float(self.kinds))

    def _tail(self, n: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return sum_{k>n} p_k (b_k - a_k) without an end."""
        constant = (self.unlearned - self.learned) * self._law.tail(n)
        return constant + self._law.surprisal_tail(n) if self.surprisal == "unlearned" else constant

    def _after(self, n: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what is lost above the floor with the n most frequent kinds learned."""
        return self._tail(np.minimum(n, self._law.last)) - self.missing

    def _loss(
        self,
        unlearned: Callable[[NDArray[np.float64]], NDArray[np.float64]],
        scale: float,
        power: float,
        steepness: int,
    ) -> float:
        """Return the loss for U_k = unlearned(p_k), which is 1 to rounding where scale p^power is negligible."""
        law, gap = self._law, self.unlearned - self.learned

        def lost(k: NDArray[np.float64]) -> NDArray[np.float64]:
            p = law.frequency(k)
            return p * unlearned(p) * (gap - np.log(p) if self.surprisal == "unlearned" else gap)

        partly = np.floor(((scale / NEGLIGIBLE) ** (1 / power) / law.norm) ** (1 / law.s))
        last = min(float(partly), law.last)
        width = min(0.5, 3 / (law.s * power * math.sqrt(steepness)))
        return self.floor + rank_sum(lost, last, width) + float(self._after(np.array(last)))
