"""Agreement of two or more ratings of the same persons, such as self-report and mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd

from digilitt.errors import Problem, ResponseError, counted
from digilitt.evidence.data import ItemData, item_data
from digilitt.evidence.reliability import Reliability, option_problems
from digilitt.numerics.agreement import Weights, intraclass, kappa_between
from digilitt.result import Caveat

Row = dict[str, object]

COLUMNS = {
    "statistic": "str",
    "estimate": "float64",
    "std_error": "float64",
    "conf_low": "float64",
    "conf_high": "float64",
    "df": "float64",
    "p_value": "float64",
    "n": "int64",
    "interval": "str",
    "weights": "str",
    "definition": "str",
}
FORMS = {
    "icc_1_1": "Shrout and Fleiss ICC(1,1): one rating, other raters for every person",
    "icc_2_1": "Shrout and Fleiss ICC(2,1): one rating, random raters, absolute agreement",
    "icc_3_1": "Shrout and Fleiss ICC(3,1): one rating, these raters, consistency",
    "icc_1_k": "Shrout and Fleiss ICC(1,k): mean rating, other raters for every person",
    "icc_2_k": "Shrout and Fleiss ICC(2,k): mean rating, random raters, absolute agreement",
    "icc_3_k": "Shrout and Fleiss ICC(3,k): mean rating, these raters, consistency",
}
KAPPAS = {
    "none": ("kappa", "Cohen's kappa"),
    "linear": ("kappa_linear", "Cohen's weighted kappa, linear weights"),
    "quadratic": ("kappa_quadratic", "Cohen's weighted kappa, quadratic weights"),
}
# More different ratings than that are no categories.
MOST_CATEGORIES = 20


def rater_reliability(
    ratings: pd.DataFrame,
    *,
    weights: Sequence[Weights] = ("none", "linear", "quadratic"),
    counts: str | None = None,
    conf_level: float = 0.95,
) -> Reliability:
    """Estimate how far ratings of the same persons agree: intraclass correlations and kappa.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row per person rated, one numeric column per rater or way of rating, all on one
        scale. Persons without all ratings are left out, and counted.
    weights : sequence of {"none", "linear", "quadratic"}
        For kappa, which stands where there are two ratings in at most 20 categories.
    counts : str, optional
        Column with the number of persons in each row.
    conf_level : float
        Between 0 and 1.

    Returns
    -------
    Reliability
        Rows icc_1_1, icc_2_1, icc_3_1, icc_1_k, icc_2_k, icc_3_k; and of two ratings kappa,
        kappa_linear and kappa_quadratic. `df` is that of the persons in the F test, whose
        hypothesis is that the correlation is 0.

    Raises
    ------
    ResponseError
        If there are fewer than two ratings, or an option cannot be used.

    Notes
    -----
    Shrout and Fleiss (1979, doi:10.1037/0033-2909.86.2.420); Cohen (1968,
    doi:10.1037/h0026256), with the standard error of Fleiss, Cohen and Everitt (1969,
    doi:10.1037/h0028106). Weights go by the distance between codes, as a share of the distance
    between the lowest and the highest code that occur.

    Checked against
    ---------------
    The table of Shrout and Fleiss (1979), psych 2.2.9 ``ICC`` and ``cohen.kappa`` to 1e-8; the
    standard errors of kappa against the multinomial covariance and numerical derivatives.

    Examples
    --------
    >>> told = pd.DataFrame({"self": [1, 2, 3, 4, 4, 2], "mapped": [1, 2, 2, 4, 3, 1]})
    >>> found = rater_reliability(told, weights=["quadratic"]).table
    >>> found[["statistic", "estimate"]].round(3)
             statistic  estimate
    0          icc_1_1     0.830
    1          icc_2_1     0.835
    2          icc_3_1     0.894
    3          icc_1_k     0.907
    4          icc_2_k     0.910
    5          icc_3_k     0.944
    6  kappa_quadratic     0.809
    """
    _check(ratings, weights, conf_level)
    data = item_data(ratings, counts=counts)
    if len(data.items) < 2:
        message = f"found {counted(len(data.items), 'rating')}; agreement needs 2 or more."
        raise ResponseError([Problem(code="too-few-ratings", message=message)])
    used = data.complete()
    used = used.rows(used.counts > 0)
    rows = [*_intraclass_rows(used, conf_level), *_kappa_rows(used, weights, conf_level)]
    told = (("weights", ", ".join(weights)), ("conf_level", str(conf_level)))
    nothing = pd.DataFrame()
    return Reliability(
        kind="rater_reliability",
        table=pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS),
        conditional=nothing,
        bootstrap=nothing,
        caveats=tuple(_caveats(data, used, rows)),
        provenance=replace(data.provenance, method="rater_reliability", options=told),
    )


def _intraclass_rows(data: ItemData, conf_level: float) -> Iterator[Row]:
    for name, found in intraclass(data.values, data.counts, conf_level).items():
        yield {
            "statistic": name,
            "estimate": found.estimate,
            "std_error": np.nan,
            "conf_low": found.conf_low,
            "conf_high": found.conf_high,
            "df": found.df,
            "p_value": found.p_value,
            "n": data.n_persons,
            "interval": "" if np.isnan(found.conf_low) else "f",
            "weights": "",
            "definition": FORMS[name],
        }


def _kappa_rows(data: ItemData, weights: Sequence[Weights], conf_level: float) -> Iterator[Row]:
    if len(data.items) != 2 or len(np.unique(data.values)) > MOST_CATEGORIES:
        return
    for kind in weights:
        name, definition = KAPPAS[kind]
        found = kappa_between(data.values, data.counts, kind, conf_level)
        yield {
            "statistic": name,
            "estimate": found.estimate,
            "std_error": found.std_error,
            "conf_low": found.conf_low,
            "conf_high": found.conf_high,
            "df": np.nan,
            "p_value": np.nan,
            "n": data.n_persons,
            "interval": "" if np.isnan(found.conf_low) else "normal",
            "weights": kind,
            "definition": definition,
        }


def _check(ratings: object, weights: object, conf_level: object) -> None:
    if not isinstance(ratings, pd.DataFrame):
        message = f"found a {type(ratings).__name__}; expected a pandas data frame of ratings."
        raise ResponseError(message)
    problems = list(option_problems(conf_level, 0))
    known = get_args(Weights)
    if isinstance(weights, str) or not isinstance(weights, Sequence):
        problems.append(("weights", f"found {weights!r}; expected a list of {', '.join(known)}."))
    else:
        problems += [
            ("weights", f"found {each!r}; expected {', '.join(known)}.")
            for each in weights
            if each not in known
        ]
    if problems:
        raise ResponseError(
            Problem(code="wrong-value", column=name, message=message) for name, message in problems
        )


def _caveats(data: ItemData, used: ItemData, rows: Sequence[Row]) -> Iterator[Caveat]:
    if left_out := data.n_persons - used.n_persons:
        message = (
            f"{left_out} of {counted(data.n_persons, 'person')} lack a rating and are left out."
        )
        yield Caveat(code="persons-left-out", message=message)
    unknown = [str(row["statistic"]) for row in rows if np.isnan(row["estimate"])]  # type: ignore[call-overload]
    if unknown:
        message = (
            f"{', '.join(unknown)}: not computed, fewer than 2 persons have all ratings, or the "
            "ratings do not vary."
        )
        yield Caveat(code="no-variance", message=message)
    exact = [str(row["statistic"]) for row in rows if not row["interval"] and row["estimate"] == 1]
    if exact:
        message = f"{', '.join(exact)}: ratings agree fully, so there is no interval."
        yield Caveat(code="no-error-variance", message=message)
    if len(data.items) == 2 and len(np.unique(used.values)) > MOST_CATEGORIES:
        message = f"more than {MOST_CATEGORIES} different ratings are no categories; no kappa."
        yield Caveat(code="too-many-categories", message=message)
    message = "small groups are shown; apply a Disclosure before anybody else sees this."
    yield Caveat(code="disclosure-not-applied", message=message)
