"""Means and standard deviations do not tell what the counts withhold.

Each test plays the reader who works something out; the first of each pair shows that it would
succeed on the unprotected figures.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from digilitt.define.instrument import Instrument
from digilitt.disclosure import Disclosure
from digilitt.reporting.moments import decimals_of
from digilitt.reporting.render import report
from digilitt.result import ALL
from digilitt.scoring.description import describe
from tests.reporting.make import cohort, definition, scale, scored, text

FIVE = Disclosure(min_n=5)
HALVES = [scale("first", ["a1", "a2"], bands=[]), scale("second", ["a3", "a4"], bands=[])]
WHOLE = {
    "id": "whole",
    "title": text("Helhet"),
    "scales": ["first", "second"],
    "combine": "scale_means",
    "metric": "mean",
}
STOPPED = Instrument(**definition([*HALVES, WHOLE]))


def halfway(size: int) -> pd.DataFrame:
    """Answers of two places; one person in A stops after the first half."""
    frame = cohort({"A": size, "B": 40})
    frame.loc[0, ["a1", "a2", "a3", "a4"]] = [1, 2, np.nan, np.nan]
    return frame


def the_one_who_stopped(table: pd.DataFrame) -> float:
    row = table[table["place"] == "A"].set_index("scale")
    n, mean = row["n_scored"], row["mean"]
    whole = 2 * n["whole"] * mean["whole"] - n["second"] * mean["second"]
    return float(n["first"] * mean["first"] - whole)


def test_who_stopped_halfway_follows_from_exact_means() -> None:
    scores = scored(halfway(12), STOPPED)
    assert np.isclose(the_one_who_stopped(describe(scores, by="place").table), 1.5)


def test_the_mean_of_the_whole_goes_where_rounding_does_not_hide_the_one() -> None:
    shown = report(scored(halfway(12), STOPPED), by="place", disclosure=FIVE).tables["scores"]
    assert np.isnan(the_one_who_stopped(shown))
    whole = shown[shown["scale"] == "whole"].set_index("place")["mean"].isna()
    assert whole.sum() >= 2  # by itself it would follow from the others and the total
    others = shown[shown["scale"] != "whole"]
    assert others["mean"].notna().all()


def test_rounding_hides_the_one_in_a_large_group() -> None:
    shown = report(scored(halfway(200), STOPPED), by="place", disclosure=FIVE).tables["scores"]
    assert shown["mean"].notna().all()
    # Off by half a hundredth for each of 200 people and 4 means, twice the range of a score.
    assert 0.005 * 200 * 4 >= 2 * (3 - 1)


def test_a_withheld_band_does_not_follow_from_the_mean_of_a_whole() -> None:
    yes = {"kind": "binary", "options": [{"code": c, "label": text(f"b{c}")} for c in (0, 1)]}
    bands = [{"id": f"b{c}", "from": float(c), "label": text(f"B{c}")} for c in (0, 1)]
    made = definition([scale("yes", ["y1"], bands=bands), scale("lik", ["a1"], bands=[])])
    made["formats"] = {**made["formats"], "yes": yes}
    made["items"] = [*made["items"], {"id": "y1", "format": "yes", "text": text("Ja?")}]
    made["scales"] = [*made["scales"], {**WHOLE, "scales": ["yes", "lik"]}]
    frame = cohort({"A": 12, "B": 20, "C": 20})
    frame["y1"] = [1, 1] + [0] * 10 + [1] * 8 + [0] * 12 + [1] * 10 + [0] * 10
    scores = scored(frame, Instrument(**made))
    shown = report(scores, by="place", disclosure=FIVE).tables
    bands_of_a = shown["bands"].query("place == 'A' and band != @ALL")
    assert bands_of_a["n"].isna().all(), ALL
    row = shown["scores"].query("place == 'A'").set_index("scale")
    assert row.loc[["yes", "whole"], ["mean", "sd"]].isna().all(axis=None)
    assert np.isnan((2 * row["mean"]["whole"] - row["mean"]["lik"]) * row["n_scored"]["yes"])


def test_small_groups_with_withheld_bands_show_no_spread() -> None:
    frame = cohort({"A": 9, "B": 60, "C": 70})
    page = report(scored(frame), by="place", disclosure=FIVE)
    shown = page.tables
    hidden = shown["bands"][shown["bands"]["n"].isna()]
    few = shown["scores"].merge(hidden[["place", "scale"]].drop_duplicates())
    few = few[few["n_scored"] < 20]
    assert len(few)
    assert few["sd"].isna().all()
    # The page shows of each row what the table shows: the mean may stand without the spread.
    for section in page.content.scales:
        rows = shown["scores"][shown["scores"]["scale"] == section.id].reset_index(drop=True)
        figures = [row.waves[0] for row in section.rows]
        assert [f.mean.value is None for f in figures] == rows["mean"].isna().tolist()
        assert [f.sd.value is None for f in figures] == rows["sd"].isna().tolist()


def test_means_are_written_with_the_decimals_of_their_range() -> None:
    assert (decimals_of(1, 5), decimals_of(0, 10), decimals_of(0, 100)) == (2, 2, 1)
    shown = report(scored(cohort({"A": 9, "B": 60})), by="place", disclosure=FIVE).tables["scores"]
    means = shown["mean"].dropna()
    assert len(means)
    np.testing.assert_allclose(means * 100, (means * 100).round(), atol=1e-9)
