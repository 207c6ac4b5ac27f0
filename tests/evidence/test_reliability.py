"""Reliability of scales, and agreement of ratings: names, rows, caveats, errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digilitt.define.catalogue import instrument, sample
from digilitt.define.instrument import Instrument
from digilitt.errors import ResponseError
from digilitt.evidence.agreement import rater_reliability
from digilitt.evidence.reliability import reliability
from digilitt.evidence.reliability_words import DEFINITIONS, MEANINGS
from digilitt.interchange.answers import read_responses
from digilitt.numerics import reliability_battery
from digilitt.numerics.reliability_battery import STATISTICS
from digilitt.scoring.responses import responses
from digilitt.scoring.simulation import simulate
from tests.reference.cases import dataset

FIXED = ["scale", "item", "factor", "group", "statistic", "estimate", "std_error", "conf_low",
         "conf_high", "df", "p_value", "n"]  # fmt: skip
BFI = dataset("bfi")
AGREEABLE = BFI.iloc[:, :5]


def codes(result):
    return [caveat.code for caveat in result.caveats]


def row(result, statistic, **where):
    table = result.table[result.table["statistic"] == statistic]
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def small(n=60, k=4, seed=1):
    source = np.random.default_rng(seed)
    answers = source.normal(size=(n, 1)) + source.normal(size=(n, k))
    return pd.DataFrame(np.clip(np.round(answers + 3), 1, 5), columns=list("abcdefgh")[:k])


def test_rows_of_a_plain_frame():
    found = reliability(AGREEABLE)
    assert found.kind == "reliability"
    assert found.table["statistic"].tolist() == [name for name in STATISTICS if name != "kr20"]
    shared = [name for name in found.table if name in FIXED]
    assert shared == [name for name in FIXED if name in shared]
    assert list(found.table)[: len(shared)] == shared
    assert (found.table["n"] == 2709).all()
    assert row(found, "alpha")["estimate"] == pytest.approx(0.703756, abs=1e-6)
    assert row(found, "alpha")["interval"] == "feldt"
    assert row(found, "lambda_6")["matrix"] == "correlation"
    assert row(found, "omega_total")["n_factors"] == 3
    assert row(found, "omega_unidimensional")["n_factors"] == 1
    assert row(found, "alpha_ordinal")["matrix"] == "polychoric"
    assert {"persons-left-out", "too-many-factors", "ordinal-alpha", "disclosure-not-applied"} <= {
        *codes(found)
    }
    assert found.bootstrap.empty


def test_every_statistic_has_a_definition_and_every_reason_a_meaning():
    assert {*STATISTICS, "icc_1", "design_effect"} == set(DEFINITIONS)
    source = Path(reliability_battery.__file__).read_text(encoding="utf-8")
    for meaning in MEANINGS:
        assert f'"{meaning.code}"' in source
        assert "{what}" in meaning.message


def test_only_what_is_asked_for():
    found = reliability(AGREEABLE, statistics=["omega_unidimensional", "alpha"])
    assert found.table["statistic"].tolist() == ["alpha", "omega_unidimensional"]


def test_binary_items_have_kr20():
    answers = (small(k=5) > 3).astype(int)
    found = reliability(answers, statistics=["alpha", "kr20"])
    assert row(found, "kr20")["estimate"] == row(found, "alpha")["estimate"]
    assert row(found, "kr20")["conf_low"] == row(found, "alpha")["conf_low"]
    assert reliability(answers + 1, statistics=["alpha", "kr20"]).table["statistic"].tolist() == [
        "alpha"
    ]


def test_missing_answers_listwise_and_pairwise():
    listwise, pairwise = (
        reliability(BFI, missing=each, statistics=["alpha"]) for each in ("listwise", "pairwise")
    )
    assert row(listwise, "alpha")["n"] == 2436
    assert row(pairwise, "alpha")["n"] == 2800
    assert "364 of 2800 persons" in str(listwise)
    assert "pairwise-covariances" in codes(pairwise)


def test_both_matrices():
    raw = reliability(AGREEABLE, matrix="covariance")
    assert row(raw, "lambda_3")["estimate"] == pytest.approx(row(raw, "alpha")["estimate"])
    standard = reliability(AGREEABLE)
    expected = row(standard, "alpha_standardized")["estimate"]
    assert row(standard, "lambda_3")["estimate"] == pytest.approx(expected)


def test_intervals_of_alpha():
    found = reliability(AGREEABLE, statistics=["alpha"], interval="adf")
    assert row(found, "alpha")["interval"] == "adf"
    narrow = reliability(AGREEABLE, statistics=["alpha"], conf_level=0.5)
    wide = reliability(AGREEABLE, statistics=["alpha"])
    assert row(wide, "alpha")["conf_low"] < row(narrow, "alpha")["conf_low"]


def test_bootstrap_fills_what_has_no_formula():
    asked = ["alpha", "lambda_4", "omega_categorical"]
    found = reliability(small(), statistics=asked, n_bootstrap=50, rng=3)
    again = reliability(small(), statistics=asked, n_bootstrap=50, rng=3)
    pd.testing.assert_frame_equal(found.table, again.table)
    assert found.table["interval"].tolist() == ["feldt", "bootstrap", "bootstrap"]
    assert found.bootstrap["statistic"].tolist() == asked
    assert found.provenance.seed == "3"
    assert dict(found.provenance.options)["n_bootstrap"] == "50"
    lacking = reliability(small(), statistics=asked)
    assert "interval-needs-bootstrap" in codes(lacking)
    assert "interval-needs-bootstrap" not in codes(found)
    assert lacking.provenance.seed == ""


def test_a_generator_is_named_by_its_state():
    found = reliability(small(), statistics=["alpha"], n_bootstrap=2, rng=np.random.default_rng(1))
    assert found.provenance.seed.startswith("PCG64 in the state ")


def test_many_items_are_searched_and_it_is_said():
    found = reliability(BFI, statistics=["lambda_4"], rng=5)
    assert "splits-searched" in codes(found)
    assert found.provenance.seed == "5"


def test_groups():
    frame = small().assign(place=["B"] * 20 + ["A"] * 30 + [None] * 10)
    found = reliability(frame, by="place", statistics=["alpha"])
    assert found.table["group"].tolist() == ["A", "B", "(unknown)", "(all)"]
    assert found.table["n"].tolist() == [30, 20, 10, 60]
    alone = reliability(frame[frame["place"] == "A"].drop(columns="place"), statistics=["alpha"])
    assert row(found, "alpha", group="A")["estimate"] == row(alone, "alpha")["estimate"]
    assert found.conditional.empty
    errors = reliability(frame, by="place", statistics=["standard_error_of_measurement"])
    assert set(errors.conditional["group"]) == {"A", "B", "(unknown)", "(all)"}


def test_counts_stand_for_persons():
    frame = small()
    merged = frame.value_counts().rename("persons").reset_index()
    one, other = reliability(frame), reliability(merged, counts="persons")
    columns = ["estimate", "std_error", "conf_low", "conf_high"]
    np.testing.assert_allclose(one.table[columns], other.table[columns], atol=1e-7)
    pd.testing.assert_frame_equal(one.conditional, other.conditional)


def test_errors_of_measurement_go_with_the_metric():
    total = reliability(AGREEABLE)
    mean = reliability(AGREEABLE, metric="mean_score")
    name = "standard_error_of_measurement"
    assert row(total, name)["metric"] == "sum_score"
    alpha = row(total, "alpha")["estimate"]
    by_hand = AGREEABLE.dropna().sum(axis=1).std() * np.sqrt(1 - alpha)
    assert row(total, name)["estimate"] == pytest.approx(by_hand)
    assert row(mean, name)["estimate"] == pytest.approx(by_hand / 5)
    change = row(total, "smallest_detectable_change")["estimate"]
    assert change == pytest.approx(1.959964 * np.sqrt(2) * by_hand, rel=1e-6)
    assert mean.conditional["score_low"].tolist() == pytest.approx(
        (total.conditional["score_low"] / 5).tolist()
    )
    squares = total.conditional[name] ** 2 * total.conditional["n"]
    assert squares.sum() / 2708 == pytest.approx(by_hand**2)


def test_responses_have_scales_with_their_own_metric():
    core = instrument("digilitt-core")
    answers = read_responses(sample("digilitt-core"), core, person="person", wave="wave")
    found = reliability(answers)
    assert "waves-pooled" in codes(found)
    assert "waves-pooled" not in codes(reliability(answers, by="wave", statistics=["alpha"]))
    scales = [scale for scale in core.scales if scale.items]
    assert list(dict.fromkeys(found.table["scale"])) == [scale.id for scale in scales]
    metrics = {scale.id: scale.metric for scale in scales}
    for _, each in found.table[found.table["metric"] != ""].iterrows():
        assert each["metric"].startswith(metrics[each["scale"]])
    assert found.provenance.instrument == core.name
    pomp = reliability(answers, scale=scales[0].id, metric="pomp")
    mean = reliability(answers, scale=scales[0].id, metric="mean_score")
    low, high = pomp.conditional["score_low"].min(), pomp.conditional["score_high"].max()
    assert 0 <= low < high <= 100
    name = "standard_error_of_measurement"
    # Items go from 1 to 5.
    assert row(pomp, name)["estimate"] == pytest.approx(25 * row(mean, name)["estimate"])


def test_weights_of_items_are_not_used_and_it_is_said():
    told = {
        "id": "weighted", "version": "1.0.0", "status": "pilot", "languages": ["en"],
        "title": {"en": "T"}, "description": {"en": "D"}, "licence": "MIT", "source": "",
        "formats": {
            "three": {
                "kind": "ordered",
                "options": [{"code": code, "en": str(code)} for code in (1, 2, 3)],
            }
        },
        "items": [
            {"id": name, "format": "three", "text": {"en": name}} for name in ("a1", "a2", "a3")
        ],
        "scales": [
            {
                "id": "s",
                "title": {"en": "S"},
                "items": ["a1", {"item": "a2", "weight": 2.0}, "a3"],
                "metric": "sum",
            }
        ],
    }  # fmt: skip
    frame = pd.DataFrame({"a1": [1, 2, 3, 3], "a2": [1, 2, 2, 3], "a3": [1, 1, 3, 3]})
    made = responses(frame, Instrument.model_validate(told), person=None)
    assert "weights-not-used" in codes(reliability(made))


def test_reversed_items_count_as_the_instrument_says():
    sus = simulate(instrument("sus"), n=300, rng=1).responses
    found = reliability(sus, statistics=["alpha"])
    assert row(found, "alpha")["estimate"] > 0.5


def test_clusters():
    source = np.random.default_rng(4)
    place = np.repeat(np.arange(12), 8)
    answers = small(n=96) + source.normal(size=12)[place][:, None]
    frame = answers.assign(place=[None, *place[1:]])
    found = reliability(frame, cluster="place", statistics=["alpha"], n_bootstrap=30, rng=1)
    assert row(found, "icc_1", item="")["n"] == 95
    assert set(found.table["item"]) == {"", *answers}
    one, effect = row(found, "icc_1", item="a"), row(found, "design_effect", item="a")
    assert 0 < one["conf_low"] < one["estimate"] < one["conf_high"] < 1
    assert effect["estimate"] > 1
    assert {"interval-ignores-clusters", "cluster-unknown"} <= {*codes(found)}
    assert "clusters-unknown" not in codes(found)
    apart = reliability(answers.assign(place=range(96)), cluster="place", statistics=["alpha"])
    assert np.isnan(row(apart, "icc_1", item="")["estimate"])
    assert "clusters-unknown" in codes(apart)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (small().assign(b=3.0), "constant-item"),
        (small().assign(b=3.0), "no-variance"),
        (small().iloc[:2], "too-few-persons"),
        (small()[["a"]], "too-few-items"),
        (small().assign(b=lambda x: x["a"]), "not-positive-definite"),
        (small().assign(b=lambda x: x["a"]), "polychoric-at-bound"),
        (small().assign(a=lambda x: 6 - x["a"], b=lambda x: 6 - x["b"]), "negative-alpha"),
        (small() * np.nan, "too-few-persons"),
        (small() + np.random.default_rng(1).normal(size=(60, 4)), "too-many-categories"),
        (small(k=2), "too-many-factors"),
        (small(), "interval-small-sample"),
        (
            small().assign(b=lambda x: x["a"], c=lambda x: x["a"], d=lambda x: x["a"]),
            "no-error-variance",
        ),
    ],
)
def test_limits_of_the_data_are_caveats(frame, code):
    found = reliability(frame)
    assert code in codes(found)
    told = found.table.loc[found.table["estimate"].isna(), "statistic"]
    said = " ".join(caveat.message for caveat in found.caveats)
    assert all(statistic in said for statistic in told)


def test_negative_loadings_are_said_and_nothing_is_reversed():
    found = reliability(BFI, n_factors=5, statistics=["omega_hierarchical"])
    caveat = next(each for each in found.caveats if each.code == "negative-general-loading")
    assert "N1, N2, N3, N4, N5" in caveat.message


def test_options_are_checked_all_at_once():
    with pytest.raises(ResponseError) as caught:
        reliability(
            AGREEABLE,
            statistics=["alfa"],
            missing="drop",
            matrix="poly",
            metric="raw",
            interval="f",
            n_factors=1,
            n_bootstrap=-1,
            conf_level=95,
            rng="x",
        )
    assert {problem.code for problem in caught.value.problems} == {"wrong-value"}
    assert {problem.column for problem in caught.value.problems} == {
        "statistics", "missing", "matrix", "metric", "interval", "n_factors", "n_bootstrap",
        "conf_level", "rng",
    }  # fmt: skip


@pytest.mark.parametrize("options", [{"statistics": "alpha"}, {"statistics": []}])
def test_statistics_are_a_list(options):
    with pytest.raises(ResponseError, match="expected a list of names"):
        reliability(AGREEABLE, **options)


def test_a_frame_has_no_possible_range():
    with pytest.raises(ResponseError, match="needs responses"):
        reliability(AGREEABLE, metric="pomp")


@pytest.mark.parametrize("frame", [small().assign(a="x"), small().assign(a=np.inf)])
def test_text_and_infinite_values_are_refused(frame):
    with pytest.raises(ResponseError):
        reliability(frame)


# Ratings


def test_ratings_of_four_judges():
    found = rater_reliability(dataset("shrout_fleiss", topic="reliability"))
    assert found.kind == "rater_reliability"
    assert found.table["estimate"].round(3).tolist() == [0.166, 0.29, 0.715, 0.443, 0.62, 0.909]
    assert list(found.table)[:8] == FIXED[4:]
    assert (found.table["n"] == 6).all()


def test_two_ratings_have_kappa_with_weights_named():
    frame = pd.DataFrame({"self": [1, 2, 3, 4, 4, None], "mapped": [1, 2, 2, 4, 3, 1]})
    found = rater_reliability(frame)
    assert found.table["statistic"].tolist()[6:] == ["kappa", "kappa_linear", "kappa_quadratic"]
    assert found.table["weights"].tolist()[6:] == ["none", "linear", "quadratic"]
    assert (found.table["n"] == 5).all()
    assert "persons-left-out" in codes(found)
    counted = rater_reliability(frame.dropna().assign(n=3), counts="n", weights=["linear"])
    assert row(counted, "kappa_linear")["estimate"] == pytest.approx(
        row(found, "kappa_linear")["estimate"]
    )
    assert (counted.table["n"] == 15).all()


def test_ratings_that_say_nothing():
    alike = rater_reliability(pd.DataFrame({"a": [2, 2, 2], "b": [2, 2, 2]}))
    assert alike.table["estimate"].isna().all()
    assert "no-variance" in codes(alike)
    full = rater_reliability(pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]}))
    assert full.table["estimate"].tolist() == pytest.approx([1.0] * 9)
    assert full.table["conf_low"].isna().all()
    assert "no-error-variance" in codes(full)
    fine = pd.DataFrame(np.random.default_rng(1).normal(size=(30, 2)))
    assert "too-many-categories" in codes(rater_reliability(fine))
    nobody = rater_reliability(pd.DataFrame({"a": [1.0, np.nan], "b": [np.nan, 1.0]}))
    assert nobody.table["estimate"].isna().all()


@pytest.mark.parametrize(
    ("ratings", "options"),
    [
        ([[1, 2]], {}),
        (small()[["a"]], {}),
        (small(), {"weights": "linear"}),
        (small(), {"weights": ["cubic"]}),
        (small(), {"conf_level": 2}),
    ],
)
def test_ratings_and_options_are_checked(ratings, options):
    with pytest.raises(ResponseError):
        rater_reliability(ratings, **options)


FACTORIAL = pd.DataFrame(np.array(np.meshgrid(*[[0, 1]] * 4)).reshape(4, -1).T, columns=[*"abcd"])


def test_items_that_do_not_correlate_have_no_omega_and_it_is_said():
    found = reliability(pd.concat([FACTORIAL] * 7, ignore_index=True))
    omegas = found.table[found.table["statistic"].str.startswith("omega")]
    assert omegas["estimate"].isna().all()
    told = next(each.message for each in found.caveats if each.code == "too-many-factors")
    assert all(name in told for name in omegas["statistic"])
    assert "do not correlate" in told


def test_answers_of_which_just_one_is_right_have_reasons():
    found = reliability(pd.DataFrame(np.tile(np.eye(4), (10, 1)), columns=[*"abcd"]))
    assert found.table["estimate"].isna().all()
    assert "no-variance" in codes(found)


def test_factors_are_numbered_only_where_there_are_some():
    table = reliability(AGREEABLE).table.set_index("statistic")["n_factors"]
    assert table.dropna().to_dict() == {
        "omega_unidimensional": 1, "omega_total": 3, "omega_hierarchical": 3,
        "omega_categorical": 1,
    }  # fmt: skip


def test_what_was_computed_all_the_same_is_told_apart():
    draw = np.random.default_rng(3).normal
    answers = pd.DataFrame((draw(size=(12, 1)) + draw(size=(12, 6)) > 0) * 1.0, columns=[*"abcdef"])
    found = reliability(answers, statistics=["alpha_ordinal", "omega_categorical"])
    told = [each.message for each in found.caveats if each.code == "not-positive-definite"]
    assert len(told) == 2, codes(found)
    assert told[0].startswith("omega_categorical: not computed")
    assert told[1].startswith("alpha_ordinal: computed, but not to be relied on")
