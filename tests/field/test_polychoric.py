"""Polychoric correlations of CIEB 2020, beside those of R on the same file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digilitt.evidence.polychoric import polychoric

# R's figures have four digits.
PUBLISHED = {("Item1", "Item2"): 0.6309, ("Item1", "Item3"): 0.5768, ("Item2", "Item3"): 0.6703}


@pytest.fixture(scope="module")
def items(field_folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(field_folder / "cieb_2020" / "responses.csv")
    return frame[[f"Item{number}" for number in range(1, 24)]]


def test_correlations_are_those_of_r(items: pd.DataFrame) -> None:
    found = polychoric(items)
    for (item, other), expected in PUBLISHED.items():
        assert found.correlation.loc[item, other] == pytest.approx(expected, abs=5e-5)
    assert found.n == 380
    assert found.table["estimate"].between(-1, 1).all()
    assert found.table["std_error"].between(0.01, 0.1).all()
    assert np.linalg.eigvalsh(found.correlation)[0] > 0
