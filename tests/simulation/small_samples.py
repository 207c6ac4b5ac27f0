"""300 persons with many or skewed items: how often are true models rejected, and corrected?

    python -m tests.simulation.small_samples

No bounds: here tests are known to reject too often. The rates are stored to be told.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.populations import Population, even_shares
from tests.simulation.recovery import CURVE
from tests.simulation.replications import Condition
from tests.simulation.study import Summary, main

N = 300
MANY = {"n_factors": 5, "loadings": (0.7, 0.6, 0.8, 0.5, 0.65)}
# Skewness 2.1 and excess kurtosis 6.5.
STEEP = 0.4
SKEWED = (0.52, 0.24, 0.12, 0.08, 0.04)
POPULATIONS = {
    "ml, 9 normal items": ("ml", Population()),
    "ml, 25 normal items": ("ml", Population(**MANY)),
    "mlr, 9 normal items": ("mlr", Population()),
    "mlr, 9 very skewed items": ("mlr", Population(curve=STEEP)),
    "mlr, 25 skewed items": ("mlr", Population(**MANY, curve=CURVE)),
    "wlsmv, 9 items, 5 categories": ("wlsmv", Population(shares=even_shares(5))),
    "wlsmv, 9 skewed items, 5 categories": ("wlsmv", Population(shares=SKEWED)),
    "wlsmv, 25 items, 5 categories": ("wlsmv", Population(**MANY, shares=even_shares(5))),
    "wlsmv, 25 skewed items, 5 categories": ("wlsmv", Population(**MANY, shares=SKEWED)),
}
CONDITIONS = tuple(
    Condition(name=name, estimator=estimator, population=population, n=N, seed=701 + place)
    for place, (name, (estimator, population)) in enumerate(POPULATIONS.items())
)


def judged(summary: Summary) -> Iterator[str]:
    """Nothing must be so or so but that models can be estimated nearly always."""
    solved = summary["n_solved"] / summary["n_replications"]
    if solved < 0.95:
        yield f"{summary['condition']}: only {solved:.3f} of the samples were solved"


if __name__ == "__main__":
    main("small_samples", CONDITIONS, judged)
