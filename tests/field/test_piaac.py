"""PIAAC Sweden 2012: use of IT at work and in everyday life, with care workers among the adults."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from digilitt.define.catalogue import instrument
from digilitt.define.instrument import Instrument
from digilitt.disclosure import Disclosure
from digilitt.errors import InterchangeError
from digilitt.interchange.answers import read_responses
from digilitt.reporting.render import report
from digilitt.result import ALL
from digilitt.scoring.description import describe
from digilitt.scoring.frames import score_frame
from digilitt.scoring.responses import Responses
from digilitt.scoring.scores import Scores, score

CARE_WORKERS = "53"
WORK = [f"G_Q05{letter}" for letter in "acdefgh"]
EVERYDAY = [f"H_Q05{letter}" for letter in "acdefgh"]
REGIONS = {
    "SE11": 829,
    "SE12": 762,
    "SE21": 431,
    "SE22": 637,
    "SE23": 954,
    "SE31": 415,
    "SE32": 178,
    "SE33": 263,
}
# Of 283 care workers, how many never do it; items d, e, g and h are the floor.
NEVER = [49, 75, 247, 220, 127, 279, 271]


@pytest.fixture(scope="module")
def packed(field_folder: Path) -> Path:
    return field_folder / "piaac_sweden_2012" / "piaac_swe_digital.csv.gz"


@pytest.fixture(scope="module")
def answers(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("piaac") / "piaac_swe_digital.csv"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return path


@pytest.fixture(scope="module")
def survey() -> Instrument:
    return instrument(Path(__file__).parent / "piaac.toml")


@pytest.fixture(scope="module")
def read(answers: Path, survey: Instrument) -> Responses:
    groups = ["REG_TL2", "ISCO2C"]
    return read_responses(answers, survey, person="SEQID", groups=groups, weight="SPFWT0")


@pytest.fixture(scope="module")
def scores(read: Responses) -> Scores:
    return score(read)


def test_a_packed_file_is_refused_with_a_reason(packed: Path, survey: Instrument) -> None:
    with pytest.raises(InterchangeError, match="gzip") as caught:
        read_responses(packed, survey, person="SEQID")
    assert caught.value.problems[0].code == "wrong-format"


def test_complete_cases(scores: Scores) -> None:
    wide = scores.wide()
    assert len(wide) == 4469
    assert wide["work_mean_score"].notna().sum() == 3148
    assert wide["everyday_mean_score"].notna().sum() == 4138
    care = wide["ISCO2C"] == CARE_WORKERS
    assert care.sum() == 355
    assert wide.loc[care, "work_mean_score"].notna().sum() == 283


def test_scores_equal_plain_means(answers: Path, scores: Scores) -> None:
    raw, wide = pd.read_csv(answers), scores.wide()
    assert wide["person"].tolist() == raw["SEQID"].astype(str).tolist()
    for scale, items in (("work", WORK), ("everyday", EVERYDAY)):
        plain = raw[items].mean(axis=1).where(raw[items].notna().all(axis=1))
        np.testing.assert_allclose(wide[f"{scale}_mean_score"], plain, rtol=1e-12)


def test_alpha_of_the_keyed_items(read: Responses) -> None:
    # From the variances of the items and of their sum, as printed in the folder's README.
    def alpha(items: pd.DataFrame) -> float:
        complete = items.dropna()
        k = complete.shape[1]
        return k / (k - 1) * (1 - complete.var().sum() / complete.sum(axis=1).var())

    care = read.people["ISCO2C"] == CARE_WORKERS
    assert f"{alpha(read.keyed('work')):.7f}" == "0.7708747"
    assert f"{alpha(read.keyed('work')[care]):.7f}" == "0.6056333"
    assert f"{alpha(read.keyed('everyday')):.7f}" == "0.6641453"


def test_care_workers_are_at_the_floor(read: Responses) -> None:
    care = read.keyed("work")[read.people["ISCO2C"] == CARE_WORKERS].dropna()
    assert (care == 1).sum().tolist() == NEVER
    assert sorted(NEVER)[-4:] == [220, 247, 271, 279]


def test_regions(scores: Scores) -> None:
    table = describe(scores, by="REG_TL2").table
    work = table[table["scale"] == "work"].set_index("REG_TL2")
    assert work["n_persons"].to_dict() == {**REGIONS, ALL: 4469}
    assert work.loc[ALL, "n_scored"] == 3148


def test_every_engine_scores_the_same(answers: Path, survey: Instrument, scores: Scores) -> None:
    used = ["SEQID", *WORK, *EVERYDAY]
    raw = pd.read_csv(answers, usecols=used)
    lazy = pl.scan_csv(answers).select(used)
    table = pa.Table.from_pandas(raw)
    relation = duckdb.connect().from_arrow(table)
    found = {
        "pandas": score_frame(raw, survey),
        "nullable": score_frame(raw.convert_dtypes(), survey),
        "arrow columns": score_frame(raw.convert_dtypes(dtype_backend="pyarrow"), survey),
        "polars": score_frame(lazy.collect(), survey).to_pandas(),
        "lazy": score_frame(lazy, survey).collect().to_pandas(),
        "streaming": score_frame(lazy, survey).collect(engine="streaming").to_pandas(),
        "pyarrow": score_frame(table, survey).to_pandas(),
        "duckdb": score_frame(relation, survey).to_arrow_table().to_pandas(),
    }
    expected = scores.wide().set_index("person")
    for engine, scored in found.items():
        # DuckDB keeps no order of rows.
        rows = expected.loc[scored["SEQID"].astype(str)]
        assert len(rows) == 4469
        for name in ("work_mean_score", "everyday_mean_score"):
            column = scored[name].to_numpy(dtype=np.float64, na_value=np.nan)
            np.testing.assert_allclose(column, rows[name], rtol=1e-12, err_msg=engine)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("by", ["REG_TL2", "ISCO2C"])
def test_report(scores: Scores, language: str, by: str) -> None:
    made = report(scores, by=by, language=language, disclosure=Disclosure(min_n=10))
    shown = made.tables["scores"]
    assert not (shown["n_scored"] < 10).any()
    assert shown.loc[shown["n_scored"].isna(), "mean"].isna().all()
    assert made.html()
