"""What a report says: frozen values, unrounded, that JSON can carry.

Nothing that a `Disclosure` withholds gets this far: a withheld figure has no value.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["shown", "withheld", "small", "unknown", "none"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, or why there is none.

    Attributes
    ----------
    value : float or None
        A count, a mean or a share (0 to 1); None unless shown.
    state : {"shown", "withheld", "small", "unknown", "none"}
        *withheld*: a `Disclosure` withholds it. *small*: it is below the minimum, which may be
        told. *unknown*: nobody knows it. *none*: there is nothing to compute it from.
    """

    value: float | None
    state: State = "shown"


WITHHELD = Figure(None, "withheld")
SMALL = Figure(None, "small")
UNKNOWN_FIGURE = Figure(None, "unknown")
NOTHING = Figure(None, "none")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text of an instrument and the language that it is in."""

    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnout:
    """Who answered at one wave; `share` is answered of invited."""

    answered: Figure
    valid: Figure
    share: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipationRow:
    """One group: `group` has a value per group column, ``(all)`` where summed over."""

    group: tuple[str, ...]
    invited: Figure
    enrolled: Figure
    waves: tuple[Turnout, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """A scale in one group at one wave, in the scale's metric."""

    n_scored: Figure
    mean: Figure
    sd: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """A scale in one group, wave by wave."""

    group: tuple[str, ...]
    waves: tuple[Statistics, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandFigure:
    """How many of a group are in one band; `share` is of those with a score."""

    n: Figure
    share: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRow:
    """The bands of one group at one wave.

    `withheld_share` is what published numbers leave over for the bands that are withheld: from
    0 to 1, and 1 where the whole group is withheld.
    """

    group: tuple[str, ...]
    wave: str
    n_scored: Figure
    bands: tuple[BandFigure, ...]
    withheld_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A band: from `start`, included, to `end`.

    `closed` says whether the end belongs to it; `needs` what else it asks for, as numbers of
    scales and the level that they have to reach; `but_not` which bands take over within the
    range, from those who have what these need. `outside` is the band of those not assessed,
    which has no range.
    """

    id: str
    label: Phrase
    start: float
    end: float
    closed: bool = False
    needs: tuple[tuple[int, Phrase], ...] = ()
    but_not: tuple[Phrase, ...] = ()
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """An item of a scale, its key (+1 or -1) and its weight.

    In a count, `together` names the item that it counts together with.
    """

    id: str
    text: Phrase
    key: int
    weight: float
    together: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a scale's score is computed.

    Attributes
    ----------
    metric : str
        sum, mean, pomp, linear, t or count.
    base : str
        What a linear or a T score rests on: sum or mean.
    n_parts : int
        Items that are added up; with `of_scales`, scales whose means are.
    of_scales : bool
    weighted : bool
        Whether weights differ.
    minimum : float
        Fewest answered parts; a share of the applicable parts where `is_share`.
    prorate : bool
        Whether a sum with missing parts is scaled up to all parts.
    multiply, add : float
        Of a linear transform.
    norm_source, norm_groups : str
        Where the norms of a T score are from, and the column they are by.
    at_least : float
        In a count of items: the score to reach.
    level : Phrase or None
        In a count of scales: the level to reach.
    """

    metric: str
    base: str
    n_parts: int
    of_scales: bool
    weighted: bool
    minimum: float
    is_share: bool
    prorate: bool
    multiply: float
    add: float
    norm_source: str
    norm_groups: str
    at_least: float = 0.0
    level: Phrase | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSection:
    """One scale: its results, and how they were made."""

    id: str
    title: Phrase
    context: bool
    low: float
    high: float
    rules: Rules
    items: tuple[ItemLine, ...]
    inner_scales: tuple[Phrase, ...]
    rows: tuple[ScoreRow, ...]
    bands: tuple[Band, ...]
    levels: tuple[LevelRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFormat:
    """Options that people chose from, with what each counts; empty for other formats."""

    kind: str
    options: tuple[tuple[float, Phrase], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentFacts:
    """What the instrument says of itself; `notes_language` is empty where nobody knows it."""

    name: str
    digest: str
    title: Phrase
    description: Phrase | None
    status: str
    rater: str
    n_items: int
    licence: str
    source: str
    attribution: str
    notes: tuple[str, ...]
    unverified: tuple[str, ...]
    notes_language: str
    formats: tuple[AnswerFormat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A caveat of the results. `n` is the count in it, if it begins with one."""

    code: str
    where: str
    n: Figure | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the page comes from; `n_rows` is persons × waves."""

    instrument: str
    digest: str
    digilitt: str
    made: str
    source: tuple[str, ...]
    seed: str
    n_rows: Figure
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything that a report says.

    Attributes
    ----------
    language : {"sv", "en"}
    title : Phrase
    by : tuple of str
        The group columns.
    waves : tuple of str
        Empty without waves; rows then have one entry.
    min_n : int
        Smallest number of persons that is shown.
    any_withheld : bool
    has_roster : bool
        Whether it is known how many were invited and enrolled.
    participation : tuple of ParticipationRow
    scales : tuple of ScaleSection
    instrument : InstrumentFacts
    remarks : tuple of Remark
    origin : Origin
    """

    language: str
    title: Phrase
    by: tuple[str, ...]
    waves: tuple[str, ...]
    min_n: int
    any_withheld: bool
    has_roster: bool
    participation: tuple[ParticipationRow, ...]
    scales: tuple[ScaleSection, ...]
    instrument: InstrumentFacts
    remarks: tuple[Remark, ...]
    origin: Origin

    def to_json(self) -> str:
        """The content as JSON, with keys in the order of the fields."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, indent=1)
