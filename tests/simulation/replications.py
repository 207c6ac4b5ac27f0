"""One sample: draw it, fit the true model or a ladder of them, tell what came out.

What is fitted goes through the layer below `cfa` and `invariance`, which has the same figures
without their tables; the smoke test holds the two against one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd

from digilitt.errors import DigilittError, EstimationError
from digilitt.evidence.cfa_caveats import model_caveats
from digilitt.evidence.model_difference import difference
from digilitt.evidence.models.compile import compiled
from digilitt.evidence.models.data import model_data
from digilitt.evidence.models.fit import Fitted, fitted
from digilitt.evidence.models.ladder import Step, continuous_ladder, ordinal_ladder
from digilitt.evidence.models.nesting import free_from
from digilitt.evidence.models.statistics import (
    Estimator,
    Statistics,
    continuous_statistics,
    ordinal_statistics,
)
from digilitt.evidence.models.syntax import parse_model
from digilitt.evidence.models.table import ModelTable, model_table
from digilitt.numerics.covariance.standardized import (
    cell_values,
    standardized_errors,
    standardized_values,
    value_errors,
)
from digilitt.numerics.fit_indices import bartlett_factor, p_value, swain_factor
from digilitt.numerics.normal_tests import wald
from tests.simulation.populations import GROUPS, Floats, Key, Population

# Kind, truth, estimate, standard error, ends of the interval.
Parameter = tuple[str, float, float, float, float, float]

CONF_LEVEL = 0.95
# The step of a ladder at which means and variances of two groups can be compared.
COMPARED = "scalar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is simulated.

    Attributes
    ----------
    name : str
    estimator : str
    population : Population
    n : int
        Persons in a sample, of both groups together where there are two.
    seed : int
        A sample's generator starts from this and the sample's number.
    """

    name: str
    estimator: Estimator
    population: Population
    n: int
    seed: int

    def sample(self, number: int) -> pd.DataFrame:
        """The answers of one replication."""
        return self.population.draw(np.random.default_rng([self.seed, number]), self.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came out of one sample.

    Attributes
    ----------
    problem : str
        Code of what kept a model from being estimated; empty if nothing.
    tests : dict of str to (float, float, float)
        Statistic, degrees of freedom and p-value of each test.
    parameters : list of Parameter
        Those whose true value is known.
    caveats : tuple of str
        Codes.
    """

    problem: str = ""
    tests: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    parameters: list[Parameter] = field(default_factory=list)
    caveats: tuple[str, ...] = ()


def replication(condition: Condition, number: int) -> Outcome:
    """Draw a sample and fit it."""
    frame = condition.sample(number)
    try:
        if condition.population.second is None:
            return single(condition, frame)
        return ladder(condition, frame)
    except DigilittError as error:
        return Outcome(problem=error.problems[0].code)


def statistics_of(condition: Condition, frame: pd.DataFrame) -> tuple[Statistics, tuple[int, ...]]:
    """Statistics of the sample, and the number of categories of each item, if they have any."""
    by = None if condition.population.second is None else "group"
    data = model_data(frame, condition.population.syntax, by=by)
    if not condition.population.shares:
        return continuous_statistics(data, condition.estimator, "listwise"), ()
    found = ordinal_statistics(data, condition.estimator, merge=False)
    return found, tuple(len(each) for each in found.categories.values)


def single(condition: Condition, frame: pd.DataFrame) -> Outcome:
    """The true model of one group."""
    statistics, sizes = statistics_of(condition, frame)
    found = fitted(table_of(condition.population, sizes), statistics)
    parameters = [*_known(found, condition.population.truth(), 1)]
    if not sizes:
        parameters += _standardized(found, condition.population.truth())
    return Outcome(
        tests=dict(_tests(found)),
        parameters=parameters,
        caveats=tuple(sorted({caveat.code for caveat in model_caveats(found)})),
    )


def ladder(condition: Condition, frame: pd.DataFrame) -> Outcome:
    """All steps of invariance, each tested against the one it is nested in."""
    statistics, sizes = statistics_of(condition, frame)
    found: dict[str, Fitted] = {}
    tests: dict[str, tuple[float, float, float]] = {}
    before: Fitted | None = None
    for step in steps_of(condition.population, sizes):
        before = found[step.name] = _fitted(step, statistics, before)
        if step.nested_in is None:
            continue
        tested = difference(found[step.name], found[step.nested_in])
        tests[step.name] = (tested.chi2, tested.df, tested.p_value)
    truth = condition.population.truth_of_second()
    return Outcome(tests=tests, parameters=[*_known(found[COMPARED], truth, 2)])


def _fitted(step: Step, statistics: Statistics, before: Fitted | None) -> Fitted:
    """From the estimates of the step before, as `invariance` does, or else from scratch."""
    if before is not None:
        try:
            start = free_from(before, step.table, compiled(step.table))
            return fitted(step.table, statistics, start)
        except EstimationError:
            pass
    return fitted(step.table, statistics)


@lru_cache(maxsize=8)
def table_of(population: Population, sizes: tuple[int, ...]) -> ModelTable:
    """The model's parameters; the same in every sample whose items have as many categories."""
    return model_table(
        parse_model(population.syntax),
        items_available=population.items,
        categories=dict(zip(population.items, sizes, strict=True)) if sizes else None,
    )


@lru_cache(maxsize=8)
def steps_of(population: Population, sizes: tuple[int, ...]) -> tuple[Step, ...]:
    """The ladder for the items."""
    parsed, items = parse_model(population.syntax), population.items
    if not sizes:
        return continuous_ladder(parsed, items_available=items, groups=GROUPS)
    categories = dict(zip(items, sizes, strict=True))
    return ordinal_ladder(parsed, items_available=items, groups=GROUPS, categories=categories)


def _tests(found: Fitted) -> Iterator[tuple[str, tuple[float, float, float]]]:
    """Tests of a model against the saturated one."""
    fit = found.fit
    chi2, df = fit["chi2"], fit["df"]
    if np.isfinite(fit["chi2_scaled"]):
        yield "scaled", (fit["chi2_scaled"], df, fit["p_value_scaled"])
    if found.table.categories is not None:
        return
    yield "plain", (chi2, df, fit["p_value"])
    if not found.statistics.robust:
        n, p = fit["n"] - 1.0, len(found.table.items)
        for name, factor in (
            ("Bartlett", bartlett_factor(n, p, len(found.table.factors))),
            ("Swain", swain_factor(n, p, df)),
        ):
            corrected = chi2 * n / fit["n"] * factor
            yield name, (corrected, df, p_value(corrected, df))


def _known(found: Fitted, truth: dict[Key, tuple[str, float]], group: int) -> Iterator[Parameter]:
    """Estimates of the parameters of a group whose true value is known."""
    estimate = cell_values(found.model, found.cells, found.free)
    error = value_errors(found.model, found.cells, found.free, found.covariance)
    yield from _placed(found, truth, group, estimate, error)


def _standardized(found: Fitted, truth: dict[Key, tuple[str, float]]) -> Iterator[Parameter]:
    """Standardized loadings; items and factors have a variance of 1, so their truth is the same."""
    loadings = {
        key: ("standardized loading", value) for key, (_, value) in truth.items() if key[1] == "=~"
    }
    estimate = standardized_values(found.model, found.cells, found.free)
    error = standardized_errors(found.model, found.cells, found.free, found.covariance)
    yield from _placed(found, loadings, 1, estimate, error)


def _placed(
    found: Fitted,
    truth: dict[Key, tuple[str, float]],
    group: int,
    estimate: Floats,
    error: Floats,
) -> Iterator[Parameter]:
    rows = found.table.rows
    keys = zip(rows["lhs"], rows["op"], rows["rhs"], strict=True)
    tested = wald(estimate, error, CONF_LEVEL)
    for place, (key, own) in enumerate(zip(keys, rows["group"], strict=True)):
        if own == group and key in truth:
            low, high = tested.low[place], tested.high[place]
            yield (*truth[key], estimate[place], error[place], low, high)
