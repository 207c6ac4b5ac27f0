"""Means and standard deviations that would tell what the counts withhold.

They are rounded in everything that is written, and withheld where they would still give away
the bands of a small group, or the score of the few who stopped halfway.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.scoring.plan import Plan, ScalePlan
from digilitt.scoring.scores import Scores

# A range up to this has two decimals, a wider one has one.
WIDE_RANGE = 10.0
# Scores that differ less are the same score, computed in another order.
SAME = 9
# Below this many times the minimum, number, mean and spread leave few sets of scores.
FEW_SETS = 4

Bools = NDArray[np.bool_]
Protect = Callable[[pd.DataFrame, Bools], Bools]


def decimals_of(low: float, high: float) -> int:
    """How many decimals a mean is written with, by the possible range of the score."""
    return 2 if high - low <= WIDE_RANGE else 1


def withheld_moments(
    table: pd.DataFrame, touched: Bools, scores: Scores, min_n: int, protect: Protect
) -> tuple[Bools, Bools]:
    """Rows in which the mean, and rows in which the standard deviation, must not be shown.

    Parameters
    ----------
    table : pandas.DataFrame
        One wave: group (position), scale, n_scored; `touched` tells of its rows whether a
        band of that scale and group is withheld.
    scores : Scores
    min_n : int
    protect : callable
        Takes the rows of one scale and those to withhold, and adds what protects them: sums of
        scores and of squares add up over groups as counts do.

    Notes
    -----
    A mean goes where a band is withheld and no band has room for more than two different
    scores, for then number and moments tell the bands; and with it the mean of every scale that
    the scale is a part of. The mean of a scale of scales also goes where so few people have one
    of its parts and not the whole, or the other way round, that their sum would follow even
    from rounded means. A standard deviation goes with its mean, and where a band is withheld in
    a group of fewer than four times the minimum.
    """
    plan = scores.responses.plan
    coarse = _coarse(scores)
    mean, sd = np.zeros(len(table), dtype=bool), np.zeros(len(table), dtype=bool)
    n = table["n_scored"].to_numpy()
    places = {s: np.flatnonzero(table["scale"] == s) for s in table["scale"].unique()}
    for scale in plan.scales:
        rows = places[scale.scale]
        gone = touched[rows] & (scale.scale in coarse)
        for name in _inner(scale.scale, plan):
            inner = plan.scale(name)
            gone |= touched[places[name]] & (name in coarse)
            n_means = len(plan.instrument.scale(scale.scale).scales)
            gone |= _few_apart(n[rows], n[places[name]], inner, n_means, min_n)
        few = touched[rows] & (n[rows] < FEW_SETS * min_n)
        mean[rows] = protect(table.iloc[rows], gone)
        sd[rows] = protect(table.iloc[rows], mean[rows] | few)
    return mean, sd


def _inner(scale: str, plan: Plan) -> list[str]:
    """The scales that a scale is made of, in turn; by their means, or by their items."""
    direct = plan.instrument.scale(scale).scales
    return [deep for inner in direct for deep in (inner, *_inner(inner, plan))]


def _few_apart(
    whole: NDArray[np.int64],
    part: NDArray[np.int64],
    inner: ScalePlan,
    n_means: int,
    min_n: int,
) -> Bools:
    """Groups in which so few have one of the two scores only that rounding does not hide them.

    Each mean is off by half a unit of its last decimal at most. What a reader can work out for
    the few, from the mean of the whole and those of its `n_means` parts, is off by that much
    for every person and mean together; it says nothing where that is more than they can score.
    """
    apart = np.abs(whole - part)
    blur = 10.0 ** -decimals_of(inner.low, inner.high) * n_means * np.maximum(whole, part)
    few: Bools = (apart > 0) & (apart < min_n) & (blur < apart * (inner.high - inner.low))
    return few


def _coarse(scores: Scores) -> Sequence[str]:
    """Scales whose scores take two values at most in every band."""
    rounded = scores.table.assign(estimate=scores.table["estimate"].round(SAME))
    values = rounded.groupby(["scale", "band"], observed=True)["estimate"].nunique()
    most = values.groupby("scale").max()
    return [str(scale) for scale in most.index[most <= 2]]
