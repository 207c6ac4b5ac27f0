"""Notebooks are stored without what a run leaves behind, so that a change shows as a change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def leftovers(notebook: dict[str, Any]) -> list[str]:
    """What stands in a notebook that should not be stored, or is missing."""
    found = []
    for number, cell in enumerate(notebook["cells"], 1):
        if cell.get("outputs"):
            found.append(f"cell {number} has outputs")
        if cell.get("execution_count") is not None:
            found.append(f"cell {number} has an execution count")
    if "widgets" in notebook["metadata"]:
        found.append("widget state")
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        found.append("no kernelspec 'python3': Jupyter would ask which kernel to use")
    return found


def test_stored_without_output() -> None:
    found = {
        path.name: problems
        for path in sorted(NOTEBOOKS.rglob("*.ipynb"))
        if (problems := leftovers(json.loads(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


CLEAN_CELL = {"cell_type": "code", "source": "1 + 1", "outputs": [], "execution_count": None}
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.mark.parametrize(
    ("cell", "metadata", "expected"),
    [
        ({}, {}, []),
        ({"outputs": [{"output_type": "stream", "text": "2"}]}, {}, ["cell 1 has outputs"]),
        ({"execution_count": 3}, {}, ["cell 1 has an execution count"]),
        ({}, {"widgets": {}}, ["widget state"]),
        ({}, {"kernelspec": {"name": "my-env"}}, ["no kernelspec"]),
    ],
    ids=["clean", "outputs", "count", "widgets", "kernel"],
)
def test_leftovers_are_found(
    cell: dict[str, Any], metadata: dict[str, Any], expected: list[str]
) -> None:
    found = leftovers({"cells": [CLEAN_CELL | cell], "metadata": KERNEL | metadata})
    assert [problem[: len(text)] for problem, text in zip(found, expected, strict=True)] == expected
