"""Factor models of CIEB 2020, 23 items of which the published models have 17.

The figures of maximum likelihood were published with the data, from models that have intercepts,
as "fiml" has; those for items in categories and for two campuses are from lavaan 0.6-14.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd
import pytest

from digilitt.define.catalogue import instrument
from digilitt.errors import ResponseError
from digilitt.evidence.cfa import cfa
from digilitt.evidence.invariance import invariance
from digilitt.interchange.answers import read_responses

FACTORS = {
    "ml2": (15, 13, 17, 18, 14, 12),
    "ml1": (4, 5, 3, 6),
    "ml3": (19, 2, 11, 16, 9, 23, 21),
}
MODEL = "\n".join(
    f"{factor} =~ {' + '.join(f'Item{item}' for item in items)}"
    for factor, items in FACTORS.items()
)
LOADINGS = (
    *(0.725, 0.745, 0.689, 0.674, 0.539, 0.465),
    *(0.803, 0.769, 0.734, 0.701),
    *(0.673, 0.726, 0.722, 0.464, 0.675, 0.597, 0.557),
)
CAMPUSES = ("UFAL A.C. Simões", "UFAL Arapiraca")


@pytest.fixture(scope="module")
def teachers(field_folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(field_folder / "cieb_2020" / "responses.csv")
    items = [f"Item{item}" for items in FACTORS.values() for item in items]
    return frame[[*items, "unidade"]]


def shown(fit: pd.Series, digits: int, *names: str) -> list[float]:
    return [round(float(fit[name]), digits) for name in names]


def test_maximum_likelihood(teachers: pd.DataFrame) -> None:
    found = cfa(teachers, MODEL, estimator="ml", missing="fiml")
    assert found.fit["df"] == 116
    assert shown(found.fit, 3, "chi2", "loglik") == [362.546, -8266.895]
    assert shown(found.fit, 3, "aic", "bic") == [16641.789, 16854.559]
    assert shown(found.fit, 3, "cfi", "tli", "srmr") == [0.906, 0.890, 0.051]
    assert shown(found.fit, 3, "rmsea", "rmsea_low", "rmsea_high") == [0.075, 0.066, 0.084]
    loadings = found.loadings.sum(axis=1).to_numpy()
    assert loadings == pytest.approx(LOADINGS, abs=1e-3)
    phi = found.factor_correlations
    pairs = [("ml2", "ml1"), ("ml1", "ml3"), ("ml2", "ml3")]
    assert [round(float(phi.loc[pair]), 3) for pair in pairs] == [0.688, 0.793, 0.782]


def test_without_intercepts_the_fit_is_the_same(teachers: pd.DataFrame) -> None:
    fit = cfa(teachers, MODEL, estimator="ml").fit
    assert shown(fit, 3, "chi2", "df", "aic") == [362.546, 116, 16641.789 - 2 * 17]


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
def test_robust_maximum_likelihood(teachers: pd.DataFrame, missing: Literal["listwise"]) -> None:
    fit = cfa(teachers, MODEL, estimator="mlr", missing=missing).fit
    assert shown(fit, 3, "chi2_scaled", "scaling_factor") == [326.862, 1.109]
    assert shown(fit, 3, "cfi_robust", "tli_robust", "rmsea_robust") == [0.910, 0.895, 0.073]
    assert shown(fit, 3, "cfi_scaled", "tli_scaled") == [0.908, 0.892]


def test_a_factor_behind_three_fits_as_their_correlations(teachers: pd.DataFrame) -> None:
    fit = cfa(teachers, f"{MODEL}\nall =~ ml2 + ml1 + ml3", estimator="mlr").fit
    assert shown(fit, 3, "chi2", "df", "chi2_scaled") == [362.546, 116, 326.862]


def test_bifactor(teachers: pd.DataFrame) -> None:
    items = [name for name in teachers if name != "unidade"]
    model = f"{MODEL}\nall =~ {' + '.join(items)}"
    found = cfa(teachers, model, estimator="mlr", missing="fiml", orthogonal=True)
    # In the third digit of the scaled chi2 one sees where lavaan's search ended.
    assert shown(found.fit, 2, "chi2", "df", "chi2_scaled") == [297.26, 102, 275.32]
    assert shown(found.fit, 3, "n_parameters", "loglik") == [68, -8234.252]
    assert shown(found.fit, 2, "aic", "bic") == [16604.50, 16872.44]
    # The robust index of "fiml" allows for missing answers even where there are none, as lavaan's.
    listwise = cfa(teachers, model, estimator="mlr", orthogonal=True)
    assert shown(listwise.fit, 3, "cfi_robust") == [0.928]


def test_factors_that_do_not_correlate(teachers: pd.DataFrame) -> None:
    found = cfa(teachers, MODEL, estimator="mlr", missing="fiml", orthogonal=True)
    assert shown(found.fit, 3, "chi2", "df", "chi2_scaled") == [813.081, 119, 730.882]
    assert shown(found.fit, 3, "rmsea", "rmsea_low", "rmsea_high") == [0.124, 0.116, 0.132]


def test_items_in_categories(teachers: pd.DataFrame) -> None:
    found = cfa(teachers, MODEL)
    assert shown(found.fit, 3, "chi2", "chi2_scaled") == [274.329, 406.974]
    assert shown(found.fit, 3, "cfi", "rmsea", "srmr") == [0.989, 0.060, 0.059]
    assert shown(found.fit, 3, "cfi_scaled", "rmsea_scaled") == [0.950, 0.081]


def test_scales_of_the_instrument_are_the_model(field_folder: Path) -> None:
    cieb = instrument(Path(__file__).parent / "cieb.toml")
    answers = field_folder / "cieb_2020" / "responses.csv"
    people = read_responses(answers, cieb, person="ID", groups=["unidade"])
    found = cfa(people, MODEL, estimator="ml")
    assert shown(found.fit, 3, "chi2") == [362.546]


def test_two_campuses(teachers: pd.DataFrame) -> None:
    two = teachers[teachers["unidade"].isin(CAMPUSES)]
    table = invariance(two, by="unidade", model=MODEL, estimator="ml").table.set_index("model")
    assert table.loc[["configural", "metric", "scalar"], "df"].tolist() == [232, 246, 260]
    chi2 = table.loc[["configural", "metric", "scalar"], "chi2"]
    assert chi2.round(3).tolist() == [528.250, 541.369, 545.713]


def test_small_campuses_are_told(teachers: pd.DataFrame) -> None:
    three = teachers[teachers["unidade"] != "UFAL Sertão"]
    found = invariance(three, by="unidade", model=MODEL, estimator="ml")
    (told,) = [caveat for caveat in found.caveats if caveat.code == "small-groups"]
    assert "UFAL CECA (28), UFAL Arapiraca (65)" in told.message


def test_a_campus_of_eleven_is_too_small_for_17_items(teachers: pd.DataFrame) -> None:
    with pytest.raises(ResponseError, match="'UFAL Sertão' has 11 persons left for 17 items"):
        invariance(teachers, by="unidade", model=MODEL, estimator="ml")
