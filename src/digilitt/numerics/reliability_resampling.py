"""Bootstrap of reliability: persons, or whole clusters of them, drawn again with replacement."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digilitt.numerics.reliability_battery import Settings, battery

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """What the bootstrap says of coefficients; arrays of shape (n_statistics,).

    Attributes
    ----------
    bias : numpy.ndarray
        Mean over the samples, minus the estimate.
    std_error : numpy.ndarray
        Standard deviation over the samples.
    conf_low, conf_high : numpy.ndarray
        Percentiles; NaN where more than a tenth of the samples gave no coefficient.
    n_valid : numpy.ndarray
        Samples that gave one.
    """

    bias: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    n_valid: Floats


def drawn_counts(
    counts: Floats, clusters: NDArray[np.intp] | None, rng: np.random.Generator
) -> Floats:
    """How often each row is drawn: by person, or all rows of as many clusters as there are."""
    if clusters is None:
        n = round(float(counts.sum()))
        return rng.multinomial(n, counts / counts.sum()).astype(np.float64)
    n_clusters = int(clusters.max()) + 1
    return (
        counts
        * np.bincount(rng.integers(n_clusters, size=n_clusters), minlength=n_clusters)[clusters]
    )


def resampled(
    values: Floats,
    counts: Floats,
    settings: Settings,
    rng: np.random.Generator,
    *,
    n_bootstrap: int,
    clusters: NDArray[np.intp] | None = None,
) -> Resampled:
    """Percentile intervals of the coefficients wanted.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_rows, n_items)
    counts : numpy.ndarray, shape (n_rows,)
    settings : Settings
    rng : numpy.random.Generator
    n_bootstrap : int
        Samples, 1 or more.
    clusters : numpy.ndarray of int, shape (n_rows,), optional
        From 0 without gaps; then whole clusters are drawn.

    Notes
    -----
    Efron and Tibshirani (1993), *An introduction to the bootstrap*, chapter 13.
    """
    quiet = replace(settings, interval="none")
    drawn = np.empty((n_bootstrap, len(settings.wanted)))
    for row in range(n_bootstrap):
        weight = drawn_counts(counts, clusters, rng)
        used = weight > 0
        found = battery(values[used], weight[used], quiet, rng)
        drawn[row] = [each.estimate for each in found]
    whole = np.array([each.estimate for each in battery(values, counts, quiet, rng)])
    return _summed(drawn, whole, settings.conf_level)


def _summed(drawn: Floats, whole: Floats, conf_level: float) -> Resampled:
    valid = ~np.isnan(drawn)
    n_valid = valid.sum(axis=0).astype(np.float64)
    enough = (n_valid >= 0.9 * len(drawn)) & (n_valid >= 2) & ~np.isnan(whole)
    figures = np.full((4, len(whole)), np.nan)
    for column in np.flatnonzero(enough):
        sample = drawn[valid[:, column], column]
        limits = np.quantile(sample, [0.5 - conf_level / 2, 0.5 + conf_level / 2])
        figures[:, column] = (sample.mean() - whole[column], sample.std(ddof=1), *limits)
    return Resampled(figures[0], figures[1], figures[2], figures[3], n_valid)
