"""Participation: how many were invited, enrolled, answered, and gave a valid score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from digilitt.errors import Problem, ResponseError, counted
from digilitt.result import Caveat, Result
from digilitt.scoring.description import (
    checked_scores,
    group_columns,
    in_order,
    known_groups,
    with_margins,
)
from digilitt.scoring.scores import Scores

DENOMINATORS = ("invited", "enrolled", "answered", "valid")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Participation(Result):
    """How many people each figure can be a share of.

    Attributes
    ----------
    table : pandas.DataFrame
        wave, groups, then counts of persons: *invited* (rows of the roster), *enrolled*
        (those of them who entered the project), *answered* (answered at least one item at
        that wave), *valid* (have a score on at least one scale at that wave, or the band of
        those not assessed; scales of context count only where there is no other). NaN where
        there is no roster. A group column holds ``(all)`` in the row that sums over it.
    by : tuple of str
        The group columns.
    """

    by: tuple[str, ...]


def participation(
    scores: Scores,
    *,
    by: str | Sequence[str] = (),
    roster: pd.DataFrame | None = None,
    person: str = "person",
    enrolled: str = "enrolled",
) -> Participation:
    """Count who was invited, enrolled, answered and is valid, by wave and group.

    Parameters
    ----------
    scores : Scores
    by : str or sequence of str
        Group columns.
    roster : pandas.DataFrame, optional
        One row per invited person, with the `by` columns.
    person : str
        Column of the roster with the person ids, where there is one; it finds people who
        answered but are not in the roster.
    enrolled : str
        Column of the roster that is true (or 1) for people who enrolled.

    Returns
    -------
    Participation

    Raises
    ------
    ResponseError
        If a column is lacking in the data or the roster, a person stands twice in the
        roster, or `enrolled` is not true or false.

    Examples
    --------
    >>> import digilitt as dl
    >>> cohort = dl.simulate_cohort(rng=1)
    >>> who = dl.participation(dl.score(cohort.responses), roster=cohort.roster)
    >>> print(who.table[["wave", "invited", "valid"]].head(1).to_string(index=False))
    wave  invited  valid
    2018      677    575
    """
    checked_scores(scores)
    by = group_columns(scores.responses.people, by)
    caveats: list[Caveat] = []
    counts = _answered(scores, by)
    waves = ["wave"] if "wave" in counts else []
    if roster is None:
        counts = counts.assign(invited=np.nan, enrolled=np.nan)
        message = "without a roster nobody knows how many were invited or enrolled."
        caveats.append(Caveat(code="denominator-unknown", message=message))
    else:
        invited = _invited(roster, by, enrolled, person)
        caveats += _strangers(scores, roster, person)
        counts = _joined(counts, invited, waves, by)
    table = in_order(counts[[*waves, *by, *DENOMINATORS]], [*waves, *by])
    return Participation(
        kind="participation",
        table=table.reset_index(drop=True),
        caveats=tuple(caveats),
        provenance=replace(
            scores.provenance, method="participation", options=(("by", ", ".join(by)),)
        ),
        by=tuple(by),
    )


def _answered(scores: Scores, by: Sequence[str]) -> pd.DataFrame:
    responses = scores.responses
    context = {scale.id for scale in scores.instrument.scales if scale.context}
    counts = np.array([scale.scale not in context for scale in responses.plan.scales])
    known = scores.table["estimate"].notna() | scores.table["band"].notna()
    has_score = known.to_numpy().reshape(-1, len(counts))
    # "Do not know" that counts as wrong is an answer, as its score of 0 is.
    is_answer = responses.missing.isin(["", "wrong"])
    people = known_groups(responses.people, by).assign(
        answered=is_answer.any(axis=1).to_numpy().astype("int64"),
        valid=has_score[:, counts if counts.any() else ~counts].any(axis=1).astype("int64"),
    )
    keys = [*(["wave"] if "wave" in people else []), *by]
    summed = []
    for outer in with_margins(people, by):
        if keys:
            summed.append(outer.groupby(keys, observed=True)[["answered", "valid"]].sum())
        else:
            summed.append(outer[["answered", "valid"]].sum().to_frame().T)
    made = pd.concat(summed)
    return made.reset_index() if keys else made


def _invited(roster: pd.DataFrame, by: Sequence[str], enrolled: str, person: str) -> pd.DataFrame:
    if problems := list(_roster_problems(roster, by, enrolled, person)):
        raise ResponseError(problems)
    flags = roster.assign(invited=1, enrolled=roster[enrolled].astype("int64"))
    known = known_groups(flags, by)
    if not by:
        return known[["invited", "enrolled"]].sum().to_frame().T
    summed = [
        outer.groupby(list(by), observed=True)[["invited", "enrolled"]].sum()
        for outer in with_margins(known, by)
    ]
    return pd.concat(summed).reset_index()


def _roster_problems(
    roster: pd.DataFrame, by: Sequence[str], enrolled: str, person: str
) -> Iterator[Problem]:
    for name in (*by, enrolled):
        if name not in roster:
            known = ", ".join(map(str, roster.columns))
            message = f"the roster has no column {name!r}; its columns are {known}."
            yield Problem(code="missing-column", column=name, message=message)
    if enrolled in roster and not roster[enrolled].isin([True, False, 0, 1]).all():
        message = "the roster's column must be true or false (1 or 0) for every person."
        yield Problem(code="not-true-false", column=enrolled, message=message)
    if person in roster and roster[person].duplicated().any():
        n = int(roster[person].duplicated().sum())
        message = f"{n} rows of the roster repeat a person; each may stand once."
        yield Problem(code="person-twice", column=person, message=message)


def _strangers(scores: Scores, roster: pd.DataFrame, person: str) -> Iterator[Caveat]:
    people = scores.responses.people
    if person not in roster or "person" not in people:
        return
    known = set(roster[person].astype(str))
    if n := int((~people["person"].drop_duplicates().isin(known)).sum()):
        message = f"{counted(n, 'person')} answered without being in the roster."
        yield Caveat(code="not-in-roster", message=message)


def _joined(
    counts: pd.DataFrame, invited: pd.DataFrame, waves: Sequence[str], by: Sequence[str]
) -> pd.DataFrame:
    """Every group of the roster at every wave, also those where nobody answered."""
    if waves:
        invited = counts[["wave"]].drop_duplicates().merge(invited, how="cross")
    keys = [*waves, *by]
    if not keys:
        return pd.concat([counts, invited], axis=1)
    full = invited.merge(counts, on=keys, how="outer")
    numbers = list(DENOMINATORS)
    return full.assign(**{name: full[name].fillna(0).astype("int64") for name in numbers})
