"""Factor scores of persons, from a fitted factor model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError, counted
from digilitt.evidence.data import ItemData, Source, item_data
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.models.sources import group_labels, who
from digilitt.evidence.models.statistics import Continuous, Ordinal
from digilitt.numerics.covariance.model import matrices
from digilitt.numerics.latent_scores import LatentScores, linear_scores
from digilitt.numerics.latent_scores_ordinal import ordinal_scores
from digilitt.numerics.tables import MISSING
from digilitt.result import UNKNOWN, Caveat, Provenance, Result
from digilitt.scoring.responses import Responses

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
ScoreMethod = Literal["regression", "bartlett", "ebm"]

# What was pooled or passed over for the model does not change the scores of a person.
OF_THE_MODEL = {"scales-pooled", "waves-pooled", "clusters-ignored"}
# Stands for an answer that is no category of its item.
STRANGE = -1.0
# Groups, and answers, named in a caveat.
NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FactorScores(Result):
    """Scores of persons on factors; made by `CfaSolution.scores`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per person and factor: row (place among the rows of the source, from 0), person
        and wave (of responses that have them), group (empty where there is one), factor, estimate
        and std_error, in the units of the model's factors. NaN for persons who have no score;
        caveats say why.
    index : pandas.Index
        Of the source.
    """

    index: pd.Index = field(repr=False)

    def wide(self) -> pd.DataFrame:
        """Scores, persons by factors, with the index of the source."""
        factors = pd.unique(self.table["factor"])
        scores = self.table["estimate"].to_numpy().reshape(len(self.index), len(factors))
        return pd.DataFrame(scores, index=self.index, columns=list(factors))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Persons:
    """Whom to score.

    ``answers`` (n, p): items of the model in its order; categories numbered from 0, where there
    are any. ``group``: from 0, -1 where it is none of the model's. ``row``: place in the source.
    """

    answers: Floats
    group: Integers
    row: Integers
    labels: pd.Series
    people: pd.DataFrame
    index: pd.Index
    caveats: tuple[Caveat, ...]
    provenance: Provenance


def factor_scores(
    fitted: Fitted, source: Source | None = None, method: ScoreMethod | None = None
) -> FactorScores:
    """Scores of the persons of the model, or of others who answered its items.

    Raises
    ------
    ResponseError
        If the method is not one for such items, or an item or the column of groups is lacking.
    """
    ordinal = isinstance(fitted.statistics, Ordinal)
    if isinstance(method, str):
        method = method.lower()  # type: ignore[assignment]
    if problems := list(_method_problems(method, ordinal=ordinal)):
        raise ResponseError(problems)
    how: ScoreMethod = method or ("ebm" if ordinal else "regression")
    persons = _own(fitted) if source is None else _others(fitted, source)
    n, factors = len(persons.index), fitted.table.factors
    scores = np.full((n, len(factors)), np.nan)
    errors = scores.copy()
    caveats = list(persons.caveats)
    for number, name in enumerate(fitted.table.groups):
        chosen = persons.group == number
        if not chosen.any():
            continue
        found = _scored(fitted, number, persons.answers[chosen], how)
        rows = persons.row[chosen]
        scores[rows], errors[rows] = found.scores, found.std_error
        caveats += _group_caveats(fitted, name, persons.answers[chosen], found, how)
    return FactorScores(
        kind="factor_scores",
        table=_long(persons, factors, scores, errors),
        index=persons.index,
        caveats=tuple(caveats),
        provenance=replace(
            persons.provenance, method="factor_scores", options=(("method", how),), n=n
        ),
    )


def _long(
    persons: _Persons, factors: Sequence[str], scores: Floats, errors: Floats
) -> pd.DataFrame:
    """One row per person and factor."""
    n, m = scores.shape
    known = {name: np.repeat(persons.people[name].to_numpy(), m) for name in persons.people}
    table = pd.DataFrame(
        {"row": np.repeat(np.arange(n), m)}
        | known
        | {
            "group": np.repeat(persons.labels.to_numpy(dtype=object), m),
            "factor": np.tile(np.array(factors, dtype=object), n),
            "estimate": scores.ravel(),
            "std_error": errors.ravel(),
        }
    )
    return table.astype({"group": "str", "factor": "str"})


def _method_problems(method: object, *, ordinal: bool) -> Iterator[Problem]:
    known = get_args(ScoreMethod)
    message = ""
    if method is not None and method not in known:
        message = f"found {method!r}; expected one of {', '.join(known)}."
    elif ordinal and method in ("regression", "bartlett"):
        message = f"{method!r} is for continuous items; items in categories have 'ebm'."
    elif not ordinal and method == "ebm":
        message = "'ebm' is for items in categories; for continuous items it is 'regression'."
    if message:
        yield Problem(code="wrong-value", column="method", message=message)


def _scored(fitted: Fitted, number: int, answers: Floats, method: ScoreMethod) -> LatentScores:
    found = matrices(fitted.model, number, fitted.free)
    nu = found.nu
    if isinstance(fitted.statistics, Continuous) and not fitted.model.means:
        nu = fitted.statistics.sample.mean[number]
    means = found.inverse @ found.alpha
    if method == "ebm":
        return ordinal_scores(
            answers,
            loadings=found.loadings,
            phi=found.phi,
            theta=found.theta,
            nu=nu,
            factor_means=means,
            thresholds=found.tau,
            item_of_threshold=fitted.model.item_of_threshold,
        )
    return linear_scores(
        answers,
        loadings=found.loadings,
        phi=found.phi,
        theta=found.theta,
        nu=nu,
        factor_means=means,
        method=method,
    )


def _own(fitted: Fitted) -> _Persons:
    """The persons of the model; those left out of it keep their place."""
    data = fitted.statistics.data
    answers = data.values
    if isinstance(fitted.statistics, Ordinal):
        codes = fitted.statistics.categories.codes
        answers = np.where(codes == MISSING, np.nan, codes.astype(np.float64))
    return _Persons(
        answers=answers,
        group=data.group,
        row=data.row,
        labels=data.origin.labels,
        people=data.origin.people,
        index=data.origin.index,
        caveats=tuple(each for each in data.caveats if each.code not in OF_THE_MODEL),
        provenance=data.provenance,
    )


def _others(fitted: Fitted, source: Source) -> _Persons:
    """Persons of another source, who answered the items of the model."""
    data, items = fitted.statistics.data, fitted.table.items
    found = _answers(source, items, data.by, data.origin.scale)
    index = source.index if isinstance(source, pd.DataFrame) else pd.RangeIndex(len(found.values))
    given = answers = found.values[:, [found.items.index(name) for name in items]]
    labels = group_labels(found.groups, len(index))
    number = {name: place for place, name in enumerate(data.groups)}
    caveats = [each for each in found.caveats if each.code not in OF_THE_MODEL]
    caveats += _stranger_caveats(labels, data.by, data.groups)
    if isinstance(fitted.statistics, Ordinal):
        answers, strange = _coded(given, data.values, fitted.statistics.categories.codes)
        caveats += _category_caveats(items, strange, given)
    return _Persons(
        answers=answers,
        group=np.array([number.get(name, -1) for name in labels], dtype=np.int64),
        row=np.arange(len(index)),
        labels=labels,
        people=who(source),
        index=index,
        caveats=tuple(caveats),
        provenance=found.provenance,
    )


def _answers(source: Source, items: Sequence[str], by: str, scale: str) -> ItemData:
    """Answers to the items and the group, or an error that names all columns lacking."""
    if isinstance(source, pd.DataFrame):
        renamed = source.rename(columns=str)
        needed = [*items, by] if by else list(items)
        _have(needed, list(renamed.columns))
        chosen = renamed[[name for name in renamed.columns if name in needed]]
        return item_data(chosen, by=by or None)
    grouped = not by or (isinstance(source, Responses) and by in source.people)
    found = item_data(source, scale=scale or None, by=by if by and grouped else None)
    _have([*items, *([] if grouped else [by])], found.items)
    return found


def _have(needed: Sequence[str], columns: Sequence[str]) -> None:
    message = "the model needs it, and there is no column of that name."
    problems = [
        Problem(code="missing-column", column=name, message=message)
        for name in needed
        if name not in columns
    ]
    if problems:
        raise ResponseError(problems)


def _stranger_caveats(labels: pd.Series, by: str, groups: Sequence[str]) -> Iterator[Caveat]:
    if not by:
        return
    if n := int((labels == UNKNOWN).sum()):
        message = f"{counted(n, 'row')} without a group in {by!r} have no scores."
        yield Caveat(code="group-unknown", where=by, message=message)
    strange = labels[(labels != UNKNOWN) & ~labels.isin(groups)]
    if len(strange):
        names = list(dict.fromkeys(strange))
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        message = (
            f"{counted(len(strange), 'row')} of groups that the model does not have "
            f"({', '.join(map(repr, names[:NAMED]))}{more}) have no scores."
        )
        yield Caveat(code="group-not-in-model", where=by, message=message)


def _coded(answers: Floats, seen: Floats, codes: Integers) -> tuple[Floats, Booleans]:
    """Numbers of categories, as the persons of the model got them; and which answers have none."""
    coded = np.full(answers.shape, np.nan)
    for item in range(answers.shape[1]):
        known, first = np.unique(seen[:, item], return_index=True)
        number = codes[first, item].astype(np.float64)
        number, known = number[~np.isnan(known)], known[~np.isnan(known)]
        place = np.minimum(np.searchsorted(known, answers[:, item]), len(known) - 1)
        alike = known[place] == answers[:, item]
        coded[:, item] = np.where(alike, number[place], STRANGE)
    coded[np.isnan(answers)] = np.nan
    return coded, coded == STRANGE


def _category_caveats(items: Sequence[str], strange: Booleans, answers: Floats) -> Iterator[Caveat]:
    for item in map(int, np.flatnonzero(strange.any(axis=0))):
        found = np.unique(answers[strange[:, item], item])
        named = ", ".join(f"{value:g}" for value in found[:NAMED])
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        n = int(strange[:, item].sum())
        message = (
            f"{counted(n, 'row')} with an answer that nobody in the model gave ({named}{more}), so "
            "that it has no place among the thresholds, have no scores."
        )
        yield Caveat(code="unknown-category", where=items[item], message=message)


def _group_caveats(
    fitted: Fitted, name: str, answers: Floats, found: LatentScores, method: ScoreMethod
) -> Iterator[Caveat]:
    none = bool(np.isnan(found.scores).all())
    so = "there are no scores" if none else "scores rest on an improper solution"
    if "heywood" in found.flags:
        message = f"a residual variance is 0 or below (a Heywood case): {so}."
        yield Caveat(code="heywood-case", where=name, message=message)
    if "improper-residuals" in found.flags:
        message = f"the covariance matrix of the residuals is not positive definite: {so}."
        yield Caveat(code="improper-residuals", where=name, message=message)
    if "improper-factors" in found.flags:
        message = f"the covariance matrix of the factors is not positive definite: {so}."
        yield Caveat(code="factors-not-distinct", where=name, message=message)
    if "residual-covariances-ignored" in found.flags:
        message = (
            "scores take answers for independent given the factors; the residual covariances of "
            "the model are passed over, and standard errors are a little too small."
        )
        yield Caveat(code="residual-covariances-ignored", where=name, message=message)
    if n := int((~found.converged).sum()):
        message = f"the search for the scores of {counted(n, 'row')} did not come to rest."
        yield Caveat(code="not-converged", where=name, message=message)
    given = ~np.isnan(answers).all(axis=1)
    if n := int((~given).sum()):
        message = f"{counted(n, 'row')} without an answer to any item of the model have no scores."
        yield Caveat(code="nothing-answered", where=name, message=message)
    if method == "bartlett" and not none:
        yield from _undetermined(fitted, name, found.scores[given])


def _undetermined(fitted: Fitted, name: str, scores: Floats) -> Iterator[Caveat]:
    for factor, missing in zip(fitted.table.factors, np.isnan(scores).T, strict=True):
        if not (n := int(missing.sum())):
            continue
        of_whom = f"of {counted(n, 'row')} " if n < len(missing) else ""
        message = (
            f"the answers {of_whom}do not determine the factor {factor!r} without what is known of "
            "factors beforehand, so there is no Bartlett score; method='regression' has one."
        )
        yield Caveat(code="factor-undetermined", where=name, message=message)
