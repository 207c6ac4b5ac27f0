"""Whether a source has the groups, scale and items that a factor model asks for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.define.problems import listed
from digilitt.errors import Problem, counted
from digilitt.evidence.models.syntax import ParsedModel
from digilitt.evidence.names import near
from digilitt.result import UNKNOWN
from digilitt.scoring.responses import Responses

# More groups than this, most of them of fewer persons than the other: that is no column of groups.
MANY_GROUPS = 10
TINY_GROUP = 3


def group_labels(groups: pd.Series | None, n: int) -> pd.Series:
    """Group of each row as text, without blanks around it; "(unknown)" where nothing is left."""
    if groups is None:
        return pd.Series("", range(n))
    # A column of whole numbers with a hole in it holds 1.0 for 1.
    texts = pd.Series([_text(value).strip() for value in groups], groups.index, dtype="object")
    return texts.where(texts != "", UNKNOWN)


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def identity_problem(labels: pd.Series, counts: NDArray[np.float64], by: str) -> Problem | None:
    """Whether a column of groups rather tells one person from the other."""
    known = (labels != UNKNOWN).to_numpy()
    sizes = pd.Series(counts[known]).groupby(labels[known].to_numpy()).sum()
    tiny = sizes[sizes < TINY_GROUP]
    if len(sizes) <= MANY_GROUPS or 2 * len(tiny) <= len(sizes):
        return None
    most = round(float(tiny.max()))
    persons = f"with {counted(1, 'person')}" if most == 1 else f"with {most} persons or fewer"
    message = f"{len(sizes)} groups, {len(tiny)} of them {persons}; is {by!r} an identity?"
    return Problem(code="too-few-persons", column=by, message=message)


def who(source: Responses | pd.DataFrame) -> pd.DataFrame:
    """Columns person and wave of responses that know persons; no columns otherwise."""
    if not isinstance(source, Responses) or "person" not in source.people:
        return pd.DataFrame(index=pd.RangeIndex(0))
    people = source.people.reset_index(drop=True)
    return people[[name for name in ("person", "wave") if name in people]]


def named_items(
    parsed: ParsedModel,
    *,
    by: str | None,
    cluster: str | None,
    weight: str | None,
    counts: str | None,
) -> Iterator[Problem]:
    """Columns that are something else, and so cannot be items of the model."""
    measured = {term.rhs for term in parsed.terms if term.op == "=~"}
    others = {by: "groups", cluster: "units", weight: "sampling weights", counts: "counts"}
    for name, what in others.items():
        if name in measured:
            message = f"is the column of {what}, and so cannot be an item."
            yield Problem(code="wrong-value", column=name, message=message)


def scale_problem(source: Responses, scale: str | None) -> Problem | None:
    """Whether there is no such scale, or none of items."""
    known = [each.id for each in source.instrument.scales]
    if scale is None:
        return None
    if scale not in known:
        message = f"found {scale!r}; the scales are {listed(known)}.{near(str(scale), known)}"
        return Problem(code="wrong-value", column="scale", message=message)
    if not any(each.items for each in source.instrument.scales if each.id == scale):
        message = f"{scale!r} is made of other scales; write a model of their items."
        return Problem(code="wrong-value", column="scale", message=message)
    return None
