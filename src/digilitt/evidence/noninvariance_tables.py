"""Tables of effects of non-invariance, of items and of reported scales."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.evidence.group_models import Observed
from digilitt.evidence.models.fit import Fitted
from digilitt.numerics.noninvariance import GroupModels, ItemEffects
from digilitt.numerics.scale_bias import scale_bias

Floats = NDArray[np.float64]
ScaleMetric = Literal["mean", "sum"]
STATISTICS = {
    "dmacs": "dmacs",
    "dmacs_signed": "dmacs_signed",
    "item_bias": "bias",
    "item_bias_absolute": "bias_absolute",
}


def _loads(fitted: Fitted, models: GroupModels) -> list[tuple[str, NDArray[np.int64]]]:
    """Factors that items measure, and the places of these items."""
    there = (models.loadings != 0.0).any(axis=0)
    named = zip(fitted.table.factors, there.T, strict=True)
    return [(name, np.flatnonzero(column)) for name, column in named if column.any()]


def _others(fitted: Fitted, place: int | None) -> list[int]:
    """All groups but the reference."""
    return [number for number in range(len(fitted.table.groups)) if number != place]


def effect_table(
    effects: ItemEffects, answers: Observed, fitted: Fitted, models: GroupModels, place: int | None
) -> pd.DataFrame:
    """Effects, one row per item, group and statistic."""
    of_item: dict[int, list[str]] = {}
    for factor, items in _loads(fitted, models):
        for item in items.tolist():
            of_item.setdefault(item, []).append(factor)
    rows = [
        (
            fitted.table.items[item],
            ", ".join(factors),
            fitted.table.groups[group],
            statistic,
            getattr(effects, name)[group, item],
            round(answers.n[group, item]),
        )
        for item, factors in sorted(of_item.items())
        for group in _others(fitted, place)
        for statistic, name in STATISTICS.items()
    ]
    columns = ["item", "factor", "group", "statistic", "estimate", "n"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[:4], "str"))


def scale_table(
    effects: ItemEffects,
    answers: Observed,
    fitted: Fitted,
    models: GroupModels,
    place: int | None,
    metric: ScaleMetric,
) -> pd.DataFrame:
    """How far items together move means of the reported scale."""
    loads = _loads(fitted, models)
    weights = np.zeros((len(loads), len(fitted.table.items)))
    for row, (_, items) in zip(weights, loads, strict=True):
        row[items] = 1.0 / len(items) if metric == "mean" else 1.0
    found = scale_bias(effects.bias, weights)
    apart, errors = _observed_differences(answers, weights, place)
    rows = [
        (
            factor,
            fitted.table.groups[group],
            metric,
            found.bias[group, at],
            found.low[group, at],
            found.high[group, at],
            found.worst[group, at],
            apart[group, at],
            errors[group, at],
            round(answers.persons[group]),
        )
        for at, (factor, _) in enumerate(loads)
        for group in _others(fitted, place)
    ]
    columns = "factor group metric bias low high worst observed_difference observed_std_error n"
    table = pd.DataFrame(rows, columns=columns.split())
    return table.astype(dict.fromkeys(("factor", "group", "metric"), "str"))


def _observed_differences(
    answers: Observed, weights: Floats, place: int | None
) -> tuple[Floats, Floats]:
    """Each group's mean as answered less that of the reference, and its standard error."""
    n_groups, n_items = answers.mean.shape
    if place is None:
        centre = answers.n / answers.n.sum(axis=0)
    else:
        centre = np.zeros((n_groups, n_items))
        centre[place] = 1.0
    apart = (answers.mean - (centre * answers.mean).sum(axis=0)) @ weights.T
    own = np.eye(n_groups)[:, :, None]
    errors = [answers.difference_error(each - centre, weights) for each in own]
    return apart, np.stack(errors)
