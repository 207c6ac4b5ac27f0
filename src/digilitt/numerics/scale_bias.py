"""How far non-invariance moves a group's mean on the reported score, and within what bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleBias:
    """How far non-invariance moves the mean score of each group on each scale.

    All have the shape (n_groups, n_scales) and are in points of the scale.

    Attributes
    ----------
    bias : numpy.ndarray of float64
        Sum over the items of weight times bias: the shift if the solution is right.
    low, high : numpy.ndarray of float64
        Sum of the negative and of the positive terms alone. Whichever of the items' differences
        are bias, wholly or in part, the shift lies between them; 0 and `bias` always do.
    worst : numpy.ndarray of float64
        Sum of the sizes of the terms, ``high - low``: the shift if nothing cancelled.
    """

    bias: Floats
    low: Floats
    high: Floats
    worst: Floats


def scale_bias(bias: Floats, weights: Floats) -> ScaleBias:
    """How far non-invariance moves each group's mean score on each scale, and within what bounds.

    Parameters
    ----------
    bias : numpy.ndarray of float64, shape (n_groups, n_items)
        Of `item_effects`, in points.
    weights : numpy.ndarray of float64, shape (n_scales, n_items)
        What a point on an item adds to the scale: 1 for a sum, one over the number of items for
        a mean, 0 for items of other scales.

    Returns
    -------
    ScaleBias
        NaN for a scale with an item of unknown bias.

    Notes
    -----
    The mean score of a group is that of persons of the same standing in the reference, plus
    `bias`. Which part of an item's difference is bias, and which belongs to what is measured, the
    data do not tell: the solution says all of it. If for each item any part from none to all of it
    is bias, the group's mean on the score is moved by something from `low` to `high`, and the mean
    without bias lies from the observed mean less `high` to the observed mean less `low`.

    For the difference of two groups' means pass the difference of their rows of `bias`: then an
    item counts as biased in both groups or in neither, and what is common to both cancels.

    The bounds are those of the estimates. Chance differences of parameters widen them, the more so
    the smaller the groups and the more parameters are free: `worst` is never negative, and in a
    configural solution of small groups it is large even where all items are alike.

    Signed sum: STDS of Meade, A. W. (2010), Journal of Applied Psychology 95, 728–743,
    doi:10.1037/a0018966.

    Examples
    --------
    >>> found = scale_bias(np.array([[0.2, -0.1, 0.0]]), np.ones((1, 3)))
    >>> [round(float(x[0, 0]), 6) for x in (found.bias, found.low, found.high, found.worst)]
    [0.1, -0.1, 0.2, 0.3]
    """
    # An item of another scale may be NaN: it has no part in this one.
    terms = np.where(weights == 0.0, 0.0, bias[:, None, :] * weights)
    low, high = np.minimum(terms, 0.0).sum(axis=-1), np.maximum(terms, 0.0).sum(axis=-1)
    return ScaleBias(bias=terms.sum(axis=-1), low=low, high=high, worst=high - low)
