from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digilitt.disclosure import Disclosure
from digilitt.errors import DisclosureError
from digilitt.numerics.suppression import margins, recoverable
from digilitt.result import ALL

pytestmark = pytest.mark.pandas2


def long_table(names, levels, **counts):
    """One row per cell and margin; `counts` are inner tables."""
    rows = pd.DataFrame(list(product(*[[*values, ALL] for values in levels])), columns=names)
    return rows.assign(**{name: margins(inner).ravel() for name, inner in counts.items()})


def hidden_rows(mask, table, by):
    return {tuple(row) for row in table.loc[mask, by].itertuples(index=False)}


@pytest.fixture
def by_sex():
    # Places A and B, men and women; 3 men in A.
    return long_table(
        ["place", "sex"],
        [["A", "B"], ["man", "woman"]],
        n=[[3, 20], [30, 40]],
    ).assign(mean=2.5)


# ---- the minimum ----------------------------------------------------------------------------


@pytest.mark.parametrize("min_n", [0, -3, True, False, np.True_, 4.5, 5.0, "5", None])
def test_the_minimum_must_be_a_whole_number_of_one_or_more(min_n):
    with pytest.raises(DisclosureError, match=r"min_n.*whole number of 1 or more.*min_n=5"):
        Disclosure(min_n=min_n)


def test_the_minimum_has_no_default_and_must_be_named():
    with pytest.raises(TypeError, match="min_n"):
        Disclosure()
    with pytest.raises(TypeError):
        Disclosure(5)


def test_the_minimum_may_be_a_numpy_integer_and_cannot_be_changed():
    disclosure = Disclosure(min_n=np.int32(7))
    assert repr(disclosure) == "Disclosure(min_n=7)"
    with pytest.raises(AttributeError):
        disclosure.min_n = 1


# ---- which rows -----------------------------------------------------------------------------


def test_a_small_cell_takes_three_more_with_it(by_sex):
    mask = Disclosure(min_n=5).mask(by_sex, by=["place", "sex"], counts="n")
    assert hidden_rows(mask, by_sex, ["place", "sex"]) == {
        ("A", "man"),
        ("A", "woman"),
        ("B", "man"),
        ("B", "woman"),
    }
    assert mask.dtype == bool
    assert mask.name == "suppressed"


def test_four_campuses():
    # 276, 65, 28 and 11 persons at a minimum of 20: the 11, and the 28 that would give them away.
    table = pd.DataFrame({"campus": ["a", "b", "c", "d", ALL], "n": [276, 65, 28, 11, 380]})
    mask = Disclosure(min_n=20).mask(table, by="campus", counts="n")
    assert mask.tolist() == [False, False, True, True, False]


def test_the_index_and_the_order_of_the_rows_are_kept(by_sex):
    turned = by_sex.sample(frac=1, random_state=3).rename(index="row {}".format)
    mask = Disclosure(min_n=5).mask(turned, by=["place", "sex"], counts="n")
    assert mask.index.equals(turned.index)
    assert mask.sum() == 4
    assert not mask[(turned[["place", "sex"]] == ALL).any(axis=1)].any()


def test_combinations_without_a_row_hold_nobody():
    # No row for men in B: their count is 0, as where the row is there and says so. The men's sum
    # is 3 then, and small as well.
    whole = long_table(["place", "sex"], [["A", "B"], ["man", "woman"]], n=[[3, 20], [0, 40]])
    short = whole[whole["n"] > 0]
    disclosure = Disclosure(min_n=5)
    by = ["place", "sex"]
    expected = disclosure.mask(whole, by=by, counts="n")
    assert disclosure.mask(short, by=by, counts="n").equals(expected[whole["n"] > 0])
    assert hidden_rows(expected, whole, by) >= {("A", "man"), (ALL, "man")}
    assert not expected[whole["n"] == 0].any()


def test_a_total_without_a_row_is_taken_to_be_known():
    table = pd.DataFrame({"sex": ["man", "woman"], "n": [3, 200]})
    assert Disclosure(min_n=5).mask(table, by="sex", counts="n").all()


def test_a_missing_group_is_a_group():
    table = pd.DataFrame({"sex": ["man", None, "woman", np.nan], "wave": [1, 1, 1, 2]})
    table["n"] = [20, 2, 30, 9]
    mask = Disclosure(min_n=5).mask(table, by=["sex", "wave"], counts="n")
    assert mask[1]
    assert mask.sum() > 1


def test_any_small_count_hides_the_row_and_every_count_is_protected():
    # 20 women in A answered but only 2 of them can be scored. That row goes, and one more: the
    # scored need a partner of 3 or more, the persons who answered as well.
    table = pd.DataFrame({"place": ["A", "B", "C", ALL]})
    table["n_answered"] = [20, 10, 30, 60]
    table["n_scored"] = [2, 10, 25, 37]
    mask = Disclosure(min_n=5).mask(table, by="place", counts=["n_answered", "n_scored"])
    assert mask.tolist() == [True, True, False, False]


def test_a_partner_that_is_empty_for_one_count_protects_nothing_there():
    # B hides A's answers, but holds nobody who is scored; so C goes as well.
    table = pd.DataFrame({"place": ["A", "B", "C", ALL]})
    table["n_answered"] = [4, 10, 30, 44]
    table["n_scored"] = [3, 0, 28, 31]
    disclosure = Disclosure(min_n=5)
    assert disclosure.mask(table, "place", "n_answered").tolist() == [True, True, False, False]
    both = disclosure.mask(table, "place", ["n_answered", "n_scored"])
    assert both.tolist() == [True, True, True, False]


def test_what_one_count_hides_is_protected_for_the_counts_before_it():
    # Of the persons only the 3 men in A are few, and the four corners go. But no man is scored:
    # the men's 0 shows it, and 20 - 0 women are left in each place, unless more goes.
    scored = [[0, 20], [0, 30]]
    table = long_table(
        ["place", "sex"],
        [["A", "B"], ["man", "woman"]],
        n_scored=scored,
        n_persons=[[3, 20], [25, 30]],
    )
    mask = Disclosure(min_n=5).mask(table, ["place", "sex"], ["n_scored", "n_persons"])
    full, hidden = margins(scored), mask.to_numpy().reshape(3, 3)
    corners = np.zeros((3, 3), dtype=bool)
    corners[:2, :2] = True
    assert recoverable(full, corners)[0, 1]
    assert hidden[corners].all()
    assert not (recoverable(full, hidden) & (full > 0)).any()


def test_tables_of_the_same_groups_share_one_mask():
    # On scale s only 2 in A are scored; on scale t all are. Hidden on s alone, A's 20 persons
    # and their row on t would still show who is behind s.
    table = pd.DataFrame(
        {
            "scale": ["s"] * 4 + ["t"] * 4,
            "place": ["A", "B", "C", ALL] * 2,
            "n_persons": [20, 10, 30, 60] * 2,
            "n_scored": [2, 10, 30, 42, 20, 10, 30, 60],
        }
    )
    disclosure = Disclosure(min_n=5)
    mask = disclosure.mask(table, "place", ["n_persons", "n_scored"], each="scale")
    assert mask.tolist() == [True, True, False, False] * 2
    alone = disclosure.mask(table[table["scale"] == "t"], "place", ["n_persons", "n_scored"])
    assert not alone.any()


def test_without_groups_there_is_one_row():
    table = pd.DataFrame({"scale": ["s", "t"], "n": [3, 9]})
    assert Disclosure(min_n=5).mask(table, [], "n", each="scale").all()
    assert not Disclosure(min_n=3).mask(table, [], "n", each="scale").any()


def test_no_rows():
    table = pd.DataFrame({"place": pd.Series(dtype=object), "n": pd.Series(dtype=int)})
    assert Disclosure(min_n=5).mask(table, by="place", counts="n").tolist() == []


@pytest.mark.parametrize("dtype", ["category", "string", object])
def test_kinds_of_columns(dtype):
    table = pd.DataFrame({"sex": ["man", "woman", ALL], "n": [3, 20, 23]})
    table = table.astype({"sex": dtype, "n": "Int64"})
    mask = Disclosure(min_n=5).mask(table, by="sex", counts="n")
    assert mask.tolist() == [True, True, False]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_hidden_count_can_be_worked_out_from_what_is_shown(data):
    shape = data.draw(st.sampled_from([(4,), (3, 2), (2, 2, 2), (4, 2, 2)]))
    min_n = data.draw(st.integers(1, 6))
    persons = data.draw(
        arrays(np.int64, shape, elements=st.sampled_from([0, 1, 3, 5, 8, 9, 15, 40]))
    )
    missing = data.draw(arrays(np.int64, shape, elements=st.integers(0, 4)))
    scored = np.maximum(persons - missing, 0)
    by = ["place", "sex", "wave"][: len(shape)]
    table = long_table(by, [range(side) for side in shape], persons=persons, scored=scored)
    mask = Disclosure(min_n=min_n).mask(table, by, ["persons", "scored"])
    hidden = mask.to_numpy().reshape([side + 1 for side in shape])
    for inner in (persons, scored):
        full = margins(inner)
        assert hidden[(full > 0) & (full < min_n)].all()
        assert not (recoverable(full, hidden) & (full > 0)).any()
    assert not hidden[margins(persons) == 0].any()
    small = (table[["persons", "scored"]] > 0) & (table[["persons", "scored"]] < min_n)
    assert mask.any() == small.any(axis=None)


# ---- tables that share their persons --------------------------------------------------------


def test_rows_withheld_already_stay_so_and_are_protected():
    table = pd.DataFrame({"place": ["A", "B", "C", ALL], "n": [60, 30, 40, 130]})
    disclosure = Disclosure(min_n=5)
    assert not disclosure.mask(table, "place", "n").any()
    # A alone would follow from the total: the cheapest partner is B.
    mask = disclosure.mask(table, "place", "n", also=[True, False, False, False])
    assert mask.tolist() == [True, True, False, False]
    again = disclosure.mask(table, "place", "n", also=mask)
    assert again.equals(mask)


def test_rows_to_give_up_last_are_shown_while_others_will_do():
    table = pd.DataFrame({"place": ["A", "B", "C", ALL], "n": [3, 8, 40, 51]})
    disclosure = Disclosure(min_n=5)
    assert disclosure.mask(table, "place", "n").tolist() == [True, True, False, False]
    spared = disclosure.mask(table, "place", "n", last=np.array([False, True, False, False]))
    assert spared.tolist() == [True, False, True, False]
    every = disclosure.mask(table, "place", "n", last=[True] * 4)
    assert every.sum() == 2


def test_a_partner_withheld_for_another_table_may_be_empty_in_this_one():
    table = pd.DataFrame({"place": ["A", "B", "C", ALL], "n": [30, 0, 40, 70]})
    mask = Disclosure(min_n=5).mask(table, "place", "n", also=[True, True, False, False])
    # Whoever does not know that B is empty can not tell A; nobody is told that.
    assert mask.tolist() == [True, True, False, False]


@pytest.mark.parametrize("flags", [[True], [1, 0, 0, 0], [None] * 4, [[True]] * 4])
@pytest.mark.parametrize("name", ["also", "last"])
def test_flags_are_true_or_false_for_every_row(name, flags):
    table = pd.DataFrame({"place": ["A", "B", "C", ALL], "n": [3, 8, 40, 51]})
    with pytest.raises(DisclosureError, match=rf"{name} has shape .* each of the 4 rows"):
        Disclosure(min_n=5).mask(table, "place", "n", **{name: flags})


# ---- what comes out -------------------------------------------------------------------------


def test_apply_empties_counts_and_statistics_and_says_so(by_sex):
    before = by_sex.copy()
    shown, caveat = Disclosure(min_n=5).apply(by_sex, by=["place", "sex"], counts="n")
    pd.testing.assert_frame_equal(by_sex, before)
    assert shown.columns.tolist() == ["place", "sex", "n", "mean", "suppressed"]
    assert shown[["place", "sex"]].equals(by_sex[["place", "sex"]])
    assert shown["suppressed"].sum() == 4
    assert shown.loc[shown["suppressed"], ["n", "mean"]].isna().all(axis=None)
    assert shown.loc[~shown["suppressed"], "n"].tolist() == [23, 70, 33, 60, 93]
    assert caveat.code == "small-groups-suppressed"
    assert caveat.message == (
        "Minimum group size 5: 4 of 9 rows are withheld, because a number of persons in the row "
        "is 1 to 4, or because such a row could be worked out from it. "
        "Rows with nobody are shown."
    )


def test_apply_hides_the_counts_even_when_only_a_statistic_is_named(by_sex):
    table = by_sex.assign(label="low", kept=1)
    shown, _ = Disclosure(min_n=5).apply(table, ["place", "sex"], "n", hide=["mean", "label"])
    rows = shown[shown["suppressed"]]
    assert rows[["n", "mean", "label"]].isna().all(axis=None)
    assert rows["kept"].tolist() == [1] * 4


def test_apply_with_a_column_that_repeats_the_groups(by_sex):
    table = pd.concat([by_sex.assign(scale=name) for name in ("s", "t")], ignore_index=True)
    shown, caveat = Disclosure(min_n=5).apply(table, ["place", "sex"], "n", each="scale")
    assert shown["scale"].tolist() == ["s"] * 9 + ["t"] * 9
    assert "8 of 18 rows" in caveat.message


def test_apply_with_nothing_small_changes_nothing(by_sex):
    shown, caveat = Disclosure(min_n=3).apply(by_sex, by=["place", "sex"], counts="n")
    pd.testing.assert_frame_equal(shown.drop(columns="suppressed"), by_sex)
    assert not shown["suppressed"].any()
    assert "0 of 9 rows are withheld" in caveat.message


def test_the_caveat_does_not_tell_how_many_are_small():
    one_small = pd.DataFrame({"place": list("ABC"), "n": [3, 20, 30]})
    two_small = pd.DataFrame({"place": list("ABC"), "n": [3, 4, 30]})
    disclosure = Disclosure(min_n=5)
    messages = {disclosure.apply(t, "place", "n")[1].message for t in (one_small, two_small)}
    assert len(messages) == 1


def test_the_caveat_of_small_minimums():
    mask = pd.Series([True, False])
    assert "in the row is 1," in Disclosure(min_n=2).caveat(mask).message
    assert "every group is shown" in Disclosure(min_n=1).caveat(~mask & mask).message


# ---- what is refused ------------------------------------------------------------------------


def problems(table, by="place", counts="n", **options):
    with pytest.raises(DisclosureError) as caught:
        Disclosure(min_n=5).apply(table, by, counts, **options)
    return [(p.code, p.row, p.column) for p in caught.value.problems]


def test_every_bad_count_is_listed():
    table = pd.DataFrame({"place": list("ABCD"), "n": [3, -1, 2.5, np.nan], "m": list("wxyz")})
    assert problems(table, counts=["n", "m"]) == [
        ("bad-counts", "1", "n"),
        ("bad-counts", "2", "n"),
        ("bad-counts", "3", "n"),
        ("bad-counts", "", "m"),
    ]
    assert problems(table.assign(n=True)) == [("bad-counts", "", "n")]
    assert problems(table, counts=[]) == [("no-counts", "", "")]


def test_a_sum_that_is_not_the_sum_of_its_rows_would_leak_the_rest():
    # 55 - 50 = 5 persons without a row: the table says how many they are.
    table = pd.DataFrame({"place": ["A", "B", ALL], "n": [20, 30, 55]}, index=["x", "y", "z"])
    assert problems(table) == [("not-a-sum", "z", "n")]
    table = pd.DataFrame({"place": [ALL], "n": [55]})
    assert problems(table) == [("not-a-sum", "0", "n")]


def test_a_combination_has_one_row():
    table = pd.DataFrame({"place": ["A", "A", "B"], "scale": ["s", "t", "s"], "n": [6, 7, 8]})
    assert problems(table) == [("repeated-row", "1", "")]
    shown, _ = Disclosure(min_n=5).apply(table, "place", "n", each="scale")
    assert not shown["suppressed"].any()


def test_columns_must_be_there_once():
    table = pd.DataFrame({"place": ["A"], "n": [6]})
    assert problems(table, by="plats", counts="antal") == [
        ("unknown-column", "", "plats"),
        ("unknown-column", "", "antal"),
    ]
    assert problems(table, hide=["mean"]) == [("unknown-column", "", "mean")]
    assert problems(table, hide=["place"]) == [("repeated-column", "", "place")]
    assert problems(table, each="place") == [("repeated-column", "", "place")]
    assert problems(table.assign(suppressed=False)) == [("name-clash", "", "suppressed")]
    twice = pd.concat([table, table[["n"]]], axis=1)
    assert problems(twice) == [("unknown-column", "", "n")]
