"""Simulation: answers from known parameters, with the truth beside them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
import pandas as pd

from digilitt.define.catalogue import instrument as shipped
from digilitt.define.instrument import Instrument
from digilitt.errors import DefinitionError, Problem
from digilitt.result import Caveat
from digilitt.scoring.cohort import (
    N_VALID,
    break_off,
    cohort_answering,
    cohort_design,
    cohort_roster,
    draw_turnout,
    has_theme,
    restore_invalid,
)
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.simulation_answers import Answering, trait_scales
from digilitt.scoring.simulation_checks import given_parameters, simulation_problems
from digilitt.scoring.simulation_people import (
    Design,
    GroupShifts,
    Shift,
    draw_attendance,
    draw_roster,
    draw_traits,
)
from digilitt.scoring.simulation_result import Simulation, assemble, draw, people_of

COHORT = Caveat(
    code="simulated-data",
    where="cohort",
    message="only the head counts and the share of men follow public facts on DigiLitt.kom; "
    "no number here is a result of that project",
)
PURPOSES = ("people", "traits", "leaving", "items", "answers", "careless", "missing")
LARGEST_SEED = 2**63


def simulate(
    instrument: Instrument,
    *,
    n: int,
    rng: np.random.Generator | int,
    waves: list[str] | tuple[str, ...] | str = ("1",),
    groups: Mapping[str, Mapping[str, float]] | None = None,
    cluster_size: int = 0,
    effects: GroupShifts | None = None,
    change: Shift = 0.0,
    change_effects: GroupShifts | None = None,
    random_effects: Mapping[str, float] | None = None,
    correlation: float = 0.5,
    stability: float = 0.8,
    attrition: float = 0.0,
    attrition_effect: float = 0.0,
    discrimination: tuple[float, float] = (0.8, 2.2),
    difficulty: tuple[float, float] = (-1.0, 1.0),
    spread: tuple[float, float] = (0.6, 1.4),
    parameters: pd.DataFrame | Mapping[str, Mapping[str, float]] | None = None,
    missing_rate: float | Mapping[str | int, float] = 0.0,
    careless: float = 0.0,
) -> Simulation:
    """Simulate answers to an instrument from known parameters.

    Parameters
    ----------
    instrument : Instrument
    n : int
        Persons.
    rng : int or numpy.random.Generator
        The seed; the same one gives the same data. Each purpose (people, traits, leaving,
        items, answers, careless, missing) has random numbers of its own, so that changing one
        leaves the others as they were.
    waves : list or tuple of str, or str
        Names of the waves.
    groups : dict of str to dict of str to float, optional
        Values of each group with their shares, or with counts: ``{"sex": {"kvinna": 0.86,
        "man": 0.14}}``. Counts of persons come as near to the shares as whole numbers can.
    cluster_size : int
        Mean persons per workplace, nested in the group "municipality" where there is one;
        0 for no workplaces.
    effects : dict, optional
        Shifts of the trait's mean by group and value: ``{"sex": {"man": 0.3}}``. In place of
        a number, numbers by scale: ``{"man": {"attityd": 0.3}}``.
    change : float or dict of str to float
        True change from each wave to the next, for everybody, or by scale.
    change_effects : dict, optional
        Change on top of that, by group and value, like `effects`.
    random_effects : dict of str to float, optional
        Standard deviations of random effects, by group or "cluster":
        ``{"municipality": 0.2, "cluster": 0.3}``.
    correlation : float
        Correlation between the traits of any two scales, 0 to 1.
    stability : float
        Correlation of a trait with itself at another wave, 0 to 1.
    attrition : float
        Share of those who answered a wave that leaves before the next, 0 to 1.
    attrition_effect : float
        How the log odds of leaving grow with the mean of the traits at the first wave.
    discrimination, difficulty, spread : (float, float)
        Ranges that item parameters are drawn from, uniformly: a, the mean of an item's
        thresholds, and the distance between two neighbouring thresholds.
    parameters : pandas.DataFrame or dict, optional
        Known item parameters instead: `Simulation.parameters`, or ``{"a1": {"a": 1.2,
        "b1": -1.5, …}}``. What is left out is drawn.
    missing_rate : float or dict
        Share of answers left blank; or shares by "blank" and by missing code, which hold
        for items whose format has the code: ``{"blank": 0.01, 99: 0.02}``.
    careless : float
        Share of rows answered without reading, 0 to 1: one half at random, the other always
        in the same place.

    Returns
    -------
    Simulation

    Raises
    ------
    DefinitionError
        If parameters do not fit each other or the instrument (all problems at once).

    Notes
    -----
    Each scale made of items has a trait with variance 1 between persons, before effects; an
    item in several scales measures the trait of the first, and an item in none has a trait of
    its own. Ordered and binary items follow the graded response model (logistic metric,
    D = 1), reversed where reverse-keyed. Single choice is the two-parameter model with
    guessing 1 / options; wrong options are equally likely. In multi-select, each option is
    ticked or left rightly by a two-parameter model. A number is ``mean + sd (a θ + e) /
    √(1 + a²)`` with normal e, rounded and clipped to its range. Items that a gate closes are
    blank.

    Examples
    --------
    >>> import digilitt as dl
    >>> dl.simulate(dl.instrument("sus"), n=50, rng=1, groups={"sex": {"kvinna": 3, "man": 1}})
    simulation · 50 persons invited, 50 enrolled · seed 1
    responses · sus@1.0.0 · 50 rows, 50 persons, 1 waves, groups: sex
    ! simulated-data: simulated: no real person answered
    """
    # long because each of its parameters takes a line
    design = Design(
        waves=tuple(waves) if isinstance(waves, list | tuple) else (waves,),
        effects=effects or {},
        change=change,
        change_effects=change_effects or {},
        random_effects=random_effects or {},
        correlation=correlation,
        stability=stability,
        attrition=attrition,
        attrition_effect=attrition_effect,
    )
    answering = Answering(
        discrimination=discrimination,
        difficulty=difficulty,
        spread=spread,
        missing_rate=missing_rate,
        careless=careless,
        parameters=given_parameters(parameters),
    )
    shares = groups or {}
    problems = simulation_problems(instrument, n, shares, cluster_size, design, answering)
    streams, seed = _streams(rng, problems)
    roster = draw_roster(n, shares, cluster_size, streams["people"])
    traits = draw_traits(roster, design, trait_scales(instrument), streams["traits"])
    everybody = np.ones(n, dtype=np.bool_)
    present = draw_attendance(traits, everybody, design, streams["leaving"])
    draft = draw(compile_plan(instrument), answering, traits, present, streams)
    options = {"n": n, "groups": shares, "cluster_size": cluster_size}
    options |= _chosen(design, Design()) | _chosen(answering, Answering())
    return assemble(draft, draft.kept, roster, design, options, seed)


def simulate_cohort(
    instrument: Instrument | None = None, *, rng: np.random.Generator | int
) -> Simulation:
    """Simulate a cohort of DigiLitt.kom's shape: nine municipalities, two waves.

    Parameters
    ----------
    instrument : Instrument, optional
        digilitt-core when left out.
    rng : int or numpy.random.Generator
        The seed; the same one gives the same data.

    Returns
    -------
    Simulation
        677 persons invited, 641 enrolled, 588 who answered in 2018 and 575 of them valid (a
        score on at least one scale that is no context), 13.6 % men among each; 431 in 2019.
        These counts are exact, whatever the seed; with an instrument in which a few answers
        give a score already, fewer answered, as those who broke off answered nothing.

    Raises
    ------
    DefinitionError
        If `rng` is no seed, or the instrument gives no scores even to complete answers.

    Notes
    -----
    Public facts are the municipalities, the 677 and the 575 persons and the share of men. All
    else is invented: sizes, roles, effects, change and every answer. Nothing in it is a result
    of the project. Role mixes differ between municipalities; the true change is 0.25 on
    average with a standard deviation of 0.12 between municipalities; people with lower traits
    leave more often; 2.5 % of rows are careless.

    Examples
    --------
    >>> import digilitt as dl
    >>> cohort = dl.simulate_cohort(rng=2018)
    >>> len(cohort.roster), cohort.responses.people["wave"].value_counts().to_dict()
    (677, {'2018': 588, '2019': 431})
    """
    chosen = shipped("digilitt-core") if instrument is None else instrument
    streams, seed = _streams(rng, [])
    roster = cohort_roster(streams["people"])
    turnout = draw_turnout(roster, streams["leaving"])
    design, answering = cohort_design(chosen, streams["traits"]), cohort_answering(chosen)
    traits = draw_traits(roster, design, trait_scales(chosen), streams["traits"])
    present = draw_attendance(traits, turnout.valid, design, streams["leaving"])
    present[:, 0] = turnout.answered
    draft = draw(compile_plan(chosen), answering, traits, present, streams)
    people = people_of(draft, roster, design)
    valid = turnout.valid[draft.person] & (draft.wave == 0)
    stopped = ~turnout.valid[draft.person] & (draft.wave == 0)
    kept = restore_invalid(draft.plan, draft.kept, draft.complete, valid, people)
    kept = break_off(draft.plan, kept, draft.complete, stopped, people, streams["missing"])
    n_valid = int((has_theme(draft.plan, kept, people) & (draft.wave == 0)).sum())
    if n_valid != N_VALID:
        raise DefinitionError(
            f"{chosen.name} gives {n_valid} people a score where {N_VALID} were meant; a cohort "
            "needs an instrument that scores whoever answers everything."
        )
    roster = roster.assign(enrolled=turnout.enrolled)
    return assemble(draft, kept, roster, design, {"cohort": "DigiLitt"}, seed, COHORT)


def _chosen(settings: Design | Answering, default: Design | Answering) -> dict[str, object]:
    """Settings other than the default ones."""
    names = (field.name for field in fields(settings))
    chosen = {
        name: getattr(settings, name)
        for name in names
        if getattr(settings, name) != getattr(default, name)
    }
    if "parameters" in chosen:
        chosen["parameters"] = f"given for {', '.join(chosen['parameters'])}"
    return chosen


def _streams(
    rng: np.random.Generator | int, problems: Sequence[Problem] = ()
) -> tuple[dict[str, np.random.Generator], str]:
    """A generator for each purpose, and the seed or the state they come from."""
    found = list(problems)
    is_seed = isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0
    if not is_seed and not isinstance(rng, np.random.Generator):
        message = f"found {rng!r}; expected a seed (a whole number from 0) or a numpy Generator."
        found.append(Problem(code="simulation", column="rng", message=message))
    if found:
        raise DefinitionError(found)
    seed = _state(rng) if isinstance(rng, np.random.Generator) else str(int(rng))
    source = np.random.default_rng(rng)
    seeds = source.integers(LARGEST_SEED, size=len(PURPOSES))
    return dict(zip(PURPOSES, map(np.random.default_rng, seeds), strict=True)), seed


def _state(rng: np.random.Generator) -> str:
    state = rng.bit_generator.state
    text = json.dumps(state, sort_keys=True, default=lambda value: np.asarray(value).tolist())
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{state['bit_generator']} in the state {digest[:16]}"
