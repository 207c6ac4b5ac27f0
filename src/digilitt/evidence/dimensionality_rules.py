"""What every rule says of one correlation matrix, and what limits it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import counted
from digilitt.evidence.data import ItemData
from digilitt.evidence.structure_matrix import correlate
from digilitt.numerics.dimensionality import (
    SINGULAR,
    AveragePartials,
    Communality,
    average_partials,
    eigenvalues,
    kaiser_reference,
    leading,
    reduced_eigenvalues,
)
from digilitt.numerics.factoring import bartlett, kmo
from digilitt.numerics.moments import Deletion
from digilitt.numerics.parallel import (
    Comparison,
    Correlation,
    Percentile,
    Reference,
    compare,
    simulated_eigenvalues,
)
from digilitt.result import Caveat

Floats = NDArray[np.float64]

# With fewer persons every correlation is 1 or -1.
FEWEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `dimensionality` that say what is computed."""

    correlation: Correlation
    missing: Deletion
    communality: Communality
    reference: Reference
    n_simulations: int
    percentile: Percentile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matrix:
    """Correlations, the answers behind them, and how many persons they are taken to rest on.

    Attributes
    ----------
    r : numpy.ndarray of float64, shape (n_items, n_items)
        Without NaN, or all NaN.
    n : int
        Persons; of the pair that fewest answered, where pairs differ.
    values : numpy.ndarray of float64, shape (n_persons, n_items)
        One row per person.
    """

    r: Floats
    n: int
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """What every rule says; NaN, or None for a number, where it cannot be computed."""

    kmo: float
    kmo_items: Floats
    bartlett: tuple[float, int, float]
    partials: AveragePartials
    component: Floats
    factor: Floats
    ekc: Floats
    parallel_component: Comparison
    parallel_factor: Comparison


def apply_rules(matrix: Matrix, options: Options, rng: np.random.Generator) -> Rules:
    """Apply every rule to one matrix."""
    if np.isnan(matrix.r).any():
        return _unknown(len(matrix.r), options)
    overall, items = kmo(matrix.r)
    component = eigenvalues(matrix.r)
    factor = reduced_eigenvalues(matrix.r, options.communality)
    simulated = simulated_eigenvalues(
        matrix.values,
        correlation=options.correlation,
        reference=options.reference,
        communality=options.communality,
        n_simulations=options.n_simulations,
        rng=rng,
    )
    return Rules(
        kmo=overall,
        kmo_items=items,
        bartlett=bartlett(matrix.r, matrix.n),
        partials=average_partials(matrix.r),
        component=component,
        factor=factor,
        ekc=kaiser_reference(component, matrix.n),
        parallel_component=compare(component, simulated.component, options.percentile),
        parallel_factor=compare(factor, simulated.factor, options.percentile),
    )


def _unknown(k: int, options: Options) -> Rules:
    unknown = np.full(k, np.nan)
    nothing = compare(unknown, unknown[None], options.percentile)
    return Rules(
        kmo=np.nan,
        kmo_items=unknown,
        bartlett=(np.nan, k * (k - 1) // 2, np.nan),
        partials=AveragePartials(unknown, unknown),
        component=unknown,
        factor=unknown,
        ekc=unknown,
        parallel_component=nothing,
        parallel_factor=nothing,
    )


def suggestions(found: Rules) -> dict[str, int | None]:
    """The number that each rule suggests, None where it cannot be computed."""
    return {
        "map": _lowest(found.partials.squared),
        "map_revised": _lowest(found.partials.fourth),
        "parallel_component": found.parallel_component.n_suggested,
        "parallel_factor": found.parallel_factor.n_suggested,
        "ekc": None if np.isnan(found.ekc).any() else leading(found.component, found.ekc),
    }


def _lowest(averages: Floats) -> int | None:
    return None if np.isnan(averages).all() else int(np.nanargmin(averages))


def correlations(data: ItemData, options: Options) -> tuple[Matrix, list[Caveat]]:
    """The correlation matrix, all NaN if one of them is, and what limits it."""
    data = data.rows(np.asarray(data.counts > 0))
    used = data.complete() if options.missing == "listwise" else data
    caveats = []
    if used.n_persons < data.n_persons:
        left_out = data.n_persons - used.n_persons
        message = (
            f"{left_out} of {counted(data.n_persons, 'person')} did not answer every item and are "
            "left out; missing='pairwise' keeps what they answered."
        )
        caveats.append(Caveat(code="persons-left-out", message=message))
    r, n_pairs, at_bound = correlate(used.values, used.counts, options.correlation, options.missing)
    caveats += _bound_caveats(at_bound, data.items)
    apart = ~np.eye(len(r), dtype=np.bool_)
    fewest, most_persons = (int(limit(n_pairs[apart])) for limit in (np.min, np.max))
    caveats += _matrix_caveats(used, r, fewest)
    if fewest < most_persons:
        message = (
            f"each correlation rests on the {fewest} to {most_persons} persons who answered both "
            f"items; where a formula needs one n, it is {fewest}."
        )
        caveats.append(Caveat(code="pairwise-n", message=message))
    if np.isnan(r).any() or fewest < FEWEST:
        r = np.full_like(r, np.nan)
    values = np.repeat(used.values, used.counts.astype(np.int64), axis=0)
    return Matrix(r=r, n=fewest, values=values), caveats


def _bound_caveats(at_bound: NDArray[np.bool_], items: tuple[str, ...]) -> Iterator[Caveat]:
    for first, second in zip(*np.nonzero(np.triu(at_bound, 1)), strict=True):
        where = f"{items[first]}, {items[second]}"
        message = "the likelihood still grows at a polychoric correlation of 0.999; it ends there."
        yield Caveat(code="polychoric-at-bound", where=where, message=message)


def _matrix_caveats(data: ItemData, r: Floats, n: int) -> Iterator[Caveat]:
    k = len(data.items)
    if n < FEWEST:
        message = f"{counted(n, 'person')} answered; with fewer than {FEWEST} nothing is computed."
        yield Caveat(code="too-few-persons", message=message)
        return
    alike = [
        name
        for name, column in zip(data.items, data.values.T, strict=True)
        if len(np.unique(column[~np.isnan(column)])) < 2
    ]
    if alike:
        message = "all answers are alike, so nothing goes with them; leave the item out."
        yield Caveat(code="constant-item", where=", ".join(alike), message=message)
    lacking = np.argwhere(np.triu(np.isnan(r), 1))
    pairs = [(data.items[a], data.items[b]) for a, b in lacking]
    if named := [f"{a} and {b}" for a, b in pairs if a not in alike and b not in alike]:
        message = "no correlation between them, so none of the rules can be applied."
        yield Caveat(code="correlation-unknown", where="; ".join(named), message=message)
    if np.isnan(r).any():
        return
    if n <= k:
        message = f"{counted(n, 'person')} and {counted(k, 'item')}: there must be more persons."
        yield Caveat(code="fewer-persons-than-items", message=message)
    if (smallest := float(np.linalg.eigvalsh(r)[0])) <= SINGULAR:
        message = (
            f"the smallest eigenvalue of the correlation matrix is {smallest:.3g}, so it has no "
            "inverse: no kmo, no bartlett_chi2, no squared multiple correlations."
        )
        yield Caveat(code="not-positive-definite", message=message)


def rule_caveats(found: Rules, options: Options) -> Iterator[Caveat]:
    """Where rules disagree, and where simulated data say little."""
    suggested = {name: n for name, n in suggestions(found).items() if n is not None}
    invertible = not np.isnan(found.bartlett[0])
    if invertible and np.isnan(found.kmo_items).any():
        message = "an item whose correlations are all 0 has no kmo."
        yield Caveat(code="kmo-unknown", message=message)
    usable = invertible or options.communality == "minres"
    if usable and np.isnan(found.factor).any() and not np.isnan(found.component).any():
        message = (
            "communalities by minres need three items or more that correlate, and an extraction "
            "that comes to rest."
        )
        yield Caveat(code="communality-unknown", where="parallel_factor", message=message)
    if len(set(suggested.values())) > 1:
        told = ", ".join(f"{name} {n}" for name, n in suggested.items())
        message = f"the rules suggest different numbers: {told}."
        yield Caveat(code="rules-disagree", message=message)
    for name in ("parallel_component", "parallel_factor"):
        comparison: Comparison = getattr(found, name)
        if comparison.close:
            message = (
                "an eigenvalue is so near its reference that other simulated data could have "
                "said otherwise; take more n_simulations."
            )
            yield Caveat(code="parallel-close", where=name, message=message)
        observed = found.component if name == "parallel_component" else found.factor
        lost = options.n_simulations - comparison.n_used
        if lost and not np.isnan(observed).any():
            message = f"{lost} of {options.n_simulations} simulated data sets had no eigenvalues."
            yield Caveat(code="simulations-lost", where=name, message=message)
