"""Eurostat's Digital Skills Indicator: our codes and titles are those of the published table."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from digilitt.define.catalogue import framework, instrument
from digilitt.result import ALL
from digilitt.scoring.indicators import indicators
from digilitt.scoring.scores import score
from digilitt.scoring.simulation import simulate

AREAS = ("IL", "CC", "DCC", "SF", "PS")
PUBLISHED = ("B", "AB", "BAB")
CLASSES = ("AB", "B", "LW", "N", "LM", "X", "NA")
DSI = instrument("eurostat-dsi-2")
TITLES = {indicator.id: indicator.title.to("en") for indicator in DSI.indicators}


@pytest.fixture(scope="module")
def published(field_folder: Path) -> pd.DataFrame:
    """Percent of individuals by country and year, one column per code of ours."""
    table = pd.read_csv(field_folder / "eurostat_dsi" / "dsi_2021_2023_by_country.csv")
    code = {title: name for name, title in TITLES.items()}
    return table.assign(code=table["indicator"].map(code)).pivot_table(
        index=["country", "year"], columns="code", values="value"
    )


def test_codes_and_titles_are_eurostats(field_folder: Path) -> None:
    table = pd.read_csv(field_folder / "eurostat_dsi" / "dsi_2021_2023_by_country.csv")
    codes = [
        f"I_DSK2_{part}{kind}" for part in ("", *(f"{a}_" for a in AREAS)) for kind in PUBLISHED
    ]
    assert {TITLES[code] for code in codes} == set(table["indicator"])
    others = {f"I_DSK2_{name}" for name in CLASSES} - set(codes)
    assert set(TITLES) == {*codes, *others}
    assert {area.id for area in framework("eurostat-dsi-2").areas} == set(AREAS)


def hangs_together(share: pd.DataFrame, slack: float) -> None:
    """What must hold of shares in percent, by the meaning of the codes."""
    for part in ("", *(f"{area}_" for area in AREAS)):
        both = share[f"I_DSK2_{part}B"] + share[f"I_DSK2_{part}AB"]
        assert (share[f"I_DSK2_{part}BAB"] - both).abs().max() <= slack
    areas = share[[f"I_DSK2_{area}_BAB" for area in AREAS]]
    assert (share["I_DSK2_BAB"] <= areas.min(axis=1) + slack).all()
    assert (share["I_DSK2_BAB"] >= areas.sum(axis=1) - 400 - slack).all()
    above = share[[f"I_DSK2_{area}_AB" for area in AREAS]]
    assert (share["I_DSK2_AB"] <= above.min(axis=1) + slack).all()


def test_published_shares_hang_together(published: pd.DataFrame) -> None:
    assert published.shape == (56, 18)
    # Two decimals are published, so that a sum of two is off by 0.01 at most.
    hangs_together(published, 0.0101)
    sweden = published.loc["Sweden", 2023]
    assert sweden["I_DSK2_BAB"] == 66.44
    assert (sweden["I_DSK2_AB"], sweden["I_DSK2_B"]) == (36.51, 29.93)


@pytest.mark.parametrize(("seed", "difficulty"), [*product((1, 2), ((-2.0, 0.0), (-0.5, 2.5)))])
def test_simulated_shares_hang_together(seed: int, difficulty: tuple[float, float]) -> None:
    made = simulate(
        DSI,
        n=4000,
        rng=seed,
        groups={"country": {"A": 0.3, "B": 0.7}},
        difficulty=difficulty,
        parameters={"IU": {"a": 0.8, "b1": -4.0, "b2": -3.3, "b3": -2.6}},
    )
    table = indicators(score(made.responses), by="country").table
    share = table.pivot_table(index="country", columns="indicator", values="share") * 100
    assert ALL in share.index
    hangs_together(share, 1e-9)
    classes = share[[f"I_DSK2_{name}" for name in CLASSES]].sum(axis=1)
    assert (classes - 100).abs().max() <= 1e-9
