"""The answers that a factor model is about: its items, in its order, by group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.define.problems import listed
from digilitt.errors import Problem, ResponseError, counted
from digilitt.evidence.data import ItemData, Source, item_data, refuse
from digilitt.evidence.models.sources import (
    group_labels,
    identity_problem,
    named_items,
    scale_problem,
    who,
)
from digilitt.evidence.models.syntax import ParsedModel, model_of_scales, parse_model
from digilitt.evidence.names import near
from digilitt.result import UNKNOWN, Caveat, Provenance
from digilitt.scoring.responses import Responses

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """All rows of the source, whether or not a model has them.

    Attributes
    ----------
    index : pandas.Index
        Of the frame; of responses, their numbers from 0.
    labels : pandas.Series of str
        Group of each row, "(unknown)" where there is none; empty without groups.
    scale : str
        The scale whose keys items have; empty without.
    people : pandas.DataFrame
        Columns person and wave, as far as the source knows them.
    """

    people: pd.DataFrame
    index: pd.Index
    labels: pd.Series
    scale: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelData:
    """Answers for a model.

    Attributes
    ----------
    parsed : ParsedModel
    values : ndarray of float64, shape (n, n_items)
        Keyed scores of the model's items, NaN where there is no answer.
    items : tuple of str
    available : tuple of str
        What the model might have named: columns of the frame, or items of the responses.
    counts, weights : ndarray of float64, shape (n,)
        Persons that each row stands for, and their sampling weights; 1 without.
    clusters : ndarray of int64, shape (n,), or None
    group : ndarray of int64, shape (n,)
        From 0.
    groups : tuple of str
        In order of appearance; one empty text without groups.
    by : str
        Name of the column of groups; empty without.
    sampled : bool
        Whether there are sampling weights or clusters.
    origin : Origin
    row : ndarray of int64, shape (n,)
        Place of each row among those of the origin.
    caveats : tuple of Caveat
    provenance : Provenance
    """

    parsed: ParsedModel
    values: Floats
    items: tuple[str, ...]
    available: tuple[str, ...]
    counts: Floats
    weights: Floats
    clusters: Integers | None
    group: Integers
    groups: tuple[str, ...]
    by: str
    sampled: bool
    origin: Origin
    row: Integers
    caveats: tuple[Caveat, ...]
    provenance: Provenance

    def rows(self, chosen: Booleans) -> ModelData:
        """Only the chosen rows."""
        return replace(
            self,
            values=self.values[chosen],
            counts=self.counts[chosen],
            weights=self.weights[chosen],
            clusters=None if self.clusters is None else self.clusters[chosen],
            group=self.group[chosen],
            row=self.row[chosen],
        )

    def persons(self, number: int | None = None) -> int:
        """Persons of a group, or of all."""
        chosen = slice(None) if number is None else self.group == number
        return round(float(self.counts[chosen].sum()))


def model_data(
    source: Source,
    model: str | None,
    *,
    by: str | None = None,
    cluster: str | None = None,
    weight: str | None = None,
    scale: str | None = None,
    counts: str | None = None,
    reference: object = None,
) -> ModelData:
    """Read a model and take its items from responses or a data frame.

    Raises
    ------
    DefinitionError
        If the model cannot be read.
    ResponseError
        If the source or a column cannot be used; unknown items are for the model's table to tell.
    """
    # long because it fills in every field.
    parsed = parsed_model(source, model, scale, [by, cluster, weight, counts])
    if problems := list(named_items(parsed, by=by, cluster=cluster, weight=weight, counts=counts)):
        raise ResponseError(problems)
    weights, rest = _weights(source, weight)
    available = None
    if isinstance(rest, pd.DataFrame):
        available = tuple(str(name) for name in rest if name not in (by, cluster, counts))
        rest = _only_named(rest, parsed, [by, cluster, counts])
    data = item_data(rest, scale=scale, by=by, cluster=cluster, counts=counts)
    named = {name for term in parsed.terms for name in (term.lhs, term.rhs)}
    items = tuple(name for name in data.items if name in named)
    index = source.index if isinstance(source, pd.DataFrame) else pd.RangeIndex(len(data.values))
    labels = group_labels(data.groups, len(index))
    if problem := identity_problem(labels, data.counts, by or ""):
        raise ResponseError([problem])
    known = _in_order(labels, by, reference)
    number = {name: place for place, name in enumerate(known)}
    clusters = None if cluster is None or data.clusters is None else data.clusters
    return _without_strangers(
        ModelData(
            parsed=parsed,
            values=data.values[:, [data.items.index(name) for name in items]],
            items=items,
            available=available or data.items,
            counts=data.counts,
            weights=np.ones(len(data.values)) if weights is None else weights,
            clusters=None if clusters is None else _units(clusters),
            group=np.array([number.get(name, -1) for name in labels], dtype=np.int64),
            groups=known,
            by=by or "",
            sampled=weights is not None or clusters is not None,
            origin=Origin(people=who(source), index=index, labels=labels, scale=data.scale),
            row=np.arange(len(index)),
            caveats=(*_caveats(data, cluster), *_no_unit(clusters), *_repeated(source, by)),
            provenance=data.provenance,
        )
    )


def arranged(data: ModelData, items: Sequence[str]) -> ModelData:
    """The same answers with the items in this order."""
    places = [data.items.index(name) for name in items]
    return replace(data, values=np.ascontiguousarray(data.values[:, places]), items=tuple(items))


def answered(data: ModelData, *, listwise: bool, ordinal: bool) -> ModelData:
    """Only persons who answered every item, or any; the others are counted in a caveat."""
    # Rows of a table of counts that stand for nobody hold no answers.
    data = data if (data.counts > 0).all() else data.rows(np.asarray(data.counts > 0))
    there = ~np.isnan(data.values)
    chosen: Booleans = np.asarray(there.all(axis=1) if listwise else there.any(axis=1))
    left_out = round(float(data.counts[~chosen].sum()))
    if not left_out:
        return data
    which = "did not answer every item" if listwise else "answered none of the items"
    share = left_out / float(data.counts.sum())
    message = f"{counted(left_out, 'person')} ({share:.0%}) {which} and {_are(left_out)} left out"
    if listwise and bool((there.any(axis=1) & ~chosen).any()):
        message += f"; missing={'pairwise' if ordinal else 'fiml'!r} keeps who answered any"
    caveat = Caveat(code="persons-left-out", message=f"{message}.")
    kept = data.rows(chosen)
    return replace(kept, caveats=(*data.caveats, caveat))


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def parsed_model(
    source: Source, model: str | None, scale: str | None, named: Sequence[str | None] = ()
) -> ParsedModel:
    """The model as written; left out, an instrument's scales, or one factor of a frame's items."""
    if not isinstance(source, Responses | pd.DataFrame):
        refuse(source)
    if isinstance(source, Responses) and (problem := scale_problem(source, scale)):
        raise ResponseError([problem])
    if model is not None:
        return parse_model(model)
    if isinstance(source, Responses):
        scales = {
            each.id: [entry.item for entry in each.items]
            for each in source.instrument.scales
            if each.items and scale in (None, each.id)
        }
        return parse_model(model_of_scales(scales))
    items = [str(name) for name in source.columns if name not in named]
    name = "factor"
    while name in items:
        name += "_"
    return parse_model(model_of_scales({name: items}))


def _weights(source: Source, weight: str | None) -> tuple[Floats | None, Source]:
    """Sampling weights, and the source without their column."""
    if weight is None:
        return None, source
    table = source.people if isinstance(source, Responses) else source
    if not isinstance(table, pd.DataFrame) or weight not in table:
        message = "no column of that name to take sampling weights from."
        raise ResponseError([Problem(code="missing-column", column=weight, message=message)])
    found = pd.to_numeric(table[weight], errors="coerce").to_numpy(dtype=np.float64)
    if not (np.isfinite(found) & (found > 0)).all():
        message = "expected sampling weights: numbers above 0 in every row."
        raise ResponseError([Problem(code="bad-weights", column=weight, message=message)])
    return found, source if isinstance(source, Responses) else source.drop(columns=weight)


def _only_named(
    frame: pd.DataFrame, parsed: ParsedModel, others: Sequence[str | None]
) -> pd.DataFrame:
    """The columns that the model or an option names; unknown names are told later."""
    if any(name is not None and name not in frame for name in others):
        return frame
    named = {name for term in parsed.terms for name in (term.lhs, term.rhs)}
    kept = [name for name in frame.columns if str(name) in named or name in others]
    return frame if not any(str(name) in named for name in kept) else frame[kept]


def _in_order(labels: pd.Series, by: str | None, reference: object) -> tuple[str, ...]:
    """Groups in order of appearance, the reference first."""
    known = [name for name in dict.fromkeys(labels) if name != UNKNOWN]
    if reference is None:
        return tuple(known)
    first = str(reference).strip()
    if first not in known:
        hint = near(first, known)
        message = f"found the reference {reference!r}; the groups are {listed(known)}.{hint}"
        raise ResponseError([Problem(code="wrong-value", column=by or "", message=message)])
    return (first, *(name for name in known if name != first))


def _units(labels: pd.Series) -> Integers:
    """Numbers of units from 0; a person of no known unit is one alone."""
    numbers = np.asarray(pd.factorize(labels.astype(str))[0], dtype=np.int64)
    unknown = (labels == UNKNOWN).to_numpy()
    numbers[unknown] = numbers.max(initial=-1) + 1 + np.arange(unknown.sum())
    return numbers


def _caveats(data: ItemData, cluster: str | None) -> Iterator[Caveat]:
    # A model says itself which items belong together.
    yield from (caveat for caveat in data.caveats if caveat.code != "scales-pooled")
    if data.clusters is not None and cluster is None:
        message = (
            "persons answered in units (the responses have a cluster column), which was not used: "
            "errors and tests take persons as independent. With estimator='mlr', cluster='cluster' "
            "uses it."
        )
        yield Caveat(code="clusters-ignored", message=message)


def _no_unit(clusters: pd.Series | None) -> Iterator[Caveat]:
    unknown = 0 if clusters is None else int((clusters == UNKNOWN).sum())
    if unknown:
        message = f"{counted(unknown, 'row')} of no known unit, each taken as a unit of its own."
        yield Caveat(code="cluster-unknown", message=message)


def _repeated(source: Source, by: str | None) -> Iterator[Caveat]:
    """Whether persons are in more than one group, which groups take for different persons."""
    if not isinstance(source, Responses) or by != "wave" or "person" not in source.people:
        return
    n = int((source.people.groupby("person").size() > 1).sum())
    if n:
        message = (
            f"{counted(n, 'person')} answered at more than one wave, and the waves are taken for "
            "groups of different persons: errors and tests are off. invariance(occasions=[…]) "
            "takes the same persons into account."
        )
        yield Caveat(code="same-persons", message=message)


def _without_strangers(data: ModelData) -> ModelData:
    """Leave out persons of whom no group is known."""
    unknown = data.group < 0
    if not unknown.any():
        return data
    n = round(float(data.counts[unknown].sum()))
    message = f"{counted(n, 'person')} without a group in {data.by!r} {_are(n)} left out."
    caveat = Caveat(code="group-unknown", message=message)
    return replace(data.rows(~unknown), caveats=(*data.caveats, caveat))
