"""What a caller of quality gives: cut-offs, and response times brought to their rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError, counted
from digilitt.scoring.cells import cell_text
from digilitt.scoring.persons import quoted
from digilitt.scoring.plan import TOLERANCE
from digilitt.scoring.responses import Responses

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a cut-off of one column is read: which side meets it, and what it may be."""

    sign: str
    low: float
    high: float
    whole: bool


RULES = {
    "long_run": Rule(">=", 2, np.inf, True),
    "straight_both": Rule(">=", 1, np.inf, True),
    "missing_share": Rule(">=", 0, 1, False),
    "recurring": Rule(">=", 1, np.inf, True),
    "mahalanobis_p": Rule("<", 0, 1, False),
    "seconds_per_item": Rule("<", 0, np.inf, False),
}


def checked_cuts(
    cuts: Mapping[str, float | None], compared_from: float, *, timed: bool, n_items: int
) -> dict[str, float]:
    """The cut-offs that were given; `timed` says whether there are response times.

    Raises
    ------
    ResponseError
        If one is no number, or one that everybody or nobody could meet.
    """
    problems = [*_cut_problems(cuts)]
    run = cuts["long_run"]
    if run is not None and _fits(run, RULES["long_run"]) and run > n_items:
        message = f"found {run:g}; nobody can meet it, for there are {counted(n_items, 'item')}."
        problems.append(Problem(code="bad-cut", column="long_run", message=message))
    if not (_is_number(compared_from) and 0 <= compared_from <= 1):
        message = f"found {quoted(compared_from)}; expected a share from 0 to 1."
        problems.append(Problem(code="bad-cut", column="compared_from", message=message))
    if cuts["seconds_per_item"] is not None and not timed:
        message = "is a cut-off of response times, and seconds= gives none."
        problems.append(Problem(code="seconds", column="seconds_per_item", message=message))
    if problems:
        raise ResponseError(problems)
    return {name: float(cut) for name, cut in cuts.items() if cut is not None}


def _cut_problems(cuts: Mapping[str, float | None]) -> Iterator[Problem]:
    for name, cut in cuts.items():
        rule = RULES[name]
        if cut is not None and not _fits(cut, rule):
            least = f"a whole number from {rule.low:g}" if rule.whole else "a number above 0"
            most = f", at most {rule.high:g}" if np.isfinite(rule.high) else ""
            message = f"found {quoted(cut)}; expected {least}{most}."
            yield Problem(code="bad-cut", column=name, message=message)


def _fits(cut: float, rule: Rule) -> bool:
    if not _is_number(cut) or cut > rule.high:
        return False
    return cut >= rule.low and float(cut).is_integer() if rule.whole else cut > rule.low


def _is_number(value: object) -> bool:
    # NumPy's numbers count, its truth values do not.
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def meets(values: pd.Series, name: str, cut: float) -> pd.Series:
    """Who meets a cut-off; NA where there is no figure."""
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    met = numbers < cut if RULES[name].sign == "<" else numbers >= cut - TOLERANCE
    return pd.Series(met, index=values.index, dtype="boolean").mask(np.isnan(numbers))


def cuts_table(table: pd.DataFrame, cuts: Mapping[str, float]) -> pd.DataFrame:
    """How many rows meet each cut-off, of those that have the figure."""
    rows = []
    for name, cut in cuts.items():
        judged = table[f"{name}_cut"].dropna()
        n_met = int(judged.sum())
        share = n_met / len(judged) if len(judged) else np.nan
        rows.append((name, f"{RULES[name].sign} {cut:g}", len(judged), n_met, share))
    return pd.DataFrame(rows, columns=["index", "cut", "n_judged", "n_met", "share"])


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """Response times in the order of the rows of responses.

    Attributes
    ----------
    seconds : ndarray of float64, shape (n,)
        NaN where there is none.
    left_over : int
        Times of people who are not in the responses.
    """

    seconds: Floats
    left_over: int


def times_of(responses: Responses, seconds: pd.Series) -> Times:
    """Bring response times to their rows: by person, person and wave, or in their order.

    Raises
    ------
    ResponseError
        If the times are no numbers of seconds, or do not say whose they are.
    """
    if not isinstance(seconds, pd.Series):
        raise _refused(f"found a {type(seconds).__name__}; expected a pandas Series of seconds.")
    if not pd.api.types.is_numeric_dtype(seconds) or pd.api.types.is_bool_dtype(seconds):
        raise _refused(f"found {seconds.dtype}; expected numbers of seconds.")
    numbers = seconds.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = (numbers < 0) | np.isinf(numbers)
    if bad.any():
        first = quoted(float(numbers[bad][0]))
        found = counted(int(bad.sum()), "value")
        raise _refused(f"found {found} below 0 or infinite, such as {first}; leave them blank.")
    if seconds.index.nlevels > 1 or seconds.index.name is not None:
        return _by_person(responses, seconds.index, numbers)
    if not seconds.index.equals(responses.people.index):
        raise _refused(
            f"found {counted(len(seconds), 'time')} without names for "
            f"{counted(len(responses), 'row')}; expected an index from 0, in the order of the "
            "rows. Or set person ids as the index: frame.set_index('person')['seconds']."
        )
    return Times(numbers, 0)


def _refused(message: str) -> ResponseError:
    return ResponseError([Problem(code="seconds", column="seconds", message=message)])


def _by_person(responses: Responses, index: pd.Index, numbers: Floats) -> Times:
    keys = ["person", "wave"][: index.nlevels]
    if index.nlevels > 2 or not {*keys} <= {*responses.people}:
        raise _refused(
            f"found times with an index of {counted(index.nlevels, 'level')}; expected persons, "
            "or persons and waves, that were named when the answers were read."
        )
    people = responses.people[keys]
    if people.duplicated().any():
        raise _refused(
            "found several rows for a person; expected times by person and wave, or in the order "
            "of the rows with an index from 0."
        )
    labels = index.to_frame(index=False).set_axis(keys, axis=1).map(cell_text)
    if labels.duplicated().any():
        raise _refused(f"found several times for the same {' and '.join(keys)}; keep one.")
    known = pd.Series(numbers, index=pd.MultiIndex.from_frame(labels))
    rows = pd.MultiIndex.from_frame(people)
    left_over = int((~known.index.isin(rows)).sum())
    if left_over == len(known):
        raise _refused(f"found no {' and '.join(keys)} of the responses among the times.")
    return Times(np.asarray(known.reindex(rows), dtype=np.float64), left_over)
