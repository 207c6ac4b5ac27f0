"""Description: means, spread and bands by wave and group, with the sums over groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import pandas as pd

from digilitt.errors import Problem, ResponseError
from digilitt.result import ALL, UNKNOWN, Caveat, Result
from digilitt.scoring.scores import Scores


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Description(Result):
    """Scores described by wave and group.

    Attributes
    ----------
    table : pandas.DataFrame
        wave, groups, scale, metric, n_persons (rows in the data), n_scored, mean and sd
        (of the scores, in the scale's metric; sd divides by n − 1 and is NaN for one
        person). A group column holds ``(all)`` in the row that sums over it.
    bands : pandas.DataFrame
        wave, groups, scale, band, n, share (of those in a band, from 0 to 1); one row per
        band, and ``(all)`` for the sum over bands. That sum is n_scored, and in a scale with a
        band for those not assessed, theirs as well.
    by : tuple of str
        The group columns.
    """

    bands: pd.DataFrame
    by: tuple[str, ...]


def describe(scores: Scores, *, by: str | Sequence[str] = ()) -> Description:
    """Describe scores by wave and group.

    Parameters
    ----------
    scores : Scores
    by : str or sequence of str
        Group columns. Waves, where there are any, are always kept apart.

    Returns
    -------
    Description
        With the caveat ``disclosure-not-applied``: small groups are shown.

    Raises
    ------
    ResponseError
        If there is no such group column, or a group is called ``(all)``.

    Examples
    --------
    >>> import digilitt as dl
    >>> inst = dl.instrument("digilitt-core")
    >>> answers = dl.read_responses(dl.sample("digilitt-core"), inst, person="person",
    ...     wave="wave", groups=["municipality"])
    >>> description = dl.describe(dl.score(answers), by="municipality")
    >>> description.table.columns.tolist()
    ['wave', 'municipality', 'scale', 'metric', 'n_persons', 'n_scored', 'mean', 'sd']
    """
    checked_scores(scores)
    by = group_columns(scores.responses.people, by)
    waves = ["wave"] if "wave" in scores.table else []
    table = known_groups(scores.table, by)
    described, banded = [], []
    for outer in with_margins(table, by):
        groups = outer.groupby([*waves, *by, "scale", "metric"], sort=False, observed=True)
        described.append(
            groups["estimate"].agg(n_persons="size", n_scored="count", mean="mean", sd="std")
        )
        banded.append(outer.groupby([*waves, *by, "scale", "band"], observed=True).size())
    rows = in_order(pd.concat(described).reset_index(), [*waves, *by])
    bands = _bands(scores, pd.concat(banded).rename("n").reset_index(), rows, [*waves, *by])
    message = "small groups are shown; apply a Disclosure before anybody else sees this."
    return Description(
        kind="description",
        table=rows,
        caveats=(*scores.caveats, Caveat(code="disclosure-not-applied", message=message)),
        provenance=replace(scores.provenance, method="describe", options=(("by", ", ".join(by)),)),
        bands=bands,
        by=tuple(by),
    )


def checked_scores(scores: object) -> None:
    """Refuse what is no Scores.

    Raises
    ------
    ResponseError
        If it is something else.
    """
    if not isinstance(scores, Scores):
        raise ResponseError(
            f"found a {type(scores).__name__}; expected Scores, made by score(responses)."
        )


def in_order(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Rows by wave and group: sums after what they sum, those without a group before them."""
    if not keys:
        return table
    last = {UNKNOWN: "\U0010fffe", ALL: "\U0010ffff"}
    return table.sort_values(
        list(keys),
        key=lambda column: column.map(lambda value: last.get(value, natural(str(value)))),
        kind="stable",
        ignore_index=True,
    )


def natural(text: str) -> str:
    """A text that sorts as people count: 2 before 10.

    Examples
    --------
    >>> sorted(["wave 10", "wave 2"], key=natural)
    ['wave 2', 'wave 10']
    """
    return re.sub(r"[0-9]+", lambda found: f"{len(found[0].lstrip('0')):04}{found[0]}", text)


def _bands(
    scores: Scores, counted: pd.DataFrame, rows: pd.DataFrame, keys: Sequence[str]
) -> pd.DataFrame:
    """Every band of every scale in every group, also where nobody is in it."""
    ids = {scale.scale: scale.all_bands for scale in scores.responses.plan.scales}
    frame = pd.DataFrame(
        [(scale, band) for scale, bands in ids.items() if bands for band in (*bands, ALL)],
        columns=["scale", "band"],
    )
    full = rows[[*keys, "scale"]].merge(frame, on="scale")
    full = full.merge(counted, on=[*keys, "scale", "band"], how="left")
    n = full["n"].fillna(0).astype("int64")
    whole = n.groupby([full[name] for name in (*keys, "scale")], dropna=False).transform("sum")
    full["n"] = n.where(full["band"] != ALL, whole)
    full["share"] = full["n"] / whole.where(whole > 0)
    return full[[*keys, "scale", "band", "n", "share"]]


def group_columns(people: pd.DataFrame, by: str | Sequence[str]) -> list[str]:
    """The group columns asked for, once they are known to be there.

    Raises
    ------
    ResponseError
        If one is not there, or has a group with a name of digilitt's own.
    """
    names = [by] if isinstance(by, str) else list(by)
    problems = list(_group_problems(people, names))
    if problems:
        raise ResponseError(problems)
    return names


def _group_problems(people: pd.DataFrame, names: Sequence[str]) -> Iterator[Problem]:
    for name in names:
        if name not in people or name in ("person", "wave", "weight"):
            columns = [str(c) for c in people if c not in ("person", "wave", "weight")]
            known = ", ".join(columns) or "none"
            message = f"no group column {name!r}; known: {known}. Name it when reading."
            yield Problem(code="unknown-group", column=name, message=message)
        elif names.count(name) > 1:
            message = f"the group column {name!r} is named twice in by=."
            yield Problem(code="repeated-column", column=name, message=message)
        elif people[name].isin([ALL, UNKNOWN]).any():
            message = f"a group is called {ALL!r} or {UNKNOWN!r}, which digilitt uses itself."
            yield Problem(code="group-name", column=name, message=message)


def known_groups(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The table with those who belong to no known group in a group of their own."""
    return table.assign(**{name: table[name].fillna(UNKNOWN) for name in by})


def with_margins(table: pd.DataFrame, by: Sequence[str]) -> Iterator[pd.DataFrame]:
    """The table, and copies in which one or more of the group columns are summed over."""
    for summed in product((False, True), repeat=len(by)):
        yield table.assign(**{name: ALL for name, gone in zip(by, summed, strict=True) if gone})
