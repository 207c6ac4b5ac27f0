"""The command ``digilitt score``: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import Result

import digilitt as dl

Run = Callable[..., Result]
Fail = Callable[..., str]
Sheets = Callable[[str | Path], dict[str, list[tuple[object, ...]]]]
CORE = ("--instrument", "digilitt-core")


@pytest.mark.usefixtures("answers")
def test_score_writes_a_report(run: Run) -> None:
    said = run("score", "svar.csv", *CORE, "--out", "rapport.html", "--by", "municipality")
    assert said.stdout == "Wrote rapport.html (groups of fewer than 5 are not shown).\n"
    page = Path("rapport.html").read_text(encoding="utf-8")
    assert "Hörby" in page
    assert "färre än 5 personer" in page


@pytest.mark.usefixtures("answers")
def test_score_says_what_it_took_from_the_headers(run: Run) -> None:
    said = run("score", "svar.csv", *CORE, "--out", "rapport.html").stderr
    assert "No --mapping" in said
    assert all(f"{name} = {name!r}" in said for name in ("person", "wave", "municipality", "sex"))


@pytest.mark.usefixtures("answers")
def test_score_tells_caveats(run: Run) -> None:
    said = run("score", "svar.csv", *CORE, "--out", "rapport.html").stderr
    assert "! instrument-pilot" in said
    assert "! std-error-unknown" in said


@pytest.mark.usefixtures("answers")
def test_score_writes_tables_by_group(run: Run, sheets: Sheets) -> None:
    run("score", "svar.csv", *CORE, "--out", "tabeller.xlsx", "--by", "municipality")
    tables = sheets("tabeller.xlsx")
    assert tables.keys() == {"participation", "scores", "bands"}
    scores = pd.DataFrame(tables["scores"][1:], columns=tables["scores"][0])
    described = dl.describe(
        dl.score(
            dl.read_responses(
                "svar.csv", dl.instrument("digilitt-core"), wave="wave", groups=["municipality"]
            )
        ),
        by="municipality",
    ).table
    keys = ["wave", "municipality", "scale"]
    both = scores.merge(described, on=keys, suffixes=("", "_expected"), how="outer")
    assert len(both) == len(described)
    assert (
        both["mean"].astype(float) - both["mean_expected"]
    ).abs().max() <= 0.005  # written with two decimals


@pytest.mark.usefixtures("answers")
def test_score_withholds_small_groups(run: Run, sheets: Sheets) -> None:
    run(
        *("score", "svar.csv", *CORE, "--out", "tabeller.xlsx", "--min-n", "8"),
        *("--by", "municipality", "--by", "sex"),
    )
    scores = sheets("tabeller.xlsx")["scores"]
    frame = pd.DataFrame(scores[1:], columns=scores[0])
    small = frame[(frame["municipality"] == "Sölvesborg") & (frame["sex"] == "man")]
    assert len(small) > 0
    assert small["suppressed"].all()
    assert small[["n_scored", "mean", "sd"]].isna().all(axis=None)
    shown = frame[~frame["suppressed"].astype(bool)]
    assert (shown["n_scored"] >= 8).all()


@pytest.mark.usefixtures("answers")
def test_score_writes_one_table_as_csv(run: Run) -> None:
    run("score", "svar.csv", *CORE, "--out", "tabell.csv", "--language", "en")
    with Path("tabell.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["scale"] for row in rows} == {
        "attityd",
        "medvetenhet",
        "formaga",
        "total",
        "forutsattningar",
    }


@pytest.mark.usefixtures("answers")
def test_score_writes_persons_only_when_asked(
    cohort: pd.DataFrame, run: Run, sheets: Sheets
) -> None:
    run("score", "svar.csv", *CORE, "--out", "grupper.xlsx")
    run("score", "svar.csv", *CORE, "--out", "personer.xlsx", "--persons")
    assert "persons" not in sheets("grupper.xlsx")
    persons = sheets("personer.xlsx")["persons"]
    assert len(persons) == len(cohort) + 1
    assert {"person", "attityd_mean_score", "attityd_band"} <= set(persons[0])


def test_score_keeps_text_from_becoming_a_formula(cohort: pd.DataFrame, run: Run) -> None:
    cohort.assign(person=[f"=1+{i}" for i in range(len(cohort))], wave="1").to_csv(
        "farlig.csv", index=False
    )
    run("score", "farlig.csv", *CORE, "--out", "personer.xlsx", "--persons")
    run("score", "farlig.csv", *CORE, "--out", "personer.csv", "--persons")
    cell = openpyxl.load_workbook("personer.xlsx")["persons"]["A2"]
    assert (cell.value, cell.data_type) == ("=1+0", "s")
    lines = Path("personer.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[1].startswith("'=1+0;")


def test_score_by_mapping(cohort: pd.DataFrame, run: Run, sheets: Sheets) -> None:
    cohort.rename(columns={"a1": "Fråga 1", "municipality": "Ort"}).to_csv("x.csv", index=False)
    dl.Mapping(
        person="person", wave="wave", groups={"kommun": "Ort"}, columns={"Fråga 1": "a1"}
    ).write("m.toml")
    run("score", "x.csv", *CORE, "--mapping", "m.toml", "--out", "x.xlsx")
    assert sheets("x.xlsx")["scores"][0][1] == "kommun"


def test_score_by_options(cohort: pd.DataFrame, run: Run, sheets: Sheets) -> None:
    renamed = cohort.rename(columns={"person": "Kod nr", "wave": "Gång", "municipality": "Ort"})
    renamed.to_excel("x.xlsx", sheet_name="Svar", index=False, startrow=2)
    run(
        *("score", "x.xlsx", *CORE, "--sheet", "Svar", "--header-row", "3", "--out", "y.xlsx"),
        *("--person", "Kod nr", "--wave", "Gång", "--group", "Ort", "--by", "Ort"),
    )
    assert sheets("y.xlsx")["scores"][0][:2] == ("wave", "Ort")


@pytest.mark.usefixtures("answers")
def test_score_goes_by_the_group_that_is_named(run: Run, sheets: Sheets) -> None:
    command = ("score", "svar.csv", *CORE, "--out", "x.xlsx", "--overwrite")
    for more, by in (
        ((), ("municipality",)),
        (("--group", "role"), ("role",)),
        (("--group", "role", "--group", "sex"), ("role", "sex")),
        (("--group", "role", "--by", "sex"), ("sex",)),
    ):
        said = run(*command, *more).stderr
        assert f"By: {', '.join(by)}.\n" in said
        assert sheets("x.xlsx")["scores"][0][1 : 2 + len(by)] == (*by, "scale")


@pytest.mark.usefixtures("answers")
def test_a_group_named_by_its_header_is_called_as_the_mapping_says(run: Run) -> None:
    dl.Mapping(wave="wave", groups={"ort": "municipality", "kön": "sex"}).write("m.toml")
    scored = ("score", "svar.csv", *CORE, "--mapping", "m.toml", "--out", "x.html")
    assert "By: kön.\n" in run(*scored, "--group", "sex").stderr


def test_score_without_groups_says_so(cohort: pd.DataFrame, run: Run) -> None:
    codes = [item.id for item in dl.instrument("digilitt-core").items]
    cohort[codes].to_csv("svar.csv", index=False)
    assert "By: no group.\n" in run("score", "svar.csv", *CORE, "--out", "x.html").stderr


@pytest.mark.usefixtures("answers")
def test_score_to_parquet_without_pyarrow_fails_before_the_work(
    fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = fail("score", "svar.csv", *CORE, "--out", "x.parquet")
    assert 'pip install "digilitt[scale]"' in said
    assert "Reading" not in said


@pytest.mark.usefixtures("answers")
def test_score_with_roster(cohort: pd.DataFrame, run: Run, sheets: Sheets) -> None:
    roster = cohort.drop_duplicates("person")[["person", "municipality"]]
    roster.assign(enrolled="ja").to_csv("lista.csv", index=False)
    run("score", "svar.csv", *CORE, "--roster", "lista.csv", "--out", "x.xlsx")
    (header, *rows) = sheets("x.xlsx")["participation"]
    total = dict(zip(header, next(row for row in rows if "(all)" in row), strict=True))
    assert total["invited"] == total["enrolled"] == len(roster)


@pytest.mark.usefixtures("answers")
def test_score_with_problems(cohort: pd.DataFrame, run: Run, fail: Fail) -> None:
    broken = cohort.astype({"a1": object, "m2": object})
    broken.loc[3, "a1"], broken.loc[7, "m2"] = "7", "kanske"
    broken.to_csv("fel.csv", index=False)
    said = fail("score", "fel.csv", *CORE, "--out", "x.html")
    assert "2 problems" in said
    assert "fel.csv, row 5, 'a1'" in said
    assert "fel.csv, row 9, 'm2'" in said
    assert not Path("x.html").exists()
    told = run("score", "fel.csv", *CORE, "--out", "x.html", "--on-problem", "missing").stderr
    assert "! invalid-answer (a1): 1 answer" in told


@pytest.mark.usefixtures("answers")
def test_score_does_not_replace_files(run: Run, fail: Fail) -> None:
    Path("x.html").write_text("mine", encoding="utf-8")
    assert "add --overwrite" in fail("score", "svar.csv", *CORE, "--out", "x.html")
    assert Path("x.html").read_text(encoding="utf-8") == "mine"
    run("score", "svar.csv", *CORE, "--out", "x.html", "--overwrite")
    assert Path("x.html").read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("svar.csv", *CORE, "--out", "x.docx"), "'.docx'; expected .html, .xlsx, .csv"),
        (("svar.csv", *CORE, "--out", "x.html", "--persons"), "'.html'; expected .xlsx, .csv"),
        (("svar.csv", *CORE, "--out", "no/x.html"), "no folder"),
        (("svra.csv", *CORE, "--out", "x.html"), "Did you mean 'svar.csv'?"),
        (("svar.csv", "--instrument", "susa", "--out", "x.html"), "Did you mean 'sus'?"),
        (("svar.csv", "--instrument", "sus", "--out", "x.html"), "'sus1': no column holds it"),
        (("svar.csv", *CORE, "--out", "x.html", "--by", "age"), "no group column 'age'"),
        (("svar.csv", *CORE, "--out", "x.html", "--min-n", "0"), "min_n is 0"),
        (("svar.csv", *CORE, "--out", "x.html", "--group", "age"), "no column 'age'"),
        (("svar.csv", *CORE, "--out", "x.html", "--mapping", "m.toml"), "no such file"),
        (("svar.csv", *CORE, "--out", "x.html", "--sheet", "Blad1"), "text file"),
        (("svar.csv", *CORE, "--out", "x.html", "--roster", "svar.csv"), "'enrolled'"),
    ],
)
@pytest.mark.usefixtures("answers")
def test_score_refuses(arguments: tuple[str, ...], expected: str, folder: Path, fail: Fail) -> None:
    assert expected in fail("score", *arguments)
    assert [path.name for path in folder.iterdir()] == ["svar.csv"]
