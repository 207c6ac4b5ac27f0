"""Dimensionality: against R, by laws, and on data that leave little to compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.catalogue import instrument
from digilitt.errors import ResponseError
from digilitt.evidence.dimensionality import Dimensionality, dimensionality
from digilitt.evidence.polychoric import polychoric
from digilitt.scoring.simulation import simulate
from tests.reference.cases import dataset, load_case

CASE = load_case("dimensionality")
NAMES = CASE.told["data"]
RULES = ["map", "map_revised", "parallel_component", "parallel_factor", "ekc"]
STATISTICS = ["kmo", "bartlett_chi2", *RULES]
NAN = np.nan


def estimate(found: Dimensionality, statistic: str) -> float:
    return float(found.table.set_index("statistic").loc[statistic, "estimate"])


def suggested(found: Dimensionality, statistic: str) -> int:
    return int(found.table.set_index("statistic").loc[statistic, "n_factors"])


def values(found: Dimensionality, kind: str, column: str) -> np.ndarray:
    table = found.eigenvalues
    return table.loc[table["kind"] == kind, column].to_numpy()


def codes(found: Dimensionality) -> set[str]:
    return {caveat.code for caveat in found.caveats}


def factors(seed: int, n: int, n_factors: int, per_factor: int = 4, noise: float = 0.7) -> Any:
    """Answers from 0 to 4 to items of so many unrelated factors."""
    rng = np.random.default_rng(seed)
    latent = np.repeat(rng.standard_normal((n, max(n_factors, 1))), per_factor, axis=1)
    if n_factors == 0:
        latent = np.zeros((n, per_factor))
    x = latent + noise * rng.standard_normal(latent.shape)
    answers = np.searchsorted([-1.2, -0.4, 0.4, 1.2], x).astype(float)
    return pd.DataFrame(answers, columns=[f"i{item}" for item in range(x.shape[1])])


# Against R


@pytest.mark.parametrize("name", NAMES)
def test_rules_without_simulation_are_those_of_r(name: str) -> None:
    expected, items = CASE.expected[name], dataset(name)
    found = dimensionality(items, n_simulations=1)
    assert set(found.table["n"]) == {expected["n_complete"]}
    CASE.check("kmo", estimate(found, "kmo"), expected["kmo"]["overall"])
    CASE.check("kmo", found.kmo_items["kmo"], list(expected["kmo"]["items"].values()))
    assert list(found.kmo_items["item"]) == list(expected["kmo"]["items"])
    test = found.table.set_index("statistic").loc["bartlett_chi2"]
    bartlett = expected["bartlett"]
    CASE.check("bartlett", test[["estimate", "df"]], [bartlett["chisq"], bartlett["df"]])
    CASE.check("equal", test["p_value"], bartlett["p"])
    CASE.check("equal", values(found, "component", "observed"), expected["eigen"])
    CASE.check("equal", values(found, "factor", "observed"), expected["eigen_smc"])
    averages = found.map_values
    theirs = expected["map"]["values"]
    CASE.check("map", averages["map"][1 : len(theirs) + 1][: len(items.columns) - 1], theirs)
    zero = expected["map_from_zero"]
    CASE.check("map", averages["map"][: len(zero)], zero)
    CASE.check("map", averages["map_revised"][: len(zero)], expected["map_fourth"])
    assert suggested(found, "map") == int(np.argmin(zero))
    assert suggested(found, "map_revised") == int(np.argmin(expected["map_fourth"]))
    CASE.check("equal", values(found, "component", "ekc_reference"), expected["ekc"]["reference"])
    assert suggested(found, "ekc") == expected["ekc"]["n"]


@pytest.mark.parametrize("name", NAMES)
def test_parallel_analysis_is_that_of_psych(name: str) -> None:
    expected, items = CASE.expected[name], dataset(name)
    sets = 400 if name == "bfi" else 2000
    found = dimensionality(items, n_simulations=sets, rng=1)
    assert suggested(found, "parallel_component") == expected["parallel"]["ncomp"]
    same_percentile(found, expected["parallel_smc"])
    mean = dimensionality(items, n_simulations=10, percentile="mean", rng=1)
    CASE.check("equal", values(mean, "factor", "reference"), values(mean, "factor", "mean"))


def same_percentile(found: Dimensionality, theirs: dict[str, Any]) -> None:
    """Simulated eigenvalues, and what follows from them."""
    for kind in ("component", "factor"):
        CASE.check("simulated_mean", values(found, kind, "mean"), theirs[f"{kind}_mean"])
        CASE.check("simulated_percentile", values(found, kind, "reference"), theirs[f"{kind}_95"])
        assert suggested(found, f"parallel_{kind}") == theirs[f"n_{kind}"]


@pytest.mark.parametrize("name", ["science", "lsat7"])
def test_polychoric_parallel_analysis_is_that_of_psych(name: str) -> None:
    found = dimensionality(dataset(name), correlation="polychoric", n_simulations=2000, rng=1)
    same_percentile(found, CASE.expected[name]["parallel_polychoric"])


def test_polychoric_parallel_analysis_of_many_items() -> None:
    theirs = CASE.expected["bfi"]["parallel_polychoric"]
    found = dimensionality(dataset("bfi"), correlation="polychoric", n_simulations=20, rng=1)
    for kind in ("component", "factor"):
        assert suggested(found, f"parallel_{kind}") == theirs[f"n_{kind}"]


@pytest.mark.parametrize("name", NAMES)
def test_communalities_of_one_minres_factor_are_those_of_psych(name: str) -> None:
    expected = CASE.expected[name]
    found = dimensionality(dataset(name), communality="minres", n_simulations=50, rng=1)
    CASE.check("minres", values(found, "factor", "observed"), expected["eigen_minres"])
    theirs = expected.get("parallel_minres")
    assert (theirs is None) == (name in ("science", "lsat7"))
    if theirs is not None:
        assert suggested(found, "parallel_component") == theirs["n_component"]
        assert suggested(found, "parallel_factor") == theirs["n_factor"]


# What the result holds


def test_table_names_what_it_holds() -> None:
    found = dimensionality(factors(1, 200, 2), rng=3)
    assert list(found.table["statistic"]) == STATISTICS
    assert list(found.table) == [
        "scale",
        "statistic",
        "estimate",
        "df",
        "p_value",
        "n",
        "n_factors",
        "hypothesis",
        "definition",
    ]
    by_name = found.table.set_index("statistic")
    assert by_name.loc["bartlett_chi2", "hypothesis"] == "no two items correlate"
    assert by_name["n_factors"].isna().sum() == 2
    assert "squared multiple" in by_name.loc["parallel_factor", "definition"]
    assert "95th percentile of 100 sets of permuted" in by_name.loc["parallel_factor", "definition"]
    assert found.provenance.seed == "3"
    assert dict(found.provenance.options)["percentile"] == "95"
    assert (found.kind, found.provenance.n) == ("dimensionality", 200)
    again = dimensionality(factors(1, 200, 2), rng=3)
    pd.testing.assert_frame_equal(found.eigenvalues, again.eigenvalues)


def test_responses_with_and_without_a_scale() -> None:
    made = simulate(instrument("digilitt-core"), n=300, rng=1)
    whole = dimensionality(made.responses, n_simulations=5)
    scale = made.responses.instrument.scales[0].id
    one = dimensionality(made.responses, scale=scale, n_simulations=5)
    assert set(whole.table["scale"]) == {""}
    assert set(one.table["scale"]) == {scale}
    assert list(one.kmo_items["item"]) == list(made.responses.keyed(scale))
    assert len(whole.kmo_items) > len(one.kmo_items)
    assert "@" in one.provenance.instrument


def test_polychoric_correlations_are_those_of_polychoric() -> None:
    items = dataset("science")
    found = dimensionality(items, correlation="polychoric", n_simulations=1)
    r = polychoric(items).correlation.to_numpy()
    np.testing.assert_allclose(
        values(found, "component", "observed"), np.sort(np.linalg.eigvalsh(r))[::-1]
    )


def test_rules_that_disagree_are_told() -> None:
    found = dimensionality(dataset("bfi"), n_simulations=20)
    (told,) = [c.message for c in found.caveats if c.code == "rules-disagree"]
    assert "map 5" in told
    assert "ekc 6" in told
    agreeing = dimensionality(factors(2, 400, 2), n_simulations=50)
    assert "rules-disagree" not in codes(agreeing)


# Laws


@pytest.mark.parametrize("correlation", ["pearson", "polychoric"])
@pytest.mark.parametrize("n_factors", [1, 2, 3])
def test_strong_factors_are_counted(correlation: Any, n_factors: int) -> None:
    items = factors(n_factors, 500, n_factors)
    found = dimensionality(items, correlation=correlation, n_simulations=30)
    rules = [rule for rule in RULES if rule != "parallel_factor"]
    assert [suggested(found, rule) for rule in rules] == [n_factors] * 4
    assert suggested(found, "parallel_factor") >= n_factors


def test_independent_items_mostly_have_no_factor() -> None:
    none = 0
    for seed in range(40):
        found = dimensionality(factors(seed, 200, 0, per_factor=6), rng=seed)
        none += suggested(found, "parallel_component") == 0
    # 5 in 100 are above a 95th percentile; of 40, more than 6 with a probability below 0.01.
    assert none >= 34


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from(["pearson", "polychoric"]))
def test_order_direction_and_unit_change_nothing(seed: int, correlation: Any) -> None:
    rng = np.random.default_rng(seed)
    items = factors(seed, 120, 2, per_factor=3)
    changed = items.copy()
    for name in items:
        scale = rng.choice([-1.0, 1.0]) * (
            1.0 if correlation == "polychoric" else rng.uniform(1, 9)
        )
        changed[name] = items[name] * scale + rng.integers(0, 5)
    changed = changed.sample(frac=1.0, random_state=seed)[list(rng.permutation(items.columns))]
    one = dimensionality(items, correlation=correlation, n_simulations=5)
    two = dimensionality(changed, correlation=correlation, n_simulations=5)
    still = [name for name in STATISTICS if not name.startswith("parallel")]
    for name in still:
        assert estimate(two, name) == pytest.approx(estimate(one, name), rel=1e-6, abs=1e-9)
    for kind in ("component", "factor"):
        np.testing.assert_allclose(
            values(two, kind, "observed"), values(one, kind, "observed"), atol=1e-7
        )
    kmo = two.kmo_items.set_index("item")["kmo"]
    np.testing.assert_allclose(kmo[one.kmo_items["item"]], one.kmo_items["kmo"], atol=1e-7)


@settings(max_examples=15)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["pearson", "polychoric"]),
    st.sampled_from(["listwise", "pairwise"]),
)
def test_order_and_counting_of_persons_change_nothing(
    seed: int, correlation: Any, missing: Any
) -> None:
    rng = np.random.default_rng(seed)
    items = factors(seed, 150, 1, per_factor=4)
    items = items.mask(rng.random(items.shape) < 0.1)
    counted = items.value_counts(dropna=False).rename("n").reset_index()
    counted = pd.concat([counted, counted.iloc[:2].assign(n=0)], ignore_index=True)
    options: dict[str, Any] = {"correlation": correlation, "missing": missing, "n_simulations": 4}
    one = dimensionality(items, **options)
    two = dimensionality(items.sample(frac=1.0, random_state=seed), **options)
    three = dimensionality(counted, counts="n", **options)
    for other in (two, three):
        pd.testing.assert_frame_equal(one.table, other.table, rtol=1e-9)
        pd.testing.assert_frame_equal(one.eigenvalues, other.eigenvalues, rtol=1e-8, atol=1e-9)
        assert one.caveats == other.caveats
        assert one.provenance.n == other.provenance.n == 150


# Data that leave little to compute


def unknown(found: Dimensionality) -> set[str]:
    return set(found.table.loc[found.table["estimate"].isna(), "statistic"])


def test_missing_answers() -> None:
    items = factors(5, 100, 1)
    items.iloc[:30, 0] = NAN
    listwise = dimensionality(items, n_simulations=5)
    pairwise = dimensionality(items, missing="pairwise", n_simulations=5)
    assert set(listwise.table["n"]) == {70}
    assert "persons-left-out" in codes(listwise)
    assert set(pairwise.table["n"]) == {70}
    assert "pairwise-n" in codes(pairwise)
    assert unknown(listwise) == unknown(pairwise) == set()


@pytest.mark.parametrize("correlation", ["pearson", "polychoric"])
@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_constant_item(correlation: Any, missing: Any) -> None:
    items = factors(5, 60, 1).assign(same=3.0)
    found = dimensionality(items, correlation=correlation, missing=missing)
    assert unknown(found) == set(STATISTICS)
    assert {(c.code, c.where) for c in found.caveats} == {("constant-item", "same")}


@pytest.mark.parametrize("correlation", ["pearson", "polychoric"])
def test_items_that_nobody_answered_both_of(correlation: Any) -> None:
    items = factors(5, 60, 1)
    items.iloc[:30, 0] = NAN
    items.iloc[30:, 1] = NAN
    pairwise = dimensionality(items, correlation=correlation, missing="pairwise")
    listwise = dimensionality(items, correlation=correlation)
    assert unknown(pairwise) == unknown(listwise) == set(STATISTICS)
    assert codes(pairwise) >= {"too-few-persons"}
    assert codes(listwise) == {"persons-left-out", "too-few-persons"}


def test_pair_without_a_correlation() -> None:
    items = factors(5, 60, 1)
    items.iloc[:50, 0] = NAN
    items.iloc[50:, 1] = 2.0
    found = dimensionality(items, missing="pairwise")
    assert unknown(found) == set(STATISTICS)
    assert ("correlation-unknown", "i0 and i1") in {(c.code, c.where) for c in found.caveats}


def test_perfect_correlation() -> None:
    items = factors(5, 60, 1)
    found = dimensionality(items.assign(twin=items["i0"]), n_simulations=20)
    assert unknown(found) == {"kmo", "bartlett_chi2", "parallel_factor"}
    assert "not-positive-definite" in codes(found)
    assert np.isnan(found.kmo_items["kmo"]).all()


def test_more_items_than_persons() -> None:
    found = dimensionality(factors(5, 6, 2), n_simulations=20)
    assert unknown(found) == {"kmo", "bartlett_chi2", "parallel_factor", "ekc"}
    assert codes(found) >= {"fewer-persons-than-items", "not-positive-definite"}


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("correlation", ["pearson", "polychoric"])
def test_hardly_any_persons(n: int, correlation: Any) -> None:
    items = pd.DataFrame({"a": [1.0, 2, 3], "b": [2.0, 1, 3], "c": [1.0, 3, 2]})[:n]
    found = dimensionality(items, correlation=correlation, n_simulations=5)
    assert len(found.table) == len(STATISTICS)
    assert ("too-few-persons" in codes(found)) == (n < 3)
    assert unknown(found) >= {"kmo", "bartlett_chi2", "ekc"}
    assert found.caveats


def test_nobody_answered() -> None:
    found = dimensionality(pd.DataFrame({"a": [NAN, NAN], "b": [NAN, NAN]}), missing="pairwise")
    assert unknown(found) == set(STATISTICS)
    assert set(found.table["n"]) == {0}


@pytest.mark.parametrize("communality", ["smc", "minres"])
def test_two_items(communality: Any) -> None:
    found = dimensionality(factors(5, 60, 1, per_factor=2), communality=communality)
    assert estimate(found, "kmo") == pytest.approx(0.5)
    assert ("communality-unknown" in codes(found)) == (communality == "minres")
    assert unknown(found) == ({"parallel_factor"} if communality == "minres" else set())


def test_items_without_any_correlation() -> None:
    cube = pd.DataFrame([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)] * 3)
    found = dimensionality(cube.set_axis(["a", "b", "c"], axis=1), n_simulations=20)
    assert unknown(found) == {"kmo"}
    assert "kmo-unknown" in codes(found)
    assert estimate(found, "bartlett_chi2") == pytest.approx(0.0, abs=1e-9)
    assert suggested(found, "parallel_component") == 0


def test_simulated_sets_without_correlations_are_told() -> None:
    rare = pd.DataFrame({"a": [1.0, 0, 0, 0, 0, 0, 0, 0], "b": [1.0, 1, 0, 0, 0, 0, 0, 0]})
    found = dimensionality(
        rare.assign(c=[0.0, 1, 0, 1, 0, 1, 0, 1]),
        correlation="polychoric",
        reference="normal",
        n_simulations=40,
    )
    assert "simulations-lost" in codes(found)


def test_an_unused_category_is_none() -> None:
    items = factors(5, 200, 1)
    wide = items.replace({4.0: 9.0})
    one, two = (dimensionality(each, correlation="polychoric") for each in (items, wide))
    pd.testing.assert_frame_equal(one.eigenvalues, two.eigenvalues)


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ({"correlation": "spearman", "missing": "drop"}, ["correlation", "missing"]),
        ({"communality": 1, "reference": None}, ["communality", "reference"]),
        ({"n_simulations": 0, "percentile": 100}, ["n_simulations", "percentile"]),
        ({"n_simulations": 2.5, "percentile": "median"}, ["n_simulations", "percentile"]),
        ({"percentile": NAN, "rng": -1}, ["percentile", "rng"]),
        ({"percentile": True, "rng": "x"}, ["percentile", "rng"]),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, Any], columns: list[str]) -> None:
    with pytest.raises(ResponseError) as caught:
        dimensionality(factors(5, 30, 1), **options)
    assert [problem.column for problem in caught.value.problems] == columns
    assert {problem.code for problem in caught.value.problems} == {"wrong-value"}


def test_items_that_cannot_be_used() -> None:
    with pytest.raises(ResponseError, match="expected two or more"):
        dimensionality(factors(5, 30, 1)[["i0"]])
    with pytest.raises(ResponseError, match="different answers") as caught:
        dimensionality(dataset("holzinger"), correlation="polychoric")
    assert {problem.code for problem in caught.value.problems} == {"too-many-categories"}
    with pytest.raises(ResponseError, match="correlation matrix"):
        dimensionality(factors(5, 30, 1).corr())
    with pytest.raises(ResponseError, match="infinite"):
        dimensionality(factors(5, 30, 1).assign(i0=np.inf))


def test_items_that_do_not_correlate_have_no_communalities():
    one = np.array(np.meshgrid(*[[0, 1]] * 4)).reshape(4, -1).T
    table = pd.DataFrame(np.tile(one, (4, 1)), columns=[*"abcd"])
    found = dimensionality(table, communality="minres", n_simulations=10)
    assert found.eigenvalues.query("kind == 'factor'")["observed"].isna().all()
    assert "communality-unknown" in codes(found)
    alike = pd.DataFrame(np.tile(np.eye(4), (10, 1)), columns=[*"abcd"])
    assert "not-positive-definite" in codes(
        dimensionality(alike, communality="minres", n_simulations=10)
    )
