"""Matching: equal codes are one person, and nothing else is."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.errors import ResponseError
from digilitt.result import Caveat
from digilitt.scoring.matching import Matching, match_persons
from digilitt.scoring.participation import participation
from digilitt.scoring.responses import responses
from digilitt.scoring.scores import score
from digilitt.scoring.simulation import simulate_cohort
from tests.strategies import AGREE5, small

TWO = {
    "2018": ["k1", "k2", "k3", "k4", None],
    "2019": ["k1", "K2", "k3", "k3", "k5", " ", "k1 "],
}


def rows(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    plain = table.astype(object).where(table.notna(), None)
    return list(plain.itertuples(index=False, name=None))


def told(matching: Matching) -> dict[str, str]:
    return {caveat.code: caveat.message for caveat in matching.caveats}


def refused(*arguments: Any, **options: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(ResponseError) as caught:
        match_persons(*arguments, **options)
    assert "9874" not in str(caught.value)
    return [(problem.code, problem.row, problem.column) for problem in caught.value.problems]


def test_two_waves_by_hand() -> None:
    found = match_persons(TWO)
    assert found.kind == "matching"
    assert found.table.columns.tolist() == ["person", "wave", "n_rows", "present"]
    assert rows(found.table) == [
        *(("K2", "2018", 0, False), ("K2", "2019", 1, True)),
        *(("k1", "2018", 1, True), ("k1", "2019", 2, None)),
        *(("k2", "2018", 1, True), ("k2", "2019", 0, False)),
        *(("k3", "2018", 1, True), ("k3", "2019", 2, None)),
        *(("k4", "2018", 1, True), ("k4", "2019", 0, False)),
        *(("k5", "2018", 0, False), ("k5", "2019", 1, True)),
    ]
    assert rows(found.waves) == [("2018", 5, 1, 4, 4, 0, 0), ("2019", 7, 1, 4, 2, 2, 0)]
    assert rows(found.pairs) == [("2018", "2019", 4, 2, 0, 2, 2, 2)]
    assert rows(found.patterns) == [("1?", 2), ("10", 2), ("01", 2)]
    assert rows(found.unmatched) == [
        *(("K2", "2019", "k2"), ("k2", "2018", "K2")),
        *(("k4", "2018", ""), ("k5", "2019", "")),
    ]
    assert rows(found.duplicated) == [("k1", "2019", 2, "1, 7"), ("k3", "2019", 2, "3, 4")]


def test_wide() -> None:
    wide = match_persons(TWO, roster=["k1", "k9"]).wide()
    names = ["person", "in_roster", "present_2018", "present_2019", "n_waves", "pattern"]
    assert wide.columns.tolist() == names
    assert rows(wide.set_index("person").loc[["k1", "k2", "k9"]].reset_index()) == [
        ("k1", True, True, None, 1, "1?"),
        ("k2", False, True, False, 1, "10"),
        ("k9", True, False, False, 0, "00"),
    ]


def test_what_is_told() -> None:
    found = match_persons(TWO, roster=pd.DataFrame({"person": ["k1", "k2", "k9", None]}))
    assert [(caveat.code, caveat.where) for caveat in found.caveats] == [
        ("blank-codes", "2018"),
        ("blank-codes", "2019"),
        ("blank-codes", "roster"),
        ("duplicated-codes", ""),
        ("unmatched-codes", ""),
        ("near-codes", ""),
        ("not-in-roster", ""),
    ]
    messages = told(found)
    assert messages["duplicated-codes"].startswith("2 codes found more than once in a wave")
    assert "'k1', 'k3'" in messages["duplicated-codes"]
    assert messages["unmatched-codes"].startswith("4 of 6 codes")
    assert messages["near-codes"].endswith("not linked: 'K2', 'k2'.")
    assert messages["not-in-roster"].startswith("4 persons")
    assert found.provenance.options == (("waves", "2018, 2019"), ("order", "as given"))
    assert found.provenance.n == 12


def test_nothing_to_tell() -> None:
    assert match_persons({"1": ["a", "b"], "2": ["b", "a"]}).caveats == ()


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("a17", "A17", True),
        ("017", "17", True),
        ("a-017", "a 17", True),
        ("17.0", "17", True),
        ("KÄRNA", "kärna", True),
        ("_", "-", False),
        ("17", "71", False),
        ("", "17", False),
    ],
)
def test_what_is_only_alike_is_told_and_never_linked(one: str, other: str, near: bool) -> None:
    found = match_persons({"a": [one], "b": [other]})
    assert found.pairs["n_both"].tolist() == [0]
    hints = found.unmatched.set_index("person")["near"]
    assert hints[other] == (one if near else "")
    assert ("near-codes" in told(found)) == near


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (17, "17"),
        (17.0, "17"),
        (17.0, 17),
        (" k 1\u00a0", "k  1"),
        ("p\u200b1", "p1"),
        ("ka\u030a", "k\u00e5"),
        (np.int64(5), "5"),
        (dt.datetime.fromisoformat("2019-03-12"), "2019-03-12"),
        (True, "True"),
    ],
    ids=count(),
)
def test_codes_that_reading_makes_one(one: object, other: object) -> None:
    assert match_persons({"a": [one], "b": [other]}).pairs["n_both"].tolist() == [1]
    assert match_persons({"a": [one, "x"], "b": ["x", other]}).pairs["n_both"].tolist() == [2]


def test_a_tick_is_not_the_number_one() -> None:
    found = match_persons({"a": [True, 1, 1.5], "b": [1, "1.5"]})
    assert found.table["person"].unique().tolist() == ["1", "1.5", "True"]


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float64", "str", object, "category"])
def test_types_of_columns_do_not_matter(dtype: Any) -> None:
    first, second = (pd.Series(codes).astype(dtype) for codes in ([3, 1, 2], [4, 3]))
    found = match_persons({"1": first, "2": second})
    assert rows(found.patterns) == [("11", 1), ("10", 2), ("01", 1)]
    frames = {"1": first.to_frame("id"), "2": second.to_frame("id")}
    pd.testing.assert_frame_equal(match_persons(frames, person="id").table, found.table)


def test_blanks_of_every_kind_match_nobody() -> None:
    blanks = [None, math.nan, pd.NA, pd.NaT, "", " \u00a0", "\u200b "]
    found = match_persons({"1": ["a", *blanks], "2": blanks})
    assert found.waves["n_blank"].tolist() == [7, 7]
    assert found.table["person"].unique().tolist() == ["a"]


def test_rows_go_by_their_labels() -> None:
    codes = pd.Series(["a", "b", "a"], index=["row 2", "row 3", "row 4"])
    assert match_persons({"1": codes, "2": ["a"]}).duplicated["rows"].tolist() == ["row 2, row 4"]
    who = pd.Series(["a", "b", "a"], index=["811228-9874", "x", "y"])
    assert match_persons({"1": who}).duplicated["rows"].tolist() == ["number 1, number 3"]


def test_a_frame_of_all_waves() -> None:
    frame = pd.DataFrame(
        {"id": ["a", "b", "a", "a", None, "c"], "when": [10, 10, 2, 2, 2, None]}, dtype=object
    )
    found = match_persons(frame, person="id", wave="when")
    # Numbers in the names of waves count as numbers.
    assert found.waves["wave"].tolist() == ["2", "10"]
    assert rows(found.patterns) == [("?1", 1), ("01", 1), ("00", 1)]
    assert told(found)["wave-unknown"].startswith("1 row without a wave")
    assert found.provenance.options[1] == ("order", "by name")
    again = match_persons(frame, person="id", wave="when", waves=[10, 2])
    assert again.waves["wave"].tolist() == ["10", "2"]
    assert again.duplicated["rows"].tolist() == ["2, 3"]


FORM = small({"a1": "agree", "a2": "agree"}, {"id": "s", "items": ["a1", "a2"], "metric": "mean"})


def test_responses_count_who_answered() -> None:
    frame = pd.DataFrame(
        {
            "id": ["p1", "p2", "p3", "p1", "p2", "p4"],
            "wave": ["1", "1", "1", "2", "2", "2"],
            "a1": [1, 2, None, 4, None, 77],
            "a2": [1, None, None, 5, None, None],
        }
    )
    found = match_persons(responses(frame, FORM, person="id", wave="wave"))
    assert found.provenance.instrument == FORM.name
    assert rows(found.waves) == [("1", 3, 0, 3, 2, 0, 1), ("2", 3, 0, 3, 1, 0, 1)]
    assert rows(found.pairs) == [("1", "2", 2, 1, 1, 1, 0, 0)]
    assert told(found)["unanswered-rows"].startswith("3 rows without a single answer")
    assert set(FORM.formats) == {"agree"}
    assert AGREE5["missing"][0]["code"] == 77


def test_raters_are_no_duplicates() -> None:
    frame = pd.DataFrame({"id": ["p1", "p1"], "wave": "1", "who": ["x", "y"], "a1": 1, "a2": 2})
    found = match_persons(responses(frame, FORM, person="id", wave="wave", rater="who"))
    assert rows(found.table) == [("p1", "1", 2, True)]
    assert len(found.duplicated) == 0
    assert "one-wave" in told(found)


def test_the_simulated_cohort() -> None:
    cohort = simulate_cohort(rng=1)
    found = match_persons(cohort.responses, roster=cohort.roster)
    assert len(found.wide()) == 677
    assert found.wide()["in_roster"].all()
    assert (
        Caveat(code="simulated-data", message="simulated: no real person answered") in found.caveats
    )
    answered = participation(score(cohort.responses)).table.set_index("wave")["answered"]
    assert found.waves.set_index("wave")["n_present"].to_dict() == answered.to_dict()
    people = cohort.responses.people
    both = set.intersection(
        *(set(people.loc[people["wave"] == w, "person"]) for w in answered.index)
    )
    assert found.pairs["n_both"].tolist() == [len(both)]


def test_one_wave_with_a_roster() -> None:
    found = match_persons({"2018": ["a", "b"]}, roster=["b", "c"])
    assert rows(found.patterns) == [("1", 2), ("0", 1)]
    assert len(found.pairs) == 0
    assert set(told(found)) == {"one-wave", "not-in-roster"}


@pytest.mark.parametrize(
    ("source", "options", "problems"),
    [
        ("svar.xlsx", {}, [("error", "", "")]),
        ({}, {}, [("error", "", "")]),
        ({"1": ["a"], 1: ["b"]}, {}, [("error", "", "")]),
        ({" ": ["a"]}, {}, [("error", "", "")]),
        ({"1": "abc"}, {}, [("no-frame", "", "")]),
        ({"1": 5, "2": {"a": 1}}, {}, [("no-frame", "", "")] * 2),
        ({"1": np.zeros((2, 2))}, {}, [("no-frame", "", "")]),
        ({"1": ["a"], "2": ["a"]}, {"waves": ["1"]}, [("unknown-wave", "", "")]),
        ({"1": ["a"], "2": ["a"]}, {"waves": ["1", "2", "2"]}, [("unknown-wave", "", "")]),
        ({"1": ["a"]}, {"waves": "1"}, [("error", "", "")]),
        ({"1": pd.DataFrame({"id": []})}, {}, [("missing-column", "", "person")]),
        (pd.DataFrame({"id": ["a"]}), {}, [("missing-column", "", n) for n in ("person", "wave")]),
        (pd.DataFrame({"person": ["a"], "wave": [None]}), {}, [("error", "", "")]),
        (
            {"1": pd.DataFrame([["a", "b"]], columns=["person", "person"])},
            {},
            [("column-twice", "", "person")],
        ),
        ({"1": ["811228-9874"]}, {}, [("personal-number", "", "person")]),
        ({"1": [8112289874, 8112889871]}, {}, [("personal-number", "", "person")]),
        ({"1": ["a", "#N/A"], "2": ["#N/A"]}, {}, [("cell-error", r, "person") for r in "21"]),
        ({"1": ["a", "Medel", "Antal:"]}, {}, [("summary-row", r, "person") for r in "23"]),
        (
            {"1": pd.DataFrame({"person": ["a", "En liten not"], "town": ["Lund", None]})},
            {},
            [("summary-row", "1", "person")],
        ),
        ({"1": ["a"]}, {"roster": ["a", "b", "a", "a"]}, [("person-twice", "", "person")]),
        ({"1": ["a"]}, {"roster": ["811228-9874"]}, [("personal-number", "", "person")]),
        ({"1": ["a"]}, {"roster": "a"}, [("no-frame", "", "")]),
    ],
    ids=count(),
)
def test_refusals(
    source: Any, options: dict[str, Any], problems: list[tuple[str, str, str]]
) -> None:
    assert refused(source, **options) == problems


def test_responses_without_person_or_wave() -> None:
    made = responses(pd.DataFrame({"a1": [1], "a2": [2]}), FORM)
    assert refused(made) == [("missing-column", "", name) for name in ("person", "wave")]


CODES = st.one_of(
    st.sampled_from(["a", "A", "b", "07", "7", " b", "", "a-1", "a 1", "1.0"]),
    st.sampled_from([None, math.nan, 7, 7.0, 1.5, 10, True]),
)
TABLES = st.dictionaries(
    st.sampled_from(["2018", "2019", "2020", "x"]), st.lists(CODES, max_size=12), min_size=1
)


def plain(code: object) -> str:
    """Text of a code, worked out apart from the reader."""
    if code is None or code != code:
        return ""
    if isinstance(code, float) and code == int(code):
        return str(int(code))
    return " ".join(str(code).split())


@given(TABLES)
def test_every_code_stands_once_and_counts_add_up(tables: Mapping[str, list[Any]]) -> None:
    found = match_persons(tables)
    counts = {wave: Counter(filter(None, map(plain, codes))) for wave, codes in tables.items()}
    persons = sorted(set().union(*counts.values()))
    expected = [
        (
            code,
            wave,
            counts[wave][code],
            None if counts[wave][code] > 1 else counts[wave][code] == 1,
        )
        for code in persons
        for wave in tables
    ]
    assert rows(found.table) == expected
    wide = found.wide()
    assert wide["person"].tolist() == persons
    assert found.patterns["n_persons"].sum() == len(persons)
    assert wide["pattern"].value_counts().to_dict() == dict(rows(found.patterns))
    waves = found.waves.set_index("wave")
    for wave, codes in tables.items():
        assert waves.loc[wave, "n_rows"] == len(codes)
        assert waves.loc[wave, "n_rows"] - waves.loc[wave, "n_blank"] == counts[wave].total()
        assert waves.loc[wave, "n_persons"] == len(counts[wave])
        assert waves.loc[wave, ["n_present", "n_duplicated"]].sum() == len(counts[wave])
    for _, pair in found.pairs.iterrows():
        before, after = (counts[pair[name]] for name in ("before", "after"))
        both = [code for code in persons if before[code] == after[code] == 1]
        assert pair["n_both"] == len(both)
        assert pair["n_before"] + pair["n_after"] == (
            2 * pair["n_both"] + pair["n_lost"] + pair["n_new"] + pair["n_unclear"]
        )
    alone = [c for c in persons if sum(c in counts[wave] for wave in tables) == 1]
    assert found.unmatched["person"].tolist() == alone
    twice = [(c, w) for c in persons for w in tables if counts[w][c] > 1]
    assert [row[:2] for row in rows(found.duplicated)] == twice


@given(TABLES, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(tables: Mapping[str, list[Any]], random: Any) -> None:
    shuffled = {wave: random.sample(codes, len(codes)) for wave, codes in tables.items()}
    one, other = match_persons(tables), match_persons(shuffled)
    for name in ("table", "waves", "pairs", "patterns", "unmatched"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    assert rows(one.duplicated.drop(columns="rows")) == rows(other.duplicated.drop(columns="rows"))


@given(TABLES)
def test_waves_may_change_places(tables: Mapping[str, list[Any]]) -> None:
    backwards = dict(reversed(tables.items()))
    one, other = match_persons(tables), match_persons(backwards)
    ordered = match_persons(backwards, waves=list(tables))
    pd.testing.assert_frame_equal(ordered.table, one.table)
    swapped = {"n_before": "n_after", "n_after": "n_before", "n_lost": "n_new", "n_new": "n_lost"}
    mirrored = other.pairs.rename(columns={"before": "after", "after": "before", **swapped})
    key = ["before", "after"]
    left, right = (pairs.set_index(key).sort_index() for pairs in (one.pairs, mirrored))
    pd.testing.assert_frame_equal(left, right[left.columns])
    assert set(map(tuple, rows(one.unmatched))) == set(map(tuple, rows(other.unmatched)))


@given(TABLES)
def test_a_frame_says_what_the_waves_say(tables: Mapping[str, list[Any]]) -> None:
    long = pd.DataFrame(
        [(code, wave) for wave, codes in tables.items() for code in codes],
        columns=["person", "wave"],
        dtype=object,
    )
    filled = {wave: codes for wave, codes in tables.items() if codes}
    if filled:
        one, other = match_persons(long), match_persons(dict(sorted(filled.items())))
        for name in ("table", "waves", "pairs", "patterns", "unmatched"):
            pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
