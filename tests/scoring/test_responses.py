"""Responses: what a data frame of answers becomes, and everything that is refused on the way."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping as AnyMapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.catalogue import instrument
from digilitt.define.mapping import Mapping
from digilitt.errors import DigilittError, Problem, ResponseError
from digilitt.scoring.columns import Roles
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.intake import Cells, take_in
from digilitt.scoring.responses import Responses, assemble, responses
from digilitt.scoring.scores import score
from tests.strategies import AGREE5, QUIZ, small

NAN = math.nan
GATE = {"item": "g", "any_of": [1], "otherwise": "not_applicable"}
YES_NO = {"kind": "binary", "options": [{"code": 0, "sv": "Nej", "en": "No"}]}
YES_NO["options"] = [*YES_NO["options"], {"code": 1, "sv": "Ja", "en": "Yes"}]
MADE = small(
    {
        "a1": "agree",
        "a2": "agree",
        "g": "yesno",
        "a3": {"format": "agree", "asked_if": GATE},
        "k": {"format": "quiz", "key": [1, 3]},
    },
    {"id": "attitude", "items": ["a1", "-a2", "a3"], "metric": "mean", "min_answered": 0.5},
    {"id": "quiz", "items": ["k"], "metric": "mean"},
    formats={"agree": AGREE5, "quiz": QUIZ, "yesno": YES_NO},
)
ANSWERS: dict[str, list[Any]] = {
    "id": ["p1", "p2", "p3"],
    "town": ["Hörby", "Lund", "Hörby"],
    "a1": ["Agree", "5 - Strongly agree", 99],
    "a2": ["Instämmer inte alls", 2, None],
    "g": [True, "Nej", None],
    "a3": [4, None, 77],
    "k": ["A;C", "Vet inte", ""],
}


def answers(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({**ANSWERS, **columns}, dtype=object)


def read(frame: pd.DataFrame, **options: Any) -> Responses:
    return responses(frame, MADE, **{"person": "id", "groups": ["town"], **options})


def problems(frame: pd.DataFrame, **options: Any) -> list[Problem]:
    with pytest.raises(ResponseError) as caught:
        read(frame, **options)
    return list(caught.value.problems)


def places(frame: pd.DataFrame, **options: Any) -> list[tuple[str, str, str]]:
    return [(p.code, p.row, p.column) for p in problems(frame, **options)]


def test_labels_codes_ticks_and_gates() -> None:
    resp = read(answers())
    np.testing.assert_array_equal(
        resp.codes.to_numpy(),
        [
            [4, 1, 1, 4, 1, 0, 1],
            [5, 2, 0, NAN, 98, 98, 98],
            [99, NAN, NAN, 77, NAN, NAN, NAN],
        ],
    )
    assert resp.codes.columns.tolist() == ["a1", "a2", "g", "a3", "k:1", "k:2", "k:3"]
    assert resp.people.to_dict("list") == {"person": ["p1", "p2", "p3"], "town": ANSWERS["town"]}
    assert (resp.groups, len(resp), resp.caveats) == (("town",), 3, ())
    assert resp.instrument is MADE


def test_kinds_of_missing() -> None:
    missing = read(answers()).missing
    assert missing["a1"].tolist() == ["", "", "missing"]
    assert missing["a2"].tolist() == ["", "", "blank"]
    assert missing["a3"].tolist() == ["", "not_asked", "not_applicable"]
    assert missing["k:2"].tolist() == ["", "wrong", "blank"]
    items = read(answers()).items
    np.testing.assert_array_equal(items["a1"], [4, 5, NAN])
    np.testing.assert_array_equal(items["k:2"], [0, NAN, NAN])


def test_keyed() -> None:
    resp = read(answers())
    keyed = resp.keyed("attitude")
    np.testing.assert_array_equal(keyed, [[4, 5, 4], [5, 4, NAN], [NAN, NAN, NAN]])
    assert resp.keyed().columns.tolist() == ["a1", "a2", "a3", "k"]
    # "Vet inte" counts as wrong; a blank does not.
    np.testing.assert_array_equal(resp.keyed("quiz")["k"], [1, 0, NAN])
    with pytest.raises(ResponseError, match="no scale 'quizz'; the scales are attitude, quiz"):
        resp.keyed("quizz")


def test_keys_that_differ_between_scales() -> None:
    made = small(
        {"a1": "agree", "a2": "agree"},
        {"id": "one", "items": ["a1"], "metric": "mean"},
        {"id": "two", "items": ["-a1", "a2"], "metric": "mean"},
        {"id": "both", "scales": ["one", "two"], "combine": "scale_means", "metric": "mean"},
    )
    resp = responses(pd.DataFrame({"a1": [4], "a2": [1]}), made)
    assert resp.keyed("two").to_numpy().tolist() == [[2.0, 1.0]]
    for scale in (None, "both"):
        with pytest.raises(ResponseError, match="'a1' is keyed differently"):
            resp.keyed(scale)


@pytest.mark.pandas2
@pytest.mark.parametrize("dtype", ["float64", "Int64", "Float64", object])
def test_types_of_the_frame_do_not_matter(dtype: Any) -> None:
    codes = pd.DataFrame({"a1": [4, 5, None], "a2": [None, 2, 99], "g": [1, 0, None]}).astype(dtype)
    frame = codes.assign(a3=None, k=pd.NA, id=[1, 2, 3])
    resp = responses(frame, MADE, person="id")
    np.testing.assert_array_equal(
        resp.codes[["a1", "a2", "g"]], [[4, NAN, 1], [5, 2, 0], [NAN, 99, NAN]]
    )
    assert resp.codes.drop(columns=["a1", "a2", "g"]).isna().all(axis=None)
    assert resp.people["person"].tolist() == ["1", "2", "3"]


def test_anonymous_occasions() -> None:
    resp = responses(answers(), MADE)
    assert resp.people.columns.tolist() == []
    assert len(resp) == 3
    dropped, anonymous = resp.caveats
    assert anonymous.code == "anonymous"
    assert "2 columns that nobody named left out: 'id', 'town'" in dropped.message
    assert "3 rows" in repr(resp)


def test_display_is_escaped() -> None:
    resp = responses(answers(**{"<b>": [1, 2, 3]}), MADE, person="id", groups=["town"])
    assert repr(resp).startswith("responses · small@1.0 · 3 rows, 3 persons, groups: town\n! ")
    assert "<b>" not in resp._repr_html_()


def test_all_problems_at_once_each_with_its_place() -> None:
    frame = answers(
        a1=["Agre", 6, 4.5], g=["Nej", 1, 2], id=["p1", "p1", None], k=["A;X", None, True]
    ).set_axis(["r1", "r2", "r3"], axis=0)
    assert places(frame) == [
        ("invalid-answer", "r1", "a1"),
        ("invalid-answer", "r2", "a1"),
        ("invalid-answer", "r3", "a1"),
        ("invalid-answer", "r3", "g"),
        ("invalid-answer", "r1", "k"),
        ("invalid-answer", "r3", "k"),
        ("answered-though-not-asked", "r1", "a3"),
        ("no-person", "r3", "id"),
        ("person-twice", "r1", ""),
    ]


def test_answers_that_do_not_fit_are_counted_as_missing_where_wanted() -> None:
    frame = answers(a1=["Agre", 6, 4], g=["Nej", 1, None])
    resp = read(frame, on_problem="missing")
    np.testing.assert_array_equal(resp.codes["a1"], [NAN, NAN, 4])
    told = {(c.code, c.where): c.message for c in resp.caveats}
    assert told == {
        ("invalid-answer", "a1"): "2 answers taken as missing.",
        ("answered-though-not-asked", "a3"): (
            "1 answer set aside, because a gate says the item was not asked."
        ),
    }
    assert resp.missing["a3"].tolist() == ["not_asked", "blank", "not_applicable"]
    # p1: only a2 (6 - 1); a3 was not asked, so one of two is half. p2: only a2 (6 - 2) of three.
    estimates = score(resp).table.set_index(["person", "scale"])["estimate"]
    assert estimates["p1", "attitude"] == 5.0
    assert math.isnan(estimates["p2", "attitude"])


def test_people_and_columns_are_not_passed_over() -> None:
    frame = answers(id=["p1", "p1", "p3"])
    assert places(frame, on_problem="missing") == [("person-twice", "0", "")]
    assert places(frame.drop(columns="a2"), on_problem="missing") == [
        ("missing-column", "", "a2"),
        ("person-twice", "0", ""),
    ]


def test_summary_rows_are_left_out_where_wanted() -> None:
    frame = pd.concat([answers(), pd.DataFrame({"id": ["Medel"], "a1": [4.5]})], ignore_index=True)
    assert places(frame) == [("summary-row", "3", "")]
    resp = read(frame, on_problem="missing")
    assert len(resp) == 3
    assert [c.message for c in resp.caveats] == ["1 row left out."]


def test_the_same_person_may_stand_in_several_waves() -> None:
    frame = answers(id=["p1", "p1", "p2"], when=[2018.0, 2019.0, 2019.0], coach=["x", "x", "y"])
    resp = read(frame, wave="when")
    assert resp.people["wave"].tolist() == ["2018", "2019", "2019"]
    twice = answers(id=["p1", "p1", "p1"], when=[2018, 2018, None], coach=["x", "y", "x"])
    (told,) = problems(twice, wave="when")
    assert str(told) == (
        "row 0: the same person and wave stands in row 1 too; each may stand once."
    )
    assert len(read(twice, wave="when", rater="coach")) == 3


def test_personal_numbers_never_show() -> None:
    numbers = ["19811228-9874", "x", "y"]
    for frame in (answers(id=numbers), answers(a1=numbers), answers(k=numbers)):
        assert not any("9874" in str(problem) for problem in problems(frame))
    assert places(answers(id=numbers)) == [("personal-number", "", "id")]
    assert places(answers(town=numbers)) == [("personal-number", "", "town")]
    # Row labels too: rows are then numbered from 1.
    assert places(answers(a1=[1, 2, 9]).set_axis(numbers)) == [("invalid-answer", "number 3", "a1")]


@pytest.mark.parametrize(
    "name",
    ["scale", "metric", "estimate", "std_error", "n_answered", "n_missing", "band", "wave"],
)
def test_groups_may_not_be_called_as_columns_of_results(name: str) -> None:
    with pytest.raises(ResponseError, match=f"a group may not be called '{name}'"):
        read(answers(**{name: ["x", "y", "z"]}), groups=[name])


def test_groups_may_not_be_called_as_scores() -> None:
    frame = answers(quiz_mean_score=[1, 2, 3])
    assert places(frame, groups=["quiz_mean_score"]) == [("name-clash", "", "quiz_mean_score")]


def test_groups_are_named_by_the_mapping_or_the_call() -> None:
    mapping = Mapping(person="id", groups={"municipality": "town"})
    resp = responses(answers(), MADE, mapping=mapping)
    assert resp.groups == ("municipality",)
    assert responses(answers(), MADE, groups="town").groups == ("town",)
    # A header is the group that the mapping makes of it.
    assert responses(answers(), MADE, mapping=mapping, groups=["town"]).groups == ("municipality",)
    renamed = answers().rename(columns={"id": 0})
    assert responses(renamed, MADE, person=0).people["person"].tolist() == ["p1", "p2", "p3"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ({"a1": [1]}, "found a dict; expected a pandas data frame"),
        (pd.DataFrame([[1, 2]], columns=["a1", "a1"]), "The columns a1 stand more than once"),
        (pd.DataFrame([[1, 2]], columns=["0", 0]), "The columns 0 stand more than once"),
        (answers().head(0), "there are no answers in the table"),
    ],
)
def test_frames_that_are_none(frame: Any, told: str) -> None:
    with pytest.raises(ResponseError, match=told):
        responses(frame, MADE)


def test_unknown_options_list_the_known() -> None:
    with pytest.raises(
        ResponseError, match="on_problem='drop' is unknown; use 'error' or 'missing'"
    ):
        read(answers(), on_problem="drop")


def draft_of(columns: AnyMapping[str, list[Any]], file: str, wave: str) -> Any:
    frame = pd.DataFrame(columns, dtype=object)
    rows = [str(k) for k in range(2, len(frame) + 2)]
    cells = Cells(frame=frame, rows=rows, file=file, fixed={"wave": wave})
    return take_in(cells, PLAN, Mapping(), ROLES)


PLAN = compile_plan(small({"a1": "agree"}, {"id": "s", "items": ["a1"], "metric": "mean"}))
ROLES = Roles(person="id", groups={})


def test_several_files() -> None:
    drafts = [
        draft_of({"id": ["0114", "2"], "a1": [1, 2]}, "fore.xlsx", "2018"),
        draft_of({"id": ["0114", "3"], "a1": [3, 4]}, "efter.xlsx", "2019"),
    ]
    resp = assemble(drafts, PLAN, ROLES, "error", ["fore.xlsx", "efter.xlsx"])
    assert resp.people.to_dict("list") == {
        "person": ["0114", "2", "0114", "3"],
        "wave": ["2018", "2018", "2019", "2019"],
    }
    assert resp.provenance.source == ("fore.xlsx", "efter.xlsx")


def test_problems_across_files() -> None:
    drafts = [
        draft_of({"id": ["0114", "2"], "a1": [1, 2]}, "fore.xlsx", "2018"),
        draft_of({"id": ["114", "2"], "a1": [3, 4]}, "efter.xlsx", "2018"),
    ]
    with pytest.raises(ResponseError) as caught:
        assemble(drafts, PLAN, ROLES, "error", [])
    # Without this the two waves of one person would not be linked, and nobody would know.
    twice, mixed = caught.value.problems
    assert (twice.code, twice.file, twice.row) == ("person-twice", "fore.xlsx", "3")
    assert "stands in row 3 of efter.xlsx too" in twice.message
    assert (mixed.code, mixed.column) == ("mixed-code", "person")
    assert "'0114' and '114'" in mixed.message
    assert "under [values.person] in a mapping" in mixed.message


def test_the_sus_from_a_form_in_swedish() -> None:
    sus = instrument("sus")
    labels = {option.code: option.label.to("sv") for option in sus.formats["agree5"].options}
    frame = pd.DataFrame(
        {f"Påstående [{item.text.to('sv')}]": [labels[5], labels[1], ""] for item in sus.items}
    )
    table = score(responses(frame, sus)).table
    np.testing.assert_array_equal(table["estimate"], [50.0, 50.0, NAN])


CELLS = st.one_of(
    st.text(),
    st.integers(0, 100),
    st.integers(),
    st.floats(),
    st.none(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.binary(),
    st.decimals(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.integers()),
    st.sampled_from(
        ["A", "B;C", "Agree", "Ja", "Medel", "#N/A", "19811228-9874", "0114", "x" * 9999]
    ),
    st.sampled_from([pd.NA, pd.NaT, np.int64(3), 10**5000, pd.Timestamp("2026-01-01"), object()]),
)
TABLE = st.integers(0, 4).flatmap(
    lambda n: st.fixed_dictionaries(
        {name: st.lists(CELLS, min_size=n, max_size=n) for name in (*ANSWERS, "w", "when")}
    )
)


@settings(max_examples=150)
@given(TABLE, st.sampled_from(["error", "missing"]), st.booleans())
def test_no_table_raises_anything_but_our_own_errors(
    table: dict[str, list[Any]], on_problem: str, named: bool
) -> None:
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in table.items()})
    roles = {"person": "id", "groups": ["town"], "wave": "when"} if named else {}
    try:
        resp = responses(frame, MADE, **roles, on_problem=on_problem)  # type: ignore[arg-type]
    except DigilittError as error:
        assert all(problem.message and problem.code for problem in error.problems)
        assert "9874" not in str(error)
        return
    assert len(resp) == len(frame) - left_out(resp)
    assert len(score(resp).table) == 2 * len(resp)


def left_out(resp: Responses) -> int:
    return sum(int(c.message.split()[0]) for c in resp.caveats if c.code == "summary-row")


ITEM_CELLS = st.one_of(CELLS, st.integers(1, 5), st.sampled_from(["4", "Agree", 99, "Instämmer"]))


@given(st.lists(ITEM_CELLS, min_size=1, max_size=6))
def test_every_answer_is_a_code_a_blank_or_counted(cells: list[Any]) -> None:
    made = small({"a1": "agree"}, {"id": "s", "items": ["a1"], "metric": "mean"})
    # A last row that is no summary row, so that every row stays.
    frame = pd.DataFrame({"id": range(len(cells) + 1), "a1": pd.Series([*cells, 1], dtype=object)})
    resp = responses(frame, made, person="id", on_problem="missing")
    assert len(resp) == len(frame)
    counted = sum(int(c.message.split()[0]) for c in resp.caveats if c.code == "invalid-answer")
    blank = sum(
        cell is None or cell is pd.NA or cell is pd.NaT
        or (isinstance(cell, float) and math.isnan(cell))
        or (isinstance(cell, str) and not cell.strip())
        for cell in cells
    )  # fmt: skip
    coded = int(resp.codes["a1"].notna().sum()) - 1
    assert coded + blank + counted == len(cells)
    assert set(resp.codes["a1"].dropna()) <= {1, 2, 3, 4, 5, 77, 99}


def test_dates_in_item_columns_are_told() -> None:
    """A spreadsheet turns 3-4 into a date."""
    frame = answers(a1=[dt.date(2026, 4, 3), 4, 4])
    (told,) = problems(frame)
    assert str(told).startswith("row 0, 'a1': found the date 2026-04-03; expected 1 to 5")
