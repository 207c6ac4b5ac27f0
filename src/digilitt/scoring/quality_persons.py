"""The indices of quality that are one figure per person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError, counted
from digilitt.numerics.careless import Distances, longest_runs, mahalanobis
from digilitt.result import Caveat
from digilitt.scoring.plan import TOLERANCE, Plan
from digilitt.scoring.quality_answers import NOT_ASKED, Answers, Booleans
from digilitt.scoring.quality_checks import times_of
from digilitt.scoring.responses import Responses

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# The matrix comes from the same rows, so the squared distances of normal answers vary less than
# chi-square says: with n rows and k items (n - 1)^2 (n - k - 1) / (n^2 (n + 1)) times as much,
# which is 0.73 for 10 items and so many rows for each.
ROWS_PER_ITEM = 5
# The share of rows below this p value is told beside the share that chi-square expects.
FAR_OUT = 0.001


def answering(answers: Answers, vectors: Integers, compared_from: float) -> dict[str, Any]:
    """What was answered, runs, and rows with the same answers; by column of the result."""
    n_answered, n_missing = answers.n_answered, answers.n_missing
    applicable = np.where(n_answered + n_missing > 0, n_answered + n_missing, np.nan)
    share = n_missing / applicable
    compared = (1.0 - share >= compared_from - TOLERANCE) & (n_answered > 0)
    sizes = np.bincount(vectors[compared], minlength=int(vectors.max()) + 1)
    others = pd.array(sizes[vectors] - 1, dtype="Int64")
    others[~compared] = pd.NA
    runs = longest_runs(answers.codes, answers.formats, answers.kinds == NOT_ASKED)
    begins = np.array([*answers.items, None], dtype=object)[runs.start]
    return {
        "n_answered": n_answered,
        "n_missing": n_missing,
        "missing_share": share,
        "long_run": runs.length,
        "long_run_from": begins,
        "recurring": others,
    }


def straight_counts(rows: pd.DataFrame, scales: pd.DataFrame) -> dict[str, Any]:
    """How many scales were answered throughout with one code, by the keys of the scale."""
    made: dict[str, Any] = {}
    for keys in ("both", "one"):
        chosen = rows[scales.loc[scales["keys"] == keys, "scale"].tolist()]
        judged = chosen.notna().any(axis=1).to_numpy(dtype=np.bool_)
        counts = pd.array(chosen.fillna(False).sum(axis=1).to_numpy(np.int64), dtype="Int64")
        counts[~judged] = pd.NA
        made[f"straight_{keys}"] = counts
    return made


def distances(
    plan: Plan, answers: Answers, waves: Mapping[str, Booleans], caveats: list[Caveat]
) -> dict[str, Any]:
    """Mahalanobis distance over the scored items, wave by wave; limits are added to `caveats`."""
    items = [item.item for item in plan.scored_items]
    values = answers.scores[:, answers.columns(items)]
    squared, p_value = np.full((2, len(values)), np.nan)
    for wave, rows in waves.items():
        found = mahalanobis(values[rows])
        if why := _unknown(found, items):
            caveats.append(Caveat(code="mahalanobis-unknown", where=wave, message=why))
            continue
        squared[rows], p_value[rows] = found.squared, found.p_value
        caveats += _limits(found, wave)
    return {"mahalanobis_d2": squared, "mahalanobis_p": p_value}


def _unknown(found: Distances, items: list[str]) -> str:
    """Why there are no distances; empty where there are."""
    if not items:
        return "no item is scored, so there is no distance."
    needed = ROWS_PER_ITEM * len(items)
    if found.n_complete < needed:
        return (
            f"{counted(found.n_complete, 'row')} with an answer to each of the {len(items)} scored "
            f"items; distances need {needed}, {ROWS_PER_ITEM} for each item, and are not given."
        )
    if found.constant.any():
        names = ", ".join(np.array(items)[found.constant].tolist())
        return f"everybody's answer to {names} counts the same; there is no distance."
    if found.singular:
        return "some items are sums of others, or repeat them; there is no distance."
    return ""


def _limits(found: Distances, wave: str) -> Iterator[Caveat]:
    known = found.p_value[~np.isnan(found.p_value)]
    if incomplete := len(found.p_value) - found.n_complete:
        message = f"{counted(incomplete, 'row')} without every scored answer, so without distance."
        yield Caveat(code="mahalanobis-incomplete", where=wave, message=message)
    share = float((known < FAR_OUT).mean())
    message = (
        "the p values hold for normal answers, and answers in steps are not normal: "
        f"{share:.1%} of the rows have p < {FAR_OUT:g}, where normal answers give {FAR_OUT:.1%}."
    )
    yield Caveat(code="mahalanobis-normal", where=wave, message=message)


def taken_time(
    responses: Responses, seconds: pd.Series, n_answered: Integers, caveats: list[Caveat]
) -> dict[str, Any]:
    """Response times, whole and per answered item; limits are added to `caveats`."""
    times = times_of(responses, seconds)
    if n := int(np.isnan(times.seconds).sum()):
        caveats.append(
            Caveat(code="seconds-missing", message=f"{counted(n, 'row')} without response time.")
        )
    if times.left_over:
        found = counted(times.left_over, "response time")
        message = f"{found} of people who are not among the answers."
        caveats.append(Caveat(code="seconds-left-over", message=message))
    answered = np.where(n_answered > 0, n_answered, np.nan)
    return {"seconds": times.seconds, "seconds_per_item": times.seconds / answered}


def with_people(responses: Responses, found: Mapping[str, Any]) -> pd.DataFrame:
    """The indices beside who it is: person, wave, groups, rater, as far as named.

    Raises
    ------
    ResponseError
        If a group has the name of one of the columns.
    """
    people = responses.people
    named = [n for n in people if n in ("person", "wave", "rater") or n in responses.groups]
    taken = {*found, *(f"{name}_cut" for name in found)}
    problems = [
        Problem(
            code="name-clash",
            column=str(name),
            message="is a column of the result; name the group otherwise, through a mapping.",
        )
        for name in named
        if name in taken
    ]
    if problems:
        raise ResponseError(problems)
    return people[named].assign(**found)
