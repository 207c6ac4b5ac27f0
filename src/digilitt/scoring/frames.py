"""Scoring data frames of any engine: the same kind of frame comes back, with columns added."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Literal, TypeVar, cast

import narwhals.stable.v2 as nw
import numpy as np

from digilitt.define.instrument import Instrument
from digilitt.errors import Problem, ResponseError
from digilitt.scoring.expressions import output_names, stages
from digilitt.scoring.item_expressions import invalid_count
from digilitt.scoring.kernel import score_arrays
from digilitt.scoring.plan import ItemPlan, Plan, compile_plan, expected

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
    frame : pandas.DataFrame, polars.DataFrame or polars.LazyFrame
        One row per person (and wave); item columns hold raw codes, blank or NaN where
        there is no answer.
    instrument : Instrument or Plan
        A plan, from `compile_plan`, saves compiling where many frames are scored.
    on_problem : {"error", "missing"}
        What to do with answers that are neither an option nor a missing code. "error"
        looks for them first (on a lazy frame that runs one aggregation). "missing"
        takes them as not answered and counts them in ``{scale}_n_invalid``.

    Returns
    -------
    The same type as `frame`
        Scores are Float64, in each scale's own metric and range; null (NaN in pandas)
        where the missing rule is not met.

    Raises
    ------
    ResponseError
        If item columns are lacking or not numeric, if a score's column is there already,
        or if there are invalid answers and `on_problem` is "error".

    Examples
    --------
    >>> import pandas as pd
    >>> from digilitt.define.catalogue import instrument
    >>> answers = pd.DataFrame({f"s{i}": [3, 5] for i in range(1, 11)})
    >>> score_frame(answers, instrument("sus"))["sus_linear_score"].tolist()
    [50.0, 50.0]
    """
    plan = instrument if isinstance(instrument, Plan) else compile_plan(instrument)
    count_invalid = on_problem == "missing"
    data = _checked(frame, plan, count_invalid)
    if data.implementation.is_pandas():
        scored = _by_kernel(data.to_native(), plan, count_invalid)
    else:
        scored = _by_expressions(data, plan, count_invalid)
    return cast(Frame, scored)


def _by_expressions(data: Any, plan: Plan, count_invalid: bool) -> Any:
    names = data.collect_schema().names()
    # Polars optimises and parallelises a whole query better than one call after the other.
    eager_polars = isinstance(data, nw.DataFrame) and data.implementation.is_polars()
    work = data.lazy() if eager_polars else data
    for stage in stages(plan, count_invalid=count_invalid):
        work = work.with_columns(*stage)
    if not count_invalid:
        items = plan.scored_items
        counts = work.select(*(invalid_count(plan, item).alias(item.item) for item in items))
        _refuse(dict(zip(items, counts.lazy().collect().row(0), strict=True)))
    scored = work.select(*names, *output_names(plan, count_invalid=count_invalid))
    return nw.to_native(scored.collect() if eager_polars else scored)


def _by_kernel(frame: Any, plan: Plan, count_invalid: bool) -> Any:
    """pandas holds numpy arrays already, and the kernel makes fewer passes over them."""
    import pandas as pd

    columns = {
        name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in plan.columns
    }
    groups = {name: frame[name].to_numpy(dtype=object) for name in plan.norm_groups}
    scored = score_arrays(plan, columns, groups)
    if not count_invalid:
        _refuse({item: scored.invalid[item.item] for item in plan.scored_items})
    added: dict[str, Any] = {}
    for scale in plan.scales:
        scores = scored.scales[scale.scale]
        added[scale.column] = scores.estimate
        added[f"{scale.scale}_n_answered"] = scores.n_answered
        if scale.band_ids:
            ids = pd.array([*scale.band_ids, None], dtype="str")
            added[f"{scale.scale}_band"] = ids.take(scores.band)
        if count_invalid:
            added[f"{scale.scale}_n_invalid"] = scores.n_invalid
    return pd.concat([frame, pd.DataFrame(added, index=frame.index)], axis=1)


def _checked(frame: Any, plan: Plan, count_invalid: bool) -> Any:
    """The frame as narwhals sees it, once its columns are known to be in order."""
    try:
        data = nw.from_native(frame)
    except TypeError:
        message = (
            f"found a {type(frame).__name__}; expected a data frame, such as pandas or Polars."
        )
        raise ResponseError([Problem(code="no-frame", message=message)]) from None
    schema = data.collect_schema()
    names = schema.names()
    problems = [
        _lacking(name, names) for name in (*plan.columns, *plan.norm_groups) if name not in names
    ]
    problems += [
        Problem(
            code="not-numeric",
            column=name,
            message=f"holds {schema[name]}; expected numbers. Read labels with "
            "responses() or read_responses(), which turn them into codes.",
        )
        for name in plan.columns
        if name in names and not schema[name].is_numeric()
    ]
    problems += [
        Problem(
            code="name-clash",
            column=name,
            message="is in the frame already; rename or drop it, so that nothing is overwritten.",
        )
        for name in output_names(plan, count_invalid=count_invalid)
        if name in names
    ]
    if problems:
        raise ResponseError(problems)
    return data


def _lacking(name: str, names: list[str]) -> Problem:
    close = get_close_matches(name, names, n=1)
    hint = f" Is it {close[0]!r}?" if close else ""
    message = f"no column of that name; the instrument needs it.{hint}"
    return Problem(code="missing-column", column=name, message=message)


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
