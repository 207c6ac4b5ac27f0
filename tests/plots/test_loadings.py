"""The heat map of loadings shows the numbers of the solution."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from digilitt.errors import ResponseError
from digilitt.evidence.structure import efa
from digilitt.plots.draw import plot

mpl.use("agg")

DRAW = np.random.default_rng(1).standard_normal
ANSWERS = pd.DataFrame(
    np.tile(DRAW((200, 2)), 3) + DRAW((200, 6)), columns=["a1", "b1", "a2", "b2", "a3", "b3"]
)
FOUND = efa(ANSWERS, n_factors=2)


@pytest.mark.parametrize("show", ["loadings", "structure"])
def test_numbers_are_those_of_the_solution(show):
    axes = plot(FOUND, show=show).axes[0]
    expected = getattr(FOUND, show)
    np.testing.assert_array_equal(axes.images[0].get_array(), expected)
    assert [text.get_text() for text in axes.texts] == [
        f"{round(v, 2) + 0.0:.2f}" for v in expected.to_numpy().ravel()
    ]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(expected.index)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["F1", "F2"]


def test_items_may_stand_by_factor():
    axes = plot(FOUND, sort=True).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len({name[0] for name in names[:3]}) == 1
    assert sorted(names) == sorted(FOUND.loadings.index)
    first = np.abs(np.asarray(axes.images[0].get_array()))
    assert (first[:3].argmax(axis=1) == 0).all()


def test_an_unknown_matrix_is_an_error():
    with pytest.raises(ResponseError, match="show='phi'"):
        plot(FOUND, show="phi")
