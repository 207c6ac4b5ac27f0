"""Alignment: factor means and variances of many groups without exact invariance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError
from digilitt.evidence.alignment_factors import (
    AlignedFactor,
    AlignmentMethod,
    aligned_factors,
    structure_problems,
)
from digilitt.evidence.group_models import between_groups, ladder_problems
from digilitt.evidence.invariance_result import Invariance
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.options import is_random, is_whole, seed_of
from digilitt.evidence.partial_caveats import without_search
from digilitt.numerics.alignment_errors import SET_P, InvariantSet, invariant_groups
from digilitt.numerics.normal_tests import wald
from digilitt.result import Caveat, Result

Floats = NDArray[np.float64]
# With a larger share of parameters outside their set of groups, the source doubts the means.
MANY = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Alignment(Result):
    """Aligned factors; made by `alignment`.

    Attributes
    ----------
    table : pandas.DataFrame
        Means and variances of the factors: factor, group, statistic ("mean" or "variance"),
        estimate, std_error (NaN where the value is fixed), conf_low, conf_high, n (persons of the
        group). The unit is the standard deviation of the factor in the reference group.
    parameters : pandas.DataFrame
        Aligned parameters of items: item, factor, parameter ("loading", "intercept" or
        "threshold 1" …), group, estimate, std_error, invariant (whether the group is among those
        in which the parameter is about the same), average (over these groups), difference (from
        the average) and p_value (of the difference).
    items : pandas.DataFrame
        One row per parameter: item, factor, parameter, average, n_invariant (groups in which it
        is about the same), r2 (share of its variance over groups that the factors explain).
    r2 : pandas.DataFrame
        factor, parameters ("loadings", "intercepts" or "thresholds"), r2, n_parameters (over all
        groups), n_not_invariant.
    differences : pandas.DataFrame
        Differences of means: factor, group, other, estimate (group less other), std_error,
        conf_low, conf_high, p_value (not corrected for their number).
    factors : tuple of AlignedFactor
        What the tables are made of.
    invariance : Invariance
        The ladder whose configural step is aligned.
    """

    parameters: pd.DataFrame = field(repr=False)
    items: pd.DataFrame = field(repr=False)
    r2: pd.DataFrame = field(repr=False)
    differences: pd.DataFrame = field(repr=False)
    factors: tuple[AlignedFactor, ...] = field(repr=False)
    invariance: Invariance = field(repr=False)

    def _heading(self) -> str:
        told = dict(self.provenance.options)
        head = f"{Result._heading(self)} · {told['method']}, reference {told['reference']}"
        off, n = self.r2["n_not_invariant"].sum(), self.r2["n_parameters"].sum()
        return f"{head} · {off} of {n} parameters found to differ (p below {SET_P:g})"


def alignment(
    found: Invariance,
    *,
    method: AlignmentMethod = "fixed",
    reference: str | None = None,
    rng: np.random.Generator | int = 0,
    n_starts: int = 20,
    conf_level: float = 0.95,
) -> Alignment:
    """Align the factors of many groups, so that few parameters differ much.

    Parameters
    ----------
    found : Invariance
        Between groups; its configural step is used. Each item measures one factor.
    method : {"fixed", "free"}
        The reference group's factor means are 0, or are found with the others'. Take "fixed" for
        few groups, or when in doubt.
    reference : str, optional
        Group whose factors have a variance of 1 (and with "fixed" a mean of 0); the first one if
        left out.
    rng : int or numpy.random.Generator
        Of the random starts.
    n_starts : int
        1 or more.
    conf_level : float
        Of the intervals, between 0 and 1. Those of variances are computed on the log scale.

    Returns
    -------
    Alignment

    Raises
    ------
    ResponseError
        If `found` is no ladder, an option cannot be used, items measure several factors, or a
        factor stands behind others.
    EstimationError
        If the factor of a group points the other way than in most (`alignment-impossible`).

    Notes
    -----
    Asparouhov and Muthén (2014, doi:10.1080/10705511.2014.919210), factor by factor, with a
    tolerance ε of 0.01; errors by the delta method from those of the configural step. Items are
    divided by their standard deviations (pooled over groups) while the loss is made smallest, so
    that units do not matter; what is reported is in points of the items. Alignment takes most
    parameters to be alike in most groups. The page *How much non-invariance matters* has the rest.

    Examples
    --------
    >>> from digilitt.evidence.invariance import invariance
    >>> draw = np.random.default_rng(1).standard_normal
    >>> level = np.repeat([0.0, 0.5, 1.0], 300)
    >>> items = level[:, None] + draw((900, 1)) + draw((900, 5))
    >>> frame = pd.DataFrame(items, columns=list("abcde"))
    >>> frame["place"] = np.repeat(["Ale", "Boden", "Eda"], 300)
    >>> frame.loc[frame["place"] == "Eda", "b"] += 1.0
    >>> aligned = alignment(invariance(frame, by="place", estimator="ml"))
    >>> aligned.parameters.query("not invariant")[["item", "parameter", "group"]]
      item  parameter group
    20    b  intercept   Eda
    """
    # long because it names every option and the example.
    ladder_problems(found)
    problems = [*between_groups(found), *_option_problems(found, method, reference, rng, n_starts)]
    if not 0.0 < conf_level < 1.0:
        message = f"found {conf_level!r}; expected a number between 0 and 1, such as 0.95."
        problems.append(Problem(code="wrong-value", column="conf_level", message=message))
    fitted = found.steps["configural"]
    if problems := problems or list(structure_problems(fitted)):
        raise ResponseError(problems)
    names = fitted.table.groups
    chosen = names[0] if reference is None else reference
    seed = seed_of(rng)
    factors = aligned_factors(
        fitted,
        method=method,
        reference=names.index(chosen),
        n_starts=n_starts,
        rng=np.random.default_rng(rng),
    )
    sets = [_sets(each, fitted) for each in factors]
    told = {
        "method": method,
        "reference": chosen,
        "n_starts": str(n_starts),
        "conf_level": f"{conf_level:g}",
        "estimator": found.options.estimator,
        "best_starts": ", ".join(f"{each.name} {each.aligned.n_best}" for each in factors),
    }
    r2 = _r2_table(factors, sets)
    return Alignment(
        kind="alignment",
        table=_factor_table(factors, fitted, conf_level),
        parameters=_parameter_table(factors, sets, fitted),
        items=_item_table(factors, sets, fitted),
        r2=r2,
        differences=_difference_table(factors, names, conf_level),
        factors=factors,
        invariance=found,
        caveats=(*alignment_caveats(factors, n_starts), *_many(r2), *without_search(found)),
        provenance=replace(
            found.provenance, method="alignment", options=tuple(told.items()), seed=seed
        ),
    )


def _sets(factor: AlignedFactor, fitted: Fitted) -> list[InvariantSet]:
    """Groups in which each parameter is about the same, loadings first."""
    estimates = np.concatenate([factor.aligned.loadings, factor.aligned.locations], axis=1)
    acov = np.concatenate([factor.errors.loadings, factor.errors.locations])
    sizes = fitted.statistics.sizes
    return [invariant_groups(*each, sizes) for each in zip(estimates.T, acov, strict=True)]


def _factor_table(
    factors: Sequence[AlignedFactor], fitted: Fitted, conf_level: float
) -> pd.DataFrame:
    data = fitted.statistics.data
    groups = list(fitted.table.groups)
    persons = [data.persons(number) for number in range(len(groups))]
    parts = []
    for factor in factors:
        aligned, errors = factor.aligned, factor.errors
        values = {
            "mean": (aligned.means, errors.means, False),
            "variance": (aligned.variances, errors.variances, True),
        }
        for statistic, (estimate, error, positive) in values.items():
            known = np.where(error > 0.0, error, np.nan)
            at = np.log(estimate) if positive else estimate
            found = wald(at, known / estimate if positive else known, conf_level)
            low, high = found.low, found.high
            parts.append(
                pd.DataFrame(
                    {
                        "factor": factor.name,
                        "group": groups,
                        "statistic": statistic,
                        "estimate": estimate,
                        "std_error": known,
                        "conf_low": np.exp(low) if positive else low,
                        "conf_high": np.exp(high) if positive else high,
                        "n": persons,
                    }
                )
            )
    table = pd.concat(parts, ignore_index=True)
    return table.astype(dict.fromkeys(("factor", "group", "statistic"), "str"))


def _parameter_names(factor: AlignedFactor, fitted: Fitted) -> list[tuple[str, str]]:
    """Item and parameter, loadings first."""
    items = [fitted.table.items[at] for at in factor.items]
    step = 1
    names = [(item, "loading") for item in items]
    for place, at in enumerate(factor.item):
        step = step + 1 if place and factor.item[place - 1] == at else 1
        names.append((items[at], f"threshold {step}" if factor.ordinal else "intercept"))
    return names


def _parameter_table(
    factors: Sequence[AlignedFactor], sets: Sequence[Sequence[InvariantSet]], fitted: Fitted
) -> pd.DataFrame:
    parts = []
    for factor, own in zip(factors, sets, strict=True):
        estimates = np.concatenate([factor.aligned.loadings, factor.aligned.locations], axis=1).T
        acov = np.concatenate([factor.errors.loadings, factor.errors.locations])
        for (item, parameter), values, spread, found in zip(
            _parameter_names(factor, fitted), estimates, acov, own, strict=True
        ):
            parts.append(
                pd.DataFrame(
                    {
                        "item": item,
                        "factor": factor.name,
                        "parameter": parameter,
                        "group": list(fitted.table.groups),
                        "estimate": values,
                        "std_error": np.sqrt(np.diag(spread)),
                        "invariant": found.members,
                        "average": found.average,
                        "difference": found.difference,
                        "p_value": found.p_value,
                    }
                )
            )
    table = pd.concat(parts, ignore_index=True)
    return table.astype(dict.fromkeys(("item", "factor", "parameter", "group"), "str"))


def _item_table(
    factors: Sequence[AlignedFactor], sets: Sequence[Sequence[InvariantSet]], fitted: Fitted
) -> pd.DataFrame:
    rows = []
    for factor, own in zip(factors, sets, strict=True):
        shares = np.concatenate([factor.aligned.r2_loadings, factor.aligned.r2_locations])
        for (item, parameter), share, found in zip(
            _parameter_names(factor, fitted), shares, own, strict=True
        ):
            n = int(found.members.sum())
            rows.append((item, factor.name, parameter, found.average, n, share))
    columns = ["item", "factor", "parameter", "average", "n_invariant", "r2"]
    texts = dict.fromkeys(columns[:3], "str")
    return pd.DataFrame(rows, columns=columns).astype(texts)


def _r2_table(
    factors: Sequence[AlignedFactor], sets: Sequence[Sequence[InvariantSet]]
) -> pd.DataFrame:
    rows = []
    for factor, own in zip(factors, sets, strict=True):
        cut = len(factor.items)
        kinds = (
            ("loadings", own[:cut]),
            ("thresholds" if factor.ordinal else "intercepts", own[cut:]),
        )
        for (kind, part), share in zip(kinds, factor.aligned.r2, strict=True):
            members = np.array([each.members for each in part])
            rows.append((factor.name, kind, share, members.size, int((~members).sum())))
    columns = ["factor", "parameters", "r2", "n_parameters", "n_not_invariant"]
    return pd.DataFrame(rows, columns=columns).astype({"factor": "str", "parameters": "str"})


def _difference_table(
    factors: Sequence[AlignedFactor], groups: Sequence[str], conf_level: float
) -> pd.DataFrame:
    one, other = np.array(list(combinations(range(len(groups)), 2))).T
    names = np.array(groups, dtype=object)
    parts = []
    for factor in factors:
        means, acov = factor.aligned.means, factor.errors.means_acov
        variance = np.diag(acov)[one] + np.diag(acov)[other] - 2.0 * acov[one, other]
        estimate = means[other] - means[one]
        error = np.sqrt(np.maximum(variance, 0.0))
        found = wald(estimate, error, conf_level)
        parts.append(
            pd.DataFrame(
                {
                    "factor": factor.name,
                    "group": names[other],
                    "other": names[one],
                    "estimate": estimate,
                    "std_error": error,
                    "conf_low": found.low,
                    "conf_high": found.high,
                    "p_value": found.p_value,
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return table.astype(dict.fromkeys(("factor", "group", "other"), "str"))


def alignment_caveats(factors: Sequence[AlignedFactor], n_starts: int) -> Iterator[Caveat]:
    """What there is to say of a search for an alignment."""
    for factor in factors:
        aligned = factor.aligned
        if not aligned.converged:
            message = "the search for the alignment did not come to rest; try more starts."
            yield Caveat(code="alignment-not-at-rest", where=factor.name, message=message)
        if n_starts > 1 and aligned.n_best == 1:
            message = (
                f"only one of {n_starts} starts ended in the best alignment: there may be a better "
                "one. Try more starts."
            )
            yield Caveat(code="alignment-one-start", where=factor.name, message=message)
        if np.isnan(factor.errors.means).all():
            message = (
                "the loss hardly changes with the means, so they have no standard errors. "
                "method='fixed' helps if 'free' was asked for; so do more items."
            )
            yield Caveat(code="alignment-flat", where=factor.name, message=message)


def _many(r2: pd.DataFrame) -> Iterator[Caveat]:
    counts = r2.groupby("factor", sort=False)[["n_not_invariant", "n_parameters"]].sum()
    for factor, (off, n) in zip(counts.index, counts.to_numpy(), strict=True):
        if off > MANY * n:
            message = (
                f"{off} of {n} parameters are outside their set of groups, more than a quarter: "
                "alignment takes most to be alike, and may have found the wrong means."
            )
            yield Caveat(code="much-noninvariance", where=str(factor), message=message)


def _option_problems(
    found: Invariance, method: object, reference: str | None, rng: object, n_starts: object
) -> Iterator[Problem]:
    def wrong(name: str, message: str) -> Problem:
        return Problem(code="wrong-value", column=name, message=message)

    if method not in get_args(AlignmentMethod):
        yield wrong("method", f"found {method!r}; expected 'fixed' or 'free'.")
    names = list(found.groups["group"])
    if reference is not None and reference not in names:
        yield wrong("reference", f"found {reference!r}; expected one of {', '.join(names)}.")
    if not is_random(rng):
        message = f"found {rng!r}; expected a seed (a whole number from 0) or a numpy Generator."
        yield wrong("rng", message)
    if not is_whole(n_starts) or n_starts < 1:
        yield wrong("n_starts", f"found {n_starts!r}; expected a whole number from 1.")
