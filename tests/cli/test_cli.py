"""The command line: every command, what it writes and says, and how it fails."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import typer.main
from typer.testing import CliRunner, Result

import digilitt as dl
from digilitt.cli import app

COMMANDS = typer.main.get_command(app).commands

Run = Callable[..., Result]
Fail = Callable[..., str]
Sheets = Callable[[str | Path], dict[str, list[tuple[object, ...]]]]
CORE = ("--instrument", "digilitt-core")


# Help


def test_help_lists_every_command(run: Run) -> None:
    said = run("--help").output
    assert [name for name in COMMANDS if name not in said] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_says_what_it_does(name: str, run: Run) -> None:
    said = run(name, "--help").output
    assert COMMANDS[name].help.split("\n")[0].split(":")[0][:40] in " ".join(said.split())
    for parameter in COMMANDS[name].params:
        assert parameter.help, f"{name} {parameter.name} has no help"


def test_nothing_asked_shows_help() -> None:
    result = CliRunner().invoke(app, [])
    assert "Usage" in result.output
    assert "score" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("score",),
        ("score", "svar.csv", "--instrument", "sus"),
        ("score", "svar.csv", *CORE, "--out", "x.html", "--language", "de"),
        ("score", "svar.csv", *CORE, "--out", "x.html", "--on-problem", "guess"),
        ("demo", "--min-n", "few"),
        ("instruments", "--no-such-option"),
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments: tuple[str, ...], fail: Fail) -> None:
    assert "Usage" in fail(*arguments)


# Demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("demo") / "a" / "b"
    return out, CliRunner().invoke(app, ["demo", "--out", str(out), "--min-n", "6"])


def test_demo_leaves_a_report_to_open(demo: tuple[Path, Result]) -> None:
    out, result = demo
    assert result.exit_code == 0
    assert result.stdout == f"Open {out / 'report.html'}\n"
    assert {path.name for path in out.iterdir()} == {
        "answers.csv",
        "roster.csv",
        "scores.xlsx",
        "report.html",
    }


def test_demo_tells_what_is_under_way(demo: tuple[Path, Result]) -> None:
    said = demo[1].stderr
    assert all(word in said for word in ("Simulating", "Scoring", "report"))


def test_demo_page_says_the_minimum_and_that_it_is_simulated(demo: tuple[Path, Result]) -> None:
    page = (demo[0] / "report.html").read_text(encoding="utf-8")
    assert '<html lang="sv"' in page
    assert "färre än 6 personer" in page
    assert "simulerade" in page


def test_demo_counts_as_the_cohort_says(demo: tuple[Path, Result], sheets: Sheets) -> None:
    (header, *rows) = sheets(str(demo[0] / "scores.xlsx"))["participation"]
    total = dict(zip(header, next(r for r in rows if "(all)" in r and "2018" in r), strict=True))
    assert (total["invited"], total["valid"]) == (677, 575)


def test_demo_answers_can_be_scored(demo: tuple[Path, Result], run: Run, sheets: Sheets) -> None:
    answers, roster = demo[0] / "answers.csv", demo[0] / "roster.csv"
    run("score", str(answers), *CORE, "--roster", str(roster), "--out", "again.xlsx")
    again, first = sheets("again.xlsx"), sheets(str(demo[0] / "scores.xlsx"))
    # The demo withholds fewer than 6 and this fewer than 5; nothing between them is small here.
    assert again["participation"] == first["participation"]


def test_demo_is_the_same_for_the_same_seed(demo: tuple[Path, Result], run: Run) -> None:
    run("demo", "--out", "same", "--seed", "1", "--language", "en")
    run("demo", "--out", "other", "--seed", "2")
    first = dl.read_responses(demo[0] / "answers.csv", dl.instrument("digilitt-core")).codes
    same = dl.read_responses("same/answers.csv", dl.instrument("digilitt-core")).codes
    assert same.equals(first)
    assert Path("other/answers.csv").read_bytes() != (demo[0] / "answers.csv").read_bytes()
    assert '<html lang="en"' in Path("same/report.html").read_text(encoding="utf-8")


def test_demo_where_no_folder_can_be(fail: Fail, folder: Path) -> None:
    (folder / "file").write_text("", encoding="utf-8")
    assert "folder cannot be made" in fail("demo", "--out", "file")


# Map and check


def test_map_writes_a_mapping_that_scores(cohort: pd.DataFrame, run: Run) -> None:
    core = dl.instrument("digilitt-core")
    headers = {item.id: item.text.to("sv") for item in core.items} | {"municipality": "Kommun"}
    cohort.rename(columns=headers).to_csv("svar.csv", index=False)
    said = run("map", "svar.csv", *CORE)
    assert said.stdout.startswith("Wrote mapping.toml: 28 columns mapped, 0 notes.")
    assert dl.read_mapping("mapping.toml").groups["municipality"] == "Kommun"
    run("score", "svar.csv", *CORE, "--mapping", "mapping.toml", "--out", "x.html")


def test_map_tells_what_it_is_unsure_of(cohort: pd.DataFrame, run: Run) -> None:
    cohort.rename(columns={"a1": "a1 svar"}).to_csv("svar.csv", index=False)
    said = run("map", "svar.csv", *CORE, "--out", "m.toml")
    assert "? Item a1 has no column" in said.stderr
    assert "? Not used: 'a1 svar'. Is one a group?" in said.stderr
    assert "2 notes" in said.stdout


@pytest.mark.usefixtures("answers")
def test_map_does_not_replace_files(run: Run, fail: Fail) -> None:
    run("map", "svar.csv", *CORE)
    assert "add --overwrite" in fail("map", "svar.csv", *CORE)
    run("map", "svar.csv", *CORE, "--overwrite")


def test_check_instrument(run: Run) -> None:
    assert "in order" in run("check", "sus").stdout


def test_check_broken_instrument(fail: Fail) -> None:
    Path("broken.toml").write_text('id = "x"\nversion = "1.0"\n', encoding="utf-8")
    said = fail("check", "broken.toml", "--out", "problems.csv")
    assert "problems" in said
    with Path("problems.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert {"missing-key"} == {row["code"] for row in rows}
    assert f"Wrote {len(rows)} problems to problems.csv" in said


def instrument_about(link: str, run: Run) -> None:
    """A starter instrument in the folder "mine", whose first item refers to this alone."""
    run("new", "mine")
    file = Path("mine/instrument.toml")
    lines = [
        line for line in file.read_text("utf-8").splitlines() if not line.startswith("competences")
    ]
    lines.insert(lines.index("[[items]]") + 1, f'competences = ["{link}"]')
    file.write_text("\n".join(lines), encoding="utf-8")


def test_check_an_instrument_that_refers_to_the_official_file(run: Run, fail: Fail) -> None:
    about = {
        "competence_area_id": "CompetenceArea/1",
        "competence_id": "Competence/1.1",
        "four_levels_proficiency_name": "ProficiencyLevel/Basic",
        "ai_label": "AI-Implicit",
        "description": "D.",
    }
    entries = [
        {"@type": "CompetenceArea", "@id": "CompetenceArea/1", "name": "One", "description": "D."},
        {"@type": "Competence", "@id": "Competence/1.1", "name": "Search", "description": "D.",
         "competence_area_id": "CompetenceArea/1"},
        {"@type": "ProficiencyLevel", "@id": "ProficiencyLevel/Basic_1", "eight_levels_mapping": 1,
         "four_levels_name": "Basic", "four_levels_description": "D.", "six_levels_mapping": "A1"},
        {"@type": "CompetenceStatement", "@id": "CompetenceStatement/CS1.1.01", **about},
        {"@type": "LearningOutcome", "@id": "LearningOutcome/LO1.1.06", "type": "Skill", **about},
    ]  # fmt: skip
    Path("official.jsonld").write_text(json.dumps({"@graph": entries}), encoding="utf-8")
    instrument_about("digcomp-3.0:LO1.1.06", run)
    assert "read_digcomp()" in fail("check", "mine")
    assert "in order" in run("check", "mine", "--framework", "official.jsonld").stdout
    mine = dl.instrument("mine", frameworks=[dl.read_digcomp("official.jsonld")])
    dl.simulate(mine, n=9, rng=1).responses.codes.to_csv("svar.csv", index=False)
    scored = ("score", "svar.csv", "--instrument", "mine", "--out", "x.html")
    assert "--framework FILE" in fail(*scored)
    run(*scored, "--framework", "official.jsonld")


def test_check_with_a_framework_of_ones_own(run: Run, fail: Fail) -> None:
    instrument_about("own:a", run)
    Path("own.toml").write_text(
        'id = "own"\nversion = "1.0"\ntitle = { en = "Own" }\nlanguages = ["en"]\n'
        'licence = "MIT"\nsource = ""\nareas = [{ id = "a", en = "One" }]\n',
        encoding="utf-8",
    )
    assert "Pass your own" in fail("check", "mine")
    assert "in order" in run("check", "mine", "--framework", "own.toml").stdout
    assert "no such file" in fail("check", "mine", "--framework", "none.toml")
    said = fail("check", "mine", "--framework", "own.toml", "--out", "own.toml", "--overwrite")
    assert "own.toml" in said
    assert "areas" in Path("own.toml").read_text(encoding="utf-8")


@pytest.mark.usefixtures("answers")
def test_check_answers(run: Run) -> None:
    assert run("check", "svar.csv", *CORE).stdout.startswith("svar.csv is in order: responses")


def test_check_answers_lists_every_problem(
    cohort: pd.DataFrame, fail: Fail, sheets: Sheets
) -> None:
    wrong = cohort.astype({"a1": object})
    wrong.loc[:29, "a1"] = "kanske"
    wrong.to_csv("svar.csv", index=False)
    said = fail("check", "svar.csv", *CORE, "--out", "problem.xlsx")
    assert "30 problems" in said
    assert "10 more" in said
    (header, *rows) = sheets("problem.xlsx")["problems"]
    assert header == ("code", "message", "file", "sheet", "row", "column")
    assert [row[4] for row in rows] == [str(number) for number in range(2, 32)]


def test_check_does_not_replace_files(fail: Fail) -> None:
    Path("problems.csv").write_text("mine", encoding="utf-8")
    fail("check", "no-such-instrument", "--out", "problems.csv")
    assert Path("problems.csv").read_text(encoding="utf-8") == "mine"


# Instruments, frameworks, new


def test_instruments_are_listed(run: Run) -> None:
    said = run("instruments").stdout
    assert [name for name in dl.instruments() if name not in said] == []
    assert "Självskattning" in run("instruments", "--language", "sv").stdout.title()


@pytest.mark.parametrize("name", dl.instruments())
def test_instrument_is_shown(name: str, run: Run) -> None:
    said = run("instruments", name, "--language", "sv").stdout
    shown = dl.instrument(name)
    assert shown.licence in said
    assert all(note in said for note in shown.notes)
    assert all(item.text.to("sv") in said for item in shown.items)
    assert all(f"{scale.id}: {scale.metric}" in said for scale in shown.scales)


@pytest.mark.parametrize("name", dl.frameworks())
def test_framework_is_listed_and_shown(name: str, run: Run) -> None:
    assert name in run("frameworks").stdout
    said = run("frameworks", name).stdout
    shown = dl.framework(name)
    assert all(part.label.to("en") in said for part in (*shown.areas, *shown.competences))


@pytest.mark.parametrize("command", ["instruments", "frameworks"])
def test_unknown_name(command: str, fail: Fail) -> None:
    assert "Known: " in fail(command, "digicomp")


def test_new_writes_an_instrument_in_order(run: Run) -> None:
    said = run("new", "min-enkat").stdout
    assert "min-enkat" in said
    assert "in order" in run("check", "min-enkat/instrument.toml").stdout
    assert dl.instrument("min-enkat/instrument.toml").id == "min-enkat"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("new", "Min enkät"), "no instrument id"),
        (("new", "taken"), "exists already"),
        (("new", "x", "--out", "no/such"), "cannot be written"),
    ],
)
def test_new_refuses(arguments: tuple[str, ...], expected: str, folder: Path, fail: Fail) -> None:
    (folder / "taken").mkdir()
    assert expected in fail(*arguments)


# As a program


def test_program_ends_with_2_and_one_message() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "digilitt.cli", "check", "no-such-instrument"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("digilitt: ")
    assert len(ended.stderr.splitlines()) == 1
