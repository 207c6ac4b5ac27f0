"""What must not change the fit of a factor model, and what can only make it worse."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import digilitt as dl

ITEMS = ["a1", "a2", "a3", "b1", "b2", "b3"]
MODEL = "a =~ a1 + a2 + a3\nb =~ b1 + b2 + b3"
SEEDS = st.integers(0, 10_000)
# A model takes some hundredths of a second, a ladder some tenths.
FEW = settings(max_examples=5, deadline=None)
FEWER = settings(max_examples=3, deadline=None)
ESTIMATORS = ["ml", "mlr", "wlsmv", "ulsmv"]
LEVELS = {
    "ml": ["configural", "metric", "scalar", "strict"],
    "wlsmv": ["configural", "thresholds", "metric", "scalar", "strict"],
}


def answers(seed: int, n: int = 500, n_categories: int = 4) -> pd.DataFrame:
    """Answers to six items of two factors, in two groups that differ in factors and items."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.arange(n) % 2)
    correlation = rng.uniform(0.1, 0.6)
    factors = rng.standard_normal((n, 2)) @ np.array([[1, correlation], [0, 1]])
    factors += 0.4 * group[:, None]
    loadings = rng.uniform(0.6, 1.0, 6) + 0.15 * group[:, None] * rng.standard_normal(6)
    latent = loadings * np.repeat(factors, 3, axis=1) + 0.8 * rng.standard_normal((n, 6))
    latent += 0.2 * group[:, None] * rng.standard_normal(6)
    cuts = np.quantile(latent, np.linspace(0, 1, n_categories + 1)[1:-1])
    frame = pd.DataFrame(np.digitize(latent, cuts) + 1.0, columns=ITEMS)
    return frame.assign(group=np.where(group, "women", "men"))


def fit(frame: pd.DataFrame, estimator: str, model: str = MODEL, **options) -> dl.CfaSolution:
    return dl.cfa(frame, model, estimator=estimator, **options)


def assert_same_fit(one: dl.CfaSolution, other: dl.CfaSolution) -> None:
    assert list(one.fit.index) == list(other.fit.index)
    np.testing.assert_allclose(one.fit, other.fit, rtol=2e-6, atol=2e-6)


def standardized(found: dl.CfaSolution, ops: tuple[str, ...] = ("=~", "~~")) -> pd.Series:
    table = found.table[found.table["op"].isin(ops)]
    return table.set_index(["lhs", "op", "rhs", "group"])["standardized"]


def assert_same_standardized(one: dl.CfaSolution, other: dl.CfaSolution) -> None:
    first = standardized(one)
    np.testing.assert_allclose(first, standardized(other).loc[first.index], atol=2e-5)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@FEW
@given(seed=SEEDS)
def test_order_of_items_and_persons(estimator, seed):
    frame = answers(seed)[ITEMS]
    shuffled = frame.sample(frac=1.0, random_state=seed)[ITEMS[::-1]]
    model = "b =~ b3 + b1 + b2\na =~ a2 + a3 + a1"
    assert_same_fit(fit(frame, estimator), fit(shuffled, estimator, model))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@FEW
@given(seed=SEEDS)
def test_marker_or_standardized_factor(estimator, seed):
    frame = answers(seed)[ITEMS]
    one, other = (fit(frame, estimator, std_lv=std_lv) for std_lv in (True, False))
    assert_same_fit(one, other)
    assert_same_standardized(one, other)


@pytest.mark.parametrize("estimator", ["wlsmv", "ulsmv"])
@FEW
@given(seed=SEEDS, steps=st.lists(st.floats(0.5, 9.0), min_size=4, max_size=4))
def test_codes_of_categories(estimator, seed, steps):
    frame = answers(seed)[ITEMS]
    codes = dict(enumerate(np.cumsum(np.round(steps, 3)), start=1))
    one, other = (fit(each, estimator) for each in (frame, frame.replace(codes)))
    assert_same_fit(one, other)
    assert_same_standardized(one, other)


@pytest.mark.parametrize("estimator", ["wlsmv", "ulsmv"])
@FEW
@given(seed=SEEDS)
def test_parameterization(estimator, seed):
    frame = answers(seed, n_categories=3)[ITEMS]
    one, other = (fit(frame, estimator, parameterization=each) for each in ("delta", "theta"))
    assert_same_fit(one, other)
    assert_same_standardized(one, other)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@FEW
@given(seed=SEEDS)
def test_a_reversed_item(estimator, seed):
    frame = answers(seed)[ITEMS]
    one, other = (fit(each, estimator) for each in (frame, frame.assign(b2=5 - frame["b2"])))
    assert_same_fit(one, other)
    loadings, turned = one.loadings["b"], other.loadings["b"]
    signs = np.where(loadings.index == "b2", -1.0, 1.0)
    np.testing.assert_allclose(loadings * signs, turned, atol=2e-5)


@pytest.mark.parametrize("estimator", ["ml", "mlr"])
@FEW
@given(seed=SEEDS, scale=st.floats(0.1, 20.0), origin=st.floats(-50.0, 50.0))
def test_units_of_continuous_items(estimator, seed, scale, origin):
    frame = answers(seed)[ITEMS]
    other = frame.assign(a2=frame["a2"] * scale + origin, b3=frame["b3"] / scale)
    found = [fit(each, estimator) for each in (frame, other)]
    shared = [name for name in found[0].fit.index if name not in ("loglik", "aic", "bic")]
    np.testing.assert_allclose(*(each.fit[shared] for each in found), rtol=2e-6, atol=2e-6)
    assert_same_standardized(*found)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@FEW
@given(seed=SEEDS)
def test_counts_of_persons_are_persons(estimator, seed):
    frame = answers(seed, n_categories=3)[ITEMS]
    patterns = frame.value_counts(sort=False).rename("persons").reset_index()
    assert_same_fit(fit(frame, estimator), fit(patterns, estimator, counts="persons"))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@FEW
@given(seed=SEEDS)
def test_names_and_order_of_groups(estimator, seed):
    frame = answers(seed)
    first = frame["group"].iloc[0]
    named = frame.assign(group=frame["group"].map({"men": "a", "women": "b"}))
    turned = pd.concat([frame[frame["group"] != first], frame[frame["group"] == first]])
    equal = ("loadings", "intercepts" if estimator in ("ml", "mlr") else "thresholds")
    whole, *others = (
        fit(each, estimator, group="group", equal=equal) for each in (frame, named, turned)
    )
    for other in others:
        assert_same_fit(whole, other)


@pytest.mark.parametrize("estimator", ["ml", "wlsmv"])
@FEWER
@given(seed=SEEDS)
def test_a_ladder_whatever_the_reference_group(estimator, seed):
    frame = answers(seed)
    first = frame["group"].iloc[0]
    turned = pd.concat([frame[frame["group"] != first], frame[frame["group"] == first]])
    one, other = (
        dl.invariance(each, by="group", model=MODEL, estimator=estimator).table.set_index("model")
        for each in (frame, turned)
    )
    columns = ["chi2", "df", "cfi", "srmr", "chi2_diff", "df_diff"]
    np.testing.assert_allclose(
        one[columns].astype(float), other[columns].astype(float), rtol=5e-6, atol=5e-6
    )


@pytest.mark.parametrize("estimator", ["ml", "wlsmv"])
@FEWER
@given(seed=SEEDS)
def test_a_step_with_more_equal_never_fits_better(estimator, seed):
    table = dl.invariance(answers(seed), by="group", model=MODEL, estimator=estimator).table
    assert table["model"].tolist() == LEVELS[estimator]
    for (chi2, df), (more, larger) in pairwise(table[["chi2", "df"]].to_numpy(dtype=float)):
        assert more >= chi2 - 1e-6
        assert larger > df


@pytest.mark.parametrize("estimator", ESTIMATORS)
@FEW
@given(seed=SEEDS)
def test_a_restricted_model_never_fits_better(estimator, seed):
    frame = answers(seed)[ITEMS]
    models = [
        f"{MODEL}\na1 ~~ b1",
        MODEL,
        "a =~ l*a1 + l*a2 + l*a3\nb =~ b1 + b2 + b3",
        "a =~ l*a1 + l*a2 + l*a3\nb =~ b1 + b2 + b3\na ~~ 0*b",
    ]
    found = [fit(frame, estimator, model).fit for model in models]
    assert [each["df"] for each in found] == [7, 8, 10, 11]
    for one, other in pairwise(found):
        assert other["chi2"] >= one["chi2"] - 1e-6


@FEW
@given(seed=SEEDS)
def test_full_information_without_holes_is_maximum_likelihood(seed):
    frame = answers(seed)[ITEMS]
    plain, full = fit(frame, "ml", f"{MODEL}\na1 ~ 1"), fit(frame, "ml", missing="fiml")
    names = ["chi2", "df", "cfi", "rmsea", "loglik", "n_parameters"]
    np.testing.assert_allclose(plain.fit[names], full.fit[names], rtol=1e-6, atol=1e-6)
