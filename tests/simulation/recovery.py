"""Nine items on three factors, 1000 persons: are estimates, errors and tests right?

python -m tests.simulation.recovery
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.populations import Population, even_shares
from tests.simulation.replications import Condition
from tests.simulation.study import Summary, main, outside

N = 1000
# Skewness 1.2 and excess kurtosis 1.8.
CURVE = 0.2
CONDITIONS = (
    Condition(name="ml, normal", estimator="ml", population=Population(), n=N, seed=501),
    Condition(
        name="mlr, skewed", estimator="mlr", population=Population(curve=CURVE), n=N, seed=502
    ),
    *(
        Condition(
            name=f"wlsmv, {k} categories",
            estimator="wlsmv",
            population=Population(shares=even_shares(k)),
            n=N,
            seed=500 + k,
        )
        for k in (3, 4, 5, 6, 7)
    ),
)
# The test that belongs to each estimator.
OWN = {"ml": "plain", "mlr": "scaled", "wlsmv": "scaled"}
REJECTED, COVERED = (0.035, 0.07), (0.93, 0.97)
# Of the true value, on average over the parameters of a kind.
MOST_BIAS = 0.02


def judged(summary: Summary) -> Iterator[str]:
    """What is not as it must be in a condition."""
    name = summary["condition"]
    own = OWN[summary["estimator"]]
    yield from outside(f"{name}, {own} chi2", summary["tests"][own]["rejected"], *REJECTED)
    yield from outside(f"{name}, solved", summary["n_solved"] / summary["n_replications"], 0.999, 1)
    for kind, found in summary["parameters"].items():
        yield from outside(f"{name}, {kind}, coverage", found["coverage"], *COVERED)
        # Thresholds lie around 0: what they may be off is a share of 1.
        size = 1.0 if kind == "threshold" else found["mean_truth"]
        yield from outside(f"{name}, {kind}, bias", found["bias"] / size, -MOST_BIAS, MOST_BIAS)


if __name__ == "__main__":
    main("recovery", CONDITIONS, judged)
