"""Scoring data frames of any engine: the same kind of frame comes back, with columns added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, cast

import narwhals.stable.v2 as nw
import numpy as np

from digilitt.define.instrument import Instrument
from digilitt.errors import Problem, ResponseError
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.expressions import output_names, stages
from digilitt.scoring.item_expressions import (
    TEMPORARY,
    as_raw_in_duckdb,
    invalid_counts,
    raw_name,
)
from digilitt.scoring.kernel import score_arrays
from digilitt.scoring.plan import ItemPlan, Plan, expected

Frame = TypeVar("Frame")


def score_frame(
    frame: Frame,
    instrument: Instrument | Plan,
    *,
    on_problem: Literal["error", "missing"] = "error",
) -> Frame:
    """Score a data frame, eager or lazy, and get the same kind of frame back.

    Row order, index and all other columns stay. For each scale the columns
    ``{scale}_{metric}``, ``{scale}_n_answered`` and, where it has bands, ``{scale}_band``
    (the band's id) are added.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame or LazyFrame, pyarrow.Table or DuckDB relation
        One row per person (and wave). Item columns hold raw codes as numbers of any type,
        blank or NaN where there is no answer; group columns that norms need hold text.
    instrument : Instrument or Plan
        A plan, from `compile_plan`, saves compiling where many frames are scored.
    on_problem : {"error", "missing"}
        What to do with answers that are neither an option nor a missing code. "error"
        looks for them first (on a lazy frame that runs one aggregation). "missing"
        takes them as not answered and counts them in ``{scale}_n_invalid``. An answer to an
        item that a gate says was not asked is set aside in either case.

    Returns
    -------
    The same type as `frame`
        Whatever the types of the answers: scores are Float64, in each scale's own metric and
        range, null where the missing rule is not met or no norm fits; counts are Int64; bands
        are String, null without a score. In pandas that is float64 with NaN, int64 and str.
        Rows keep their order where the engine has one (DuckDB has none).

    Raises
    ------
    ResponseError
        If item columns are lacking or not numeric, if a score's column is there already, if
        two columns have one name, or if there are invalid answers and `on_problem` is "error".

    Examples
    --------
    >>> import digilitt as dl
    >>> import pandas as pd
    >>> answers = pd.DataFrame({f"sus{i}": [3, 5] for i in range(1, 11)})
    >>> dl.score_frame(answers, dl.instrument("sus"))["sus_linear_score"].tolist()
    [50.0, 50.0]
    """
    if on_problem not in ("error", "missing"):
        raise ResponseError(f"on_problem={on_problem!r} is unknown; use 'error' or 'missing'.")
    plan = instrument if isinstance(instrument, Plan) else compile_plan(instrument)
    count_invalid = on_problem == "missing"
    data = _checked(frame, plan, count_invalid)
    if data.implementation.is_pandas():
        scored = _by_kernel(data.to_native(), plan, count_invalid)
    else:
        scored = _by_expressions(data, plan, count_invalid)
    return cast(Frame, scored)


def _by_expressions(data: Any, plan: Plan, count_invalid: bool) -> Any:
    # Polars optimises and parallelises a whole query better than one call after the other.
    eager_polars = isinstance(data, nw.DataFrame) and data.implementation.is_polars()
    work = data.lazy() if eager_polars else data
    steps = stages(plan, count_invalid=count_invalid)
    if data.implementation.is_pyarrow():
        work, steps = _cast_by_arrow(work, plan), steps[1:]
    if data.implementation.is_duckdb():
        steps = [tuple(as_raw_in_duckdb(name) for name in plan.columns), *steps[1:]]
    for stage in steps:
        work = work.with_columns(*stage)
    made = output_names(plan, count_invalid=count_invalid)
    names = work.collect_schema().names()
    # Not by their names, which Polars may take for patterns ("*").
    others = nw.exclude(*made, *(name for name in names if name.startswith(TEMPORARY)))
    counts = {} if count_invalid else invalid_counts(plan)
    if eager_polars:
        return nw.to_native(_in_one_query(work, [others, *made], counts))
    if counts:
        numbers = work.select(*(count.alias(item.item) for item, count in counts.items()))
        _refuse(dict(zip(counts, numbers.lazy().collect().row(0), strict=True)))
    return nw.to_native(work.select(others, *made))


def _cast_by_arrow(data: Any, plan: Plan) -> Any:
    """The raw codes; Arrow, unless told, refuses whole numbers that Float64 cannot hold exactly."""
    table = data.to_native()
    for name in plan.columns:
        table = table.append_column(raw_name(name), table[name].cast("float64", safe=False))
    codes = (nw.col(raw_name(name)).fill_nan(None) for name in plan.columns)
    return nw.from_native(table).with_columns(*codes)


def _in_one_query(work: Any, wanted: Sequence[Any], counts: Mapping[ItemPlan, nw.Expr]) -> Any:
    """Scores and the counts of invalid answers, which Polars keeps as one number a column."""
    named = {item: f"{TEMPORARY}count_{item.item}" for item in counts}
    numbers = [count.alias(named[item]) for item, count in counts.items()]
    scored = work.select(*wanted, *numbers).collect()
    if len(scored):
        _refuse({item: scored[name][0] for item, name in named.items()})
    return scored.drop(*named.values())


def _by_kernel(frame: Any, plan: Plan, count_invalid: bool) -> Any:
    """pandas holds numpy arrays already, and the kernel makes fewer passes over them."""
    import pandas as pd

    columns = {
        name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in plan.columns
    }
    groups = {name: frame[name].to_numpy(dtype=object, na_value=None) for name in plan.norm_groups}
    scored = score_arrays(plan, columns, groups)
    if not count_invalid:
        _refuse({item: scored.invalid[item.item] for item in plan.read_items})
    added: dict[str, Any] = {}
    text = pd.StringDtype(na_value=np.nan)  # "str" is something else in pandas 2
    for scale in plan.scales:
        scores = scored.scales[scale.scale]
        added[scale.column] = scores.estimate
        added[f"{scale.scale}_n_answered"] = scores.n_answered
        if scale.all_bands:
            ids = pd.array([*scale.all_bands, None], dtype=text)
            added[f"{scale.scale}_band"] = ids.take(scores.band)
        if count_invalid:
            added[f"{scale.scale}_n_invalid"] = scores.n_invalid
    new = pd.DataFrame(added, index=frame.index)
    new.columns.name = frame.columns.name
    made = pd.concat([frame, new], axis=1)
    made.attrs = frame.attrs
    return made


def _checked(frame: Any, plan: Plan, count_invalid: bool) -> Any:
    """The frame as narwhals sees it, once its columns are known to be in order."""
    try:
        data = nw.from_native(frame)
        schema = data.collect_schema()
    except TypeError:
        message = (
            f"found a {type(frame).__name__}; expected a data frame, such as pandas or Polars."
        )
        raise ResponseError([Problem(code="no-frame", message=message)]) from None
    except nw.exceptions.DuplicateError:
        names = getattr(frame, "column_names", getattr(frame, "columns", ()))
        twice = [name for name, count in Counter(names).items() if count > 1]
        message = "stands more than once; rename all but one, or drop them."
        raise ResponseError(
            Problem(code="column-twice", column=str(name), message=message) for name in twice
        ) from None
    names = schema.names()
    if problems := [
        *_patterns(data, names),
        *_lacking(plan, names),
        *_not_numeric(data, [name for name in plan.columns if name in names]),
        *_not_text(data, [name for name in plan.norm_groups if name in names]),
        *_clashes(names, output_names(plan, count_invalid=count_invalid)),
    ]:
        raise ResponseError(problems)
    return data


def _patterns(data: Any, names: Sequence[str]) -> Iterator[Problem]:
    if data.implementation.is_duckdb() and "*" in names:
        message = "is a name that DuckDB takes for all columns; rename it."
        yield Problem(code="column-name", column="*", message=message)


def _lacking(plan: Plan, names: Sequence[str]) -> Iterator[Problem]:
    known = [name for name in names if isinstance(name, str)]
    for name in (*plan.columns, *plan.norm_groups):
        if name not in names:
            close = get_close_matches(name, known, n=1)
            hint = f" Is it {close[0]!r}?" if close else ""
            message = f"no column of that name; the instrument needs it.{hint}"
            yield Problem(code="missing-column", column=name, message=message)


def _not_numeric(data: Any, names: Sequence[str]) -> Iterator[Problem]:
    schema = data.collect_schema()
    for name in _filled(data, [name for name in names if not schema[name].is_numeric()]):
        yield Problem(
            code="not-numeric",
            column=name,
            message=f"holds {schema[name]}; expected numbers. Read labels with "
            "responses() or read_responses(), which turn them into codes.",
        )


def _not_text(data: Any, names: Sequence[str]) -> Iterator[Problem]:
    schema = data.collect_schema()
    texts = (nw.String, nw.Categorical, nw.Enum)
    for name in _filled(data, [name for name in names if not isinstance(schema[name], texts)]):
        message = f"holds {schema[name]}; expected text, as the norm groups of the instrument."
        yield Problem(code="not-text", column=name, message=message)


def _filled(data: Any, names: Sequence[str]) -> list[str]:
    """Columns that hold anything; without a value, many engines leave the type unknown."""
    if not names:
        return []
    schema = data.collect_schema()
    untyped = [name for name in names if isinstance(schema[name], nw.String | nw.Unknown)]
    if not untyped:
        return list(names)
    counts = data.select(nw.col(*untyped).count()).lazy().collect().row(0)
    empty = {name for name, count in zip(untyped, counts, strict=True) if not count}
    return [name for name in names if name not in empty]


def _clashes(names: Sequence[str], made: Sequence[str]) -> Iterator[Problem]:
    for name in names:
        if name in made or str(name).startswith(TEMPORARY):
            message = "is in the frame already; rename or drop it, so that nothing is overwritten."
            yield Problem(code="name-clash", column=name, message=message)


def _refuse(found: dict[ItemPlan, int]) -> None:
    problems = [
        Problem(
            code="invalid-answer",
            column=item.item,
            message=f"{count} answers are neither an option nor a missing code; expected "
            f"{expected(item)}. Mend them, or pass on_problem='missing' to count them.",
        )
        for item, count in found.items()
        if count
    ]
    if problems:
        raise ResponseError(problems)
