"""Confirmatory factor analysis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd

from digilitt.define.problems import listed
from digilitt.errors import Problem, ResponseError, counted
from digilitt.evidence.cfa_caveats import by_weight, model_caveats
from digilitt.evidence.cfa_solution import CfaSolution
from digilitt.evidence.cfa_tables import parameter_table
from digilitt.evidence.data import Source
from digilitt.evidence.models.checks import Names
from digilitt.evidence.models.data import ModelData, answered, arranged, model_data
from digilitt.evidence.models.fit import Fitted, fitted
from digilitt.evidence.models.statistics import (
    ORDINAL,
    Estimator,
    Missing,
    Statistics,
    continuous_statistics,
    ordinal_statistics,
)
from digilitt.evidence.models.table import ModelTable, Parameterization, Word, model_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for."""

    estimator: Estimator
    missing: Missing
    group: str | None
    equal: tuple[str, ...]
    partial: tuple[str, ...]
    std_lv: bool
    orthogonal: bool
    parameterization: Parameterization
    cluster: str | None
    weight: str | None
    merge_categories: bool
    conf_level: float

    @property
    def ordinal(self) -> bool:
        """Whether the estimator is for items in categories."""
        return self.estimator in ORDINAL


def cfa(
    source: Source,
    model: str | None = None,
    *,
    estimator: Estimator = "wlsmv",
    missing: Missing = "listwise",
    group: str | None = None,
    equal: Sequence[Word] = (),
    partial: str | Sequence[str] = (),
    std_lv: bool = True,
    orthogonal: bool = False,
    parameterization: Parameterization = "delta",
    cluster: str | None = None,
    weight: str | None = None,
    merge_categories: bool = False,
    scale: str | None = None,
    counts: str | None = None,
    conf_level: float = 0.95,
) -> CfaSolution:
    """Fit a factor model to items, and say how well it fits.

    Parameters
    ----------
    source : Responses or pandas.DataFrame
        A frame has persons in rows and items in numeric columns, besides those named below.
    model : str, optional
        In lavaan's syntax, such as ``"skill =~ a1 + a2 + a3"``. A name with a space stands in
        backticks: ``"skill =~ `item 1` + `item 2`"``. Left out: the instrument's scales
        made of items are the factors; for a frame, one factor of all items.
    estimator : {"wlsmv", "ulsmv", "dwls", "mlr", "ml"}
        For items in categories, from polychoric correlations: weighted least squares with robust
        errors and a scaled and shifted test ("wlsmv"; "ulsmv" is unweighted), or "dwls", whose
        errors and test treat the weights as exact. For continuous items: maximum
        likelihood ("ml"), with robust errors and a scaled test ("mlr").
    missing : {"listwise", "fiml", "pairwise"}
        Persons who answered every item; all answers there are (continuous items); or, for items
        in categories, each correlation from those who answered both items.
    group : str, optional
        Column of groups. Every group has parameters of its own unless `equal` says otherwise.
    equal : sequence of str
        "loadings", "thresholds", "intercepts", "residuals", "residual-covariances", "means",
        "variances", "covariances": equal in all groups. What identified a group's scale becomes
        free where it no longer needs to.
    partial : str or sequence of str
        Parameters that are not equal in spite of `equal`: ``"skill =~ a2"``, ``"a1 ~1"``. Names
        with spaces as in `model`.
    std_lv : bool
        Factors have a variance of 1; False: each factor's first loading is 1, as lavaan does when
        it is not told otherwise. Fit and standardized figures are the same.
    orthogonal : bool
        Factors do not correlate unless the model says so.
    parameterization : {"delta", "theta"}
        Of items in categories: their whole variance, or their residual variance, is 1.
    cluster : str, optional
        Column of units (workplaces) whose persons are alike: errors and tests are then robust
        against that. For "ml" and "mlr".
    weight : str, optional
        Column of sampling weights, for "ml" and "mlr"; errors and tests are then robust.
    merge_categories : bool
        Where some group does not use a category of an item, it is merged with its neighbour in
        all groups. Otherwise such an item is an error.
    scale : str, optional
        For responses: the items of this scale, with its keys.
    counts : str, optional
        For a frame of answer patterns: column with the number of persons in each row.
    conf_level : float
        Of the intervals of parameters, between 0 and 1.

    Returns
    -------
    CfaSolution

    Raises
    ------
    DefinitionError
        If the model cannot be read, or does not go with items and options.
    ResponseError
        If the source or an option cannot be used.
    EstimationError
        If the model is not identified, the search does not come to rest, or a correlation cannot
        be computed. No other estimator is tried.

    Notes
    -----
    The page *Confirmatory factor analysis* has the formulas, their sources, and the calls of R
    that give the same figures. For items in categories report the scaled chi2 with df, the robust
    CFI and RMSEA where there are any (else the scaled ones), and SRMR; cut-offs from studies of
    continuous items do not hold for them.

    Checked against
    ---------------
    lavaan 0.6-14 and semTools 0.5-6 in R 4.2.2: chi2 to 1e-5 of its size, indices to 1e-6,
    estimates to 1e-5, standard errors to 1e-4 of their size.

    Examples
    --------
    >>> draw = np.random.default_rng(1).standard_normal
    >>> latent = draw((800, 1)) + draw((800, 5))
    >>> items = pd.DataFrame(np.digitize(latent, [-1.5, 0.0, 1.5]), columns=list("abcde"))
    >>> found = cfa(items)
    >>> found.loadings["factor"].round(1).tolist(), int(found.fit["df"])
    ([0.7, 0.7, 0.7, 0.7, 0.7], 5)
    """
    # long because it names every option and the example.
    options = Options(
        estimator=lower_case(estimator),
        missing=missing,
        group=group,
        equal=(equal,) if isinstance(equal, str) else tuple(equal),
        partial=(partial,) if isinstance(partial, str) else tuple(partial),
        std_lv=std_lv,
        orthogonal=orthogonal,
        parameterization=parameterization,
        cluster=cluster,
        weight=weight,
        merge_categories=merge_categories,
        conf_level=conf_level,
    )
    if problems := list(option_problems(options)):
        raise ResponseError(problems)
    data = model_data(
        source, model, by=group, cluster=cluster, weight=weight, scale=scale, counts=counts
    )
    table, statistics = prepared(data, options)
    return solution(fitted(table, statistics), options)


def lower_case(estimator: Estimator) -> Estimator:
    """An estimator as it is called here; lavaan writes it in capitals."""
    return estimator.lower() if isinstance(estimator, str) else estimator  # type: ignore[return-value]


def prepared(data: ModelData, options: Options) -> tuple[ModelTable, Statistics]:
    """The table of parameters and the statistics of the sample, items in the table's order."""
    # A first table tells what is wrong with the model before persons are left out for items that
    # it does not have, and in which order items come.
    distinct = dict.fromkeys(Names.of(data.parsed).items, 2) | {
        item: max(2, len(np.unique(column[~np.isnan(column)])))
        for item, column in zip(data.items, data.values.T, strict=True)
    }
    items = _table(data, options, distinct).items
    whole = arranged(data, items)
    data = answered(whole, listwise=options.missing == "listwise", ordinal=options.ordinal)
    if problems := list(person_problems(data, whole)):
        raise ResponseError(problems)
    if not options.ordinal:
        continuous = continuous_statistics(data, options.estimator, options.missing)
        return _table(data, options, {}), continuous
    statistics = ordinal_statistics(data, options.estimator, merge=options.merge_categories)
    sizes = [len(each) for each in statistics.categories.values]
    return _table(data, options, dict(zip(data.items, sizes, strict=True))), statistics


def _table(data: ModelData, options: Options, categories: dict[str, int]) -> ModelTable:
    return model_table(
        data.parsed,
        items_available=data.available,
        groups=data.groups,
        categories=categories if options.ordinal else None,
        # With clusters lavaan models means, and its scaled chi2 counts on them.
        means=options.missing == "fiml" or options.cluster is not None or None,
        std_lv=options.std_lv,
        orthogonal=options.orthogonal,
        parameterization=options.parameterization,
        equal=options.equal,  # type: ignore[arg-type]
        partial=options.partial,
    )


def solution(found: Fitted, options: Options) -> CfaSolution:
    """The result that shows a fitted model."""
    data = found.statistics.data
    recorded = tuple(
        (name, str(value)) for name, value in asdict(options).items() if value not in (None, ())
    )
    return CfaSolution(
        kind="cfa",
        table=parameter_table(found, options.conf_level),
        fit=pd.Series(found.fit, dtype="float64", name="fit"),
        fitted=found,
        caveats=by_weight([*data.caveats, *model_caveats(found)]),
        provenance=replace(
            data.provenance,
            method="cfa",
            options=recorded,
            n=round(sum(found.statistics.sizes)),
        ),
    )


def option_problems(options: Options) -> Iterator[Problem]:
    """What is wrong with the options, whatever the data."""
    choices = (
        ("estimator", options.estimator, get_args(Estimator)),
        ("missing", options.missing, get_args(Missing)),
        ("parameterization", options.parameterization, get_args(Parameterization)),
    )
    for name, value, known in choices:
        if value not in known:
            message = f"found {value!r}; expected one of {', '.join(known)}."
            yield Problem(code="wrong-value", column=name, message=message)
    if options.ordinal and options.missing == "fiml":
        message = (
            "'fiml' is for continuous items (estimator 'ml' or 'mlr'); items in categories have "
            "'listwise' and 'pairwise'."
        )
        yield Problem(code="wrong-value", column="missing", message=message)
    if options.estimator in ("ml", "mlr") and options.missing == "pairwise":
        message = "'pairwise' is for items in categories; use 'fiml' to take all answers."
        yield Problem(code="wrong-value", column="missing", message=message)
    for name, column in (("cluster", options.cluster), ("weight", options.weight)):
        if column is not None and options.ordinal:
            message = (
                f"{name}= is for the estimators 'ml' and 'mlr'; for items in categories it is not "
                "built."
            )
            yield Problem(code="wrong-value", column=name, message=message)
    if not isinstance(options.conf_level, float) or not 0.0 < options.conf_level < 1.0:
        message = f"found {options.conf_level!r}; expected a number between 0 and 1, such as 0.95."
        yield Problem(code="wrong-value", column="conf_level", message=message)


def person_problems(data: ModelData, whole: ModelData) -> Iterator[Problem]:
    """Too few persons, or units, of those in the whole data."""
    if not data.persons():
        empty = _unanswered(whole)
        message = "nobody answered all items; look at the missing answers, or at missing=."
        yield from (
            Problem(code="no-rows", column=item, message="nobody answered it; leave it out.")
            for item in empty
        )
        if not empty:
            yield Problem(code="no-rows", message=message)
        return
    if data.clusters is not None and len(np.unique(data.clusters)) < 2:
        message = "all persons are in one unit; errors are robust only with many units."
        yield Problem(code="too-few-clusters", column="cluster", message=message)
    if len(data.items) < 2:
        message = "the model has one item; what items have in common needs two or more."
        yield Problem(code="too-few-items", message=message)
    for number, name in enumerate(data.groups):
        n = data.persons(number)
        if n <= len(data.items):
            where = f"group {name!r} has" if name else "the data have"
            message = (
                f"{where} {counted(n, 'person')} left for {len(data.items)} items; there must be "
                "more persons than items, and should be many more."
            )
            if empty := _unanswered(whole, number):
                message += f" Nobody of them answered {listed(empty)}."
            yield Problem(code="too-few-persons", column=data.by, message=message)


def _unanswered(data: ModelData, number: int | None = None) -> list[str]:
    """Items to which there is no answer, of all or of a group."""
    own = data.counts > 0 if number is None else (data.group == number) & (data.counts > 0)
    nothing = np.asarray(np.isnan(data.values[own]).all(axis=0))
    return [item for item, none in zip(data.items, nothing, strict=True) if none]
