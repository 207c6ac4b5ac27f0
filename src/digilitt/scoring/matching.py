"""Matching: the same person at several waves, by equal codes and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Keyed
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError, counted
from digilitt.result import Caveat, Provenance, Result
from digilitt.scoring.occurrences import Occurrences, has_code, near_codes, occurrences, read_codes
from digilitt.scoring.persons import quoted
from digilitt.scoring.responses import Responses

ROSTER = "in_roster"
SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Matching(Result):
    """Who was there at which wave.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per person and wave: person, wave, *n_rows* (rows with that code at that wave),
        *present*: true, false, or missing where the code stands more than once, so that
        nobody knows which row is the person's. With a roster also *in_roster*.
    waves : pandas.DataFrame
        wave, *n_rows*, *n_blank* (rows without a code), *n_persons* (codes), *n_present*,
        *n_duplicated* (codes that stand more than once), *n_linked* (present, and present
        at another wave too); in the order of the waves.
    pairs : pandas.DataFrame
        For each earlier and later wave (*before*, *after*) numbers of persons: *n_before*
        and *n_after* (present then), *n_both*, *n_lost* (present before, not after), *n_new*
        (present after, not before), *n_unclear* (present at one, duplicated at the other).
    patterns : pandas.DataFrame
        *pattern*, one character per wave (1 present, 0 not, ? duplicated), and *n_persons*.
    unmatched : pandas.DataFrame
        Codes that stand in one wave only: person, wave, and *near*, codes of other waves that
        differ from it only by case, white space, punctuation or leading zeros.
    duplicated : pandas.DataFrame
        person, wave, *n_rows*, *rows* (which they are).
    """

    waves: pd.DataFrame
    pairs: pd.DataFrame
    patterns: pd.DataFrame
    unmatched: pd.DataFrame
    duplicated: pd.DataFrame

    def wide(self) -> pd.DataFrame:
        """One row per person: ``present_{wave}`` for each wave, *n_waves*, *pattern*.

        *n_waves* counts the waves at which the person was certainly present.
        """
        names = [f"present_{wave}" for wave in self.waves["wave"]]
        k = len(names)
        made = self.table.iloc[::k].reset_index(drop=True)[_people_columns(self.table)]
        for position, name in enumerate(names):
            made[name] = self.table["present"].array[position::k]
        present = self.table["present"].astype("Int8").fillna(-1)
        state = np.asarray(present, dtype=np.int8).reshape(-1, k)
        kind, examples = _kinds(state)
        patterns = pd.Series(_patterns(state[examples])).take(kind).tolist()
        return made.assign(n_waves=(state == 1).sum(axis=1), pattern=patterns)


def match_persons(
    source: Responses | pd.DataFrame | Keyed[str, pd.DataFrame | Iterable[object]],
    *,
    person: str = "person",
    wave: str = "wave",
    waves: Sequence[str] = (),
    roster: pd.DataFrame | Iterable[object] | None = None,
) -> Matching:
    """Link waves by the codes of persons: equal codes are one person, and no others.

    Parameters
    ----------
    source : Responses, DataFrame or mapping
        Responses with person and wave; or, before they are read, a data frame with both
        columns, or a mapping of each wave to its codes (or to a data frame with a column of
        codes).
    person, wave : str
        Columns of data frames, the roster's too. Responses know theirs.
    waves : sequence of str, optional
        The waves in their order. Left out: as the mapping has them, else by name, in which
        numbers count as numbers.
    roster : DataFrame or iterable of codes, optional
        Persons who should be there, such as all who enrolled; they get a row even if they
        never answered.

    Returns
    -------
    Matching

    Raises
    ------
    ResponseError
        If a column is lacking, codes are Swedish personal identity numbers or errors of
        formulas, a table ends in a summary row, or a code stands twice in the roster.

    Notes
    -----
    Codes are compared as text, read as `responses` reads them: 17, 17.0 and ``"17"`` are one
    code, outer white space does not count, and any other difference does: ``"a17"`` is not
    ``"A17"``, ``"017"`` not ``"17"``. Codes that nearly match are told in `unmatched` and
    never linked. Blank codes are counted and match nobody. A code that stands twice in a
    wave links nothing there.

    In responses a person is present at a wave when at least one item was answered, as
    `participation` counts; elsewhere when the code stands there.

    Examples
    --------
    >>> import digilitt as dl
    >>> found = dl.match_persons({"2018": ["k1", "k2", "k3"], "2019": ["k1", "K2", "k3", "k3"]})
    >>> print(found.patterns.to_string(index=False))
    pattern  n_persons
         11          1
         1?          1
         10          1
         01          1
    >>> found.unmatched["near"].tolist()
    ['k2', 'K2']
    """
    found = occurrences(source, person, wave, waves)
    expected, blank = _expected(roster, person)
    made = _matched(found, expected)
    before = source.caveats if isinstance(source, Responses) else ()
    origin = source.provenance if isinstance(source, Responses) else Provenance()
    tables = _tables(found, made)
    return Matching(
        kind="matching",
        table=_long(found, made, with_roster=roster is not None),
        caveats=(*before, *_caveats(found, made, tables, blank, roster is not None)),
        provenance=Provenance(
            instrument=origin.instrument,
            digest=origin.digest,
            method="match_persons",
            options=(("waves", ", ".join(found.waves)), ("order", found.order)),
            n=len(found.codes),
            source=origin.source,
            seed=origin.seed,
        ),
        **tables,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Matched:
    """Persons by waves; each array has shape (n_persons, n_waves) but for `expected`."""

    persons: NDArray[np.object_]
    n_rows: NDArray[np.int64]
    state: NDArray[np.int8]  # 1 present, 0 not, -1 duplicated
    expected: NDArray[np.bool_]  # (n_persons,), in the roster
    cell: NDArray[np.int64]  # (rows,), person times waves; -1 without code or wave


def _matched(found: Occurrences, expected: NDArray[np.object_]) -> _Matched:
    k = len(found.waves)
    coded = np.flatnonzero(has_code(found.codes))
    every = np.concatenate([found.codes[coded], expected])
    index, persons = pd.factorize(every, sort=True)
    person = np.full(len(found.codes), -1)
    person[coded] = index[: len(coded)]
    cell = np.where((person >= 0) & (found.wave >= 0), person * k + found.wave, -1)
    size = len(persons) * k
    n_rows = np.bincount(cell[cell >= 0], minlength=size)
    answered = np.bincount(cell[(cell >= 0) & found.answered], minlength=size) > 0
    state = answered.astype(np.int8)
    if not found.checked:
        state[n_rows > 1] = -1
    in_roster = np.zeros(len(persons), dtype=np.bool_)
    in_roster[index[len(coded) :]] = True
    return _Matched(
        persons=np.asarray(persons, dtype=object),
        n_rows=n_rows.reshape(-1, k),
        state=state.reshape(-1, k),
        expected=in_roster,
        cell=cell,
    )


def _expected(
    roster: pd.DataFrame | Iterable[object] | None, person: str
) -> tuple[NDArray[np.object_], int]:
    """Codes of the roster, and how many of its rows have none."""
    if roster is None:
        return np.empty(0, dtype=object), 0
    codes, problems = read_codes(roster, person, "the roster: ")
    known = codes[has_code(codes)]
    if twice := int(pd.Series(known, dtype=object).duplicated().sum()):
        message = f"{counted(twice, 'row')} of the roster repeat a person; each may stand once."
        problems.append(Problem(code="person-twice", column=person, message=message))
    if problems:
        raise ResponseError(problems)
    return known, len(codes) - len(known)


def _people_columns(table: pd.DataFrame) -> list[str]:
    return ["person", *([ROSTER] if ROSTER in table else [])]


def _present(state: NDArray[np.int8]) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(state == 1, state < 0)


def _long(found: Occurrences, made: _Matched, *, with_roster: bool) -> pd.DataFrame:
    n, k = made.state.shape
    columns: dict[str, object] = {"person": np.repeat(made.persons, k)}
    if with_roster:
        columns[ROSTER] = np.repeat(made.expected, k)
    columns["wave"] = np.tile(np.array(found.waves, dtype=object), n)
    columns["n_rows"] = made.n_rows.ravel()
    columns["present"] = _present(made.state.ravel())
    return pd.DataFrame(columns)


def _kinds(state: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number of each person's pattern, and a person who has it for each pattern."""
    kind = np.zeros(len(state), dtype=np.int64)
    for column in state.T:
        kind = pd.factorize(kind * 3 + column)[0].astype(np.int64)
    return kind, np.unique(kind, return_index=True)[1]


def _patterns(states: NDArray[np.int8]) -> list[str]:
    return ["".join("01?"[state] for state in row) for row in states.tolist()]


def _tables(found: Occurrences, made: _Matched) -> dict[str, pd.DataFrame]:
    return {
        "waves": _waves(found, made),
        "pairs": _pairs(found, made),
        "patterns": _pattern_counts(made),
        "unmatched": _unmatched(found, made),
        "duplicated": _duplicated(found, made),
    }


def _waves(found: Occurrences, made: _Matched) -> pd.DataFrame:
    k = len(found.waves)
    blank = ~has_code(found.codes) & (found.wave >= 0)
    there = made.state == 1
    linked = there & (there.sum(axis=1, keepdims=True) > 1)
    return pd.DataFrame(
        {
            "wave": list(found.waves),
            "n_rows": np.bincount(found.wave[found.wave >= 0], minlength=k),
            "n_blank": np.bincount(found.wave[blank], minlength=k),
            "n_persons": (made.n_rows > 0).sum(axis=0),
            "n_present": there.sum(axis=0),
            "n_duplicated": (made.state < 0).sum(axis=0),
            "n_linked": linked.sum(axis=0),
        }
    )


def _pairs(found: Occurrences, made: _Matched) -> pd.DataFrame:
    rows = []
    for first, second in combinations(range(len(found.waves)), 2):
        before, after = made.state[:, first], made.state[:, second]
        counts = {
            "n_before": before == 1,
            "n_after": after == 1,
            "n_both": (before == 1) & (after == 1),
            "n_lost": (before == 1) & (after == 0),
            "n_new": (before == 0) & (after == 1),
            "n_unclear": ((before == 1) & (after < 0)) | ((before < 0) & (after == 1)),
        }
        names = {"before": found.waves[first], "after": found.waves[second]}
        rows.append(names | {name: int(who.sum()) for name, who in counts.items()})
    numbers = ["n_before", "n_after", "n_both", "n_lost", "n_new", "n_unclear"]
    return pd.DataFrame(rows, columns=["before", "after", *numbers])


def _pattern_counts(made: _Matched) -> pd.DataFrame:
    """Patterns, those who were there first."""
    kind, examples = _kinds(made.state)
    found = _patterns(made.state[examples])
    counts = np.bincount(kind, minlength=len(found)).tolist()
    rows = sorted(zip(found, counts, strict=True), key=lambda row: ["1?0".index(m) for m in row[0]])
    return pd.DataFrame(rows, columns=["pattern", "n_persons"])


def _duplicated(found: Occurrences, made: _Matched) -> pd.DataFrame:
    k = len(found.waves)
    flat = made.state.ravel() < 0
    placed = np.flatnonzero(made.cell >= 0)
    rows = placed[flat[made.cell[placed]]]
    rows = rows[np.argsort(made.cell[rows], kind="stable")]
    names = pd.Series(found.row_names(rows), dtype=object)
    cells = np.flatnonzero(flat)
    joined = names.groupby(made.cell[rows]).agg(", ".join)
    return pd.DataFrame(
        {
            "person": made.persons[cells // k],
            "wave": [found.waves[wave] for wave in cells % k],
            "n_rows": made.n_rows.ravel()[cells],
            "rows": joined.tolist(),
        }
    )


def _unmatched(found: Occurrences, made: _Matched) -> pd.DataFrame:
    stands = made.n_rows > 0
    who = np.flatnonzero(stands.sum(axis=1) == 1)
    where = stands[who].argmax(axis=1)
    near = near_codes(made.persons, stands) if len(who) and len(found.waves) > 1 else {}
    return pd.DataFrame(
        {
            "person": made.persons[who],
            "wave": [found.waves[wave] for wave in where],
            "near": [
                ", ".join(near.get((person, wave), ()))
                for person, wave in zip(who.tolist(), where.tolist(), strict=True)
            ],
        }
    )


def _caveats(
    found: Occurrences,
    made: _Matched,
    tables: dict[str, pd.DataFrame],
    blank_in_roster: int,
    with_roster: bool,
) -> Iterator[Caveat]:
    blanks = zip(tables["waves"]["wave"], tables["waves"]["n_blank"], strict=True)
    for where, n in (*blanks, ("roster", blank_in_roster)):
        if n:
            message = f"{counted(int(n), 'row')} without a code; blank codes match nobody."
            yield Caveat(code="blank-codes", where=where, message=message)
    if n := int((found.wave < 0).sum()):
        message = f"{counted(n, 'row')} without a wave; they count at none."
        yield Caveat(code="wave-unknown", message=message)
    if n := int((~found.answered).sum()):
        message = f"{counted(n, 'row')} without a single answer; such a person was not present."
        yield Caveat(code="unanswered-rows", message=message)
    if n := len(tables["duplicated"]):
        message = (
            f"{counted(n, 'code')} found more than once in a wave, where nothing is linked to it: "
            f"{_shown(tables['duplicated'])}; see duplicated."
        )
        yield Caveat(code="duplicated-codes", message=message)
    if len(found.waves) == 1:
        yield Caveat(code="one-wave", message="there is one wave, so nothing could be linked.")
    elif n := len(tables["unmatched"]):
        total = int((made.n_rows > 0).any(axis=1).sum())
        message = f"{n} of {counted(total, 'code')} found in one wave only; see unmatched."
        yield Caveat(code="unmatched-codes", message=message)
    near = tables["unmatched"][tables["unmatched"]["near"] != ""]
    if n := len(near):
        message = (
            f"{counted(n, 'unmatched code')} like one of another wave but for case, spaces, "
            f"punctuation or leading zeros, and not linked: {_shown(near)}."
        )
        yield Caveat(code="near-codes", message=message)
    if with_roster and (n := int(((made.n_rows > 0).any(axis=1) & ~made.expected).sum())):
        message = f"{counted(n, 'person')} answered without being in the roster."
        yield Caveat(code="not-in-roster", message=message)


def _shown(table: pd.DataFrame) -> str:
    codes = list(dict.fromkeys(table["person"]))
    return ", ".join(map(quoted, codes[:SHOWN])) + (" …" if len(codes) > SHOWN else "")
