"""Factor scores of persons, through `cfa`."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import digilitt as dl
from digilitt.errors import ResponseError
from digilitt.evidence.cfa import cfa
from digilitt.evidence.cfa_solution import CfaSolution
from tests.reference.cases import dataset, load_case

SCORES = load_case("latent_scores")
HOLZINGER = dataset("holzinger", group=True)
BFI = dataset("bfi", group=True)
SCIENCE = dataset("science")
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
EQUAL = ("loadings", "intercepts")


def of(trait: str, numbers: str = "12345") -> str:
    return f"{trait} =~ " + " + ".join(f"{trait}{number}" for number in numbers)


LINEAR = {
    "three": (THREE, {}),
    "school": (THREE, {"group": "group", "equal": EQUAL}),
    "correlated": (f"{THREE}\nx9 ~~ x2", {}),
    "higher": (f"{THREE}\ng =~ visual + textual + speed", {}),
}


@cache
def linear(figure: str) -> CfaSolution:
    model, options = LINEAR[figure]
    frame = HOLZINGER if "group" in options else HOLZINGER.drop(columns="group")
    return cfa(frame, model, estimator="ml", **options)


@cache
def attitude() -> CfaSolution:
    return cfa(SCIENCE)


def fitted(name: str) -> CfaSolution:
    return attitude() if name == "attitude" else linear(name)


def codes(error) -> list[str]:
    return [problem.code for problem in error.value.problems]


def told(found) -> dict[str, str]:
    return {caveat.code: caveat.message for caveat in found.caveats}


def rows_of(frame: pd.DataFrame, answers: np.ndarray) -> list[int]:
    """First row with each of these answers."""
    have = frame.to_numpy(dtype=float)
    alike = (have[None] == answers[:, None]) | (np.isnan(have)[None] & np.isnan(answers)[:, None])
    return [int(np.flatnonzero(each)[0]) for each in alike.all(axis=2)]


def check(found, frame: pd.DataFrame, figure: dict, theirs: dict) -> None:
    """Scores and errors of the persons whose answers the case has."""
    rows = rows_of(frame, np.array(figure["answers"], dtype=float))
    for column, name in (("estimate", "scores"), ("std_error", "std_error")):
        ours = found.table[column].to_numpy().reshape(len(found.index), -1)[rows]
        expected = np.array(theirs[name], dtype=float).reshape(ours.shape)
        # lavaan gives a higher-order factor its mean for Bartlett's score; we give none.
        known = ~np.isnan(ours)
        SCORES.check("fitted", ours[known], expected[known], name)


@pytest.mark.parametrize("method", ["regression", "bartlett"])
@pytest.mark.parametrize("figure", list(LINEAR))
def test_scores_of_continuous_items_are_those_of_lavaan(figure, method):
    solution, expected = linear(figure), SCORES.expected["holzinger"][figure]
    items = list(solution.fitted.table.items)
    # With groups the case has persons of the second one.
    chosen = HOLZINGER["group"] == "Grant-White" if figure == "school" else HOLZINGER.index >= 0
    found = solution.scores(HOLZINGER[chosen], method=method)
    check(found, HOLZINGER.loc[chosen, items], expected, expected[method])


@pytest.mark.parametrize("method", ["regression", "bartlett"])
def test_scores_from_the_answers_there_are(method):
    items = [name for name in BFI if name[0] in "ACE"]
    model = "\n".join(map(of, "ACE"))
    solution = cfa(BFI[items], model, estimator="ml", missing="fiml")
    figure = SCORES.expected["bfi"]["fiml"]
    found = solution.scores(method=method)
    check(found, BFI[list(solution.fitted.table.items)], figure, figure[method])
    scored = found.table["estimate"].notna()
    assert scored.all() if method == "regression" else scored.mean() > 0.99


@pytest.mark.parametrize(
    ("figure", "model"), [("ordinal", of("A")), ("two", f"{of('A', '1234')}\n{of('C', '1234')}")]
)
def test_scores_of_items_in_categories(figure, model):
    solution = cfa(BFI, model, missing="pairwise")
    expected = SCORES.expected["bfi"][figure]
    check(solution.scores(), BFI[list(solution.fitted.table.items)], expected, expected["modes"])


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
def test_scores_do_not_depend_on_the_form_of_the_model(parameterization):
    expected = SCORES.expected["science"][parameterization]
    solution = cfa(SCIENCE, parameterization=parameterization)
    check(solution.scores(), SCIENCE, expected, expected["modes"])


def test_scores_of_a_group_with_a_mean_and_an_intercept_of_its_own():
    frame = BFI[["A2", "A3", "A4", "A5", "group"]]
    equal = ("thresholds", "loadings", "intercepts")
    model = f"{of('A', '2345')}\nA3 ~ c(0, NA)*1"
    options = {"equal": equal, "partial": "A3 ~1", "parameterization": "theta"}
    solution = cfa(frame, model, group="group", **options)
    second = frame[frame["group"] == solution.fitted.table.groups[1]]
    expected = SCORES.expected["bfi"]["theta"]
    found = solution.scores(second)
    check(found, second.drop(columns="group"), expected, expected["modes"])


@pytest.mark.parametrize("name", ["three", "school", "attitude"])
def test_the_persons_of_the_model_as_others_have_the_same_scores(name):
    solution, source = fitted(name), SCIENCE if name == "attitude" else HOLZINGER
    own, others = solution.scores(), solution.scores(source)
    pd.testing.assert_frame_equal(own.table, others.table)
    assert own.caveats == others.caveats == ()
    assert own.kind == "factor_scores"
    assert list(own.table) == ["row", "group", "factor", "estimate", "std_error"]
    assert own.provenance.n == len(source)
    assert ("method", "ebm" if name == "attitude" else "regression") in own.provenance.options


def test_wide_scores_have_the_index_of_the_source():
    frame = SCIENCE.set_axis([f"p{k}" for k in range(len(SCIENCE))])[::-1]
    found = cfa(frame).scores()
    wide = found.wide()
    assert wide.index.equals(frame.index)
    assert list(wide) == ["factor"]
    here = attitude().scores().wide()[::-1]
    assert np.allclose(wide.to_numpy(), here.to_numpy(), atol=1e-6)
    twice = pd.concat([frame.iloc[:3], frame.iloc[:3]])
    again = attitude().scores(twice).wide()
    assert again.index.tolist() == twice.index.tolist()
    assert np.allclose(again.iloc[:3], again.iloc[3:])


def test_columns_in_any_order_and_others_besides():
    frame = HOLZINGER[::-1].assign(name="text", more=1.5)
    frame = frame[sorted(frame, reverse=True)]
    found = linear("school").scores(frame).wide()
    pd.testing.assert_frame_equal(found, linear("school").scores().wide()[::-1])


def test_numbers_as_column_names():
    frame = SCIENCE.set_axis(range(4), axis=1)
    solution = cfa(frame)
    pd.testing.assert_frame_equal(solution.scores(frame).wide(), solution.scores().wide())


def test_persons_left_out_of_the_model_keep_their_rows():
    frame = BFI.iloc[:600][[name for name in BFI if name[0] == "A"]]
    solution = cfa(frame, estimator="mlr")
    gaps = frame.isna().any(axis=1)
    own = solution.scores()
    assert own.wide()["factor"].isna().equals(gaps)
    assert "persons-left-out" in told(own)
    others = solution.scores(frame)
    assert others.wide().notna().all(axis=None)
    assert others.caveats == ()
    error = others.table["std_error"]
    assert error[gaps].min() > error[~gaps].max()


def test_persons_without_group_keep_their_rows():
    frame = HOLZINGER.copy()
    frame.loc[[3, 7], "group"] = None
    solution = cfa(frame, THREE, estimator="ml", group="group")
    own, others = solution.scores(), solution.scores(frame)
    pd.testing.assert_frame_equal(own.wide(), others.wide())
    assert np.flatnonzero(own.wide()["speed"].isna()).tolist() == [3, 7]
    assert list(told(own)) == list(told(others)) == ["group-unknown"]
    assert told(others)["group-unknown"].startswith("2 rows")


def test_groups_that_the_model_does_not_have():
    frame = HOLZINGER.assign(group=["Elsewhere"] * 2 + ["Nowhere"] + ["Pasteur"] * 298)
    found = linear("school").scores(frame)
    assert found.wide().isna().all(axis=1).to_numpy().nonzero()[0].tolist() == [0, 1, 2]
    message = told(found)["group-not-in-model"]
    assert "3 rows" in message
    assert "'Elsewhere', 'Nowhere'" in message
    assert found.table["group"].iloc[0] == "Elsewhere"


def test_all_columns_that_are_lacking_are_named():
    with pytest.raises(ResponseError) as error:
        linear("school").scores(HOLZINGER.drop(columns=["x2", "group", "x9"]))
    assert codes(error) == ["missing-column"] * 3
    assert [problem.column for problem in error.value.problems] == ["x2", "x9", "group"]


@pytest.mark.parametrize("source", [[1, 2], "x1", 3.0, np.zeros((3, 9))])
@pytest.mark.parametrize("figure", ["three", "school"])
def test_what_is_no_source(source, figure):
    with pytest.raises(ResponseError, match="expected Responses or a pandas data frame"):
        linear(figure).scores(source)


def test_texts_and_infinite_values_are_refused():
    for value, code in (("three", "not-numeric"), (np.inf, "infinite")):
        with pytest.raises(ResponseError) as error:
            attitude().scores(SCIENCE.assign(Work=value))
        assert codes(error) == [code]
    with pytest.raises(ResponseError) as error:
        attitude().scores(SCIENCE.iloc[:0])
    assert codes(error) == ["no-rows"]


@pytest.mark.parametrize(
    ("name", "method", "says"),
    [
        ("attitude", "regression", "items in categories have 'ebm'"),
        ("attitude", "bartlett", "items in categories have 'ebm'"),
        ("three", "ebm", "for continuous items it is 'regression'"),
        ("three", "Bartlet", "expected one of regression, bartlett, ebm"),
        ("attitude", "", "expected one of"),
    ],
)
def test_methods_that_do_not_fit(name, method, says):
    with pytest.raises(ResponseError, match=says) as error:
        fitted(name).scores(method=method)
    assert codes(error) == ["wrong-value"]


def test_answers_that_nobody_in_the_model_gave():
    frame = SCIENCE.iloc[:4].astype(float)
    frame.loc[0, "Work"], frame.loc[1, "Work"], frame.loc[2, "Future"] = 5, 2.5, np.nan
    found = attitude().scores(frame)
    assert found.wide()["factor"].isna().tolist() == [True, True, False, False]
    (caveat,) = found.caveats
    assert (caveat.code, caveat.where) == ("unknown-category", "Work")
    assert caveat.message.startswith("2 rows")
    assert "(2.5, 5)" in caveat.message


def test_persons_without_any_answer():
    for solution, source in ((attitude(), SCIENCE), (linear("three"), HOLZINGER)):
        frame = source.iloc[:3].copy()
        frame.loc[1, list(solution.fitted.table.items)] = np.nan
        found = solution.scores(frame)
        assert found.wide().isna().all(axis=1).tolist() == [False, True, False]
        assert list(told(found)) == ["nothing-answered"]
        assert told(found)["nothing-answered"].startswith("1 row ")


def test_one_person():
    for solution, source in ((attitude(), SCIENCE), (linear("school"), HOLZINGER)):
        found = solution.scores(source.iloc[[5]])
        assert len(found.wide()) == 1
        assert np.allclose(found.wide(), solution.scores().wide().iloc[[5]])


def test_persons_of_one_group_alone():
    frame = SCIENCE.assign(group=np.where(np.arange(len(SCIENCE)) % 2, "b", "a"))
    solution = cfa(frame, group="group", merge_categories=True)
    alone = frame[frame["group"] == "b"]
    found = solution.scores(alone)
    assert np.allclose(found.wide(), solution.scores().wide().loc[alone.index])
    assert set(found.table["group"]) == {"b"}


def test_merged_categories_have_the_scores_of_their_category():
    frame = SCIENCE.assign(group=np.where(np.arange(len(SCIENCE)) % 2, "b", "a"))
    frame = frame[(frame["group"] == "a") | (frame.drop(columns="group") > 1).all(axis=1)]
    solution = cfa(frame, group="group", merge_categories=True)
    own, others = solution.scores(), solution.scores(frame)
    pd.testing.assert_frame_equal(own.table, others.table)
    lowest = frame[frame["group"] == "a"].iloc[[0]].assign(Comfort=1, Work=1)
    second = lowest.assign(Comfort=2, Work=2)
    assert np.allclose(solution.scores(lowest).wide(), solution.scores(second).wide())


def test_a_factor_without_items_has_no_bartlett_score():
    found = linear("higher").scores(method="bartlett")
    assert found.wide()["g"].isna().all()
    assert found.wide()[["visual", "textual", "speed"]].notna().all(axis=None)
    assert list(told(found)) == ["factor-undetermined"]
    assert linear("higher").scores().caveats == ()
    frame = HOLZINGER.copy()
    frame.loc[:1, ["x1", "x2", "x3"]] = np.nan
    found = linear("three").scores(frame, method="bartlett")
    assert found.wide()["visual"].isna().sum() == 2
    assert "of 2 rows" in told(found)["factor-undetermined"]


def test_improper_solutions_are_told():
    nine = " + ".join(f"x{number}" for number in range(1, 10))
    frame = HOLZINGER.drop(columns="group")
    solution = cfa(frame, f"g =~ {nine}\n{THREE}", estimator="ml", orthogonal=True)
    assert "heywood-case" in told(solution)
    bartlett = solution.scores(method="bartlett")
    assert bartlett.wide().isna().all(axis=None)
    assert "there are no scores" in told(bartlett)["heywood-case"]
    regression = solution.scores()
    assert regression.wide().notna().all(axis=None)
    assert "improper solution" in told(regression)["heywood-case"]


def test_residual_covariances_of_items_in_categories_are_told():
    solution = cfa(SCIENCE, "f =~ Comfort + Work + Future + Benefit\nComfort ~~ Benefit")
    assert list(told(solution.scores())) == ["residual-covariances-ignored"]


def test_patterns_with_counts_have_a_score_each():
    patterns = SCIENCE.value_counts().rename("persons").reset_index()
    solution = cfa(patterns, counts="persons")
    found = solution.scores()
    assert len(found.wide()) == len(patterns)
    assert np.allclose(found.wide(), attitude().scores(patterns).wide(), atol=1e-5)


def test_responses_and_their_keyed_answers_have_the_same_scores():
    core = dl.simulate(dl.instrument("sus"), n=300, rng=1, groups={"sex": {"w": 0.5, "m": 0.5}})
    answers = core.responses
    solution = cfa(answers, estimator="ml")
    own = solution.scores()
    pd.testing.assert_frame_equal(own.table, solution.scores(answers).table)
    keyed = answers.keyed(answers.instrument.scales[0].id)
    unnamed = own.table.drop(columns=["person", "wave"])
    pd.testing.assert_frame_equal(unnamed, solution.scores(keyed).table)
    by_sex = cfa(answers, estimator="ml", group="sex", equal=EQUAL)
    pd.testing.assert_frame_equal(by_sex.scores().table, by_sex.scores(answers).table)
    others = dl.simulate(dl.instrument("sus"), n=20, rng=2).responses
    with pytest.raises(ResponseError) as error:
        by_sex.scores(others)
    assert [problem.column for problem in error.value.problems] == ["sex"]
    assert len(solution.scores(others).wide()) == 20


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_who_else_is_scored(random):
    rows = random.sample(range(len(HOLZINGER)), 25)
    for solution in (linear("school"), linear("three")):
        whole = solution.scores().wide().iloc[rows]
        assert np.allclose(solution.scores(HOLZINGER.iloc[rows]).wide(), whole, atol=1e-12)
