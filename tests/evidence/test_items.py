"""Item analysis: by hand, against psych, by laws, and on data that leave nothing to compute."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digilitt.define.catalogue import instrument
from digilitt.define.instrument import Instrument
from digilitt.errors import ResponseError
from digilitt.evidence.items import ItemAnalysis, item_analysis
from digilitt.scoring.responses import responses
from digilitt.scoring.simulation import simulate
from tests.reference.cases import dataset, load_case

NAN = np.nan
CASE = load_case("items")


def frame(values: object) -> pd.DataFrame:
    table = np.asarray(values, dtype=float)
    return pd.DataFrame(table, columns=[f"i{item}" for item in range(table.shape[1])])


def figures(found: ItemAnalysis, statistic: str, **where: object) -> np.ndarray:
    table = found.table[found.table["statistic"] == statistic]
    for column, value in where.items():
        table = table[table[column] == value]
    return table["estimate"].to_numpy()


def codes(found: ItemAnalysis) -> set[str]:
    return {caveat.code for caveat in found.caveats} - {"disclosure-not-applied"}


# Against R


@pytest.mark.parametrize("name", CASE.told["data"])
def test_alpha_and_item_statistics_are_those_of_psych(name: str) -> None:
    expected, items = CASE.expected[name], dataset(name)
    for how, missing in (("pairwise", "pairwise"), ("complete", "listwise")):
        theirs, ours = expected[how], item_analysis(items, missing=missing)
        pairs = {
            "item_rest": "r_drop",
            "item_rest_smc": "r_cor",
            "alpha_if_dropped": "alpha_drop",
            "alpha": "alpha",
            "inter_item_mean": "r_mean",
            "inter_item_min": "r_min",
            "inter_item_max": "r_max",
        }
        for statistic, figure in pairs.items():
            CASE.check("item_rest", figures(ours, statistic), np.atleast_1d(theirs[figure]))
        # psych's raw.r is by the mean of the answers that a person gave: ours, if they gave all.
        if how == "complete" or not items.isna().any(axis=None):
            CASE.check("item_rest", figures(ours, "item_total"), theirs["raw_r"])
    both = item_analysis(items, missing="pairwise")
    CASE.check("item_rest", figures(both, "item_rest"), expected["ctt"]["item_r_drop"])
    dropped = expected["ctt"]["alpha_if_dropped"]
    CASE.check("item_rest", figures(both, "alpha_if_dropped"), dropped)


@pytest.mark.parametrize("name", CASE.told["data"])
@pytest.mark.parametrize("figure", ["describe", "describe_1", "describe_2", "describe_3"])
def test_moments_are_those_of_psych(name: str, figure: str) -> None:
    # "describe" was made with type 2.
    expected, kind = CASE.expected[name][figure], int(figure[-1]) if figure[-1].isdigit() else 2
    found = item_analysis(dataset(name), moments=kind)
    CASE.check("moments", figures(found, "n_answered"), expected["n"])
    for statistic in ("mean", "sd", "skew", "kurtosis"):
        CASE.check("moments", figures(found, statistic), expected[statistic])


def test_average_of_correlations_is_psych_s_where_nothing_is_missing() -> None:
    for name in ("science", "lsat7", "holzinger"):
        expected = CASE.expected[name]["ctt"]["mean_r"]
        found = figures(item_analysis(dataset(name)), "inter_item_mean")[0]
        CASE.check("item_rest", found, expected)


# By hand


def test_a_small_table_by_hand() -> None:
    found = item_analysis(frame([[1, 2, 1], [2, 2, 3], [4, 3, 3], [5, 5, 4]]))
    assert found.kind == "item_analysis"
    assert list(found.table.columns) == ["scale", "item", "statistic", "estimate", "n"]
    first = found.wide().iloc[0]
    assert (first["item"], first["mean"], first["n_missing"]) == ("i0", 3.0, 0)
    assert first["sd"] == pytest.approx(np.sqrt(10 / 3))
    # The others sum to 3, 5, 6, 9: deviations -2.75, -0.75, 0.25, 3.25 against -2, -1, 1, 2.
    assert first["item_rest"] == pytest.approx(13 / np.sqrt(10 * 18.75))
    assert (first["floor"], first["ceiling"]) == (0.25, 0.25)
    # Of i1 and i2: variances 2 and 4.75 / 3, covariance 7 / 3 - ... from their sums.
    one, two = np.array([2.0, 2, 3, 5]), np.array([1.0, 3, 3, 4])
    total = np.var(one + two, ddof=1)
    expected = 2 * (1 - (np.var(one, ddof=1) + np.var(two, ddof=1)) / total)
    assert first["alpha_if_dropped"] == pytest.approx(expected)
    assert codes(found) == {"range-observed"}
    assert "listwise deletion, skew and kurtosis of type 3" in repr(found)
    options = found.options[found.options["item"] == "i1"]
    assert options["option"].tolist() == [2, 3, 5]
    assert options["n"].tolist() == [2, 1, 1]
    assert options["share"].tolist() == [0.5, 0.25, 0.25]


def test_difficulty_and_discrimination_by_hand() -> None:
    # Sums 0, 1, 1, 2, 3, 3, and so on: ten persons, 2.7 of them in each tail.
    table = [[0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]
    found = item_analysis(frame([row for row in table for _ in range(2)]))
    wide = found.wide()
    assert wide["difficulty"].tolist() == [0.8, 0.4, 0.2]
    # Lower: two with 0 and 0.7 of four with 1, of whom all solve i0. Upper: two and 0.7 of two.
    assert wide["discrimination_27"].tolist() == pytest.approx(
        [(2.7 - 0.7) / 2.7, 1.0, 2 / 2.7], abs=1e-12
    )
    assert found.distractors.empty


def test_ratings_have_no_difficulty() -> None:
    for table in ([[0, 1], [2, 1], [1, 0]], [[0.0, 0.5], [1, 1], [1, 0]], [[1, 1], [1, 1], [1, 1]]):
        found = item_analysis(frame(table))
        assert "difficulty" not in set(found.table["statistic"])


QUIZ = Instrument(
    id="quiz",
    version="1.0",
    status="pilot",
    languages=["en"],
    title={"en": "Quiz"},
    licence="MIT",
    formats={
        "one": {
            "kind": "single_choice",
            "options": [{"code": code, "label": {"en": f"o{code}"}} for code in (1, 2, 3)],
            "missing": [
                {"code": 8, "counts_as": "wrong", "label": {"en": "do not know"}},
                {"code": 9, "counts_as": "missing", "label": {"en": "no answer"}},
            ],
        },
        "many": {
            "kind": "multi_select",
            "credit": "proportion_correct",
            "options": [{"code": code, "label": {"en": f"m{code}"}} for code in (1, 2)],
        },
        "agree": {
            "kind": "ordered",
            "options": [{"code": code, "label": {"en": f"a{code}"}} for code in (1, 2, 3, 4)],
        },
    },
    items=[
        {"id": "q1", "format": "one", "text": {"en": "x"}, "key": 2},
        {"id": "q2", "format": "one", "text": {"en": "x"}, "key": 1},
        {"id": "q3", "format": "many", "text": {"en": "x"}, "key": [1]},
        {"id": "r1", "format": "agree", "text": {"en": "x"}},
        {"id": "r2", "format": "agree", "text": {"en": "x"}},
    ],
    scales=[
        {"id": "known", "title": {"en": "K"}, "items": ["q1", "q2", "q3"], "metric": "sum"},
        {"id": "felt", "title": {"en": "F"}, "items": ["r1", "-r2"], "metric": "mean"},
    ],
)
ANSWERS = pd.DataFrame(
    {
        "q1": [2, 2, 1, 1, 8, 2],
        "q2": [1, 1, 1, 3, 3, 9],
        "q3:1": [1, 1, 1, 0, 0, 1],
        "q3:2": [0, 0, 1, 1, 1, 0],
        "r1": [1, 2, 2, 3, 3, NAN],
        "r2": [3, 3, 2, 2, 2, 3],
        "place": list("AABBBA"),
    }
)


def test_an_instrument_says_keys_ranges_and_options() -> None:
    found = item_analysis(responses(ANSWERS, QUIZ, groups=["place"]))
    assert list(dict.fromkeys(found.table["scale"])) == ["known", "felt"]
    felt = found.options[found.options["scale"] == "felt"]
    # Nobody answered 4; r2 is reversed, so that 4 counts 1.
    r2 = felt[felt["item"] == "r2"]
    assert r2["option"].tolist() == [1, 2, 3, 4]
    assert r2["score"].tolist() == [4, 3, 2, 1]
    assert r2["n"].tolist() == [0, 3, 3, 0]
    wide = found.wide().set_index("item")
    assert wide.loc["r2", "mean"] == 2.5
    assert (wide.loc["r1", "floor"], wide.loc["r1", "ceiling"]) == (0.2, 0.0)
    assert np.isnan(wide.loc["r1", "difficulty"])
    assert wide.loc["q1", "difficulty"] == 0.5
    assert wide.loc["q2", "difficulty"] == 0.6
    assert "range-observed" not in codes(found)
    assert "too-few-items" in codes(found)
    assert item_analysis(responses(ANSWERS, QUIZ), scale="felt").provenance.options[0] == (
        "scale",
        "felt",
    )


def test_distractors_by_hand() -> None:
    found = item_analysis(responses(ANSWERS, QUIZ), scale="known")
    assert set(found.distractors["item"]) == {"q1", "q2", "q3"}
    q1 = found.distractors[found.distractors["item"] == "q1"].set_index("option")
    # The sixth person has no answer to q2. Means of the others: 1, 1, 1/3·…, in order of sum:
    # persons 4 and 5 (0), person 3 (1.5), persons 1 and 2 (3): thirds of 5/3 persons.
    assert q1["right"].tolist() == [False, True, False, False]
    assert q1["n"].tolist() == [2, 2, 0, 1]
    third = 5 / 3
    assert q1.loc[2, ["share_low", "share_middle", "share_high"]].tolist() == pytest.approx(
        [0, (2 - third) / third, 1]
    )
    assert q1.loc[8, "share_low"] == pytest.approx(0.5)
    rest = np.array([1.0, 1.0, 0.75, 0.0, 0.0])
    expected = np.corrcoef([1, 1, 0, 0, 0], rest)[0, 1]
    assert q1.loc[2, "point_biserial"] == pytest.approx(expected)
    assert np.isnan(q1.loc[3, "point_biserial"])
    q3 = found.distractors[found.distractors["item"] == "q3"].set_index("option")
    assert q3["right"].tolist() == [True, False]
    assert q3["n"].tolist() == [3, 3]


def test_pairwise_keeps_whom_listwise_leaves_out() -> None:
    answers = responses(ANSWERS, QUIZ)
    listwise, pairwise = (item_analysis(answers, missing=how) for how in ("listwise", "pairwise"))
    for found, n in ((listwise, 5), (pairwise, 6)):
        rows = found.table[
            (found.table["item"] == "q1") & (found.table["statistic"] == "item_rest")
        ]
        assert rows["n"].tolist() == [5]
        counted = found.distractors[found.distractors["item"] == "q1"]["n"].sum()
        assert counted == n
    told = [
        c.message for c in listwise.caveats if c.code == "persons-left-out" and c.where[0] == "k"
    ]
    assert len(told) == 1
    assert told[0].startswith("1 of 6 persons did not answer every item and are left out")


def test_groups_and_all() -> None:
    found = item_analysis(responses(ANSWERS, QUIZ, groups=["place"]), scale="felt", by="place")
    assert list(dict.fromkeys(found.table["group"])) == ["A", "B", "(all)"]
    assert figures(found, "mean", group="B", item="r2").tolist() == [3.0]
    alone = item_analysis(responses(ANSWERS.iloc[2:5], QUIZ), scale="felt")
    for table in ("table", "options"):
        part = getattr(found, table)
        part = part[part["group"] == "B"].drop(columns="group").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, getattr(alone, table))


def test_every_instrument_that_ships_can_be_analysed() -> None:
    for name in ("digital-safety-quiz", "eurostat-dsi-2", "digilitt-core", "hls19-digi"):
        found = item_analysis(simulate(instrument(name), n=60, rng=1).responses)
        shares = found.options.groupby(["scale", "item"])["share"].sum()
        assert np.isfinite(figures(found, "mean")).all()
        assert (shares > 0).all()


# Laws


def tables(least: int = 3) -> st.SearchStrategy[pd.DataFrame]:
    cells = st.sampled_from([1.0, 2.0, 3.0, 4.0, NAN])
    shapes = st.tuples(st.integers(least, 9), st.integers(2, 4))
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=cells)).map(frame)


def equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, rtol=1e-7, atol=1e-9)


DELETION = st.sampled_from(["listwise", "pairwise"])


@settings(max_examples=40)
@given(tables(), DELETION)
def test_reversing_all_keys_turns_level_and_skew_alone(table: pd.DataFrame, missing: str) -> None:
    before = item_analysis(table, missing=missing).wide()
    after = item_analysis(5 - table, missing=missing).wide()
    turned = before.assign(
        mean=5 - before["mean"],
        skew=-before["skew"],
        floor=before["ceiling"],
        ceiling=before["floor"],
    )
    equal(after, turned)


@settings(max_examples=40)
@given(tables(), DELETION, st.randoms(use_true_random=False))
def test_order_of_persons_and_items_is_nothing(table: pd.DataFrame, missing: str, random) -> None:
    rows, items = list(range(len(table))), list(table)
    random.shuffle(rows), random.shuffle(items)
    before = item_analysis(table, missing=missing)
    after = item_analysis(table.iloc[rows][items], missing=missing)
    equal(after.wide().sort_values("item", ignore_index=True), before.wide())
    for statistic in ("alpha", "inter_item_mean", "inter_item_min", "inter_item_max"):
        np.testing.assert_allclose(figures(after, statistic), figures(before, statistic), atol=1e-9)


@settings(max_examples=40)
@given(tables(), DELETION, st.data())
def test_patterns_with_counts_are_their_persons(table: pd.DataFrame, missing: str, data) -> None:
    sizes = st.lists(st.integers(0, 3), min_size=len(table), max_size=len(table))
    n = np.array(data.draw(sizes.filter(any)))
    merged = item_analysis(table.assign(persons=n), counts="persons", missing=missing)
    spread = item_analysis(table.loc[np.repeat(table.index, n)], missing=missing)
    equal(merged.table, spread.table)
    equal(merged.options, spread.options)
    assert codes(merged) == codes(spread)


@settings(max_examples=40)
@given(tables(), DELETION, st.sampled_from([0.25, 3.0, 1e6]))
def test_rescaling_leaves_all_but_mean_and_sd(table: pd.DataFrame, missing: str, by: float) -> None:
    before = item_analysis(table, missing=missing).wide()
    after = item_analysis(table * by, missing=missing).wide()
    equal(after, before.assign(mean=before["mean"] * by, sd=before["sd"] * by))


@settings(max_examples=40)
@given(tables(1), DELETION)
def test_what_is_not_computable_has_a_caveat(table: pd.DataFrame, missing: str) -> None:
    found = item_analysis(table, missing=missing)
    if found.table["estimate"].isna().any():
        assert codes(found) - {"range-observed", "persons-left-out", "item-rest-negative"}


@given(arrays(np.float64, (8, 3), elements=st.sampled_from([0.0, 1.0])))
def test_flipping_right_and_wrong_turns_difficulty_alone(values: np.ndarray) -> None:
    values[0], values[1] = 0.0, 1.0
    before = item_analysis(frame(values)).wide()
    after = item_analysis(frame(1 - values)).wide()
    np.testing.assert_allclose(after["difficulty"], 1 - before["difficulty"])
    np.testing.assert_allclose(after["discrimination_27"], before["discrimination_27"], atol=1e-9)


# Hard input


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[1, 2, 3], [1, 3, 2], [1, 1, 1], [1, 2, 1]], {"no-variance"}),
        ([[1, 2, 3]], {"too-few-persons", "one-answer"}),
        ([[1, 2, 3], [3, 2, 1]], {"too-few-persons", "no-variance"}),
        ([[NAN, 2, 3], [NAN, 1, 2], [NAN, 2, 2]], {"item-unanswered", "too-few-persons"}),
        ([[NAN, NAN], [NAN, NAN]], {"item-unanswered", "too-few-persons", "too-few-items"}),
        (
            [[1, 2], [2, 3], [3, 1]],
            {"too-few-items", "item-rest-negative", "no-common-variance"},
        ),
        ([[1], [2], [2]], {"too-few-items"}),
        (
            [[1, 4, 2], [2, 3, 1], [4, 1, 4], [3, 2, 3]],
            {"item-rest-negative", "no-common-variance", "no-total"},
        ),
        (
            [[1, 5], [2, 4], [4, 2], [5, 1]],
            {"too-few-items", "item-rest-negative", "no-common-variance", "no-total"},
        ),
        ([[1, 2, 2], [2, 2, 3], [3, 5, NAN], [1, 2, 1]], {"no-variance", "persons-left-out"}),
    ],
)
@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_hard_input(values: list[list[float]], expected: set[str], missing: str) -> None:
    found = item_analysis(frame(values), missing=missing)
    assert codes(found) - {"range-observed"} == expected
    n_items = len(values[0])
    assert len(found.table) == 12 * n_items + 4
    assert not np.isinf(found.table["estimate"]).any()


def test_a_constant_item_leaves_alpha_of_the_others() -> None:
    table = frame([[1, 2, 3], [1, 3, 2], [1, 1, 1], [1, 2, 1]])
    found = item_analysis(table)
    assert np.isnan(figures(found, "item_rest", item="i0")).all()
    assert np.isnan(figures(found, "inter_item_mean")).all()
    without = item_analysis(table.drop(columns="i0"))
    dropped = figures(found, "alpha_if_dropped", item="i0")
    np.testing.assert_allclose(dropped, figures(without, "alpha"))
    assert figures(found, "sd", item="i0").tolist() == [0.0]


def test_one_person_has_a_mean_and_no_spread() -> None:
    wide = item_analysis(frame([[1, 2, 3]])).wide()
    assert wide["mean"].tolist() == [1, 2, 3]
    assert wide["sd"].isna().all()


def test_continuous_answers_have_no_list() -> None:
    found = item_analysis(dataset("holzinger")[["x1", "x2"]])
    assert "many-answers" in codes(found)
    assert found.options.empty


def test_all_right_or_all_alike_cannot_discriminate() -> None:
    found = item_analysis(frame([[0, 1], [1, 0], [0, 1], [1, 0]]))
    assert figures(found, "difficulty").tolist() == [0.5, 0.5]
    assert np.isnan(figures(found, "discrimination_27")).all()
    assert "no-total" in codes(found)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"missing": "fiml", "moments": 4}, "2 problems"),
        ({"missing": "available"}, "listwise"),
        ({"moments": True}, "1, 2 or 3"),
        ({"scale": "felt"}, "no scales"),
        ({"by": "place"}, "no column"),
    ],
)
def test_mistakes_are_errors(options: dict[str, object], match: str) -> None:
    with pytest.raises(ResponseError, match=match):
        item_analysis(frame([[1, 2], [2, 3]]), **options)


def test_a_group_may_not_be_called_all() -> None:
    table = frame([[1, 2], [2, 3]]).assign(place=["(all)", "B"])
    with pytest.raises(ResponseError, match="uses itself"):
        item_analysis(table, by="place")


@pytest.mark.parametrize("by", [1e200, 1e-200])
def test_numbers_beyond_arithmetic_are_an_error(by: float) -> None:
    with pytest.raises(ResponseError, match=r"'i0': holds answers from .*rescale"):
        item_analysis(frame([[1 * by, 2], [2 * by, 1], [3 * by, 3]]))


def test_more_items_than_persons() -> None:
    found = item_analysis(frame(np.random.default_rng(1).integers(1, 6, (5, 12))))
    assert "no-common-variance" in codes(found)
    assert figures(found, "item_rest_smc").shape == (12,)
    assert np.isnan(figures(found, "item_rest_smc")).all()
    assert np.isfinite(figures(found, "item_rest")).all()


def test_items_that_are_one_have_an_alpha_of_one() -> None:
    found = item_analysis(frame([[1, 1, 1], [2, 2, 2], [4, 4, 4]]))
    np.testing.assert_allclose(figures(found, "item_rest"), 1.0)
    np.testing.assert_allclose(figures(found, "alpha"), 1.0)
    assert "no-common-variance" in codes(found)
