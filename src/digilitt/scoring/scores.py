"""Scores: what the answers of each person came to on each scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from digilitt.define.instrument import Instrument
from digilitt.errors import Problem, ResponseError, counted
from digilitt.result import Caveat, Provenance, Result
from digilitt.scoring.answers import is_allowed
from digilitt.scoring.cells import is_blank, parse_number
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.kernel import PlanScores, score_arrays
from digilitt.scoring.persons import quoted
from digilitt.scoring.plan import Plan, ScalePlan, expected
from digilitt.scoring.responses import Responses

PEOPLE = ("person", "wave")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Scores(Result):
    """Scores per person, wave and scale.

    Attributes
    ----------
    table : pandas.DataFrame
        Long: person, wave, groups, scale, metric, estimate (in the scale's metric and
        range; NaN where the missing rule is not met), std_error (NaN until a reliability
        is known), n_answered, n_missing (parts of the scale that the missing rule counts),
        band (id; missing without a score or without bands).
    responses : Responses
        The answers behind the scores.
    """

    responses: Responses

    @property
    def instrument(self) -> Instrument:
        """The instrument that was answered."""
        return self.responses.instrument

    def wide(self) -> pd.DataFrame:
        """One row per person and wave: people, then for each scale its score, n, and band.

        Columns are ``{scale}_{metric}``, ``{scale}_n_answered`` and ``{scale}_band``.
        """
        n, plan = len(self.responses), self.responses.plan
        made = self.responses.people.copy()
        for position, scale in enumerate(plan.scales):
            rows = self.table.iloc[position :: len(plan.scales)].reset_index(drop=True)
            made[scale.column] = rows["estimate"]
            made[f"{scale.scale}_n_answered"] = rows["n_answered"]
            if scale.all_bands:
                made[f"{scale.scale}_band"] = rows["band"]
        return made.set_axis(pd.RangeIndex(n))


def score(responses: Responses) -> Scores:
    """Score responses: every scale of the instrument, for every person and wave.

    Parameters
    ----------
    responses : Responses

    Returns
    -------
    Scores

    Raises
    ------
    ResponseError
        If norms need a group that was not named.

    Notes
    -----
    A scale's score is the sum of weight × keyed score over its answered parts, as a mean
    (divided by their weights), a sum (prorated to all parts unless the instrument says
    otherwise), the percentage of the maximum possible 100 (sum − lowest) / (highest −
    lowest) over answered parts, a linear transform, or a T score 50 + 10 (base − mean) / sd.
    Reversal is lowest + highest possible − score.

    Examples
    --------
    >>> import digilitt as dl
    >>> sus = dl.instrument("sus")
    >>> answers = dl.read_responses(dl.sample("sus"), sus, person="person")
    >>> dl.score(answers).table.columns.tolist()[:4]
    ['person', 'scale', 'metric', 'estimate']
    """
    if not isinstance(responses, Responses):
        raise ResponseError(
            f"found a {type(responses).__name__}; expected Responses, made by read_responses() "
            "or responses(). For a plain data frame use score_frame()."
        )
    plan = responses.plan
    people = responses.people
    if lacking := [name for name in plan.norm_groups if name not in people]:
        raise ResponseError(
            f"Norms are by {', '.join(lacking)}: name that column in groups= when reading."
        )
    columns = {name: responses.codes[name].to_numpy(dtype=np.float64) for name in plan.columns}
    groups = {name: people[name].to_numpy(dtype=object) for name in plan.norm_groups}
    scored = score_arrays(plan, columns, groups)
    return Scores(
        kind="scores",
        table=_long(people, plan, scored),
        caveats=(*responses.caveats, *_caveats(plan, scored, groups)),
        provenance=Provenance(
            instrument=plan.instrument.name,
            digest=plan.instrument.digest,
            method="score",
            options=responses.provenance.options,
            n=len(responses),
            source=responses.provenance.source,
            seed=responses.provenance.seed,
        ),
        responses=responses,
    )


def _long(people: pd.DataFrame, plan: Plan, scored: PlanScores) -> pd.DataFrame:
    n, n_scales = len(people), len(plan.scales)
    first = [name for name in PEOPLE if name in people]
    rest = [name for name in people if name not in first]
    made = people[[*first, *rest]].loc[people.index.repeat(n_scales)].reset_index(drop=True)
    scales = [scored.scales[scale.scale] for scale in plan.scales]

    def interleaved(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.column_stack([getattr(scores, name) for scores in scales]).reshape(-1)

    made["scale"] = [scale.scale for scale in plan.scales] * n
    made["metric"] = [scale.metric_name for scale in plan.scales] * n
    made["estimate"] = interleaved("estimate")
    made["std_error"] = np.nan
    made["n_answered"] = interleaved("n_answered")
    made["n_missing"] = interleaved("n_missing")
    ids = [np.array([*scale.all_bands, None], dtype=object) for scale in plan.scales]
    bands = [names[scores.band] for names, scores in zip(ids, scales, strict=True)]
    text = pd.StringDtype(na_value=np.nan)  # "str" is something else in pandas 2
    made["band"] = pd.array(np.column_stack(bands).reshape(-1).tolist(), dtype=text)
    return made


def instrument_caveats(instrument: Instrument) -> Iterator[Caveat]:
    """What is not known of the instrument, whoever answered it."""
    if instrument.status == "pilot":
        message = "the instrument is a pilot: nothing shows yet what its scores may be used for."
        yield Caveat(code="instrument-pilot", where=instrument.name, message=message)
    if n := len(instrument.unverified):
        message = f"{counted(n, 'fact')} of the instrument not checked; see its 'unverified'."
        yield Caveat(code="instrument-unverified", where=instrument.name, message=message)


def _caveats(
    plan: Plan,
    scored: PlanScores,
    groups: Mapping[str, np.ndarray[tuple[int], np.dtype[np.object_]]],
) -> Iterator[Caveat]:
    yield from instrument_caveats(plan.instrument)
    message = "no standard error: it needs a reliability, and none was estimated here."
    yield Caveat(code="std-error-unknown", message=message)
    for scale in plan.scales:
        scores = scored.scales[scale.scale]
        unassessed = scores.band == len(scale.band_ids)
        unscored = np.isnan(scores.estimate) & ~unassessed
        nothing = (scores.n_answered == 0) & ~unassessed
        if n := int(unassessed.sum()):
            message = f"{counted(n, 'row')} not assessed, since nothing in it applies to them."
            yield Caveat(code="not-assessed", where=scale.scale, message=message)
        if few := int((unscored & ~nothing).sum()):
            message = f"{counted(few, 'row')} with too few answers for a score ({_rule(scale)})."
            yield Caveat(code="too-few-answers", where=scale.scale, message=message)
        if none := int(nothing.sum()):
            message = f"{counted(none, 'row')} without any answer."
            yield Caveat(code="no-answers", where=scale.scale, message=message)
        if scale.norms is not None and scale.norms.by:
            known = {row.group for row in scale.norms.table}
            outside = sum(group not in known for group in groups[scale.norms.by])
            if outside:
                message = f"{counted(outside, 'row')} in no norm group of {scale.norms.by!r}."
                yield Caveat(code="no-norm", where=scale.scale, message=message)


def _rule(scale: ScalePlan) -> str:
    if scale.is_share:
        return f"at least {scale.minimum:.0%} of {len(scale.parts)} applicable parts"
    return f"at least {scale.minimum:g} of {len(scale.parts)} parts"


def score_one(
    answers: Mapping[str, float | None],
    instrument: Instrument | Plan,
    *,
    groups: Mapping[str, str] | None = None,
) -> dict[str, dict[str, float | int | str | None]]:
    """Score one person, for web services and the like.

    Parameters
    ----------
    answers : mapping of str to float or None
        Raw codes by item column (``item:option`` for multi-select). Items left out count as
        blank.
    instrument : Instrument or Plan
        A plan, from `compile_plan`, saves compiling where many persons are scored one by
        one.
    groups : mapping of str to str, optional
        Group values that norms need.

    Returns
    -------
    dict of str to dict
        By scale: metric, estimate, n_answered, n_missing, band. None where there is no
        score (the missing rule is not met, or no norm fits) or no band. Ready for JSON.

    Raises
    ------
    ResponseError
        If an item is unknown, an answer is not a number or not allowed, or a group that
        norms need is lacking.

    Examples
    --------
    >>> import digilitt as dl
    >>> dl.score_one({f"sus{i}": 3 for i in range(1, 11)}, dl.instrument("sus"))["sus"]["estimate"]
    50.0
    """
    plan = instrument if isinstance(instrument, Plan) else compile_plan(instrument)
    if not isinstance(answers, Mapping):
        raise ResponseError(f"found a {type(answers).__name__}; expected codes by item column.")
    known = groups or {}
    if problems := [*_answer_problems(answers, plan), *_group_problems(known, plan)]:
        raise ResponseError(problems)
    codes = {name: _number(answers.get(name)) for name in plan.instrument.columns}
    columns = {name: np.array([code], dtype=np.float64) for name, code in codes.items()}
    scored = score_arrays(
        plan, columns, {name: np.array([known[name]], dtype=object) for name in plan.norm_groups}
    )
    made: dict[str, dict[str, float | int | str | None]] = {}
    for scale in plan.scales:
        scores = scored.scales[scale.scale]
        estimate, band = float(scores.estimate[0]), int(scores.band[0])
        made[scale.scale] = {
            "metric": scale.metric_name,
            "estimate": None if np.isnan(estimate) else estimate,
            "n_answered": int(scores.n_answered[0]),
            "n_missing": int(scores.n_missing[0]),
            "band": scale.all_bands[band] if band >= 0 else None,
        }
    return made


def _answer_problems(answers: Mapping[str, float | None], plan: Plan) -> Iterator[Problem]:
    owner = {column: item for item in plan.items for column in item.columns}
    for name, answer in answers.items():
        item = owner.get(name)
        if item is None:
            message = f"the instrument has no item column {name!r}."
            yield Problem(code="unknown-item", column=str(name), message=message)
        elif not is_blank(answer):
            number = _number(answer)
            if number is None or not is_allowed(number, item):
                message = f"found {quoted(answer)}; expected {expected(item)}."
                yield Problem(code="invalid-answer", column=name, message=message)


def _number(answer: object) -> float | None:
    """The code that an answer is; text is none, since labels are not read here."""
    return None if isinstance(answer, str) else parse_number(answer, decimal_comma=False)


def _group_problems(groups: Mapping[str, str], plan: Plan) -> Iterator[Problem]:
    for name in plan.norm_groups:
        if name not in groups:
            message = f"norms are by {name!r}; pass groups={{{name!r}: …}}."
            yield Problem(code="missing-column", column=name, message=message)
        elif not isinstance(groups[name], str | None):
            message = f"found {quoted(groups[name])}; expected text, as the norm groups."
            yield Problem(code="not-text", column=name, message=message)
