"""Which parameters to leave free so that a step of measurement invariance holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import EstimationError, Problem, ResponseError
from digilitt.evidence.group_models import between_groups, ladder_problems
from digilitt.evidence.invariance import climbed, ladder_of
from digilitt.evidence.invariance_result import Invariance
from digilitt.evidence.model_difference import difference
from digilitt.evidence.models.compile import compiled
from digilitt.evidence.models.fit import Fitted, fitted
from digilitt.evidence.models.ladder import Latent, Step
from digilitt.evidence.models.nesting import free_from
from digilitt.evidence.models.statistics import Continuous
from digilitt.evidence.partial_candidates import (
    Booleans,
    Candidate,
    candidate_table,
    candidates,
    few_equal_items,
    freed_items,
    may_free,
    score_tests,
)
from digilitt.evidence.partial_caveats import carried, search_caveats, without_search
from digilitt.numerics.covariance.modification import Release
from digilitt.numerics.fit_indices import p_value
from digilitt.numerics.partial_search import Correction, Decision, SearchRule, Stop, decide
from digilitt.result import Caveat, Result

Floats = NDArray[np.float64]
STEPS = ("thresholds", "metric", "scalar", "strict")
ENOUGH = ("difference-not-significant", "cfi-within-bound")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PartialInvariance(Result):
    """What a search freed, round by round; made by `partial_invariance`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per round: round (from 1); parameter (what stands out most, as `partial` takes it;
        empty if nothing is left); score_chi2, df, p_value and p_adjusted of its score test;
        chi2_diff, df_diff and p_diff of the step as it stood in this round against the less
        restricted step, and cfi_diff (CFI of the step less that of the other); decision: "free",
        or why the search stopped: "difference-not-significant", "cfi-within-bound" (the step is
        good enough), "no-significant-candidate" (good enough by stop="score-test", not by the
        other rules), "share-reached", "no-candidates", "not-estimated" (it is not).
    candidates : pandas.DataFrame
        Every score test: round, parameter, item, factor, score_chi2, df, p_adjusted, may_be_freed.
    partial : tuple of str
        What is free, for `invariance(partial=…)`; what the ladder had free already comes first.
    invariance : Invariance
        The ladder with it, and with the caveats of the search, so that they go along.
    step, compared_with : str
        The step searched, and the less restricted one that it is tested against.
    """

    candidates: pd.DataFrame = field(repr=False)
    partial: tuple[str, ...]
    invariance: Invariance = field(repr=False)
    step: str
    compared_with: str

    def _heading(self) -> str:
        freed = self.table.loc[self.table["decision"] == "free", "parameter"]
        told = f"freed {', '.join(freed)}" if len(freed) else "nothing freed"
        why = self.table["decision"].iloc[-1]
        head = f"{Result._heading(self)} · {self.step} against {self.compared_with}"
        return f"{head} · {told} · stopped: {why}"


def partial_invariance(
    found: Invariance,
    *,
    step: str = "scalar",
    stop: Stop = "difference-test",
    alpha: float = 0.05,
    correction: Correction = "holm",
    cfi_bound: float = 0.01,
    max_share: float = 0.5,
) -> PartialInvariance:
    """Search for the parameters to leave free so that a step of a ladder holds.

    Parameters
    ----------
    found : Invariance
        Between groups. It may be partial already; what is free stays so.
    step : {"thresholds", "metric", "scalar", "strict"}
        What this step adds to the one it is tested against is searched: thresholds, loadings,
        intercepts or residual variances. Search steps in their order, and pass the `.invariance`
        of one search to the next.
    stop : {"difference-test", "cfi", "score-test"}
        The step is good enough if its difference test is not significant; if CFI falls by no more
        than `cfi_bound`; or if no score test is significant after the correction. CFI is the plain
        one for "ml" and "dwls", the robust one for "mlr", the scaled one for "wlsmv" and "ulsmv".
        The difference test dilutes one large difference among many equalities, as of many groups.
    alpha : float
        Level of the difference test and of the score tests, between 0 and 1.
    correction : {"holm", "bonferroni", "benjamini-hochberg", "none"}
        Of the score tests of a round, over all of them.
    cfi_bound : float
        0 or more.
    max_share : float
        Largest share of a factor's items with a freed parameter, above 0 and below 1: at least
        one item stays as it is, so that the groups keep a common scale.

    Returns
    -------
    PartialInvariance

    Raises
    ------
    ResponseError
        If `found` is no ladder, an option cannot be used, or the ladder has no such step or no
        test of it.

    Notes
    -----
    In each round every equality of the step is tested by a score test, over all groups at once
    (groups less one degrees of freedom). The parameter with the smallest p value is freed in all
    groups if it is significant after the correction, and the step is estimated anew. For "mlr",
    "wlsmv" and "ulsmv" the score test is the generalized one, a chi2 in large samples;
    modification indices of programs are not, with these estimators. Of an item with two categories
    loadings and intercept are freed together.

    What a search finds describes these data: a second sample may free others (MacCallum,
    Roznowski and Necowitz, 1992, doi:10.1037/0033-2909.111.3.490), and p values after it are too
    small. The page *How much non-invariance matters* has the rest.

    Checked against
    ---------------
    lavaan 0.6-14: score tests of ``lavTestScore`` to 1e-5 of their size, generalized ones put
    together from its parts, and searches done by hand.

    Examples
    --------
    >>> from digilitt.evidence.invariance import invariance
    >>> rng = np.random.default_rng(1)
    >>> items = pd.DataFrame(rng.normal(size=(400, 1)) + rng.normal(size=(400, 5)))
    >>> frame = items.set_axis(list("abcde"), axis=1).assign(sex=["woman", "man"] * 200)
    >>> frame.loc[frame["sex"] == "man", "c"] += 1.0
    >>> search = partial_invariance(invariance(frame, by="sex", estimator="ml"))
    >>> search.partial
    ('c ~1',)
    """
    # long because it names every option and the example.
    ladder_problems(found)
    rule = SearchRule(
        stop=stop, alpha=alpha, correction=correction, cfi_bound=cfi_bound, max_share=max_share
    )
    problems = [*_rule_problems(rule), *_step_problems(found, step)]
    if problems:
        raise ResponseError(problems)
    search = _searched(found, step, rule)
    partial = (*found.options.partial, *search.freed)
    ladder = climbed_with(found, partial) if search.freed else found
    own = tuple(_caveats(found, step, rule, search))
    caveats = (*own, *carried(found, step, own), *without_search(ladder))
    if caveats != ladder.caveats:
        ladder = replace(ladder, caveats=caveats)
    told = {
        "step": step,
        "stop": stop,
        "alpha": f"{alpha:g}",
        "correction": correction,
        "cfi_bound": f"{cfi_bound:g}",
        "max_share": f"{max_share:g}",
        "estimator": found.options.estimator,
        "score_test": "generalized" if search.last.statistics.robust else "plain",
        "cfi": cfi_name(search.last),
    }
    return PartialInvariance(
        kind="partial_invariance",
        table=search.table,
        candidates=search.candidates,
        partial=partial,
        invariance=ladder,
        step=step,
        compared_with=compared_with(found, step),
        caveats=ladder.caveats,
        provenance=replace(
            found.provenance, method="partial_invariance", options=tuple(told.items())
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    """Rounds of a search, what it freed, and the step as it then stands."""

    table: pd.DataFrame
    candidates: pd.DataFrame
    freed: tuple[str, ...]
    last: Fitted


def _searched(found: Invariance, step: str, rule: SearchRule) -> _Search:
    full, current = found.steps[compared_with(found, step)], found.steps[step]
    before, freed = found.options.partial, tuple[str, ...]()
    rows: list[dict[str, object]] = []
    tables: list[pd.DataFrame] = []
    while True:
        chosen = candidates(current.table, full.table)
        tests = score_tests(current, chosen)
        state = freed_items(current.table, (*before, *freed))
        may = may_free(chosen, state, rule.max_share)
        decision, row = _round(rule, current, full, chosen, tests, may)
        rows.append({"round": len(rows) + 1, **row})
        tables.append(candidate_table(len(rows), chosen, tests, decision.p_value, may))
        if decision.index is None:
            break
        more = (*freed, *chosen[decision.index].partial)
        try:
            current = _refitted(found, step, (*before, *more), current)
        except EstimationError:
            rows[-1]["decision"] = "not-estimated"
            break
        freed = more
    table = pd.DataFrame(rows).astype(dict.fromkeys(("parameter", "decision"), "str"))
    every = pd.concat(tables, ignore_index=True)
    return _Search(table=table, candidates=every, freed=freed, last=current)


def _round(
    rule: SearchRule,
    current: Fitted,
    full: Fitted,
    chosen: Sequence[Candidate],
    tests: Release,
    may: Booleans,
) -> tuple[Decision, dict[str, object]]:
    """What to do with the step as it stands, and the row of the table that tells it."""
    test, name = difference(current, full), cfi_name(current)
    cfi_diff = current.fit[name] - full.fit[name]
    decision = decide(
        rule,
        step_p_value=test.p_value,
        cfi_fall=-cfi_diff,
        statistic=tests.statistic,
        df=tests.df,
        may_free=may,
    )
    return decision, {
        **_told(chosen, tests, decision, _best(decision, tests)),
        "chi2_diff": test.chi2,
        "df_diff": test.df,
        "p_diff": test.p_value,
        "cfi_diff": cfi_diff,
        "decision": str(decision.reason),
    }


def _refitted(found: Invariance, step: str, partial: Sequence[str], before: Fitted) -> Fitted:
    """The step with these parameters free, from the estimates without."""
    table = _ladder(found, partial)[step].table
    try:
        return fitted(table, before.statistics, free_from(before, table, compiled(table)))
    except EstimationError:
        return fitted(table, before.statistics)


def _ladder(found: Invariance, partial: Sequence[str]) -> dict[str, Step]:
    """The ladder's steps with these parameters free."""
    latent: list[Latent] = [word for word in get_args(Latent) if word in set(found.table["model"])]
    statistics = next(iter(found.steps.values())).statistics
    options = replace(found.options, partial=tuple(partial))
    return {step.name: step for step in ladder_of(statistics, options, latent)}


def climbed_with(found: Invariance, partial: Sequence[str]) -> Invariance:
    """The ladder estimated again with these parameters free, from the same statistics."""
    statistics = next(iter(found.steps.values())).statistics
    options = replace(found.options, partial=tuple(partial))
    return climbed(list(_ladder(found, partial).values()), statistics, options)


def compared_with(found: Invariance, step: str) -> str:
    """The step that a step of the ladder is tested against; empty if there is none."""
    rows = found.table.loc[found.table["model"] == step, "compared_with"]
    return str(rows.iloc[0]) if len(rows) else ""


def cfi_name(fitted: Fitted) -> str:
    """Which CFI goes with an estimator: plain, robust (continuous items) or scaled (ordinal)."""
    if not fitted.statistics.robust:
        return "cfi"
    return "cfi_robust" if isinstance(fitted.statistics, Continuous) else "cfi_scaled"


def _best(decision: Decision, tests: Release) -> int | None:
    """The candidate to be freed; if none is, the one that stands out most."""
    if decision.index is not None or np.isnan(tests.statistic).all():
        return decision.index
    order = np.lexsort((-tests.statistic, _p_values(tests), np.isnan(tests.statistic)))
    return int(order[0])


def _p_values(tests: Release) -> Floats:
    return np.array([p_value(*each) for each in zip(tests.statistic, tests.df, strict=True)])


def _told(
    chosen: Sequence[Candidate], tests: Release, decision: Decision, best: int | None
) -> dict[str, object]:
    """What the table of rounds says of a candidate."""
    if best is None:
        numbers = dict.fromkeys(("score_chi2", "df", "p_value", "p_adjusted"), np.nan)
        return {"parameter": "", **numbers}
    return {
        "parameter": ", ".join(chosen[best].partial),
        "score_chi2": tests.statistic[best],
        "df": tests.df[best],
        "p_value": _p_values(tests)[best],
        "p_adjusted": decision.p_value[best],
    }


def _caveats(found: Invariance, step: str, rule: SearchRule, search: _Search) -> Iterator[Caveat]:
    other = compared_with(found, step)
    below = found.table.set_index("model").loc[other]
    fall = -below["cfi_diff"] if other != found.table["model"].iloc[0] else np.nan
    rejected = fall > rule.cfi_bound if rule.stop == "cfi" else below["p_diff"] < rule.alpha
    last = search.table.iloc[-1]
    tests = search.candidates.loc[search.candidates["round"] == last["round"], "score_chi2"]
    before = other if rejected else ""
    yield from search_caveats(rule, step, before, last, int(tests.notna().sum()), len(search.freed))
    yield from few_equal_items(search.last.table, (*found.options.partial, *search.freed))


def _rule_problems(rule: SearchRule) -> Iterator[Problem]:
    for name, known in (("stop", get_args(Stop)), ("correction", get_args(Correction))):
        value = getattr(rule, name)
        if value not in known:
            message = f"found {value!r}; expected one of {', '.join(known)}."
            yield Problem(code="wrong-value", column=name, message=message)
    for name, number in (("alpha", rule.alpha), ("max_share", rule.max_share)):
        if not _is_number(number) or not 0.0 < number < 1.0:
            message = f"found {number!r}; expected a number above 0 and below 1."
            yield Problem(code="wrong-value", column=name, message=message)
    if not _is_number(rule.cfi_bound) or not 0.0 <= rule.cfi_bound < 1.0:
        message = f"found {rule.cfi_bound!r}; expected a number from 0, such as 0.01."
        yield Problem(code="wrong-value", column="cfi_bound", message=message)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _step_problems(found: Invariance, step: str) -> Iterator[Problem]:
    if problems := between_groups(found):
        yield from problems
        return
    known = [name for name in found.table["model"] if name in STEPS]
    if step not in known:
        message = f"found {step!r}; expected one of {', '.join(known)}."
        yield Problem(code="wrong-value", column="step", message=message)
    elif step not in found.steps:
        message = f"the step {step!r} of this ladder could not be estimated; see its caveats."
        yield Problem(code="no-step-test", column="step", message=message)
    elif not compared_with(found, step):
        note = str(found.table.set_index("model").loc[step, "note"])
        message = f"the step {step!r} is not tested against another one. {note}".strip()
        yield Problem(code="no-step-test", column="step", message=message)
