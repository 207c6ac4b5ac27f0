"""What `efa` can be asked for, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError
from digilitt.evidence.options import is_random, is_whole
from digilitt.evidence.structure_matrix import Correlation
from digilitt.numerics.moments import Deletion

Floats = NDArray[np.float64]
Method = Literal["minres", "ml"]
RotationName = Literal[
    "varimax", "promax", "oblimin", "quartimin", "geomin", "target", "target-orthogonal"
]

TARGETS = ("target", "target-orthogonal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `efa` was asked for."""

    n_factors: int
    method: Method
    rotation: RotationName | None
    correlation: Correlation
    missing: Deletion
    normalize: bool
    n_starts: int
    n_bootstrap: int
    conf_level: float


def option_problems(
    options: Options, target: object, rng: object, n_persons: object, of_answers: list[str]
) -> Iterator[Problem]:
    """What is wrong with what `efa` was asked for; `of_answers`, if given, need answers."""

    def wrong(name: str, message: str) -> Problem:
        return Problem(code="wrong-value", column=name, message=message)

    choices = {
        "method": get_args(Method),
        "rotation": (*get_args(RotationName), None),
        "correlation": get_args(Correlation),
        "missing": get_args(Deletion),
        "normalize": (True, False),
    }
    for name, known in choices.items():
        if (value := getattr(options, name)) not in known:
            yield wrong(name, f"found {value!r}; expected {', '.join(map(repr, known))}.")
    for name, least in {"n_factors": 1, "n_starts": 1, "n_bootstrap": 0}.items():
        value = getattr(options, name)
        if not is_whole(value) or value < least:
            yield wrong(name, f"found {value!r}; expected a whole number of {least} or more.")
    if not isinstance(options.conf_level, float) or not 0.0 < options.conf_level < 1.0:
        yield wrong("conf_level", f"found {options.conf_level!r}; expected such as 0.95.")
    if not is_random(rng):
        yield wrong("rng", f"found {rng!r}; expected a seed (from 0) or a numpy Generator.")
    wanted = options.rotation in TARGETS
    if wanted != isinstance(target, pd.DataFrame):
        message = "a data frame, items by factors, goes with rotation='target' and no other."
        yield wrong("target", message)
    if options.normalize and (wanted or options.rotation is None):
        yield wrong("normalize", f"does not go with rotation={options.rotation!r}.")
    if n_persons is not None:
        if options.n_bootstrap:
            yield wrong("n_bootstrap", "a correlation matrix has no persons to sample from.")
        if options.correlation != "pearson":
            yield wrong("correlation", "a correlation matrix is taken as it stands.")
        for name in of_answers:
            yield wrong(name, "does not go with a correlation matrix.")


def target_values(target: pd.DataFrame, items: tuple[str, ...], n_factors: int) -> Floats:
    """The target in the order of the items."""
    labels = list(map(str, target.index))
    if sorted(labels) != sorted(items) or len(target.columns) != n_factors:
        message = (
            f"expected one row for each of the items {', '.join(items)} and {n_factors} columns; "
            f"found {', '.join(labels)} and {len(target.columns)} columns."
        )
        raise ResponseError([Problem(code="bad-target", column="target", message=message)])
    if not all(pd.api.types.is_numeric_dtype(kind) for kind in target.dtypes):
        message = "expected numbers, NaN where a loading may be anything."
        raise ResponseError([Problem(code="bad-target", column="target", message=message)])
    values = target.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(values[[labels.index(item) for item in items]])
