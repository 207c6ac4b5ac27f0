"""One table of cells checked: people, summary rows, ticks beside blanks, gates, and every place."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from digilitt.define.mapping import Mapping
from digilitt.scoring.columns import Roles
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.intake import Cells, Draft, take_in
from tests.strategies import QUIZ, small

NAN = math.nan
YES_NO = {"kind": "binary", "options": [{"code": 0, "sv": "Nej", "en": "No"}]}
YES_NO["options"] = [*YES_NO["options"], {"code": 1, "sv": "Ja", "en": "Yes"}]

PLAIN = compile_plan(small({"a1": "agree"}, {"id": "s", "items": ["a1"], "metric": "mean"}))
TICKED = compile_plan(
    small({"k": {"format": "quiz", "key": [1, 3]}}, {"id": "s", "items": ["k"], "metric": "mean"})
)


def take(
    columns: AnyMapping[str, Sequence[object]],
    plan: Any = PLAIN,
    mapping: Mapping | None = None,
    roles: AnyMapping[str, Any] | None = None,
    **fields: Any,
) -> Draft:
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    rows = [str(row) for row in range(2, len(frame) + 2)]
    cells = Cells(frame=frame, rows=rows, file="form.xlsx", sheet="Svar", **fields)
    return take_in(cells, plan, mapping or Mapping(), Roles(**{"groups": {}, **(roles or {})}))


def found(draft: Draft) -> list[tuple[str, str, str]]:
    assert all((p.file, p.sheet) == ("form.xlsx", "Svar") for p in draft.problems)
    return [(problem.code, problem.row, problem.column) for problem in draft.problems]


def test_a_sound_table() -> None:
    draft = take(
        {"id": [1.0, "p2"], "Kommun": ["Hörby", None], "note": ["x", "y"], "a1": ["Agree", 77]},
        roles={"person": "id", "groups": {"town": "Kommun"}},
    )
    assert draft.problems == ()
    assert draft.codes["a1"].tolist() == [4.0, 77.0]
    assert draft.people.astype(object).where(draft.people.notna(), None).to_dict("list") == {
        "person": ["1", "p2"],
        "town": ["Hörby", None],
    }
    assert draft.places.to_dict("list") == {
        "file": ["form.xlsx"] * 2,
        "sheet": ["Svar"] * 2,
        "row": ["2", "3"],
    }
    (dropped,) = draft.caveats
    assert (dropped.code, dropped.where) == ("columns-dropped", "form.xlsx")
    assert "'note'" in dropped.message


def test_every_problem_has_its_place() -> None:
    draft = take(
        {"id": ["p1", " "], "w": ["0", "1,5"], "a1": [9, "Håller med"]},
        roles={"person": "id", "weight": "w"},
        decimal_comma=True,
    )
    assert found(draft) == [
        ("invalid-answer", "2", "a1"),
        ("invalid-answer", "3", "a1"),
        ("no-person", "3", "id"),
        ("weight", "2", "w"),
    ]


def test_item_is_named_where_its_header_is_another() -> None:
    draft = take({"Fråga 1": [9]}, mapping=Mapping(columns={"Fråga 1": "a1"}))
    assert found(draft) == [("invalid-answer", "2", "Fråga 1")]
    assert draft.problems[0].message.startswith("item 'a1': found 9; expected 1 to 5")


@pytest.mark.parametrize(
    "weight", [0, -1, "0,0", None, NAN, "", "en", math.inf, True, "1e999", 10**400, "198112289874x"]
)
def test_weights_are_above_zero(weight: object) -> None:
    draft = take({"a1": [1], "w": [weight]}, roles={"weight": "w"}, decimal_comma=True)
    assert found(draft) == [("weight", "2", "w")]
    assert "198112289874" not in draft.problems[0].message


def test_a_lacking_weight_is_said_in_words() -> None:
    draft = take({"a1": [1], "w": [None]}, roles={"weight": "w"})
    assert draft.problems[0].message.startswith("found no weight; expected")


def test_weights() -> None:
    draft = take(
        {"a1": [1, 1, 1], "w": ["1,5", 2, 1e-9]}, roles={"weight": "w"}, decimal_comma=True
    )
    assert (draft.people["weight"].tolist(), draft.problems) == ([1.5, 2.0, 1e-9], ())


SUMMED = {"id": ["p1", "p2", "Medel:", None], "note": ["", "", "", "Antal"], "a1": [4, 5, 4.5, 2]}


def test_summary_rows_at_the_end() -> None:
    draft = take(SUMMED, roles={"person": "id"})
    assert found(draft) == [("summary-row", "4", ""), ("summary-row", "5", "")]
    assert draft.codes["a1"].tolist() == [4.0, 5.0]
    assert draft.places["row"].tolist() == ["2", "3"]


def test_summary_rows_of_a_table_without_persons() -> None:
    draft = take({"a1": [4, 5, 4.5], "note": [None, None, "MEDELVÄRDE"]})
    assert found(draft) == [("summary-row", "4", "")]
    # In the first column, even where it holds answers.
    assert found(take({"a1": [4, 5, "Summa"]})) == [("summary-row", "4", "")]


def test_rows_of_persons_are_no_summary_rows() -> None:
    # "N" and "Min" are groups and comments here; the third row is not at the end.
    words = {"id": ["p1", "p2", "p3"], "town": ["N", "total", "N"], "note": ["", "Min", "median"]}
    draft = take({**words, "a1": [1, 2, 3]}, roles={"person": "id", "groups": {"town": "town"}})
    assert (draft.problems, draft.codes["a1"].tolist()) == ((), [1.0, 2.0, 3.0])
    inside = take({"id": ["Medel", "p2"], "a1": [1, 2]}, roles={"person": "id"})
    assert (inside.problems, len(inside.codes)) == ((), 2)


def test_words_alone_below_the_answers_are_a_note() -> None:
    rows: dict[str, list[object]] = {"id": ["p1", "p2", "Medel", "Källa: enkät 2019"]}
    draft = take({**rows, "a1": [1, 2, 1.5, None]}, roles={"person": "id"})
    assert found(draft) == [("summary-row", "4", ""), ("summary-row", "5", "")]
    # With an answer, with ids of several words above it, or in another column: somebody.
    for columns in (
        {"id": ["p1", "a note"], "a1": [1, 2]},
        {"id": ["p 1", "a note"], "a1": [1, None]},
        {"id": ["p1", "p2"], "a1": [1, None], "town": ["Lund", "Östra Göinge"]},
    ):
        assert found(take(columns, roles={"person": "id"})) == []


BLANKS: dict[str, list[object]] = {
    "k:1": [1, None, 0, 1, None, 98, "x"],
    "k:2": [None, None, None, 0, None, 98, 1],
    "k:3": [1, None, None, 1, 1, None, None],
}


def test_blanks_beside_ticks_are_a_problem() -> None:
    draft = take(BLANKS, TICKED)
    # All blank is no answer; a code that is not understood is told, and nothing more about it.
    assert found(draft) == [
        ("invalid-answer", "8", "k:1"),
        *(("partly-blank", row, "k:1") for row in ("2", "4", "6")),
    ]


def test_blanks_beside_ticks_are_unticked_where_the_mapping_says_so() -> None:
    draft = take(BLANKS, TICKED, Mapping(unticked_blank=True))
    # Without a tick in the row a blank stays what it is: 0 beside blanks is still a problem.
    assert found(draft) == [("invalid-answer", "8", "k:1"), ("partly-blank", "4", "k:1")]
    np.testing.assert_array_equal(
        draft.codes.to_numpy(),
        [
            [1, 0, 1],
            [NAN, NAN, NAN],
            [0, NAN, NAN],
            [1, 0, 1],
            [0, 0, 1],
            [98, 98, NAN],
            [NAN, 1, NAN],  # not filled: nobody knows what the first cell meant
        ],
    )


def test_a_missing_code_beside_ticks_is_told() -> None:
    draft = take({"k:1": [98, 98, 0], "k:2": [1, 98, 98], "k:3": [0, 98, 98]}, TICKED)
    assert found(draft) == [("invalid-answer", "2", "k:1")]
    assert "a missing code together with ticks" in draft.problems[0].message


def test_joined_ticks_are_told_once() -> None:
    draft = take({"k": ["A;C", "A;X", None]}, TICKED)
    assert found(draft) == [("invalid-answer", "3", "k")]
    np.testing.assert_array_equal(draft.codes.to_numpy()[[0, 2]], [[1, 0, 1], [NAN] * 3])


def gated(otherwise: str) -> Any:
    gate = {"item": "g", "any_of": [1], "otherwise": otherwise}
    made = {**QUIZ, "missing": [{"code": 77, "counts_as": "not_applicable", "sv": "e", "en": "n"}]}
    items = {
        "g": "yesno",
        "b": {"format": "yesno", "asked_if": gate},
        "k": {"format": "quiz", "key": [1], "asked_if": gate},
    }
    formats = {"yesno": YES_NO, "quiz": made}
    return compile_plan(
        small(items, {"id": "s", "items": ["b", "k"], "metric": "mean"}, formats=formats)
    )


@pytest.mark.parametrize("otherwise", ["missing", "not_applicable", "wrong"])
def test_answers_after_a_closed_gate_are_told(otherwise: str) -> None:
    draft = take(
        {
            "g": ["Ja", "Nej", "Nej", "Nej", None],
            "b": [1, 1, None, None, 1],
            "k": ["A", "A", None, 77, "A"],
        },
        gated(otherwise),
    )
    assert found(draft) == [
        ("answered-though-not-asked", "3", "b"),
        ("answered-though-not-asked", "3", "k"),
    ]
    assert "'b' is answered though 'g' is 0" in draft.problems[0].message
    # The answer stays in the data: which of the two is wrong is not known.
    assert draft.codes["b"].tolist()[1] == 1.0


def test_waves_side_by_side_become_rows() -> None:
    columns = {"före": "a1@2018", "efter": "a1@2019"}
    draft = take(
        {"id": ["p1", "p2"], "före": [1, 9], "efter": [2, None]},
        mapping=Mapping(columns=columns),
        roles={"person": "id"},
    )
    assert draft.people.to_dict("list") == {
        "person": ["p1", "p2"] * 2,
        "wave": ["2018", "2018", "2019", "2019"],
    }
    np.testing.assert_array_equal(draft.codes["a1"], [1, NAN, 2, NAN])
    assert found(draft) == [("invalid-answer", "3", "före")]
    again = take({"före": [1], "efter": [2]}, mapping=Mapping(columns=columns), fixed={"wave": "1"})
    assert found(again) == [("waves-mixed", "", "")]


def test_what_holds_for_the_whole_file() -> None:
    draft = take({"a1": [1, 2]}, fixed={"wave": "2019", "municipality": "Lund"})
    assert draft.people.to_dict("list") == {"wave": ["2019"] * 2, "municipality": ["Lund"] * 2}
    clash = take({"a1": [1], "w": [1]}, roles={"wave": "w"}, fixed={"wave": "2019"})
    assert found(clash) == [("column-twice", "", "w")]


def test_dates_of_waves() -> None:
    days = [dt.datetime.fromisoformat("2018-05-01"), 43221, pd.NaT, None]
    draft = take({"a1": [1, 1, 1, 1], "when": days}, roles={"wave": "when"})
    waves = draft.people["wave"]
    assert [None if pd.isna(w) else w for w in waves] == ["2018-05-01", "2018-05-01", None, None]
    assert [(c.code, c.where) for c in draft.caveats] == [("date-serials", "when")]


def test_values_of_groups_have_other_names_in_the_mapping() -> None:
    mapping = Mapping(values={"town": {"1266": "Hörby", "hörby kommun": "Hörby"}})
    draft = take(
        {"a1": [1, 1, 1], "t": [1266.0, "Hörby  Kommun", "Lund"]},
        mapping=mapping,
        roles={"groups": {"town": "t"}},
    )
    assert draft.people["town"].tolist() == ["Hörby", "Hörby", "Lund"]


@pytest.mark.parametrize(
    ("cells", "both"),
    [
        (["0114", "114", "115"], "'0114' and '114'"),
        (["0114", 114.0], "'0114' and '114'"),
        (["00114", "0114"], "'00114' and '0114'"),
        (["Lund", "lund", "LUND"], "'LUND' and 'Lund' and 'lund'"),
        (["114.0", "114"], "'114' and '114.0'"),
    ],
)
def test_texts_that_are_probably_one(cells: list[object], both: str) -> None:
    draft = take({"a1": [1] * len(cells), "t": cells}, roles={"groups": {"town": "t"}})
    assert found(draft) == [("mixed-code", "", "t")]
    assert both in draft.problems[0].message
    # The mapping goes by the name of the group, not by the header.
    assert "under [values.town] in a mapping" in draft.problems[0].message


def test_names_that_toml_quotes() -> None:
    draft = take({"a1": [1, 1], "t": ["Lund", "lund"]}, roles={"groups": {"Ort nu": "t"}})
    assert 'under [values."Ort nu"] in a mapping' in draft.problems[0].message


def test_personal_numbers_are_refused_and_not_shown() -> None:
    for name in ("person", "cluster", "rater", "wave"):
        draft = take({"a1": [1, 7], "x": ["19811228-9874", None]}, roles={name: "x"})
        told = [problem for problem in draft.problems if problem.code == "personal-number"]
        assert [(problem.column, problem.row) for problem in told] == [("x", "")]
        assert not any("9874" in str(problem) for problem in draft.problems)
    group = take({"a1": [1], "x": [8112289874]}, roles={"groups": {"who": "x"}})
    assert found(group) == [("personal-number", "", "x")]


def test_formula_errors_among_people() -> None:
    draft = take({"a1": [1, 2], "t": ["#SAKNAS!", "Lund"]}, roles={"groups": {"town": "t"}})
    assert found(draft) == [("cell-error", "2", "t")]


def test_labels_of_the_mapping_are_checked() -> None:
    draft = take({"a1": [1]}, mapping=Mapping(labels={"agree": {"x": 9}, "none": {"y": 1}}))
    assert [code for code, _, _ in found(draft)] == ["unknown-code", "unknown-format"]


def test_no_rows_and_no_columns() -> None:
    assert len(take({"a1": []}).codes) == 0
    nothing = take({})
    assert found(nothing) == [("missing-column", "", "a1")]
