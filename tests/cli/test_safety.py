"""The command line loses nobody's file, and groups keep their names from file to roster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import digilitt as dl
from digilitt.interchange.guessing import guess_mapping

CORE = ("--instrument", "digilitt-core")


@pytest.fixture
def export(tmp_path: Path) -> pd.DataFrame:
    """A file of answers in which municipalities are written in two ways."""
    frame = pd.read_csv(dl.sample("digilitt-core"))
    frame = frame[frame["wave"] == 2018].drop(columns="wave")
    frame["municipality"] = [
        f"{name}s kommun" if row % 2 else name for row, name in enumerate(frame["municipality"])
    ]
    frame = frame.rename(columns={"municipality": "Kommun", "person": "Deltagarkod"})
    frame.to_csv(tmp_path / "svar.csv", index=False)
    return frame


@pytest.mark.parametrize(
    "command",
    [
        ("score", "svar.csv", *CORE, "--out", "svar.csv"),
        ("check", "svar.csv", *CORE, "--out", "./svar.csv"),
        ("map", "svar.csv", *CORE, "--out", "svar.csv"),
    ],
)
@pytest.mark.usefixtures("export")
def test_what_a_command_reads_is_never_overwritten(
    fail: Callable[..., str], command: tuple[str, ...]
) -> None:
    before = Path("svar.csv").read_bytes()
    assert "is read by this command too" in fail(*command, "--overwrite")
    assert Path("svar.csv").read_bytes() == before


def test_the_demo_replaces_nothing_unasked(fail: Callable[..., str]) -> None:
    Path("answers.csv").write_text("mine", encoding="utf-8")
    assert "add --overwrite" in fail("demo", "--out", ".")
    assert Path("answers.csv").read_text(encoding="utf-8") == "mine"


@pytest.mark.usefixtures("export")
def test_a_group_may_be_named_by_its_header(run: Callable[..., object]) -> None:
    guess_mapping("svar.csv", dl.instrument("digilitt-core")).write("mapping.toml")
    run("score", "svar.csv", *CORE, "--mapping", "mapping.toml", "--group", "Kommun",
        "--out", "t.csv", "--min-n", "1")  # fmt: skip
    shown = pd.read_csv("t.csv", sep=";")
    assert not shown["municipality"].str.contains("kommun").any()


def test_the_roster_is_read_with_the_mapping(export: pd.DataFrame) -> None:
    mapping = guess_mapping("svar.csv", dl.instrument("digilitt-core"))
    roster = export[["Deltagarkod", "Kommun"]].assign(enrolled="ja")
    roster.to_csv("lista.csv", index=False)
    read = dl.read_roster("lista.csv", mapping=mapping)
    assert {"person", "municipality", "enrolled"} <= set(read)
    assert not read["municipality"].str.contains("kommun").any()


def test_a_roster_with_personal_numbers_is_refused(tmp_path: Path) -> None:
    rows = "person,enrolled\n19811228-9874,ja\n"
    (tmp_path / "lista.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(dl.ResponseError, match="personal identity numbers") as caught:
        dl.read_roster(tmp_path / "lista.csv")
    assert "9874" not in str(caught.value)


def test_columns_that_are_not_used_are_told(export: pd.DataFrame) -> None:
    core = dl.instrument("digilitt-core")
    more = export.rename(columns={"Deltagarkod": "Nr"}).assign(Stadsdel="Öster")
    more.to_csv("mer.csv", index=False)
    (note,) = guess_mapping("mer.csv", core).notes
    assert note == "Not used: 'Nr', 'Stadsdel'. Is one the person, the wave or a group?"
    more.assign(wave=2018).rename(columns={"Nr": "Löpnr"}).to_csv("mer.csv", index=False)
    guess = guess_mapping("mer.csv", core)
    assert (guess.person, guess.wave) == ("Löpnr", "wave")
    assert guess.notes == ("Not used: 'Stadsdel'. Is one a group?",)


def test_many_columns_that_are_not_used(export: pd.DataFrame) -> None:
    more = {f"X{number}": "?" for number in range(20)}
    export.assign(**more).to_csv("mer.csv", index=False)
    (note,) = guess_mapping("mer.csv", dl.instrument("digilitt-core")).notes
    assert "'X11' and 8 more. Is one the wave or a group?" in note


@pytest.mark.usefixtures("export")
def test_values_for_a_group_that_is_not_there() -> None:
    guess = guess_mapping("svar.csv", dl.instrument("digilitt-core"))
    wrong = guess.model_copy(update={"values": {"Kommun": {"1290": "Kristianstad"}}})
    with pytest.raises(dl.ResponseError, match=r"\[values.Kommun\]"):
        dl.read_responses("svar.csv", dl.instrument("digilitt-core"), mapping=wrong)


def test_waves_side_by_side_in_brackets_are_found() -> None:
    core = dl.instrument("digilitt-core")
    texts = [item.text.to("sv") for item in core.items]
    frame = pd.DataFrame({f"{t} ({wave})": [3] for t in texts for wave in ("före", "efter")})
    frame.insert(0, "id", "p1")
    frame.to_csv("bredd.csv", index=False)
    read = dl.read_responses("bredd.csv", core, mapping=guess_mapping("bredd.csv", core))
    assert read.people["wave"].tolist() == ["före", "efter"]
    assert len(read) == 2
