"""Simulated people: who they are, their traits at each wave, and who leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.numerics.irt import logistic

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

# The same for every scale, or by scale (scales left out: 0).
Shift = float | Mapping[str, float]
GroupShifts = Mapping[str, Mapping[str, Shift]]

CLUSTERED_IN = "municipality"
BISECTIONS = 60
EDGE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What is true of the traits; `digilitt.simulate` explains each."""

    waves: tuple[str, ...] = ("1",)
    effects: GroupShifts = field(default_factory=dict)
    change: Shift = 0.0
    change_effects: GroupShifts = field(default_factory=dict)
    random_effects: Mapping[str, float] = field(default_factory=dict)
    correlation: float = 0.5
    stability: float = 0.8
    attrition: float = 0.0
    attrition_effect: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """Traits and what they are made of.

    Attributes
    ----------
    theta : ndarray of float64, shape (n, n_waves, n_scales)
    shift : ndarray of float64, shape (n, n_waves, n_scales)
        The part that group effects and true change make up.
    random : dict of str to ndarray of float64, shape (n, n_scales)
        The part that each group's, or the cluster's, random effect makes up.
    """

    theta: Floats
    shift: Floats
    random: dict[str, Floats]


def person_ids(n: int) -> list[str]:
    """Ids p1 … pn with leading zeros."""
    width = len(str(n))
    return [f"p{number:0{width}d}" for number in range(1, n + 1)]


def whole_counts(shares: Sequence[float], n: int) -> NDArray[np.int64]:
    """Whole numbers that sum to `n` and lie as near to the shares as they can."""
    exact = np.asarray(shares, dtype=np.float64) / sum(shares) * n
    counts = np.floor(exact).astype(np.int64)
    largest = np.argsort(-(exact - counts), kind="stable")
    counts[largest[: n - counts.sum()]] += 1
    return counts


def draw_roster(
    n: int, groups: Mapping[str, Mapping[str, float]], cluster_size: int, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per person: person, groups, cluster (where `cluster_size` is above 0), enrolled."""
    made: dict[str, object] = {"person": person_ids(n)}
    for name, shares in groups.items():
        position = np.repeat(np.arange(len(shares)), whole_counts(list(shares.values()), n))
        made[name] = np.array(list(shares), dtype=object)[rng.permutation(position)]
    roster = pd.DataFrame(made)
    if cluster_size:
        within = list(roster.get(CLUSTERED_IN, ["workplace"] * n))
        roster["cluster"] = draw_workplaces(within, cluster_size, rng)
    return roster.assign(enrolled=True)


def draw_workplaces(
    within: Sequence[str], cluster_size: int, rng: np.random.Generator
) -> list[str]:
    """A workplace for each person, of about `cluster_size` persons, nested in `within`."""
    codes, names = pd.factorize(np.asarray(within, dtype=object))
    n_workplaces = np.maximum(1, np.round(np.bincount(codes) / cluster_size)).astype(np.int64)
    number = np.floor(rng.random(len(codes)) * n_workplaces[codes]).astype(np.int64) + 1
    return [f"{names[code]} {which}" for code, which in zip(codes, number, strict=True)]


def draw_traits(
    roster: pd.DataFrame, design: Design, scales: Sequence[str], rng: np.random.Generator
) -> Traits:
    """Traits of everyone in the roster, at every wave, for every scale of items.

    The part of a person that is not group, change or random effect has variance 1, and the
    correlation `stability` between waves.
    """
    n, n_waves, n_scales = len(roster), len(design.waves), len(scales)
    lasting = _correlated(n, n_scales, design.correlation, rng)[:, None, :]
    passing = _correlated(n * n_waves, n_scales, design.correlation, rng)
    theta = np.sqrt(design.stability) * lasting
    theta = theta + np.sqrt(1.0 - design.stability) * passing.reshape(n, n_waves, n_scales)
    change = _by_scale(design.change, scales) + _shifts(roster, design.change_effects, scales)
    shift = _shifts(roster, design.effects, scales)[:, None, :]
    shift = shift + np.arange(n_waves)[None, :, None] * change[:, None, :]
    random = {}
    for name, sd in design.random_effects.items():
        codes, values = pd.factorize(roster[name])
        random[name] = sd * _correlated(len(values), n_scales, design.correlation, rng)[codes]
    for effect in random.values():
        theta = theta + effect[:, None, :]
    return Traits(theta + shift, shift, random)


def _correlated(n: int, n_scales: int, correlation: float, rng: np.random.Generator) -> Floats:
    """Standard normal columns, each pair with the same correlation."""
    common = rng.standard_normal((n, 1))
    own = rng.standard_normal((n, n_scales))
    return np.asarray(np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own)


def _by_scale(shift: Shift, scales: Sequence[str]) -> Floats:
    if isinstance(shift, Mapping):
        return np.array([shift.get(scale, 0.0) for scale in scales], dtype=np.float64)
    return np.full(len(scales), float(shift))


def _shifts(roster: pd.DataFrame, effects: GroupShifts, scales: Sequence[str]) -> Floats:
    total = np.zeros((len(roster), len(scales)))
    for name, values in effects.items():
        for value, shift in values.items():
            total[(roster[name] == value).to_numpy()] += _by_scale(shift, scales)
    return total


def draw_attendance(
    traits: Traits, first: Booleans, design: Design, rng: np.random.Generator
) -> Booleans:
    """Who answers at which wave: those of `first`, fewer at each later wave.

    Parameters
    ----------
    first : ndarray of bool, shape (n,)
        Who answers at the first wave.

    Returns
    -------
    ndarray of bool, shape (n, n_waves)
    """
    present = np.repeat(first[:, None], len(design.waves), axis=1)
    trait = traits.theta[:, 0, :].mean(axis=1)
    for wave in range(1, len(design.waves)):
        here = np.flatnonzero(present[:, wave - 1])
        n_leaving = round(design.attrition * len(here))
        chance = calibrated(design.attrition_effect * trait[here], n_leaving)
        present[here[drawn(chance, rng)], wave:] = False
    return present


def calibrated(logit: Floats, n_expected: int) -> Floats:
    """Probabilities ``logistic(c + logit)``, with the `c` for which they sum to `n_expected`."""
    if n_expected in (0, len(logit)):
        return np.full(len(logit), float(n_expected > 0))
    low, high = -40.0 - logit.max(), 40.0 - logit.min()
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        if logistic(middle + logit).sum() > n_expected:
            high = middle
        else:
            low = middle
    return logistic(0.5 * (low + high) + logit)


def drawn(chance: Floats, rng: np.random.Generator) -> Booleans:
    """Systematic draw: each with its own chance, and as many in all as the chances sum to."""
    order = rng.permutation(len(chance))
    # Away from 0 and 1, where the rounding of the sum could add or lose one.
    start = EDGE + (1.0 - 2.0 * EDGE) * rng.random()
    steps = np.floor(start + np.concatenate([[0.0], np.cumsum(chance[order])]))
    taken = np.zeros(len(chance), dtype=np.bool_)
    taken[order] = np.diff(steps) > 0
    return taken
