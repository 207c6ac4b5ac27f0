"""The stored simulations of tests/simulation: within their bounds, and made by this code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from digilitt.evidence.cfa import cfa
from digilitt.evidence.invariance import invariance
from tests.simulation import differences, lavaan_decisions, recovery, small_samples
from tests.simulation.replications import Condition, replication
from tests.simulation.study import LEVEL, N_REPLICATIONS, N_STORED, RESULTS, read, stored

STUDIES = {"recovery": recovery, "differences": differences, "small_samples": small_samples}
CASES = [
    pytest.param(study, condition, id=f"{study}: {condition.name}")
    for study, script in STUDIES.items()
    for condition in script.CONDITIONS
]
# Searches may end where the last step gained 1e-13 of the discrepancy.
CLOSE = 1e-5


def summary_of(study: str, condition: Condition) -> dict[str, Any]:
    (found,) = [each for each in read(study)["conditions"] if each["condition"] == condition.name]
    return found


@pytest.mark.parametrize("study", STUDIES)
def test_results_are_of_the_conditions(study: str) -> None:
    told = [(each["condition"], each["n"], each["seed"]) for each in read(study)["conditions"]]
    assert told == [(each.name, each.n, each.seed) for each in STUDIES[study].CONDITIONS]


@pytest.mark.parametrize(("study", "condition"), CASES)
def test_results_keep_their_bounds(study: str, condition: Condition) -> None:
    summary = summary_of(study, condition)
    assert summary["n_replications"] == N_REPLICATIONS
    assert list(STUDIES[study].judged(summary)) == []


@pytest.mark.parametrize(("study", "condition"), CASES)
def test_a_replication_comes_out_as_stored(study: str, condition: Condition) -> None:
    kept = summary_of(study, condition)["stored"]
    assert len(kept) == N_STORED
    # The ladders take longest.
    for number in range(1 if condition.population.second else 2):
        found = stored(replication(condition, number))
        assert found["problem"] == kept[number]["problem"]
        assert list(found["tests"]) == list(kept[number]["tests"])
        for name, test in found["tests"].items():
            expected = [np.nan if each is None else each for each in kept[number]["tests"][name]]
            assert test == pytest.approx(expected, rel=CLOSE, abs=CLOSE, nan_ok=True)
        for part in ("estimates", "std_errors"):
            assert found[part] == pytest.approx(kept[number][part], rel=CLOSE, abs=CLOSE)


def test_cfa_gives_the_same() -> None:
    names = {"plain": "chi2", "Bartlett": "chi2_bartlett", "Swain": "chi2_swain"}
    for condition in (recovery.CONDITIONS[0], recovery.CONDITIONS[-1]):
        tests = replication(condition, 0).tests
        model = condition.population.syntax
        fit = cfa(condition.sample(0), model, estimator=condition.estimator).fit
        for name, (chi2, _, _) in tests.items():
            assert chi2 == pytest.approx(fit[names.get(name, "chi2_scaled")], rel=CLOSE)


def test_invariance_gives_the_same() -> None:
    condition = differences.CONDITIONS[-1]
    frame, model = condition.sample(0), condition.population.syntax
    found = invariance(frame, by="group", model=model, estimator=condition.estimator)
    p_values = found.table.set_index("model")["p_diff"].dropna()
    tests = replication(condition, 0).tests
    assert list(tests) == list(p_values.index)
    assert [each[2] for each in tests.values()] == pytest.approx(list(p_values), abs=CLOSE)


@pytest.fixture(scope="module")
def decisions() -> pd.DataFrame:
    return pd.read_csv(RESULTS / "lavaan_decisions.csv")


def test_decisions_are_those_of_lavaan(decisions: pd.DataFrame) -> None:
    found = lavaan_decisions.agreement(decisions)
    assert set(found.index) == set(lavaan_decisions.POPULATIONS)
    assert decisions[["condition", "number"]].drop_duplicates().shape[0] >= 200
    same = (decisions["p_value"] < LEVEL) == (decisions["p_lavaan"] < LEVEL)
    assert same.mean() >= lavaan_decisions.AGREED
    # Both decisions occur, so that there is something to agree on.
    assert 0.05 < found["rejected"].mean() < 0.5
    assert (decisions["df"] == decisions["df_lavaan"]).all()


@pytest.mark.parametrize("condition", lavaan_decisions.CONDITIONS, ids=lambda each: each.name)
def test_a_sample_of_lavaan_comes_out_as_stored(
    decisions: pd.DataFrame, condition: Condition
) -> None:
    own = decisions[(decisions["condition"] == condition.name) & (decisions["number"] == 0)]
    found = lavaan_decisions.ours(condition, range(1)).merge(own, on=lavaan_decisions.KEYS)
    assert len(found) == len(own) > 0
    for name, tolerance in (("chi2_y", CLOSE), ("chi2_lavaan", 1e-4)):
        assert found["chi2_x"].tolist() == pytest.approx(found[name].tolist(), rel=tolerance)
    assert found["p_value_x"].tolist() == pytest.approx(found["p_lavaan"].tolist(), abs=1e-4)
