"""What tests of the command line share: an empty folder, answers, and ways to run a command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import digilitt as dl
from digilitt.cli import app, main

Run = Callable[..., Result]
Fail = Callable[..., str]
Sheets = Callable[[str | Path], dict[str, list[tuple[object, ...]]]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run() -> Run:
    """Run a command that should succeed."""

    def runner(*arguments: str) -> Result:
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return runner


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fail:
    """Run a command that should end with exit code 2; what it says on standard error."""

    def runner(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["digilitt", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert ended.value.code == 2
        assert said.out == ""
        assert "Traceback" not in said.err
        return said.err

    return runner


@pytest.fixture(scope="session")
def cohort() -> pd.DataFrame:
    """Answers of two municipalities, with the raw codes that an export holds."""
    frame = dl.simulate_cohort(rng=5).frame()
    return frame[frame["municipality"].isin(["Hörby", "Sölvesborg"])].reset_index(drop=True)


@pytest.fixture
def answers(cohort: pd.DataFrame, folder: Path) -> Path:
    path = folder / "svar.csv"
    cohort.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def sheets() -> Sheets:
    """Read a workbook: the rows of each sheet."""

    def reader(path: str | Path) -> dict[str, list[tuple[object, ...]]]:
        book = openpyxl.load_workbook(path)
        return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}

    return reader
