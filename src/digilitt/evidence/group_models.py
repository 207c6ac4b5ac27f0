"""Measurement models of groups side by side, and what their persons answered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError
from digilitt.evidence.cfa_tables import each_group
from digilitt.evidence.invariance_result import Invariance
from digilitt.evidence.models.data import ModelData
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.models.statistics import Ordinal, Statistics
from digilitt.numerics.covariance.model import Integers
from digilitt.numerics.noninvariance import GroupModels

Floats = NDArray[np.float64]


def ladder_problems(found: object, others: tuple[type, ...] = ()) -> None:
    """Raise if this is neither a ladder nor one of the others that are accepted."""
    if isinstance(found, (Invariance, *others)):
        return
    name = type(found).__name__
    message = f"found a {name}; expected the result of dl.invariance(…, by=…)."
    if isinstance(getattr(found, "invariance", None), Invariance):
        message += " Give its .invariance."
    raise ResponseError([Problem(code="wrong-value", column="found", message=message)])


def between_groups(found: Invariance) -> list[Problem]:
    """What is wrong with a ladder that is not between groups."""
    if len(next(iter(found.steps.values())).table.groups) > 1:
        return []
    message = (
        "the ladder is between occasions of the same persons, and this is for groups. Between "
        "occasions, look at the parameters of solution(…) and free some with partial=."
    )
    return [Problem(code="not-for-occasions", column="found", message=message)]


def group_models(fitted: Fitted) -> GroupModels:
    """The measurement model of every group, as it was estimated."""
    groups = [found for _, _, found in each_group(fitted)]
    thresholds = residuals = scores = None
    if isinstance(fitted.statistics, Ordinal):
        item = fitted.model.item_of_threshold
        thresholds = np.stack([by_item(found.tau, item, len(found.nu)) for found in groups])
        with np.errstate(invalid="ignore"):
            residuals = np.stack([np.sqrt(np.diag(found.theta)) for found in groups])
        scores = category_scores(fitted.statistics)
    return GroupModels(
        loadings=np.stack([found.loadings for found in groups]),
        intercepts=np.stack([found.nu for found in groups]),
        means=np.stack([found.inverse @ found.alpha for found in groups]),
        covariances=np.stack([found.phi for found in groups]),
        thresholds=thresholds,
        residual_sd=residuals,
        scores=scores,
    )


def by_item(values: Floats, item: Integers, n_items: int) -> Floats:
    """What stands for thresholds, one after another, as items by steps; NaN at the end of rows."""
    sizes = np.bincount(item, minlength=n_items)
    found = np.full((n_items, int(sizes.max(initial=0))), np.nan)
    step = np.arange(len(item)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found[item, step] = values
    return found


def category_scores(statistics: Ordinal) -> Floats:
    """What each category of each item counts; NaN where an item has fewer."""
    values = statistics.categories.values
    found = np.full((len(values), max(map(len, values))), np.nan)
    for row, each in zip(found, values, strict=True):
        row[: len(each)] = each
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """Answers to each item in each group.

    Attributes
    ----------
    mean, sd : ndarray of float64, shape (n_groups, n_items)
        Of the scores, with n - 1 in the divisor; by sampling weights where there are any.
    n : ndarray of float64, shape (n_groups, n_items)
        Persons who answered.
    persons : ndarray of float64, shape (n_groups,)
    pull : ndarray of float64, shape (n_rows, n_items)
        How far each row's answer to an item moves the mean of its group, times √(n / (n - 1)); 0
        where there is none.
    data : ModelData
    """

    mean: Floats
    sd: Floats
    n: Floats
    persons: Floats
    pull: Floats
    data: ModelData

    def difference_error(self, against: Floats, weights: Floats) -> Floats:
        """Standard error of a sum of item means of some groups less those of others.

        Parameters
        ----------
        against : ndarray of float64, shape (n_groups, n_items)
            What the mean of each group counts: 1 in the one, -1 in the other.
        weights : ndarray of float64, shape (n_scales, n_items)

        Returns
        -------
        ndarray of float64, shape (n_scales,)

        Notes
        -----
        Of two groups and complete answers √(s₁²/n₁ + s₂²/n₂), s² the variance of persons' sums.
        Where answers are missing, or there are sampling weights, what each person adds to the
        means takes their place. With clusters the squares are those of clusters' sums, times
        m / (m - 1) for m clusters.
        """
        moved = (self.pull * against[self.data.group]) @ weights.T
        if self.data.clusters is None:
            return np.asarray(np.sqrt(self.data.counts @ moved**2))
        sums = np.zeros((int(self.data.clusters.max()) + 1, len(weights)))
        np.add.at(sums, self.data.clusters, self.data.counts[:, None] * moved)
        m = len(np.unique(self.data.clusters))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.sqrt((sums**2).sum(axis=0) * np.divide(m, m - 1.0)))


def observed(statistics: Statistics) -> Observed:
    """Means and standard deviations of what was answered; of merged categories, their scores."""
    data = statistics.data
    values = data.values
    if isinstance(statistics, Ordinal):
        codes, scores = statistics.categories.codes, category_scores(statistics)
        values = np.where(codes < 0, np.nan, scores[np.arange(codes.shape[1]), codes])
    shape = (len(data.groups), values.shape[1])
    mean, sd, n = np.empty(shape), np.empty(shape), np.empty(shape)
    pull = np.zeros(values.shape)
    for number in range(shape[0]):
        own = data.group == number
        there = ~np.isnan(values[own])
        answers = np.where(there, values[own], 0.0)
        n[number] = data.counts[own] @ there
        share = (data.counts[own] * data.weights[own])[:, None] * there
        total = share.sum(axis=0)
        share /= total
        mean[number] = (share * answers).sum(axis=0)
        squares = (share * (answers - mean[number]) ** 2).sum(axis=0)
        correction = n[number] / (n[number] - 1.0)
        sd[number] = np.sqrt(squares * correction)
        each = data.weights[own][:, None] * there / total
        pull[own] = each * (answers - mean[number]) * np.sqrt(correction)
    persons = np.array([data.persons(number) for number in range(shape[0])], dtype=np.float64)
    return Observed(mean=mean, sd=sd, n=n, persons=persons, pull=pull, data=data)
