"""Indicators: shares of people in certain bands, by the codes that they are published by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from digilitt.errors import Problem, ResponseError
from digilitt.result import ALL, Result
from digilitt.scoring.description import describe
from digilitt.scoring.scores import Scores


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Indicators(Result):
    """Indicators by wave and group.

    Attributes
    ----------
    table : pandas.DataFrame
        wave, groups, indicator, scale, n (people in the indicator's bands), n_persons (people
        in any band of the scale, those not assessed included), share (n of n_persons, from 0
        to 1; NaN where nobody is in a band). A group column holds ``(all)`` in the row that
        sums over it.
    by : tuple of str
        The group columns.
    """

    by: tuple[str, ...]


def indicators(scores: Scores, *, by: str | Sequence[str] = ()) -> Indicators:
    """The indicators that an instrument defines, by wave and group.

    Parameters
    ----------
    scores : Scores
    by : str or sequence of str
        Group columns. Waves, where there are any, are always kept apart.

    Returns
    -------
    Indicators
        With the caveat ``disclosure-not-applied``: small groups are shown.

    Raises
    ------
    ResponseError
        If the instrument has no indicators, or there is no such group column.

    Notes
    -----
    People without a band (too few answers) are in neither `n` nor `n_persons`. Nothing is
    weighted: a survey with sampling weights needs an estimate, not these shares.

    Examples
    --------
    >>> import digilitt as dl
    >>> dsi = dl.instrument("eurostat-dsi-2")
    >>> answers = dl.read_responses(dl.sample("eurostat-dsi-2"), dsi, person="person")
    >>> made = dl.indicators(dl.score(answers))
    >>> made.table.columns.tolist()
    ['indicator', 'scale', 'n', 'n_persons', 'share']
    """
    described = describe(scores, by=by)
    defined = scores.instrument.indicators
    if not defined:
        message = (
            f"{scores.instrument.name} defines no indicators; add [[indicators]] to it, or use "
            "describe(scores).bands."
        )
        raise ResponseError([Problem(code="no-indicators", message=message)])
    keys = [str(name) for name in described.bands if name not in ("scale", "band", "n", "share")]
    made = [
        _counted(described.bands, indicator.scale, indicator.bands, keys).assign(
            indicator=indicator.id
        )
        for indicator in defined
    ]
    # Each has the same groups in the same order; here all of a group stand together.
    table = pd.concat(made).sort_index(kind="stable").reset_index(drop=True)
    return Indicators(
        kind="indicators",
        table=table[[*keys, "indicator", "scale", "n", "n_persons", "share"]],
        caveats=described.caveats,
        provenance=replace(described.provenance, method="indicators"),
        by=described.by,
    )


def _counted(
    bands: pd.DataFrame, scale: str, names: Sequence[str], keys: Sequence[str]
) -> pd.DataFrame:
    """People in these bands, and in any, in each group."""
    own = bands[bands["scale"] == scale]
    whole = own[own["band"] == ALL].reset_index(drop=True)
    n = [own.loc[own["band"] == name, "n"].to_numpy() for name in names]
    made = whole[[*keys, "scale"]].assign(n=sum(n), n_persons=whole["n"])
    return made.assign(share=made["n"] / made["n_persons"].where(made["n_persons"] > 0))
