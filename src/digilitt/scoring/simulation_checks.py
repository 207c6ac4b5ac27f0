"""What can be wrong in the parameters of a simulation; every problem is told at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from numbers import Integral, Real

import pandas as pd

from digilitt.define.formats import NumericFormat
from digilitt.define.instrument import Instrument
from digilitt.errors import DefinitionError, Problem
from digilitt.scoring.columns import ROLES
from digilitt.scoring.simulation_answers import BLANK, Answering, n_thresholds, trait_scales
from digilitt.scoring.simulation_people import Design

# Names of columns that results, rosters and truths have already.
RESERVED = {
    *ROLES, "answered", "band", "careless", "enrolled", "estimate", "metric", "scale", "shift",
    "straightlining", "theta", "workplace",
}  # fmt: skip
GUESSING_TOLERANCE = 1e-9

Groups = Mapping[str, Mapping[str, float]]


def simulation_problems(
    instrument: Instrument,
    n: object,
    groups: Groups,
    cluster_size: object,
    design: Design,
    answering: Answering,
) -> list[Problem]:
    """Every problem of the parameters of `digilitt.simulate`."""
    found = [
        *_count_problems("n", n, 1),
        *_count_problems("cluster_size", cluster_size, 0),
        *_wave_problems(design.waves),
        *_share_problems(design, answering),
        *_range_problems(answering),
        *_missing_problems(instrument, answering),
        *_parameter_problems(instrument, answering.parameters),
    ]
    group_problems = list(_group_problems(instrument, groups))
    if not group_problems:
        found += _effect_problems(instrument, groups, bool(cluster_size), design)
    return [*found, *group_problems]


def _problem(argument: str, message: str) -> Problem:
    return Problem(code="simulation", column=argument, message=message)


def _is_number(value: object, low: float = -math.inf, high: float = math.inf) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    number = float(value)
    return math.isfinite(number) and low <= number <= high


def _count_problems(argument: str, value: object, least: int) -> Iterator[Problem]:
    if not _is_number(value, least) or not isinstance(value, Integral):
        yield _problem(argument, f"found {value!r}; expected a whole number of at least {least}.")


def _wave_problems(waves: Sequence[str]) -> Iterator[Problem]:
    if not waves:
        yield _problem("waves", "names no wave; expected at least one, such as ('1',).")
    for wave, count in Counter(waves).items():
        if not _is_name(wave):
            yield _problem("waves", f"found {wave!r}; expected a text such as '2018'.")
        if count > 1:
            yield _problem("waves", f"wave {wave!r} stands {count} times.")


def _is_name(text: object) -> bool:
    return isinstance(text, str) and bool(text) and text == " ".join(text.split())


def _share_problems(design: Design, answering: Answering) -> Iterator[Problem]:
    for argument, value in (
        ("correlation", design.correlation),
        ("stability", design.stability),
        ("attrition", design.attrition),
        ("careless", answering.careless),
    ):
        if not _is_number(value, 0.0, 1.0):
            yield _problem(argument, f"found {value!r}; expected a number from 0 to 1.")
    if not _is_number(design.attrition_effect):
        message = f"found {design.attrition_effect!r}; expected a number (log odds)."
        yield _problem("attrition_effect", message)


def _range_problems(answering: Answering) -> Iterator[Problem]:
    for argument, value, positive in (
        ("discrimination", answering.discrimination, True),
        ("difficulty", answering.difficulty, False),
        ("spread", answering.spread, True),
    ):
        is_pair = isinstance(value, tuple | list) and len(value) == 2
        if not is_pair or not all(map(_is_number, value)) or value[0] > value[1]:
            yield _problem(argument, f"found {value!r}; expected (lowest, highest).")
        elif positive and value[0] <= 0:
            yield _problem(argument, f"found {value!r}; both ends must be above 0.")


def _missing_problems(instrument: Instrument, answering: Answering) -> Iterator[Problem]:
    known = {m.code for f in instrument.formats.values() for m in f.missing}
    rates = answering.rates
    for code, rate in rates.items():
        if code != BLANK and code not in known:
            several = ", ".join(map(str, sorted(known))) or "none"
            message = f"{code!r} is no missing code of {instrument.id}; those are {several}."
            yield _problem("missing_rate", message)
        if not _is_number(rate, 0.0, 1.0):
            message = f"the rate of {code!r} is {rate!r}; expected a number from 0 to 1."
            yield _problem("missing_rate", message)
    if all(map(_is_number, rates.values())) and sum(rates.values()) > 1.0:
        total = sum(rates.values())
        yield _problem("missing_rate", f"the rates sum to {total:g}; expected at most 1.")


def _group_problems(instrument: Instrument, groups: Groups) -> Iterator[Problem]:
    if not isinstance(groups, Mapping):
        yield _problem("groups", f"found {groups!r}; expected {{name: {{value: share}}}}.")
        return
    taken = RESERVED | {f"{name}_effect" for name in (*groups, "cluster")}
    for name, shares in groups.items():
        if not _is_name(name) or name in taken or name in instrument.columns:
            message = f"no group can be called {name!r}: it has its own meaning, or is an item."
            yield _problem("groups", message)
        elif not isinstance(shares, Mapping) or not shares:
            yield _problem(f"groups.{name}", f"found {shares!r}; expected {{value: share}}.")
        elif not all(_is_number(share, 0.0) for share in shares.values()):
            yield _problem(f"groups.{name}", "shares must be numbers of at least 0.")
        elif sum(shares.values()) <= 0:
            yield _problem(f"groups.{name}", "the shares sum to 0; at least one must be above.")
        else:
            for value in shares:
                if not _is_name(value):
                    message = f"found the value {value!r}; expected a text without needless space."
                    yield _problem(f"groups.{name}", message)


def _effect_problems(
    instrument: Instrument, groups: Groups, has_clusters: bool, design: Design
) -> Iterator[Problem]:
    scales = trait_scales(instrument)
    yield from _shift_problems("change", design.change, scales)
    for argument in ("effects", "change_effects"):
        effects = getattr(design, argument)
        if not isinstance(effects, Mapping):
            yield _problem(argument, f"found {effects!r}; expected {{group: {{value: shift}}}}.")
            continue
        for name, values in effects.items():
            if name not in groups:
                known = ", ".join(groups) or "none"
                yield _problem(argument, f"{name!r} is no group; the groups are {known}.")
            elif not isinstance(values, Mapping):
                yield _problem(argument, f"{name!r} has {values!r}; expected {{value: shift}}.")
            else:
                yield from _value_shift_problems(argument, name, values, groups[name], scales)
    yield from _random_problems(groups, has_clusters, design.random_effects)


def _value_shift_problems(
    argument: str,
    name: str,
    values: Mapping[str, object],
    known: Mapping[str, float],
    scales: Sequence[str],
) -> Iterator[Problem]:
    for value, shift in values.items():
        if value not in known:
            message = f"{value!r} is no {name}; those are {', '.join(known)}."
            yield _problem(argument, message)
        yield from _shift_problems(f"{argument}.{name}.{value}", shift, scales)


def _random_problems(groups: Groups, has_clusters: bool, random: object) -> Iterator[Problem]:
    if not isinstance(random, Mapping):
        yield _problem("random_effects", f"found {random!r}; expected {{group: sd}}.")
        return
    for name, sd in random.items():
        if name not in groups and not (name == "cluster" and has_clusters):
            message = f"{name!r} is no group; name one of groups=, or 'cluster' with cluster_size=."
            yield _problem("random_effects", message)
        if not _is_number(sd, 0.0):
            message = f"{name!r} has {sd!r}; expected a standard deviation of at least 0."
            yield _problem("random_effects", message)


def _shift_problems(argument: str, shift: object, scales: Sequence[str]) -> Iterator[Problem]:
    by_scale = shift if isinstance(shift, Mapping) else {}
    for scale, value in by_scale.items():
        if scale not in scales:
            message = f"{scale!r} is no scale of items; those are {', '.join(scales)}."
            yield _problem(argument, message)
        if not _is_number(value):
            yield _problem(argument, f"found {value!r}; expected a number.")
    if not isinstance(shift, Mapping) and not _is_number(shift):
        yield _problem(argument, f"found {shift!r}; expected a number, or one by scale.")


def given_parameters(
    given: pd.DataFrame | Mapping[str, Mapping[str, float]] | None,
) -> dict[str, dict[str, float]]:
    """Item parameters by answer column, from a frame such as `Simulation.parameters`.

    Raises
    ------
    DefinitionError
        If it is neither such a frame nor a mapping of mappings.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping) and all(isinstance(v, Mapping) for v in given.values()):
        return {column: dict(values) for column, values in given.items()}
    frame = given if isinstance(given, pd.DataFrame) else pd.DataFrame()
    by = next((name for name in ("column", "item") if name in frame), "")
    if not by or frame[by].duplicated().any():
        message = "expected {item: {'a': …, 'b1': …}}, or a frame with a row for each item."
        raise DefinitionError([_problem("parameters", message)])
    labels = ["item", "column", "scale", "key", "model"]
    numbers = frame.set_index(by).drop(columns=labels, errors="ignore")
    return {
        str(column): {str(name): number for name, number in row.dropna().items()}
        for column, row in numbers.iterrows()
    }


def _parameter_problems(
    instrument: Instrument, parameters: Mapping[str, Mapping[str, float]]
) -> Iterator[Problem]:
    home = {column: item for item in instrument.items for column in instrument.columns_of(item)}
    for column, values in parameters.items():
        if column not in home:
            message = f"{column!r} is no answer column of {instrument.id}."
            yield _problem("parameters", message)
            continue
        response_format = instrument.format_of(home[column])
        thresholds = [f"b{k}" for k in range(1, n_thresholds(response_format) + 1)]
        is_numeric = isinstance(response_format, NumericFormat)
        known = {"a", *thresholds, *(("mean", "sd") if is_numeric else ())}
        guessing = values.get("guessing")
        if response_format.kind == "single_choice" and guessing is not None:
            known.add("guessing")
            expected = 1.0 / len(response_format.options)
            if not _is_number(
                guessing, expected - GUESSING_TOLERANCE, expected + GUESSING_TOLERANCE
            ):
                message = f"guessing is {guessing!r}; it is always 1 / options, {expected:g}."
                yield _problem(f"parameters.{column}", message)
        for message in _value_problems(values, known, thresholds):
            yield _problem(f"parameters.{column}", message)


def _value_problems(
    values: Mapping[str, float], known: set[str], thresholds: Sequence[str]
) -> Iterator[str]:
    for name, value in values.items():
        if name not in known:
            yield f"{name!r} is no parameter of it; those are {', '.join(sorted(known))}."
        elif not _is_number(value):
            yield f"{name} is {value!r}; expected a number."
        elif name in ("a", "sd") and value <= 0:
            yield f"{name} is {value:g}; it must be above 0."
    cuts = [values[name] for name in thresholds if name in values]
    if cuts and len(cuts) < len(thresholds):
        yield f"has {len(cuts)} thresholds; expected all {len(thresholds)}, or none to draw them."
    elif all(map(_is_number, cuts)) and any(b <= a for a, b in pairwise(cuts)):
        yield f"its thresholds {cuts} do not ascend."
