"""Measurement invariance: whether items measure the same in every group, or at every occasion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from digilitt.errors import EstimationError, Problem, ResponseError, counted
from digilitt.evidence.cfa import Options, lower_case, option_problems, person_problems, prepared
from digilitt.evidence.cfa_caveats import by_weight, improper_caveats, model_caveats
from digilitt.evidence.data import Source
from digilitt.evidence.invariance_result import Invariance
from digilitt.evidence.model_difference import difference, difference_caveats
from digilitt.evidence.models.compile import compiled
from digilitt.evidence.models.data import ModelData, answered, model_data
from digilitt.evidence.models.fit import Fitted, fitted
from digilitt.evidence.models.ladder import Latent, Step, continuous_ladder, ordinal_ladder
from digilitt.evidence.models.longitudinal import longitudinal
from digilitt.evidence.models.nesting import free_from
from digilitt.evidence.models.occasions import OccasionData, Occasions, occasion_data
from digilitt.evidence.models.statistics import (
    Estimator,
    Missing,
    Ordinal,
    Statistics,
    continuous_statistics,
    ordinal_statistics,
)
from digilitt.numerics.chi2_difference import Difference
from digilitt.result import Caveat

FIT = (
    "n_parameters chi2 df p_value chi2_scaled df_scaled p_value_scaled scaling_factor "
    "cfi tli rmsea rmsea_low rmsea_high srmr cfi_scaled tli_scaled rmsea_scaled rmsea_low_scaled "
    "rmsea_high_scaled cfi_robust tli_robust rmsea_robust rmsea_low_robust rmsea_high_robust "
    "loglik aic bic"
).split()
CHANGES = ("cfi", "rmsea", "srmr", "cfi_scaled", "rmsea_scaled", "cfi_robust", "rmsea_robust")
# What may be compared between groups if a step holds (Meredith, 1993).
ALLOWS = {
    "metric": "variances and correlations of factors",
    "scalar": "means of factors",
    "strict": "scores: their means and spread",
}
EARLY = ("configural", "thresholds")
# A group smaller than this is named: steps say little of it.
SMALL = 100


def invariance(
    source: Source,
    *,
    by: str | None = None,
    reference: str | int | None = None,
    model: str | None = None,
    estimator: Estimator = "wlsmv",
    missing: Missing = "listwise",
    occasions: Occasions | None = None,
    partial: str | Sequence[str] = (),
    latent: Latent | Sequence[Latent] = (),
    orthogonal: bool = False,
    cluster: str | None = None,
    weight: str | None = None,
    merge_categories: bool = False,
    scale: str | None = None,
    counts: str | None = None,
    conf_level: float = 0.95,
) -> Invariance:
    """Fit a ladder of factor models with more and more equal between groups, and test each step.

    Parameters
    ----------
    source : Responses or pandas.DataFrame
        A frame has persons in rows and items in numeric columns, besides those named below.
    by : str, optional
        Column of groups. Left out only with `occasions`.
    reference : str or int, optional
        The group in which factors have mean 0 and variance 1. Left out: the first to appear.
    model : str, optional
        In lavaan's syntax; a name with a space stands in backticks, here and in `partial`. Left
        out: the instrument's scales made of items are the factors; for a frame, one factor of all
        items.
    estimator : {"wlsmv", "ulsmv", "dwls", "mlr", "ml"}
        As in `cfa`. Items in categories have the ladder of Wu and Estabrook: configural,
        thresholds, metric (loadings), scalar (intercepts), strict (residual variances). Continuous
        items have configural, metric, scalar, strict.
    missing : {"listwise", "fiml", "pairwise"}
        As in `cfa`.
    occasions : sequence of str, or mapping of str to mapping of str to str, optional
        Instead of groups, occasions of the same persons. For responses, names of waves; for a
        frame, names such that the column of item a1 is "a1_2018", or occasion → item → column.
        Factors of different occasions correlate, and so do the residuals of an item at its
        occasions.
    partial : str or sequence of str
        Parameters that may differ from the step on that would make them equal: ``"f =~ a2"``,
        ``"a1 ~1"``, ``"a3 | t2"``, ``"a1 ~~ a1"``.
    latent : {"means", "variances"}, or a sequence of them
        Further steps for continuous items, each compared with strict: equal means, equal variances
        of the factors. They are about people, not about items.
    orthogonal : bool
        Factors do not correlate unless the model says so.
    cluster, weight, merge_categories, scale, counts, conf_level
        As in `cfa`.

    Returns
    -------
    Invariance
        A step that could not be estimated has NaN and a caveat that says why.

    Raises
    ------
    DefinitionError, ResponseError, EstimationError
        As `cfa`; EstimationError if the first step could not be estimated.

    Notes
    -----
    Thresholds of items with two or three categories cannot be tested alone, and with two
    categories the step of intercepts is not a special case of that of loadings: the ladder says so
    in `note`, and prints no test. Meredith (1993, doi:10.1007/BF02294825); Wu and Estabrook (2016,
    doi:10.1007/s11336-016-9506-0). The page *Measurement invariance* has the rest.

    Checked against
    ---------------
    lavaan 0.6-14 and semTools 0.5-6 (``measEq.syntax``) in R 4.2.2: chi2 to 1e-5 of its size,
    indices to 1e-6, difference tests to 1e-4 of their size.

    Examples
    --------
    >>> draw = np.random.default_rng(1).standard_normal
    >>> items = pd.DataFrame(draw((400, 1)) + draw((400, 4)), columns=list("abcd"))
    >>> frame = items.assign(sex=["woman", "man"] * 200)
    >>> found = invariance(frame, by="sex", estimator="ml")
    >>> found.table[["model", "df", "compared_with", "df_diff"]]
            model    df compared_with  df_diff
    0  configural   4.0                    NaN
    1      metric   7.0    configural      3.0
    2      scalar  10.0        metric      3.0
    3      strict  14.0        scalar      4.0
    """
    # long because it names every option and the example.
    options = Options(
        estimator=lower_case(estimator),
        missing=missing,
        group=by,
        equal=(),
        partial=(partial,) if isinstance(partial, str) else tuple(partial),
        std_lv=True,
        orthogonal=orthogonal,
        parameterization="theta",
        cluster=cluster,
        weight=weight,
        merge_categories=merge_categories,
        conf_level=conf_level,
    )
    latent = (latent,) if isinstance(latent, str) else tuple(latent)
    problems = [*option_problems(options), *_by_problems(by, reference, occasions, latent, options)]
    if problems:
        raise ResponseError(problems)
    if occasions is not None:
        ladder, statistics = _over_time(
            occasion_data(
                source,
                model,
                occasions,
                cluster=cluster,
                weight=weight,
                scale=scale,
                counts=counts,
            ),
            options,
            latent,
        )
        return climbed(ladder, statistics, options)
    data = model_data(
        source,
        model,
        by=by,
        cluster=cluster,
        weight=weight,
        scale=scale,
        counts=counts,
        reference=reference,
    )
    if len(data.groups) < 2:
        message = (
            f"found {counted(len(data.groups), 'group')}; invariance is a question of two or more."
        )
        raise ResponseError([Problem(code="too-few-groups", column=by or "", message=message)])
    statistics = prepared(data, replace(options, partial=()))[1]
    return climbed(ladder_of(statistics, options, latent), statistics, options)


def _over_time(
    found: OccasionData, options: Options, latent: Sequence[Latent]
) -> tuple[tuple[Step, ...], Statistics]:
    """The ladder between occasions, and the statistics of all their columns."""
    data = answered(found.data, listwise=options.missing == "listwise", ordinal=options.ordinal)
    if problems := list(person_problems(data, found.data)):
        raise ResponseError(problems)
    statistics: Statistics
    categories = None
    if options.ordinal:
        statistics = ordinal_statistics(
            data, options.estimator, merge=options.merge_categories, alike=found.alike()
        )
        sizes = [len(each) for each in statistics.categories.values]
        categories = dict(zip(data.items, sizes, strict=True))
    else:
        statistics = continuous_statistics(data, options.estimator, options.missing)
    ladder = longitudinal(
        data.parsed,
        occasions=found.columns,
        items_available=data.items,
        categories=categories,
        orthogonal=options.orthogonal,
        partial=options.partial,
        latent=latent,
    )
    return ladder, statistics


def climbed(ladder: Sequence[Step], statistics: Statistics, options: Options) -> Invariance:
    """Estimate every step, each from the estimates of the one before, and compare."""
    steps: dict[str, Fitted] = {}
    tests: dict[str, Difference] = {}
    caveats: list[Caveat] = []
    before: Fitted | None = None
    for step in ladder:
        try:
            found = _estimated(step, statistics, before)
        except EstimationError as error:
            if before is None:
                raise
            message = f"the step could not be estimated: {error}"
            caveats.append(Caveat(code="step-not-estimated", where=step.name, message=message))
            continue
        if before is not None:
            caveats += _improper(step.name, found)
        steps[step.name] = before = found
        if step.nested_in in steps:
            tests[step.name] = difference(found, steps[step.nested_in])
            caveats += difference_caveats(tests[step.name], step.name)
    first = steps[ladder[0].name]
    data = statistics.data
    recorded = tuple(
        (name, str(value)) for name, value in asdict(options).items() if value not in (None, ())
    )
    return Invariance(
        kind="invariance",
        table=_table(ladder, steps, tests),
        groups=_sizes(statistics),
        steps=steps,
        options=options,
        caveats=by_weight([*data.caveats, *_small(statistics), *model_caveats(first), *caveats]),
        provenance=replace(
            data.provenance,
            method="invariance",
            options=recorded,
            n=round(sum(statistics.sizes)),
        ),
    )


def _improper(step: str, found: Fitted) -> Iterator[Caveat]:
    """What cannot be true of a step after the first, whose caveats are told in full."""
    for caveat in improper_caveats(found):
        yield replace(caveat, where=", ".join(filter(None, (step, caveat.where))))


def _estimated(step: Step, statistics: Statistics, before: Fitted | None) -> Fitted:
    """From the estimates of the step before; if the search does not come to rest, from scratch."""
    if before is None:
        return fitted(step.table, statistics)
    try:
        return fitted(step.table, statistics, free_from(before, step.table, compiled(step.table)))
    except EstimationError:
        return fitted(step.table, statistics)


def ladder_of(
    statistics: Statistics, options: Options, latent: Sequence[Latent]
) -> tuple[Step, ...]:
    """The steps between groups, as tables of parameters."""
    data = statistics.data
    if isinstance(statistics, Ordinal):
        sizes = [len(each) for each in statistics.categories.values]
        return ordinal_ladder(
            data.parsed,
            items_available=data.items,
            groups=data.groups,
            categories=dict(zip(data.items, sizes, strict=True)),
            orthogonal=options.orthogonal,
            partial=options.partial,
        )
    return continuous_ladder(
        data.parsed,
        items_available=data.items,
        groups=data.groups,
        orthogonal=options.orthogonal,
        partial=options.partial,
        latent=latent,
    )


def _table(
    ladder: Sequence[Step], steps: dict[str, Fitted], tests: dict[str, Difference]
) -> pd.DataFrame:
    rows = []
    previous: str | None = None
    for step in ladder:
        found, test = steps.get(step.name), tests.get(step.name)
        fit = found.fit if found else {}
        row: dict[str, object] = {"model": step.name, "equal": ", ".join(step.equal)}
        row |= {name: fit.get(name, np.nan) for name in FIT}
        # Indices may be set beside those of the step before even where there is no test.
        other = step.nested_in if step.nested_in in steps else previous
        against = steps[other].fit if other and found else {}
        row |= {
            "compared_with": (step.nested_in or "") if test else "",
            "chi2_diff": test.chi2 if test else np.nan,
            "df_diff": test.df if test else np.nan,
            "p_diff": test.p_value if test else np.nan,
            "difference_test": test.method if test else "",
        }
        row |= {
            _changed(name): fit.get(name, np.nan) - against.get(name, np.nan) for name in CHANGES
        }
        row["allows"] = ALLOWS.get(step.name, "nothing yet" if step.name in EARLY else "")
        row["note"] = step.note
        rows.append(row)
        previous = step.name if found else previous
    texts = ("model", "equal", "compared_with", "difference_test", "allows", "note")
    return pd.DataFrame(rows).astype(dict.fromkeys(texts, "str"))


def _changed(name: str) -> str:
    """cfi → cfi_diff, cfi_scaled → cfi_diff_scaled."""
    index, _, version = name.partition("_")
    return f"{index}_diff" + (f"_{version}" if version else "")


def _sizes(statistics: Statistics) -> pd.DataFrame:
    data = statistics.data
    persons = [data.persons(number) for number in range(len(data.groups))]
    return pd.DataFrame({"group": pd.array(data.groups, dtype="str"), "n": persons})


def _small(statistics: Statistics) -> Iterator[Caveat]:
    data: ModelData = statistics.data
    sizes = {name: data.persons(number) for number, name in enumerate(data.groups)}
    small = {name: n for name, n in sizes.items() if n < SMALL}
    if small:
        told = ", ".join(f"{name} ({n})" for name, n in small.items())
        message = (
            f"fewer than {SMALL} persons in {told}: the tests see only large differences of such a "
            "group, and reject true models too often. Put groups together, or use fewer items."
        )
        yield Caveat(code="small-groups", message=message)


def _by_problems(
    by: str | None,
    reference: object,
    occasions: object,
    latent: Sequence[Latent],
    options: Options,
) -> Iterator[Problem]:
    if (by is None) == (occasions is None):
        message = "give either by= (a column of groups) or occasions=, and not both."
        if by is None:
            message = "name by= (a column of groups) or occasions=."
        yield Problem(code="wrong-value", column="by", message=message)
    if reference is not None and occasions is not None:
        message = "with occasions= the first occasion is the reference; put it first."
        yield Problem(code="wrong-value", column="reference", message=message)
    if latent and options.ordinal:
        message = "equal means and variances are steps for continuous items; leave latent= out."
        yield Problem(code="wrong-value", column="latent", message=message)
