"""Configural parameters of each factor, aligned over groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import Problem
from digilitt.evidence.cfa_tables import each_group
from digilitt.evidence.group_models import by_item, group_models, observed
from digilitt.evidence.models.compile import free_numbers
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.models.statistics import Ordinal
from digilitt.numerics.alignment import Aligned, align_groups
from digilitt.numerics.alignment_errors import AlignedErrors, alignment_errors
from digilitt.numerics.alignment_loss import Configural, configural
from digilitt.numerics.covariance.model import Integers
from digilitt.numerics.covariance.standardized import MATRICES
from digilitt.numerics.noninvariance import GroupModels, pooled_sd

Floats = NDArray[np.float64]
AlignmentMethod = Literal["fixed", "free"]
# Ordinal items have residual variances of 1 and intercepts of 0, up to rounding.
EXACT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlignedFactor:
    """One factor in all groups, aligned; loadings and intercepts in points of the items.

    Attributes
    ----------
    name : str
    items : ndarray of int64, shape (n_items,)
        Places of the factor's items.
    sign : ndarray of float64, shape (n_groups,)
        -1 where the group's factor was turned round.
    item : ndarray of int64, shape (n_locations,)
        Place in `items` of the item of each intercept or threshold.
    ordinal : bool
        Whether these are thresholds.
    aligned : Aligned
    errors : AlignedErrors
    """

    name: str
    items: Integers
    sign: Floats
    item: Integers
    ordinal: bool
    aligned: Aligned
    errors: AlignedErrors


def structure_problems(fitted: Fitted) -> Iterator[Problem]:
    """Why the factors of a configural step cannot be aligned."""
    items, factors = fitted.table.items, fitted.table.factors
    code = "not-simple-structure"
    # Groups have the same parameters; the first speaks for all.
    blocks = fitted.model.groups[0]
    loads = blocks.loadings.fixed != 0.0
    loads[blocks.loadings.rows, blocks.loadings.columns] = True
    several = [items[at] for at in np.flatnonzero(loads.sum(axis=1) > 1)]
    if several:
        message = (
            "alignment moves one factor at a time, and so needs items that measure one factor. "
            f"These measure several: {', '.join(several)}. Free parameters instead: "
            "partial_invariance, or partial=."
        )
        yield Problem(code=code, column=several[0], message=message)
    behind = np.unique([*blocks.beta.columns, *np.flatnonzero(blocks.beta.fixed.any(axis=0))])
    if len(behind):
        above = [factors[int(at)] for at in behind]
        message = (
            f"{', '.join(above)} stands behind other factors, and alignment is for factors of "
            "items. Take a model without it, or free parameters with partial=."
        )
        yield Problem(code=code, column=above[0], message=message)
        return
    ordinal = isinstance(fitted.statistics, Ordinal)
    for name, _, found in each_group(fitted):
        standard = np.allclose(np.diag(found.psi), 1.0, atol=EXACT) and not found.alpha.any()
        own = not ordinal or (
            np.allclose(np.diag(found.theta), 1.0, atol=EXACT) and not found.nu.any()
        )
        if standard and own:
            continue
        what = "factors with mean 0 and variance 1"
        what += ", items with intercept 0 and residual variance 1" if ordinal else ""
        message = (
            f"the configural model has other values than {what} in group {name!r}; leave out of "
            "the model what fixes or frees them."
        )
        yield Problem(code="alignment-impossible", column=name, message=message)


def aligned_factors(
    fitted: Fitted,
    *,
    method: AlignmentMethod,
    reference: int,
    n_starts: int,
    rng: np.random.Generator,
) -> tuple[AlignedFactor, ...]:
    """Align every factor of a configural step."""
    models, spread = group_models(fitted), _spread(fitted)
    found = []
    for place, name in enumerate(fitted.table.factors):
        items = np.flatnonzero((models.loadings[:, :, place] != 0.0).any(axis=0))
        loadings = models.loadings[:, items, place]
        sign = np.where(loadings @ loadings[reference] < 0.0, -1.0, 1.0)
        groups = _standardized(fitted, models, place, items, sign, spread)
        aligned = align_groups(
            groups, method=method, reference=reference, n_starts=n_starts, rng=rng
        )
        acov = configural_covariances(fitted, place, items, groups.item, sign, spread)
        factor = AlignedFactor(
            name=name,
            items=items.astype(np.int64),
            sign=sign,
            item=groups.item,
            ordinal=models.thresholds is not None,
            aligned=aligned,
            errors=alignment_errors(groups, aligned, acov),
        )
        found.append(_in_points(factor, spread[items]))
    return tuple(found)


def _spread(fitted: Fitted) -> Floats:
    """What items are divided by: the loss has units, and items may have very different ones."""
    if isinstance(fitted.statistics, Ordinal):
        return np.ones(len(fitted.table.items))
    answers = observed(fitted.statistics)
    return np.asarray(pooled_sd(answers.sd, answers.n, None)[0])


def _standardized(
    fitted: Fitted, models: GroupModels, factor: int, items: Integers, sign: Floats, spread: Floats
) -> Configural:
    """A factor's configural parameters, items divided by `spread`, groups' factors turned."""
    persons = np.array(fitted.statistics.sizes, dtype=np.float64)
    loadings = models.loadings[:, items, factor] * sign[:, None] / spread[items]
    if models.thresholds is None:
        places = models.intercepts[:, items] / spread[items]
        return configural(loadings, n_persons=persons, intercepts=places)
    return configural(loadings, n_persons=persons, thresholds=models.thresholds[:, items])


def configural_covariances(
    fitted: Fitted, factor: int, items: Integers, item: Integers, sign: Floats, spread: Floats
) -> Floats:
    """Covariances of a factor's configural estimates in each group, loadings first.

    `item` is the place in `items` of each intercept or threshold. Loadings are times `sign` of the
    group, and everything is divided by `spread` of the item.
    """
    cells, numbers = fitted.cells, free_numbers(fitted.table.rows)
    loading = (cells.matrix == MATRICES.index("loadings")) & (cells.column == factor)
    loading &= np.isin(cells.row, items)
    name, item_of = "nu", np.arange(len(fitted.table.items))
    if isinstance(fitted.statistics, Ordinal):
        name, item_of = "tau", fitted.model.item_of_threshold
    location = (cells.matrix == MATRICES.index(name)) & np.isin(
        item_of[np.minimum(cells.row, len(item_of) - 1)], items
    )
    found = []
    for number in range(len(fitted.table.groups)):
        rows: list[Integers] = []
        for chosen in (loading, location):
            own = np.flatnonzero(chosen & (cells.group == number))
            rows.append(own[np.argsort(cells.row[own], kind="stable")])
        which = numbers[np.concatenate(rows)]
        scale = np.concatenate(
            [np.repeat(sign[number], len(items)) / spread[items], 1.0 / spread[items][item]]
        )
        free = np.where(which >= 0, scale, 0.0)
        at = np.maximum(which, 0)
        found.append(fitted.covariance[np.ix_(at, at)] * free[:, None] * free)
    return np.stack(found)


def _in_points(factor: AlignedFactor, spread: Floats) -> AlignedFactor:
    """Loadings and intercepts as they are without division by standard deviations."""
    if factor.ordinal:
        return factor
    aligned, errors = factor.aligned, factor.errors
    squared = (spread**2)[:, None, None]
    return replace(
        factor,
        aligned=replace(
            aligned, loadings=aligned.loadings * spread, locations=aligned.locations * spread
        ),
        errors=replace(
            errors, loadings=errors.loadings * squared, locations=errors.locations * squared
        ),
    )


def aligned_models(fitted: Fitted, factors: tuple[AlignedFactor, ...]) -> GroupModels:
    """The measurement models of groups on the aligned factors."""
    models = group_models(fitted)
    loadings, intercepts = np.zeros_like(models.loadings), models.intercepts.copy()
    thresholds = None if models.thresholds is None else models.thresholds.copy()
    means, scale = np.zeros_like(models.means), np.ones_like(models.means)
    for place, factor in enumerate(factors):
        aligned = factor.aligned
        loadings[:, factor.items, place] = aligned.loadings
        means[:, place] = aligned.means
        scale[:, place] = factor.sign * np.sqrt(aligned.variances)
        if thresholds is None:
            intercepts[:, factor.items] = aligned.locations
            continue
        for number, values in enumerate(aligned.locations):
            own = by_item(values, factor.item, len(factor.items))
            thresholds[number, factor.items, : own.shape[1]] = own
    covariances = models.covariances * scale[:, :, None] * scale[:, None, :]
    return replace(
        models,
        loadings=loadings,
        intercepts=intercepts,
        thresholds=thresholds,
        means=means,
        covariances=covariances,
    )
