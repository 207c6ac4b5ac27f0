"""Sizes of non-invariance of fitted ladders: against R, laws, truth, and what is refused."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import digilitt as dl
from tests.reference.cases import dataset, load_case

CASE = load_case("noninvariance")
A = [f"A{number}" for number in range(1, 6)]
AGREE = "agree =~ A1 + A2 + A3 + A4 + A5"
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
HOLZINGER = dataset("holzinger", group=True)
BFI = dataset("bfi", group=True).dropna()
STATISTICS = ["dmacs", "dmacs_signed", "item_bias", "item_bias_absolute"]

LADDERS: dict[str, tuple[pd.DataFrame, str, dict[str, Any]]] = {
    "partial": (
        HOLZINGER,
        THREE,
        {"partial": ["visual =~ x2", "speed =~ x8", "x3 ~1", "x7 ~1", "x8 ~1"], "estimator": "ml"},
    ),
    "crossed": (
        HOLZINGER,
        f"{THREE} + x1",
        {"partial": ["visual =~ x1", "speed =~ x1", "x3 ~1"], "estimator": "ml"},
    ),
    "continuous": (
        BFI[["group", *A]],
        AGREE,
        {"partial": ["agree =~ A1", "A1 ~1", "A4 ~1"], "estimator": "mlr"},
    ),
    "theta": (
        BFI[["group", *A]],
        AGREE,
        {"partial": ["agree =~ A1", "A1 | t2", "A4 | t3", "A4 | t4", "A5 | t1"]},
    ),
    "mixed": (
        BFI,
        f"{AGREE}\nextra =~ E3 + E4 + E5 + A5",
        {"partial": ["agree =~ A5", "extra =~ A5", "A5 | t3"]},
    ),
}


@cache
def ladder(name: str) -> dl.Invariance:
    frame, model, options = LADDERS[name]
    return dl.invariance(frame, by="group", model=model, **options)


@pytest.mark.parametrize("name", list(LADDERS))
def test_effects_are_those_of_lavaans_solutions(name):
    data = "holzinger" if name in ("partial", "crossed") else "bfi"
    told, found = CASE.expected[data][name], ladder(name)
    groups = list(found.groups["group"])
    for reference, against in ((0, "second_against_first"), (1, "first_against_second")):
        sizes = dl.noninvariance(found, reference=groups[reference])
        assert (sizes.model, sizes.linking) == ("scalar", "equal items")
        wide, expected = sizes.wide(), told[against]
        assert wide["group"].unique().tolist() == [groups[1 - reference]]
        for each in STATISTICS:
            CASE.check("solution", wide[each], expected[each.removeprefix("item_")], each)


def ordinal_groups(shift: float = 0.8) -> pd.DataFrame:
    """Two groups, .4 apart; the fourth of six items is easier in the second."""
    rng = np.random.default_rng(3)
    second = np.repeat([False, True], 400)
    latent = rng.normal(size=(800, 1)) + 0.4 * second[:, None] + rng.normal(size=(800, 6))
    latent[:, 3] += shift * second
    frame = pd.DataFrame(np.digitize(latent, [-1.5, -0.5, 0.5, 1.5]) + 1, columns=list("abcdef"))
    return frame.assign(town=np.where(second, "Ystad", "Sjöbo"))


@cache
def ordinal_ladder() -> dl.Invariance:
    return dl.invariance(ordinal_groups(), by="town")


def true_bias() -> float:
    """How far a shift of .8 moves the mean score of the second group's persons on the item."""
    rng = np.random.default_rng(8)
    latent = 0.4 + np.sqrt(2.0) * rng.normal(size=1_000_000)
    cuts = [-1.5, -0.5, 0.5, 1.5]
    return float((np.digitize(latent + 0.8, cuts) - np.digitize(latent, cuts)).mean())


@pytest.mark.parametrize("source", ["search", "alignment", "ladder", "strict"])
def test_a_known_bias_is_found(source):
    found = ordinal_ladder()
    if source == "alignment":
        sizes = dl.noninvariance(dl.alignment(found))
    elif source == "ladder":
        sizes = dl.noninvariance(found)
    else:
        search = dl.partial_invariance(found)
        assert search.partial == ("d ~1",)
        sizes = dl.noninvariance(search, model="strict" if source == "strict" else None)
    wide = sizes.wide().set_index("item")
    assert wide.loc["d", "item_bias"] == pytest.approx(true_bias(), abs=0.15)
    assert wide.drop(index="d")["dmacs"].max() < 0.12
    scale = sizes.scale.iloc[0]
    assert scale["bias"] == pytest.approx(true_bias() / 6, abs=0.04)
    assert scale["low"] <= min(scale["bias"], 0.0)
    assert scale["high"] >= scale["bias"]


def test_an_alignment_is_what_a_ladder_with_nothing_free_gets():
    found = ordinal_ladder()
    alone, given = dl.noninvariance(found), dl.noninvariance(dl.alignment(found))
    pd.testing.assert_frame_equal(alone.table, given.table)
    assert alone.linking == given.linking == "alignment"
    assert alone.model == "configural"
    assert alone.provenance.seed == "0"
    for each in (alone, given):
        assert [caveat.code for caveat in each.caveats].count("linked-by-alignment") == 1


def test_scales_are_made_of_items():
    found = ladder("continuous")
    sum_, mean = (dl.noninvariance(found, scale_metric=each) for each in ("sum", "mean"))
    bias = sum_.wide()["item_bias"]
    row = sum_.scale.iloc[0]
    assert row["bias"] == pytest.approx(bias.sum())
    assert row["low"] == pytest.approx(bias[bias < 0].sum())
    assert row["high"] == pytest.approx(bias[bias > 0].sum())
    assert row["worst"] == pytest.approx(bias.abs().sum())
    frame = LADDERS["continuous"][0]
    observed = frame.groupby("group")[A].mean().sum(axis=1)
    assert row["observed_difference"] == pytest.approx(observed["female"] - observed["male"])
    assert row["n"] == (frame["group"] == "female").sum()
    numbers = ["bias", "low", "high", "worst", "observed_difference", "observed_std_error"]
    np.testing.assert_allclose(mean.scale[numbers], sum_.scale[numbers] / 5)
    pd.testing.assert_frame_equal(mean.table, sum_.table)


def test_an_item_of_two_factors_is_in_both_scales():
    sizes = dl.noninvariance(ladder("crossed"), scale_metric="sum")
    wide = sizes.wide().set_index("item")
    assert wide.loc["x1", "factor"] == "visual, speed"
    scale = sizes.scale.set_index("factor")["bias"]
    x1, x3 = wide.loc[["x1", "x3"], "item_bias"]
    assert scale["visual"] == pytest.approx(x1 + x3)
    assert scale["speed"] == pytest.approx(x1)
    assert scale["textual"] == pytest.approx(0.0, abs=1e-9)


def test_groups_against_all_together():
    sizes = dl.noninvariance(ladder("continuous"), reference="pooled")
    assert sizes.table["group"].unique().tolist() == ["male", "female"]
    assert sizes.reference == "pooled"
    assert "against all groups together" in repr(sizes)
    weighted = (sizes.scale["observed_difference"] * sizes.scale["n"]).sum()
    assert weighted == pytest.approx(0.0, abs=1e-9)


def test_a_group_may_be_called_pooled():
    frame = ordinal_groups().replace({"town": {"Ystad": "pooled"}})
    sizes = dl.noninvariance(dl.invariance(frame, by="town"), reference="pooled")
    assert sizes.table["group"].unique().tolist() == ["Sjöbo"]


def test_merged_categories_count_their_mean():
    frame = ordinal_groups()
    frame.loc[(frame["town"] == "Ystad") & (frame["a"] == 5), "a"] = 4
    found = dl.invariance(frame, by="town", merge_categories=True, partial="d ~1")
    sizes = dl.noninvariance(found)
    assert "categories-merged" in {each.code for each in sizes.caveats}
    counted = frame.assign(a=frame["a"].replace({4: 4.5, 5: 4.5}))
    means = counted.groupby("town")[list("abcdef")].mean().mean(axis=1)
    assert sizes.scale["observed_difference"].iloc[0] == pytest.approx(
        means["Ystad"] - means["Sjöbo"]
    )


def test_persons_of_patterns_are_counted():
    frame = ordinal_groups()
    patterns = frame.value_counts().rename("n").reset_index()
    patterns = patterns.sort_values("town", kind="stable", ignore_index=True)
    one = dl.noninvariance(dl.invariance(frame, by="town", partial="d ~1"))
    other = dl.noninvariance(dl.invariance(patterns, by="town", counts="n", partial="d ~1"))
    columns = ["bias", "low", "high", "worst", "observed_difference", "n"]
    np.testing.assert_allclose(one.scale[columns], other.scale[columns], atol=1e-5)
    np.testing.assert_allclose(one.table["estimate"], other.table["estimate"], atol=1e-5)


def test_with_everything_equal_there_is_nothing_to_see():
    found = dl.invariance(HOLZINGER, by="group", model=THREE, estimator="ml")
    sizes = dl.noninvariance(found, model="scalar")
    assert sizes.table["estimate"].abs().max() < 1e-12
    assert "no-effects" in {each.code for each in sizes.caveats}
    assert "no-effects" not in {each.code for each in dl.noninvariance(found).caveats}


def test_one_equal_item_is_told():
    found = dl.invariance(
        HOLZINGER, by="group", model=THREE, estimator="ml", partial=["x1 ~1", "x3 ~1"]
    )
    told = [each for each in dl.noninvariance(found).caveats if each.code == "one-equal-item"]
    assert [each.where for each in told] == ["visual"]
    assert "only x2" in told[0].message


def test_the_table_keeps_its_columns():
    sizes = dl.noninvariance(ladder("partial"))
    assert sizes.table.columns.tolist() == ["item", "factor", "group", "statistic", "estimate", "n"]
    assert sizes.table["statistic"].unique().tolist() == STATISTICS
    assert len(sizes.table) == 9 * 4
    assert sizes.wide().columns.tolist() == ["item", "factor", "group", "n", *STATISTICS]
    shown = repr(sizes)
    assert "dmacs in standard deviations, bias in points of the item" in shown
    assert "points of the scale" in shown
    assert sizes._repr_html_().count("<table") == 2


@pytest.mark.parametrize("model", ["metric", "thresholds"])
def test_steps_without_latent_means_are_refused(model):
    with pytest.raises(dl.ResponseError) as raised:
        dl.noninvariance(ordinal_ladder(), model=model)
    assert [each.code for each in raised.value.problems] == ["not-linked"]


def test_a_step_whose_intercepts_are_all_free_is_refused():
    partial = ["x1 ~1", "x2 ~1", "x3 ~1"]
    found = dl.invariance(HOLZINGER, by="group", model=THREE, estimator="ml", partial=partial)
    with pytest.raises(dl.ResponseError) as raised:
        dl.noninvariance(found)
    assert [(each.code, each.column) for each in raised.value.problems] == [
        ("not-linked", "visual")
    ]


def test_what_cannot_be_aligned_is_refused():
    model = f"{THREE} + x1"
    found = dl.invariance(HOLZINGER, by="group", model=model, estimator="ml")
    with pytest.raises(dl.ResponseError) as raised:
        dl.noninvariance(found)
    assert [each.code for each in raised.value.problems] == ["not-simple-structure"]


@pytest.mark.parametrize(
    ("options", "column"),
    [
        ({"reference": "nowhere"}, "reference"),
        ({"scale_metric": "median"}, "scale_metric"),
        ({"model": "means"}, "model"),
    ],
)
def test_options_that_cannot_be_used(options, column):
    with pytest.raises(dl.ResponseError) as raised:
        dl.noninvariance(ladder("partial"), **options)
    assert [each.column for each in raised.value.problems] == [column]
    aligned = dl.alignment(ordinal_ladder(), n_starts=1)
    with pytest.raises(dl.ResponseError, match="an alignment is of the step"):
        dl.noninvariance(aligned, model="scalar")


def test_what_matters_is_shown_first():
    sizes = dl.noninvariance(ladder("partial"))
    wide = sizes.wide().sort_values("dmacs", ascending=False)
    large = wide[wide["dmacs"] >= 0.05]
    shown = repr(sizes)
    assert shown.index("in points of the scale") < shown.index("items: dmacs")
    items = shown.split("items: dmacs")[1].split("\n")[2 : 2 + len(large)]
    assert [line.split()[0] for line in items] == large["item"].tolist()
    rest = wide["dmacs"].iloc[len(large) :]
    assert f"({len(rest)} more rows in .wide(), dmacs {rest.max():.3f} at most)" in shown
    assert "-0.000" not in shown
    written = sizes._repr_html_()
    assert written.index("in points of the scale") < written.index("items: dmacs")
    assert f"({len(rest)} more rows" in written
    assert written.count("<tr") == 2 + len(sizes.scale) + len(large)


def test_some_items_are_shown_though_none_differ():
    found = dl.invariance(HOLZINGER, by="group", model=THREE, estimator="ml")
    shown = dl.noninvariance(found, model="scalar")._shown()
    assert len(shown) == 3


def standard_error(parts: list[np.ndarray]) -> float:
    return float(np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts)))


def test_the_observed_difference_has_an_error():
    frame = LADDERS["continuous"][0]
    sums = [frame.loc[frame["group"] == each, A].sum(axis=1) for each in ("male", "female")]
    expected = standard_error([each.to_numpy() for each in sums])
    for metric, times in (("sum", 1.0), ("mean", 0.2)):
        row = dl.noninvariance(ladder("continuous"), scale_metric=metric).scale.iloc[0]
        assert row["observed_std_error"] == pytest.approx(expected * times)
    pooled = dl.noninvariance(ladder("continuous"), reference="pooled").scale
    share = (pooled["n"].sum() - pooled["n"]) / pooled["n"].sum()
    np.testing.assert_allclose(pooled["observed_std_error"], 0.2 * expected * share)


def test_the_error_of_patterns_is_that_of_persons():
    frame = ordinal_groups()
    patterns = frame.value_counts().rename("n").reset_index()
    patterns = patterns.sort_values("town", kind="stable", ignore_index=True)
    one = dl.noninvariance(dl.invariance(frame, by="town", partial="d ~1"))
    other = dl.noninvariance(dl.invariance(patterns, by="town", counts="n", partial="d ~1"))
    np.testing.assert_allclose(one.scale["observed_std_error"], other.scale["observed_std_error"])


def test_the_error_allows_for_clusters_and_missing_answers():
    rng = np.random.default_rng(4)
    unit = np.repeat(np.arange(80), 10)
    latent = rng.normal(size=(80, 1))[unit] + rng.normal(size=(800, 1)) + rng.normal(size=(800, 4))
    frame = pd.DataFrame(latent, columns=list("abcd")).assign(
        town=np.where(unit < 40, "Lund", "Eda"), unit=unit
    )
    options = {"by": "town", "estimator": "mlr", "partial": "a ~1"}
    found = dl.noninvariance(dl.invariance(frame, cluster="unit", **options))
    of_units = frame.groupby("unit")[list("abcd")].mean().mean(axis=1).to_numpy()
    expected = standard_error([of_units[:40], of_units[40:]])
    assert found.scale["observed_std_error"].iloc[0] == pytest.approx(expected, rel=0.02)
    plain = frame.drop(columns="unit")
    alone = dl.noninvariance(dl.invariance(plain, **options)).scale["observed_std_error"].iloc[0]
    assert alone < 0.7 * expected
    # A person without an answer says nothing of that item's mean, and as much of the others.
    holes = plain.copy()
    holes.loc[rng.random(800) < 0.5, "d"] = np.nan
    more = dl.noninvariance(dl.invariance(holes, missing="fiml", **options)).scale
    means = []
    for _ in range(400):
        drawn = holes.iloc[np.concatenate([rng.integers(0, 400, 400), rng.integers(400, 800, 400)])]
        means.append(drawn.groupby("town")[list("abcd")].mean().mean(axis=1).diff().iloc[-1])
    assert more["observed_std_error"].iloc[0] == pytest.approx(np.std(means), rel=0.12)
    assert more["observed_std_error"].iloc[0] > alone
