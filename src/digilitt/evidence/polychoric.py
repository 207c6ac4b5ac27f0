"""Polychoric correlations: how items go together when answers are steps of something continuous."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError
from digilitt.evidence.data import ItemData, Source, item_data
from digilitt.evidence.polychoric_caveats import caveats_of
from digilitt.numerics.moments import Deletion
from digilitt.numerics.polychoric import (
    SMALLEST,
    Thresholds,
    chi2_p_value,
    confidence_limits,
    smoothed,
)
from digilitt.numerics.polychoric_errors import threshold_influence
from digilitt.numerics.polychoric_mixed import Mixed, mixed_matrix
from digilitt.numerics.tables import pair_index
from digilitt.result import Caveat, Result

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

MOST_CATEGORIES = 10
HYPOTHESIS = "both items are cut from bivariate normal variables"
TEXTS = ("scale", "item", "other", "statistic", "hypothesis")
NORMALITY = {"tetrachoric", "polychoric"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PolychoricCorrelation(Result):
    """Correlations of the variables behind items; made by `polychoric`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per pair: scale, item, other (the other item), statistic ("tetrachoric" where
        both have two categories, "polychoric", "polyserial", or "pearson" where both are
        continuous), estimate, std_error, conf_low, conf_high, chi2, df, p_value (a test of the
        table against the hypothesis), hypothesis, n (persons who answered both), n_empty
        (cells with nobody). Never smoothed.
    correlation : pandas.DataFrame
        Items by items; smoothed if that was asked for and needed, which a caveat says.
    std_error : pandas.DataFrame
        Items by items; 0 on the diagonal.
    thresholds : pandas.DataFrame
        item, threshold (from 1), below and above (the codes on either side), estimate,
        std_error, n. From all answers to each item.
    acov : pandas.DataFrame or None
        If asked for: covariance matrix of the thresholds ("a1|t1", …), item by item, and the
        correlations ("a1~~a2", …) in the order of `table`. Times `n` it is the matrix that
        lavaan calls gamma.
    n : int
        Persons in the analysis, with or without an answer.
    """

    correlation: pd.DataFrame
    std_error: pd.DataFrame
    thresholds: pd.DataFrame
    acov: pd.DataFrame | None
    n: int

    def _heading(self) -> str:
        return f"{Result._heading(self)} · {dict(self.provenance.options)['missing']} deletion"


def polychoric(
    source: Source,
    *,
    scale: str | None = None,
    continuous: Sequence[str] = (),
    missing: Deletion = "pairwise",
    thresholds: Thresholds = "all",
    counts: str | None = None,
    correction: float = 0.5,
    smooth: bool = False,
    acov: bool = False,
    conf_level: float = 0.95,
) -> PolychoricCorrelation:
    """Correlate items as steps of normal variables, by two-step maximum likelihood.

    Parameters
    ----------
    source : Responses or pandas.DataFrame
        A frame has persons in rows and items in numeric columns. The distinct codes of an
        item, in order, are its categories; only their order counts.
    scale : str, optional
        For responses: the items of this scale. Left out: all scored items together.
    continuous : sequence of str
        Items that are numbers in themselves: polyserial correlations with the others, Pearson
        correlations among themselves.
    missing : {"pairwise", "listwise"}
        Each pair from the persons who answered both, or all from those who answered every item.
    thresholds : {"all", "pair"}
        From all answers to an item, or for each pair from those who answered both. Without
        missing answers this is the same.
    counts : str, optional
        For a frame of answer patterns: column with the number of persons in each row.
    correction : float
        From 0 to 0.5. Where a table of 2 × 2 cells has one empty cell, it and its diagonal
        neighbour get this, and the others lose it. Larger tables are left as they are.
    smooth : bool
        Whether to replace a correlation matrix that is not positive definite by one near it.
    acov : bool
        Whether to compute the covariance matrix of all estimates.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    PolychoricCorrelation
        A pair without an estimate is NaN, with a caveat that says why.

    Raises
    ------
    ResponseError
        If the source or an option cannot be used, or an item has more than ten categories and
        is not named in `continuous`; all problems at once.

    Notes
    -----
    Olsson (1979, doi:10.1007/BF02296207) for the two steps, Olsson, Drasgow and Dorans (1982,
    doi:10.1007/BF02294164) for polyserial correlations, Muthén (1984, doi:10.1007/BF02294210)
    for standard errors, and Jöreskog and Moustaki (2001, doi:10.1207/S15327906347-387) for the
    test. Intervals are by Fisher's z. The page *Polychoric correlations* has the formulas.

    Checked against
    ---------------
    lavaan 0.6-14 in R 4.2.2, ``lavCor``, ``lavInspect(fit, "gamma")`` and ``lavTables``:
    estimates and every entry of the covariance matrix to 1e-6, also with missing answers.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [1, 1, 2, 2], "b": [1, 2, 1, 2], "n": [40, 10, 20, 30]})
    >>> found = polychoric(table, counts="n")
    >>> found.table[["item", "other", "statistic", "estimate", "std_error", "n"]].round(3)
      item other    statistic  estimate  std_error    n
    0    a     b  tetrachoric     0.607      0.115  100
    """
    # long because it names every field of the result.
    problems = [*_option_problems(missing, thresholds, continuous, acov=acov)]
    problems += _number_problems(correction, conf_level)
    if problems:
        raise ResponseError(problems)
    data = item_data(source, scale=scale, counts=counts)
    if problems := list(_item_problems(data, continuous)):
        raise ResponseError(problems)
    used = data.rows(data.counts > 0.0)
    used = used.complete() if missing == "listwise" else used
    is_scale = np.array([item in set(continuous) for item in data.items])
    found = mixed_matrix(
        used.values,
        is_scale,
        used.counts,
        thresholds=thresholds,
        correction=correction,
        acov=acov,
    )
    shown, caveats = _smoothed(found.estimates.correlation, smooth)
    chosen = {
        "scale": scale,
        "continuous": ", ".join(continuous) or None,
        "missing": missing,
        "thresholds": thresholds,
        "correction": correction,
        "smooth": smooth,
        "conf_level": conf_level,
    }
    return PolychoricCorrelation(
        kind="polychoric",
        table=_table(data, found, is_scale, conf_level),
        correlation=pd.DataFrame(shown, index=data.items, columns=data.items),
        std_error=pd.DataFrame(found.estimates.std_error, index=data.items, columns=data.items),
        thresholds=_thresholds(data.items, found),
        acov=_labelled(data.items, found),
        n=used.n_persons,
        caveats=(*data.caveats, *caveats_of(source, data, used, found, is_scale), *caveats),
        provenance=replace(data.provenance, method="polychoric", options=_told(chosen)),
    )


def _told(options: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in options.items() if value is not None)


def _option_problems(
    missing: object, thresholds: object, continuous: object, *, acov: bool
) -> Iterator[Problem]:
    for name, value, allowed in (
        ("missing", missing, get_args(Deletion)),
        ("thresholds", thresholds, get_args(Thresholds)),
    ):
        if value not in allowed:
            known = " or ".join(map(repr, allowed))
            message = f"{name}={value!r} is unknown; use {known}."
            yield Problem(code="wrong-value", message=message)
    if acov and thresholds == "pair":
        message = "acov=True is for thresholds='all': with 'pair' an item has many thresholds."
        yield Problem(code="wrong-value", message=message)
    if isinstance(continuous, str):
        message = f"continuous={continuous!r} is text; expected a list: [{continuous!r}]."
        yield Problem(code="wrong-value", message=message)


def _item_problems(data: ItemData, continuous: Sequence[str]) -> Iterator[Problem]:
    for name in continuous:
        if name not in data.items:
            message = f"no item of that name; the items are {', '.join(data.items)}."
            yield Problem(code="missing-column", column=name, message=message)
    if len(data.items) < 2:
        message = "found one item; a correlation needs two."
        yield Problem(code="too-few-items", message=message)
    present = data.values[data.counts > 0.0]
    for item, column in zip(data.items, present.T, strict=True):
        n = len(np.unique(column[~np.isnan(column)]))
        if item not in continuous and n > MOST_CATEGORIES:
            message = (
                f"has {n} different answers; up to {MOST_CATEGORIES} are taken as categories. "
                f"Name it in continuous=[{item!r}], or put its answers in fewer classes."
            )
            yield Problem(code="too-many-categories", column=item, message=message)


def _number_problems(correction: float, conf_level: float) -> Iterator[Problem]:
    if not 0.0 <= correction <= 0.5:
        message = f"correction={correction!r}; expected a number from 0 to 0.5."
        yield Problem(code="wrong-value", message=message)
    if not 0.0 < conf_level < 1.0:
        message = f"conf_level={conf_level!r}; expected a number between 0 and 1, such as 0.95."
        yield Problem(code="wrong-value", message=message)


def _table(data: ItemData, found: Mixed, is_scale: Booleans, conf_level: float) -> pd.DataFrame:
    a, b = pair_index(len(data.items))
    names = np.array(data.items, dtype=object)
    estimates = found.estimates
    estimate, error = estimates.correlation[a, b], estimates.std_error[a, b]
    low, high = confidence_limits(estimate, error, conf_level)
    statistic = _kinds(found, is_scale)
    chi2, df = estimates.chi2[a, b], estimates.df[a, b]
    table = pd.DataFrame(
        {
            "scale": data.scale,
            "item": names[a],
            "other": names[b],
            "statistic": statistic,
            "estimate": estimate,
            "std_error": error,
            "conf_low": low,
            "conf_high": high,
            "chi2": chi2,
            "df": df,
            "p_value": chi2_p_value(chi2, df),
            "hypothesis": [HYPOTHESIS if each in NORMALITY else "" for each in statistic],
            "n": estimates.n_pairs[a, b].round().astype(np.int64),
            "n_empty": estimates.n_empty[a, b],
        }
    )
    return table.astype(dict.fromkeys(TEXTS, "str"))


def _kinds(found: Mixed, is_scale: Booleans) -> list[str]:
    two = np.array([len(each) <= 2 for each in found.categories])
    a, b = pair_index(len(is_scale))
    n_scales = is_scale[a].astype(int) + is_scale[b]
    binary = two[a] & two[b] & (n_scales == 0)
    names = np.array(["polychoric", "polyserial", "pearson"], dtype=object)[n_scales]
    return [str(each) for each in np.where(binary, "tetrachoric", names)]


def _thresholds(items: Sequence[str], found: Mixed) -> pd.DataFrame:
    rows = []
    parts = zip(items, found.estimates.thresholds, found.categories, found.margins, strict=True)
    for item, cuts, codes, margin in parts:
        errors = np.sqrt(margin @ np.square(threshold_influence(margin)[:-1]))
        for place, (cut, error) in enumerate(zip(cuts, errors, strict=True)):
            ends = (codes[place], codes[place + 1])
            rows.append((item, place + 1, *ends, cut, error, round(float(margin.sum()))))
    columns = ["item", "threshold", "below", "above", "estimate", "std_error", "n"]
    kinds = dict(zip(columns, ["str", "int64", *["float64"] * 4, "int64"], strict=True))
    return pd.DataFrame(rows, columns=columns).astype(kinds)


def _labelled(items: Sequence[str], found: Mixed) -> pd.DataFrame | None:
    if found.acov is None:
        return None
    labels = [
        f"{item}|t{place + 1}"
        for item, cuts in zip(items, found.estimates.thresholds, strict=True)
        for place in range(len(cuts))
    ]
    labels += [f"{items[a]}~~{items[b]}" for a, b in zip(*pair_index(len(items)), strict=True)]
    return pd.DataFrame(found.acov, index=labels, columns=labels)


def _smoothed(correlation: Floats, smooth: bool) -> tuple[Floats, list[Caveat]]:
    if np.isnan(correlation).any():
        if not smooth:
            return correlation, []
        message = "a correlation is missing, so the matrix could not be smoothed."
        return correlation, [Caveat(code="not-smoothed", message=message)]
    smallest = float(np.linalg.eigvalsh(correlation)[0])
    if smallest >= SMALLEST:
        return correlation, []
    told = f"the matrix is not positive definite (smallest eigenvalue {smallest:.3g})"
    if not smooth:
        message = f"{told}; smooth=True replaces it by one near it."
        return correlation, [Caveat(code="not-positive-definite", message=message)]
    near = smoothed(correlation)
    message = (
        f"{told}, so its eigenvalues were raised to at least {100 * SMALLEST:g} and the diagonal "
        f"rescaled to 1, as psych's cor.smooth does; the largest change of a correlation is "
        f"{np.abs(near - correlation).max():.3f}."
    )
    return near, [Caveat(code="correlation-smoothed", message=message)]
