"""Tables of a fitted factor model: parameters, loadings, residuals, modification indices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.evidence.models.compile import cells_of
from digilitt.evidence.models.fit import Fitted, implied_covariances
from digilitt.evidence.models.statistics import Ordinal, sample_moments
from digilitt.numerics.covariance.directions import ordinal_jacobian
from digilitt.numerics.covariance.model import Matrices, matrices
from digilitt.numerics.covariance.modification import Loose, loosened, modification
from digilitt.numerics.covariance.normal import discrepancy, expected_information
from digilitt.numerics.covariance.standardized import (
    cell_values,
    standardized,
    standardized_errors,
    standardized_values,
    value_errors,
)
from digilitt.numerics.fit_residuals import residual_correlations
from digilitt.numerics.normal_tests import wald

Floats = NDArray[np.float64]
VERSIONS = {"naive": "", "scaled": "_scaled", "robust": "_robust"}
INDICES = "chi2 df p_value cfi tli rmsea rmsea_low rmsea_high rmsea_p_close srmr".split()
# Errors below this are of parameters that cannot move.
NO_ERROR = 1e-10


def parameter_table(fitted: Fitted, conf_level: float) -> pd.DataFrame:
    """Every parameter, as it stands and standardized."""
    model, cells, free = fitted.model, fitted.cells, fitted.free
    rows = fitted.table.rows
    estimate = cell_values(model, cells, free)
    error = value_errors(model, cells, free, fitted.covariance)
    error = np.where(rows["free"].to_numpy(), error, np.nan)
    tested = wald(estimate, error, conf_level)
    spread = standardized_errors(model, cells, free, fitted.covariance)
    names = np.array(fitted.table.groups, dtype=object)
    table = pd.DataFrame(
        {
            "lhs": rows["lhs"],
            "op": rows["op"],
            "rhs": rows["rhs"],
            "group": names[cells.group],
            "label": rows["label"],
            "free": rows["free"],
            "estimate": estimate,
            "std_error": error,
            "z": tested.z,
            "p_value": tested.p_value,
            "conf_low": tested.low,
            "conf_high": tested.high,
            "standardized": standardized_values(model, cells, free),
            "standardized_std_error": np.where(spread > NO_ERROR, spread, np.nan),
        }
    )
    return table.astype(dict.fromkeys(("lhs", "op", "rhs", "group", "label"), "str"))


def fit_versions(fit: pd.Series) -> pd.DataFrame:
    """Indices of fit by version: naive, scaled, robust; NaN where there is none."""
    found = {
        version: [fit.get(f"{name}{end}", np.nan) for name in INDICES]
        for version, end in VERSIONS.items()
    }
    return pd.DataFrame(found, index=pd.Index(INDICES, name="index"))


def each_group(fitted: Fitted) -> Iterator[tuple[str, int, Matrices]]:
    """Name, number and matrices of every group."""
    for number, name in enumerate(fitted.table.groups):
        yield name, number, matrices(fitted.model, number, fitted.free)


def by_group(fitted: Fitted, parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The only group's table, or all of them with the group in front of the index."""
    if len(fitted.table.groups) == 1:
        return next(iter(parts.values()))
    return pd.concat(parts, names=["group"])


def loadings_table(fitted: Fitted) -> pd.DataFrame:
    """Standardized loadings, items by factors."""
    return by_group(
        fitted,
        {
            name: pd.DataFrame(
                standardized(fitted.model, found)[0],
                index=pd.Index(fitted.table.items, name="item"),
                columns=pd.Index(fitted.table.factors, name="factor"),
            )
            for name, _, found in each_group(fitted)
        },
    )


def factor_correlation_table(fitted: Fitted) -> pd.DataFrame:
    """Correlations of the factors, implied by the model."""
    parts = {}
    factors = list(fitted.table.factors)
    for name, _, found in each_group(fitted):
        scale = np.sqrt(np.diag(found.phi))
        parts[name] = pd.DataFrame(
            found.phi / scale[:, None] / scale,
            index=pd.Index(factors, name="factor"),
            columns=factors,
        )
    return by_group(fitted, parts)


def r2_table(fitted: Fitted) -> pd.DataFrame:
    """Share of the variance of items, and of factors behind which others stand, explained."""
    parts = []
    for name, _, found in each_group(fitted):
        own = 1.0 - np.diag(found.theta) / np.diag(found.sigma)
        parts.append(pd.DataFrame({"group": name, "variable": fitted.table.items, "r2": own}))
        above = np.flatnonzero(found.beta.any(axis=1))
        share = 1.0 - np.diag(found.psi)[above] / np.diag(found.phi)[above]
        names = [fitted.table.factors[each] for each in above]
        parts.append(pd.DataFrame({"group": name, "variable": names, "r2": share}))
    return pd.concat(parts, ignore_index=True)


def residual_table(fitted: Fitted) -> pd.DataFrame:
    """Correlations of items less those that the model implies, items by items."""
    items = list(fitted.table.items)
    parts = {}
    for number, name in enumerate(fitted.table.groups):
        sample = sample_moments(fitted.statistics, number)[1]
        implied = implied_covariances(fitted.model, fitted.free, number)
        left = residual_correlations(sample, implied)
        parts[name] = pd.DataFrame(left, index=pd.Index(items, name="item"), columns=items)
    return by_group(fitted, parts)


def candidates(fitted: Fitted) -> pd.DataFrame:
    """Loadings and covariances of items, or of factors, that the model holds at 0."""
    table = fitted.table
    rows = table.rows
    known = {
        key if key[1] != "~~" else _unordered(key)
        for key in zip(rows["lhs"], rows["op"], rows["rhs"], rows["group"], strict=True)
        if key[1] in ("=~", "~~")
    }
    asked = [(factor, "=~", item) for factor in table.factors for item in table.items]
    for names in (table.items, table.factors):
        asked += [
            (one, "~~", other) for place, one in enumerate(names) for other in names[place + 1 :]
        ]
    found = [
        (*key, group)
        for group in range(1, len(table.groups) + 1)
        for key in asked
        if _unordered((*key, group)) not in known
    ]
    frame = pd.DataFrame(found, columns=["lhs", "op", "rhs", "group"])
    fixed = rows.loc[
        ~rows["free"] & rows["op"].isin(["=~", "~~"]) & (rows["lhs"] != rows["rhs"]),
        ["lhs", "op", "rhs", "group"],
    ]
    return pd.concat([frame, fixed[_at_zero(rows, fixed.index)]], ignore_index=True)


def _at_zero(rows: pd.DataFrame, index: pd.Index) -> NDArray[np.bool_]:
    return np.asarray(rows.loc[index, "value"].to_numpy() == 0.0)


def _unordered(key: tuple[str, str, str, int]) -> tuple[str, str, str, int]:
    """The same key for both orders of a covariance."""
    lhs, op, rhs, group = key
    return (rhs, op, lhs, group) if op == "~~" and rhs < lhs else key


def modification_table(fitted: Fitted) -> pd.DataFrame:
    """Expected fall of chi2 for each parameter that the model holds at 0, largest first."""
    asked = candidates(fitted)
    cells = cells_of(fitted.table, asked)
    loose = loosened(fitted.model, fitted.free, cells)
    slope, curvature = slopes_of(fitted, loose)
    n = float(sum(fitted.statistics.sizes))
    found = modification(loose, slope, lambda: curvature, n)
    scale = _scales(fitted, asked)
    table = asked.assign(
        group=[fitted.table.groups[number - 1] for number in asked["group"]],
        mi=found.index,
        epc=found.change,
        epc_standardized=found.change * scale,
    )
    return table.sort_values("mi", ascending=False, ignore_index=True, kind="stable")


def slopes_of(fitted: Fitted, loose: Loose) -> tuple[Floats, Floats]:
    """Slope and curvature of the discrepancy chi2 / n by every cell of a loosened model."""
    if isinstance(fitted.statistics, Ordinal):
        return _ordinal_slopes(fitted.statistics, loose)
    sample = fitted.statistics.sample
    point = discrepancy(loose.model, sample.groups, sample.log_likelihood, loose.free)
    return point.gradient, expected_information(loose.model, sample.groups, loose.free)


def _ordinal_slopes(statistics: Ordinal, loose: Loose) -> tuple[Floats, Floats]:
    n = sum(statistics.sizes)
    slope = np.zeros(len(loose.free))
    curvature = np.zeros((len(loose.free), len(loose.free)))
    for number, group in enumerate(statistics.groups):
        implied, jacobian = ordinal_jacobian(loose.model, number, loose.free)
        weight = np.ones(len(implied)) if statistics.unweighted else 1.0 / np.diag(group.gamma)
        weighted = jacobian * (2.0 * (group.n - 1.0) / n * weight)[:, None]
        slope -= weighted.T @ (group.moments - implied)
        curvature += jacobian.T @ weighted
    return slope, curvature


def _scales(fitted: Fitted, asked: pd.DataFrame) -> Floats:
    """What a change of each parameter is multiplied by to be a standardized one."""
    items = {name: place for place, name in enumerate(fitted.table.items)}
    factors = {name: place for place, name in enumerate(fitted.table.factors)}
    found = {number: group for _, number, group in each_group(fitted)}
    scale = np.empty(len(asked))
    parts = (asked[name] for name in ("lhs", "op", "rhs", "group"))
    for place, (lhs, op, rhs, number) in enumerate(zip(*parts, strict=True)):
        group = found[number - 1]
        item, factor = np.diag(group.sigma), np.diag(group.phi)
        residual, disturbance = np.diag(group.theta), np.diag(group.psi)
        with np.errstate(invalid="ignore", divide="ignore"):
            if op == "=~":
                target = item[items[rhs]] if rhs in items else factor[factors[rhs]]
                scale[place] = np.sqrt(factor[factors[lhs]] / target)
            elif lhs in items:
                scale[place] = 1.0 / np.sqrt(residual[items[lhs]] * residual[items[rhs]])
            else:
                both = disturbance[factors[lhs]] * disturbance[factors[rhs]]
                scale[place] = 1.0 / np.sqrt(both)
    return scale
