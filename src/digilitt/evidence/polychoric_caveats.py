"""Limits of the data behind polychoric correlations, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import counted
from digilitt.evidence.data import ItemData, Source
from digilitt.numerics.polychoric_mixed import Mixed
from digilitt.numerics.polychoric_pairs import BOUND
from digilitt.numerics.tables import pair_index
from digilitt.result import Caveat
from digilitt.scoring.plan import ItemPlan
from digilitt.scoring.responses import Responses

Booleans = NDArray[np.bool_]

# Standard errors and tests are for large numbers of persons, and so many in each cell.
MANY_PERSONS = 100
PER_CELL = 5
SHOWN_PAIRS = 5


def caveats_of(
    source: Source, data: ItemData, used: ItemData, found: Mixed, is_scale: Booleans
) -> Iterator[Caveat]:
    """Every limit, with the items or pairs that it is about.

    Parameters
    ----------
    source : Responses or pandas.DataFrame
        What was given.
    data, used : ItemData
        All of it, and the rows in the analysis.
    found : Mixed
    is_scale : ndarray of bool, shape (n_items,)
        Which items are continuous.
    """
    yield from _item_caveats(source, used, found, is_scale)
    yield from _pair_caveats(used.items, found)
    if left := data.n_persons - used.n_persons:
        message = f"{counted(left, 'person')} did not answer every item and are left out."
        yield Caveat(code="persons-left-out", where=data.scale, message=message)
    a, b = pair_index(len(data.items))
    fewest = int(found.estimates.n_pairs[a, b].min())
    if fewest < MANY_PERSONS:
        message = (
            f"some correlations rest on {counted(fewest, 'person')}; standard errors, intervals "
            f"and tests are for large numbers and rough below {MANY_PERSONS}."
        )
        yield Caveat(code="small-sample", where=data.scale, message=message)
    yield from _fit_caveats(found)
    message = "thresholds tell how many chose each category; apply a Disclosure before sharing."
    yield Caveat(code="disclosure-not-applied", message=message)


def _item_caveats(
    source: Source, used: ItemData, found: Mixed, is_scale: Booleans
) -> Iterator[Caveat]:
    answered: Booleans = np.asarray((~np.isnan(used.values)).any(axis=0))
    varies = ~np.isnan(np.diag(found.estimates.correlation))
    if nobody := _named(used.items, ~answered):
        message = f"nobody answered {nobody}, so it has no correlations."
        yield Caveat(code="item-unanswered", where=used.scale, message=message)
    if alike := _named(used.items, answered & ~varies):
        message = f"all answers are alike, so there is nothing to correlate: {alike}."
        yield Caveat(code="no-variance", where=used.scale, message=message)
    plans = {}
    if isinstance(source, Responses):
        plans = {plan.item: plan for plan in source.plan.items}
    gaps = {
        item: _n_unused(codes, plans.get(item))
        for item, codes, scale in zip(used.items, found.categories, is_scale, strict=True)
        if not scale
    }
    if told := ", ".join(f"{item} ({n})" for item, n in gaps.items() if n):
        message = (
            "answers that nobody gave are no categories, and the ones beside them are "
            f"neighbours; items with the number of such answers: {told}."
        )
        yield Caveat(code="category-unused", where=used.scale, message=message)


def _n_unused(codes: NDArray[np.float64], plan: ItemPlan | None) -> int:
    """How many possible answers have no category; for whole numbers without a plan, the gaps."""
    if len(codes) == 0:
        return 0
    if plan is not None and plan.lookup:
        return max(0, len({score for _, score in plan.lookup}) - len(codes))
    if plan is not None and plan.span is not None and plan.span[2]:
        return max(0, round(plan.high - plan.low) + 1 - len(codes))
    if plan is None and np.array_equal(codes, np.floor(codes)):
        return round(float(codes[-1] - codes[0])) + 1 - len(codes)
    return 0


def _pair_caveats(items: tuple[str, ...], found: Mixed) -> Iterator[Caveat]:
    estimates = found.estimates
    a, b = pair_index(len(items))
    pairs = [f"{items[one]} and {items[other]}" for one, other in zip(a, b, strict=True)]
    n, rho = estimates.n_pairs[a, b], estimates.correlation[a, b]
    varies = ~np.isnan(np.diag(estimates.correlation))
    lacking = np.isnan(rho) & varies[a] & varies[b]
    if told := _listed(pairs, lacking & (n == 0)):
        message = f"nobody answered both of {told}."
        yield Caveat(code="empty-pair", message=message)
    if told := _listed(pairs, lacking & (n > 0)):
        message = f"among the persons who answered both, one item does not vary: {told}."
        yield Caveat(code="no-variance-in-pair", message=message)
    if told := _listed(pairs, estimates.at_bound[a, b] & ~np.isnan(rho)):
        message = (
            f"the likelihood grows up to a correlation of 1 or -1, so it is set to {BOUND} or "
            f"-{BOUND} (1 or -1 for two continuous items) and has no standard error: {told}."
        )
        yield Caveat(code="polychoric-at-bound", message=message)
    if told := _listed(pairs, estimates.corrected[a, b]):
        message = (
            "one cell of a table of 2 × 2 is empty; something was added to it and its diagonal "
            f"neighbour and taken from the others before the correlation was estimated: {told}."
        )
        yield Caveat(code="empty-cell-corrected", message=message)
    if told := _listed(pairs, ~estimates.converged[a, b] & ~np.isnan(rho)):
        message = f"the search did not settle; the estimates may be wrong: {told}."
        yield Caveat(code="not-converged", message=message)


def _fit_caveats(found: Mixed) -> Iterator[Caveat]:
    """Tables with too few persons for the test."""
    size = np.array([len(each) for each in found.categories])
    a, b = pair_index(len(size))
    estimates = found.estimates
    tested = ~np.isnan(estimates.chi2[a, b])
    sparse = (estimates.n_pairs[a, b] < PER_CELL * size[a] * size[b]) | (
        estimates.n_empty[a, b] > 0
    )
    if n := int((tested & sparse).sum()):
        message = (
            f"tables with an empty cell, or with fewer than {PER_CELL} persons a cell on average: "
            f"{n} of {int(tested.sum())}; the p values of their tests are rough."
        )
        yield Caveat(code="sparse-tables", message=message)


def _named(items: tuple[str, ...], chosen: Booleans) -> str:
    return ", ".join(item for item, is_one in zip(items, chosen, strict=True) if is_one)


def _listed(pairs: list[str], chosen: Booleans) -> str:
    """The chosen pairs, the first few by name."""
    named = [pair for pair, is_one in zip(pairs, chosen, strict=True) if is_one]
    more = len(named) - SHOWN_PAIRS
    return "; ".join(named[:SHOWN_PAIRS]) + (f"; and {counted(more, 'other')}" if more > 0 else "")
