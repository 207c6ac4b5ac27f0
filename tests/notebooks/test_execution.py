"""Every notebook runs from top to bottom in a fresh kernel (``nox -s notebooks``)."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
DATA = "tests/reference/data"
SECONDS_PER_CELL = 180


@pytest.mark.parametrize(
    "path",
    sorted(NOTEBOOKS.glob("*.ipynb")),
    ids=[p.stem for p in sorted(NOTEBOOKS.glob("*.ipynb"))],
)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    # In a copy of the folder: what a notebook writes must not land among the sources.
    folder = shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    shutil.copytree(ROOT / DATA, tmp_path / DATA)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=SECONDS_PER_CELL, resources={"metadata": {"path": str(folder)}}
    ).execute()
