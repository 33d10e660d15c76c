"""What a model fitted to a recording says of boundedness, which the recording alone cannot show."""

from __future__ import annotations

from typing import NamedTuple


class ModelAnswer(NamedTuple):
    """What autoregressions fitted to a recording say, simulated and located like a system; not measured.

    Attributes:
        order: p of the fitted one; None where there are too few samples for any.
        radii: Largest |eigenvalue| of the fitted model, and the least and the most of 200 models drawn around it.
        whiteness: p-value of the portmanteau test of its residuals.
        critical_size: The size on which all simulated models agree; None unless the verdict is ``located``.
        verdict: ``"located"``, ``"above"`` or ``"undecided"``.
        reason: Why, and what would decide it.
        interval: Least and largest end of the models' 95 % intervals of the critical size; an upper end of None is
            above the largest size tried. None where nothing was simulated.
        horizon: Samples of each simulated run; the fewest, where rounding reached the noise of some models before.
        replicates: Runs of each model.
        models: How many were simulated.
    """

    order: int | None
    radii: tuple[float, float, float] | None
    whiteness: float | None
    critical_size: int | None
    verdict: str
    reason: str
    interval: tuple[int, int | None] | None
    horizon: int
    replicates: int
    models: int

    def sentence(self, word: str, recorded: int) -> str:
        """Return it in words; ``word`` is what a size is called, ``recorded`` the samples of the longest run."""
        if self.models == 0:
            return f"No fitted model decides it either: {self.reason.rstrip('.')}."
        speaks = f"autoregressions of order {self.order}, {self._modulus()}"
        if self.horizon < recorded:
            speaks += f", {self.replicates} runs of " + f"{self.horizon:,} samples each".replace(",", " ")
        fitted = f"By models fitted to it, not measured ({speaks}),"
        low, high = self.interval or (0, None)
        if self.verdict == "located":
            return f"{fitted} the critical {word} is {self.critical_size}."
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
        return f"largest root {fitted:.{digits}f}, in doubt from {least:.{digits}f} to {most:.{digits}f}"
