"""Parquet on the command line: files of any size, and the other commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from typer.testing import Result

import digilitt as dl

Run = Callable[..., Result]
Fail = Callable[..., str]
CORE = ("--instrument", "digilitt-core")


@pytest.fixture
def parquet(cohort: pd.DataFrame, folder: Path) -> Path:
    cohort.to_parquet(folder / "svar.parquet", index=False)
    return folder / "svar.parquet"


@pytest.mark.usefixtures("parquet")
def test_scores_stand_beside_the_columns_to_take_along(run: Run, cohort: pd.DataFrame) -> None:
    said = run("score-parquet", "svar.parquet", *CORE, "--out", "poäng.parquet",
               "--keep", "person", "--keep", "wave")  # fmt: skip
    assert said.stdout == (
        f"Wrote poäng.parquet: {len(cohort)} rows (one row for each row read, which is not for "
        "publication).\n"
    )
    assert said.stderr.startswith("Scoring svar.parquet …\n! instrument-pilot (digilitt-core@")
    found = pl.read_parquet("poäng.parquet")
    core = dl.instrument("digilitt-core")
    expected = dl.score_frame(pl.read_parquet("svar.parquet"), core).drop(
        set(cohort.columns) - {"person", "wave"}
    )
    assert found.equals(expected)


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_folder_is_one_table(engine: str, run: Run, cohort: pd.DataFrame) -> None:
    Path("delar").mkdir()
    for number, part in enumerate((cohort[:10], cohort[10:])):
        part.to_parquet(f"delar/{number}.parquet", index=False)
    said = run("score-parquet", "delar", *CORE, "--out", "p.parquet", "--engine", engine)
    assert f"{len(cohort)} rows from 2 files (one row" in said.stdout
    assert pl.read_parquet("p.parquet")["person"].to_list() == cohort["person"].tolist()


def test_answers_that_do_not_fit(run: Run, fail: Fail, cohort: pd.DataFrame) -> None:
    cohort.assign(a1=7).to_parquet("svar.parquet", index=False)
    command = ("score-parquet", "svar.parquet", *CORE, "--out", "p.parquet")
    said = fail(*command)
    assert f"svar.parquet, 'a1': {len(cohort)} answers outside options" in said
    assert "--on-problem missing" in said
    assert [path.name for path in Path().iterdir()] == ["svar.parquet"]
    told = run(*command, "--on-problem", "missing").stderr
    assert f"! invalid-answer (a1): {len(cohort)} answers" in told
    assert "attityd_n_invalid" in pl.read_parquet_schema("p.parquet")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("svar.parquet", *CORE, "--out", "svar.parquet"), "is read by this command too"),
        (("svar.parquet", *CORE, "--out", "mine.parquet"), "add --overwrite"),
        (("svar.parquet", *CORE, "--out", "p.csv"), "'.csv'; expected .parquet"),
        (("svar.parquet", *CORE, "--out", "no/p.parquet"), "no folder"),
        (("svra.parquet", *CORE, "--out", "p.parquet"), "Did you mean 'svar.parquet'"),
        (("svar.csv", *CORE, "--out", "p.parquet"), "Expected Parquet"),
        (("svar.parquet", "--instrument", "sus", "--out", "p.parquet"), "'sus1': no column"),
        (("svar.parquet", *CORE, "--out", "p.parquet", "--keep", "persn"), "Is it 'person'?"),
    ],
)
@pytest.mark.usefixtures("parquet", "answers")
def test_score_parquet_refuses(arguments: tuple[str, ...], expected: str, fail: Fail) -> None:
    Path("mine.parquet").write_bytes(b"mine")
    before = Path("svar.parquet").read_bytes()
    assert expected in fail("score-parquet", *arguments)
    assert Path("svar.parquet").read_bytes() == before
    assert {path.name for path in Path().iterdir()} == {
        *("svar.parquet", "svar.csv", "mine.parquet"),
    }


@pytest.mark.usefixtures("parquet")
def test_other_commands_read_and_write_parquet(run: Run, cohort: pd.DataFrame) -> None:
    assert run("check", "svar.parquet", *CORE).stdout.startswith("svar.parquet is in order")
    run("map", "svar.parquet", *CORE)
    scored = ("score", "svar.parquet", *CORE, "--mapping", "mapping.toml", "--min-n", "1")
    said = run(*scored, "--out", "personer.parquet", "--persons").stdout
    assert "one row per person, which is not for publication" in said
    assert len(pl.read_parquet("personer.parquet")) == len(cohort)
    run(*scored, "--out", "grupper.parquet")
    assert set(pl.read_parquet("grupper.parquet")["scale"]) >= {"attityd", "total"}


@pytest.mark.usefixtures("parquet")
def test_check_asks_for_the_instrument(fail: Fail) -> None:
    assert "with --instrument ID" in fail("check", "svar.parquet")


@pytest.mark.usefixtures("parquet")
def test_without_an_engine_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules.update(polars=None, duckdb=None)\n"
        "sys.argv = ['digilitt', 'score-parquet', 'svar.parquet', '--instrument', "
        "'digilitt-core', '--out', 'p.parquet']\n"
        "from digilitt.cli import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    assert ended.returncode == 2
    assert 'pip install "digilitt[scale]"' in ended.stderr
    assert "Traceback" not in ended.stderr
