"""Arrays of tests/reference/fit_indices, and models made of random numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from digilitt.numerics.fit_indices import ChiSquare
from tests.reference.cases import load_case

CASE = load_case("fit_indices")
ORDINAL = [("science", "wlsmv"), ("science", "ulsmv"), ("bfi", "wlsmv"), ("bfi", "two")]


def symmetric(half):
    """The matrix whose lower triangle this is, column by column."""
    size = int((np.sqrt(8 * len(half) + 1) - 1) / 2)
    found = np.zeros((size, size))
    column, row = np.triu_indices(size)
    found[row, column] = found[column, row] = half
    return found


def arrays(told):
    """Jacobians, weights, gammas and fractions, in the order in which functions take them."""
    n = np.array(told["n"], dtype=float)
    return (
        [np.array(delta) for delta in told["delta"]],
        [np.array(weight) for weight in told["weights"]],
        [symmetric(gamma) for gamma in told["gamma"]],
        n / n.sum(),
    )


def statistics(fit, robust=None):
    """A model's chi2 and its baseline's, of the kind that lavaan's figures say."""
    scaled = fit.get("chisq.scaling.factor")
    found = []
    for start, end in (("", ""), ("baseline.", "_baseline")):
        chi2, df = fit[f"{start}chisq"], fit[f"{start or ''}df"]
        one = ChiSquare(chi2=chi2, df=df)
        if scaled is not None:
            factor = fit[f"{start}chisq.scaling.factor"]
            shift = fit[f"{start}chisq.scaled"] - chi2 / factor
            # Yuan and Bentler's has no shift but what rounding leaves.
            kind = "shifted" if abs(shift) > 1e-9 * chi2 else "mean"
            one = replace(
                one, scaling_factor=factor, kind=kind, shift=shift if kind == "shifted" else 0.0
            )
            one = replace(one, robust_chi2=chi2, robust_factor=factor)
        if robust is not None:
            one = replace(
                one, robust_chi2=robust[f"chi2{end}"], robust_factor=robust[f"factor{end}"]
            )
        found.append(one)
    return tuple(found)


def positive(rng, size):
    """A positive definite matrix, not far from diagonal."""
    root = 0.3 * rng.standard_normal((size, size)) / np.sqrt(size) + np.eye(size)
    return root @ root.T


def made_up(seed, sizes=(9, 7), n_parameters=5, *, diagonal=True):
    """Jacobians, weights, gammas, fractions of groups of random numbers."""
    rng = np.random.default_rng(seed)
    fractions = rng.uniform(0.2, 1.0, len(sizes))
    return (
        [rng.standard_normal((size, n_parameters)) for size in sizes],
        [rng.uniform(0.5, 2.0, size) if diagonal else positive(rng, size) for size in sizes],
        [positive(rng, size) for size in sizes],
        fractions / fractions.sum(),
    )


def dense(blocks):
    """Matrices side by side on a diagonal; a vector is the diagonal of one."""
    blocks = [np.diag(block) if block.ndim == 1 else block for block in blocks]
    size = sum(len(block) for block in blocks)
    found, start = np.zeros((size, size)), 0
    for block in blocks:
        found[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    return found


def stacked(jacobians, weights, gammas, fractions):
    """Δ, W and Γ of all groups in one matrix each, as the definitions have them."""
    return (
        np.vstack(jacobians),
        dense(
            [
                f * np.diag(w) if w.ndim == 1 else f * w
                for w, f in zip(weights, fractions, strict=True)
            ]
        ),
        dense([gamma / f for gamma, f in zip(gammas, fractions, strict=True)]),
    )
