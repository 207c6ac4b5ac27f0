"""Figures of other programs, with where they come from and how closely ours must agree.

`tests/reference/README.md` says what a case is made of; `tests/test_reference.py` holds every
case to it.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent
DATA = FOLDER / "data"
NO_CASES = {"data", "__pycache__"}
SOURCE_KEYS = {"program", "version", "call", "licence"}
TOLERANCE_KEYS = {"value", "reason"}
RELATIVE = "relative"
CASE_KEYS = {"title", "data", "source", "tolerance"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One topic.

    Attributes
    ----------
    topic : str
        Name of the folder.
    told : dict
        What case.toml says.
    expected : dict
        Data set → figure → value, as expected.json has them; null is None.
    """

    topic: str
    told: dict[str, Any]
    expected: dict[str, dict[str, Any]]

    def tolerance(self, name: str) -> float:
        """Largest absolute difference allowed; case.toml gives its reason."""
        return float(self.told["tolerance"][name]["value"])

    def check(self, name: str, found: object, expected: object, what: str = "") -> None:
        """Compare numbers, or arrays of one shape, within the tolerance of that name.

        Where case.toml has `relative`, the larger of `value` and that share of the expected
        figure is allowed.
        """
        ours, theirs = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
        about = f"{self.topic}, {name} {what}"
        assert ours.shape == theirs.shape, f"{about}: {ours.shape}, {theirs.shape}"
        relative = float(self.told["tolerance"][name].get(RELATIVE, 0.0))
        allowed = np.fmax(self.tolerance(name), relative * np.abs(theirs))
        near = np.isclose(ours, theirs, rtol=0.0, atol=allowed, equal_nan=True)
        off = np.argwhere(~near)
        lines = [f"{tuple(map(int, i))}: {ours[*i]!r}, not {theirs[*i]!r}" for i in off[:9]]
        assert not len(off), "\n".join([f"{about}: {len(off)} of {ours.size} differ", *lines])


def load_case(topic: str) -> Case:
    """The case in the folder of that name."""
    folder = FOLDER / topic
    told = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return Case(topic=topic, told=told, expected=expected)


def topics() -> list[str]:
    """Every topic that has a folder."""
    return sorted(p.name for p in FOLDER.iterdir() if p.is_dir() and p.name not in NO_CASES)


def dataset(name: str, *, group: bool = False, topic: str = "") -> pd.DataFrame:
    """A data set's items, and before them `group` if asked for.

    It stands in tests/reference/data, or in the folder of the only topic that it serves.
    """
    own = FOLDER / topic / f"{name}.csv"
    frame = pd.read_csv(own if own.is_file() else DATA / f"{name}.csv")
    return frame if group or "group" not in frame else frame.drop(columns="group")


def matrix(told: dict[str, Any]) -> pd.DataFrame:
    """A matrix as R wrote it: rows, cols, values."""
    return pd.DataFrame(told["values"], index=told["rows"], columns=told["cols"], dtype=float)
