"""Answers as numbers of categories, the same in all groups and at all occasions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import EstimationError, Problem, ResponseError
from digilitt.evidence.models.data import ModelData
from digilitt.evidence.models.odd_answers import odd_text
from digilitt.numerics.tables import MISSING

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

MOST_CATEGORIES = 10
# Items named in one problem.
NAMED = 5
ODD = "a typing error, or a missing code?"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Categories:
    """Answers as numbers of categories, the same for all groups.

    Attributes
    ----------
    codes : ndarray of int64, shape (n, n_items)
        From 0, -1 where there is no answer.
    values : tuple of ndarray, one per item
        The score of each category; of merged categories, the scores put together.
    merged : tuple of str
        What was merged, in words, one per item concerned.
    """

    codes: Integers
    values: tuple[tuple[float, ...], ...]
    merged: tuple[str, ...]


def categories_of(
    data: ModelData, *, merge: bool, alike: Sequence[Sequence[int]] | None = None
) -> Categories:
    """Number the categories of each item; every group must use every one, or they are merged.

    Parameters
    ----------
    merge : bool
        Whether to merge a category that some group does not use with its neighbour in all groups.
    alike : sequence of sequences of int, optional
        Columns that hold the same item at different occasions, and share its categories.

    Raises
    ------
    ResponseError
        If an item has more than ten different answers.
    EstimationError
        If an item has one answer only, or a group does not use a category and `merge` is False.
    """
    codes = np.full(data.values.shape, MISSING, dtype=np.int64)
    scores: list[tuple[float, ...]] = [()] * len(data.items)
    many: dict[str, int] = {}
    unused: list[Problem] = []
    words: list[str] = []
    for columns in alike or [[place] for place in range(len(data.items))]:
        one = _numbered(data, list(columns), merge=merge)
        codes[:, columns], kept = one.codes, one.kept
        for column in columns:
            scores[column] = tuple(float(np.mean(each)) for each in kept)
            if len(one.distinct) > MOST_CATEGORIES:
                many[data.items[column]] = len(one.distinct)
            unused += _unused(data, data.items[column], _used(codes[:, column], data, kept), kept)
        together = ["+".join(f"{value:g}" for value in each) for each in kept if len(each) > 1]
        if together:
            named = ", ".join(data.items[column] for column in columns)
            words.append(f"{named}: {', '.join(together)}")
    if many:
        raise ResponseError([_too_many(many)])
    if unused:
        raise EstimationError(unused)
    return Categories(codes=codes, values=tuple(scores), merged=tuple(words))


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Columns that share their categories: codes, answers there are, and answers put together."""

    codes: Integers
    distinct: Floats
    kept: list[tuple[float, ...]]


def _numbered(data: ModelData, columns: list[int], *, merge: bool) -> _Numbered:
    values = data.values[:, columns]
    there = ~np.isnan(values)
    distinct = np.unique(values[there & (data.counts > 0)[:, None]])
    codes = np.where(there, np.searchsorted(distinct, np.where(there, values, 0.0)), MISSING)
    kept: list[tuple[float, ...]] = [(float(value),) for value in distinct]
    used = np.vstack([_used(column, data, kept) for column in codes.T])
    if merge and not used.all():
        place, kept = _merged(used, kept)
        codes = np.where(codes < 0, MISSING, place[codes])
    return _Numbered(codes, distinct, kept)


def _used(codes: Integers, data: ModelData, kept: list[tuple[float, ...]]) -> Booleans:
    """Whether each group uses each category, (n_groups, n_categories)."""
    there = (codes >= 0) & (data.counts > 0)
    counts = np.zeros((len(data.groups), len(kept)), dtype=np.int64)
    np.add.at(counts, (data.group[there], codes[there]), 1)
    return np.asarray(counts > 0)


def _merged(
    used: Booleans, kept: list[tuple[float, ...]]
) -> tuple[Integers, list[tuple[float, ...]]]:
    """Merge each category that some group lacks with its neighbour toward the middle.

    The new place of each category, and the scores in each new one.
    """
    place = np.arange(used.shape[1])
    middle = (used.shape[1] - 1) / 2.0
    while not used.all() and len(kept) > 1:
        empty = np.flatnonzero(~used.all(axis=0))
        at = int(empty[np.argmax(np.abs(empty - middle))])
        to = at + 1 if (at < middle and at + 1 < len(kept)) or at == 0 else at - 1
        low, high = sorted((at, to))
        used = np.column_stack([used[:, :low], used[:, low] | used[:, high], used[:, high + 1 :]])
        kept = [*kept[:low], kept[low] + kept[high], *kept[high + 1 :]]
        place = np.where(place >= high, place - 1, place)
        middle = (len(kept) - 1) / 2.0
    return place, kept


def _unused(
    data: ModelData, item: str, used: Booleans, kept: list[tuple[float, ...]]
) -> Iterator[Problem]:
    if len(kept) < 2:
        message = "all answers are the same; leave the item out of the model."
        if not kept:
            message = "nobody answered it; leave it out of the model."
        yield Problem(code="constant-item", column=item, message=message)
        return
    lacking = {
        data.groups[number]: ", ".join(f"{kept[place][0]:g}" for place in np.flatnonzero(~row))
        for number, row in enumerate(used)
        if not row.all()
    }
    if not lacking:
        return
    told = [
        f"{answers} in group {name!r}" if name else answers for name, answers in lacking.items()
    ]
    message = (
        f"nobody answered {'; '.join(told)}; every group must have used the same answers. "
        "merge_categories=True merges such answers with their neighbours in all groups; or leave "
        "the group, or the item, out."
    )
    if odd := odd_text(data.values[:, data.items.index(item)], data.counts):
        message += f" There {'is' if odd.startswith('1 ') else 'are'} {odd}: {ODD}"
    yield Problem(code="unused-category", column=item, message=message)


def _too_many(found: dict[str, int]) -> Problem:
    """One problem for all items with too many different answers."""
    named = ", ".join(f"{item} {n}" for item, n in list(found.items())[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    one = len(found) == 1
    has = (
        f"has {next(iter(found.values()))} different answers, and"
        if one
        else f"{len(found)} items have more than {MOST_CATEGORIES} different answers "
        f"({named}{more});"
    )
    message = (
        f"{has} estimator='wlsmv', the default, takes up to {MOST_CATEGORIES} as categories. Use "
        "estimator='mlr' for continuous items, put answers in fewer classes, or leave "
        f"{'it' if one else 'them'} out, if {'it is no item' if one else 'they are no items'}."
    )
    where = next(iter(found)) if one else ""
    return Problem(code="too-many-categories", column=where, message=message)
