"""A reader who wants to know what a report withholds, and may use algebra on all that it shows."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.instrument import Instrument
from digilitt.disclosure import Disclosure
from digilitt.numerics.suppression import margins, recoverable
from digilitt.reporting.render import report
from digilitt.result import ALL
from digilitt.scoring.description import describe
from digilitt.scoring.participation import participation
from tests.reporting.make import TINY, cohort, definition, people, scale, scored
from tests.reporting.page import grid, parsed

pytestmark = pytest.mark.pandas2

LOW_MID_TOP = ("low", "mid", "top")
COUNTS = ("invited", "enrolled", "answered", "valid")


class Reader:
    """What a reader knows of one table of counts: unknown cells, and sums that are published.

    A cell is a number of persons per inner group and, where scores are told apart, per possible
    score. What is published fixes sums over cells, some weighed by the score.
    """

    def __init__(self, groups, values=(0.0,)):
        self.groups, self.values = list(groups), np.asarray(values)
        self.rows: list[np.ndarray] = []

    def sum_over(self, group, weights):
        inside = [all(a in (ALL, b) for a, b in zip(group, g, strict=True)) for g in self.groups]
        return np.outer(inside, weights).ravel().astype(float)

    def learns(self, group, weights):
        self.rows.append(self.sum_over(group, weights))

    def can_tell(self, group, weights):
        """Whether a sum follows from the published ones: it lies in the space of their rows."""
        wanted = self.sum_over(group, weights)
        if not self.rows:
            return not wanted.any()
        known = np.array(self.rows)
        found = np.linalg.lstsq(known.T, wanted, rcond=None)[0]
        return bool(np.allclose(known.T @ found, wanted, atol=1e-7))


def zip_columns(table, keys):
    return list(zip(*(table[key] for key in keys), strict=True)) if keys else [()] * len(table)


def inner_groups(table, by):
    groups = set(zip_columns(table, by))
    levels = [sorted({g[k] for g in groups} - {ALL}) for k in range(len(by))]
    return list(product(*levels)), list(product(*([*level, ALL] for level in levels)))


def waves_of(table):
    return table.groupby("wave") if "wave" in table else [("", table)]


def told_counts(table, by, column):
    """Published counts by group; groups without a row hold nobody."""
    known = dict(zip(zip_columns(table, by), table[column], strict=True))
    _, all_groups = inner_groups(table, by)
    return {group: known.get(group, 0.0) for group in all_groups}


def worked_out_counts(table, by, columns):
    """Withheld counts of groups that a reader can work out, column by column."""
    found = []
    for wave, rows in waves_of(table):
        inner, _ = inner_groups(rows, by)
        for column in columns:
            told = told_counts(rows, by, column)
            reader = Reader(inner)
            for group, count in told.items():
                if not math.isnan(count):
                    reader.learns(group, [1.0])
            found += [
                (wave, column, group)
                for group, count in told.items()
                if math.isnan(count) and reader.can_tell(group, [1.0])
            ]
    return found


def worked_out_bands(page, by, values):
    """Withheld bands that follow from all bands, numbers, means and sds of a scale together."""
    found = []
    for (scale_id, scores_of), (wave, rows) in product(
        values.items(), waves_of(page.tables["bands"])
    ):
        own = rows[rows["scale"] == scale_id]
        scores = page.tables["scores"]
        scores = scores[scores["scale"] == scale_id]
        if wave:
            scores = scores[scores["wave"] == wave]
        inner, groups = inner_groups(own, by)
        possible = np.asarray(scores_of)
        band_of = np.searchsorted([1.7, 2.4], possible, side="right")
        weights = {band: (band_of == k) * 1.0 for k, band in enumerate(LOW_MID_TOP)}
        weights[ALL] = np.ones(len(possible))
        reader = Reader(inner, possible)
        told = {(*row[:-1], row[-1]): n for *row, n in own[[*by, "band", "n"]].to_numpy().tolist()}
        counts = {
            (group, band): told.get((*group, band), 0.0) for group, band in product(groups, weights)
        }
        for (group, band), n in counts.items():
            if not math.isnan(n):
                reader.learns(group, weights[band])
        for *group, n, mean, sd in scores[[*by, "n_scored", "mean", "sd"]].to_numpy().tolist():
            if not math.isnan(n):
                reader.learns(group, weights[ALL])
            if not math.isnan(n) and not math.isnan(mean):
                reader.learns(group, possible)
            if not math.isnan(n) and not math.isnan(sd):
                reader.learns(group, possible**2)
        found += [
            (wave, scale_id, group, band)
            for (group, band), n in counts.items()
            if math.isnan(n) and reader.can_tell(group, weights[band])
        ]
    return found


def possible_scores(n_items):
    answered = range(math.ceil(n_items / 2), n_items + 1)
    return sorted({total / k for k in answered for total in range(k, 3 * k + 1)})


SIZES = st.sampled_from([0, 1, 2, 3, 4, 5, 7, 9, 14, 25])


@st.composite
def cohorts(draw):
    """Scores of a few small groups, with blanks, and sometimes two group columns and a roster."""
    two = draw(st.booleans())
    n_places = draw(st.integers(1, 5))
    sizes = {}
    for place in "ABCDE"[:n_places]:
        for sex in ("k", "m") if two else ("",):
            sizes[place, sex] = draw(SIZES)
    rows = [key for key, size in sizes.items() for _ in range(size)] or [("A", "k" if two else "")]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = {"place": [place for place, _ in rows]}
    if two:
        groups["sex"] = [sex for _, sex in rows]
    skew = draw(st.sampled_from([(1, 1, 1), (0, 1, 8), (1, 6, 1)]))
    frames = []
    for wave in draw(st.sampled_from([("",), ("2018", "2019")])):
        frame = people(groups, rng)
        for i in range(1, 5):
            drawn = rng.choice([1.0, 2.0, 3.0], size=len(frame), p=np.array(skew) / sum(skew))
            frame[f"a{i}"] = np.where(rng.random(len(frame)) < 0.15, np.nan, drawn)
        frame = frame[rng.random(len(frame)) < 0.9] if len(frame) > 3 else frame
        frames.append(frame.assign(wave=wave) if wave else frame)
    by = draw(st.sampled_from([[*groups], ["place"], []]))
    scores = scored(pd.concat(frames, ignore_index=True), groups=[*groups])
    roster = None
    if draw(st.booleans()):
        roster = people(groups, rng)[["person", *groups]]
        roster = roster.assign(enrolled=rng.random(len(roster)) < 0.9)
    return scores, by, roster, draw(st.integers(2, 6))


@settings(max_examples=30, deadline=None)
@given(cohorts())
def test_nothing_withheld_follows_from_what_is_shown(drawn):
    scores, by, roster, min_n = drawn
    who = participation(scores, by=by, roster=roster)
    page = report([scores, who], by=by, disclosure=Disclosure(min_n=min_n))
    tables = page.tables
    known = COUNTS if roster is not None else COUNTS[2:]
    assert worked_out_counts(tables["participation"], by, known) == []
    for _, rows in tables["scores"].groupby("scale"):
        assert worked_out_counts(rows, by, ["n_scored"]) == []
    values = {"one": [1.0, 2.0, 3.0], "all_four": possible_scores(4)}
    assert worked_out_bands(page, by, values) == []


@settings(max_examples=30, deadline=None)
@given(cohorts())
def test_small_groups_are_withheld_everywhere_and_nothing_more_where_none_is_small(drawn):
    scores, by, roster, min_n = drawn
    who = participation(scores, by=by, roster=roster)
    tables = report([scores, who], by=by, disclosure=Disclosure(min_n=min_n)).tables
    truth = describe(scores, by=by)
    keys = [name for name in ("wave", *by) if name in truth.table]
    small = set()
    for table, names in ((who.table, COUNTS), (truth.table, ["n_scored"])):
        for row in table.to_dict("records"):
            if any(0 < row[name] < min_n for name in names):
                small.add(tuple(row[key] for key in keys))
    for name, columns in (
        ("participation", ["answered", "valid"]),
        ("scores", ["n_scored", "mean", "sd"]),
        ("bands", ["n", "share"]),
    ):
        rows = tables[name]
        concerned = [place in small for place in zip_columns(rows, keys)]
        assert rows.loc[concerned, columns].isna().all(axis=None)
        assert rows.loc[concerned, "suppressed"].all()
    sums = tables["bands"][tables["bands"]["band"] == ALL]
    numbers = tables["scores"].set_index([*keys, "scale"])["n_scored"]
    pd.testing.assert_series_equal(
        sums.set_index([*keys, "scale"])["n"], numbers, check_names=False
    )
    bands = truth.bands
    any_small_band = ((bands["n"] > 0) & (bands["n"] < min_n)).any()
    if not small and not any_small_band:
        assert not any(table["suppressed"].any() for table in tables.values())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(SIZES, min_size=3, max_size=3), min_size=1, max_size=5), st.integers(2, 6))
def test_no_band_is_the_only_whole_number_left(counts, min_n):
    """Counts are whole and not negative: also then more than one table fits."""
    rows = [
        (f"g{i}", v + 1)
        for i, row in enumerate(counts)
        for v, n in enumerate(row)
        for _ in range(n)
    ]
    if not rows:
        return
    frame = pd.DataFrame({"person": map(str, range(len(rows))), "place": [g for g, _ in rows]})
    frame["a1"] = [float(v) for _, v in rows]
    inst = Instrument(**definition([scale("one", ["a1"])]))
    blank = frame.assign(a2=np.nan, a3=np.nan, a4=np.nan)
    tables = report(scored(blank, inst), by="place", disclosure=Disclosure(min_n=min_n)).tables
    bands = tables["bands"]
    groups = list(dict.fromkeys(bands["place"]))
    wide = bands.assign(hidden=bands["n"].isna()).pivot(
        index="place", columns="band", values="hidden"
    )
    hidden = wide.loc[groups, [*LOW_MID_TOP, ALL]].to_numpy(dtype=bool)
    full = margins([row for row in counts if sum(row)])
    assert hidden.shape == full.shape
    assert not (recoverable(full, hidden) & (full > 0)).any()


def test_a_coarse_scale_does_not_tell_its_bands_by_its_mean():
    # 20 persons at 3 and 2 at 1: mean and number would tell how many are at 1.
    frame = cohort({"A": 22, "B": 30, "C": 30})
    frame["a1"] = [3] * 20 + [1] * 2 + [1, 2, 3] * 20
    page = report(scored(frame), by="place", disclosure=Disclosure(min_n=5))
    scores = page.tables["scores"].set_index(["scale", "place"])
    bands = page.tables["bands"].set_index(["scale", "place", "band"])
    assert math.isnan(bands.loc[("one", "A", "low"), "n"])
    assert scores.loc[("one", "A"), "n_scored"] == 22
    assert scores.loc[("one", "A"), ["mean", "sd"]].isna().all()
    assert scores.loc[("one", "A"), "suppressed"]
    # The other scale has room for many scores in every band, and keeps its means.
    assert scores.loc["all_four", "mean"].notna().all()
    cells = [row for row in grid(parsed(page.html()).by_id("scores-one")) if row[0] == "A"]
    assert cells == [["A", "22", "..", ".."]]


def test_a_group_whose_bands_are_all_small_is_withheld_in_every_table():
    # 5 persons, 3 of them low and 2 mid: with 5 told, nobody could doubt that both are small.
    frame = cohort({"A": 5, "B": 30, "C": 30})
    frame["a1"] = [1, 1, 1, 2, 2] + [1, 2, 3] * 20
    frame[["a2", "a3", "a4"]] = [3, 1, 1]
    tables = report(scored(frame), by="place", disclosure=Disclosure(min_n=5)).tables
    for name in ("participation", "scores", "bands"):
        rows = tables[name]
        assert rows.loc[rows["place"] == "A", "suppressed"].all()
    # Somebody else hides A's number in turn.
    assert tables["participation"]["valid"].isna().sum() == 2
    assert tables["scores"].groupby("scale")["n_scored"].apply(lambda n: n.isna().sum()).eq(2).all()


def test_invited_are_withheld_at_every_wave_once_the_group_is_withheld_at_one():
    frame = cohort({"A": 20, "B": 20, "C": 20}, ["2018", "2019"])
    gone = (
        (frame["wave"] == "2019") & (frame["place"] == "A") & (frame.groupby("wave").cumcount() > 2)
    )
    scores = scored(frame[~gone].reset_index(drop=True))
    roster = cohort({"A": 20, "B": 20, "C": 20})[["person", "place"]].assign(enrolled=True)
    who = participation(scores, by="place", roster=roster)
    table = report([scores, who], by="place", disclosure=Disclosure(min_n=5)).tables[
        "participation"
    ]
    hidden = table[table["place"].isin(["A", "B"])].set_index(["wave", "place"])
    assert hidden["invited"].isna().all()
    assert hidden["suppressed"].all()
    assert hidden.loc["2018", "answered"].tolist() == [20, 20]
    assert hidden.loc["2019", "answered"].isna().all()
    shown = table[table["place"].isin(["C", ALL])]
    assert shown["invited"].tolist() == [20, 60, 20, 60]
    assert not shown["suppressed"].any()


def test_a_group_with_few_invited_is_withheld_though_nobody_answered():
    frame = cohort({"A": 20, "B": 20})
    roster = cohort({"A": 20, "B": 20, "C": 3})[["person", "place"]].assign(enrolled=True)
    who = participation(scored(frame), by="place", roster=roster)
    page = report([scored(frame), who], by="place", disclosure=Disclosure(min_n=5))
    for table in page.tables.values():
        assert table.loc[table["place"] == "C", "suppressed"].all()
    assert page.tables["participation"]["invited"].isna().sum() >= 2


def test_a_group_that_nobody_is_small_in_is_shown_though_it_is_empty_at_one_wave():
    frame = cohort({"A": 20, "B": 20}, ["2018", "2019"])
    frame = frame[(frame["wave"] == "2018") | (frame["place"] == "A")].reset_index(drop=True)
    page = report(scored(frame), by="place", disclosure=Disclosure(min_n=5))
    rows = page.tables["participation"].set_index(["wave", "place"])
    assert rows.loc[("2019", "B"), "answered"] == 0
    assert not rows["suppressed"].any()


@pytest.mark.parametrize("by", [(), ("place",)])
def test_everything_withheld(by):
    page = report(scored(cohort({"A": 3})), by=by, disclosure=Disclosure(min_n=5))
    figures = {"participation": ["answered", "valid"], "scores": ["n_scored", "mean", "sd"]}
    for name, columns in figures.items():
        assert page.tables[name][columns].isna().all(axis=None)
    assert page.tables["bands"][["n", "share"]].isna().all(axis=None)
    assert page.content.origin.n_rows.value is None
    said = parsed(page.html()).by_id("content").text
    assert "3 svarade" not in said
    assert "färre än 5" in said


def test_no_statistic_of_a_withheld_group_stands_anywhere():
    scores = scored(cohort({"A": 3, "B": 17, "C": 31}, ["2018", "2019"], rng=4))
    page = report(scores, by="place", disclosure=Disclosure(min_n=5))
    truth = describe(scores, by="place").table
    shown = page.tables["scores"]
    everything = page.content.to_json() + page.html()
    told = {repr(value) for name in ("mean", "sd") for value in shown[name].dropna()}
    n_hidden = 0
    for row in truth[truth["place"].isin(["A", "B"])].to_dict("records"):
        for statistic in (repr(row["mean"]), repr(row["sd"])):
            if statistic not in told and len(statistic) > 6:
                n_hidden += 1
                assert statistic not in everything
    assert n_hidden > 8
    tree = parsed(page.html())
    for table in tree.all("table"):
        for row in grid(table):
            if row[0] in ("A", "B"):
                cells = [cell for cell in row[1:] if cell not in ("2018", "2019", "–")]
                assert {cell for cell in cells if "Fördelning" not in cell} == {".."}


def test_counts_in_caveats_are_guarded():
    frame = cohort({"A": 30})
    frame.loc[:1, ["a1", "a2", "a3", "a4"]] = np.nan
    page = report(scored(frame), disclosure=Disclosure(min_n=5), language="en")
    said = parsed(page.html()).by_id("content").text
    assert "Rows without an answer to any item of the scale: a withheld number." in said
    assert not any(remark.n is not None and remark.n.value == 2 for remark in page.content.remarks)
    assert all("2 rows" not in remark.message for remark in page.content.remarks)


def test_counts_over_all_waves_would_complete_a_withheld_total():
    frame = cohort({"A": 20}, ["2018", "2019"])
    frame = frame[(frame["wave"] == "2018") | (frame["person"] < "p11")].reset_index(drop=True)
    assert (frame["wave"] == "2019").sum() == 3
    frame.loc[:7, ["a1", "a2", "a3", "a4"]] = np.nan
    page = report(scored(frame), disclosure=Disclosure(min_n=5))
    assert page.content.origin.n_rows.state == "withheld"
    counts = [remark.n for remark in page.content.remarks if remark.n is not None]
    assert counts
    assert all(count.value is None for count in counts)
    assert '"value": 23' not in page.content.to_json()


def test_a_minimum_of_one_shows_everything():
    scores = scored(cohort({"A": 1, "B": 2}))
    page = report(scores, by="place", disclosure=Disclosure(min_n=1))
    assert not any(table["suppressed"].any() for table in page.tables.values())
    shown = page.tables["scores"].drop(columns="suppressed")
    truth = describe(scores, by="place").table.drop(columns="n_persons")
    truth[["mean", "sd"]] = truth[["mean", "sd"]].round(2)
    pd.testing.assert_frame_equal(shown, truth, check_dtype=False)


def test_scales_of_an_instrument_with_one_scale_are_counted_once_more_as_valid():
    # There valid and n_scored are the same numbers, so one of them may not tell the other.
    inst = Instrument(**definition([scale("one", ["a1"])]))
    frame = cohort({"A": 12, "B": 13, "C": 14})
    frame.loc[:8, "a1"] = np.nan
    page = report(scored(frame, inst), by="place", disclosure=Disclosure(min_n=5))
    valid = page.tables["participation"]["valid"].isna().tolist()
    assert valid == page.tables["scores"]["n_scored"].isna().tolist()
    assert valid[0]
    assert TINY.scales
