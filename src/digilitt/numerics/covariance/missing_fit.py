"""Robust indices of fit where answers are missing: statistic and factor of Zhang and Savalei.

Missing answers make the likelihood blind to some misfit, so that indices computed from its chi2
flatter the model. What the indices would be with complete answers is estimated from a statistic
of complete data, applied to the saturated moments, and its mean if the model holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digilitt.numerics.covariance.directions import continuous_jacobian
from digilitt.numerics.covariance.maximum_likelihood import Likelihood, Sample
from digilitt.numerics.covariance.model import Floats, Model, matrices, pseudo_inverse
from digilitt.numerics.covariance.saturated import independence_free, moments_model
from digilitt.numerics.covariance.saturated_information import (
    complete_information,
    determined,
    saturated_information,
    saturated_products,
)

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """What a group says about its means and covariances, times its share of all persons.

    Attributes
    ----------
    missing : ndarray of float64, shape (s, s)
        W_m: observed information of a person about the saturated moments, means first.
    complete : ndarray of float64, shape (s, s)
        W_c: what it were if every answer was there.
    products : ndarray of float64, shape (s, s), or None
        J_m: mean outer product of scores; None where answers are taken to be normal.
    """

    missing: Floats
    complete: Floats
    products: Floats | None


def information_of(sample: Sample, *, nonnormal: bool) -> tuple[Information, ...]:
    """Information of each group, the same for every model of a sample.

    Parameters
    ----------
    nonnormal : bool
        Whether the factor is to allow for answers that are not normal, as goes with robust
        errors; without, it allows for missing answers only.
    """
    found = []
    for group, mean, covariance in zip(sample.groups, sample.mean, sample.covariance, strict=True):
        share = group.size / sample.n
        products = share * saturated_products(group, mean, covariance) if nonnormal else None
        found.append(
            Information(
                missing=share * saturated_information(group, mean, covariance),
                complete=share * complete_information(covariance),
                products=products,
            )
        )
    return tuple(found)


def robust_test(
    found: Likelihood, sample: Sample, information: tuple[Information, ...]
) -> tuple[float, float]:
    """Statistic X and factor c of a model: robust indices use ``X - c df``.

    Parameters
    ----------
    found : Likelihood
        Of a model with means.
    sample : Sample
    information : tuple of Information
        From `information_of`.

    Returns
    -------
    x, factor : float
        NaN without degrees of freedom, or if the covariances that the model implies are not
        positive definite, as they may be where nobody answered everything; the factor
        also where nobody answered two of the items, so that their covariance is not determined.

    Notes
    -----
    With M the saturated moments' error covariance less that of the moments under the model,
    ``M = W_m⁻¹ - Δ (Δ' W_m Δ)⁻¹ Δ'``: ``c = tr(W_c M)/df`` for normal answers, and
    ``c = tr(W_c M J_m M)/df`` otherwise (Zhang and Savalei, 2023, doi:10.1037/met0000445, their
    versions 6 and 3 of FIML-C).
    """
    model = found.model
    df = model.n_moments - model.n_parameters
    return _test(model, found.free, sample, information, df)


def robust_baseline(sample: Sample, information: tuple[Information, ...]) -> tuple[float, float]:
    """The same for the model in which items of each group have nothing in common."""
    p, n_groups = len(sample.mean[0]), len(sample.groups)
    model = moments_model(p, n_groups, means=True, covariances=False)
    free = independence_free(sample.groups, means=True)
    return _test(model, free, sample, information, n_groups * p * (p - 1) // 2)


def _test(
    model: Model, free: Floats, sample: Sample, information: tuple[Information, ...], df: int
) -> tuple[float, float]:
    if df <= 0:
        return NAN, NAN
    try:
        x = _complete_chi2(model, free, sample)
    except np.linalg.LinAlgError:
        return NAN, NAN
    if not all(determined(own.missing) for own in information):
        return x, NAN
    return x, _trace(model, free, information) / df


def _trace(model: Model, free: Floats, information: tuple[Information, ...]) -> float:
    """``tr(W_c M)`` or ``tr(W_c M J_m M)``; only the model's part of M joins the groups."""
    q = model.n_parameters
    bread, middle, both = np.zeros((q, q)), np.zeros((q, q)), np.zeros((q, q))
    products, whole = np.zeros((q, q)), 0.0
    for number, own in enumerate(information):
        jacobian = continuous_jacobian(model, number, free) @ model.basis
        bread += jacobian.T @ own.missing @ jacobian
        middle += jacobian.T @ own.complete @ jacobian
        relative = np.linalg.solve(own.missing, own.complete)
        if own.products is None:
            whole += float(np.trace(relative))
            continue
        half = np.linalg.solve(own.missing, own.products)
        whole += float(np.sum(relative * half.T))
        both += jacobian.T @ own.complete @ half @ jacobian
        products += jacobian.T @ own.products @ jacobian
    inverse = pseudo_inverse(bread)
    moved = middle @ inverse
    if information[0].products is None:
        return whole - float(np.trace(moved))
    return whole - 2.0 * float(np.sum(both * inverse)) + float(np.trace(moved @ products @ inverse))


def _complete_chi2(model: Model, free: Floats, sample: Sample) -> float:
    """chi2 of complete data, were the saturated moments those of complete answers."""
    total = 0.0
    for number, group in enumerate(sample.groups):
        found = matrices(model, number, free)
        root = np.linalg.cholesky(found.sigma)
        white = np.linalg.solve(root, np.linalg.solve(root, sample.covariance[number]).T)
        apart = np.linalg.solve(root, sample.mean[number] - found.mu)
        logarithms = np.linalg.slogdet(white)[1]
        value = float(np.trace(white)) - len(apart) - logarithms + float(apart @ apart)
        total += group.size * value
    return total
