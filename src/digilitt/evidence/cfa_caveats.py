"""What a reader of a fitted factor model must know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import counted
from digilitt.evidence.cfa_tables import each_group
from digilitt.evidence.models.data import ModelData
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.models.identification import model_notes
from digilitt.evidence.models.odd_answers import identities, odd_codes, odd_text
from digilitt.evidence.models.statistics import Continuous, Ordinal
from digilitt.numerics.covariance.model import matrices
from digilitt.numerics.covariance.standardized import standardized, standardized_errors
from digilitt.numerics.moments import item_moments
from digilitt.numerics.tables import pair_index
from digilitt.result import Caveat

# Below this share of a variance, a residual variance is at its end.
NEARLY_NONE = 1e-6
# Things of one kind named in a caveat.
NAMED = 5
# A standardized parameter with a larger standard error may be anything.
HARDLY = 3.0
# Persons per item from which tests of fit keep their level, and with heavy tails (mean excess
# kurtosis above HEAVY).
PER_ITEM, HEAVY_PER_ITEM, HEAVY = 20, 100, 3.0
# Fewer different answers than this are steps rather than numbers.
FEW_ANSWERS = 5
# Share of persons who answered both of two items, below which their covariance is unsteady.
LOW_COVERAGE = 0.1
# Persons below which an answer is rare.
RARE = 3
# What decides whether a result may be used comes first, what is only for the record last.
FIRST = (
    "small-groups few-persons few-persons-for-weights heywood-case factors-not-distinct "
    "not-positive-definite no-standard-errors naive-tests odd-codes identity-like same-persons "
    "no-degrees-of-freedom persons-left-out group-unknown"
).split()
LAST = (
    "columns-dropped date-serials seconds-missing seconds-left-over no-norm instrument-unverified"
).split()


def by_weight(caveats: Sequence[Caveat]) -> tuple[Caveat, ...]:
    """Caveats in the order in which a reader needs them; those of equal weight stay as they are."""
    order = {code: place for place, code in enumerate(FIRST)}
    order |= {code: len(FIRST) + 1 for code in LAST}
    return tuple(sorted(caveats, key=lambda caveat: order.get(caveat.code, len(FIRST))))


def model_caveats(fitted: Fitted) -> Iterator[Caveat]:
    """Caveats of the solution and of the sample behind it."""
    yield from improper_caveats(fitted)
    if fitted.chi2.df == 0:
        message = "the model has no degrees of freedom: it fits any data, and fit says nothing."
        yield Caveat(code="no-degrees-of-freedom", message=message)
    if not np.isfinite(fitted.covariance).all():
        message = (
            "the information about the parameters is not positive definite at the estimates, so "
            "there are no standard errors. Persons are few, or a parameter is hardly determined."
        )
        yield Caveat(code="no-standard-errors", message=message)
    yield from _hardly_determined(fitted)
    yield from model_notes(fitted.table)
    yield from sample_caveats(fitted)


def improper_caveats(fitted: Fitted) -> Iterator[Caveat]:
    """Estimates that cannot be true, such as a variance below 0."""
    for name, number, _ in each_group(fitted):
        yield from _improper(fitted, number, name)


def sample_caveats(fitted: Fitted) -> Iterator[Caveat]:
    """Caveats of the sample alone, which every step of a ladder shares."""
    yield from _few_persons(fitted)
    yield from _answer_caveats(
        fitted.statistics.data, ordinal=isinstance(fitted.statistics, Ordinal)
    )
    if isinstance(fitted.statistics, Ordinal):
        yield from _ordinal_caveats(fitted.statistics)
    else:
        yield from _continuous_caveats(fitted, fitted.statistics)


def _improper(fitted: Fitted, number: int, where: str) -> Iterator[Caveat]:
    found = matrices(fitted.model, number, fitted.free)
    items = fitted.table.items
    residual = np.diag(found.theta) / np.abs(np.diag(found.sigma))
    improper = [items[each] for each in np.flatnonzero(residual < -NEARLY_NONE)]
    if improper:
        message = (
            f"the residual variance of {', '.join(improper)} is below 0 (a Heywood case), so the "
            "solution is improper. Often persons are few, or a factor has too few items."
        )
        yield Caveat(code="heywood-case", where=where, message=message)
    if len(found.phi) and float(np.linalg.eigvalsh(found.phi)[0]) <= 0.0:
        message = (
            "the covariance matrix of the factors is not positive definite: a factor correlation "
            "is 1 or more, or a variance is 0 or less. The factors may be one."
        )
        yield Caveat(code="factors-not-distinct", where=where, message=message)
        return
    with np.errstate(invalid="ignore"):
        high = np.flatnonzero((np.abs(standardized(fitted.model, found)[0]) > 1.0).any(axis=1))
    if len(high) and not improper:
        message = (
            f"a standardized loading of {', '.join(items[each] for each in high)} is above 1; with "
            "correlated factors that is possible, yet often a sign that factors overlap."
        )
        yield Caveat(code="loading-above-one", where=where, message=message)


def _hardly_determined(fitted: Fitted) -> Iterator[Caveat]:
    """Parameters of which the data say next to nothing, standardized."""
    error = standardized_errors(fitted.model, fitted.cells, fitted.free, fitted.covariance)
    rows = fitted.table.rows
    loose = (error > HARDLY) & rows["op"].isin(["=~", "~~"]).to_numpy()
    if loose.any():
        parts = (rows.loc[loose, name] for name in ("lhs", "op", "rhs"))
        named = _listed([" ".join(each) for each in zip(*parts, strict=True)])
        message = (
            f"standardized standard errors above {HARDLY:g} of {named}: the data hardly determine "
            "these parameters, or the search ended where it should not have."
        )
        yield Caveat(code="hardly-determined", message=message)


def _few_persons(fitted: Fitted) -> Iterator[Caveat]:
    parameters = [len(group.in_use()) for group in fitted.model.groups]
    names, sizes = fitted.table.groups, fitted.statistics.sizes
    few = [
        (name, round(size), number)
        for name, size, number in zip(names, sizes, parameters, strict=True)
        if size < 2 * number
    ]
    if few:
        message = (
            f"{_for_persons(few, len(names), 'parameters')}: estimates are unsteady, and tests "
            "reject true models too often."
        )
        yield Caveat(code="few-persons", message=message)


def _for_persons(few: Sequence[tuple[str, int, int]], n_groups: int, what: str) -> str:
    """``34 parameters in each group, with 34 to 48 persons (all 9 groups)``."""
    if len(few) == 1 and not few[0][0]:
        return f"{few[0][2]} {what}, with {counted(few[0][1], 'person')}"
    names, persons, numbers = zip(*few, strict=True)
    least, most = min(persons), max(persons)
    told = f"{least} to {most} persons" if least < most else counted(least, "person")
    number = f"{min(numbers)}" if len(set(numbers)) == 1 else f"{min(numbers)} to {max(numbers)}"
    of_all = f"all {n_groups} groups" if len(few) == n_groups > NAMED else _listed(names)
    where = "in each group" if len(few) == n_groups else "in a group"
    return f"{number} {what} {where}, with {told} ({of_all})"


def _too_strict(statistics: Continuous) -> Iterator[Caveat]:
    """Where chi2 of a true model comes out too large; the bounds are from our simulations."""
    data, n_items = statistics.data, len(statistics.data.items)
    strict = []
    for number, name in enumerate(data.groups):
        own, n = data.group == number, statistics.sizes[number]
        kurtosis = item_moments(data.values[own], data.counts[own], kind=1).kurtosis
        heavy = float(np.nanmean(kurtosis)) > HEAVY
        if n < (HEAVY_PER_ITEM if heavy else PER_ITEM) * n_items:
            skewed = " with many extreme answers" if heavy else ""
            where = f" in {name}" if name else ""
            strict.append(f"{counted(round(n), 'person')}{where}{skewed}")
    if strict:
        message = (
            f"{_listed(strict)} for {n_items} items: tests of fit reject true models too often. In "
            "simulations of 300 persons and 25 items that was 11 per cent for normal items by "
            "'ml' (5 by chi2_swain) and 23 for skewed ones by 'mlr', at a level of 5."
        )
        yield Caveat(code="test-too-strict", message=message)


def _continuous_caveats(fitted: Fitted, statistics: Continuous) -> Iterator[Caveat]:
    yield from _too_strict(statistics)
    data = statistics.data
    steps = [
        item
        for item, column in zip(data.items, data.values.T, strict=True)
        if len(np.unique(column[~np.isnan(column)])) < FEW_ANSWERS
    ]
    if steps:
        message = (
            f"fewer than {FEW_ANSWERS} different answers to {_listed(steps)}, taken as numbers: "
            "correlations come out too small. estimator='wlsmv' takes answers as steps."
        )
        yield Caveat(code="few-categories", message=message)
    if data.clusters is not None:
        n_clusters = len(np.unique(data.clusters))
        if n_clusters <= fitted.model.n_parameters:
            message = (
                f"{counted(n_clusters, 'unit')} for {fitted.model.n_parameters} parameters: errors "
                "and scaled tests that are robust against units need more of them."
            )
            yield Caveat(code="few-clusters", message=message)
    for name, group in zip(data.groups, statistics.sample.groups, strict=True):
        there = group.observed.astype(np.float64)
        both = (there * group.n[:, None]).T @ there / group.size
        low = [
            f"{data.items[one]} with {data.items[other]}"
            for one, other in zip(*np.nonzero(np.triu(both < LOW_COVERAGE, 1)), strict=True)
        ]
        if low:
            message = (
                f"fewer than {LOW_COVERAGE:.0%} of the persons answered both items of some pairs "
                f"({_listed(low)}): their covariances rest on few."
            )
            yield Caveat(code="low-coverage", where=name, message=message)


def _pairs(items: Sequence[str], which: NDArray[np.bool_]) -> str:
    """Names of pairs of items."""
    places = zip(*(each[which] for each in pair_index(len(items))), strict=True)
    return _listed([f"{items[one]} with {items[other]}" for one, other in places])


def _ordinal_caveats(statistics: Ordinal) -> Iterator[Caveat]:
    names = statistics.data.groups
    thin = [
        (name, round(group.n), len(group.moments))
        for name, group in zip(names, statistics.groups, strict=True)
        if statistics.robust and group.n <= len(group.moments)
    ]
    if thin:
        message = (
            f"{_for_persons(thin, len(names), 'thresholds and correlations')}: "
            "their covariance matrix is singular, and scaled tests and errors are unreliable."
        )
        yield Caveat(code="few-persons-for-weights", message=message)
    if not statistics.robust:
        message = (
            "estimator='dwls' treats the weights as exact: chi2 and its p are not those of a test, "
            "and standard errors are too small. estimator='wlsmv' puts them right."
        )
        yield Caveat(code="naive-tests", message=message)
    yield from _empty_cells(statistics)
    yield from _rare(statistics)
    yield from _improper_correlations(statistics)
    if statistics.categories.merged:
        message = (
            "categories that nobody in some group used were merged with their neighbours in all "
            "groups: "
            f"{'; '.join(statistics.categories.merged)}."
        )
        yield Caveat(code="categories-merged", message=message)


def _empty_cells(statistics: Ordinal) -> Iterator[Caveat]:
    names, items = statistics.data.groups, statistics.data.items
    empty = {
        name: group.n_empty > 0
        for name, group in zip(names, statistics.groups, strict=True)
        if (group.n_empty > 0).any()
    }
    if not empty:
        return
    numbers = [int(which.sum()) for which in empty.values()]
    least, most = min(numbers), max(numbers)
    told = f"{least}" if least == most else f"{least} to {most}"
    where = ""
    if len(names) > 1:
        each = "each of " if len(empty) > 1 else ""
        where = f" in {each}{_groups(list(empty), len(names))}"
    pairs = f" ({_pairs(items, next(iter(empty.values())))})" if len(empty) == 1 else ""
    message = (
        f"of {counted(len(pair_index(len(items))[0]), 'two-way table')} of items, {told}{where} "
        f"{'has' if most == 1 else 'have'} an empty cell{pairs}. Their correlations may be "
        "unsteady."
    )
    yield Caveat(code="empty-cells", message=message)


def _answer_caveats(data: ModelData, *, ordinal: bool) -> Iterator[Caveat]:
    """Answers that do not look like answers."""
    odd = {
        item: odd_text(column, data.counts)
        for item, column in zip(data.items, data.values.T, strict=True)
    }
    if told := [f"{item!r}: {text}" for item, text in odd.items() if text]:
        message = f"{_listed(told, '; ')}; a typing error, or a missing code?"
        yield Caveat(code="odd-codes", message=message)
    if not ordinal and (found := identities(data.items, data.values)):
        message = (
            f"every row has another whole number in {_listed(found)}, as in a column of "
            "identities; leave it out if it is no item."
        )
        yield Caveat(code="identity-like", message=message)


def _rare(statistics: Ordinal) -> Iterator[Caveat]:
    """Categories of hardly anybody, other than odd answers."""
    data, found = statistics.data, []
    for place, item in enumerate(data.items):
        codes = statistics.categories.codes[:, place]
        persons = np.bincount(codes[codes >= 0], weights=data.counts[codes >= 0])
        odd = set(odd_codes(data.values[:, place], data.counts)[0])
        scores = statistics.categories.values[place]
        rare = [
            f"{score:g}"
            for score, n in zip(scores, persons, strict=True)
            if n < RARE and score not in odd
        ]
        if rare:
            found.append(f"{item!r} {', '.join(rare)}")
    if found:
        message = (
            f"fewer than {RARE} persons gave these answers: {_listed(found, '; ')}. Thresholds "
            "and correlations there are unsteady; put rare answers to the next ones, or leave "
            "the item out."
        )
        yield Caveat(code="rare-category", message=message)


def _improper_correlations(statistics: Ordinal) -> Iterator[Caveat]:
    for name, group in zip(statistics.data.groups, statistics.groups, strict=True):
        if group.at_bound.any():
            named = _pairs(statistics.data.items, group.at_bound)
            message = f"the polychoric correlation is at its bound, 1 or -1: {named}."
            yield Caveat(code="correlation-at-bound", where=name, message=message)
        elif float(np.linalg.eigvalsh(group.correlation)[0]) <= 0.0:
            message = (
                "the matrix of polychoric correlations is not positive definite, so there are no "
                "robust indices of fit. Persons are few, or pairs have different persons."
            )
            yield Caveat(code="not-positive-definite", where=name, message=message)


def _groups(names: Sequence[str], n_groups: int) -> str:
    """``all 9 groups``, or a few by name."""
    if len(names) == n_groups and n_groups > NAMED:
        return f"{n_groups} groups"
    return f"{counted(len(names), 'group')} ({_listed(names)})"


def _listed(names: Sequence[str], between: str = ", ") -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return between.join(names[:NAMED]) + more
