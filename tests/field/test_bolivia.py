"""Bolivia's ICT survey of 2017: 451 columns, decimal commas, no person ids, 94 localities."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digilitt.define.catalogue import instrument
from digilitt.define.instrument import Instrument
from digilitt.define.mapping import Mapping
from digilitt.disclosure import Disclosure
from digilitt.errors import ResponseError
from digilitt.interchange.answers import read_responses
from digilitt.interchange.guessing import guess_mapping
from digilitt.reporting.render import report
from digilitt.result import ALL
from digilitt.scoring.description import describe
from digilitt.scoring.responses import Responses
from digilitt.scoring.scores import Scores, score

ITEMS = ["P140A", "P140B", "P140C", "P140D"]
SHARES = [0.608414, 0.493191, 0.464535, 0.385388]
VALID = [4778, 4773, 4723, 4681]
DEPARTMENTS = dict(
    zip(
        "123456789",
        "La Paz;Chuquisaca;Cochabamba;Santa Cruz;Oruro;Potosí;Tarija;Beni;Pando".split(";"),
        strict=True,
    )
)
MAPPING = Mapping(
    weight="Ponderador5536",
    groups={"department": "P158", "locality": "P160"},
    values={"department": DEPARTMENTS},
)
# Much slower than this and nobody would wait; it takes a second or two.
SECONDS = 20.0


@pytest.fixture(scope="module")
def answers(field_folder: Path) -> Path:
    return field_folder / "bolivia_tic_2017" / "datos_valores.csv"


@pytest.fixture(scope="module")
def survey() -> Instrument:
    return instrument(Path(__file__).parent / "bolivia.toml")


@pytest.fixture(scope="module")
def read(answers: Path, survey: Instrument) -> Responses:
    return read_responses(answers, survey, mapping=MAPPING)


@pytest.fixture(scope="module")
def scores(read: Responses) -> Scores:
    return score(read)


def test_everything_is_read(read: Responses) -> None:
    assert len(read) == 5536
    assert {caveat.code for caveat in read.caveats} == {"anonymous", "columns-dropped"}
    localities = read.people["locality"].value_counts()
    assert (len(localities), localities.min(), localities.max()) == (94, 4, 422)
    assert (int((localities < 10).sum()), int((localities < 30).sum())) == (8, 53)
    assert {"Potosí", "Huasa Cañada", "San Ramón (Beni)"} <= set(localities.index)
    assert set(read.people["department"]) == set(DEPARTMENTS.values())


def test_weights_have_decimal_commas(answers: Path, read: Responses) -> None:
    plain = pd.read_csv(answers, usecols=["Ponderador5536"], decimal=",")["Ponderador5536"]
    assert plain.dtype == np.float64
    np.testing.assert_array_equal(read.people["weight"], plain)


def test_who_was_not_asked(read: Responses) -> None:
    kinds = read.missing[ITEMS]
    assert (kinds == "not_asked").all(axis=1).sum() == 503
    # Two users of the internet were not asked either, for a reason that the file does not give.
    assert (kinds == "blank").all(axis=1).sum() == 2
    assert (kinds == "missing").sum().tolist() == [253, 258, 308, 350]


def test_shares_of_yes(read: Responses) -> None:
    yes = read.keyed("skills")
    assert yes.notna().sum().tolist() == VALID
    assert yes.mean().round(6).tolist() == SHARES


def test_weighted_mean_count(scores: Scores) -> None:
    count = scores.wide()["skills_sum_score"]
    complete = count.notna()
    assert complete.sum() == 4597
    weights = scores.responses.people["weight"]
    mean = np.average(count[complete], weights=weights[complete])
    assert f"{mean:.7f}" == "2.0309010"


def test_localities(scores: Scores) -> None:
    table = describe(scores, by="locality").table.set_index("locality")
    assert len(table) == 95
    raw = scores.responses.people.assign(count=scores.wide()["skills_sum_score"])
    plain = raw.groupby("locality")["count"].agg(["count", "mean", "std"])
    shown = table.drop(index=ALL)
    assert shown["n_scored"].to_dict() == plain["count"].to_dict()
    np.testing.assert_allclose(shown["mean"], plain.loc[shown.index, "mean"], rtol=1e-12)
    np.testing.assert_allclose(shown["sd"], plain.loc[shown.index, "std"], rtol=1e-12)
    assert table.loc[ALL, ["n_persons", "n_scored"]].tolist() == [5536, 4597]


@pytest.mark.parametrize("min_n", [5, 10, 30])
def test_small_localities_are_withheld(scores: Scores, min_n: int) -> None:
    table = describe(scores, by="locality").table
    counts = ["n_persons", "n_scored"]
    hidden = Disclosure(min_n=min_n).mask(table, by="locality", counts=counts)
    small = ((table[counts] < min_n) & (table[counts] > 0)).any(axis=1)
    assert hidden[small].all()
    assert not hidden[table["locality"] == ALL].any()
    # Withheld without being small: at most as many as it takes to hide the small ones.
    assert (hidden & ~small).sum() <= 2


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("by", ["locality", ["department", "locality"]])
def test_report(scores: Scores, language: str, by: str | list[str]) -> None:
    start = time.perf_counter()
    made = report(scores, by=by, language=language, disclosure=Disclosure(min_n=30))
    page = made.html()
    assert time.perf_counter() - start < SECONDS
    shown = made.tables["scores"]
    assert not (shown["n_scored"] < 30).any()
    assert shown.loc[shown["suppressed"], "sd"].isna().all()
    assert shown.loc[shown["n_scored"].isna(), "mean"].isna().all()
    assert shown["n_scored"].isna().sum() >= 60  # 53 localities have fewer than 30 people
    assert "Santa Cruz" in page
    assert "Huasa Cañada" in page


def test_the_number_of_the_form_is_no_person(answers: Path, survey: Instrument) -> None:
    with pytest.raises(ResponseError) as caught:
        read_responses(answers, survey, person="NUMBOL")
    problems = caught.value.problems
    assert {problem.code for problem in problems} == {"person-twice"}
    assert len(problems) == 384
    assert problems[0].row == "2"


def test_a_weight_of_some_only(answers: Path, survey: Instrument) -> None:
    with pytest.raises(ResponseError) as caught:
        read_responses(answers, survey, weight="Ponderador5033")
    problems = caught.value.problems
    assert {(problem.code, problem.column) for problem in problems} == {
        ("weight", "Ponderador5033")
    }
    raw = pd.read_csv(answers, dtype=str)
    blank = raw.index[raw["Ponderador5033"].isna()] + 2
    assert [problem.row for problem in problems] == blank.astype(str).tolist()


def test_the_mapping_is_guessed(answers: Path, survey: Instrument) -> None:
    guess = guess_mapping(answers, survey)
    assert set(guess.columns.values()) >= {"Tipo", *ITEMS}
