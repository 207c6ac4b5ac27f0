"""A minimum by steps of Newton's kind, damped where the model is not what it is at the minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digilitt.numerics.covariance.model import Floats

MOST_STEPS = 500
# What a step may still gain, relative to the value, when the minimum is reached.
GAIN = 1e-13
# A gain that rounding may hide.
ROUNDING = 1e-11
LARGEST_DAMPING = 1e10


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A function at a place.

    Attributes
    ----------
    value : float
        Infinite where the function has none.
    gradient : ndarray of float64, shape (q,)
    """

    value: float
    gradient: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """Where the search ended.

    Attributes
    ----------
    place : ndarray of float64, shape (q,)
    value, largest_slope : float
    converged : bool
    n_steps : int
    """

    place: Floats
    value: float
    largest_slope: float
    converged: bool
    n_steps: int


def minimise(
    at: Callable[[Floats], Point],
    curvature: Callable[[Floats], Floats],
    start: Floats,
    *,
    lazy: bool = False,
) -> Optimum:
    """Search a minimum by Levenberg and Marquardt's damped steps.

    Parameters
    ----------
    at : callable
        Value and gradient at a place.
    curvature : callable
        A positive semidefinite matrix near the second derivatives.
    start : ndarray of float64, shape (q,)
    lazy : bool
        For curvatures that take long: while one serves well, what each step shows is added to it,
        and no new one is asked for (Broyden, Fletcher, Goldfarb and Shanno's update).

    Notes
    -----
    A step is taken when it lowers the value; otherwise the damping grows, and with it the weight
    of the curvature's diagonal (Marquardt, 1963, doi:10.1137/0111030).
    """
    place, here = start, at(start)
    matrix = curvature(place) if np.isfinite(here.value) else np.eye(len(place))
    damping, fresh, steps = 1e-3, True, 0
    converged = False
    while steps < MOST_STEPS and np.isfinite(here.value):
        steps += 1
        step = _step(matrix, here.gradient, damping)
        gain, scale = -0.5 * float(here.gradient @ step), 1.0 + abs(here.value)
        small = gain <= GAIN * scale
        there = here if small else at(place + step)
        change = here.value - there.value
        if small or not change > 0.0:
            if not fresh:
                matrix, fresh = curvature(place), True
                continue
            # Damped steps are short; the end must hold without damping as well.
            least = GAIN if small else ROUNDING
            if (small and damping <= 1e-6) or _undamped(matrix, here.gradient) <= least * scale:
                converged = True
                break
            damping = damping * 0.01 if small else max(damping, 1e-8) * 10.0
            if damping > LARGEST_DAMPING:
                break
            continue
        turned = there.gradient - here.gradient
        place, here = place + step, there
        good = change > 0.75 * gain
        damping *= 0.1 if good else 1.0
        # Where the curvature is too large, steps are too short, and gain more than foretold.
        fresh = not (lazy and good and change < 1.25 * gain)
        matrix = curvature(place) if fresh else _learned(matrix, step, turned)
    return _optimum(place, here, steps, converged=converged)


def _optimum(place: Floats, here: Point, n_steps: int, *, converged: bool) -> Optimum:
    slope = float(np.abs(here.gradient).max(initial=0.0))
    return Optimum(
        place=place, value=here.value, largest_slope=slope, converged=converged, n_steps=n_steps
    )


def _step(matrix: Floats, gradient: Floats, damping: float) -> Floats:
    """The step down a paraboloid of that curvature, shortened by the damping."""
    diagonal = np.diag(matrix).copy()
    floor = max(float(diagonal.max(initial=0.0)) * 1e-12, 1e-300)
    damped = matrix + np.diag(damping * np.maximum(diagonal, floor))
    try:
        return np.asarray(-np.linalg.solve(damped, gradient))
    except np.linalg.LinAlgError:
        return -gradient / np.maximum(diagonal, floor)


def _learned(matrix: Floats, step: Floats, turned: Floats) -> Floats:
    """A curvature near this one that explains how a step has turned the gradient."""
    foretold, along = matrix @ step, float(step @ turned)
    reach = float(step @ foretold)
    if not (along > 1e-8 * reach > 0.0):
        return matrix
    added = np.outer(turned, turned) / along - np.outer(foretold, foretold) / reach
    return np.asarray(matrix + added)


def _undamped(matrix: Floats, gradient: Floats) -> float:
    """What a whole step would gain."""
    step = np.linalg.lstsq(matrix, gradient, rcond=1e-10)[0]
    return float(0.5 * gradient @ step)
