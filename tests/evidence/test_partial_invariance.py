"""Score tests and searches against lavaan, and what a search promises."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import digilitt as dl
from digilitt.evidence.cfa_tables import slopes_of
from digilitt.evidence.partial_candidates import candidates, parameter_text, score_tests
from digilitt.numerics.covariance.modification import loosened, modification, released
from tests.reference.cases import dataset, load_case

CASE = load_case("partial_invariance")
A = [f"A{number}" for number in range(1, 6)]
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
AGREE = "agree =~ A1 + A2 + A3 + A4 + A5"
BFI = dataset("bfi", group=True)[["group", *A]]
HOLZINGER = dataset("holzinger", group=True)


@cache
def ladder(name: str, estimator: str) -> dl.Invariance:
    if name == "holzinger":
        return dl.invariance(HOLZINGER, by="group", model=THREE, estimator=estimator)
    frame = BFI
    if name == "three":
        odd = np.arange(1, len(BFI) + 1) % 2 == 1
        women = np.where(odd, "female odd", "female even")
        frame = BFI.assign(group=np.where(BFI["group"] == "male", "male", women))
    return dl.invariance(frame, by="group", model=AGREE, estimator=estimator)


def split(frame: pd.DataFrame, cut) -> pd.DataFrame:
    return frame.assign(**{name: cut(frame[name]) for name in A}).dropna()


def compare_tests(
    found: dl.Invariance, step: str, full: str, told: dict[str, Any], tolerance: str
) -> None:
    """All score tests of a step, by parameter."""
    restricted = found.steps[step]
    chosen = candidates(restricted.table, found.steps[full].table)
    tests = score_tests(restricted, chosen)
    ours = {", ".join(each.partial): at for at, each in enumerate(chosen)}
    order = [ours[name] for name in told["parameter"]]
    assert len(order) == len(ours)
    assert tests.df[order].tolist() == told["df"]
    CASE.check(tolerance, tests.statistic[order], told["chisq"], step)


@pytest.mark.parametrize(
    ("data", "name", "figure", "estimator"),
    [
        ("holzinger", "holzinger", "score_ml", "ml"),
        ("holzinger", "holzinger", "score_mlr", "mlr"),
        ("bfi", "three", "three_ml", "ml"),
        ("bfi", "three", "three_mlr", "mlr"),
        ("bfi", "bfi", "score_dwls", "dwls"),
        ("bfi", "bfi", "score_wlsmv", "wlsmv"),
        ("bfi", "bfi", "score_ulsmv", "ulsmv"),
    ],
)
def test_score_tests_are_those_of_r(data, name, figure, estimator):
    found, told = ladder(name, estimator), CASE.expected[data][figure]
    for step, expected in told.items():
        full = found.table.set_index("model").loc[step, "compared_with"]
        tolerance = "score_of_weights" if estimator == "dwls" else "score"
        compare_tests(found, step, full, expected, tolerance)


def test_a_search_does_what_was_done_by_hand():
    told = CASE.expected["holzinger"]["search"]
    found = dl.partial_invariance(ladder("holzinger", "ml"))
    assert found.partial == ("x3 ~1", "x7 ~1")
    assert found.table["decision"].tolist() == ["free", "free", "difference-not-significant"]
    assert found.table["df_diff"].tolist() == [each["df"] for each in told]
    # The last round's strongest are two halves of one thing: what is left of visual.
    assert found.table["parameter"].tolist()[:-1] == [each["parameter"] for each in told[:-1]]
    for ours, theirs, name in [
        ("chi2_diff", "chisq", "difference"),
        ("p_diff", "p", "index"),
        ("cfi_diff", "cfi", "index"),
        ("score_chi2", "score", "score"),
        ("p_adjusted", "adjusted", "index"),
    ]:
        CASE.check(name, found.table[ours], [each[theirs] for each in told], ours)


def test_the_ladder_of_a_search_is_that_of_its_partial():
    search = dl.partial_invariance(ladder("holzinger", "mlr"))
    again = dl.invariance(
        HOLZINGER, by="group", model=THREE, estimator="mlr", partial=search.partial
    )
    numbers = again.table.select_dtypes("number").columns
    np.testing.assert_allclose(
        search.invariance.table[numbers].to_numpy(), again.table[numbers].to_numpy(), atol=2e-5
    )
    last = search.table.iloc[-1]
    row = again.table.set_index("model").loc["scalar"]
    assert row["chi2_diff"] == pytest.approx(last["chi2_diff"], abs=1e-5)
    assert row["df_diff"] == last["df_diff"] == 4
    assert search.invariance.options.partial == search.partial


def test_searches_step_by_step():
    first = dl.partial_invariance(ladder("bfi", "wlsmv"), step="metric")
    assert first.partial == ("agree =~ A5",)
    then = dl.partial_invariance(first.invariance, step="scalar")
    assert then.partial[0] == "agree =~ A5"
    assert "step-before-rejected" not in {each.code for each in then.caveats}
    skipped = dl.partial_invariance(ladder("bfi", "wlsmv"), step="scalar")
    assert "step-before-rejected" in {each.code for each in skipped.caveats}
    assert all(text.endswith("~1") for text in skipped.partial)


def test_nothing_is_freed_where_the_step_holds():
    found = ladder("holzinger", "ml")
    search = dl.partial_invariance(found, step="metric")
    assert search.partial == ()
    assert search.invariance is found
    assert len(search.table) == 1
    assert search.caveats == found.caveats


@pytest.mark.parametrize("estimator", ["ml", "wlsmv"])
def test_stops_by_cfi(estimator):
    found = ladder("three", estimator)
    search = dl.partial_invariance(found, stop="cfi", cfi_bound=0.008)
    assert search.table["decision"].iloc[-1] == "cfi-within-bound"
    assert (search.table["cfi_diff"].iloc[:-1] < -0.008).all()
    assert search.table["cfi_diff"].iloc[-1] >= -0.008
    name = {"ml": "cfi_diff", "wlsmv": "cfi_diff_scaled"}[estimator]
    first = found.table.set_index("model").loc["scalar", name]
    assert search.table["cfi_diff"].iloc[0] == pytest.approx(first, abs=1e-12)


def test_a_share_of_items_stays_equal():
    found = ladder("three", "wlsmv")
    narrow = dl.partial_invariance(found, max_share=0.2, correction="none")
    assert len(narrow.partial) == 1
    assert narrow.table["decision"].iloc[-1] == "share-reached"
    assert "step-still-rejected" in {each.code for each in narrow.caveats}
    wide = dl.partial_invariance(found, max_share=0.9, correction="none", alpha=0.9)
    assert len(wide.partial) <= 4
    one_left = [each for each in wide.caveats if each.code == "one-equal-item"]
    assert len(one_left) == (len(wide.partial) == 4)


def test_items_with_two_categories_lose_loading_and_intercept_together():
    rng = np.random.default_rng(5)
    latent = rng.normal(size=(1600, 1)) + rng.normal(size=(1600, 5))
    latent[800:, 1] += 0.9
    frame = pd.DataFrame((latent > [-0.5, 0.0, 0.3, 0.6, -0.2]).astype(int), columns=A)
    frame["group"] = np.repeat(["one", "two"], 800)
    search = dl.partial_invariance(dl.invariance(frame, by="group", model=AGREE))
    assert search.compared_with == "thresholds"
    assert search.partial == ("agree =~ A2", "A2 ~1")
    assert search.table["parameter"].iloc[0] == "agree =~ A2, A2 ~1"
    # The item's residual variance is no longer free: one degree of freedom is given up.
    assert search.table["df"].iloc[0] == 1
    assert search.table["df_diff"].tolist() == [3.0, 2.0]
    assert search.table["decision"].iloc[-1] == "difference-not-significant"


def test_released_together_is_more_than_alone():
    """One cell alone is the modification index; a cell twice is the same; order does not matter."""
    fitted = ladder("three", "ml").steps["scalar"]
    loose = loosened(fitted.model, fitted.free, fitted.cells)
    slope, curvature = slopes_of(fitted, loose)
    n = float(sum(fitted.statistics.sizes))
    rows = fitted.table.rows
    places = np.flatnonzero((rows["lhs"] == "A1") & (rows["op"] == "~1"))
    sets = [places[1:2], places[[1, 1]], places[1:], places[[0, 2]], places]
    found = released(loose, slope, curvature, n, sets)
    alone = modification(loose, slope, lambda: curvature, n).index[places[1]]
    # The index takes the slope along the model's parameters for 0, which a search makes it nearly.
    assert found.statistic[0] == pytest.approx(alone, rel=1e-5)
    assert found.statistic[1] == pytest.approx(found.statistic[0], rel=1e-9)
    assert found.df.tolist() == [1, 1, 2, 2, 2]
    np.testing.assert_allclose(found.statistic[2:], found.statistic[2], rtol=1e-8)
    assert found.statistic[2] > found.statistic[0]
    twice = released(loose, slope, curvature, n, sets, 2.0 * curvature)
    np.testing.assert_allclose(twice.statistic, found.statistic, rtol=1e-8)


def test_what_is_not_identified_has_no_test():
    answers = split(BFI, lambda column: np.ceil(column / 2))
    found = dl.invariance(answers, by="group", model=AGREE)
    step = found.steps["thresholds"]
    chosen = candidates(step.table, found.steps["configural"].table)
    tests = score_tests(step, chosen)
    assert len(chosen) == 10
    assert np.isnan(tests.statistic).all()
    assert (tests.df == 0).all()


def test_generalized_tests_have_their_size():
    """True models, skewed items: the share of p values below .05, five loadings in 40 samples."""
    rng = np.random.default_rng(11)
    p_values = []
    for _ in range(40):
        latent = rng.normal(size=(600, 1)) + rng.normal(size=(600, 5))
        frame = pd.DataFrame(np.digitize(latent, [0.5, 1.5, 2.5]), columns=A)
        frame["group"] = np.repeat(["one", "two"], 300)
        steps = dl.invariance(frame, by="group", model=AGREE).steps
        tests = score_tests(
            steps["metric"], candidates(steps["metric"].table, steps["thresholds"].table)
        )
        p_values += chi2.sf(tests.statistic, tests.df).tolist()
    # 200 tests, the five of a sample dependent: a standard error of about .02.
    assert 0.005 < np.mean(np.array(p_values) < 0.05) < 0.11


def test_texts_of_parameters_are_read_back():
    assert parameter_text(("f", "=~", "a 1")) == "f =~ `a 1`"
    frame = HOLZINGER.rename(columns={"x3": "x 3"})
    model = THREE.replace("x3", "`x 3`")
    search = dl.partial_invariance(dl.invariance(frame, by="group", model=model, estimator="ml"))
    assert search.partial == ("`x 3` ~1", "x7 ~1")


def test_candidates_have_a_table():
    search = dl.partial_invariance(ladder("holzinger", "ml"))
    table = search.candidates
    assert table.groupby("round").size().tolist() == [9, 8, 7]
    first = table[table["round"] == 1].sort_values("score_chi2").iloc[-1]
    assert (first["parameter"], first["item"], first["factor"]) == ("x3 ~1", "x3", "visual")
    # One of visual's three is free, so the other two may not follow.
    second = table[table["round"] == 2].set_index("item")["may_be_freed"]
    assert second[["x1", "x2"]].tolist() == [False, False]
    assert second[["x4", "x7"]].all()


def test_shows_what_was_done():
    shown = repr(dl.partial_invariance(ladder("holzinger", "ml")))
    assert "scalar against metric" in shown
    assert "freed x3 ~1, x7 ~1 · stopped: difference-not-significant" in shown
    assert "chosen-by-search" in shown


@pytest.mark.parametrize(
    ("options", "column"),
    [
        ({"step": "configural"}, "step"),
        ({"step": "thresholds"}, "step"),
        ({"stop": "never"}, "stop"),
        ({"correction": "tukey"}, "correction"),
        ({"alpha": 0.0}, "alpha"),
        ({"alpha": True}, "alpha"),
        ({"max_share": 1.0}, "max_share"),
        ({"max_share": 0.0}, "max_share"),
        ({"cfi_bound": -0.01}, "cfi_bound"),
        ({"cfi_bound": float("nan")}, "cfi_bound"),
    ],
)
def test_options_that_cannot_be_used(options, column):
    with pytest.raises(dl.ResponseError) as raised:
        dl.partial_invariance(ladder("holzinger", "ml"), **options)
    assert [each.column for each in raised.value.problems] == [column]


def test_a_step_without_a_test():
    answers = split(BFI, lambda column: np.ceil(column / 2))
    found = dl.invariance(answers, by="group", model=AGREE)
    with pytest.raises(dl.ResponseError, match="no test") as raised:
        dl.partial_invariance(found, step="thresholds")
    assert raised.value.problems[0].code == "no-step-test"


def test_between_occasions_there_is_no_search():
    frame = HOLZINGER.rename(columns={f"x{at}": f"a{at}_1" for at in (1, 2, 3)}).rename(
        columns={f"x{at}": f"a{at - 3}_2" for at in (4, 5, 6)}
    )
    model = "f =~ a1 + a2 + a3"
    found = dl.invariance(
        frame[[f"a{at}_{when}" for when in (1, 2) for at in (1, 2, 3)]],
        occasions=["1", "2"],
        model=model,
        estimator="ml",
    )
    for call in (dl.partial_invariance, dl.noninvariance, dl.alignment):
        with pytest.raises(dl.ResponseError) as raised:
            call(found)
        assert [each.code for each in raised.value.problems] == ["not-for-occasions"]


@cache
def many_groups() -> dl.Invariance:
    """Nine groups of 100; `Fråga 4` stands higher in one of them."""
    rng = np.random.default_rng(3)
    latent = rng.normal(size=(900, 1)) + rng.normal(size=(900, 8))
    place = np.repeat([f"place {number}" for number in range(1, 10)], 100)
    latent[place == "place 7", 3] += 0.7
    columns = [f"Fråga {number}" for number in range(1, 9)]
    frame = pd.DataFrame(latent, columns=columns).assign(place=place)
    return dl.invariance(frame, by="place", estimator="ml")


def test_one_large_difference_among_many_equalities_is_told():
    search = dl.partial_invariance(many_groups())
    assert search.table["decision"].tolist() == ["difference-not-significant"]
    assert search.table["df_diff"].tolist() == [56.0]
    (told,) = [each for each in search.caveats if each.code == "candidate-stands-out"]
    p = search.table["p_adjusted"].iloc[0]
    assert p < 0.05 < search.table["p_diff"].iloc[0]
    assert told.where == "scalar"
    assert f"`Fråga 4` ~1 stands out (corrected p {p:.2g})" in told.message
    assert "partial=, or use stop='score-test'" in told.message
    # Without a correction the caveat still goes by a corrected p.
    plain = dl.partial_invariance(many_groups(), correction="none", alpha=p / 2)
    assert "candidate-stands-out" not in {each.code for each in plain.caveats}
    by_cfi = dl.partial_invariance(many_groups(), stop="cfi", cfi_bound=0.5)
    assert "candidate-stands-out" not in {each.code for each in by_cfi.caveats}


def test_stops_by_score_tests():
    search = dl.partial_invariance(many_groups(), stop="score-test")
    assert search.partial == ("`Fråga 4` ~1",)
    assert search.table["decision"].tolist() == ["free", "no-significant-candidate"]
    codes = {each.code for each in search.caveats}
    assert "chosen-by-search" in codes
    assert not codes & {"step-still-rejected", "candidate-stands-out"}
    # Nothing stands out, and still the step is rejected: the search says so.
    strict = dl.partial_invariance(
        ladder("holzinger", "ml"), stop="score-test", correction="bonferroni", alpha=0.002
    )
    assert strict.table["decision"].iloc[-1] == "no-significant-candidate"
    rejected = strict.table["p_diff"].iloc[-1] < 0.002
    assert rejected == ("step-still-rejected" in {each.code for each in strict.caveats})


def test_caveats_of_a_search_go_along():
    narrow = dl.partial_invariance(ladder("three", "wlsmv"), max_share=0.2, correction="none")
    told = {"step-still-rejected", "chosen-by-search"}
    assert told <= {each.code for each in narrow.caveats}
    assert narrow.invariance.caveats == narrow.caveats
    sizes = dl.noninvariance(narrow)
    assert told <= {each.code for each in sizes.caveats}
    assert len(set(sizes.caveats)) == len(sizes.caveats)
    # Nothing is freed in the configural step.
    aligned = dl.alignment(narrow.invariance, n_starts=1)
    assert not told & {each.code for each in aligned.caveats}
    linked = dl.noninvariance(narrow, model="configural")
    assert not told & {each.code for each in linked.caveats}


def test_a_second_search_takes_over_from_the_first():
    first = dl.partial_invariance(ladder("three", "wlsmv"), max_share=0.2, correction="none")
    second = dl.partial_invariance(first.invariance, stop="cfi", cfi_bound=0.2)
    codes = [each.code for each in second.caveats]
    assert "step-still-rejected" not in codes
    assert codes.count("chosen-by-search") == 1
    other = dl.partial_invariance(first.invariance, step="strict")
    told = {(each.code, each.where) for each in other.caveats}
    assert ("step-still-rejected", "scalar") in told
    assert ("step-before-rejected", "scalar") in told
    assert other.invariance.caveats == other.caveats


@pytest.mark.parametrize("call", [dl.partial_invariance, dl.noninvariance, dl.alignment])
def test_what_is_no_ladder_is_an_error(call):
    solution = dl.cfa(HOLZINGER, THREE, estimator="ml", group="group")
    for found, name in ((HOLZINGER, "DataFrame"), (solution, "CfaSolution"), (None, "NoneType")):
        told = f"found a {name}; expected the result of dl.invariance"
        with pytest.raises(dl.ResponseError, match=told):
            call(found)


def test_a_search_where_a_ladder_belongs_says_where_that_is():
    search = dl.partial_invariance(ladder("holzinger", "ml"))
    for call in (dl.partial_invariance, dl.alignment):
        with pytest.raises(dl.ResponseError, match=r"PartialInvariance; .* Give its \.invariance"):
            call(search)
