"""Statistics of a sample that every factor model of it starts from, computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import EstimationError, Problem
from digilitt.evidence.models.categories import Categories, categories_of
from digilitt.evidence.models.data import ModelData
from digilitt.numerics.covariance import weighted_least_squares as squares
from digilitt.numerics.covariance.maximum_likelihood import Sample, sample_of
from digilitt.numerics.covariance.missing_fit import Information, information_of
from digilitt.numerics.covariance.normal import Group, group_of, normalised_weights
from digilitt.numerics.covariance.ordinal import OrdinalGroup, ordinal_group
from digilitt.numerics.fit_indices import ChiSquare

Floats = NDArray[np.float64]
Estimator = Literal["ml", "mlr", "dwls", "wlsmv", "ulsmv"]
Missing = Literal["listwise", "fiml", "pairwise"]
ORDINAL = {"dwls", "wlsmv", "ulsmv"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Continuous:
    """Statistics of continuous items.

    Attributes
    ----------
    data : ModelData
    sample : Sample
    robust, fiml : bool
    information : tuple of Information
        Where all answers are taken (`fiml`), for robust indices; else empty.
    """

    data: ModelData
    sample: Sample
    robust: bool
    fiml: bool
    information: tuple[Information, ...]

    @property
    def sizes(self) -> list[float]:
        """Persons of each group."""
        return [group.size for group in self.sample.groups]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ordinal:
    """Statistics of items in categories.

    Attributes
    ----------
    data : ModelData
    categories : Categories
    groups : tuple of OrdinalGroup
    baseline : ChiSquare
    robust, unweighted : bool
    """

    data: ModelData
    categories: Categories
    groups: tuple[OrdinalGroup, ...]
    baseline: ChiSquare
    robust: bool
    unweighted: bool

    @property
    def sizes(self) -> list[float]:
        """Persons of each group."""
        return [group.n for group in self.groups]


Statistics = Continuous | Ordinal


def continuous_statistics(data: ModelData, estimator: Estimator, missing: Missing) -> Continuous:
    """Saturated moments of each group and what tests and errors need of them."""
    robust = estimator == "mlr" or data.sampled
    if problems := [*_constant(data)]:
        raise EstimationError(problems)
    weights = normalised_weights(data.weights, data.counts)
    groups = []
    for number in range(len(data.groups)):
        own = data.group == number
        clusters = None if data.clusters is None else renumbered(data.clusters[own])
        groups.append(group_of(data.values[own], data.counts[own], weights[own], clusters))
    if problems := list(_never_together(data, groups)):
        raise EstimationError(problems)
    sample = sample_of(tuple(groups), robust=robust)
    fiml = missing == "fiml"
    return Continuous(
        data=data,
        sample=sample,
        robust=robust,
        fiml=fiml,
        information=information_of(sample, nonnormal=robust) if fiml else (),
    )


def renumbered(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers from 0 without gaps."""
    return np.asarray(np.unique(clusters, return_inverse=True)[1], dtype=np.int64).reshape(-1)


def ordinal_statistics(
    data: ModelData,
    estimator: Estimator,
    *,
    merge: bool,
    alike: Sequence[Sequence[int]] | None = None,
) -> Ordinal:
    """Thresholds, correlations and their covariances of each group; `categories_of` for alike."""
    categories = categories_of(data, merge=merge, alike=alike)
    groups = []
    for number in range(len(data.groups)):
        own = data.group == number
        groups.append(ordinal_group(categories.codes[own], data.counts[own]))
    unknown = []
    for number, group in enumerate(groups):
        lacking = np.isnan(group.moments) | ~np.isfinite(np.diag(group.gamma))
        if lacking.any():
            unknown.append((data.groups[number], int(lacking.sum())))
    if unknown:
        raise EstimationError(list(_unknown(unknown)))
    robust, unweighted = estimator != "dwls", estimator == "ulsmv"
    return Ordinal(
        data=data,
        categories=categories,
        groups=tuple(groups),
        baseline=squares.baseline(tuple(groups), unweighted=unweighted, robust=robust),
        robust=robust,
        unweighted=unweighted,
    )


def sample_moments(statistics: Statistics, number: int) -> tuple[Floats, Floats]:
    """Means and covariances of a group; zeros and correlations of items in categories."""
    if isinstance(statistics, Continuous):
        return statistics.sample.mean[number], statistics.sample.covariance[number]
    correlation = statistics.groups[number].correlation
    return np.zeros(len(correlation)), correlation


def _constant(data: ModelData) -> Iterator[Problem]:
    """Items without variance in some group."""
    for number, name in enumerate(data.groups):
        rows = data.values[(data.group == number) & (data.counts > 0)]
        for item, column in zip(data.items, rows.T, strict=True):
            if len(np.unique(column[~np.isnan(column)])) < 2:
                where = f" in group {name!r}" if name else ""
                message = f"all answers{where} are the same; leave the item out of the model."
                if np.isnan(column).all():
                    message = f"nobody{where} answered it; leave it out of the model."
                yield Problem(code="constant-item", column=item, message=message)


def _never_together(data: ModelData, groups: Sequence[Group]) -> Iterator[Problem]:
    """Two items that nobody answered both of: no likelihood tells of their covariance."""
    for name, group in zip(data.groups, groups, strict=True):
        both = group.observed.T.astype(np.int64) @ group.observed
        for one, other in zip(*np.nonzero(np.triu(both == 0)), strict=True):
            where = f" in group {name!r}" if name else ""
            pair = data.items[one] + (f" and {data.items[other]}" if other != one else "")
            message = f"nobody{where} answered {pair}; leave an item out of the model."
            yield Problem(code="no-coverage", column=data.items[one], message=message)


def _unknown(groups: list[tuple[str, int]]) -> Iterator[Problem]:
    for name, number in groups:
        where = f"in group {name!r} " if name else ""
        message = (
            f"{where}{number} polychoric correlations, or their errors, cannot be computed: nobody "
            "answered two of the items, or their answers go together perfectly. "
            "polychoric(...) tells which; leave an item out, or merge categories."
        )
        yield Problem(code="no-correlation", message=message)
