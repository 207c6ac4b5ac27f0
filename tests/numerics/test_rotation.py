"""Our own descent against factor_analyzer's, and rotation to targets."""

from __future__ import annotations

import numpy as np
import pytest

from digilitt.errors import EstimationError
from digilitt.numerics.congruence import align
from digilitt.numerics.factoring import CRITERIA, minres, rotate
from digilitt.numerics.rotation import (
    descend,
    factor_correlations,
    random_orthogonal,
    rotate_to_target,
)
from tests.numerics.test_factoring import correlations


@pytest.mark.parametrize("rotation", ["varimax", "oblimin", "geomin"])
def test_two_programs_descend_to_one_place(rotation):
    criterion, oblique, _ = CRITERIA[rotation]
    unrotated = minres(correlations("holzinger"), 3).loadings
    theirs = rotate(unrotated, rotation)
    matrix, converged = descend(unrotated, criterion, np.eye(3), oblique=oblique)
    assert converged
    ours = unrotated @ matrix
    assert np.allclose(align(ours, theirs.loadings).columns(ours), theirs.loadings, atol=1e-3)
    assert criterion(ours)[0] == pytest.approx(theirs.criterion, abs=1e-8)


@pytest.mark.parametrize("oblique", [False, True])
@pytest.mark.parametrize("open_", [False, True])
def test_a_target_that_can_be_reached_is_reached(oblique, open_):
    rng = np.random.default_rng(4)
    aim = np.kron(np.eye(3), np.full((3, 1), 0.7)) + rng.uniform(0.0, 0.1, (9, 3))
    turn = random_orthogonal(3, rng)
    if oblique:
        turn = turn + 0.3 * rng.standard_normal((3, 3))
        turn /= np.sqrt((turn**2).sum(axis=0))
    unrotated = aim @ (turn.T if oblique else turn)
    asked = np.where((aim > 0.5) & open_, np.nan, aim)
    found = rotate_to_target(unrotated, asked, oblique=oblique)
    assert found.converged
    assert found.criterion < 1e-9
    assert np.allclose(found.loadings, aim, atol=1e-3)
    assert np.allclose(np.diag(found.phi), 1.0)


@pytest.mark.parametrize("target", [np.zeros((8, 3)), np.full((9, 3), np.nan)])
def test_a_target_must_fit_and_identify(target):
    with pytest.raises(EstimationError) as caught:
        rotate_to_target(np.ones((9, 3)), target, oblique=True)
    assert [p.code for p in caught.value.problems] == ["bad-target"]


def test_random_turns_are_orthogonal_and_factors_keep_their_length():
    turn = random_orthogonal(4, np.random.default_rng(1))
    assert np.allclose(turn.T @ turn, np.eye(4))
    assert np.allclose(factor_correlations(turn), np.eye(4))
