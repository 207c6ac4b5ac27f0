"""CIEB 2020: two of 382 teachers were left out for the length of their longest run.

`careless.csv` has these two, with the row each had among the 382 (`resp`, from 1) and its
``careless::longstring``; `responses.csv` has the other 380. The definitions match: raw answers
in item order, one response format, nothing missing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from digilitt.define.catalogue import instrument
from digilitt.scoring.quality import Quality, quality
from digilitt.scoring.responses import responses

ITEMS = [f"Item{number}" for number in range(1, 24)]
# Raw alpha as R's psych prints it, for the 380.
ALPHAS = {"total": 0.9327495, "ml1": 0.83612, "ml2": 0.79791, "ml3": 0.82112}


@pytest.fixture(scope="module")
def kept(field_folder: Path) -> pd.DataFrame:
    return pd.read_csv(field_folder / "cieb_2020" / "responses.csv")


@pytest.fixture(scope="module")
def left_out(field_folder: Path) -> pd.DataFrame:
    return pd.read_csv(field_folder / "cieb_2020" / "careless.csv")


def described(frame: pd.DataFrame, **cuts: float) -> Quality:
    cieb = instrument(Path(__file__).parent / "cieb.toml")
    return quality(responses(frame[["ID", *ITEMS]], cieb, person="ID"), **cuts)


@pytest.fixture(scope="module")
def everybody(kept: pd.DataFrame, left_out: pd.DataFrame) -> pd.DataFrame:
    """The 382 in their first order."""
    parts = kept
    for row in left_out.sort_values("resp").itertuples():
        one = left_out.loc[[row.Index], kept.columns]
        parts = pd.concat([parts.iloc[: row.resp - 1], one, parts.iloc[row.resp - 1 :]])
    return parts.reset_index(drop=True)


def test_published_longest_runs(everybody: pd.DataFrame, left_out: pd.DataFrame) -> None:
    found = described(everybody, long_run=15)
    assert len(found.table) == 382
    published = dict(zip(left_out["resp"] - 1, left_out["longstring"], strict=True))
    assert published == {36: 21, 58: 15}
    # The two longest of all, which the authors took; and nobody else has 15.
    longest = found.table["long_run"].nlargest(3)
    assert longest.iloc[:2].to_dict() == published
    assert longest.iloc[2] < 15
    assert found.table.loc[found.table["long_run_cut"], "person"].tolist() == (
        left_out.sort_values("resp")["ID"].tolist()
    )
    assert found.cuts.loc[0, ["n_judged", "n_met"]].tolist() == [382, 2]


def test_item_rest_correlations_add_up_to_the_published_alphas(kept: pd.DataFrame) -> None:
    found = described(kept)
    for scale, alpha in ALPHAS.items():
        rows = found.keying[found.keying["scale"] == scale]
        values = kept[rows["item"].tolist()]
        # cov(item, total) = r s s_rest + s², and these sum to the variance of the total.
        rest = values.apply(lambda column, of=values: of.sum(axis=1) - column)
        sd, sd_rest = values.std().to_numpy(), rest.std().to_numpy()
        variance = (rows["item_rest"].to_numpy() * sd * sd_rest + sd**2).sum()
        k = len(rows)
        digits = len(str(alpha)) - 2
        assert round(k / (k - 1) * (1 - (sd**2).sum() / variance), digits) == alpha
        assert (rows["n"] == 380).all()
        assert (rows["item_rest"] > 0).all()


def test_distances_are_those_of_scipy(kept: pd.DataFrame) -> None:
    found = described(kept, mahalanobis_p=0.001)
    values = kept[ITEMS].to_numpy(dtype=float)
    inverse = np.linalg.inv(np.cov(values, rowvar=False))
    squared = cdist(values, values.mean(axis=0)[None], "mahalanobis", VI=inverse)[:, 0] ** 2
    np.testing.assert_allclose(found.table["mahalanobis_d2"], squared, rtol=1e-10)
    np.testing.assert_allclose(found.table["mahalanobis_p"], stats.chi2.sf(squared, 23), rtol=1e-8)
    # Answers in five steps are further out than normal ones, of which 0.4 of 380 would be.
    (told,) = (c.message for c in found.caveats if c.code == "mahalanobis-normal")
    n_far = int(found.cuts.loc[0, "n_met"])
    assert n_far > 4
    assert f"{n_far / 380:.1%} of the rows" in told


def test_nothing_is_missing_and_nothing_is_straight_or_keyed_wrongly(kept: pd.DataFrame) -> None:
    found = described(kept)
    assert (found.items["share_answered"] == 1).all()
    assert len(found.patterns) == 1
    assert {caveat.code for caveat in found.caveats} == {
        *("mahalanobis-normal", "disclosure-not-applied")
    }
    repeated = kept.duplicated(ITEMS, keep=False)
    assert (found.table["recurring"] > 0).tolist() == repeated.tolist()
    same = kept[["Item3", "Item4", "Item5", "Item6"]].nunique(axis=1) == 1
    assert found.straight["ml1"].tolist() == same.tolist()
