"""Two groups of 500 in which all is equal but means and variances of factors: do steps hold?

python -m tests.simulation.differences
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.populations import Population, even_shares
from tests.simulation.recovery import COVERED, CURVE, MOST_BIAS, N
from tests.simulation.replications import Condition
from tests.simulation.study import Summary, main, outside

SECOND = (0.3, 1.3)
CONDITIONS = (
    Condition(
        name="ml, normal", estimator="ml", population=Population(second=SECOND), n=N, seed=601
    ),
    Condition(
        name="mlr, skewed",
        estimator="mlr",
        population=Population(curve=CURVE, second=SECOND),
        n=N,
        seed=602,
    ),
    *(
        Condition(
            name=f"wlsmv, {k} categories",
            estimator="wlsmv",
            population=Population(shares=even_shares(k), second=SECOND),
            n=N,
            seed=600 + k,
        )
        for k in (3, 4, 5, 7)
    ),
)
REJECTED = (0.03, 0.08)


def judged(summary: Summary) -> Iterator[str]:
    """What is not as it must be in a condition."""
    name = summary["condition"]
    for step, test in summary["tests"].items():
        yield from outside(f"{name}, {step}", test["rejected"], *REJECTED)
    yield from outside(f"{name}, solved", summary["n_solved"] / summary["n_replications"], 0.999, 1)
    for kind, found in summary["parameters"].items():
        share = found["bias"] / found["mean_truth"]
        yield from outside(f"{name}, {kind}, coverage", found["coverage"], *COVERED)
        yield from outside(f"{name}, {kind}, bias", share, -MOST_BIAS, MOST_BIAS)


if __name__ == "__main__":
    main("differences", CONDITIONS, judged)
