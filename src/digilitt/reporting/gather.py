"""From results to what a report says: protected tables become rows of figures."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import pandas as pd

from digilitt.define.instrument import Instrument
from digilitt.define.scale import Scale
from digilitt.disclosure import Disclosure
from digilitt.reporting.content import (
    NOTHING,
    SMALL,
    UNKNOWN_FIGURE,
    WITHHELD,
    BandFigure,
    Content,
    Figure,
    LevelRow,
    Origin,
    ParticipationRow,
    Phrase,
    Remark,
    ScaleSection,
    ScoreRow,
    Statistics,
    Turnout,
)
from digilitt.reporting.method import (
    instrument_facts,
    phrase,
    scale_bands,
    scale_items,
    scale_rules,
)
from digilitt.reporting.protection import Protected
from digilitt.reporting.texts import natural_key
from digilitt.result import ALL, UNKNOWN, Caveat
from digilitt.scoring.participation import Participation
from digilitt.scoring.plan import Plan
from digilitt.scoring.scores import Scores

Group = tuple[str, ...]
Rows = dict[tuple[str, Group], dict[str, float]]

# Caveats whose numbers count columns and empty rows, not people.
ABOUT_THE_FILE = ("columns-dropped", "blank-columns", "blank-rows", "summary-row")
# Numbers of persons that belong with the tables: with what those show, they complete the rest.
BESIDE_THE_TABLES = ("group-unknown", "no-answers", "no-norm", "not-assessed", "too-few-answers")
LEADING_COUNT = re.compile(r"(\d+) (?=\w)")
# Said by the page itself, with the minimum that is in force.
SAID_OTHERWISE = ("disclosure-not-applied",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the caller says of the page."""

    language: str
    title: str
    made: dt.date


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Frame:
    """Groups and waves in the order in which they are shown."""

    by: tuple[str, ...]
    waves: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return self.waves or ("",)


def gather(
    scores: Scores,
    participation: Participation,
    protected: Protected,
    disclosure: Disclosure,
    page: Page,
) -> Content:
    """Put together what a report says.

    Parameters
    ----------
    scores, participation : Scores, Participation
        For what they say of themselves; every figure comes from `protected`.
    protected : Protected
    disclosure : Disclosure
    page : Page

    Returns
    -------
    Content
    """
    plan, instrument = scores.responses.plan, scores.instrument
    frame = _frame(protected.participation, scores, participation.by, page.language)
    title = Phrase(page.title, page.language) if page.title.strip() else None
    return Content(
        language=page.language,
        title=title or phrase(instrument.title, page.language),
        by=frame.by,
        waves=frame.waves,
        min_n=disclosure.min_n,
        any_withheld=protected.any_withheld,
        has_roster=protected.has_roster,
        participation=_participation(protected, frame),
        scales=tuple(
            _section(scale, plan, instrument, protected, frame, page.language)
            for scale in instrument.scales
        ),
        instrument=instrument_facts(instrument, page.language),
        remarks=tuple(_remarks((*scores.caveats, *participation.caveats), protected, disclosure)),
        origin=_origin(scores, frame, protected, disclosure, page),
    )


def _frame(table: pd.DataFrame, scores: Scores, by: Sequence[str], language: str) -> _Frame:
    waves = list(dict.fromkeys(scores.responses.people["wave"])) if "wave" in table else []
    known = [str(wave) for wave in waves if not pd.isna(wave)]
    # Names such as "före" and "efter" have no order of their own: that of the data stands.
    if all(any(letter.isdigit() for letter in wave) for wave in known):
        known.sort(key=lambda wave: natural_key(wave, language))
    last = {ALL: 2, UNKNOWN: 1}

    def place(group: Group) -> list[tuple[int, tuple[tuple[int, float, str], ...]]]:
        return [(last.get(name, 0), natural_key(name, language)) for name in group]

    groups = sorted(dict.fromkeys(_groups(table, by)), key=place)
    return _Frame(by=tuple(by), waves=tuple(known), groups=tuple(groups))


def _groups(table: pd.DataFrame, by: Sequence[str]) -> list[Group]:
    if not by:
        return [()] * len(table)
    return list(zip(*(map(str, table[name].tolist()) for name in by), strict=True))


def _rows(table: pd.DataFrame, frame: _Frame, names: Sequence[str]) -> Rows:
    """Figures by wave and group."""
    waves = map(str, table["wave"].tolist()) if frame.waves else [""] * len(table)
    columns = [table[name].tolist() for name in names]
    figures = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return dict(zip(zip(waves, _groups(table, frame.by), strict=True), figures, strict=True))


def _count(value: float) -> Figure:
    return WITHHELD if math.isnan(value) else Figure(int(value))


def _statistic(value: float, n_scored: float, *, least: int, hidden: bool) -> Figure:
    if math.isnan(n_scored) or (hidden and n_scored >= least):
        return WITHHELD
    return NOTHING if n_scored < least or math.isnan(value) else Figure(float(value))


def _participation(protected: Protected, frame: _Frame) -> tuple[ParticipationRow, ...]:
    names = ["invited", "enrolled", "answered", "valid"]
    rows = _rows(protected.participation, frame, names)
    made = []
    for group in frame.groups:
        at = [rows[wave, group] for wave in frame.keys]
        made.append(
            ParticipationRow(
                group=group,
                invited=_roster(at[0]["invited"], protected),
                enrolled=_roster(at[0]["enrolled"], protected),
                waves=tuple(_turnout(row, protected) for row in at),
            )
        )
    return tuple(made)


def _roster(value: float, protected: Protected) -> Figure:
    return _count(value) if protected.has_roster else UNKNOWN_FIGURE


def _turnout(row: dict[str, float], protected: Protected) -> Turnout:
    answered, invited = row["answered"], row["invited"]
    share = NOTHING
    if not protected.has_roster:
        share = UNKNOWN_FIGURE
    elif math.isnan(answered) or math.isnan(invited):
        share = WITHHELD
    elif invited > 0:
        share = Figure(answered / invited)
    return Turnout(answered=_count(answered), valid=_count(row["valid"]), share=share)


def _section(
    scale: Scale,
    plan: Plan,
    instrument: Instrument,
    protected: Protected,
    frame: _Frame,
    language: str,
) -> ScaleSection:
    ruled = plan.scale(scale.id)
    bands = scale_bands(scale, ruled.high, instrument, language)
    return ScaleSection(
        id=scale.id,
        title=phrase(scale.title, language),
        context=scale.context,
        low=ruled.low,
        high=ruled.high,
        rules=scale_rules(scale, ruled, instrument, language),
        items=scale_items(scale, ruled, instrument, language),
        inner_scales=tuple(phrase(instrument.scale(i).title, language) for i in scale.scales),
        rows=_score_rows(protected.scores, scale.id, frame),
        bands=bands,
        levels=_levels(protected.bands, scale.id, [band.id for band in bands], frame),
    )


def _score_rows(scores: pd.DataFrame, scale: str, frame: _Frame) -> tuple[ScoreRow, ...]:
    table = scores[scores["scale"] == scale]
    rows = _rows(table, frame, ["n_scored", "mean", "sd", "suppressed"])
    return tuple(
        ScoreRow(
            group=group,
            waves=tuple(_statistics(rows[wave, group]) for wave in frame.keys),
        )
        for group in frame.groups
    )


def _statistics(row: dict[str, float]) -> Statistics:
    n, mean, sd = row["n_scored"], row["mean"], row["sd"]
    touched = bool(row["suppressed"])
    return Statistics(
        n_scored=_count(n),
        mean=_statistic(mean, n, least=1, hidden=touched and math.isnan(mean)),
        sd=_statistic(sd, n, least=2, hidden=touched and math.isnan(sd)),
    )


def _levels(
    table: pd.DataFrame, scale: str, bands: Sequence[str], frame: _Frame
) -> tuple[LevelRow, ...]:
    if not bands:
        return ()
    own = table[table["scale"] == scale]
    rows = {band: _rows(own[own["band"] == band], frame, ["n", "share"]) for band in (*bands, ALL)}
    made = []
    for group, wave in product(frame.groups, frame.keys):
        n_scored = _count(rows[ALL][wave, group]["n"])
        figures = [_band(rows[band][wave, group], n_scored) for band in bands]
        shown = sum(figure.share.value or 0.0 for figure in figures)
        hidden = any(figure.n.state == "withheld" for figure in figures)
        made.append(
            LevelRow(
                group=group,
                wave=wave,
                n_scored=n_scored,
                bands=tuple(figures),
                withheld_share=max(1.0 - shown, 0.0) if hidden else 0.0,
            )
        )
    return tuple(made)


def _band(row: dict[str, float], n_scored: Figure) -> BandFigure:
    n = _count(row["n"])
    if n.state == "withheld":
        return BandFigure(n=n, share=WITHHELD)
    return BandFigure(n=n, share=Figure(float(row["share"])) if n_scored.value else NOTHING)


def _remarks(
    caveats: Sequence[Caveat], protected: Protected, disclosure: Disclosure
) -> Iterator[Remark]:
    for caveat in dict.fromkeys(caveats):
        if caveat.code in SAID_OTHERWISE:
            continue
        found = LEADING_COUNT.match(caveat.message)
        free = caveat.code in ABOUT_THE_FILE
        count = Figure(int(found[1])) if found else None
        if found and not free:
            count = _guarded(int(found[1]), protected, disclosure)
        message = caveat.message if free else _guarded_text(caveat.message, protected, disclosure)
        if protected.any_withheld and caveat.code in BESIDE_THE_TABLES:
            count, message = WITHHELD, re.sub(r"\d+", "..", message)
        yield Remark(code=caveat.code, where=caveat.where, n=count, message=message)


def _guarded(count: int, protected: Protected, disclosure: Disclosure) -> Figure:
    """A count over all waves: it could complete a total that is withheld."""
    if 0 < count < disclosure.min_n:
        return SMALL
    return Figure(count) if protected.totals_shown else WITHHELD


def _guarded_text(message: str, protected: Protected, disclosure: Disclosure) -> str:
    """A message of which no number is known to count persons or not: small ones go."""

    def replaced(found: re.Match[str]) -> str:
        figure = _guarded(int(found[0]), protected, disclosure)
        return ".." if figure.value is None else found[0]

    return re.sub(r"\d+", replaced, message)


def _origin(
    scores: Scores, frame: _Frame, protected: Protected, disclosure: Disclosure, page: Page
) -> Origin:
    source = scores.provenance
    chosen = [
        ("by", ", ".join(frame.by)),
        ("min_n", str(disclosure.min_n)),
        ("language", page.language),
    ]
    return Origin(
        instrument=source.instrument,
        digest=source.digest,
        digilitt=source.digilitt,
        made=page.made.isoformat(),
        source=source.source,
        seed=source.seed,
        n_rows=_guarded(source.n, protected, disclosure),
        options=(*chosen, *source.options),
    )
