"""Tests of one factor model against another of which it is a special case."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError
from digilitt.evidence.cfa_solution import CfaSolution
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.models.nesting import embedded, same_answers
from digilitt.evidence.models.statistics import Continuous
from digilitt.numerics.chi2_difference import (
    Difference,
    plain,
    satorra_2000,
    satorra_bentler_2001,
    satorra_bentler_2010,
)
from digilitt.numerics.covariance.maximum_likelihood import scaling_factor
from digilitt.numerics.covariance.weighted_least_squares import LeastSquares
from digilitt.result import Caveat, Result

Floats = NDArray[np.float64]
DifferenceMethod = Literal["plain", "satorra-bentler-2001", "satorra-bentler-2010", "satorra-2000"]
NOTES = {
    "no-df": "the restricted model does not have more degrees of freedom: there is no test.",
    "negative-difference": (
        "the restricted model fits better than the other, so that one is not a special case of the "
        "other, or a search ended early."
    ),
    "factor-not-positive": (
        "the scaling factor of the difference is not above 0, so there is no test; "
        "method='satorra-bentler-2010' often has one where 'satorra-bentler-2001' has none."
    ),
    "not-nested": (
        "the restricted model is no special case of the other: what it implies, the other cannot "
        "imply with as many restrictions as the degrees of freedom say. There is no test."
    ),
}


def difference_test(
    restricted: CfaSolution, full: CfaSolution, *, method: DifferenceMethod | None = None
) -> Result:
    """Test a factor model against a less restricted one, fitted to the same answers.

    Parameters
    ----------
    restricted, full : CfaSolution
        By the same estimator; everything that `restricted` allows, `full` allows.
    method : str, optional
        Left out: "plain" for "ml" and "dwls", "satorra-bentler-2001" for "mlr", "satorra-2000" for
        "wlsmv" and "ulsmv". "satorra-bentler-2010" is for "mlr" as well; its factor is above 0
        unless the information at the restricted estimates is not positive definite.

    Returns
    -------
    Result
        Table with one row: statistic ("difference"), hypothesis, method, chi2, df, p_value,
        scaling_factor (NaN where nothing is scaled), n.

    Raises
    ------
    ResponseError
        If the solutions are not comparable, or `method` is not for their estimator.

    Notes
    -----
    Satorra and Bentler (2001, doi:10.1007/BF02296192; 2010, doi:10.1007/s11336-009-9135-y);
    Satorra (2000, doi:10.1007/978-1-4615-4603-0_17), scaled and shifted. A difference of scaled
    chi2 themselves would not be a chi2.

    Checked against
    ---------------
    lavaan 0.6-14, ``lavTestLRT``: 1e-4 of the statistic.

    Examples
    --------
    >>> from digilitt.evidence.cfa import cfa
    >>> draw = np.random.default_rng(1).standard_normal
    >>> items = pd.DataFrame(draw((300, 1)) + draw((300, 4)), columns=list("abcd"))
    >>> free = cfa(items, "f =~ a + b + c + d", estimator="ml")
    >>> same = cfa(items, "f =~ l*a + l*b + l*c + l*d", estimator="ml")
    >>> difference_test(same, free).table[["df", "p_value"]].round(2)
        df  p_value
    0  3.0     0.66
    """
    if problems := _not_comparable(restricted, full, method):
        raise ResponseError(problems)
    found = difference(restricted.fitted, full.fitted, method)
    if found.df > 0 and not embedded(restricted.fitted, full.fitted).nested:
        found = replace(found, chi2=np.nan, p_value=np.nan, note="not-nested")
    table = pd.DataFrame(
        {
            "statistic": pd.array(["difference"], dtype="str"),
            "hypothesis": pd.array(["the restricted model is true"], dtype="str"),
            "method": pd.array([found.method], dtype="str"),
            "chi2": [found.chi2],
            "df": [float(found.df)],
            "p_value": [found.p_value],
            "scaling_factor": [found.scaling_factor],
            "n": [restricted.provenance.n],
        }
    )
    told = {"estimator": dict(full.provenance.options)["estimator"], "method": found.method}
    return Result(
        kind="difference_test",
        table=table,
        caveats=tuple(difference_caveats(found, "")),
        provenance=replace(full.provenance, method="difference_test", options=tuple(told.items())),
    )


def difference(
    restricted: Fitted, full: Fitted, method: DifferenceMethod | None = None
) -> Difference:
    """The test that belongs to the estimator, or that of the method."""
    chosen = method or default_method(full)
    t0, df0, t1, df1 = restricted.chi2.chi2, restricted.chi2.df, full.chi2.chi2, full.chi2.df
    if chosen == "plain":
        return plain(t0, df0, t1, df1)
    if chosen == "satorra-2000":
        one, other = restricted.detail, full.detail
        if not isinstance(one, LeastSquares) or not isinstance(other, LeastSquares):
            raise TypeError("satorra-2000 is of weighted least squares")
        return satorra_2000(
            t0,
            df0,
            t1,
            df1,
            jacobians0=one.jacobians,
            jacobians1=other.jacobians,
            parts1=other.parts,
        )
    c0, c1 = restricted.chi2.scaling_factor, full.chi2.scaling_factor
    if chosen == "satorra-bentler-2001":
        return satorra_bentler_2001(t0, df0, c0, t1, df1, c1)
    return satorra_bentler_2010(t0, df0, c0, t1, df1, _factor_at(restricted, full))


def default_method(fitted: Fitted) -> DifferenceMethod:
    """How chi2 of an estimator are compared when nobody says otherwise."""
    if not fitted.statistics.robust:
        return "plain"
    return "satorra-bentler-2001" if isinstance(fitted.statistics, Continuous) else "satorra-2000"


def difference_caveats(found: Difference, where: str) -> list[Caveat]:
    """What there is to say of a difference test."""
    if not found.note:
        return []
    code = f"difference-{found.note.removesuffix('-difference')}"
    return [Caveat(code=code, where=where, message=NOTES[found.note])]


def _factor_at(restricted: Fitted, full: Fitted) -> float:
    """Scaling factor of the full model where it implies what the restricted one does."""
    if not isinstance(full.statistics, Continuous):
        raise TypeError("satorra-bentler-2010 is of maximum likelihood")
    return scaling_factor(full.model, full.statistics.sample, embedded(restricted, full).free)


def _not_comparable(
    restricted: CfaSolution, full: CfaSolution, method: DifferenceMethod | None
) -> list[Problem]:
    problems = []
    one, other = dict(restricted.provenance.options), dict(full.provenance.options)
    for name in ("estimator", "missing", "group"):
        if one.get(name) != other.get(name):
            message = f"found {one.get(name)!r} and {other.get(name)!r}; both must be the same."
            problems.append(Problem(code="wrong-value", column=name, message=message))
    same_items = set(restricted.fitted.table.items) == set(full.fitted.table.items)
    if not same_items or not same_answers(restricted.fitted, full.fitted):
        message = "the models are of different items or persons; fit both to the same answers."
        problems.append(Problem(code="not-comparable", message=message))
    if method is not None and method not in _allowed(full.fitted):
        message = f"found {method!r}; expected one of {', '.join(_allowed(full.fitted))}."
        problems.append(Problem(code="wrong-value", column="method", message=message))
    return problems


def _allowed(fitted: Fitted) -> tuple[DifferenceMethod, ...]:
    known: tuple[DifferenceMethod, ...] = get_args(DifferenceMethod)
    if not fitted.statistics.robust:
        return known[:1]
    return known[1:3] if isinstance(fitted.statistics, Continuous) else known[3:]
