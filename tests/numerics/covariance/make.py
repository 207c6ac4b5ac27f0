"""Models and samples for the tests of numerics.covariance: regular ones, and random ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from digilitt.numerics.covariance.model import Block, Blocks, Model, lower
from digilitt.numerics.covariance.normal import group_of, normalised_weights
from tests.reference.cases import dataset

ITEMS = [f"x{number}" for number in range(1, 10)]
THREE = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
FIVE = [f"{name}{number}" for name in "ACENO" for number in range(1, 6)]


def block(fixed, cells=()):
    """A matrix with these fixed values and these (row, column, free parameter)."""
    told = np.array(list(cells), dtype=np.int64).reshape(-1, 3)
    return Block(
        fixed=np.array(fixed, dtype=float), rows=told[:, 0], columns=told[:, 1], free=told[:, 2]
    )


def model_of(groups, n_free, *, form="continuous", means=True, item_of_threshold=(), basis=None):
    """A model without starting values, and without constraints unless there is a basis."""
    return Model(
        groups=tuple(groups),
        form=form,
        means=means,
        item_of_threshold=np.array(item_of_threshold, dtype=np.int64),
        start=np.full(n_free, np.nan),
        basis=np.eye(n_free) if basis is None else basis,
        offset=np.zeros(n_free),
    )


def factors(sets, *, n_groups=1, means=True, form="continuous", categories=(), equal=()):
    """Factors of variance 1 that all correlate; in `equal`, names of matrices equal over groups.

    Equal loadings set the factors' variances free in later groups.
    """
    p, m, count, first, groups = 1 + max(map(max, sets)), len(sets), 0, {}, []
    item_of = [item for item, k in enumerate(categories) for _ in range(k - 1)]
    vector = {"nu": p if means else 0, "tau": len(item_of)}
    for number in range(n_groups):
        places = {
            "loadings": [(item, at) for at, items in enumerate(sets) for item in items],
            "psi": list(zip(*lower(m, diagonal=False), strict=True)),
            "theta": [(item, item) for item in range(p)] if form == "continuous" else [],
            **{name: [(row, 0) for row in range(size)] for name, size in vector.items()},
        }
        freed = bool(number) and "loadings" in equal
        if freed:
            places["psi"] += [(at, at) for at in range(m)]
        cells = {}
        for name, where in places.items():
            if number and name in equal:
                cells[name] = first[name]
                continue
            cells[name] = [(*place, count + at) for at, place in enumerate(where)]
            count += len(where)
        first = first or cells
        groups.append(
            Blocks(
                loadings=block(np.zeros((p, m)), cells["loadings"]),
                beta=block(np.zeros((m, m))),
                psi=block(np.zeros((m, m)) if freed else np.eye(m), cells["psi"]),
                theta=block(np.eye(p) if form == "theta" else np.zeros((p, p)), cells["theta"]),
                nu=block(np.zeros(p), cells["nu"]),
                alpha=block(np.zeros(m)),
                tau=block(np.zeros(len(item_of)), cells["tau"]),
                delta=block(np.ones(p)),
            )
        )
    return model_of(groups, count, form=form, means=means, item_of_threshold=item_of)


class Cells:
    """Numbers free parameters as cells ask for them; some cells share one."""

    def __init__(self, rng):
        self.rng = rng
        self.values = []
        self.kinds = {}

    def one(self, kind, low, high, *, signed=False):
        """A parameter, now and then one of the same kind that is there already."""
        known = self.kinds.setdefault(kind, [])
        if known and self.rng.random() < 0.25:
            return int(self.rng.choice(known))
        size = self.rng.uniform(low, high)
        self.values.append(size * (self.rng.choice([-1, 1]) if signed else 1))
        known.append(len(self.values) - 1)
        return known[-1]

    def some(self, places, share, *told, **more):
        return [(*place, self.one(*told, **more)) for place in places if self.rng.random() < share]


def random_model(seed, *, form="continuous", means=True):
    """A model with every kind of cell, in one group or two, and values that are proper."""
    rng = np.random.default_rng(seed)
    p, m = int(rng.integers(3, 6)), int(rng.integers(1, 4))
    item_of = np.repeat(np.arange(p), rng.integers(1, 4, p)) if form != "continuous" else []
    cells = Cells(rng)
    groups = [
        random_blocks(rng, cells, p, m, len(item_of), form) for _ in range(rng.integers(1, 3))
    ]
    model = model_of(groups, len(cells.values), form=form, means=means, item_of_threshold=item_of)
    return model, np.array(cells.values)


def random_blocks(rng, cells, p, m, n_cuts, form):
    every = [(row, column) for row in range(p) for column in range(m)]
    pairs = list(zip(*lower(m, diagonal=False), strict=True))
    couples = list(zip(*lower(p, diagonal=False), strict=True))
    own = [(at, at) for at in range(p)]
    delta = cells.some([(at, 0) for at in range(p)], 0.4, "delta", 0.7, 1.3)
    return Blocks(
        loadings=block(
            rng.choice([0.0, 0.5], (p, m), p=[0.7, 0.3]),
            cells.some(every, 0.6, "loadings", 0.4, 1.0, signed=True),
        ),
        beta=block(np.zeros((m, m)), cells.some(pairs, 0.5, "beta", 0.2, 0.5, signed=True)),
        psi=block(
            np.eye(m),
            cells.some([(at, at) for at in range(m)], 0.5, "variance", 0.8, 1.5)
            + cells.some(pairs, 0.4, "psi", 0.05, 0.2, signed=True),
        ),
        theta=block(
            np.eye(p),
            cells.some(own, 0.0 if form == "delta" else 0.7, "residual", 0.7, 1.3)
            + cells.some(couples, 0.2, "theta", 0.05, 0.1, signed=True),
        ),
        nu=block(np.zeros(p), cells.some([(at, 0) for at in range(p)], 0.6, "nu", 0.1, 1.0)),
        alpha=block(
            np.full(m, 0.3), cells.some([(at, 0) for at in range(m)], 0.6, "alpha", 0.1, 0.8)
        ),
        tau=block(
            np.zeros(n_cuts),
            cells.some([(at, 0) for at in range(n_cuts)], 0.8, "tau", 0.1, 1.5, signed=True),
        ),
        delta=block(np.ones(p), delta if form == "delta" else []),
    )


def random_groups(seed, model, *, missing=True, clusters=False):
    """Persons of each group of a model, with counts, weights and, if wanted, holes."""
    rng = np.random.default_rng(seed)
    p, found = model.n_items, []
    for _ in model.groups:
        n = int(rng.integers(12, 30))
        values = rng.standard_normal((n, 1)) + rng.standard_normal((n, p))
        if missing:
            values[rng.random((n, p)) < 0.25] = np.nan
            values[np.isnan(values).all(axis=1), 0] = 0.5
        found.append(
            group_of(
                values,
                rng.integers(1, 4, n).astype(float),
                rng.uniform(0.5, 2.0, n),
                rng.integers(0, 6, n) if clusters else None,
            )
        )
    return tuple(found)


def plain(values):
    """A group in which every row is one person of weight 1."""
    values = np.asarray(values, dtype=float)
    return group_of(values, np.ones(len(values)))


def exact(covariance, n, mean=0.0, seed=1):
    """Values whose covariances (divided by n) and means are exactly these."""
    p = len(covariance)
    raw = np.random.default_rng(seed).standard_normal((n, p))
    raw -= raw.mean(axis=0)
    white = np.linalg.solve(np.linalg.cholesky(raw.T @ raw / n), raw.T).T
    return white @ np.linalg.cholesky(np.asarray(covariance)).T + mean


def holzinger(name="holzinger", topic=""):
    """The nine tests, one array for each school in order of appearance."""
    frame = dataset(name, group=True, topic=topic)
    frame = frame[frame[ITEMS].notna().any(axis=1)]
    return [part for _, part in frame.groupby("group", sort=False)]


def sampling_groups(*, split=False, clusters=False, weight=False, holes=False, few=False):
    """The persons of tests/reference/cfa_sampling as its script has them."""
    whole = pd.concat(holzinger("holzinger_sampling", "cfa_sampling"))
    rows = np.arange(1, len(whole) + 1)
    if holes:
        whole.loc[rows % 5 == 0, "x1"] = np.nan
        whole.loc[rows % 7 == 0, "x5"] = np.nan
    if few:
        whole["unit"] = whole["unit"].str[0] + (whole["unit"].str[1:].astype(int) // 4).astype(str)
    told = whole["weight"].to_numpy() if weight else np.ones(len(whole))
    whole["weight"] = normalised_weights(told, np.ones(len(whole)))
    parts = whole.groupby("group", sort=False) if split else [("", whole)]
    return [
        group_of(
            part[ITEMS].to_numpy(float),
            np.ones(len(part)),
            part["weight"].to_numpy(),
            pd.factorize(part["unit"])[0] if clusters else None,
        )
        for _, part in parts
    ]


def differences(function, place, step):
    """Central differences by each coordinate, first axis."""
    return np.array(
        [
            (function(place + step * way) - function(place - step * way)) / (2.0 * step)
            for way in np.eye(len(place))
        ]
    )
