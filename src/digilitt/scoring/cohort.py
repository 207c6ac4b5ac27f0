"""The shape of a cohort like DigiLitt.kom's: municipalities, head counts, sexes and roles.

Public are the two head counts (677 and 575), the share of men and the municipalities. All else
here is invented, and nothing here is a result of the project.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.define.catalogue import municipalities
from digilitt.define.instrument import Instrument
from digilitt.scoring.kernel import score_arrays
from digilitt.scoring.plan import Plan
from digilitt.scoring.simulation_answers import Answering, Columns
from digilitt.scoring.simulation_people import Design, draw_workplaces, person_ids

Booleans = NDArray[np.bool_]

WAVES = ("2018", "2019")
SHARE_MEN = 0.136
N_INVITED, N_ENROLLED, N_ANSWERED, N_VALID = 677, 641, 588, 575
# Invented, in the order of `municipalities()`; they sum to N_INVITED.
SIZES = (48, 88, 62, 118, 66, 86, 54, 45, 110)
CLUSTER_SIZE = 13
ROLES = {"undersköterska": 0.5, "vårdbiträde": 0.24, "stödassistent": 0.16, "chef": 0.1}
# The smaller, the more the role mix differs between municipalities.
ROLE_CONCENTRATION = 12.0
ROLE_EFFECTS = {"chef": 0.4, "vårdbiträde": -0.25}
CHANGE, CHANGE_SD = 0.25, 0.12
# Who breaks off has answered at most so many items.
BREAK_OFF = 3
# Rates of the missing codes, by what they count as.
RATE_OF = {"missing": 0.008, "not_applicable": 0.04, "wrong": 0.06}


@dataclass(frozen=True, slots=True, eq=False)
class Turnout:
    """Who of the invited did what; each shape (677,)."""

    enrolled: Booleans
    answered: Booleans
    valid: Booleans


def cohort_roster(rng: np.random.Generator) -> pd.DataFrame:
    """One row per invited person: person, municipality, sex, role, cluster."""
    names = [municipality.name for municipality in municipalities()]
    where = np.repeat(np.arange(len(names)), SIZES)
    men = np.arange(N_INVITED) < round(SHARE_MEN * N_INVITED)
    mixes = rng.dirichlet(ROLE_CONCENTRATION * np.array(list(ROLES.values())), size=len(names))
    limits = np.cumsum(mixes, axis=1)[where, :-1]
    role = (rng.random(N_INVITED)[:, None] >= limits).sum(axis=1)
    roster = pd.DataFrame(
        {
            "person": person_ids(N_INVITED),
            "municipality": [names[position] for position in where],
            "sex": np.where(rng.permutation(men), "man", "kvinna").tolist(),
            "role": [list(ROLES)[position] for position in role],
        }
    )
    workplaces = draw_workplaces(list(roster["municipality"]), CLUSTER_SIZE, rng)
    return roster.assign(cluster=workplaces)


def draw_turnout(roster: pd.DataFrame, rng: np.random.Generator) -> Turnout:
    """Exactly so many enrolled, answered and valid, with the same share of men among each."""
    rank = np.zeros(len(roster), dtype=np.int64)
    is_man = (roster["sex"] == "man").to_numpy()
    for members in (np.flatnonzero(is_man), np.flatnonzero(~is_man)):
        rank[rng.permutation(members)] = np.arange(len(members))
    kept = []
    for n in (N_ENROLLED, N_ANSWERED, N_VALID):
        n_men = round(SHARE_MEN * n)
        kept.append(rank < np.where(is_man, n_men, n - n_men))
    return Turnout(*kept)


def cohort_design(instrument: Instrument, rng: np.random.Generator) -> Design:
    """A modest true change that differs between municipalities; context scales stay."""
    themes = [scale.id for scale in instrument.scales if scale.items and not scale.context]
    own = {place.name: CHANGE_SD * rng.standard_normal() for place in municipalities()}
    return Design(
        waves=WAVES,
        effects={"role": ROLE_EFFECTS},
        change=dict.fromkeys(themes, CHANGE),
        change_effects={
            "municipality": {name: dict.fromkeys(themes, more) for name, more in own.items()}
        },
        random_effects={"municipality": 0.2, "cluster": 0.2},
        correlation=0.6,
        stability=0.75,
        attrition=0.25,
        attrition_effect=-0.5,
    )


def cohort_answering(instrument: Instrument) -> Answering:
    """Mostly agreeing answers, few of them missing, 2.5 % of rows careless."""
    rates: dict[str | int, float] = {"blank": 0.01}
    for response_format in instrument.formats.values():
        for missing in response_format.missing:
            rates[missing.code] = RATE_OF[missing.counts_as]
    return Answering(difficulty=(-1.6, 0.2), missing_rate=rates, careless=0.025)


def break_off(
    plan: Plan,
    answers: Columns,
    complete: Columns,
    rows: Booleans,
    people: pd.DataFrame,
    rng: np.random.Generator,
) -> Columns:
    """The answers with `rows` blank after the first one to three items.

    Where an instrument gives a score even to so few answers, the whole row is blank.
    """
    made = dict(answers)
    n_kept = rng.integers(1, BREAK_OFF + 1, size=len(rows))
    for position, item in enumerate(plan.items):
        for name in item.columns:
            few = np.where(position < n_kept, complete[name], np.nan)
            made[name] = np.where(rows, few, made[name])
    scored = rows & has_theme(plan, made, people)
    return {name: np.where(scored, np.nan, codes) for name, codes in made.items()}


def restore_invalid(
    plan: Plan, answers: Columns, complete: Columns, rows: Booleans, people: pd.DataFrame
) -> Columns:
    """The answers with nothing missing in those of `rows` that would have no theme's score."""
    lacking = rows & ~has_theme(plan, answers, people)
    return {name: np.where(lacking, complete[name], codes) for name, codes in answers.items()}


def has_theme(plan: Plan, answers: Columns, people: pd.DataFrame) -> Booleans:
    """Which rows have a score on at least one scale that is no context."""
    groups = {name: np.asarray(people[name], dtype=object) for name in plan.norm_groups}
    scored = score_arrays(plan, answers, groups)
    themes = [scale.id for scale in plan.instrument.scales if not scale.context]
    themes_scored = [scored.scales[name] for name in themes]
    found = [~np.isnan(one.mean) | (one.band >= 0) for one in themes_scored]
    none = np.zeros(len(people), dtype=np.bool_)
    return np.asarray(np.logical_or.reduce([none, *found]), dtype=np.bool_)
