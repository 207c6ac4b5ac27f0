"""What a simulation yields: responses, truth, parameters and roster, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.result import Caveat, Provenance
from digilitt.scoring.columns import ROLES
from digilitt.scoring.plan import Plan
from digilitt.scoring.responses import Responses
from digilitt.scoring.simulation_answers import (
    Answering,
    Careless,
    Columns,
    answer_carelessly,
    close_gates,
    draw_answers,
    draw_careless,
    draw_parameters,
    leave_out,
    trait_scales,
)
from digilitt.scoring.simulation_people import Booleans, Design, Traits

SIMULATED = Caveat(code="simulated-data", message="simulated: no real person answered")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Simulation:
    """Simulated answers and the truth behind them.

    Attributes
    ----------
    responses : Responses
        The answers, with the caveat ``simulated-data``.
    truth : pandas.DataFrame
        One row per person of the roster, wave and scale of items: person, wave, scale, theta;
        shift (the part of theta from group effects and true change); ``{group}_effect`` and
        cluster_effect (the parts from random effects); careless and straightlining (whether
        this wave was answered without reading, and always in the same place); answered
        (whether the person answered at this wave).
    parameters : pandas.DataFrame
        One row per answer column: item, column, scale (empty: a trait of its own), key,
        model ("graded", "2pl-guessing", "normal"), a, b1 …, guessing, mean, sd. Can be
        given to `simulate`.
    roster : pandas.DataFrame
        One row per person invited: person, groups, cluster, enrolled.
    """

    responses: Responses
    truth: pd.DataFrame
    parameters: pd.DataFrame
    roster: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """What a file export would hold: person, wave, groups, workplace, and raw codes.

        Missing codes are in it; blanks are missing values. Codes are integers, so that
        ``frame().to_csv(path, index=False)`` writes 4 and not 4.0.
        """
        people = self.responses.people.rename(columns={"cluster": "workplace"})
        codes = self.responses.codes
        whole = {
            name: "Int64"
            for name in codes
            if bool((codes[name].isna() | (codes[name] % 1 == 0)).all())
        }
        return pd.concat([people, codes.astype(whole)], axis=1)

    def __repr__(self) -> str:
        enrolled = int(self.roster["enrolled"].sum())
        counts = f"{len(self.roster)} persons invited, {enrolled} enrolled"
        seed = self.responses.provenance.seed
        return f"simulation · {counts} · seed {seed}\n{self.responses!r}"


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """Answers of all rows (persons within waves), before gates close items.

    `complete` are those before any was left out; `kept` those after.
    """

    plan: Plan
    traits: Traits
    present: Booleans
    wave: NDArray[np.int64]
    person: NDArray[np.int64]
    parameters: pd.DataFrame
    careless: Careless
    complete: Columns
    kept: Columns


def draw(
    plan: Plan,
    answering: Answering,
    traits: Traits,
    present: Booleans,
    streams: Mapping[str, np.random.Generator],
) -> Draft:
    """Parameters, careless rows and answers of everyone who is present."""
    wave, person = np.nonzero(present.T)
    instrument = plan.instrument
    parameters = draw_parameters(instrument, answering, streams["items"])
    theta = traits.theta[person, wave, :]
    answers = draw_answers(instrument, parameters, theta, streams["answers"])
    careless = draw_careless(len(person), answering.careless, streams["careless"])
    complete = answer_carelessly(instrument, answers, careless, streams["careless"])
    kept = leave_out(plan, complete, answering.rates, streams["missing"])
    return Draft(plan, traits, present, wave, person, parameters, careless, complete, kept)


def people_of(draft: Draft, roster: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Person, wave, groups and cluster of each row."""
    people = roster.drop(columns="enrolled", errors="ignore").iloc[draft.person]
    people = people.reset_index(drop=True)
    people.insert(1, "wave", np.array(design.waves, dtype=object)[draft.wave])
    return people


def assemble(
    draft: Draft,
    answers: Columns,
    roster: pd.DataFrame,
    design: Design,
    options: Mapping[str, object],
    seed: str,
    *caveats: Caveat,
) -> Simulation:
    """Close the gates, and put answers, truth and provenance together."""
    instrument = draft.plan.instrument
    asked = close_gates(draft.plan, answers)
    people = people_of(draft, roster, design)
    responses = Responses(
        plan=draft.plan,
        codes=pd.DataFrame(asked, columns=list(instrument.columns)),
        people=people,
        groups=tuple(str(name) for name in people if name not in ROLES),
        caveats=(SIMULATED, *caveats),
        provenance=Provenance(
            instrument=instrument.name,
            digest=instrument.digest,
            method="simulate",
            options=tuple((name, str(value)) for name, value in options.items()),
            n=len(people),
            seed=seed,
        ),
    )
    truth = _truth(draft, roster, design)
    return Simulation(responses=responses, truth=truth, parameters=draft.parameters, roster=roster)


def _truth(draft: Draft, roster: pd.DataFrame, design: Design) -> pd.DataFrame:
    """One row per wave, person and scale, in this order."""
    scales = trait_scales(draft.plan.instrument)
    n, n_waves, n_scales = draft.traits.theta.shape
    person, wave = np.tile(np.arange(n), n_waves), np.repeat(np.arange(n_waves), n)
    careless, straight = np.zeros((2, n_waves, n), dtype=np.bool_)
    rows, all_straight = draft.careless.rows, draft.careless.straight
    careless[draft.wave[rows], draft.person[rows]] = True
    straight[draft.wave[rows], draft.person[rows]] = all_straight
    truth = pd.DataFrame(
        {
            "person": np.repeat(roster["person"].to_numpy(dtype=object)[person], n_scales),
            "wave": np.repeat(np.array(design.waves, dtype=object)[wave], n_scales),
            "scale": np.tile(np.array(scales, dtype=object), n * n_waves),
            "theta": draft.traits.theta.transpose(1, 0, 2).ravel(),
            "shift": draft.traits.shift.transpose(1, 0, 2).ravel(),
        }
    )
    for name, effect in draft.traits.random.items():
        truth[f"{name}_effect"] = np.tile(effect.ravel(), n_waves)
    flags = {"careless": careless, "straightlining": straight, "answered": draft.present.T}
    return truth.assign(**{name: np.repeat(flag.ravel(), n_scales) for name, flag in flags.items()})
