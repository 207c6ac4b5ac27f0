"""People not assessed have a level of their own in a report, and it hides them as any other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from digilitt.define.catalogue import instrument
from digilitt.disclosure import Disclosure
from digilitt.reporting.render import Report, report
from digilitt.result import ALL
from digilitt.scoring.description import describe
from digilitt.scoring.scores import Scores, score
from digilitt.scoring.simulation import simulate
from tests.reporting.page import parsed

DSI = instrument("eurostat-dsi-2")
MIN_N = 5
PLACES = {"A": 0.3, "B": 0.25, "C": 0.2, "D": 0.1, "E": 0.1, "F": 0.05}


@pytest.fixture(scope="module", params=[3, 4, 5])
def scores(request: pytest.FixtureRequest) -> Scores:
    made = simulate(
        DSI,
        n=500,
        rng=request.param,
        groups={"place": PLACES},
        difficulty=(-1.0, 1.2),
        parameters={"IU": {"a": 0.8, "b1": -5.0, "b2": -4.4, "b3": -3.9}},
        missing_rate=0.02,
    )
    return score(made.responses)


@pytest.fixture(scope="module")
def page(scores: Scores) -> Report:
    return report(scores, by="place", language="sv", disclosure=Disclosure(min_n=MIN_N))


class Reader:
    """Knows sums over unknown numbers of persons by place, scale and level.

    Whoever is not assessed is so on every scale, and the reader knows that.
    """

    def __init__(self) -> None:
        self.places: dict[tuple[str, str, str], int] = {}
        self.rows: list[dict[int, float]] = []

    def cells(self, place: str, scale: str, levels: list[str]) -> dict[int, float]:
        found: dict[int, float] = {}
        for one in PLACES if place == ALL else [place]:
            for level in levels:
                key = (one, "", "na") if level in ("NA", "not_assessed") else (one, scale, level)
                found[self.places.setdefault(key, len(self.places))] = 1.0
        return found

    def can_tell(self, wanted: dict[int, float]) -> bool:
        known = np.zeros((len(self.rows), len(self.places)))
        for row, cells in zip(known, self.rows, strict=True):
            row[list(cells)] = list(cells.values())
        target = np.zeros(len(self.places))
        target[list(wanted)] = list(wanted.values())
        found = np.linalg.lstsq(known.T, target, rcond=None)[0]
        return bool(np.allclose(known.T @ found, target, atol=1e-7))


def graded_and_special(scale: str) -> tuple[list[str], str]:
    *graded, special = DSI.scale(scale).band_names
    return graded, special


def test_nobody_learns_how_few_were_not_assessed(scores: Scores, page: Report) -> None:
    reader = Reader()
    bands, numbers = page.tables["bands"], page.tables["scores"]
    for place, scale, level, n in bands[["place", "scale", "band", "n"]].itertuples(index=False):
        graded, special = graded_and_special(scale)
        if not pd.isna(n):
            levels = [*graded, special] if level == ALL else [level]
            reader.rows.append(reader.cells(place, scale, levels))
    for place, scale, n in numbers[["place", "scale", "n_scored"]].itertuples(index=False):
        if not pd.isna(n):
            reader.rows.append(reader.cells(place, scale, graded_and_special(scale)[0]))
    true = describe(scores, by="place").bands
    small = true[true["n"].between(1, MIN_N - 1) & (true["band"] != ALL)]
    assert (small["band"] == "NA").any()
    assert (small["band"] != "NA").any()
    for place, scale, level in small[["place", "scale", "band"]].itertuples(index=False):
        assert not reader.can_tell(reader.cells(place, scale, [level])), (place, scale, level)


def test_remarks_do_not_complete_what_the_tables_withhold(scores: Scores) -> None:
    made = report(scores, by="place", language="sv", disclosure=Disclosure(min_n=MIN_N))
    assert made.content.any_withheld
    told = [remark for remark in made.content.remarks if remark.code == "not-assessed"]
    assert len(told) == len(DSI.scales)
    assert all(remark.n is not None and remark.n.value is None for remark in told)
    assert not any(character.isdigit() for remark in told for character in remark.message)
    free = report(scores, by="place", language="sv", disclosure=Disclosure(min_n=1))
    numbers = [remark.n for remark in free.content.remarks if remark.code == "not-assessed"]
    assert all(number is not None and number.value for number in numbers)


def test_an_indicator_is_shown_where_all_its_bands_are(page: Report) -> None:
    bands = page.tables["bands"].set_index(["place", "scale", "band"])["n"]
    table = page.tables["indicators"].set_index(["place", "indicator"])
    for indicator in DSI.indicators:
        for place in (*PLACES, ALL):
            parts = [bands[place, indicator.scale, band] for band in indicator.bands]
            row = table.loc[(place, indicator.id)]
            assert row["n"] == sum(parts) or (pd.isna(row["n"]) and np.isnan(parts).any())
            assert row["suppressed"] == np.isnan(parts).any()
    assert table["suppressed"].any()
    assert not table["suppressed"].all()


def test_what_may_be_shown_is_shown(page: Report) -> None:
    shown = page.tables["bands"].set_index(["place", "scale", "band"])["n"]
    assert shown.xs(ALL, level="band").notna().all()
    assert shown.notna().mean() > 0.5


def test_the_page_says_what_the_level_means(page: Report) -> None:
    text = " ".join(node.text for node in parsed(page.html()).every())
    for words in (
        "Inte bedömd",
        "personer som ingen av skalans frågor gäller",
        "Varje delskala på minst nivån Grundläggande ger 1, övriga 0.",
        "dessutom minst 5 delskalor på minst nivån Mer än grundläggande",
        "räknas tillsammans med TICCSFOI",
        "Inte kontrollerat mot källan",
    ):
        assert words in text, words
