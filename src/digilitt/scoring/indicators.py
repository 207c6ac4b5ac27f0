"""Indicators: shares of people in certain bands, by the codes that they are published by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from digilitt.define.instrument import Instrument
from digilitt.errors import Problem, ResponseError
from digilitt.result import ALL, Result
from digilitt.scoring.description import describe
from digilitt.scoring.scores import Scores

NOT_KEYS = ("scale", "band", "n", "share", "suppressed")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Indicators(Result):
    """Indicators by wave and group.

    Attributes
    ----------
    table : pandas.DataFrame
        wave, groups, indicator, scale, n (people in the indicator's bands), n_others (people in
        the other bands, those not assessed included), n_persons (both), share (n of n_persons,
        from 0 to 1; NaN where nobody is in a band). A group column holds ``(all)`` in the row
        that sums over it.
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

    Indicators of one scale add up to one another, which `Disclosure.apply` does not know. To
    publish them use the tables of `report`, which shows an indicator only where it shows every
    band of it.

    Examples
    --------
    >>> import digilitt as dl
    >>> dsi = dl.instrument("eurostat-dsi-2")
    >>> answers = dl.read_responses(dl.sample("eurostat-dsi-2"), dsi, person="person")
    >>> made = dl.indicators(dl.score(answers))
    >>> made.table.columns.tolist()
    ['indicator', 'scale', 'n', 'n_others', 'n_persons', 'share']
    """
    described = describe(scores, by=by)
    if not scores.instrument.indicators:
        message = (
            f"{scores.instrument.name} defines no indicators; add [[indicators]] to it, or use "
            "describe(scores).bands."
        )
        raise ResponseError([Problem(code="no-indicators", message=message)])
    return Indicators(
        kind="indicators",
        table=from_bands(described.bands, scores.instrument),
        caveats=described.caveats,
        provenance=replace(described.provenance, method="indicators"),
        by=described.by,
    )


def from_bands(bands: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """Indicators from numbers of people by band; NaN where a band that they need is NaN.

    Parameters
    ----------
    bands : pandas.DataFrame
        wave and groups, scale, band, n; as in `Description.bands`, or protected for a report.
    instrument : Instrument
        With at least one indicator.
    """
    keys = [str(name) for name in bands if name not in NOT_KEYS]
    made = [
        _counted(bands, indicator.scale, indicator.bands, keys).assign(indicator=indicator.id)
        for indicator in instrument.indicators
    ]
    # Each has the same groups in the same order; here all of a group stand together.
    table = pd.concat(made).sort_index(kind="stable").reset_index(drop=True)
    return table[[*keys, "indicator", "scale", "n", "n_others", "n_persons", "share"]]


def _counted(
    bands: pd.DataFrame, scale: str, names: Sequence[str], keys: Sequence[str]
) -> pd.DataFrame:
    """People in these bands, and in any, in each group."""
    own = bands[bands["scale"] == scale]
    whole = own[own["band"] == ALL].reset_index(drop=True)
    n = [own.loc[own["band"] == name, "n"].to_numpy() for name in names]
    made = whole[[*keys, "scale"]].assign(n=sum(n), n_persons=whole["n"])
    share = made["n"] / made["n_persons"].where(made["n_persons"] > 0)
    return made.assign(n_others=made["n_persons"] - made["n"], share=share)
