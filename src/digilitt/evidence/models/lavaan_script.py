"""An analysis as a script for R's lavaan, with the answers it is about."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from digilitt.errors import InterchangeError, Problem
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.models.lavaan_lines import lavaan_lines, lavaan_names
from digilitt.evidence.models.statistics import Ordinal

SCRIPT, DATA = "model.R", "data.csv"
GROUP, CLUSTER, WEIGHT = "group", "cluster", "weight"


def lavaan_script(fitted: Fitted, options: Mapping[str, str]) -> str:
    """The lines of R that repeat an analysis of `data.csv`."""
    data, names = fitted.statistics.data, _column_names(fitted)
    return lavaan_lines(
        fitted.table,
        estimator=options["estimator"],
        missing=options["missing"],
        group=names[GROUP] if len(data.groups) > 1 else None,
        cluster=names[CLUSTER] if data.clusters is not None else None,
        weight=names[WEIGHT] if (data.weights != 1.0).any() else None,
        data_file=DATA,
    )


def lavaan_data(fitted: Fitted) -> pd.DataFrame:
    """The answers that the model is about, one row per person, columns as the script names them."""
    data, names = fitted.statistics.data, _column_names(fitted)
    values = data.values
    if isinstance(fitted.statistics, Ordinal):
        codes = fitted.statistics.categories.codes
        values = np.where(codes < 0, np.nan, codes + 1.0)
    columns = lavaan_names(fitted.table)
    frame = pd.DataFrame(values, columns=[columns[item] for item in data.items])
    if len(data.groups) > 1:
        frame[names[GROUP]] = [data.groups[number] for number in data.group]
    if data.clusters is not None:
        frame[names[CLUSTER]] = data.clusters + 1
    if (data.weights != 1.0).any():
        frame[names[WEIGHT]] = data.weights
    return frame.loc[np.repeat(frame.index, data.counts.astype(np.int64))]


def write_script(
    fitted: Fitted, options: Mapping[str, str], folder: str | os.PathLike[str], *, overwrite: bool
) -> str:
    """Write script and answers into a folder, and return the script."""
    place, text = Path(folder), lavaan_script(fitted, options)
    there = [name for name in (SCRIPT, DATA) if (place / name).exists()]
    if there and not overwrite:
        message = f"{', '.join(there)} is in the folder already; overwrite=True replaces it."
        raise InterchangeError([Problem(code="file-exists", file=place.name, message=message)])
    try:
        place.mkdir(parents=True, exist_ok=True)
        lavaan_data(fitted).to_csv(place / DATA, index=False)
        (place / SCRIPT).write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"the files could not be written: {error.strerror or error}."
        raise InterchangeError(
            [Problem(code="cannot-write", file=place.name, message=message)]
        ) from error
    return text


def _column_names(fitted: Fitted) -> dict[str, str]:
    """Names of the other columns, such that no item is called so."""
    taken = set(lavaan_names(fitted.table).values())
    found = {}
    for name in (GROUP, CLUSTER, WEIGHT):
        own = name
        while own in taken:
            own += "_"
        found[name] = own
    return found
