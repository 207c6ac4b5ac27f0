"""Where the search for a model's parameters begins."""

from __future__ import annotations

import numpy as np

from digilitt.numerics.covariance.model import Block, Blocks, Floats, Model

# A factor is taken to explain so much of an item at the least and at the most.
LEAST, MOST = 0.2, 0.9


def starting_values(
    model: Model, covariances: list[Floats], means: list[Floats], cuts: list[Floats]
) -> Floats:
    """Starting values of the free parameters, shape (n_free,).

    Parameters
    ----------
    covariances, means, cuts : list of ndarray, one per group
        Covariances and means of continuous items; correlations, zeros and thresholds of items in
        categories (then no means are needed).

    Notes
    -----
    Loadings start from the first principal component of a factor's items, such that the first
    item loads positively; factor covariances from those of the components; residual variances
    from what is left. What the model gives as a start is kept.
    """
    free = np.full(len(model.start), np.nan)
    groups = zip(model.groups, covariances, means, cuts, strict=True)
    for blocks, covariance, mean, cut in groups:
        _group_start(model, blocks, covariance, mean, cut, free)
    chosen = np.where(np.isnan(model.start), free, model.start)
    fallback = np.where(np.isnan(chosen), 0.0, chosen)
    # The nearest values that keep the linear constraints.
    apart = fallback - model.offset
    return np.asarray(model.offset + model.basis @ np.linalg.lstsq(model.basis, apart)[0])


def _group_start(
    model: Model, blocks: Blocks, covariance: Floats, mean: Floats, cut: Floats, free: Floats
) -> None:
    spread = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    pattern = _has(blocks.loadings)
    weights = _components(covariance / spread[:, None] / spread, pattern, blocks.beta)
    scale = _factor_scales(blocks, weights, spread)
    common = (weights**2).sum(axis=1).clip(LEAST**2, MOST**2)
    theta_sd = np.ones(len(spread))
    if model.form == "theta":
        theta_sd = 1.0 / np.sqrt(1.0 - common)
    loadings = weights * (spread * theta_sd)[:, None] / scale
    _put(free, blocks.loadings, loadings)
    _put(free, blocks.beta, 0.6 * scale[:, None] / scale)
    correlation = _factor_correlations(covariance / spread[:, None] / spread, weights)
    _put(free, blocks.psi, correlation * scale[:, None] * scale)
    residual = spread**2 * (1.0 - common)
    _put(free, blocks.theta, np.diag(np.ones(len(spread)) if model.form == "theta" else residual))
    _put(free, blocks.delta, np.ones(len(spread)))
    item = model.item_of_threshold
    if len(item):
        _put(free, blocks.tau, cut * theta_sd[item])
        _put(free, blocks.nu, np.zeros(len(spread)))
        _put(free, blocks.alpha, np.zeros(len(scale)))
        return
    centre = _factor_means(blocks, loadings, mean)
    filled = blocks.loadings.fixed.copy()
    cells = blocks.loadings.rows, blocks.loadings.columns
    filled[cells] = loadings[cells]
    _put(free, blocks.alpha, centre)
    _put(free, blocks.nu, mean - filled @ centre)


def _factor_means(blocks: Blocks, loadings: Floats, mean: Floats) -> Floats:
    """Where the means of factors start: such that items whose intercept is fixed meet theirs."""
    centre = np.zeros(loadings.shape[1])
    fixed = np.setdiff1d(np.arange(len(mean)), blocks.nu.rows)
    for factor in blocks.alpha.rows:
        own = [item for item in fixed if loadings[item, factor] != 0.0]
        if own:
            item = own[0]
            marker = blocks.loadings.fixed[item, factor]
            size = marker if marker != 0.0 else loadings[item, factor]
            centre[factor] = (mean[item] - blocks.nu.fixed[item]) / size
    return centre


def _put(free: Floats, block: Block, matrix: Floats) -> None:
    """First come, first served: a parameter of several cells starts from the first."""
    found = matrix[block.rows] if matrix.ndim == 1 else matrix[block.rows, block.columns]
    empty = np.isnan(free[block.free])
    # Reversed, so that of several cells the first one wins.
    free[block.free[empty][::-1]] = found[empty][::-1]


def _has(block: Block) -> Floats:
    pattern = block.fixed.copy()
    pattern[block.rows, block.columns] = 1.0
    return np.asarray(pattern != 0.0, dtype=np.float64)


def _components(r: Floats, pattern: Floats, beta: Block) -> Floats:
    """Correlations of items with the first component of each factor's items, (p, m)."""
    above = _has(beta)
    reach = pattern.copy()
    for _ in range(len(above)):
        reach = np.maximum(reach, np.minimum(reach @ above, 1.0))
    weights = np.zeros_like(pattern)
    for factor in range(pattern.shape[1]):
        own = np.flatnonzero(reach[:, factor])
        if not len(own):
            continue
        values, vectors = np.linalg.eigh(r[np.ix_(own, own)])
        first = vectors[:, -1] * np.sqrt(max(values[-1], 0.0))
        first = first * (1.0 if first[0] >= 0 else -1.0)
        size = np.clip(0.9 * np.abs(first), LEAST, MOST)
        weights[own, factor] = np.where(first < 0, -size, size)
    return np.asarray(weights * pattern)


def _factor_scales(blocks: Blocks, weights: Floats, spread: Floats) -> Floats:
    """Standard deviation that each factor starts with."""
    m = weights.shape[1]
    scale = np.ones(m)
    free_variance = set(blocks.psi.rows[blocks.psi.rows == blocks.psi.columns].tolist())
    for factor in range(m):
        fixed = blocks.psi.fixed[factor, factor]
        if factor not in free_variance and fixed > 0:
            scale[factor] = np.sqrt(fixed)
            continue
        marker = np.flatnonzero(blocks.loadings.fixed[:, factor])
        if len(marker):
            item = marker[0]
            ratio = weights[item, factor] * spread[item] / blocks.loadings.fixed[item, factor]
            scale[factor] = abs(ratio) or 1.0
        else:
            lower = np.flatnonzero(blocks.beta.fixed[:, factor])
            if len(lower):
                scale[factor] = 0.6 * scale[lower[0]] / abs(blocks.beta.fixed[lower[0], factor])
    return scale


def _factor_correlations(r: Floats, weights: Floats) -> Floats:
    """Correlations of sums of items, each weighted by its component; 1 on the diagonal."""
    cross = weights.T @ r @ weights
    size = np.sqrt(np.maximum(np.diag(cross), 1e-12))
    found = np.clip(cross / size[:, None] / size, -0.6, 0.6)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)
