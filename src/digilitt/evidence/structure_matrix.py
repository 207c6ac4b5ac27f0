"""The correlation matrix that factors are extracted from: out of answers, or as published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import EstimationError, Problem, ResponseError, counted
from digilitt.evidence.data import LARGEST, ItemData, Source, item_data
from digilitt.evidence.options import category_problems, is_whole
from digilitt.evidence.polychoric import MOST_CATEGORIES
from digilitt.numerics.moments import Deletion, covariances
from digilitt.numerics.polychoric import polychoric_matrix
from digilitt.numerics.tables import category_codes, pair_tables
from digilitt.result import Caveat, Provenance

Floats = NDArray[np.float64]
Correlation = Literal["pearson", "polychoric"]

# With fewer persons every correlation is 1 or -1.
FEWEST = 3
SINGULAR = 1e-10
# Published matrices are typed by hand, but both triangles alike.
SAME = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """What factors are extracted from.

    Attributes
    ----------
    r : numpy.ndarray of float64, shape (n_items, n_items)
    n : int
        Persons; of the pair that fewest answered, where pairs differ.
    items : tuple of str
    data : ItemData or None
        The answers behind `r`; None for a matrix as published.
    scale : str
    caveats : tuple of Caveat
    provenance : Provenance
    """

    r: Floats
    n: int
    items: tuple[str, ...]
    data: ItemData | None
    scale: str
    caveats: tuple[Caveat, ...]
    provenance: Provenance


def from_answers(
    source: Source,
    *,
    scale: str | None,
    counts: str | None,
    correlation: Correlation,
    missing: Deletion,
) -> Basis:
    """Correlations of the items that persons answered.

    Raises
    ------
    ResponseError
        If the source cannot be used, is itself a correlation matrix, or an item has too many
        different answers for a polychoric correlation.
    EstimationError
        If there are fewer than three items or persons, an item has no variance, or a correlation
        cannot be computed.
    """
    if isinstance(source, pd.DataFrame) and _is_correlation(source):
        message = "this frame is a correlation matrix; say n_persons= to factor it as one."
        raise ResponseError([Problem(code="matrix-without-n", message=message)])
    whole = item_data(source, scale=scale, counts=counts)
    whole = whole.rows(np.asarray(whole.counts > 0))
    used = whole.complete() if missing == "listwise" else whole
    if problems := list(_answer_problems(whole, used, correlation)):
        raise (EstimationError if problems[0].code != "too-many-categories" else ResponseError)(
            problems
        )
    r, n_pairs, at_bound = correlate(used.values, used.counts, correlation, missing)
    if problems := list(_correlation_problems(r, used.items)):
        raise EstimationError(problems)
    n = round(float(n_pairs.min()))
    return Basis(
        r=r,
        n=n,
        items=used.items,
        data=used,
        scale=used.scale,
        caveats=(
            *whole.caveats,
            *_caveats(whole, used, n_pairs, at_bound),
            *_rank_caveats(r, n),
        ),
        provenance=whole.provenance,
    )


def correlate(
    values: Floats, counts: Floats, correlation: Correlation, missing: Deletion
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Correlations, the persons behind each, and which ended at the bound of the search."""
    if correlation == "pearson":
        found = covariances(values, counts, missing)
        return found.correlation, found.n, np.zeros(found.n.shape, dtype=bool)
    here = np.asarray(counts > 0)
    codes = category_codes(values[here])
    most = max((len(each) for each in codes.categories), default=1)
    estimated = polychoric_matrix(*pair_tables(codes.codes, max(most, 2), counts[here]))
    return estimated.correlation, estimated.n_pairs, estimated.at_bound


def from_matrix(frame: object, n_persons: object) -> Basis:
    """A correlation matrix as it was published, with the number of persons behind it.

    Raises
    ------
    ResponseError
        If it is no correlation matrix with items as labels of both rows and columns, or
        `n_persons` is no whole number from 3 to 1e12; all problems at once.
    """
    problems = []
    if not is_whole(n_persons) or not FEWEST <= n_persons <= LARGEST:
        message = f"found {n_persons!r}; expected a whole number from {FEWEST} to {LARGEST:g}."
        problems.append(Problem(code="wrong-value", column="n_persons", message=message))
    if not isinstance(frame, pd.DataFrame):
        message = (
            f"n_persons= is for a correlation matrix in a data frame; found a "
            f"{type(frame).__name__}."
        )
        problems.append(Problem(code="bad-correlation", message=message))
        raise ResponseError(problems)
    problems += _matrix_problems(frame)
    if problems:
        raise ResponseError(problems)
    r = frame.to_numpy(dtype=np.float64)
    r = (r + r.T) / 2.0
    np.fill_diagonal(r, 1.0)
    n = int(n_persons)  # type: ignore[call-overload]
    items = tuple(map(str, frame.columns))
    return Basis(
        r=r,
        n=n,
        items=items,
        data=None,
        scale="",
        caveats=tuple(_rank_caveats(r, n)),
        provenance=Provenance(n=n),
    )


def _matrix_problems(frame: pd.DataFrame) -> Iterator[Problem]:
    def problem(message: str) -> Problem:
        return Problem(code="bad-correlation", message=message)

    numeric = [pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]
    if list(map(str, frame.index)) != list(map(str, frame.columns)):
        yield problem("rows and columns must have the same labels, the items, in the same order.")
    elif frame.columns.has_duplicates:
        yield problem("an item stands more than once.")
    elif not all(numeric):
        yield problem("expected numbers alone.")
    elif len(frame) < FEWEST:
        yield Problem(code="too-few-items", message="three items are the fewest for a factor.")
    else:
        r = frame.to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isfinite(r).all():
            yield problem("a correlation is missing or infinite.")
            return
        if np.abs(np.diag(r) - 1.0).max() > SAME:
            yield problem("the diagonal must be 1 throughout; this may be a covariance matrix.")
        if np.abs(r - r.T).max() > SAME:
            yield problem("the triangles differ; fill in both, with the same numbers.")
        if np.abs(r[~np.eye(len(r), dtype=bool)]).max(initial=0.0) > 1.0:
            yield problem("a correlation is beyond 1.")


def _is_correlation(frame: pd.DataFrame) -> bool:
    return len(frame) == len(frame.columns) and not list(_matrix_problems(frame))


def _answer_problems(
    whole: ItemData, data: ItemData, correlation: Correlation
) -> Iterator[Problem]:
    if correlation == "polychoric":
        yield from category_problems(data, MOST_CATEGORIES)
    if len(data.items) < FEWEST:
        message = f"found {counted(len(data.items), 'item')}; three are the fewest for a factor."
        yield Problem(code="too-few-items", message=message)
    if data.n_persons < FEWEST:
        hint = " missing='pairwise' keeps persons with some answers."
        message = (
            f"{counted(data.n_persons, 'person')} can be used; with fewer than {FEWEST} every "
            f"correlation is 1 or -1.{hint if data.n_persons < whole.n_persons else ''}"
        )
        yield Problem(code="too-few-persons", message=message)
        return
    for name, column in zip(data.items, data.values.T, strict=True):
        answered = column[~np.isnan(column)]
        if len(answered) == 0 or answered.min() == answered.max():
            message = "all answers are alike or missing, so it correlates with nothing; drop it."
            yield Problem(code="constant-item", column=name, message=message)


def _correlation_problems(r: Floats, items: tuple[str, ...]) -> Iterator[Problem]:
    for a, b in np.argwhere(np.triu(np.isnan(r), 1)):
        message = (
            f"no correlation with {items[b]!r}: too few persons answered both, or one of the two "
            "does not vary among them; drop one."
        )
        yield Problem(code="correlation-unknown", column=items[a], message=message)


def _caveats(
    whole: ItemData, used: ItemData, n_pairs: Floats, at_bound: NDArray[np.bool_]
) -> Iterator[Caveat]:
    if used.n_persons < whole.n_persons:
        left_out = whole.n_persons - used.n_persons
        message = (
            f"{left_out} of {counted(whole.n_persons, 'person')} did not answer every item and are "
            "left out; missing='pairwise' keeps what they answered."
        )
        yield Caveat(code="persons-left-out", message=message)
    fewest, most = round(float(n_pairs.min())), round(float(n_pairs.max()))
    if fewest < most:
        message = (
            f"each correlation rests on the {fewest} to {most} persons who answered both items; "
            f"where a formula needs one n, it is {fewest}."
        )
        yield Caveat(code="pairwise-n", message=message)
    for a, b in np.argwhere(np.triu(at_bound, 1)):
        where = f"{used.items[a]}, {used.items[b]}"
        message = "the likelihood still grows at a polychoric correlation of 0.999; it ends there."
        yield Caveat(code="polychoric-at-bound", where=where, message=message)


def _rank_caveats(r: Floats, n: int) -> Iterator[Caveat]:
    if n <= len(r):
        message = (
            f"{counted(n, 'person')} and {counted(len(r), 'item')}: there must be more persons."
        )
        yield Caveat(code="fewer-persons-than-items", message=message)
    if (smallest := float(np.linalg.eigvalsh(r)[0])) <= SINGULAR:
        message = (
            f"the smallest eigenvalue of the correlation matrix is {smallest:.3g}, so it has no "
            "inverse: no chi2 and nothing that rests on it, and no factor scores but Bartlett's."
        )
        yield Caveat(code="not-positive-definite", message=message)
