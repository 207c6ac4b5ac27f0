"""Weights of factor scores against psych, and the laws that each method keeps."""

from __future__ import annotations

import numpy as np
import pytest

from digilitt.errors import EstimationError
from digilitt.numerics.congruence import tucker
from digilitt.numerics.factor_fit import residual_correlations
from digilitt.numerics.factor_scores import determinacy, score_weights
from tests.numerics.test_factoring import SETS, correlations
from tests.reference.cases import load_case

CASE = load_case("efa")
METHODS = {"regression": "Thurstone", "bartlett": "Bartlett", "ten-berge": "tenBerge"}


@pytest.mark.parametrize("name", SETS)
def test_steps_from_one_solution_are_those_of_psych(name):
    told, r = CASE.expected[name]["efa_steps"], correlations(name)
    loadings, phi = np.array(told["loadings"]), np.array(told["phi"])
    for ours, theirs in METHODS.items():
        CASE.check("step", score_weights(r, loadings, phi, ours), told["weights"][theirs])
    CASE.check("step", determinacy(r, loadings, phi), told["determinacy"])
    CASE.check("step", residual_correlations(r, loadings, phi), told["residuals"])
    CASE.check("step", np.diag(phi @ loadings.T @ loadings), told["variance"])
    CASE.check("step", tucker(loadings, np.array(told["other"])), told["congruence"])


@pytest.mark.parametrize("name", SETS)
def test_laws(name):
    told, r = CASE.expected[name]["efa_steps"], correlations(name)
    loadings, phi = np.array(told["loadings"]), np.array(told["phi"])
    keeping = score_weights(r, loadings, phi, "ten-berge")
    assert np.allclose(keeping.T @ r @ keeping, phi)
    unbiased = score_weights(r, loadings, phi, "bartlett")
    assert np.allclose(unbiased.T @ loadings, np.eye(len(phi)))
    nearest = score_weights(r, loadings, phi, "regression")
    assert np.allclose(np.diag(nearest.T @ r @ nearest), determinacy(r, loadings, phi))


def test_singular_matrices_are_told():
    one = np.array([[1.0], [0.7], [0.6]])
    r = one @ one.T
    np.fill_diagonal(r, 1.0)
    with pytest.raises(EstimationError, match="Heywood"):
        score_weights(r, one, np.eye(1), "bartlett")
    with pytest.raises(EstimationError, match="singular"):
        score_weights(np.ones((3, 3)), one, np.eye(1), "regression")
    assert np.isnan(determinacy(np.ones((3, 3)), one, np.eye(1))).all()
