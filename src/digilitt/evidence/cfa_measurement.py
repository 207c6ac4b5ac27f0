"""How well factors are measured: reliability of sums of items, and how distinct factors are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.evidence.cfa_tables import each_group
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.models.statistics import Ordinal, sample_moments
from digilitt.numerics.covariance.model import Matrices
from digilitt.numerics.model_reliability import (
    Shares,
    average_variance_extracted,
    heterotrait_monotrait,
    model_omega,
    model_omega_categorical,
)

Floats = NDArray[np.float64]

# Why a factor has no coefficient.
WHY = {
    "one-item": "fewer than two items",
    "no-own-items": "no items of its own",
    "cross-loadings": "an item also loads on another factor",
    "improper-factor": "the variance of the factor is 0 or below",
    "heywood": "a standardized loading is beyond 1",
    "no-variance": "the sum of the items has no variance above 0",
}


def reliability_table(fitted: Fitted) -> pd.DataFrame:
    """Reliability of sums of each factor's items, and the variance that the factor explains.

    Returns
    -------
    pandas.DataFrame
        One row per factor and group: factor, group, omega (continuous items), omega_categorical
        (items in categories), ave, and note: why a coefficient is not there, and which items
        load the other way, which the sum takes as they are.

    Notes
    -----
    Omega is the share of the observed variance of the sum that is the factor's: see
    `digilitt.numerics.model_reliability.model_omega`. Of items in categories, the sum is that of
    their scores (Green and Yang, 2009); where categories were merged, each has the mean of the
    scores put together.
    """
    parts = []
    for name, number, found in each_group(fitted):
        observed = sample_moments(fitted.statistics, number)[1]
        nothing = np.full(len(fitted.table.factors), np.nan)
        if isinstance(fitted.statistics, Ordinal):
            omega, categorical = None, _categorical(fitted, found, fitted.statistics, observed)
            loadings = found.loadings * found.delta[:, None]
        else:
            omega, categorical = model_omega(found.total, found.phi, observed), None
            loadings = found.loadings
        ave = average_variance_extracted(loadings, found.phi, observed)
        given = {"omega": omega, "omega_categorical": categorical, "ave": ave}
        columns = {key: nothing if each is None else each.values for key, each in given.items()}
        notes = [
            "; ".join(filter(None, told))
            for told in zip(_notes(given), _turned(fitted, loadings), strict=True)
        ]
        parts.append(
            pd.DataFrame(
                {"factor": fitted.table.factors, "group": name} | columns | {"note": notes}
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return table.astype(dict.fromkeys(("factor", "group", "note"), "str"))


def _categorical(fitted: Fitted, found: Matrices, statistics: Ordinal, observed: Floats) -> Shares:
    item = fitted.model.item_of_threshold
    steps = np.concatenate([np.diff(scores) for scores in statistics.categories.values])
    return model_omega_categorical(
        found.total * found.delta[:, None],
        found.phi,
        observed,
        found.delta[item] * (found.tau - found.mu[item]),
        item,
        steps,
    )


def _notes(given: dict[str, Shares | None]) -> list[str]:
    told = [
        [f"no {name}: {WHY[reason]}" if reason else "" for reason in shares.reasons]
        for name, shares in given.items()
        if shares is not None
    ]
    return ["; ".join(filter(None, notes)) for notes in zip(*told, strict=True)]


def _turned(fitted: Fitted, loadings: Floats) -> list[str]:
    """For each factor, its items with negative loadings, where others have positive ones."""
    told = []
    for column in loadings.T:
        lower = [fitted.table.items[place] for place in np.flatnonzero(column < 0)]
        mixed = lower and (column > 0).any()
        told.append(
            f"items with negative loadings were not turned: {', '.join(lower)}" if mixed else ""
        )
    return told


def htmt_table(fitted: Fitted) -> pd.DataFrame:
    """Heterotrait-monotrait ratios of correlations of the items of two factors.

    Returns
    -------
    pandas.DataFrame
        One row per pair of factors that have items, and group: factor, other, group, htmt
        (arithmetic means) and htmt2 (geometric means, which also fit loadings that differ).
        NaN for a factor of one item, or whose items do not correlate.

    Notes
    -----
    From the observed correlations, polychoric ones of items in categories; which items are a
    factor's is all they take from the model. See
    `digilitt.numerics.model_reliability.heterotrait_monotrait`.
    """
    rows, items = fitted.table.rows, list(fitted.table.items)
    own = rows[(rows["op"] == "=~") & (rows["free"] | (rows["value"] != 0.0))]
    parts = []
    for number, name in enumerate(fitted.table.groups):
        covariance = sample_moments(fitted.statistics, number)[1]
        unit = np.sqrt(np.diag(covariance))
        here = own[own["group"] == number + 1]
        members = {
            factor: [
                items.index(item)
                for item in here.loc[here["lhs"] == factor, "rhs"]
                if item in items
            ]
            for factor in fitted.table.factors
        }
        members = {factor: places for factor, places in members.items() if places}
        correlation = covariance / unit[:, None] / unit
        pairs = list(combinations(range(len(members)), 2))
        first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        names = np.array(list(members), dtype=object)
        groups = list(members.values())
        arithmetic = heterotrait_monotrait(correlation, groups, mean="arithmetic")
        geometric = heterotrait_monotrait(correlation, groups, mean="geometric")
        parts.append(
            pd.DataFrame(
                {
                    "factor": names[first],
                    "other": names[second],
                    "group": name,
                    "htmt": arithmetic[first, second],
                    "htmt2": geometric[first, second],
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return table.astype(dict.fromkeys(("factor", "other", "group"), "str"))
