"""Quality: what to know about the answers before their scores are believed."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from digilitt.errors import ResponseError
from digilitt.numerics.careless import same_rows
from digilitt.result import Caveat, Result
from digilitt.scoring.plan import TOLERANCE, Plan
from digilitt.scoring.quality_answers import Answers, answers_of, keys_of, waves_of
from digilitt.scoring.quality_checks import checked_cuts, cuts_table, meets
from digilitt.scoring.quality_persons import (
    answering,
    distances,
    straight_counts,
    taken_time,
    with_people,
)
from digilitt.scoring.quality_tables import (
    beside_names,
    by_wave,
    distributions,
    items_table,
    keying_table,
    patterns,
    recurring_table,
    set_aside,
    straight,
)
from digilitt.scoring.responses import Responses


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Quality(Result):
    """How answers were given: by person, by item, and by pattern.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per row of the responses, with the same index: person, wave and groups, as far
        as named; n_answered and n_missing (items; not those that do not apply or were not
        asked), missing_share, pattern (see `patterns`); long_run and the item it begins at,
        long_run_from; straight_both and straight_one (scales answered throughout with one code,
        of those keyed in both directions and in one); recurring (other rows with the same
        answers); mahalanobis_d2 and mahalanobis_p; seconds and seconds_per_item where times
        were given; and for each cut-off given a column such as long_run_cut, true where a row
        meets it and NA where there is no figure.
    items : pandas.DataFrame
        wave, item, n (rows), and the shares that answered and did not, by kind: share_answered,
        share_wrong (a missing code that counts as wrong), share_blank, share_missing,
        share_not_applicable, share_not_asked; they sum to 1.
    keying : pandas.DataFrame
        wave, scale, item, key, n (rows with every answer in the scale), item_rest (correlation
        of the keyed item with the sum of the other keyed items), conf_low and conf_high (95 %).
        The key is 0, and the item left out, where inner scales key it in both directions.
    scales : pandas.DataFrame
        scale, keys ("both" or "one"), n_items, n_judged, n_straight, share (of n_judged).
    straight : pandas.DataFrame
        person, wave, rater, as far as named; and one column per scale: who answered it
        throughout with one code, NA where not judged.
    patterns : pandas.DataFrame
        wave, pattern, n (rows), share, n_without (items) and without: which items have no
        answer, and why; most frequent first.
    recurring : pandas.DataFrame
        vector, n_rows, row (index of `table`), person, wave, rater, n_answered, long_run: every
        row whose answers stand in another row as well.
    distributions : pandas.DataFrame
        index (a column of `table`), n, mean, min, q05, q25, median, q75, q95, max.
    set_aside : pandas.DataFrame
        code, column (header in the file), n: answers that reading took as missing.
    cuts : pandas.DataFrame
        index, cut (such as ">= 10"), n_judged, n_met, share; empty without cut-offs.
    """

    items: pd.DataFrame
    keying: pd.DataFrame
    scales: pd.DataFrame
    straight: pd.DataFrame
    patterns: pd.DataFrame
    recurring: pd.DataFrame
    distributions: pd.DataFrame
    set_aside: pd.DataFrame
    cuts: pd.DataFrame


def quality(
    responses: Responses,
    *,
    seconds: pd.Series | None = None,
    compared_from: float = 0.5,
    long_run: int | None = None,
    straight_both: int | None = None,
    missing_share: float | None = None,
    recurring: int | None = None,
    mahalanobis_p: float | None = None,
    seconds_per_item: float | None = None,
) -> Quality:
    """Describe how answers were given, without a verdict on anybody.

    Parameters
    ----------
    responses : Responses
    seconds : pandas.Series, optional
        How long each person took. The index says whose time it is: person ids, or person and
        wave, as in ``frame.set_index("person")["seconds"]``; or, when it has no name, the rows
        of the responses from 0.
    compared_from : float
        A row's answers are compared with those of other rows when at least this share of the
        items that were asked and apply is answered, and one at least.
    long_run, straight_both, recurring : int, optional
        Cut-offs: a row meets them from this number upwards.
    missing_share : float, optional
        Cut-off: met from this share upwards, above 0 and at most 1.
    mahalanobis_p, seconds_per_item : float, optional
        Cut-offs: met below this value.

    Returns
    -------
    Quality
        With the caveat ``disclosure-not-applied``: there is a row for each person.

    Raises
    ------
    ResponseError
        If a cut-off can be met by everybody or nobody, such as a long_run of more items than
        there are, times do not say whose they are, or a
        group has the name of a column of the result.

    Notes
    -----
    The page *Quality of the answers* has the definitions. Runs follow Johnson (2005,
    doi:10.1016/j.jrp.2004.09.009), the distance Meade and Craig (2012, doi:10.1037/a0028085).
    Waves are kept apart, but for rows that recur. Weights are not used.

    *Checked against* the long strings published with the CIEB data of 2020, examples of R's
    careless 1.2.2, item–rest correlations of R's psych, and scipy.

    Examples
    --------
    >>> import digilitt as dl
    >>> core = dl.instrument("digilitt-core")
    >>> answers = dl.read_responses(dl.sample("digilitt-core"), core, person="person", wave="wave")
    >>> found = dl.quality(answers, long_run=5)
    >>> found.cuts[["index", "cut", "n_judged", "n_met"]]
          index   cut  n_judged  n_met
    0  long_run  >= 5       105      4
    """
    if not isinstance(responses, Responses):
        raise ResponseError(
            f"found a {type(responses).__name__}; expected Responses, made by "
            "read_responses(…) or responses(…)."
        )
    cuts = checked_cuts(
        {
            "long_run": long_run,
            "straight_both": straight_both,
            "missing_share": missing_share,
            "recurring": recurring,
            "mahalanobis_p": mahalanobis_p,
            "seconds_per_item": seconds_per_item,
        },
        compared_from,
        timed=seconds is not None,
        n_items=len(responses.plan.items),
    )
    return _described(responses, seconds, compared_from, cuts)


def _described(
    responses: Responses, seconds: pd.Series | None, compared_from: float, cuts: dict[str, float]
) -> Quality:
    plan, answers = responses.plan, answers_of(responses)
    waves, vectors = dict(waves_of(responses)), same_rows(answers.raw)
    here = {wave: answers.rows(rows) for wave, rows in waves.items()}
    caveats = list(responses.caveats)
    rows_straight, scales = straight(plan, answers)
    pattern, seen = patterns(here, waves)
    found = answering(answers, vectors, compared_from) | {"pattern": pattern}
    found |= straight_counts(rows_straight, scales)
    found |= distances(plan, answers, waves, caveats)
    if seconds is not None:
        found |= taken_time(responses, seconds, answers.n_answered, caveats)
    table = with_people(responses, found)
    for name, cut in cuts.items():
        table[f"{name}_cut"] = meets(table[name], name, cut)
    keying = by_wave({wave: keying_table(plan, part) for wave, part in here.items()})
    caveats += [*_straight_caveats(plan, answers, scales), *_keying_caveats(keying)]
    message = "there is a row for each person, which nobody else may see."
    options = {"compared_from": compared_from, **cuts}
    return Quality(
        kind="quality",
        table=table,
        caveats=(*caveats, Caveat(code="disclosure-not-applied", message=message)),
        provenance=replace(
            responses.provenance,
            method="quality",
            options=tuple((name, f"{value:g}") for name, value in options.items()),
        ),
        items=by_wave({wave: items_table(part) for wave, part in here.items()}),
        keying=keying.drop(columns="reason"),
        scales=scales,
        straight=beside_names(table, rows_straight),
        patterns=seen,
        recurring=recurring_table(table, vectors),
        distributions=distributions(table),
        set_aside=set_aside(responses.caveats),
        cuts=cuts_table(table, cuts),
    )


def _straight_caveats(plan: Plan, answers: Answers, scales: pd.DataFrame) -> Iterator[Caveat]:
    for scale, n_items in zip(scales["scale"], scales["n_items"], strict=True):
        if n_items > 1 and not answers.share_format(plan, scale):
            formats = answers.formats[answers.columns(keys_of(plan, scale))]
            message = (
                "its items have several response formats, so equal codes are not equal answers."
                if len(set(formats.tolist())) > 1
                else "its items take several ticks, so an answer is no single code."
            )
            yield Caveat(code="straight-unknown", where=scale, message=message)


def _keying_caveats(keying: pd.DataFrame) -> Iterator[Caveat]:
    keys = ["wave", "scale"] if "wave" in keying else ["scale"]
    for place, rows in keying.groupby(keys, sort=False):
        where = ", ".join(reversed([str(name) for name in place]))
        for row in rows[rows["item_rest"] < -TOLERANCE].to_dict("records"):
            yield Caveat(code="item-rest-negative", where=where, message=_negative(row))
        for reason, unknown in rows[rows["reason"] != ""].groupby("reason", sort=False):
            names = ", ".join(unknown["item"])
            message = f"no correlation of {names} with the rest of the scale: {reason}."
            yield Caveat(code="item-rest-unknown", where=where, message=message)


def _negative(row: Mapping[Hashable, Any]) -> str:
    """A negative correlation in words; what can be chance is not called an error."""
    between = f"{row['conf_low']:.2g} to {row['conf_high']:.2g}, " if row["n"] > 3 else ""
    wrong = "is likely wrong" if row["conf_high"] < 0 else "is worth a look"
    return (
        f"{row['item']} correlates {row['item_rest']:.2g} ({between}n = {row['n']}) with the rest "
        f"of the scale: its key {wrong}. Nothing was flipped."
    )
