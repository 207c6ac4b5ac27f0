"""Exploratory factor analysis: answers or matrices in, a named solution out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.catalogue import instrument
from digilitt.errors import DigilittError, EstimationError, ResponseError
from digilitt.evidence.structure import efa
from digilitt.numerics.congruence import align
from digilitt.scoring.simulation import simulate
from tests.reference.cases import dataset, load_case

CASE = load_case("efa")
BFI = dataset("bfi")


def answers(seed=1, n=300, n_factors=2, each=3):
    """Items of a simple structure; the factors correlate."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n, n_factors)) + 0.6 * rng.standard_normal((n, 1))
    values = np.repeat(factors, each, axis=1) + rng.standard_normal((n, n_factors * each))
    return pd.DataFrame(values, columns=[f"i{k}" for k in range(n_factors * each)])


def likert(seed=1, **options):
    return answers(seed, **options).apply(lambda column: pd.cut(column, 4, labels=False))


def codes(error):
    return [problem.code for problem in error.value.problems]


def told(found):
    return {caveat.code for caveat in found.caveats}


@pytest.mark.parametrize(("name", "n_factors"), [("bfi", 5), ("holzinger", 3)])
@pytest.mark.parametrize("method", ["minres", "ml"])
@pytest.mark.parametrize("rotation", ["varimax", "promax", "oblimin", "quartimin"])
def test_answers_give_the_solution_of_psych(name, n_factors, method, rotation):
    kaiser = rotation in ("varimax", "promax")
    found = efa(
        dataset(name), n_factors=n_factors, method=method, rotation=rotation, normalize=kaiser
    )
    expected = CASE.expected[name]["efa"][f"{method}_{rotation}"]
    theirs = np.array(expected["loadings"]["values"])
    ours = align(found.loadings.to_numpy(), theirs).columns(found.loadings.to_numpy())
    CASE.check("varimax", ours, theirs)
    assert list(found.loadings.index) == expected["loadings"]["rows"]
    CASE.check("extraction", found.communality, list(expected["communality"].values()))
    CASE.check("fit", found.fit[["rmsea", "tli"]], [expected["rmsea"], expected["tli"]])
    assert found.fit["df"] == expected["df"]


def test_parts_of_a_solution_fit_together():
    found = efa(BFI, n_factors=5)
    loadings, phi = found.loadings.to_numpy(), found.phi.to_numpy()
    assert np.allclose(found.structure, loadings @ phi)
    assert np.allclose(found.communality + found.uniqueness, 1.0)
    assert found.variance["ss_loadings"].sum() == pytest.approx(found.communality.sum())
    assert found.variance["cumulative"].iloc[-1] == pytest.approx(found.communality.mean())
    assert np.allclose(loadings @ phi @ loadings.T + found.residuals, found.correlation)
    assert list(found.variance.index) == ["F1", "F2", "F3", "F4", "F5"]
    assert found.variance["ss_loadings"].is_monotonic_decreasing
    assert np.array_equal(found.table["estimate"], loadings.ravel())
    assert list(found.table) == [
        *("scale", "item", "factor", "statistic", "estimate", "std_error"),
        *("conf_low", "conf_high", "n"),
    ]
    assert found.table[["std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    assert found.n == len(BFI.dropna()) == int(found.fit["n"])
    assert told(found) == {"persons-left-out"}
    assert dict(found.provenance.options)["rotation"] == "oblimin"
    assert found.provenance.seed == "0"
    assert "F5" in repr(found)


@given(st.integers(0, 1000))
@settings(max_examples=10)
def test_rescaling_and_the_order_of_persons_change_nothing(seed):
    frame = answers(seed)
    rng = np.random.default_rng(seed)
    changed = frame.sample(frac=1.0, random_state=seed) * rng.uniform(0.5, 3, 6) + 7.0
    one, two = efa(frame, n_factors=2), efa(changed, n_factors=2)
    assert np.allclose(one.loadings, two.loadings, atol=1e-3)
    assert np.allclose(one.fit, two.fit, atol=1e-6, equal_nan=True)


@given(st.integers(0, 1000))
@settings(max_examples=10)
def test_reversing_every_key_changes_nothing_and_one_key_its_item(seed):
    frame = answers(seed)
    one = efa(frame, n_factors=2)
    assert np.allclose(efa(-frame, n_factors=2).loadings, one.loadings, atol=1e-3)
    two = efa(frame.assign(i0=-frame["i0"]), n_factors=2)
    expected = one.loadings.to_numpy() * np.array([[-1.0], *[[1.0]] * 5])
    ours = align(two.loadings.to_numpy(), expected).columns(two.loadings.to_numpy())
    assert np.allclose(ours, expected, atol=1e-3)


@pytest.mark.parametrize("correlation", ["pearson", "polychoric"])
@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_alike_persons_may_be_merged_into_counts(correlation, missing):
    frame = likert(n=200).astype(float)
    frame.iloc[:10, 0] = np.nan
    merged = frame.groupby(list(frame), dropna=False).size().reset_index(name="n")
    options = {"n_factors": 2, "correlation": correlation, "missing": missing}
    one, two = efa(frame, **options), efa(merged, counts="n", **options)
    assert np.allclose(one.loadings, two.loadings, atol=1e-6)
    assert one.n == two.n == 190
    assert ("pairwise-n" in told(one)) == (missing == "pairwise")
    assert ("fit-of-polychoric" in told(one)) == (correlation == "polychoric")


def test_a_published_matrix_gives_what_the_answers_give():
    frame = answers()
    one = efa(frame, n_factors=2)
    two = efa(frame.corr(), n_factors=2, n_persons=300)
    assert np.allclose(one.loadings, two.loadings, atol=1e-6)
    assert np.allclose(one.fit, two.fit, atol=1e-6)
    with pytest.raises(EstimationError) as caught:
        two.scores(frame)
    assert codes(caught) == ["no-factor-scores"]


R = answers().corr()


@pytest.mark.parametrize(
    ("matrix", "options", "expected"),
    [
        (R, {}, ["matrix-without-n"]),
        (R, {"n_persons": 2}, ["wrong-value"]),
        (R, {"n_persons": 300, "n_bootstrap": 5, "counts": "n"}, ["wrong-value"] * 2),
        (R, {"n_persons": 300, "correlation": "polychoric"}, ["wrong-value"]),
        (R * 2, {"n_persons": 300}, ["bad-correlation"] * 2),
        (R.where(np.tri(6) > 0, 0.0), {"n_persons": 300}, ["bad-correlation"]),
        (R.reset_index(drop=True), {"n_persons": 300}, ["bad-correlation"]),
        (R.where(R == 1), {"n_persons": 300}, ["bad-correlation"]),
        (R.astype(str), {"n_persons": 300}, ["bad-correlation"]),
        (R.to_numpy(), {"n_persons": 300}, ["bad-correlation"]),
        (R.iloc[:2, :2], {"n_persons": 300}, ["too-few-items"]),
    ],
)
def test_what_is_no_correlation_matrix_is_refused(matrix, options, expected):
    with pytest.raises(ResponseError) as caught:
        efa(matrix, n_factors=1, **options)
    assert codes(caught) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"method": "pa"},
        {"rotation": "equamax"},
        {"correlation": "spearman"},
        {"missing": "fiml"},
        {"n_factors": 0},
        {"n_factors": 1.5},
        {"n_starts": 0},
        {"n_bootstrap": -1},
        {"conf_level": 95},
        {"rng": -1},
        {"rotation": "target"},
        {"target": pd.DataFrame()},
        {"rotation": None, "normalize": True},
    ],
)
def test_options_are_checked(options):
    with pytest.raises(ResponseError) as caught:
        efa(answers(), **({"n_factors": 2} | options))
    assert codes(caught) == ["wrong-value"]


@pytest.mark.parametrize(
    ("frame", "options", "expected"),
    [
        (answers().assign(i0=1.0, i5=np.nan), {"missing": "pairwise"}, ["constant-item"] * 2),
        (answers().assign(i0=1.0), {}, ["constant-item"]),
        (answers(n=2), {}, ["too-few-persons"]),
        (answers() * np.nan, {}, ["too-few-persons"]),
        (answers()[["i0", "i1"]], {}, ["too-few-items"]),
        (answers(), {"n_factors": 4}, ["too-many-factors"]),
        (answers(n=5), {"method": "ml"}, ["not-positive-definite"]),
        (answers().assign(i1=lambda f: f["i0"]), {"method": "ml"}, ["not-positive-definite"]),
    ],
)
def test_what_cannot_be_estimated_is_told(frame, options, expected):
    with pytest.raises(EstimationError) as caught:
        efa(frame, **({"n_factors": 2} | options))
    assert codes(caught) == expected


def test_two_items_that_nobody_answered_both():
    frame = answers()
    frame.iloc[:150, 0], frame.iloc[150:, 1] = np.nan, np.nan
    with pytest.raises(EstimationError) as caught:
        efa(frame, n_factors=2, missing="pairwise")
    assert codes(caught) == ["correlation-unknown"]
    assert caught.value.problems[0].column == "i0"


@pytest.mark.parametrize("frame", [answers(n=5), answers().assign(i1=lambda f: f["i0"])])
def test_a_singular_matrix_has_loadings_and_no_fit(frame):
    found = efa(frame, n_factors=1)
    assert found.loadings.notna().all(axis=None)
    assert found.fit[["chi2", "p_value", "rmsea", "tli", "bic"]].isna().all()
    assert "not-positive-definite" in told(found)
    assert found.fit["rmsr"] >= 0
    assert found.variance["determinacy"].isna().all()


@given(st.integers(0, 500), st.integers(3, 30), st.integers(1, 3))
@settings(max_examples=25)
def test_hard_data_give_a_solution_or_one_of_our_errors(seed, n, n_factors):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.integers(0, 3, (n, 7)).astype(float))
    frame = frame.mask(rng.random(frame.shape) < 0.1)
    for options in ({"missing": "pairwise"}, {"method": "ml"}, {"correlation": "polychoric"}):
        try:
            found = efa(frame, n_factors=n_factors, n_starts=2, **options)
        except DigilittError:
            continue
        assert np.isfinite(found.loadings).all(axis=None)


def test_an_improper_solution_is_told():
    r = pd.DataFrame([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1.0]], list("abc"), list("abc"))
    found = efa(r, n_factors=1, n_persons=100)
    assert told(found) == {"improper-solution", "no-degrees-of-freedom"}
    assert [c.where for c in found.caveats if c.code == "improper-solution"] == ["a"]
    assert np.isnan(found.fit["p_value"])


def test_a_target_names_and_orders_the_factors():
    aim = pd.DataFrame(
        {"second": [0, 0, 0, np.nan, np.nan, np.nan], "first": [np.nan] * 3 + [0, 0, 0]},
        index=[f"i{k}" for k in range(6)],
    )
    for rotation in ("target", "target-orthogonal"):
        found = efa(answers(), n_factors=2, rotation=rotation, target=aim.iloc[::-1])
        assert list(found.loadings) == ["second", "first"]
        assert (found.loadings["first"].iloc[:3] > 0.5).all()
        assert (found.loadings["second"].iloc[3:] > 0.5).all()
    with pytest.raises(ResponseError) as caught:
        efa(answers(), n_factors=2, rotation="target", target=aim.iloc[1:])
    assert codes(caught) == ["bad-target"]
    with pytest.raises(ResponseError) as caught:
        efa(answers(), n_factors=2, rotation="target", target=aim.astype(str))
    assert codes(caught) == ["bad-target"]


def test_bootstrap_covers_and_repeats():
    frame = answers(n=400)
    found = efa(frame, n_factors=2, n_bootstrap=200, rng=3)
    table = found.table
    assert (
        (table["conf_low"] < table["estimate"]) & (table["estimate"] < table["conf_high"])
    ).all()
    assert table["std_error"].between(0.005, 0.1).all()
    again = efa(frame, n_factors=2, n_bootstrap=200, rng=3)
    pd.testing.assert_frame_equal(table, again.table)
    wide = efa(frame, n_factors=2, n_bootstrap=200, rng=3, conf_level=0.5).table
    assert (wide["conf_high"] - wide["conf_low"] < table["conf_high"] - table["conf_low"]).all()


def test_bootstrap_error_is_the_spread_between_samples():
    """Against simulated truth: 60 samples; the Monte-Carlo error of a spread is about 9 %."""
    samples = [efa(answers(seed, n=300), n_factors=2, n_starts=1).loadings for seed in range(60)]
    first = samples[0].to_numpy()
    matched = [align(each.to_numpy(), first).columns(each.to_numpy()) for each in samples]
    spread = np.std(matched, axis=0, ddof=1)
    told_error = efa(answers(0, n=300), n_factors=2, n_bootstrap=200).table["std_error"]
    assert np.mean(told_error.to_numpy()) == pytest.approx(spread.mean(), rel=0.25)


def test_bootstrap_samples_without_a_solution_are_counted():
    frame = answers(n=12).round(1).assign(i0=[0.0] * 11 + [1.0])
    found = efa(frame, n_factors=1, n_bootstrap=50, n_starts=1)
    assert "bootstrap-failed" in told(found)


@pytest.mark.parametrize("method", ["regression", "bartlett", "ten-berge"])
def test_scores_are_of_the_factors(method):
    frame = answers(n=500)
    found = efa(frame, n_factors=2)
    scores = found.scores(frame.assign(more="x"), method=method)
    assert list(scores) == ["F1", "F2"]
    assert np.allclose(scores.mean(), 0.0, atol=1e-9)
    truth = frame.iloc[:, :3].mean(axis=1)
    assert scores.corrwith(truth).max() > 0.9
    new = frame.iloc[:3].assign(i2=[np.nan, 1.0, 2.0])
    one = found.scores(new, method=method)
    assert one.isna().all(axis=1).tolist() == [True, False, False]
    assert one.index.equals(new.index)
    if method == "ten-berge":
        assert np.allclose(scores.corr(), found.phi, atol=1e-6)


def test_scores_need_the_items_and_a_known_method():
    found = efa(answers(), n_factors=2)
    with pytest.raises(ResponseError) as caught:
        found.scores(answers()[["i0", "i1"]])
    assert codes(caught) == ["missing-column"] * 4
    with pytest.raises(ResponseError) as caught:
        found.scores(answers(), method="sum")
    assert codes(caught) == ["wrong-value"]


def test_congruence_matches_factors_and_keeps_signs():
    one = efa(answers(1), n_factors=2)
    two = efa(answers(2), n_factors=2)
    found = one.congruence(two)
    assert (np.diag(found) > 0.95).all()
    turned = -two.loadings.iloc[::-1, ::-1]
    assert np.allclose(one.congruence(turned), -found)
    assert one.congruence(two.loadings[["F1"]]).shape == (2, 1)
    with pytest.raises(ResponseError) as caught:
        one.congruence(two.loadings.iloc[1:])
    assert codes(caught) == ["other-items"]


def test_schmid_leiman_keeps_communalities():
    found = efa(answers(n_factors=3), n_factors=3)
    hierarchical = found.schmid_leiman()
    assert list(hierarchical) == ["general", "F1", "F2", "F3"]
    assert (hierarchical["general"] > 0.2).all()
    for rotation, n_factors in (("varimax", 3), ("oblimin", 1)):
        with pytest.raises(EstimationError) as caught:
            efa(answers(n_factors=3), n_factors=n_factors, rotation=rotation).schmid_leiman()
        assert codes(caught) == ["one-factor"]


def test_several_solutions_of_one_rotation_are_told():
    found = efa(BFI, n_factors=5, rotation="geomin", normalize=True, n_starts=30)
    assert "rotation-minima" in told(found)


def test_responses_are_keyed():
    core = simulate(instrument("digilitt-core"), n=200, rng=1).responses
    scale = max((s for s in core.instrument.scales if s.items), key=lambda s: len(s.items)).id
    found = efa(core, n_factors=1, scale=scale)
    assert set(found.table["scale"]) == {scale}
    assert list(found.loadings.index) == list(core.keyed(scale))
    assert (found.loadings["F1"] > 0).all()
    assert len(found.scores(core)) == len(core.keyed(scale))
    assert found.provenance.instrument


def test_only_persons_left_out_can_be_kept():
    with pytest.raises(EstimationError) as caught:
        efa(answers().iloc[:2], n_factors=1)
    assert "pairwise" not in str(caught.value)
    holes = answers().astype(float)
    holes.iloc[2:, 0] = np.nan
    with pytest.raises(EstimationError, match="pairwise"):
        efa(holes, n_factors=1)


def test_more_persons_than_there_are_in_the_world():
    with pytest.raises(ResponseError, match="from 3 to 1e"):
        efa(R, n_factors=1, n_persons=10**20)
