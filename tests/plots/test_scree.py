"""The scree plot shows what the result of dimensionality holds."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from digilitt.errors import ResponseError
from digilitt.evidence.dimensionality import dimensionality
from digilitt.plots.draw import plot
from tests.reference.cases import dataset

mpl.use("agg")

ITEMS = dataset("science")
RESULT = dimensionality(ITEMS, n_simulations=20, rng=1)


def test_lines_are_the_eigenvalues() -> None:
    figure = plot(RESULT)
    assert len(figure.axes) == 2
    for axes, kind in zip(figure.axes, ("component", "factor"), strict=True):
        values = RESULT.eigenvalues[RESULT.eigenvalues["kind"] == kind]
        lines = {line.get_label(): line.get_ydata() for line in axes.lines}
        np.testing.assert_array_equal(lines["observed"], values["observed"])
        np.testing.assert_array_equal(lines["simulated, percentile 95"], values["reference"])
        assert ("empirical Kaiser criterion" in lines) == (kind == "component")
        assert axes.get_ylabel()
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["Components: 1 by parallel analysis", "Factors: 2 by parallel analysis"]


def test_one_of_the_two() -> None:
    (axes,) = plot(dimensionality(ITEMS, percentile="mean"), show="factor").axes
    assert axes.get_title().startswith("Factors")
    assert "simulated, mean" in [line.get_label() for line in axes.lines]
    with pytest.raises(ResponseError, match="expected 'component' or 'factor'"):
        plot(RESULT, show="scree")


def test_nothing_to_show_is_said() -> None:
    figure = plot(dimensionality(ITEMS.assign(same=1.0)))
    for axes in figure.axes:
        assert [text.get_text() for text in axes.texts] == ["not computable"]
        assert "no number" in axes.get_title()
        assert axes.get_legend() is None


def test_many_items_leave_room_for_their_numbers() -> None:
    (axes,) = plot(dimensionality(dataset("bfi"), n_simulations=2), show="component").axes
    assert list(axes.get_xticks()) == [1, 5, 10, 15, 20, 25]
