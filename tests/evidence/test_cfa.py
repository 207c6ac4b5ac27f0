"""What `cfa` and `invariance` say to input that they cannot use, or can use with care only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import digilitt as dl
from digilitt.errors import DefinitionError, DigilittError, EstimationError, ResponseError

N = 300
RNG = np.random.default_rng(0)
LATENT = 0.7 * RNG.normal(size=(N, 1)) + 0.7 * RNG.normal(size=(N, 6))
NAMES = ["a1", "a2", "a3", "a4", "a5", "a6"]
NUMBERS = pd.DataFrame(LATENT, columns=NAMES)
STEPS = pd.DataFrame(np.digitize(LATENT, [-1.0, 0.0, 1.0]), columns=NAMES)
SEX = np.where(np.arange(N) < 200, "kvinna", "man")
HOLES = RNG.random(STEPS.shape) < 0.3


def codes(error: DigilittError) -> set[str]:
    return {problem.code for problem in error.problems}


def nine_groups() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    latent = 0.7 * rng.normal(size=(540, 1)) + 0.7 * rng.normal(size=(540, 6))
    frame = pd.DataFrame(np.digitize(latent, [-2.0, -1.0, 0.0, 1.0, 2.0]), columns=NAMES)
    return frame.assign(kommun=[f"kommun {place % 9}" for place in range(540)])


def lacking() -> pd.DataFrame:
    low = np.where((SEX == "man") & (STEPS["a1"] == 3), 2, STEPS["a1"])
    return STEPS.assign(a1=low, sex=SEX)


REFUSED: dict[str, tuple[Callable[[], object], type[DigilittError], str]] = {
    "unknown item": (lambda: dl.cfa(STEPS, "f =~ a1 + a2 + b9"), DefinitionError, "unknown-item"),
    "empty model": (lambda: dl.cfa(STEPS, ""), DefinitionError, "model-syntax"),
    "one factor of two items": (
        lambda: dl.cfa(STEPS, "f =~ a1 + a2"),
        EstimationError,
        "not-identified",
    ),
    "a factor without scale": (
        lambda: dl.cfa(STEPS, "f =~ NA*a1 + a2 + a3 + a4\nf ~~ NA*f"),
        EstimationError,
        "not-identified",
    ),
    "continuous items in wlsmv": (lambda: dl.cfa(NUMBERS), ResponseError, "too-many-categories"),
    "one answer, in steps": (
        lambda: dl.cfa(STEPS.assign(a1=1)),
        EstimationError,
        "constant-item",
    ),
    "one answer, in numbers": (
        lambda: dl.cfa(NUMBERS.assign(a1=1.0), estimator="ml"),
        EstimationError,
        "constant-item",
    ),
    "an item that nobody answered": (
        lambda: dl.cfa(NUMBERS.assign(a1=np.nan), estimator="ml", missing="fiml"),
        EstimationError,
        "constant-item",
    ),
    "the same item twice": (
        lambda: dl.cfa(NUMBERS.assign(a1=NUMBERS["a2"]), estimator="mlr"),
        EstimationError,
        "not-positive-definite",
    ),
    "three persons": (
        lambda: dl.cfa(NUMBERS[:3], estimator="ml"),
        ResponseError,
        "too-few-persons",
    ),
    "nobody answered": (lambda: dl.cfa(STEPS * np.nan), ResponseError, "no-rows"),
    "nobody answered both": (
        lambda: dl.cfa(
            NUMBERS.assign(
                a1=NUMBERS["a1"].where(SEX == "man"), a2=NUMBERS["a2"].where(SEX != "man")
            ),
            estimator="mlr",
            missing="fiml",
        ),
        EstimationError,
        "no-coverage",
    ),
    "nobody answered both, in steps": (
        lambda: dl.cfa(
            STEPS.assign(a1=STEPS["a1"].where(SEX == "man"), a2=STEPS["a2"].where(SEX != "man")),
            missing="pairwise",
        ),
        EstimationError,
        "no-correlation",
    ),
    "options": (
        lambda: dl.cfa(STEPS, estimator="WLS", conf_level=2),  # type: ignore[arg-type]
        ResponseError,
        "wrong-value",
    ),
    "fiml in steps": (lambda: dl.cfa(STEPS, missing="fiml"), ResponseError, "wrong-value"),
    "pairwise in numbers": (
        lambda: dl.cfa(NUMBERS, estimator="ml", missing="pairwise"),
        ResponseError,
        "wrong-value",
    ),
    "units in steps": (
        lambda: dl.cfa(STEPS.assign(unit=np.arange(N) // 10), cluster="unit"),
        ResponseError,
        "wrong-value",
    ),
    "one unit": (
        lambda: dl.cfa(NUMBERS.assign(unit=1), estimator="mlr", cluster="unit"),
        ResponseError,
        "too-few-clusters",
    ),
    "weights below 0": (
        lambda: dl.cfa(NUMBERS.assign(w=-1.0), estimator="mlr", weight="w"),
        ResponseError,
        "bad-weights",
    ),
    "no such weight": (
        lambda: dl.cfa(NUMBERS, estimator="mlr", weight="w"),
        ResponseError,
        "missing-column",
    ),
    "one group": (
        lambda: dl.invariance(STEPS.assign(sex="man"), by="sex"),
        ResponseError,
        "too-few-groups",
    ),
    "two persons in a group": (
        lambda: dl.invariance(STEPS.assign(sex=np.where(np.arange(N) < 2, "x", "y")), by="sex"),
        ResponseError,
        "too-few-persons",
    ),
    "a category nobody uses": (
        lambda: dl.invariance(lacking(), by="sex"),
        EstimationError,
        "unused-category",
    ),
    "nine small groups": (
        lambda: dl.invariance(nine_groups(), by="kommun"),
        EstimationError,
        "unused-category",
    ),
    "neither groups nor occasions": (
        lambda: dl.invariance(STEPS),
        ResponseError,
        "wrong-value",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_refused_with_a_reason(name: str) -> None:
    call, kind, code = REFUSED[name]
    with pytest.raises(kind) as caught:
        call()
    assert code in codes(caught.value)


def test_an_unidentified_parameter_is_named() -> None:
    with pytest.raises(EstimationError, match="'f': the factor has no scale"):
        dl.cfa(STEPS, "f =~ NA*a1 + a2 + a3 + a4\nf ~~ NA*f")
    model = "f =~ a1 + a2 + a3\ng =~ a1 + a2 + a3\nh =~ a4 + a5 + a6"
    with pytest.raises(EstimationError, match=r"told apart.* f =~ a1, f =~ a2"):
        dl.cfa(NUMBERS, model, estimator="ml", orthogonal=True)


def test_sparing_what_is_fixed_anyway_is_refused() -> None:
    equal = ["loadings", "thresholds", "intercepts"]
    with pytest.raises(DefinitionError, match="fixed in every group"):
        dl.cfa(STEPS.assign(sex=SEX), group="sex", equal=equal, partial="a3 ~1")  # type: ignore[arg-type]


def test_the_group_without_a_category_is_named() -> None:
    with pytest.raises(EstimationError, match=r"'a1': nobody answered 3 in group 'man'"):
        dl.invariance(lacking(), by="sex")


WITH_CARE: dict[str, tuple[Callable[[], dl.CfaSolution | dl.Invariance], str]] = {
    "answers left out": (lambda: dl.cfa(STEPS.mask(HOLES)), "persons-left-out"),
    "few persons": (lambda: dl.cfa(NUMBERS[:10], estimator="ml"), "few-persons"),
    "few persons for weights": (lambda: dl.cfa(STEPS.mask(HOLES)), "few-persons-for-weights"),
    "empty cells": (lambda: dl.cfa(STEPS), "empty-cells"),
    "the same item twice": (
        lambda: dl.cfa(STEPS.assign(a1=STEPS["a2"])),
        "correlation-at-bound",
    ),
    "steps taken for numbers": (lambda: dl.cfa(STEPS, estimator="mlr"), "few-categories"),
    "a negative variance": (
        lambda: dl.cfa(NUMBERS[:25], "f =~ a1 + a2 + a3", estimator="ml"),
        "heywood-case",
    ),
    "no degrees of freedom": (
        lambda: dl.cfa(NUMBERS, "f =~ a1 + a2 + a3", estimator="ml"),
        "no-degrees-of-freedom",
    ),
    "factors that are one": (
        lambda: dl.cfa(NUMBERS, "f =~ a1 + a2 + a3\ng =~ a4 + a5 + a6\nf ~~ 1.1*g", estimator="ml"),
        "factors-not-distinct",
    ),
    "merged categories": (
        lambda: dl.invariance(lacking(), by="sex", merge_categories=True),
        "categories-merged",
    ),
    "small groups": (
        lambda: dl.invariance(nine_groups(), by="kommun", estimator="mlr"),
        "small-groups",
    ),
    "people of no group": (
        lambda: dl.invariance(
            NUMBERS.assign(sex=np.where(np.arange(N) < 20, None, SEX)), by="sex", estimator="ml"
        ),
        "group-unknown",
    ),
    "few persons for the items": (
        lambda: dl.cfa(NUMBERS[:100], estimator="mlr"),
        "test-too-strict",
    ),
    "heavy tails": (
        lambda: dl.cfa(np.exp(1.2 * NUMBERS), estimator="mlr"),
        "test-too-strict",
    ),
    "few units": (
        lambda: dl.cfa(NUMBERS.assign(unit=np.arange(N) // 30), estimator="mlr", cluster="unit"),
        "few-clusters",
    ),
    "hardly answered together": (
        lambda: dl.cfa(
            NUMBERS.assign(
                a1=NUMBERS["a1"].where(np.arange(N) < 160),
                a2=NUMBERS["a2"].where(np.arange(N) > 140),
            ),
            estimator="mlr",
            missing="fiml",
        ),
        "low-coverage",
    ),
}


@pytest.mark.parametrize("name", WITH_CARE)
def test_what_can_be_done_with_care_says_so(name: str) -> None:
    call, code = WITH_CARE[name]
    assert code in {caveat.code for caveat in call().caveats}


def test_units_of_measurement_do_not_matter() -> None:
    plain = dl.cfa(NUMBERS, estimator="mlr")
    scaled = dl.cfa(NUMBERS * [1.0, 1e4, 1e-4, 1.0, 10.0, 1e6] + 1e3, estimator="mlr")
    assert scaled.fit["chi2_scaled"] == pytest.approx(plain.fit["chi2_scaled"], rel=1e-5)
    np.testing.assert_allclose(scaled.loadings, plain.loadings, atol=1e-5)


def test_a_table_of_counts_says_the_same_as_its_persons() -> None:
    table = STEPS.groupby(NAMES).size().rename("n").reset_index()
    for estimator in ("wlsmv", "mlr", "ml"):
        persons = dl.cfa(STEPS, estimator=estimator)  # type: ignore[arg-type]
        counted = dl.cfa(table, estimator=estimator, counts="n")  # type: ignore[arg-type]
        pd.testing.assert_series_equal(counted.fit, persons.fit, rtol=1e-6)
        errors = [each.table["std_error"] for each in (counted, persons)]
        pd.testing.assert_series_equal(*errors, rtol=1e-5)


def test_small_sample_corrections_by_hand() -> None:
    fit = dl.cfa(NUMBERS[:60], estimator="ml").fit
    p, m, n, df = 6, 1, 60, 9
    bartlett = fit["chi2"] * (n - 1) / n * (1 - (2 * p + 4 * m + 5) / (6 * (n - 1)))
    assert fit["chi2_bartlett"] == pytest.approx(bartlett, rel=1e-12)
    q = (np.sqrt(1 + 4 * p * (p + 1) - 8 * df) - 1) / 2
    cubic = p * (2 * p**2 + 3 * p - 1) - q * (2 * q**2 + 3 * q - 1)
    swain = fit["chi2"] * (n - 1) / n * (1 - cubic / (12 * df * (n - 1)))
    assert fit["chi2_swain"] == pytest.approx(swain, rel=1e-12)


def test_two_categories_have_no_test_of_thresholds_and_say_so() -> None:
    frame = (STEPS > 1).astype(int).assign(sex=SEX)
    table = dl.invariance(frame, by="sex").table.set_index("model")
    assert table.loc["thresholds", "compared_with"] == ""
    assert np.isnan(table.loc["thresholds", "p_diff"])
    assert table.loc["scalar", "compared_with"] == "thresholds"
    assert table.loc["scalar", "note"]


def test_a_step_that_cannot_be_estimated_is_a_row_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from digilitt.errors import Problem
    from digilitt.evidence import invariance as module

    estimate = module.fitted

    def stubborn(table, statistics, start=None):  # type: ignore[no-untyped-def]
        if (table.rows["label"] != "").any():
            raise EstimationError([Problem(code="not-converged", message="no rest")])
        return estimate(table, statistics, start)

    monkeypatch.setattr(module, "fitted", stubborn)
    found = dl.invariance(NUMBERS.assign(sex=SEX), by="sex", estimator="ml")
    assert found.table["chi2"].isna().tolist() == [False, True, True, True]
    assert [c.where for c in found.caveats if c.code == "step-not-estimated"] == [
        "metric",
        "scalar",
        "strict",
    ]


def test_the_script_for_lavaan_and_its_answers(tmp_path: Path) -> None:
    frame = STEPS.assign(sex=SEX)
    found = dl.invariance(frame, by="sex").solution("scalar")
    text = found.to_lavaan(tmp_path / "r")
    assert (tmp_path / "r" / "model.R").read_text(encoding="utf-8") == text == found.to_lavaan()
    data = pd.read_csv(tmp_path / "r" / "data.csv")
    assert data["group"].tolist() == list(SEX)
    assert (data[NAMES].to_numpy() == STEPS.to_numpy() + 1).all()
    with pytest.raises(dl.InterchangeError, match="overwrite"):
        found.to_lavaan(tmp_path / "r")


def test_what_is_shown_is_what_matters() -> None:
    shown = repr(dl.cfa(STEPS))
    assert "factor =~" in shown
    assert "|" not in shown.split("\n! ")[0]
    assert "in .table" in shown


def test_the_same_persons_at_several_waves_are_told() -> None:
    cohort = dl.simulate_cohort(rng=7)
    found = dl.cfa(cohort.responses, group="wave", scale="attityd")
    assert "same-persons" in {caveat.code for caveat in found.caveats}


def test_waves_of_responses_side_by_side() -> None:
    cohort = dl.simulate_cohort(rng=7)
    found = dl.invariance(cohort.responses, occasions=["2018", "2019"], scale="attityd")
    assert found.table["model"].tolist() == [
        "configural",
        "thresholds",
        "metric",
        "scalar",
        "strict",
    ]
    assert found.solution("scalar").fitted.table.factors == ("attityd_2018", "attityd_2019")


def test_near_names_are_suggested() -> None:
    with pytest.raises(DefinitionError, match=r"Did you mean 'a2'"):
        dl.cfa(STEPS, "f =~ a1 + a22 + a3")
    with pytest.raises(ResponseError, match="the columns are a1, a2, a3, a4, a5, a6, sex"):
        dl.cfa(STEPS.assign(sex=SEX), "f =~ a1 + a2 + a3", group="kön")


def test_estimators_may_be_written_as_in_lavaan() -> None:
    found = dl.cfa(STEPS, estimator="WLSMV")  # type: ignore[arg-type]
    pd.testing.assert_series_equal(found.fit, dl.cfa(STEPS).fit)


def test_the_reference_can_be_chosen() -> None:
    frame = NUMBERS.assign(sex=SEX)
    one = dl.invariance(frame, by="sex", estimator="ml")
    other = dl.invariance(frame, by="sex", estimator="ml", reference="man")
    assert one.groups["group"].tolist() == ["kvinna", "man"]
    assert other.groups["group"].tolist() == ["man", "kvinna"]
    np.testing.assert_allclose(one.table["chi2"], other.table["chi2"], rtol=1e-8)
    assert np.sign(one.means()["estimate"][0]) == -np.sign(other.means()["estimate"][0])
    with pytest.raises(ResponseError, match="the groups are kvinna, man"):
        dl.invariance(frame, by="sex", estimator="ml", reference="kvinnor")


def test_means_are_those_of_the_step() -> None:
    found = dl.invariance(STEPS.assign(sex=SEX), by="sex")
    table = found.solution("strict").table
    free = table[(table["lhs"] == "factor") & (table["op"] == "~1") & table["free"]]
    means = found.means("strict")
    assert means["group"].tolist() == ["man"]
    assert means["estimate"].tolist() == free["estimate"].tolist()
    with pytest.raises(ResponseError, match="fixed at 0"):
        found.means("metric")


TWO = "f =~ a1 + a2 + a3\ng =~ a4 + a5 + a6"


def test_robust_indices_are_of_correlations_and_left_out_where_thresholds_are_restricted() -> None:
    free = dl.cfa(STEPS, TWO)
    fixed = dl.cfa(STEPS, f"{TWO}\na1 | -0.5*t1 + 0.2*t2 + 0.9*t3")
    assert np.isfinite(free.fit["rmsea_robust"])
    assert fixed.fit["chi2_scaled"] > 3 * free.fit["chi2_scaled"]
    assert fixed.fit[["cfi_robust", "tli_robust", "rmsea_robust"]].isna().all()
    steps = dl.invariance(STEPS.assign(sex=SEX), by="sex").table.set_index("model")
    assert steps["cfi_robust"].notna().tolist() == [True, False, False, False, False]


def test_units_do_not_matter_to_robust_indices_and_modification() -> None:
    holes = NUMBERS.mask(HOLES)
    units = np.array([1e3, 1e-3, 1.0, 1.0, 1e2, 1e-2])
    for frame, missing in ((holes, "fiml"), (NUMBERS, "listwise")):
        plain = dl.cfa(frame, TWO, estimator="mlr", missing=missing)  # type: ignore[arg-type]
        other = dl.cfa(frame * units, TWO, estimator="mlr", missing=missing)  # type: ignore[arg-type]
        for name in ("cfi_robust", "rmsea_robust", "chi2_scaled"):
            assert other.fit[name] == pytest.approx(plain.fit[name], rel=1e-5, abs=1e-7)
        keys = ["lhs", "op", "rhs"]
        found = [each.modification.set_index(keys)["mi"].sort_index() for each in (plain, other)]
        # The two factors are nearly one, so that digits are lost in any unit.
        pd.testing.assert_series_equal(*found, rtol=5e-3, atol=1e-6)


def test_models_that_are_not_nested_have_no_test() -> None:
    one = dl.cfa(NUMBERS, "f =~ a1 + a2\ng =~ a3 + a4 + a5 + a6", estimator="mlr")
    other = dl.cfa(NUMBERS, f"{TWO}\na1 ~~ a4\na2 ~~ a5", estimator="mlr")
    found = dl.difference_test(one, other)
    assert found.table[["chi2", "p_value"]].isna().all(axis=None)
    assert [caveat.code for caveat in found.caveats] == ["difference-not-nested"]


@pytest.mark.parametrize("estimator", ["ml", "mlr", "wlsmv"])
def test_one_factor_lies_within_two_and_in_one_with_a_covariance(estimator: str) -> None:
    frame = STEPS if estimator == "wlsmv" else NUMBERS
    one, two, more = (
        dl.cfa(frame, model, estimator=estimator)  # type: ignore[arg-type]
        for model in ("f =~ a1 + a2 + a3 + a4 + a5 + a6", TWO,
                      "f =~ a1 + a2 + a3 + a4 + a5 + a6\na1 ~~ a2")
    )  # fmt: skip
    for full in (two, more):
        found = dl.difference_test(one, full)
        assert found.caveats == ()
        assert found.table["df"].tolist() == [1.0]
        assert 0.0 <= found.table["p_value"][0] <= 1.0


def test_models_of_other_answers_are_not_compared() -> None:
    one = dl.cfa(STEPS, "f =~ a1 + a2 + a3 + a4 + a5 + a6")
    drawn = STEPS.sample(frac=1.0, replace=True, random_state=1).reset_index(drop=True)
    with pytest.raises(ResponseError, match="same answers"):
        dl.difference_test(one, dl.cfa(drawn, TWO))
    plain = dl.cfa(NUMBERS, TWO, estimator="mlr")
    units = dl.cfa(NUMBERS.assign(unit=np.arange(N) // 5), TWO, estimator="mlr", cluster="unit")
    with pytest.raises(ResponseError, match="same answers"):
        dl.difference_test(plain, units)


@pytest.mark.parametrize("estimator", ["wlsmv", "mlr"])
def test_rows_that_stand_for_nobody_change_nothing(estimator: str) -> None:
    table = STEPS.groupby(NAMES).size().rename("n").reset_index()
    nobody = pd.DataFrame([[9] * 6 + [0]], columns=table.columns)
    one = dl.cfa(table, estimator=estimator, counts="n")  # type: ignore[arg-type]
    other = dl.cfa(pd.concat([table, nobody]), estimator=estimator, counts="n")  # type: ignore[arg-type]
    pd.testing.assert_series_equal(one.fit, other.fit)
    assert [c.code for c in one.caveats] == [c.code for c in other.caveats]


def test_persons_of_no_known_unit_are_units_of_their_own() -> None:
    unit = np.where(np.arange(N) < 100, np.nan, np.arange(N) // 4)
    alone = np.where(np.arange(N) < 100, 1000.0 + np.arange(N), np.arange(N) // 4)
    found, expected = (
        dl.cfa(NUMBERS.assign(unit=each), estimator="mlr", cluster="unit") for each in (unit, alone)
    )
    pd.testing.assert_series_equal(found.table["std_error"], expected.table["std_error"])
    assert "cluster-unknown" in {caveat.code for caveat in found.caveats}


def test_a_search_that_ends_on_a_saddle_is_told() -> None:
    starts = " + ".join(f"start(1e-9)*{item}" for item in NAMES)
    found = dl.cfa(STEPS, f"f =~ {starts}")
    assert "hardly-determined" in {caveat.code for caveat in found.caveats}


def test_a_step_carries_what_is_told_of_it_and_of_those_before() -> None:
    found = dl.invariance(nine_groups(), by="kommun", estimator="mlr")
    assert "small-groups" in {caveat.code for caveat in found.solution("metric").caveats}


def test_groups_that_one_model_lacks_are_told() -> None:
    three = STEPS.assign(town=np.where(np.arange(N) % 3 == 0, "x", SEX))
    full = dl.cfa(three, group="town")
    fewer = dl.cfa(three[three["town"] != "x"], group="town", equal=["loadings"])
    with pytest.raises(ResponseError, match="same answers"):
        dl.difference_test(fewer, full)


def test_waves_that_are_not_there_are_told() -> None:
    cohort = dl.simulate_cohort(rng=7).responses
    with pytest.raises(ResponseError, match=r"found '2022'; the waves are 2018, 2019"):
        dl.invariance(cohort, occasions=["2018", "2022"], scale="attityd")
    with pytest.raises(ResponseError, match="expected a list"):
        dl.invariance(cohort, occasions="2018", scale="attityd")


def test_occasions_need_persons_too() -> None:
    wide = pd.concat([STEPS.add_suffix("_1"), STEPS.add_suffix("_2")], axis=1)
    model = "f =~ a1 + a2 + a3 + a4 + a5 + a6"
    with pytest.raises(ResponseError) as caught:
        dl.invariance(wide[:12], model=model, occasions=["1", "2"])
    assert codes(caught.value) == {"too-few-persons"}


def test_a_later_step_that_cannot_be_true_is_told() -> None:
    frame = NUMBERS[:60].assign(sex=np.where(np.arange(60) < 30, "kvinna", "man"))
    found = dl.invariance(
        frame, by="sex", model="f =~ a1 + a2 + a3\ng =~ a4 + a5 + a6", estimator="ml"
    )
    told = {(c.code, c.where) for c in found.caveats}
    for level in found.steps:
        improper = {
            (c.code, c.where)
            for c in found.solution(level).caveats
            if c.code in ("heywood-case", "factors-not-distinct", "loading-above-one")
            and level not in c.where
        }
        where = "" if level == "configural" else f"{level}, "
        assert {(code, f"{where}{group}") for code, group in improper} <= told
    assert {code for code, _ in told} & {"heywood-case", "factors-not-distinct"}
