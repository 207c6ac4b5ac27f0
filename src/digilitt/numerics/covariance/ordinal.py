"""What a sample of items in categories says before any model: thresholds, correlations, Γ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digilitt.numerics.covariance.model import Booleans, Floats, Integers
from digilitt.numerics.polychoric import empty_cells_filled, square
from digilitt.numerics.polychoric_errors import asymptotic_covariance, influence_tables
from digilitt.numerics.polychoric_pairs import normal_thresholds, pair_correlations
from digilitt.numerics.tables import pair_index, pair_tables

CORRECTION = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdinalGroup:
    """Statistics of one group.

    Attributes
    ----------
    n : float
        Persons.
    moments : ndarray of float64, shape (s,)
        Thresholds, item by item, then correlations in the order of `pair_index`.
    correlation : ndarray of float64, shape (p, p)
    gamma : ndarray of float64, shape (s, s)
        Covariances of the moments over samples, times n.
    n_categories : tuple of int
    n_pairs, n_empty : ndarray, shape (p (p - 1) / 2,)
        Persons who answered both items, and empty cells of their table.
    at_bound, unsettled : ndarray of bool, shape (p (p - 1) / 2,)
        Correlations of 1 or -1, or that the search did not reach.
    """

    n: float
    moments: Floats
    correlation: Floats
    gamma: Floats
    n_categories: tuple[int, ...]
    n_pairs: Floats
    n_empty: Integers
    at_bound: Booleans
    unsettled: Booleans

    @property
    def n_cuts(self) -> int:
        """Number of thresholds."""
        return sum(self.n_categories) - len(self.n_categories)


def ordinal_group(codes: Integers, counts: Floats) -> OrdinalGroup:
    """Thresholds, polychoric correlations and Γ of a group.

    Parameters
    ----------
    codes : ndarray of int64, shape (n, p)
        Category numbers from 0, -1 where there is no answer. Every item has answers in each of
        its categories, at least two.
    counts : ndarray of float64, shape (n,)
        Persons that each row stands for.

    Notes
    -----
    Thresholds are from all answers to an item, correlations from persons who answered both
    items, Γ from what each person adds to either (Muthén, 1984, doi:10.1007/BF02294210). Where a
    2 × 2 table has one empty cell, a half goes there and to its diagonal neighbour.
    """
    n_categories = codes.max(axis=0) + 1
    tables, margins = pair_tables(codes, int(n_categories.max()), counts)
    a, b = pair_index(len(margins))
    rows, columns = margins[a], margins[b]
    changed, _, n_empty = empty_cells_filled(tables, rows, columns, CORRECTION)
    found = pair_correlations(changed, normal_thresholds(rows), normal_thresholds(columns))
    influence = influence_tables(tables, rows, columns, found.rho)
    n = float(counts[(codes >= 0).any(axis=1)].sum())
    cuts = [normal_thresholds(m[:k]) for m, k in zip(margins, n_categories, strict=True)]
    return OrdinalGroup(
        n=n,
        moments=np.concatenate([*cuts, found.rho]),
        correlation=square(found.rho, len(margins), 1.0),
        gamma=n * asymptotic_covariance(codes, counts, margins, influence),
        n_categories=tuple(n_categories.tolist()),
        n_pairs=tables.sum(axis=(1, 2)),
        n_empty=n_empty,
        at_bound=found.at_bound,
        unsettled=~found.converged,
    )
