"""Simulated answers: item parameters, answers from traits, careless and missing answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.define.formats import MultiSelectFormat, NumericFormat, ResponseFormat, option_codes
from digilitt.define.instrument import Instrument
from digilitt.define.item import Item
from digilitt.numerics.irt import sample_graded
from digilitt.scoring.kernel import not_asked
from digilitt.scoring.plan import Plan

Floats = NDArray[np.float64]
Columns = dict[str, Floats]

BLANK = "blank"
# A normal answer of a numeric item has six of these between minimum and maximum.
SD_PER_RANGE = 6.0
# Digits that the range of a numeric item that is not whole is divided into.
DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """How people answer; `digilitt.simulate` explains each."""

    discrimination: tuple[float, float] = (0.8, 2.2)
    difficulty: tuple[float, float] = (-1.0, 1.0)
    spread: tuple[float, float] = (0.6, 1.4)
    missing_rate: float | Mapping[str | int, float] = 0.0
    careless: float = 0.0
    parameters: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def rates(self) -> dict[str | int, float]:
        """Share of blanks ("blank") and of each missing code."""
        rate = self.missing_rate
        return dict(rate) if isinstance(rate, Mapping) else {BLANK: rate}


@dataclass(frozen=True, slots=True, eq=False)
class Careless:
    """Rows answered without reading.

    Attributes
    ----------
    rows : ndarray of int64
        Positions of the rows.
    straight : ndarray of bool
        Whether each of them takes the same position throughout; else any answer is as likely.
    """

    rows: NDArray[np.int64]
    straight: NDArray[np.bool_]


def trait_scales(instrument: Instrument) -> tuple[str, ...]:
    """The scales that have a trait: those made of items."""
    return tuple(scale.id for scale in instrument.scales if scale.items)


def homes(instrument: Instrument) -> dict[str, tuple[str, int]]:
    """The scale whose trait each item measures, and its key there; the first, if in several."""
    found: dict[str, tuple[str, int]] = {}
    for scale in instrument.scales:
        for entry in scale.items:
            for name in entry.names:
                found.setdefault(name, (scale.id, entry.key))
    return found


def n_thresholds(response_format: ResponseFormat) -> int:
    """Thresholds of one answer column: options less one; 1 for right and wrong; 0 for numbers."""
    if isinstance(response_format, NumericFormat):
        return 0
    if response_format.kind in ("single_choice", "multi_select"):
        return 1
    return len(response_format.options) - 1


def draw_parameters(
    instrument: Instrument, answering: Answering, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per answer column, given parameters in the place of drawn ones.

    Every parameter is drawn, given or not, so that giving one leaves the others as they were.
    """
    home = homes(instrument)
    rows: list[dict[str, object]] = []
    for item in instrument.items:
        response_format = instrument.format_of(item)
        scale, key = home.get(item.id, ("", 1))
        for column in instrument.columns_of(item):
            about = {"item": item.id, "column": column, "scale": scale, "key": key}
            made = _drawn(response_format, answering, rng)
            rows.append(about | made | dict(answering.parameters.get(column, {})))
    most = max(n_thresholds(instrument.format_of(item)) for item in instrument.items)
    thresholds = [f"b{number}" for number in range(1, most + 1)]
    first = ["item", "column", "scale", "key", "model", "a"]
    return pd.DataFrame(rows, columns=[*first, *thresholds, "guessing", "mean", "sd"])


def _drawn(
    response_format: ResponseFormat, answering: Answering, rng: np.random.Generator
) -> dict[str, object]:
    made: dict[str, object] = {"model": "graded", "a": rng.uniform(*answering.discrimination)}
    if isinstance(response_format, NumericFormat):
        low, high = response_format.minimum, response_format.maximum
        return made | {
            "model": "normal",
            "mean": (low + high) / 2.0,
            "sd": (high - low) / SD_PER_RANGE,
        }
    location = rng.uniform(*answering.difficulty)
    gaps = rng.uniform(*answering.spread, size=n_thresholds(response_format) - 1)
    steps = np.concatenate([[0.0], np.cumsum(gaps)])
    for number, threshold in enumerate(location + steps - steps.mean(), start=1):
        made[f"b{number}"] = float(threshold)
    if response_format.kind == "single_choice":
        made |= {"model": "2pl-guessing", "guessing": 1.0 / len(response_format.options)}
    return made


def draw_answers(
    instrument: Instrument, parameters: pd.DataFrame, theta: Floats, rng: np.random.Generator
) -> Columns:
    """Answers of attentive people to every item, as codes by column.

    Parameters
    ----------
    theta : ndarray of float64, shape (n_rows, n_scales)
        Traits in the order of `trait_scales`.
    """
    scales = trait_scales(instrument)
    answers: Columns = {}
    for item in instrument.items:
        rows = parameters.loc[parameters["item"] == item.id]
        scale, key = rows["scale"].iloc[0], int(rows["key"].iloc[0])
        # An item in no scale has a trait of its own, apart from all others.
        trait = theta[:, scales.index(scale)] if scale else rng.standard_normal(len(theta))
        response_format = instrument.format_of(item)
        if isinstance(response_format, NumericFormat):
            answers[item.id] = _numbers(response_format, rows, key * trait, rng)
            continue
        thresholds = [f"b{number}" for number in range(1, n_thresholds(response_format) + 1)]
        category = sample_graded(trait, rows["a"], rows[thresholds], rng=rng)
        answers |= _codes(instrument, item, key, category, rng)
    return answers


def _numbers(
    response_format: NumericFormat, rows: pd.DataFrame, trait: Floats, rng: np.random.Generator
) -> Floats:
    a, mean, sd = (float(rows[name].iloc[0]) for name in ("a", "mean", "sd"))
    z = (a * trait + rng.standard_normal(len(trait))) / np.sqrt(1.0 + a * a)
    return _rounded(mean + sd * z, response_format)


def _rounded(numbers: Floats, response_format: NumericFormat) -> Floats:
    low, high = response_format.minimum, response_format.maximum
    digits = 0
    if not response_format.integer:
        digits = max(0, DIGITS - int(np.ceil(np.log10(high - low))))
    return np.clip(np.round(numbers, digits), low, high)


def _codes(
    instrument: Instrument,
    item: Item,
    key: int,
    category: NDArray[np.int64],
    rng: np.random.Generator,
) -> Columns:
    response_format = instrument.format_of(item)
    options = np.array(option_codes(response_format.options), dtype=np.float64)
    right = np.ravel(np.array(item.key, dtype=np.float64))
    if isinstance(response_format, MultiSelectFormat):
        keyed = np.isin(options, right)
        ticks = np.where(category == 1, keyed, ~keyed).astype(np.float64)
        return dict(zip(instrument.columns_of(item), ticks.T.copy(), strict=True))
    chosen = category[:, 0]
    if response_format.kind == "single_choice":
        # Who does not know guesses among all options, and is right in one of n.
        guess = options[rng.integers(len(options), size=len(chosen))]
        return {item.id: np.where(chosen == 1, right[0], guess)}
    values = [option.value for option in response_format.options]
    ascending = options[np.argsort(values, kind="stable")]
    return {item.id: ascending[chosen if key == 1 else len(options) - 1 - chosen]}


def draw_careless(n: int, share: float, rng: np.random.Generator) -> Careless:
    """Rows that are answered without reading, every second one by straight-lining."""
    rows = rng.permutation(n)[: round(share * n)]
    return Careless(rows, np.arange(len(rows)) % 2 == 1)


def answer_carelessly(
    instrument: Instrument, answers: Columns, careless: Careless, rng: np.random.Generator
) -> Columns:
    """The answers with those of careless rows replaced."""
    made = {name: codes.copy() for name, codes in answers.items()}
    n = len(careless.rows)
    same = rng.random(n)
    for item in instrument.items:
        response_format = instrument.format_of(item)
        place = np.where(careless.straight, same, rng.random(n))
        if isinstance(response_format, NumericFormat):
            low, high = response_format.minimum, response_format.maximum
            made[item.id][careless.rows] = _rounded(low + place * (high - low), response_format)
            continue
        options = np.array(option_codes(response_format.options), dtype=np.float64)
        position = np.floor(place * len(options)).astype(np.int64)
        if not isinstance(response_format, MultiSelectFormat):
            made[item.id][careless.rows] = options[position]
            continue
        coins = rng.random((n, len(options))) < 0.5
        one = position[:, None] == np.arange(len(options))
        ticks = np.where(careless.straight[:, None], one, coins)
        for column, ticked in zip(instrument.columns_of(item), ticks.T, strict=True):
            made[column][careless.rows] = ticked
    return made


def leave_out(
    plan: Plan,
    answers: Columns,
    rates: Mapping[str | int, float],
    rng: np.random.Generator,
) -> Columns:
    """The answers with blanks and missing codes at the given rates, for whole items."""
    made = dict(answers)
    for item in plan.items:
        chance = rng.random(len(answers[item.columns[0]]))
        edge = 0.0
        for code, rate in _applicable(plan.instrument, item.item, rates):
            hit = (chance >= edge) & (chance < edge + rate)
            edge += rate
            for column in item.columns:
                made[column] = np.where(hit, code, made[column])
    return made


def _applicable(
    instrument: Instrument, item: str, rates: Mapping[str | int, float]
) -> Iterator[tuple[float, float]]:
    yield np.nan, rates.get(BLANK, 0.0)
    for missing in instrument.format_of(instrument.item(item)).missing:
        yield float(missing.code), rates.get(missing.code, 0.0)


def close_gates(plan: Plan, answers: Columns) -> Columns:
    """The answers with a blank wherever a gate says that the item was not asked."""
    made = dict(answers)
    for item in plan.items:
        if item.gate is not None:
            closed = not_asked(plan, item, answers)
            for column in item.columns:
                made[column] = np.where(closed, np.nan, answers[column])
    return made
