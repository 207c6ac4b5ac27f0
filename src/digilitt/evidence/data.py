"""What evidence is computed from: item answers of persons, from responses or a plain data frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.define.problems import listed
from digilitt.errors import Problem, ResponseError
from digilitt.evidence.frame_checks import column_problems
from digilitt.evidence.names import near
from digilitt.result import UNKNOWN, Caveat, Provenance
from digilitt.scoring.responses import Responses
from digilitt.scoring.simulation_result import Simulation

Source = Responses | pd.DataFrame
Floats = NDArray[np.float64]

# Squares and fourth powers of larger or smaller numbers, summed, would lose digits or overflow.
LARGEST = 1e12
# Answers this many standard deviations from 0 have too few digits left for their differences.
FARTHEST = 1e9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemData:
    """Answers to items, ready for arithmetic.

    Attributes
    ----------
    values : numpy.ndarray of float64, shape (n_rows, n_items)
        Item scores in the direction of the scale (keyed), NaN where there is no answer.
    items : tuple of str
        Names of the columns of `values`.
    counts : numpy.ndarray of float64, shape (n_rows,)
        Persons that each row stands for; 1 unless the frame has a column of counts.
    scale : str
        The scale whose items these are; empty for a plain data frame.
    ranges : tuple of (float, float) or None
        Possible range of each item's score, where an instrument says it.
    groups : pandas.Series or None
        Group of each row, "(unknown)" where there is none; the name is that of the column.
    clusters : pandas.Series or None
        Workplace, or another unit that persons answer in together.
    caveats : tuple of Caveat
    provenance : Provenance
    """

    values: Floats
    items: tuple[str, ...]
    counts: Floats
    scale: str
    ranges: tuple[tuple[float, float], ...] | None
    groups: pd.Series | None
    clusters: pd.Series | None
    caveats: tuple[Caveat, ...]
    provenance: Provenance

    @property
    def n_persons(self) -> int:
        """Persons in the data, whether or not they answered."""
        return round(float(self.counts.sum()))

    def complete(self) -> ItemData:
        """Only the rows with an answer to every item."""
        answered: NDArray[np.bool_] = np.asarray(~np.isnan(self.values).any(axis=1))
        return self.rows(answered)

    def rows(self, chosen: NDArray[np.bool_]) -> ItemData:
        """Only the chosen rows."""
        return ItemData(
            values=self.values[chosen],
            items=self.items,
            counts=self.counts[chosen],
            scale=self.scale,
            ranges=self.ranges,
            groups=None if self.groups is None else self.groups[chosen],
            clusters=None if self.clusters is None else self.clusters[chosen],
            caveats=self.caveats,
            provenance=self.provenance,
        )


def item_data(
    source: Source,
    *,
    scale: str | None = None,
    by: str | None = None,
    cluster: str | None = None,
    counts: str | None = None,
) -> ItemData:
    """Items from responses (keyed), or from a data frame (as they stand).

    Parameters
    ----------
    source : Responses or pandas.DataFrame
        A frame has one row per person, its items in numeric columns, NaN where missing. Every
        column that is not named below is an item.
    scale : str, optional
        For responses: the scale whose items, keyed, are taken. Left out: all scored items.
    by, cluster : str, optional
        Column of groups, and of units that persons answer in together.
    counts : str, optional
        For a frame of answer patterns: column with how many persons each row stands for.

    Raises
    ------
    ResponseError
        If a column is lacking or not numeric, a value is infinite or so large or small that
        arithmetic loses its digits, a count is no whole number from 0 to 1e12, or `scale` or
        `counts` do not fit the source.

    Examples
    --------
    >>> frame = pd.DataFrame({"a1": [1, 2, None], "a2": [2, 2, 3], "sex": ["f", "m", "f"]})
    >>> data = item_data(frame, by="sex")
    >>> data.items, data.n_persons
    (('a1', 'a2'), 3)
    """
    if isinstance(source, Responses):
        return _in_range(_from_responses(source, scale, by, cluster, counts))
    if not isinstance(source, pd.DataFrame):
        refuse(source)
    return _in_range(_from_frame(source, scale, by, cluster, counts))


def refuse(source: object) -> NoReturn:
    """Say what is expected instead of something that is neither responses nor a frame."""
    if isinstance(source, Simulation):
        raise ResponseError("found a Simulation; pass its .responses.")
    raise ResponseError(
        f"found a {type(source).__name__}; expected Responses or a pandas data frame of items."
    )


def _in_range(data: ItemData) -> ItemData:
    """The same data; raises for items whose powers would leave what a number can hold."""
    problems = []
    for name, column in zip(data.items, data.values.T, strict=True):
        answers = column[~np.isnan(column)]
        least, most = answers.min(initial=np.inf), answers.max(initial=-np.inf)
        size = max(abs(least), abs(most)) if len(answers) else 0.0
        spread = 0.0 if size > LARGEST or least >= most else float(np.std(answers - least))
        tiny = 0 < most - least < 1 / LARGEST
        if size > LARGEST or tiny or 0 < spread * FARTHEST < size:
            message = f"holds answers from {least:g} to {most:g}; rescale it to ordinary numbers."
            problems.append(Problem(code="extreme-range", column=name, message=message))
    if problems:
        raise ResponseError(problems)
    return data


def scales_of(source: Source, scale: str | None) -> tuple[str | None, ...]:
    """The scales to go through: the one named, or all scales made of items; None for a frame."""
    if not isinstance(source, Responses) or scale is not None:
        return (scale,)
    return tuple(each.id for each in source.instrument.scales if each.items)


def _from_responses(
    source: Responses,
    scale: str | None,
    by: str | None,
    cluster: str | None,
    counts: str | None,
) -> ItemData:
    if counts is not None:
        message = "responses have one row per person; counts= is for a data frame of patterns."
        raise ResponseError([Problem(code="no-counts", column=counts, message=message)])
    cluster = "cluster" if cluster is None and "cluster" in source.people else cluster
    people = source.people
    if problems := [*_lacking(people, [by], "group"), *_lacking(people, [cluster])]:
        raise ResponseError(problems)
    keyed = source.keyed(scale)
    ranges = {item.item: (item.low, item.high) for item in source.plan.items}
    return ItemData(
        values=np.ascontiguousarray(keyed.to_numpy(dtype=np.float64)),
        items=tuple(map(str, keyed.columns)),
        counts=np.ones(len(keyed)),
        scale=scale or "",
        ranges=tuple(ranges[name] for name in keyed.columns),
        groups=_labels(source.people, by),
        clusters=_labels(source.people, cluster),
        caveats=(*source.caveats, *_pooled(source, scale, by)),
        provenance=source.provenance,
    )


def _pooled(source: Responses, scale: str | None, by: str | None) -> Iterator[Caveat]:
    """What is taken together and might be kept apart."""
    if by != "wave" and "wave" in source.people and source.people["wave"].nunique() > 1:
        message = (
            "answers of all waves are taken together, and a person at two waves as two persons; "
            "by='wave', where there is by=, or responses of one wave keep them apart."
        )
        yield Caveat(code="waves-pooled", message=message)
    n_scales = len(scales_of(source, scale))
    if scale is None and n_scales > 1:
        message = f"items of {n_scales} scales are taken together; scale= takes one."
        yield Caveat(code="scales-pooled", message=message)


def _from_frame(
    frame: pd.DataFrame,
    scale: str | None,
    by: str | None,
    cluster: str | None,
    counts: str | None,
) -> ItemData:
    if scale is not None:
        message = "a plain data frame has no scales; pass the columns of one, or Responses."
        raise ResponseError([Problem(code="no-scale", message=message)])
    named = [name for name in (by, cluster, counts) if name is not None]
    if problems := list(_lacking(frame, named)):
        raise ResponseError(problems)
    items = [name for name in frame.columns if name not in named]
    if problems := list(_frame_problems(frame, items, counts)):
        raise ResponseError(problems)
    persons = np.ones(len(frame)) if counts is None else frame[counts].to_numpy(dtype=np.float64)
    values = [frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in items]
    return ItemData(
        values=np.column_stack(values),
        items=tuple(map(str, items)),
        counts=persons,
        scale="",
        ranges=None,
        groups=_labels(frame, by),
        clusters=_labels(frame, cluster),
        caveats=(),
        provenance=Provenance(n=round(float(persons.sum()))),
    )


def _labels(table: pd.DataFrame, name: str | None) -> pd.Series | None:
    if name is None:
        return None
    column = table[name].astype(object)
    return column.where(column.notna(), UNKNOWN).reset_index(drop=True)


def _lacking(
    table: pd.DataFrame, names: Sequence[str | None], what: str = "column"
) -> Iterator[Problem]:
    for name in names:
        if name is not None and name not in table:
            known = [
                str(column) for column in table.columns if column != "person" or what == "column"
            ]
            told = f"the {what}s are {listed(known)}" if known else f"there are no {what}s"
            message = f"no {what} of that name; {told}.{near(str(name), known)}"
            yield Problem(code="missing-column", column=name, message=message)


def _frame_problems(
    frame: pd.DataFrame, items: Sequence[object], counts: str | None
) -> Iterator[Problem]:
    if not items or frame.empty:
        message = "there are no items, or no rows, in the data frame."
        yield Problem(code="no-rows", message=message)
        return
    if len(set(frame.columns)) < len(frame.columns):
        message = "a column stands more than once; rename all but one, or drop them."
        yield Problem(code="column-twice", message=message)
        return
    yield from column_problems(frame, items)
    if counts is None:
        return
    column = frame[counts]
    numeric = pd.api.types.is_numeric_dtype(column)
    found = column.to_numpy(dtype=np.float64, na_value=np.nan) if numeric else np.array([np.nan])
    if not ((found >= 0) & (found <= LARGEST) & (found == np.floor(found))).all():
        message = "expected numbers of persons: whole numbers, 0 up to 1e12, in every row."
        yield Problem(code="bad-counts", column=counts, message=message)
