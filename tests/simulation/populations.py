"""Populations in which a factor model is true, and samples from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Key = tuple[str, str, str]

GROUPS = ("first", "second")
# Intercepts of continuous items: anything but 0 will do.
INTERCEPT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Factors with as many items each; items have a variance of 1 in the first group.

    Attributes
    ----------
    n_factors : int
    loadings : tuple of float
        Of the items of every factor.
    correlation : float
        Of any two factors.
    curve : float
        0 for normal items. Otherwise an item is ``-c + b Z + c Z²`` of a normal Z, with b such that
        its variance is right: the larger c, the more skewed.
    shares : tuple of float
        Of the categories, in the first group; empty for continuous items.
    second : tuple of (float, float), or None
        Mean and variance of the factors in a second group of as many persons, in which everything
        else is as in the first.
    cross : float
        Loading of the first item on the second factor, of which the model does not know.
    """

    n_factors: int = 3
    loadings: tuple[float, ...] = (0.7, 0.6, 0.8)
    correlation: float = 0.4
    curve: float = 0.0
    shares: tuple[float, ...] = ()
    second: tuple[float, float] | None = None
    cross: float = 0.0

    @property
    def factors(self) -> list[str]:
        """Names of the factors."""
        return [f"f{number}" for number in range(1, self.n_factors + 1)]

    @property
    def items(self) -> list[str]:
        """Names of the items, factor by factor."""
        return [f"y{number}" for number in range(1, self.n_factors * len(self.loadings) + 1)]

    @property
    def syntax(self) -> str:
        """The model that is fitted."""
        each = len(self.loadings)
        return "\n".join(
            f"{factor} =~ {' + '.join(self.items[place * each : (place + 1) * each])}"
            for place, factor in enumerate(self.factors)
        )

    @property
    def thresholds(self) -> Floats:
        """Where a normal variable is cut into the categories."""
        return np.asarray(ndtri(np.cumsum(self.shares)[:-1]), dtype=np.float64)

    def draw(self, rng: np.random.Generator, n: int) -> pd.DataFrame:
        """Answers of n persons, with the column `group` where there are two."""
        if self.second is None:
            return pd.DataFrame(self._values(rng, n, 0.0, 1.0), columns=self.items)
        parts = [self._values(rng, n // 2, 0.0, 1.0), self._values(rng, n - n // 2, *self.second)]
        frame = pd.DataFrame(np.vstack(parts), columns=self.items)
        return frame.assign(group=np.repeat(GROUPS, [len(part) for part in parts]))

    def truth(self) -> dict[Key, tuple[str, float]]:
        """Kind and value of each parameter of one group, in the delta form for categories."""
        loading, phi, theta = self._matrices(1.0)
        found: dict[Key, tuple[str, float]] = {}
        for row, item in enumerate(self.items):
            factor = row // len(self.loadings)
            found[self.factors[factor], "=~", item] = ("loading", loading[row, factor])
            if not self.shares:
                found[item, "~~", item] = ("residual variance", theta[row])
            for place, cut in enumerate(self.thresholds, start=1):
                found[item, "|", f"t{place}"] = ("threshold", cut)
        for one, first in enumerate(self.factors):
            for other in range(one + 1, self.n_factors):
                found[first, "~~", self.factors[other]] = ("factor correlation", phi[one, other])
        return found

    def truth_of_second(self) -> dict[Key, tuple[str, float]]:
        """Means and variances of the factors in the second group."""
        if self.second is None:
            return {}
        mean, variance = self.second
        return {
            **{(factor, "~1", ""): ("factor mean", mean) for factor in self.factors},
            **{(factor, "~~", factor): ("factor variance", variance) for factor in self.factors},
        }

    def _matrices(self, variance: float) -> tuple[Floats, Floats, Floats]:
        """Loadings, factor covariances and residual variances."""
        loading = np.kron(np.eye(self.n_factors), np.array(self.loadings)[:, None])
        loading[0, 1:2] = self.cross
        shape = (self.n_factors, self.n_factors)
        phi = np.full(shape, self.correlation) + (1.0 - self.correlation) * np.eye(self.n_factors)
        theta = 1.0 - np.einsum("ij,jk,ik->i", loading, phi, loading)
        return loading, variance * phi, theta

    def _values(self, rng: np.random.Generator, n: int, mean: float, variance: float) -> Floats:
        loading, phi, theta = self._matrices(variance)
        sigma = loading @ phi @ loading.T + np.diag(theta)
        scale = np.sqrt(np.diag(sigma))
        centre = loading.sum(axis=1) * mean
        white = rng.standard_normal((n, len(sigma)))
        values = centre + scale * _curved(white, sigma / np.outer(scale, scale), self.curve)
        if self.shares:
            return np.digitize(values, self.thresholds).astype(np.float64)
        return values + INTERCEPT


def _curved(white: Floats, correlation: Floats, curve: float) -> Floats:
    """Variables of mean 0, variance 1 and this correlation matrix, each a curve of a normal one.

    A square of the case of Vale and Maurelli (1983, doi:10.1007/BF02293687): two curves of normal
    variables with the correlation r correlate by ``b² r + 2 c² r²``.
    """
    c = curve
    b_squared = 1.0 - 2.0 * c * c
    if c:
        root = np.sqrt(b_squared**2 + 8.0 * c * c * correlation)
        correlation = (root - b_squared) / (4.0 * c * c)
    normal = white @ np.linalg.cholesky(correlation).T
    return np.asarray(-c + np.sqrt(b_squared) * normal + c * normal**2)


def even_shares(n_categories: int) -> tuple[float, ...]:
    """Shares of a normal variable in cells of one width, the outer ones open, over ±2.2."""
    from scipy.special import ndtr

    edges = np.linspace(-2.2, 2.2, n_categories + 1)[1:-1]
    return tuple(np.diff([0.0, *ndtr(edges), 1.0]).tolist())
