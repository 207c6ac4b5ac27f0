"""Dimensionality of CIEB 2020: figures that the folder's README prints."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from digilitt.evidence.dimensionality import dimensionality

ITEMS = [f"Item{item}" for item in range(1, 24)]


@pytest.fixture(scope="module")
def teachers(field_folder: Path) -> pd.DataFrame:
    return pd.read_csv(field_folder / "cieb_2020" / "responses.csv")[ITEMS]


def test_kmo_and_bartlett_are_as_published(teachers: pd.DataFrame) -> None:
    table = dimensionality(teachers, n_simulations=1).table.set_index("statistic")
    assert round(table.loc["kmo", "estimate"], 2) == 0.95
    bartlett = table.loc["bartlett_chi2"]
    assert round(bartlett["estimate"], 2) == 4042.93
    assert bartlett["df"] == 253
    assert set(table["n"]) == {380}


@pytest.mark.parametrize("correlation", ["pearson", "polychoric"])
def test_rules_disagree_on_real_answers_and_say_so(
    teachers: pd.DataFrame, correlation: str
) -> None:
    found = dimensionality(teachers, correlation=correlation)  # type: ignore[arg-type]
    suggested = found.table.set_index("statistic")["n_factors"].dropna()
    assert len(suggested) == 5
    # The authors keep three factors; short of parallel_factor, which counts too many.
    assert suggested.drop("parallel_factor").between(1, 4).all()
    assert suggested["parallel_factor"] >= 3
    codes = {caveat.code for caveat in found.caveats}
    assert "rules-disagree" in codes
    assert codes <= {"rules-disagree", "parallel-close"}
