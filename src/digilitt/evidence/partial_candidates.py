"""What a search for partial invariance may free at a step, and the score test of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.evidence.cfa_tables import slopes_of
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.models.rows import Key
from digilitt.evidence.models.statistics import Continuous
from digilitt.evidence.models.syntax import name_text, parse_partial
from digilitt.evidence.models.table import ModelTable
from digilitt.numerics.covariance.directions import ordinal_jacobian
from digilitt.numerics.covariance.model import Floats
from digilitt.numerics.covariance.modification import Loose, Release, loosened, released
from digilitt.numerics.covariance.normal import score_products
from digilitt.numerics.partial_search import allowed
from digilitt.result import Caveat

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Parameters that are freed together.

    Attributes
    ----------
    partial : tuple of str
        As `invariance` takes them.
    item : str
        The item, or the factor that another factor is behind.
    factors : tuple of str
        Those that the parameters belong to.
    places : ndarray of int64
        Their rows in the table, of all groups but the first.
    """

    partial: tuple[str, ...]
    item: str
    factors: tuple[str, ...]
    places: NDArray[np.int64]


def parameter_text(key: Key) -> str:
    """A parameter as `partial` takes it."""
    lhs, op, rhs = key
    if op == "~1":
        return f"{name_text(lhs)} ~1"
    return f"{name_text(lhs)} {op} {name_text(rhs)}"


def candidates(restricted: ModelTable, full: ModelTable) -> list[Candidate]:
    """Parameters that are the same in all groups in one step and not in the other.

    Of an item whose residual variance is freed where its intercept is held, which is so of two
    categories, loadings and intercept go together: neither makes a difference alone.
    """
    held, before = _held(restricted), _held(full)
    keys = [key for key, together in held.items() if together and not before.get(key, True)]
    intercepts = {key[0] for key in keys if key[1] == "~1"}
    exchanged = {
        key[0]
        for key, together in before.items()
        if key[0] in intercepts and together and key[1] == "~~" and not held[key]
    }
    measures: dict[str, list[str]] = {}
    for lhs, op, rhs in held:
        if op == "=~":
            measures.setdefault(rhs, []).append(lhs)
    groups: dict[tuple[str, ...], list[Key]] = {}
    for key in keys:
        item = indicator(key)
        groups.setdefault((item,) if item in exchanged else (item, *key), []).append(key)
    places = _places(restricted)
    return [
        Candidate(
            partial=tuple(parameter_text(key) for key in members),
            item=name[0],
            factors=_factors(members, measures.get(name[0], [])),
            places=np.array([at for key in members for at in places[key][1:]], dtype=np.int64),
        )
        for name, members in groups.items()
    ]


def indicator(key: Key) -> str:
    """Which item, or factor behind which another stands, a parameter is of."""
    return key[2] if key[1] == "=~" else key[0]


def _factors(members: Sequence[Key], measured: Sequence[str]) -> tuple[str, ...]:
    own = tuple(key[0] for key in members if key[1] == "=~")
    return own if len(own) == len(members) else tuple(measured)


def _places(table: ModelTable) -> dict[Key, list[int]]:
    """Rows of each parameter, group by group."""
    found: dict[Key, list[int]] = {}
    for place, key in enumerate(
        zip(table.rows["lhs"], table.rows["op"], table.rows["rhs"], strict=True)
    ):
        found.setdefault(key, []).append(place)
    return found


def _held(table: ModelTable) -> dict[Key, bool]:
    """Whether each parameter is the same in all groups."""
    free, label = table.rows["free"].to_numpy(), table.rows["label"].to_numpy()
    value = table.rows["value"].to_numpy()
    found = {}
    for key, places in _places(table).items():
        first = places[0]
        if free[first]:
            same = all(free[at] and label[at] and label[at] == label[first] for at in places)
        else:
            same = all(not free[at] and value[at] == value[first] for at in places)
        found[key] = bool(same)
    return found


def score_tests(fitted: Fitted, chosen: Sequence[Candidate]) -> Release:
    """The score test of each candidate, generalized where the estimator's errors are robust."""
    loose = loosened(fitted.model, fitted.free, fitted.cells)
    slope, curvature = slopes_of(fitted, loose)
    n = float(sum(fitted.statistics.sizes))
    products = _products(fitted, loose, n) if fitted.statistics.robust else None
    return released(loose, slope, curvature, n, [each.places for each in chosen], products)


def _products(fitted: Fitted, loose: Loose, n: float) -> Floats:
    """Covariance of the slope of chi2 / n over samples, times n."""
    statistics = fitted.statistics
    if isinstance(statistics, Continuous):
        groups = statistics.sample.groups
        return np.asarray(4.0 / n * score_products(loose.model, groups, loose.free))
    total = np.zeros((len(loose.free), len(loose.free)))
    for number, group in enumerate(statistics.groups):
        _, jacobian = ordinal_jacobian(loose.model, number, loose.free)
        weight = 1.0 if statistics.unweighted else 1.0 / np.diag(group.gamma)[:, None]
        weighted = jacobian * (2.0 * (group.n - 1.0) * weight)
        total += weighted.T @ group.gamma @ weighted / (n * group.n)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """Which parameters of which item of which factor differ between groups.

    Attributes
    ----------
    indicators : dict of str to tuple of str
        Factor → what measures it.
    freed : dict of str to tuple of str
        Factor → those of them of which a parameter is freed.
    """

    indicators: dict[str, tuple[str, ...]]
    freed: dict[str, tuple[str, ...]]


def freed_items(table: ModelTable, partial: Sequence[str]) -> Freed:
    """Items with a freed parameter, by factor."""
    rows = table.rows[(table.rows["op"] == "=~") & (table.rows["group"] == 1)]
    indicators = {str(name): tuple(own["rhs"]) for name, own in rows.groupby("lhs", sort=False)}
    terms = [(term.lhs, term.op, term.rhs) for term in parse_partial(partial)]
    freed: dict[str, tuple[str, ...]] = {}
    for factor, names in indicators.items():
        own = {indicator(key) for key in terms if key[1] != "=~" or key[0] == factor}
        freed[factor] = tuple(name for name in names if name in own)
    return Freed(indicators=indicators, freed=freed)


def few_equal_items(table: ModelTable, partial: Sequence[str]) -> Iterator[Caveat]:
    """Factors of which a single item is left that works alike in all groups."""
    state = freed_items(table, partial)
    for factor, names in state.indicators.items():
        left = [name for name in names if name not in state.freed[factor]]
        if state.freed[factor] and len(left) == 1:
            message = (
                f"only {left[0]} is the same in all groups; if it is biased itself, so is every "
                "comparison of the factor, and nothing in the data would show it."
            )
            yield Caveat(code="one-equal-item", where=factor, message=message)


def may_free(chosen: Sequence[Candidate], state: Freed, max_share: float) -> Booleans:
    """Which candidates leave enough items of each of their factors as they are."""
    found = np.ones(len(chosen), dtype=np.bool_)
    for factor, names in state.indicators.items():
        place = {name: at for at, name in enumerate(names)}
        own = [at for at, each in enumerate(chosen) if factor in each.factors]
        item = np.array([place[chosen[at].item] for at in own], dtype=np.int64)
        freed = np.isin(names, state.freed[factor])
        none = np.zeros(len(names), dtype=np.int64)
        found[own] &= allowed(item, freed, none, max_share)
    return found


def candidate_table(
    number: int, chosen: Sequence[Candidate], tests: Release, p_value: Floats, may: Booleans
) -> pd.DataFrame:
    """One row per candidate of a round."""
    frame = pd.DataFrame(
        {
            "round": number,
            "parameter": [", ".join(each.partial) for each in chosen],
            "item": [each.item for each in chosen],
            "factor": [", ".join(each.factors) for each in chosen],
            "score_chi2": tests.statistic,
            "df": tests.df,
            "p_adjusted": p_value,
            "may_be_freed": may,
        }
    )
    return frame.astype(dict.fromkeys(("parameter", "item", "factor"), "str"))
