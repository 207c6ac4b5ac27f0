"""Responses: answers checked against an instrument."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from digilitt.define.instrument import Instrument
from digilitt.define.mapping import Mapping
from digilitt.errors import Problem, ResponseError, counted
from digilitt.result import Caveat, Provenance
from digilitt.scoring.cells import cell_text
from digilitt.scoring.columns import ROLES, Roles
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.expressions import output_names
from digilitt.scoring.intake import CELL_PROBLEMS, Draft, take_in
from digilitt.scoring.kernel import not_asked, score_item
from digilitt.scoring.people import padding_problems
from digilitt.scoring.persons import holds_personal_numbers
from digilitt.scoring.plan import Plan
from digilitt.scoring.table import Cells

OnProblem = Literal["error", "missing"]

# Columns of results that a group would be mistaken for.
RESULT_COLUMNS = frozenset(
    "scale metric estimate std_error n_answered n_missing band n_persons n_scored mean sd n share "
    "invited enrolled answered valid suppressed indicator n_others".split()
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Responses:
    """Answers that fit an instrument; made by `read_responses` or `responses`.

    Attributes
    ----------
    plan : Plan
        The compiled instrument.
    codes : pandas.DataFrame
        Raw codes, missing codes included; one row per person and wave, one column per item
        (per option for multi-select); NaN where blank.
    people : pandas.DataFrame
        The same rows: person, wave, groups, cluster, weight, rater, as far as named.
    groups : tuple of str
        Names of the group columns of `people`.
    caveats : tuple of Caveat
    provenance : Provenance
    """

    plan: Plan
    codes: pd.DataFrame
    people: pd.DataFrame
    groups: tuple[str, ...]
    caveats: tuple[Caveat, ...]
    provenance: Provenance

    @property
    def instrument(self) -> Instrument:
        """The instrument that was answered."""
        return self.plan.instrument

    @property
    def items(self) -> pd.DataFrame:
        """Raw codes of substantive answers; NaN where there is none, for whatever reason."""
        return self.codes.where(self.missing == "")

    @property
    def missing(self) -> pd.DataFrame:
        """Why an answer is missing, per item column; empty text where there is one.

        "blank", or what the missing code counts as ("missing", "not_applicable", "wrong"),
        or "not_asked" where a gate before the item is closed.
        """
        columns = self._columns()
        kinds: dict[str, object] = {}
        for item in self.plan.items:
            closed = not_asked(self.plan, item, columns)
            for name in item.columns:
                raw = columns[name]
                kind = np.where(np.isnan(raw), "blank", "").astype(object)
                for meaning in ("missing", "not_applicable", "wrong"):
                    kind[np.isin(raw, getattr(item, meaning))] = meaning
                kind[closed] = "not_asked"
                kinds[name] = kind
        return pd.DataFrame(kinds, index=self.codes.index, columns=self.codes.columns)

    def keyed(self, scale: str | None = None) -> pd.DataFrame:
        """Item scores in the direction of their scale: reversed, or right and wrong as 1 and 0.

        Parameters
        ----------
        scale : str, optional
            Only the items of this scale, with its keys. Left out: all scored items; an
            item that is keyed differently in two scales is then an error.

        Returns
        -------
        pandas.DataFrame
            One column per item, one row per person and wave; NaN where missing.

        Raises
        ------
        ResponseError
            If there is no such scale, or keys differ between scales.
        """
        keys = self._keys(scale)
        columns = self._columns()
        keyed = {}
        for item in self.plan.items:
            if item.item in keys:
                value = score_item(self.plan, item, columns).value
                keyed[item.item] = value if keys[item.item] == 1 else item.low + item.high - value
        return pd.DataFrame(keyed, index=self.codes.index)

    def _keys(self, scale: str | None) -> dict[str, int]:
        known = [plan.scale for plan in self.plan.scales]
        if scale is not None and scale not in known:
            raise ResponseError(f"There is no scale {scale!r}; the scales are {', '.join(known)}.")
        keys: dict[str, int] = {}
        for plan in self.plan.scales:
            if scale is not None and plan.scale != scale:
                continue
            for part in plan.parts:
                inner = (
                    self._keys(part.name) if part.is_scale else dict.fromkeys(part.items, part.key)
                )
                for item, key in inner.items():
                    if keys.setdefault(item, key) != key:
                        raise ResponseError(
                            f"Item {item!r} is keyed differently in two scales; say scale=…."
                        )
        return keys

    def _columns(self) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
        return {name: self.codes[name].to_numpy(dtype=np.float64) for name in self.codes.columns}

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        notes = [f"! {caveat}" for caveat in self.caveats]
        return "\n".join([self._heading(), *notes])

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{html.escape(str(caveat))}</li>" for caveat in self.caveats)
        return f"<div><p><strong>{html.escape(self._heading())}</strong></p><ul>{notes}</ul></div>"

    def _heading(self) -> str:
        waves = f", {self.people['wave'].nunique()} waves" if "wave" in self.people else ""
        persons = f", {self.people['person'].nunique()} persons" if "person" in self.people else ""
        groups = f", groups: {', '.join(self.groups)}" if self.groups else ""
        return f"responses · {self.instrument.name} · {len(self)} rows{persons}{waves}{groups}"


def responses(
    frame: pd.DataFrame,
    instrument: Instrument,
    *,
    person: str | None = None,
    wave: str | None = None,
    groups: Sequence[str] = (),
    cluster: str | None = None,
    weight: str | None = None,
    rater: str | None = None,
    mapping: Mapping | None = None,
    on_problem: OnProblem = "error",
) -> Responses:
    """Check a data frame of answers against an instrument.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per person and wave. Columns are known by item id, item text or `mapping`;
        cells are codes or option labels.
    instrument : Instrument
    person, wave, cluster, weight, rater : str, optional
        Names of those columns. Without `person` occasions are anonymous.
    groups : sequence of str
        Names of columns to compare by, such as municipality or role.
    mapping : Mapping, optional
        What headers and cells mean in this organisation.
    on_problem : {"error", "missing"}
        "error" raises one error with every problem. "missing" takes answers that do not fit
        as missing and leaves out summary rows, and counts both in the caveats. What makes
        people or columns uncertain is an error in either case.

    Returns
    -------
    Responses

    Raises
    ------
    ResponseError
        With every problem found, each with its row and column.

    Examples
    --------
    >>> import pandas as pd
    >>> import digilitt as dl
    >>> answers = pd.DataFrame({f"sus{i}": [4, 2] for i in range(1, 11)} | {"id": ["p1", "p2"]})
    >>> dl.responses(answers, dl.instrument("sus"), person="id")
    responses · sus@1.0.0 · 2 rows, 2 persons
    """
    roles = chosen_roles(mapping, person, wave, groups, cluster, weight, rater)
    if not isinstance(frame, pd.DataFrame):
        raise ResponseError(f"found a {type(frame).__name__}; expected a pandas data frame.")
    headers = [str(name) for name in frame.columns]
    if twice := [name for name, count in Counter(headers).items() if count > 1]:
        raise ResponseError(f"The columns {', '.join(twice)} stand more than once; rename them.")
    cells = Cells(
        frame=frame.set_axis(headers, axis=1).astype(object).reset_index(drop=True),
        rows=_row_names(frame.index),
    )
    plan = compile_plan(instrument)
    draft = take_in(cells, plan, mapping or Mapping(), roles)
    return assemble([draft], plan, roles, on_problem, source=())


def _row_names(index: pd.Index) -> list[str]:
    """Index labels, as messages name rows; numbers from 1 where labels would tell who it is."""
    labels = [cell_text(label) for label in index]
    if holds_personal_numbers(labels):
        return [f"number {position}" for position in range(1, len(labels) + 1)]
    return labels


def chosen_roles(
    mapping: Mapping | None,
    person: str | None,
    wave: str | None,
    groups: Sequence[str],
    cluster: str | None,
    weight: str | None,
    rater: str | None,
) -> Roles:
    """Roles from arguments, and from the mapping where an argument is left out."""
    given = {"person": person, "wave": wave, "cluster": cluster, "weight": weight, "rater": rater}
    known = mapping or Mapping()
    # A header that the mapping gives a name is that group, with its values.
    by_header = {header: name for name, header in known.groups.items()}
    names = [
        by_header.get(name, name) for name in ([groups] if isinstance(groups, str) else groups)
    ]
    if clash := sorted({*names, *known.groups} & {*ROLES, *RESULT_COLUMNS}):
        message = (
            f"a group may not be called {', '.join(map(repr, clash))}, which has its own meaning "
            "in results; name the column otherwise, through a mapping."
        )
        raise ResponseError([Problem(code="group-name", message=message)])
    return Roles(
        **{
            role: getattr(known, role) if value is None else str(value)
            for role, value in given.items()
        },
        groups={**known.groups, **{name: known.groups.get(name, name) for name in names}},
    )


def assemble(
    drafts: Sequence[Draft], plan: Plan, roles: Roles, on_problem: OnProblem, source: Sequence[str]
) -> Responses:
    """Put tables together, and raise every problem that may not be passed over."""
    codes = pd.concat([draft.codes for draft in drafts], ignore_index=True)
    people = pd.concat([draft.people for draft in drafts], ignore_index=True)
    places = pd.concat([draft.places for draft in drafts], ignore_index=True)
    found = [problem for draft in drafts for problem in draft.problems]
    found += _repeated_people(people, places)
    if len(drafts) > 1:
        found += _mixed_codes(people)
    found += _score_names(people, plan)
    if codes.empty:
        found.append(Problem(code="no-rows", message="there are no answers in the table."))
    if on_problem not in ("error", "missing"):
        raise ResponseError(f"on_problem={on_problem!r} is unknown; use 'error' or 'missing'.")
    serious = [p for p in found if on_problem == "error" or p.code not in CELL_PROBLEMS]
    if serious:
        raise ResponseError(serious)
    instrument = plan.instrument
    caveats = [caveat for draft in drafts for caveat in draft.caveats]
    caveats += _people_caveats(people)
    order = [*(role for role in ("person", "wave") if role in people), *roles.groups]
    people = people[[*(name for name in people if name in order), *_others(people, order)]]
    return Responses(
        plan=plan,
        codes=codes,
        people=people,
        groups=tuple(str(name) for name in people if name not in ROLES),
        caveats=(*caveats, *_told(found)),
        provenance=Provenance(
            instrument=instrument.name,
            digest=instrument.digest,
            method="responses",
            options=(("on_problem", on_problem),),
            n=len(codes),
            source=tuple(source),
        ),
    )


def _people_caveats(people: pd.DataFrame) -> Iterator[Caveat]:
    if "person" not in people:
        message = "no column of persons was named, so every row counts as a person."
        yield Caveat(code="anonymous", message=message)
    for name in people:
        unknown = int(people[name].isna().sum())
        if unknown:
            message = f"{counted(unknown, 'row')} without a value; merged cells count as blank."
            yield Caveat(code="group-unknown", where=str(name), message=message)


def _others(people: pd.DataFrame, order: Sequence[str]) -> list[str]:
    return [str(name) for name in people if name not in order]


def _repeated_people(people: pd.DataFrame, places: pd.DataFrame) -> Iterator[Problem]:
    if "person" not in people:
        return
    by = [name for name in ("person", "wave", "rater") if name in people]
    keys = people.loc[people["person"].notna(), by]
    again = keys[keys.duplicated(keep=False)]
    what = " and ".join(by)
    for _, rows in places.loc[again.index].groupby(
        [again[name] for name in by], dropna=False, sort=False
    ):
        first = rows.iloc[0]
        others = [
            f"row {row}" if file == first["file"] else f"row {row} of {file}"
            for row, file in zip(rows["row"].iloc[1:], rows["file"].iloc[1:], strict=True)
        ]
        message = f"the same {what} stands in {', '.join(others)} too; each may stand once."
        place = {name: first[name] for name in ("file", "sheet", "row")}
        yield Problem(code="person-twice", **place, message=message)


def _mixed_codes(people: pd.DataFrame) -> Iterator[Problem]:
    """Codes with leading zeros in one file and without them in another."""
    for name in people:
        if name != "weight":
            yield from padding_problems(str(name), people[name].dropna())


def _score_names(people: pd.DataFrame, plan: Plan) -> Iterator[Problem]:
    for name in sorted({*people} & {*output_names(plan)}):
        message = "is what a score will be called; name the group otherwise, through a mapping."
        yield Problem(code="name-clash", column=name, message=message)


def _told(problems: Sequence[Problem]) -> Iterator[Caveat]:
    counts = Counter((problem.code, problem.column) for problem in problems)
    for (code, column), count in counts.items():
        row = code == "summary-row"
        told = counted(count, "row" if row else "answer")
        what = "left out" if row else "taken as missing"
        if code == "answered-though-not-asked":
            what = "set aside, because a gate says the item was not asked"
        yield Caveat(code=code, where=column, message=f"{told} {what}.")
