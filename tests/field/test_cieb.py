"""CIEB 2020: 380 university teachers on four campuses, 23 items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digilitt.define.catalogue import instrument
from digilitt.disclosure import Disclosure
from digilitt.interchange.answers import read_responses
from digilitt.reporting.render import report
from digilitt.result import ALL
from digilitt.scoring.description import describe
from digilitt.scoring.scores import Scores, score

CAMPUSES = {
    "UFAL A.C. Simões": 276,
    "UFAL Arapiraca": 65,
    "UFAL CECA": 28,
    "UFAL Sertão": 11,
}
SUBSCALES = {
    "ml1": (4, 5, 3, 6),
    "ml2": (15, 13, 17, 18, 14, 12),
    "ml3": (19, 2, 11, 16, 9, 23, 21),
}


@pytest.fixture(scope="module")
def answers(field_folder: Path) -> Path:
    return field_folder / "cieb_2020" / "responses.csv"


@pytest.fixture(scope="module")
def scores(answers: Path) -> Scores:
    cieb = instrument(Path(__file__).parent / "cieb.toml")
    return score(read_responses(answers, cieb, person="ID", groups=["unidade"]))


def test_everybody_is_scored(scores: Scores) -> None:
    assert scores.responses.people["person"].nunique() == 380
    assert scores.table["estimate"].notna().all()
    assert len(scores.table) == 380 * 4


def test_scores_equal_plain_means(answers: Path, scores: Scores) -> None:
    raw = pd.read_csv(answers)
    wide = scores.wide()
    for scale, items in SUBSCALES.items():
        plain = raw[[f"Item{item}" for item in items]].mean(axis=1)
        np.testing.assert_allclose(wide[f"{scale}_mean_score"], plain, rtol=1e-12)
    pomp = (raw[[f"Item{item}" for item in range(1, 24)]].mean(axis=1) - 1) * 25
    np.testing.assert_allclose(wide["total_pomp"], pomp, rtol=1e-12)


def test_campuses(scores: Scores) -> None:
    table = describe(scores, by="unidade").table
    for scale in (*SUBSCALES, "total"):
        rows = table[table["scale"] == scale].set_index("unidade")["n_scored"]
        assert rows.to_dict() == {**CAMPUSES, ALL: 380}


def test_small_campus_is_withheld_with_what_would_reveal_it(scores: Scores) -> None:
    table = describe(scores, by="unidade").table
    one = table[table["scale"] == "total"]
    hidden = Disclosure(min_n=20).mask(one, by="unidade", counts="n_scored")
    assert set(one.loc[hidden, "unidade"]) == {"UFAL Sertão", "UFAL CECA"}


@pytest.mark.parametrize("language", ["sv", "en"])
def test_report_withholds_it_too(scores: Scores, language: str) -> None:
    made = report(scores, by="unidade", language=language, disclosure=Disclosure(min_n=20))
    means = describe(scores, by="unidade").table
    shown = made.tables["scores"]
    for campus, n in CAMPUSES.items():
        rows = shown[shown["unidade"] == campus]
        assert rows["suppressed"].all() == (n < 30)
        assert rows["mean"].isna().all() == (n < 30)
    assert means["mean"].notna().all()
