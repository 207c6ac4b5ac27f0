"""Whether a model's parameters can be told from the moments it implies."""

from __future__ import annotations

import numpy as np

from digilitt.numerics.covariance.directions import continuous_jacobian, ordinal_jacobian
from digilitt.numerics.covariance.model import Floats, Model, lower, matrices, reduced

# A singular value below this share of the largest is none.
NONE = 1e-7
# Parameters that take part in a direction by less than this share are not named.
SHARE = 0.1
GOLDEN = 0.6180339887498949


def free_directions(model: Model, start: Floats) -> Floats:
    """Ways to move the parameters that no implied moment tells of.

    Parameters
    ----------
    start : ndarray of float64, shape (n_free,)
        Somewhere in the middle of what the parameters may be; a place near it is looked at, so
        that no parameter is 0, or equal to another, by chance of the start.

    Returns
    -------
    ndarray of float64, shape (n_free, number of directions)
        No columns if the model is identified near there, as the rank of the Jacobian tells
        (Wald's rank rule; Bekker, Merckens and Wansbeek, 1994).
    """
    nudge = np.mod(GOLDEN * np.arange(1, len(start) + 1), 1.0)
    near = start * (0.95 + 0.1 * nudge) + 0.02 * nudge
    free = model.offset + model.basis @ reduced(model, near)
    parts = []
    for number in range(len(model.groups)):
        if model.form == "continuous":
            jacobian = _standardized(model, number, free)
        else:
            jacobian = ordinal_jacobian(model, number, free)[1]
        parts.append(model.along(jacobian))
    stacked = np.vstack(parts)
    size = np.linalg.norm(stacked, axis=0)
    scaled = stacked / np.where(size > 0.0, size, 1.0)
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    # Eigenvalues are squares of singular values.
    loose = values < max(NONE**2 * values[-1], 1e-13) if len(values) else np.zeros(0, dtype=bool)
    return np.asarray(model.basis @ (vectors[:, loose] / np.where(size > 0, size, 1.0)[:, None]))


def _standardized(model: Model, number: int, free: Floats) -> Floats:
    """Jacobian of means and covariances in units of the items' standard deviations."""
    variance = np.diag(matrices(model, number, free).sigma)
    size = np.sqrt(np.where(variance > 0.0, variance, 1.0))
    rows, columns = lower(model.n_items, diagonal=True)
    second = size[rows] * size[columns]
    units = np.concatenate([size, second]) if model.means else second
    return np.asarray(continuous_jacobian(model, number, free) / units[:, None])


def involved(directions: Floats) -> list[int]:
    """Numbers of the parameters that take part in such directions."""
    if not directions.size:
        return []
    share = np.linalg.norm(directions / np.linalg.norm(directions, axis=0), axis=1)
    return [int(which) for which in np.flatnonzero(share > SHARE * share.max())]
