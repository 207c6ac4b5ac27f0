"""What a report may show: every table of the same persons withholds the same groups.

Participation, means and bands of one wave are tables of the same persons. Each is protected
with what the others withhold, in turn, until nothing changes; only then is any of them shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.disclosure import MASK, Disclosure
from digilitt.reporting.moments import decimals_of, withheld_moments
from digilitt.result import ALL
from digilitt.scoring.description import Description
from digilitt.scoring.participation import Participation
from digilitt.scoring.scores import Scores

ROSTER = ("invited", "enrolled")
TURNOUT = ("answered", "valid")

# Names that no group column can have.
WAVE, GROUP = "(wave)", "(group)"
PLACE = [WAVE, GROUP, "scale"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Protected:
    """Tables that may be shown: NaN where withheld.

    Attributes
    ----------
    participation : pandas.DataFrame
        wave, groups, invited, enrolled, answered, valid, suppressed (something in the row is
        withheld). Invited and enrolled are the same at every wave, and withheld at every one
        when the group is withheld at any.
    scores : pandas.DataFrame
        wave, groups, scale, metric, n_scored, mean, sd, suppressed.
    bands : pandas.DataFrame
        wave, groups, scale, band, n, share (of n_scored), suppressed.
    has_roster : bool
        Whether invited and enrolled are known at all.
    totals_shown : bool
        Whether the row for everybody is shown at every wave.
    """

    participation: pd.DataFrame
    scores: pd.DataFrame
    bands: pd.DataFrame
    has_roster: bool
    totals_shown: bool

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name."""
        return {"participation": self.participation, "scores": self.scores, "bands": self.bands}

    @property
    def any_withheld(self) -> bool:
        """Whether anything is withheld in any table."""
        return any(bool(table[MASK].any()) for table in self.tables.values())


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """The same groups at every wave in all tables, also where nobody answered."""

    by: list[str]
    special: Mapping[str, str]
    places: pd.DataFrame
    participation: pd.DataFrame
    scores: pd.DataFrame
    bands: pd.DataFrame


def protect(
    scores: Scores,
    description: Description,
    participation: Participation,
    disclosure: Disclosure,
) -> Protected:
    """Withhold small groups, and what would reveal them, in all tables jointly.

    Parameters
    ----------
    scores : Scores
    description : Description
    participation : Participation
        Both of these scores, by the same groups.
    disclosure : Disclosure

    Returns
    -------
    Protected

    Raises
    ------
    DisclosureError
        If counts do not add up to their sums.

    Notes
    -----
    Means and standard deviations are rounded as the page shows them, and withheld where they
    would tell what the counts do not; see `digilitt.reporting.moments`.
    """
    has_waves = "wave" in description.table
    special = {
        plan.scale: plan.not_assessed for plan in scores.responses.plan.scales if plan.not_assessed
    }
    tables = _aligned(description, participation, special)
    has_roster = bool(tables.participation[list(ROSTER)].notna().all(axis=None))
    n_groups = tables.places[GROUP].nunique()
    hidden = np.zeros((tables.places[WAVE].nunique(), n_groups), dtype=bool)
    cells = np.zeros(len(tables.bands), dtype=bool)
    for code in range(len(hidden)):
        rows = (tables.bands[WAVE] == code).to_numpy()
        hidden[code], cells[rows] = _settled(tables, code, rows, has_roster, disclosure)
    shown = _emptied(tables, hidden, cells, scores, disclosure)
    totals = tables.places.drop_duplicates(GROUP)[tables.by].isin([ALL]).all(axis=1).to_numpy()
    helpers = [WAVE, GROUP] + ([] if has_waves else ["wave"])
    return Protected(
        participation=shown.participation.drop(columns=helpers),
        scores=shown.scores.drop(columns=[*helpers, "n_persons"]),
        bands=shown.bands.drop(columns=helpers),
        has_roster=has_roster,
        totals_shown=not hidden[:, totals].any(),
    )


def _aligned(
    description: Description, participation: Participation, special: Mapping[str, str]
) -> _Tables:
    by = list(description.by)
    keys = ["wave", *by]
    tables = [
        table if "wave" in table else table.assign(wave="")
        for table in (participation.table, description.table, description.bands)
    ]
    known = pd.concat([table[keys] for table in tables[:2]], ignore_index=True)
    waves = pd.DataFrame({"wave": known["wave"].unique()}).reset_index(names=WAVE)
    groups = known[by].drop_duplicates() if by else pd.DataFrame(index=[0])
    groups = groups.reset_index(drop=True).reset_index(names=GROUP)
    places = waves.merge(groups, how="cross")
    scales = description.table[["scale", "metric"]].drop_duplicates()
    bands = description.bands[["scale", "band"]].drop_duplicates()
    who = places.merge(tables[0], how="left", on=keys)
    filled = {name: who[name].fillna(0).astype("int64") for name in TURNOUT}
    # The roster has no waves: a group without a row at one wave has it at another.
    roster = {name: who.groupby(GROUP)[name].transform("max") for name in ROSTER}
    if participation.table[list(ROSTER)].notna().all(axis=None):
        roster = {name: column.fillna(0).astype("int64") for name, column in roster.items()}
    scores = places.merge(scales, how="cross").merge(
        tables[1], how="left", on=[*keys, "scale", "metric"]
    )
    levels = places.merge(bands, how="cross").merge(
        tables[2], how="left", on=[*keys, "scale", "band"]
    )
    return _Tables(
        by=by,
        special=special,
        places=places,
        participation=who.assign(**filled, **roster),
        scores=scores.assign(n_scored=scores["n_scored"].fillna(0).astype("int64")),
        bands=levels.assign(n=levels["n"].fillna(0).astype("int64")),
    )


def _settled(
    tables: _Tables, code: int, rows: Bools, has_roster: bool, disclosure: Disclosure
) -> tuple[Bools, Bools]:
    """Groups, and rows of the table of bands, to withhold at one wave."""
    counted = _counts(tables, code, has_roster)
    names = [str(name) for name in counted if name not in tables.by]
    levels = tables.bands[rows].reset_index(drop=True)
    group = levels[GROUP].to_numpy()
    sums = (levels["band"] == ALL).to_numpy()
    # Mostly the same persons in every scale: what one scale withholds, no other may show.
    unassessed = _unassessed(levels, tables.special)
    hidden, cells = np.zeros(len(counted), dtype=bool), np.zeros(len(levels), dtype=bool)
    while True:
        mask = np.array(disclosure.mask(counted, tables.by, names, also=hidden))
        masked = cells | mask[group]
        for places in levels.groupby("scale", sort=False).indices.values():
            masked[places] = disclosure.mask(
                levels.iloc[places],
                [*tables.by, "band"],
                "n",
                also=masked[places],
                last=sums[places],
            )
        mask[group[masked & sums]] = True
        masked |= unassessed & np.isin(group, group[masked & unassessed])
        if np.array_equal(mask, hidden) and np.array_equal(masked, cells):
            return hidden, cells
        hidden, cells = mask, masked


def _counts(tables: _Tables, code: int, has_roster: bool) -> pd.DataFrame:
    """Every number of persons per group at one wave, in the order of the groups."""
    people = tables.participation[tables.participation[WAVE] == code]
    names = [*(ROSTER if has_roster else ()), *TURNOUT]
    scored = tables.scores[tables.scores[WAVE] == code]
    columns: list[pd.DataFrame | pd.Series] = [people[[*tables.by, *names]].reset_index(drop=True)]
    columns += [
        rows["n_scored"].reset_index(drop=True).rename(f"n_scored:{scale}")
        for scale, rows in scored.groupby("scale", sort=False)
    ]
    return pd.concat(columns, axis=1)


def _emptied(
    tables: _Tables, hidden: Bools, cells: Bools, scores: Scores, disclosure: Disclosure
) -> _Tables:
    people, described, bands = tables.participation, tables.scores, tables.bands
    at_any_wave: Bools = np.asarray(hidden.any(axis=0))
    roster = at_any_wave[people[GROUP].to_numpy()] & people["invited"].notna().to_numpy()
    turnout = _at(hidden, people)
    # Those scored and those in a band together tell how many were not assessed.
    told = _at_place_of(bands[cells & _unassessed(bands, tables.special)], described)
    scored = _at(hidden, described) | told
    touched = _at_place_of(bands[cells], described)
    mean, sd = scored.copy(), scored.copy()
    for rows in described.groupby(WAVE).indices.values():

        def protected(table: pd.DataFrame, gone: Bools) -> Bools:
            also = gone | scored[table.index.to_numpy()]
            return np.array(disclosure.mask(table, tables.by, "n_scored", also=also))

        mean[rows], sd[rows] = withheld_moments(
            described.iloc[rows], touched[rows], scores, disclosure.min_n, protected
        )
    people = _without(_without(people, turnout, TURNOUT), roster, ROSTER)
    described = _without(_rounded(described, scores), scored, ("n_scored",))
    described = _without(_without(described, mean, ("mean",)), sd, ("sd",))
    return _Tables(
        by=tables.by,
        special=tables.special,
        places=tables.places,
        participation=people.assign(**{MASK: turnout | roster}),
        scores=described.assign(**{MASK: mean | sd}),
        bands=_without(bands, cells, ("n", "share")).assign(**{MASK: cells}),
    )


def _at_place_of(rows: pd.DataFrame, table: pd.DataFrame) -> Bools:
    """Which rows of a table are of a wave, group and scale that `rows` has."""
    found = pd.MultiIndex.from_frame(table[PLACE]).isin(pd.MultiIndex.from_frame(rows[PLACE]))
    return np.asarray(found, dtype=bool)


def _unassessed(bands: pd.DataFrame, special: Mapping[str, str]) -> Bools:
    """Which rows of the table of bands are of those not assessed."""
    return np.asarray(bands["band"] == bands["scale"].map(special), dtype=bool)


def _rounded(described: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    plans = {plan.scale: plan for plan in scores.responses.plan.scales}
    decimals = [decimals_of(plans[s].low, plans[s].high) for s in described["scale"]]
    powers = 10.0 ** np.array(decimals)
    return described.assign(
        **{name: (described[name] * powers).round() / powers for name in ("mean", "sd")}
    )


def _at(hidden: Bools, table: pd.DataFrame) -> Bools:
    """Which rows of a table are of a wave and a group that are withheld."""
    rows: Bools = hidden[table[WAVE].to_numpy(), table[GROUP].to_numpy()]
    return rows


def _without(table: pd.DataFrame, hidden: Bools, names: Sequence[str]) -> pd.DataFrame:
    return table.assign(**{name: table[name].astype("float64").mask(hidden) for name in names})
