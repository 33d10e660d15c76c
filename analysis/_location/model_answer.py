"""The critical size by models fitted to a recording. One recording alone cannot show whether an error is bounded."""

from __future__ import annotations

from typing import NamedTuple


class ModelAnswer(NamedTuple):
    """The critical size by autoregressions fitted to a recording and simulated like a system; not measured.

    Attributes:
        order: Order p of the fitted model; None if there are too few samples for a fit.
        radii: Largest |eigenvalue| of the fitted model, and the smallest and the largest of it over 200 drawn models.
        whiteness: p-value of the portmanteau test of the residuals.
        critical_size: The size on which all simulated models agree; None unless the verdict is ``located``.
        verdict: ``"located"``, ``"at most"``, ``"above"`` or ``"undecided"``, as in ``Critical``.
        reason: The reason of the verdict, and what would decide it.
        interval: Lowest and highest end of the models' 95 % intervals of the critical size. A lower end of None means
            that it is open, below the smallest size tried; an upper end of None means above the largest. None if the
            models do not give one.
        horizon: Samples of each simulated run. If rounding reaches the noise of some models earlier: the fewest.
        replicates: Runs of each model.
        models: Number of simulated models; 0 if no model comes near the unit circle, where the answer needs no run.
        bounded: The smallest size tried whose error is bounded, on which all models agree.
    """

    order: int | None
    radii: tuple[float, float, float] | None
    whiteness: float | None
    critical_size: int | None
    verdict: str
    reason: str
    interval: tuple[int | None, int | None] | None
    horizon: int
    replicates: int
    models: int
    bounded: int | None = None

    def sentence(self, word: str, recorded: int) -> str:
        """Return the answer as a sentence. ``word`` names a size; ``recorded`` is the samples of the longest run."""
        if self.models == 0 and self.bounded is None:
            return f"Fitted models do not decide it either: {self.reason.rstrip('.')}."
        speaks = f"autoregressions of order {self.order}, {self._modulus()}"
        if self.models and self.horizon < recorded:
            speaks += f", {self.replicates} runs of " + f"{self.horizon:,} samples each".replace(",", " ")
        fitted = f"By models fitted to it, not measured ({speaks}),"
        low, high = self.interval or (0, None)
        if self.verdict == "located":
            return f"{fitted} the error is bounded from {word} {self.critical_size} on."
        if self.verdict == "at most":
            return f"{fitted} the critical {word} is at most {self.bounded}, {self.reason.rstrip('.')}."
        if self.verdict == "above":
            return f"{fitted} the critical {word} is above the largest one tried."
        upper = "more than tried" if high is None else str(high)
        span = f", between {low} and {upper}" if high != low else ""
        return f"{fitted} the critical {word} is undecided{span}: {self.reason.rstrip('.')}."

    def _modulus(self) -> str:
        if not self.order or self.radii is None:
            return "white noise"
        fitted, least, most = self.radii
        digits = 3 if most - least > 2e-3 else 5
        return f"largest root {fitted:.{digits}f}, uncertain from {least:.{digits}f} to {most:.{digits}f}"
