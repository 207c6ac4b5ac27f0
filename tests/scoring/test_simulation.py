"""Simulation: what is drawn follows the truth beside it, and files of it read back."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from digilitt.define.catalogue import instrument, instruments, municipalities
from digilitt.define.instrument import Instrument
from digilitt.errors import DefinitionError
from digilitt.numerics.irt import graded_probabilities
from digilitt.scoring.responses import Responses, responses
from digilitt.scoring.scores import score
from digilitt.scoring.simulation import simulate, simulate_cohort
from digilitt.scoring.simulation_people import drawn, whole_counts
from digilitt.scoring.simulation_result import Simulation
from tests.make_samples import SEEDS, sample_bytes, sample_path, simulated_sample

pytestmark = pytest.mark.pandas2

# A mean lies further out than this once in 150,000 times.
STANDARD_ERRORS = 4.5

CORE, SUS, QUIZ = (instrument(name) for name in ("digilitt-core", "sus", "digital-safety-quiz"))
CORE_TRAITS = ["attityd", "medvetenhet", "formaga", "forutsattningar"]
SEXES = {"sex": {"kvinna": 0.5, "man": 0.5}}


def text(label: str) -> dict[str, str]:
    return {"en": label}


# Formats that the shipped instruments lack: numbers, scores against the order of the codes,
# an item in no scale and one in two, a gate behind a gate.
MIXED = Instrument(
    id="mixed",
    version="1.0",
    status="pilot",
    languages=("en",),
    title=text("Mixed"),
    licence="MIT",
    formats={
        "hours": {
            "kind": "numeric",
            "minimum": 0,
            "maximum": 40,
            "integer": True,
            "missing": [{"code": -9, "counts_as": "missing", "label": text("no answer")}],
        },
        "grams": {"kind": "numeric", "minimum": 0.25, "maximum": 0.75},
        "often": {
            "kind": "frequency",
            "options": [
                {"code": 1, "label": text("daily"), "score": 3},
                {"code": 2, "label": text("weekly"), "score": 1},
                {"code": 7, "label": text("never"), "score": 0},
            ],
        },
        "yes_no": {
            "kind": "binary",
            "options": [
                {"code": 1, "label": text("yes"), "score": 1},
                {"code": 2, "label": text("no"), "score": 0},
            ],
        },
    },
    items=[
        {"id": "works", "format": "yes_no", "text": text("works")},
        {
            "id": "nights",
            "format": "yes_no",
            "text": text("works at night"),
            "asked_if": {"item": "works", "any_of": [1]},
        },
        {
            "id": "hours",
            "format": "hours",
            "text": text("hours"),
            "asked_if": {"item": "nights", "any_of": [1]},
        },
        {"id": "grams", "format": "grams", "text": text("grams")},
        {"id": "uses", "format": "often", "text": text("uses it")},
        {"id": "avoids", "format": "often", "text": text("avoids it")},
    ],
    scales=[
        {"id": "all", "title": text("All"), "scales": ["one", "two"], "metric": "mean"},
        {
            "id": "one",
            "title": text("One"),
            "items": ["grams", "uses", "-avoids"],
            "metric": "sum",
        },
        {"id": "two", "title": text("Two"), "items": ["-hours"], "metric": "sum"},
        {"id": "both", "title": text("Both"), "items": ["-uses"], "metric": "mean"},
    ],
)


def read_back(made: Simulation) -> Responses:
    """The responses that a CSV file of the simulation gives."""
    frame = pd.read_csv(io.StringIO(made.frame().to_csv(index=False)))
    return read(frame, made.responses.instrument)


def read(frame: pd.DataFrame, chosen: Instrument) -> Responses:
    """The responses in a frame with the columns of `Simulation.frame`."""
    return responses(
        frame,
        chosen,
        person="person",
        wave="wave",
        groups=[name for name in ("municipality", "sex", "role") if name in frame],
        cluster="workplace" if "workplace" in frame else None,
    )


def assert_near(found: float, expected: float, standard_error: float) -> None:
    assert abs(found - expected) <= STANDARD_ERRORS * standard_error


def traits(made: Simulation, *, answered: bool = False) -> pd.DataFrame:
    """Theta with one row per person and wave and one column per scale."""
    truth = made.truth[made.truth["answered"]] if answered else made.truth
    wide = truth.pivot(index=["wave", "person"], columns="scale", values="theta")
    assert isinstance(wide, pd.DataFrame)
    return wide


def same(one: Simulation, other: Simulation) -> bool:
    return (
        one.frame().equals(other.frame())
        and one.truth.equals(other.truth)
        and one.parameters.equals(other.parameters)
        and one.roster.equals(other.roster)
    )


# Traits


def test_traits_have_the_stated_correlation_stability_and_variance() -> None:
    n = 20_000
    made = simulate(CORE, n=n, rng=1, waves=("a", "b"), correlation=0.4, stability=0.7)
    wide = traits(made)
    first, second = wide.loc["a"], wide.loc["b"]
    error = 1 / np.sqrt(n)
    assert sorted(wide.columns) == sorted(CORE_TRAITS)
    for scale in CORE_TRAITS:
        assert_near(first[scale].mean(), 0.0, error)
        assert_near(second[scale].var(), 1.0, np.sqrt(2) * error)
        assert_near(first[scale].corr(second[scale]), 0.7, error)
    assert_near(first["attityd"].corr(first["formaga"]), 0.4, error)
    assert_near(first["attityd"].corr(second["formaga"]), 0.4 * 0.7, error)


def test_shifts_are_what_effects_and_change_say() -> None:
    made = simulate(
        CORE,
        n=40,
        rng=2,
        waves=("1", "2", "3"),
        groups=SEXES,
        effects={"sex": {"man": {"attityd": 0.5}}},
        change=0.2,
        change_effects={"sex": {"kvinna": 0.1}},
    )
    known = made.truth.merge(made.roster[["person", "sex"]], on="person")
    shifts = known.groupby(["sex", "wave", "scale"])["shift"].agg(["min", "max"])
    assert (shifts["min"] == shifts["max"]).all()
    found = shifts["min"].unstack("wave")
    assert found.loc[("man", "attityd")].tolist() == pytest.approx([0.5, 0.7, 0.9])
    assert found.loc[("man", "formaga")].tolist() == pytest.approx([0.0, 0.2, 0.4])
    assert found.loc[("kvinna", "attityd")].tolist() == pytest.approx([0.0, 0.3, 0.6])


def test_effects_move_theta_and_nothing_else() -> None:
    plain = simulate(CORE, n=500, rng=3, groups=SEXES)
    moved = simulate(CORE, n=500, rng=3, groups=SEXES, effects={"sex": {"man": 0.8}})
    difference = moved.truth["theta"] - plain.truth["theta"]
    assert difference.to_numpy() == pytest.approx(moved.truth["shift"].to_numpy(), abs=1e-12)
    assert moved.roster.equals(plain.roster)
    assert moved.parameters.equals(plain.parameters)


def test_random_effects_have_their_spread_and_are_nested() -> None:
    made = simulate(
        SUS,
        n=20_000,
        rng=4,
        groups={"municipality": dict.fromkeys("ABCDEFGH", 1)},
        cluster_size=10,
        random_effects={"municipality": 0.5, "cluster": 0.3},
    )
    known = made.truth.merge(made.roster, on="person")
    for name in ("municipality", "cluster"):
        assert (known.groupby(name)[f"{name}_effect"].nunique() == 1).all()
    assert (made.roster.groupby("cluster")["municipality"].nunique() == 1).all()
    effects = known.groupby("cluster")["cluster_effect"].first()
    assert len(effects) == pytest.approx(2000, abs=20)
    assert_near(effects.std(), 0.3, 0.3 / np.sqrt(2 * len(effects)))
    rest = known["theta"] - known["municipality_effect"] - known["cluster_effect"]
    assert_near(rest.var(), 1.0, np.sqrt(2 / len(rest)))


def test_group_counts_are_as_near_to_the_shares_as_can_be() -> None:
    made = simulate(SUS, n=677, rng=5, groups={"sex": {"kvinna": 0.864, "man": 0.136}})
    assert made.roster["sex"].value_counts().to_dict() == {"kvinna": 585, "man": 92}
    assert whole_counts([1, 1, 1], 8).tolist() == [3, 3, 2]
    assert whole_counts([3, 0, 5], 8).tolist() == [3, 0, 5]


# Answers


@pytest.mark.parametrize("column", ["sus1", "sus2"])
def test_category_shares_follow_the_model(column: str) -> None:
    n = 50_000
    made = simulate(SUS, n=n, rng=6)
    row = made.parameters.set_index("column").loc[column]
    thresholds = row[["b1", "b2", "b3", "b4"]].to_numpy(dtype=float)
    model = graded_probabilities(made.truth["theta"], [row["a"]], [thresholds])[:, 0, :]
    # sus2 is reverse-keyed: the highest category of the trait is the lowest code.
    expected = model.mean(axis=0)[:: int(row["key"])]
    assert int(row["key"]) == (1 if column == "sus1" else -1)
    observed = made.responses.codes[column].value_counts(normalize=True).sort_index()
    assert observed.index.tolist() == [1, 2, 3, 4, 5]
    for share, probability in zip(observed, expected, strict=True):
        assert_near(share, probability, np.sqrt(probability * (1 - probability) / n))


def test_a_group_shift_comes_back_in_the_scores() -> None:
    made = simulate(CORE, n=8000, rng=7, groups=SEXES, effects={"sex": {"man": 0.6}})
    scores = score(made.responses).wide()
    is_man = (scores["sex"] == "man").to_numpy()
    theta = traits(made).loc["1"].reindex(scores["person"])
    for scale in CORE_TRAITS[:3]:
        items = made.parameters[made.parameters["scale"] == scale]
        model = graded_probabilities(theta[scale], items["a"], items[["b1", "b2", "b3", "b4"]])
        expected = 1 + (model @ np.arange(5)).mean(axis=1)
        found = scores[f"{scale}_mean_score"]
        truth = expected[is_man].mean() - expected[~is_man].mean()
        observed = found[is_man].mean() - found[~is_man].mean()
        assert truth > 0.2
        error = (found - expected).std() * np.sqrt(4 / len(found))
        assert_near(observed, truth, error)


def test_reverse_keyed_items_agree_with_their_scale_once_keyed() -> None:
    made = simulate(CORE, n=2000, rng=8)
    reversed_items = made.parameters.loc[made.parameters["key"] == -1, "item"].tolist()
    assert reversed_items == ["a2", "a5", "m3", "m7", "f4", "f8"]
    for scale in CORE_TRAITS[:3]:
        keyed, raw = made.responses.keyed(scale), made.responses.codes
        for item in keyed:
            rest = keyed.drop(columns=item).mean(axis=1)
            assert keyed[item].corr(rest) > 0.2
            assert (raw[item].corr(rest) < 0) == (item in reversed_items)


def test_traits_of_other_scales_do_not_enter() -> None:
    made = simulate(CORE, n=20_000, rng=9, correlation=0.0)
    assert abs(made.responses.codes["a1"].corr(made.responses.codes["m1"])) < 4.5 / np.sqrt(20_000)


def test_single_choice_is_the_two_parameter_model_with_guessing() -> None:
    n = 50_000
    made = simulate(QUIZ, n=n, rng=10)
    row = made.parameters.set_index("column").loc["s01"]
    p = graded_probabilities(made.truth["theta"], [row["a"]], [[row["b1"]]])[:, 0, 1]
    right = (0.25 + 0.75 * p).mean()
    assert (row["model"], row["guessing"]) == ("2pl-guessing", 0.25)
    shares = made.responses.codes["s01"].value_counts(normalize=True)
    for code in (1, 2, 3, 4):
        expected = right if code == 3 else (1 - right) / 3
        assert_near(shares[code], expected, np.sqrt(expected * (1 - expected) / n))


def test_multi_select_options_are_ticked_rightly_by_the_two_parameter_model() -> None:
    n = 50_000
    made = simulate(QUIZ, n=n, rng=11)
    rows = made.parameters[made.parameters["item"] == "s11"]
    key = QUIZ.item("s11").key
    assert rows["column"].tolist() == [f"s11:{code}" for code in range(1, 6)]
    for code, row in enumerate(rows.itertuples(), start=1):
        p = graded_probabilities(made.truth["theta"], [row.a], [[row.b1]])[:, 0, 1].mean()
        expected = p if code in key else 1 - p
        ticked = made.responses.codes[row.column].mean()
        assert_near(ticked, expected, np.sqrt(p * (1 - p) / n))


def test_given_parameters_are_used_and_the_others_stay() -> None:
    drawn_ones = simulate(SUS, n=200, rng=12)
    mine = {"a": 3.0, "b1": -3.0, "b2": -2.5, "b3": -2.0, "b4": -1.5}
    made = simulate(SUS, n=200, rng=12, parameters={"sus1": mine})
    assert made.parameters.loc[0, list(mine)].tolist() == list(mine.values())
    assert made.parameters.iloc[1:].equals(drawn_ones.parameters.iloc[1:])
    assert made.responses.codes["sus1"].mean() > 4
    others = [f"sus{number}" for number in range(2, 11)]
    assert made.responses.codes[others].equals(drawn_ones.responses.codes[others])
    again = simulate(SUS, n=200, rng=12, parameters=made.parameters)
    assert same(made, again)


@pytest.mark.parametrize("chosen", [QUIZ, MIXED], ids=["quiz", "mixed"])
def test_parameters_of_every_format_can_be_given_back(chosen: Instrument) -> None:
    made = simulate(chosen, n=100, rng=13)
    assert same(made, simulate(chosen, n=100, rng=13, parameters=made.parameters))


def test_drawn_parameters_lie_in_the_stated_ranges() -> None:
    made = simulate(
        CORE, n=1, rng=14, discrimination=(1.0, 1.5), difficulty=(-0.2, 0.1), spread=(0.5, 0.6)
    )
    thresholds = made.parameters[["b1", "b2", "b3", "b4"]].to_numpy()
    gaps = np.diff(thresholds, axis=1)
    assert made.parameters["a"].between(1.0, 1.5).all()
    assert ((gaps >= 0.5 - 1e-12) & (gaps <= 0.6 + 1e-12)).all()
    assert (thresholds.mean(axis=1) >= -0.2 - 1e-12).all()
    assert (thresholds.mean(axis=1) <= 0.1 + 1e-12).all()


def test_numbers_are_normal_rounded_and_clipped() -> None:
    n = 20_000
    made = simulate(MIXED, n=n, rng=15, parameters={"grams": {"a": 2.0, "mean": 0.5, "sd": 0.05}})
    grams = made.responses.codes["grams"]
    assert_near(grams.mean(), 0.5, 0.05 / np.sqrt(n))
    assert_near(grams.std(), 0.05, 0.05 / np.sqrt(2 * n))
    theta = traits(made)["one"].to_numpy()
    assert_near(np.corrcoef(theta, grams)[0, 1], 2 / np.sqrt(5), 1 / np.sqrt(n))
    hours = made.responses.codes["hours"].dropna()
    assert hours.between(0, 40).all()
    assert (hours % 1 == 0).all()
    wide = simulate(MIXED, n=500, rng=15, parameters={"hours": {"mean": 20.0, "sd": 400.0}})
    assert {0.0, 40.0} <= set(wide.responses.codes["hours"].dropna())


def test_categories_go_by_score_and_an_item_in_two_scales_follows_the_first() -> None:
    made = simulate(MIXED, n=5000, rng=16)
    home = made.parameters.set_index("item")[["scale", "key"]].T.to_dict("list")
    assert home["uses"] == ["one", 1]
    assert home["avoids"] == ["one", -1]
    assert home["works"] == ["", 1]
    theta = traits(made)["one"].to_numpy()
    means = pd.Series(theta).groupby(made.responses.codes["uses"].to_numpy()).mean()
    assert means[1] > means[2] > means[7]
    means = pd.Series(theta).groupby(made.responses.codes["avoids"].to_numpy()).mean()
    assert means[1] < means[2] < means[7]


def test_items_in_no_scale_are_noise() -> None:
    n = 20_000
    made = simulate(MIXED, n=n, rng=17)
    for theta in (traits(made)["one"], traits(made)["two"]):
        assert abs(np.corrcoef(theta, made.responses.codes["works"])[0, 1]) < 4.5 / np.sqrt(n)


# Missing answers, gates, carelessness


def test_missing_answers_come_at_their_rates() -> None:
    n = 50_000
    made = simulate(CORE, n=n, rng=18, missing_rate={"blank": 0.03, 77: 0.1, 99: 0.02})
    codes = made.responses.codes
    for column, rates in (("a1", {77: 0.0, 99: 0.02}), ("f1", {77: 0.1, 99: 0.02})):
        assert_near(codes[column].isna().mean(), 0.03, np.sqrt(0.03 * 0.97 / n))
        for code, rate in rates.items():
            assert_near((codes[column] == code).mean(), rate, np.sqrt(rate * (1 - rate) / n))
    assert not (codes == 66).any(axis=None)
    complete = simulate(CORE, n=n, rng=18)
    kept = made.responses.items.notna()
    assert made.responses.items.equals(complete.responses.codes.where(kept))


def test_one_rate_is_the_rate_of_blanks() -> None:
    codes = simulate(SUS, n=20_000, rng=19, missing_rate=0.1).responses.codes
    assert_near(codes.isna().mean().mean(), 0.1, np.sqrt(0.09 / codes.size))


def test_multi_select_items_are_left_out_whole() -> None:
    codes = simulate(QUIZ, n=2000, rng=20, missing_rate={"blank": 0.1, 98: 0.2}).responses.codes
    ticks = codes[[f"s11:{code}" for code in range(1, 6)]]
    assert ticks.isna().any(axis=1).equals(ticks.isna().all(axis=1))
    assert (ticks == 98).any(axis=1).equals((ticks == 98).all(axis=1))
    assert ticks.isna().any(axis=None)
    assert (ticks == 98).any(axis=None)


def test_gates_are_obeyed() -> None:
    made = simulate(QUIZ, n=3000, rng=21, missing_rate={"blank": 0.02, 99: 0.02}, careless=0.2)
    codes, missing = made.responses.codes, made.responses.missing
    closed = codes["g1"] == 0
    assert 0.2 < closed.mean() < 0.8
    assert codes.loc[closed, "s10"].isna().all()
    assert missing["s10"].eq("not_asked").equals(closed)
    assert codes.loc[~closed, "s10"].notna().mean() > 0.9


def test_a_gate_behind_a_gate_is_obeyed() -> None:
    codes = simulate(MIXED, n=3000, rng=22).responses.codes
    assert codes.loc[codes["works"] == 2, ["nights", "hours"]].isna().all(axis=None)
    assert codes.loc[codes["nights"] == 2, "hours"].isna().all()
    assert codes.loc[codes["nights"] == 1, "hours"].notna().all()


def test_careless_rows_are_as_many_as_said_and_what_they_are_called() -> None:
    made = simulate(CORE, n=4000, rng=23, careless=0.3)
    attentive = simulate(CORE, n=4000, rng=23)
    flags = made.truth.groupby("person", sort=False)[["careless", "straightlining"]].first()
    assert flags["careless"].sum() == 1200
    assert flags["straightlining"].sum() == 600
    assert not (flags["straightlining"] & ~flags["careless"]).any()
    codes = made.responses.codes.set_axis(flags.index)
    others = ~flags["careless"].to_numpy()
    assert codes[others].equals(attentive.responses.codes.set_axis(flags.index)[others])
    assert (codes[flags["straightlining"]].nunique(axis=1) == 1).all()
    random = codes[flags["careless"] & ~flags["straightlining"]]
    shares = random.stack().value_counts(normalize=True)
    for code in range(1, 6):
        assert_near(shares[code], 0.2, np.sqrt(0.16 / random.size))


@pytest.mark.parametrize("chosen", [QUIZ, MIXED], ids=["quiz", "mixed"])
def test_careless_answers_fit_every_format(chosen: Instrument) -> None:
    made = simulate(chosen, n=300, rng=24, careless=1.0)
    assert made.truth["careless"].all()
    assert read_back(made).codes.equals(made.responses.codes)


# Waves


def test_attrition_has_its_size_and_depends_on_the_first_wave() -> None:
    n, effect = 10_000, -1.0
    made = simulate(CORE, n=n, rng=25, waves=("1", "2"), attrition=0.3, attrition_effect=effect)
    assert (made.responses.people["wave"] == "2").sum() == 7000
    trait = traits(made).loc["1"].mean(axis=1)
    answered = made.truth[made.truth["wave"] == "2"].groupby("person")["answered"].first()
    stayed = answered.reindex(trait.index).to_numpy()

    def chance(c: float) -> np.ndarray[Any, Any]:
        return np.asarray(1 / (1 + np.exp(-(c + effect * trait))))

    p = chance(brentq(lambda c: chance(c).mean() - 0.3, -10, 10))
    expected = (p * trait).sum() / p.sum()
    leavers = trait[~stayed]
    assert expected < -0.2
    assert_near(leavers.mean(), expected, leavers.std() / np.sqrt(len(leavers)))
    assert leavers.mean() < trait[stayed].mean()


def test_without_an_effect_leaving_is_by_chance() -> None:
    made = simulate(SUS, n=10_000, rng=26, waves=("1", "2"), attrition=0.3)
    first = made.truth[made.truth["wave"] == "1"].set_index("person")["theta"]
    stayed = made.responses.people.loc[made.responses.people["wave"] == "2", "person"]
    assert_near(first[stayed].mean(), first.mean(), np.sqrt(0.3 / 7000))


def test_who_leaves_stays_away() -> None:
    made = simulate(SUS, n=100, rng=27, waves=("1", "2", "3"), attrition=0.2)
    by_wave = made.responses.people.groupby("wave")["person"].agg(set)
    assert by_wave["1"] > by_wave["2"] > by_wave["3"]
    assert by_wave.map(len).tolist() == [100, 80, 64]
    answered = made.truth[made.truth["answered"]].groupby("wave")["person"].agg(set)
    assert answered.to_dict() == by_wave.to_dict()


@pytest.mark.parametrize(("rate", "n_left"), [(0.0, 50), (1.0, 0)])
def test_nobody_or_everybody_can_leave(rate: float, n_left: int) -> None:
    made = simulate(SUS, n=50, rng=28, waves=("1", "2"), attrition=rate, attrition_effect=2.0)
    assert (made.responses.people["wave"] == "2").sum() == n_left


def test_a_systematic_draw_keeps_each_ones_chance() -> None:
    chance = np.array([0.1, 0.9, 0.5, 0.3, 0.2])
    rng = np.random.default_rng(29)
    taken = np.array([drawn(chance, rng) for _ in range(20_000)])
    assert set(taken.sum(axis=1)) == {2}
    errors = np.sqrt(chance * (1 - chance) / len(taken))
    assert (np.abs(taken.mean(axis=0) - chance) <= STANDARD_ERRORS * errors).all()


def test_true_change_raises_the_scores() -> None:
    made = simulate(CORE, n=3000, rng=30, waves=("2018", "2019"), change={"attityd": 0.5})
    means = score(made.responses).table.groupby(["scale", "wave"])["estimate"].mean().unstack()
    change = means["2019"] - means["2018"]
    assert change["attityd"] > 0.25
    assert abs(change["formaga"]) < 0.1


# Seeds and provenance


def full(seed: int | np.random.Generator, **other: Any) -> Simulation:
    return simulate(
        QUIZ,
        n=80,
        rng=seed,
        waves=("1", "2"),
        **{"groups": SEXES, "cluster_size": 9, "careless": 0.1, "missing_rate": 0.05} | other,
    )


def test_the_same_seed_gives_the_same_data_and_another_seed_other_data() -> None:
    assert same(full(31), full(31))
    assert same(full(31), full(np.random.default_rng(31)))
    assert not full(31).responses.codes.equals(full(32).responses.codes)
    assert not full(31).parameters.equals(full(32).parameters)
    assert not full(31).roster.equals(full(32).roster)


def test_a_generator_goes_on() -> None:
    rng = np.random.default_rng(33)
    first, second = full(rng), full(rng)
    assert not same(first, second)
    assert first.responses.provenance.seed != second.responses.provenance.seed
    assert first.responses.provenance.seed.startswith("PCG64 in the state ")


def test_an_old_generator_serves_too() -> None:
    made = full(np.random.Generator(np.random.MT19937(1)))
    assert made.responses.provenance.seed.startswith("MT19937 in the state ")


def test_provenance_and_caveat_flow_to_the_scores() -> None:
    made = full(34, correlation=0.25)
    for result in (made.responses, score(made.responses)):
        assert result.provenance.seed == "34"
        assert ("n", "80") in result.provenance.options
        assert ("correlation", "0.25") in result.provenance.options
        first = result.caveats[0]
        assert first.code == "simulated-data"
        assert first.message == "simulated: no real person answered"
    assert made.responses.provenance.method == "simulate"
    assert made.responses.provenance.digest == QUIZ.digest
    assert "simulated: no real person answered" in repr(made)


# Files


def assert_same_responses(found: Responses, made: Responses) -> None:
    pd.testing.assert_frame_equal(found.codes, made.codes)
    pd.testing.assert_frame_equal(found.people, made.people)
    assert found.groups == made.groups
    pd.testing.assert_frame_equal(score(found).table, score(made).table)


@pytest.mark.parametrize("chosen", [*instruments().values(), MIXED], ids=lambda one: one.id)
def test_a_file_of_it_reads_back_as_the_same_responses(chosen: Instrument) -> None:
    missing = {m.code: 0.05 for f in chosen.formats.values() for m in f.missing}
    made = simulate(
        chosen,
        n=150,
        rng=35,
        waves=("2018", "2019"),
        groups={"municipality": {"Båstad": 2, "Hörby": 1}, "sex": SEXES["sex"]},
        cluster_size=10,
        attrition=0.2,
        missing_rate={"blank": 0.03, **missing},
        careless=0.05,
    )
    assert_same_responses(read_back(made), made.responses)
    assert_same_responses(read(made.frame(), chosen), made.responses)
    scored = score(made.responses).table["estimate"].notna()
    assert scored.mean() > 0.5


def test_a_file_of_an_instrument_without_groups_reads_back() -> None:
    made = simulate(SUS, n=5, rng=36)
    assert list(made.frame())[:3] == ["person", "wave", "sus1"]
    assert_same_responses(read_back(made), made.responses)


def test_a_file_holds_integers_and_blanks() -> None:
    made = simulate(SUS, n=30, rng=37, missing_rate=0.3)
    written = made.frame().to_csv(index=False)
    assert "." not in written
    assert "nan" not in written.lower()
    assert ",," in written


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_samples_are_what_their_seeds_give(name: str) -> None:
    assert sample_path(name).read_bytes() == sample_bytes(name)


def test_every_instrument_has_a_sample() -> None:
    assert sorted(SEEDS) == sorted(instruments())


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_samples_read_and_score(name: str) -> None:
    frame = pd.read_csv(sample_path(name), encoding="utf-8")
    people = ["person", "wave", "municipality", "sex", "role", "workplace"]
    assert list(frame)[:6] == people
    found = read(frame, instrument(name))
    assert found.caveats == ()
    assert_same_responses(found, simulated_sample(name).responses)
    assert found.people["person"].nunique() == 60
    waves = ["2018", "2019"] if name == "digilitt-core" else ["2018"]
    assert sorted(found.people["wave"].unique()) == waves
    scores = score(found).table
    assert (scores.groupby("scale")["estimate"].count() >= 40).all()


# The cohort


@pytest.mark.parametrize("seed", [1, 2018, 99])
def test_the_cohort_has_its_counts_whatever_the_seed(seed: int) -> None:
    cohort = simulate_cohort(rng=seed)
    roster = cohort.roster
    assert (len(roster), roster["enrolled"].sum()) == (677, 641)
    assert list(roster) == ["person", "municipality", "sex", "role", "cluster", "enrolled"]
    sizes = roster["municipality"].value_counts()
    assert set(sizes.index) == {place.name for place in municipalities()}
    assert sizes.between(40, 120).all()
    people, scores = cohort.responses.people, score(cohort.responses).table
    assert people["wave"].value_counts().to_dict() == {"2018": 588, "2019": 431}
    themes = scores[scores["scale"].isin(CORE_TRAITS[:3]) & scores["estimate"].notna()]
    valid = themes.groupby("wave")["person"].agg(set)
    first = set(people.loc[people["wave"] == "2018", "person"])
    second = set(people.loc[people["wave"] == "2019", "person"])
    assert len(valid["2018"]) == 575
    assert second < valid["2018"] < first < set(roster.loc[roster["enrolled"], "person"])
    sex = roster.set_index("person")["sex"]
    for persons in (set(roster["person"]), first, valid["2018"]):
        n_men = (sex[list(persons)] == "man").sum()
        assert n_men == round(0.136 * len(persons))
    assert cohort.responses.codes.notna().any(axis=1).all()
    assert 0.2 <= 1 - 431 / 575 <= 1 - 431 / 588 <= 0.3


def test_the_cohort_is_what_its_docstring_says() -> None:
    cohort = simulate_cohort(rng=5)
    truth = cohort.truth.merge(cohort.roster, on="person")
    careless = truth[truth["answered"]].groupby(["person", "wave"])["careless"].first()
    assert 0.02 <= careless.mean() <= 0.03
    change = truth[truth["wave"] == "2019"].groupby(["scale", "municipality"])["shift"].mean()
    before = truth[truth["wave"] == "2018"].groupby(["scale", "municipality"])["shift"].mean()
    change = (change - before).unstack("scale")
    assert (change["forutsattningar"].abs() < 1e-12).all()
    assert change["attityd"].nunique() == 9
    assert_near(change["attityd"].mean(), 0.25, 0.12 / 3)
    first = truth[truth["wave"] == "2018"].groupby("person")["theta"].mean()
    later = truth[truth["wave"] == "2019"].groupby("person")["answered"].first()
    scored = score(cohort.responses).table.dropna(subset="estimate")
    was_valid = later.index.isin(scored.loc[scored["wave"] == "2018", "person"])
    assert first[was_valid & ~later].mean() < first[was_valid & later].mean() - 0.1
    mixes = pd.crosstab(cohort.roster["municipality"], cohort.roster["role"], normalize="index")
    assert (mixes.max() - mixes.min() > 0.1).any()


@pytest.mark.parametrize("chosen", instruments().values(), ids=lambda one: one.id)
def test_a_cohort_can_answer_any_instrument(chosen: Instrument) -> None:
    cohort = simulate_cohort(chosen, rng=6)
    scores = score(cohort.responses).table
    themes = [scale.id for scale in chosen.scales if not scale.context]
    first = scores[(scores["wave"] == "2018") & scores["scale"].isin(themes)]
    valid = first["estimate"].notna() | first["band"].notna()
    assert first.loc[valid, "person"].nunique() == 575
    assert_same_responses(read_back(cohort), cohort.responses)


def test_the_cohort_is_never_a_result_of_the_project() -> None:
    cohort = simulate_cohort(rng=7)
    caveats = score(cohort.responses).caveats
    assert [caveat.code for caveat in caveats[:2]] == ["simulated-data", "simulated-data"]
    assert "no number here is a result of that project" in caveats[1].message
    assert same(cohort, simulate_cohort(rng=7))
    assert not same(cohort, simulate_cohort(rng=8))


def test_a_cohort_needs_an_instrument_that_gives_scores() -> None:
    content = SUS.model_dump(mode="json", by_alias=True)
    gate = {"item": "sus1", "any_of": [5], "otherwise": "missing"}
    for item in content["items"][1:]:
        item["asked_if"] = gate
    with pytest.raises(DefinitionError, match="scores whoever answers everything"):
        simulate_cohort(Instrument(**content), rng=1)


# What cannot be simulated


@pytest.mark.parametrize(
    ("wrong", "column", "said"),
    [
        ({"n": 0}, "n", "at least 1"),
        ({"n": 2.5}, "n", "whole number"),
        ({"n": True}, "n", "whole number"),
        ({"rng": None}, "rng", "seed"),
        ({"rng": -1}, "rng", "seed"),
        ({"rng": True}, "rng", "seed"),
        ({"waves": ()}, "waves", "at least one"),
        ({"waves": ("1", "1")}, "waves", "2 times"),
        ({"waves": (2018,)}, "waves", "a text"),
        ({"waves": 2018}, "waves", "a text"),
        ({"groups": ["sex"]}, "groups", "expected"),
        ({"groups": {"wave": {"a": 1}}}, "groups", "its own meaning"),
        ({"groups": {"theta": {"a": 1}}}, "groups", "its own meaning"),
        ({"groups": {"sex_effect": {"a": 1}, "sex": {"a": 1}}}, "groups", "its own meaning"),
        ({"groups": {"sus1": {"a": 1}}}, "groups", "an item"),
        ({"groups": {"sex": ["man"]}}, "groups.sex", "expected"),
        ({"groups": {"sex": {}}}, "groups.sex", "expected"),
        ({"groups": {"sex": {"man": -1}}}, "groups.sex", "at least 0"),
        ({"groups": {"sex": {"man": 0}}}, "groups.sex", "sum to 0"),
        ({"groups": {"sex": {" man": 1}}}, "groups.sex", "needless space"),
        ({"cluster_size": -1}, "cluster_size", "at least 0"),
        ({"effects": {"sex": {"man": 1}}}, "effects", "no group"),
        ({"effects": 0.3}, "effects", "expected"),
        ({"effects": {"sex": 0.3}, "groups": SEXES}, "effects", "expected"),
        ({"effects": {"sex": {"men": 1}}, "groups": SEXES}, "effects", "kvinna, man"),
        (
            {"effects": {"sex": {"man": "much"}}, "groups": SEXES},
            "effects.sex.man",
            "expected a number",
        ),
        ({"change": float("nan")}, "change", "a number"),
        ({"change": {"susx": 0.1}}, "change", "no scale"),
        ({"change": {"sus": None}}, "change", "a number"),
        ({"change_effects": {"role": {}}}, "change_effects", "no group"),
        ({"random_effects": {"cluster": 0.2}}, "random_effects", "cluster_size"),
        ({"random_effects": {"sex": -1}, "groups": SEXES}, "random_effects", "at least 0"),
        ({"random_effects": 0.2}, "random_effects", "expected"),
        ({"correlation": 1.1}, "correlation", "from 0 to 1"),
        ({"stability": -0.1}, "stability", "from 0 to 1"),
        ({"attrition": "half"}, "attrition", "from 0 to 1"),
        ({"attrition_effect": float("inf")}, "attrition_effect", "log odds"),
        ({"careless": 2}, "careless", "from 0 to 1"),
        ({"discrimination": (0.0, 1.0)}, "discrimination", "above 0"),
        ({"difficulty": (1.0, -1.0)}, "difficulty", "lowest, highest"),
        ({"spread": 1.0}, "spread", "lowest, highest"),
        ({"missing_rate": 1.5}, "missing_rate", "from 0 to 1"),
        ({"missing_rate": "many"}, "missing_rate", "from 0 to 1"),
        ({"missing_rate": {99: 0.1}}, "missing_rate", "no missing code"),
        ({"missing_rate": {"blank": 0.9, 99: 0.9}}, "missing_rate", "at most 1"),
        ({"parameters": {"susx": {"a": 1}}}, "parameters", "no answer column"),
        ({"parameters": {"sus1": {"a": 0}}}, "parameters.sus1", "above 0"),
        ({"parameters": {"sus1": {"a": None}}}, "parameters.sus1", "a number"),
        ({"parameters": {"sus1": {"c": 0.2}}}, "parameters.sus1", "no parameter"),
        ({"parameters": {"sus1": {"guessing": 0.2}}}, "parameters.sus1", "no parameter"),
        ({"parameters": {"sus1": {"b1": 0.2}}}, "parameters.sus1", "all 4"),
        (
            {"parameters": {"sus1": {"b1": 0, "b2": 1, "b3": 1, "b4": 2}}},
            "parameters.sus1",
            "do not ascend",
        ),
        ({"parameters": 3}, "parameters", "expected"),
        ({"parameters": {"sus1": 3}}, "parameters", "expected"),
        ({"parameters": pd.DataFrame({"a": [1.0]})}, "parameters", "expected"),
        (
            {"parameters": pd.DataFrame({"item": ["sus1", "sus1"], "a": [1.0, 2.0]})},
            "parameters",
            "expected",
        ),
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any], column: str, said: str) -> None:
    with pytest.raises(DefinitionError, match=said) as caught:
        simulate(SUS, **{"n": 10, "rng": 1} | wrong)
    assert column in {problem.column for problem in caught.value.problems}


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        simulate(SUS, n=0, rng="x", correlation=2, careless=-1, missing_rate={42: 0.1})
    assert sorted(problem.column for problem in caught.value.problems) == [
        "careless",
        "correlation",
        "missing_rate",
        "n",
        "rng",
    ]


def test_other_guessing_than_one_of_the_options_is_refused() -> None:
    with pytest.raises(DefinitionError, match="always 1 / options"):
        simulate(QUIZ, n=10, rng=1, parameters={"s01": {"guessing": 0.2}})


@pytest.mark.parametrize("rng", [None, -3, "seed"])
def test_a_cohort_needs_a_seed(rng: Any) -> None:
    with pytest.raises(DefinitionError, match="seed"):
        simulate_cohort(rng=rng)
