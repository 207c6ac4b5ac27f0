"""What `report` is given, checked before anything is counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from digilitt.disclosure import Disclosure
from digilitt.errors import DisclosureError, InterchangeError, Problem, ResponseError
from digilitt.reporting.protection import ROSTER, TURNOUT
from digilitt.reporting.texts import LANGUAGES
from digilitt.result import Result
from digilitt.scoring.description import group_columns
from digilitt.scoring.participation import Participation, participation
from digilitt.scoring.scores import Scores


def checked_disclosure(disclosure: object) -> Disclosure:
    """The disclosure, if it is one.

    Raises
    ------
    DisclosureError
        If not.
    """
    if isinstance(disclosure, Disclosure):
        return disclosure
    found = "nothing" if disclosure is None else f"a {type(disclosure).__name__}"
    message = (
        f"disclosure= is {found}; expected the smallest number of persons that may be shown, for "
        "example disclosure=Disclosure(min_n=5). There is no default. Disclosure(min_n=1) shows "
        "everything."
    )
    raise DisclosureError([Problem(code="no-disclosure", message=message)])


def checked_language(language: str) -> None:
    """Refuse a language that has no texts.

    Raises
    ------
    InterchangeError
        If it has none.
    """
    if language not in LANGUAGES:
        known = " or ".join(map(repr, LANGUAGES))
        message = f"language= is {language!r}; expected {known}."
        raise InterchangeError([Problem(code="unknown-language", message=message)])


def checked_results(
    results: Result | Sequence[Result], by: str | Sequence[str]
) -> tuple[Scores, Participation]:
    """The scores, and who took part: as given, or counted from the scores.

    Raises
    ------
    ResponseError, DisclosureError
        As for `digilitt.report`.
    """
    given = [results] if isinstance(results, Result) else list(results)
    scores = [result for result in given if isinstance(result, Scores)]
    who = [result for result in given if isinstance(result, Participation)]
    if len(scores) != 1 or len(who) > 1 or len(scores) + len(who) != len(given):
        found = ", ".join(type(result).__name__ for result in given) or "nothing"
        message = f"found {found}; expected Scores, or Scores and one Participation."
        raise ResponseError([Problem(code="results", message=message)])
    people = scores[0].responses.people
    names = group_columns(people, by)
    if problems := list(_repeated_persons(people)):
        raise DisclosureError(problems)
    counted = participation(scores[0], by=names)
    if not who:
        return scores[0], counted
    _check_participation(who[0], counted)
    return scores[0], who[0]


def _repeated_persons(people: pd.DataFrame) -> Iterator[Problem]:
    keys = [name for name in ("person", "wave") if name in people]
    if "person" in keys and people[people["person"].notna()].duplicated(keys).any():
        message = (
            "a person stands several times in a wave, once for each rater; a minimum group size "
            "counts persons. Report the ratings of one rater per person."
        )
        yield Problem(code="person-twice", column="person", message=message)


def _check_participation(who: Participation, counted: Participation) -> None:
    if who.by != counted.by:
        message = (
            f"participation is by {', '.join(who.by) or 'nothing'}, and the report by "
            f"{', '.join(counted.by) or 'nothing'}: tables of the same persons by different "
            "groups cannot be protected together. Count participation with the same by=."
        )
        raise DisclosureError([Problem(code="different-groups", message=message)])
    if _turnout(who) != _turnout(counted):
        message = "participation was counted from other scores; count it from these."
        raise ResponseError([Problem(code="other-scores", message=message)])


def _turnout(who: Participation) -> set[tuple[object, ...]]:
    """Group, wave and counts of every row that holds anybody."""
    names = [name for name in who.table if name not in ROSTER]
    rows = zip(*(who.table[name].tolist() for name in names), strict=True)
    return {row for row in rows if any(row[-len(TURNOUT) :])}
