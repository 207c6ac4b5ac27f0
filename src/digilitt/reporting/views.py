"""Tables as they stand on the page: content becomes cells of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from digilitt.reporting.charts import Bar, bar
from digilitt.reporting.content import Content, Figure, LevelRow, ScaleSection
from digilitt.reporting.moments import decimals_of
from digilitt.reporting.texts import EMPTY_MARK, WITHHELD_MARK, Texts
from digilitt.result import ALL, UNKNOWN

# With more waves than this they stand below each other instead of side by side.
WAVES_ABREAST = 3

Group = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header cell above one column or, with a `span`, above several."""

    text: str
    span: int = 1
    rows: int = 1
    is_label: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell: text or a bar; `says` is read out where the text is only a mark."""

    text: str = ""
    note: str = ""
    says: str = ""
    bar: Bar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row. `labels` are its headers; the first `repeats` stand in the row above as well."""

    labels: tuple[str, ...]
    cells: tuple[Cell, ...]
    is_total: bool = False
    repeats: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with its id and caption."""

    id: str
    caption: str
    headers: tuple[tuple[Header, ...], ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """How the figures of a report are worded."""

    content: Content
    texts: Texts

    def group(self, group: Group) -> tuple[str, ...]:
        """The labels of a group; one for everybody where there are no groups."""
        known = {ALL: self.texts("column.all"), UNKNOWN: self.texts("column.nobody_knows")}
        return tuple(known.get(name, name) for name in group) or (self.texts("column.all"),)

    def columns(self) -> tuple[str, ...]:
        """The headers of the group columns; a name that nobody foresaw stands as it is."""
        names = (self.texts.get(f"known_column.{name}", name) for name in self.content.by)
        return tuple(names) or (self.texts("column.group"),)

    def who(self, group: Group, wave: str) -> str:
        """A group at a wave, in one line."""
        return ", ".join((*self.group(group), *([wave] if wave else [])))

    def count(self, figure: Figure) -> Cell:
        """A whole number, or the mark for why there is none."""
        return self._cell(figure, lambda value: self.texts.number(value, 0))

    def share(self, figure: Figure) -> Cell:
        """A share in per cent."""
        return self._cell(figure, self.texts.percent)

    def score(self, figure: Figure, section: ScaleSection) -> Cell:
        """A mean or a standard deviation, with the decimals that the scale's range calls for."""
        decimals = decimals_of(section.low, section.high)
        return self._cell(figure, lambda value: self.texts.number(value, decimals))

    def _cell(self, figure: Figure, written: Callable[[float], str]) -> Cell:
        if figure.value is not None:
            return Cell(text=written(figure.value))
        mark = WITHHELD_MARK if figure.state == "withheld" else EMPTY_MARK
        return Cell(text=mark, says=self.texts(f"mark.{figure.state}"))


def means_table(words: Words) -> Table:
    """The mean of everybody, scale by scale and wave by wave."""
    texts, content = words.texts, words.content
    waves = content.waves or (texts("column.mean"),)
    labels = [
        Header(text=texts("column.scale"), is_label=True),
        Header(text=texts("summary.possible")),
    ]
    lines = []
    for section in content.scales:
        total = section.rows[-1]
        possible = texts(
            "number.range", low=texts.plain(section.low), high=texts.plain(section.high)
        )
        means = (words.score(wave.mean, section) for wave in total.waves)
        lines.append(Line(labels=(section.title.text,), cells=(Cell(text=possible), *means)))
    return Table(
        id="means",
        caption=texts("summary.means"),
        headers=((*labels, *(Header(text=wave) for wave in waves)),),
        lines=tuple(lines),
    )


def participation_table(words: Words) -> Table:
    """Who answered, by group and wave."""
    texts = words.texts
    rows = [
        _Row(
            group=row.group,
            fixed=(words.count(row.invited), words.count(row.enrolled)),
            waves=tuple(
                (words.count(w.answered), words.share(w.share), words.count(w.valid))
                for w in row.waves
            ),
        )
        for row in words.content.participation
    ]
    return _grid(
        words,
        table_id="participation-table",
        caption=texts("participation.caption"),
        fixed=[Header(text=texts(f"column.{name}")) for name in ("invited", "enrolled")],
        each=[Header(text=texts(f"column.{name}")) for name in ("answered", "share", "valid")],
        rows=rows,
        abreast=len(words.content.waves) <= WAVES_ABREAST,
    )


def score_table(words: Words, section: ScaleSection) -> Table:
    """Number, mean and standard deviation of a scale, by group and wave."""
    texts = words.texts
    rows = [
        _Row(
            group=row.group,
            fixed=(),
            waves=tuple(
                (
                    words.count(w.n_scored),
                    words.score(w.mean, section),
                    words.score(w.sd, section),
                )
                for w in row.waves
            ),
        )
        for row in section.rows
    ]
    return _grid(
        words,
        table_id=f"scores-{section.id}",
        caption=texts("score.caption", scale=section.title.text),
        fixed=(),
        each=[Header(text=texts(f"column.{name}")) for name in ("n_scored", "mean", "sd")],
        rows=rows,
        abreast=len(words.content.waves) <= WAVES_ABREAST,
    )


def level_table(words: Words, section: ScaleSection) -> Table:
    """The bands of a scale, by group and wave, each row with its bar."""
    texts = words.texts
    n_waves = len(words.content.waves) or 1
    levels = section.levels
    rows = [
        _Row(
            group=levels[place].group,
            fixed=(),
            waves=tuple(
                _level_cells(words, section, row) for row in levels[place : place + n_waves]
            ),
        )
        for place in range(0, len(levels), n_waves)
    ]
    labels = (Header(text=band.label.text, language=band.label.language) for band in section.bands)
    return _grid(
        words,
        table_id=f"levels-{section.id}",
        caption=texts("level.caption", scale=section.title.text),
        fixed=(),
        each=(
            Header(text=texts("column.n_scored")),
            Header(text=texts("column.distribution"), is_label=True),
            *labels,
        ),
        rows=rows,
        abreast=False,
    )


def _level_cells(words: Words, section: ScaleSection, row: LevelRow) -> tuple[Cell, ...]:
    who = words.who(row.group, row.wave)
    cells = [words.count(row.n_scored), Cell(bar=bar(row, section.bands, who, words.texts))]
    for figure in row.bands:
        share = words.share(figure.share)
        n = "" if figure.share.value is None else words.count(figure.n).text
        cells.append(Cell(text=share.text, says=share.says, note=f"({n})" if n else ""))
    return tuple(cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A group: cells that are the same at every wave, then those of each wave."""

    group: Group
    fixed: tuple[Cell, ...]
    waves: tuple[tuple[Cell, ...], ...]


def _grid(
    words: Words,
    *,
    table_id: str,
    caption: str,
    fixed: Sequence[Header],
    each: Sequence[Header],
    rows: Sequence[_Row],
    abreast: bool,
) -> Table:
    """Groups down the side, and waves side by side or below each other."""
    waves = words.content.waves
    side_by_side = abreast or not waves
    headers = _abreast_headers(words, fixed, each) if side_by_side else _headers(words, fixed, each)
    lines = _abreast_lines(words, rows) if side_by_side else _lines(words, rows)
    return Table(id=table_id, caption=caption, headers=headers, lines=tuple(lines))


def _headers(
    words: Words, fixed: Sequence[Header], each: Sequence[Header]
) -> tuple[tuple[Header, ...], ...]:
    labels = (*words.columns(), words.texts("column.wave"))
    return ((*(Header(text=text, is_label=True) for text in labels), *fixed, *each),)


def _abreast_headers(
    words: Words, fixed: Sequence[Header], each: Sequence[Header]
) -> tuple[tuple[Header, ...], ...]:
    waves = words.content.waves
    rows = 2 if waves else 1
    first = [Header(text=text, rows=rows, is_label=True) for text in words.columns()]
    first += [replace(header, rows=rows) for header in fixed]
    if not waves:
        return ((*first, *each),)
    above = (Header(text=wave, span=len(each)) for wave in waves)
    return (*first, *above), tuple(each) * len(waves)


def _abreast_lines(words: Words, rows: Sequence[_Row]) -> Iterator[Line]:
    previous: tuple[str, ...] = ()
    for row in rows:
        labels = words.group(row.group)
        yield Line(
            labels=labels,
            cells=(*row.fixed, *(cell for wave in row.waves for cell in wave)),
            is_total=_is_total(row.group),
            repeats=_repeats(previous, labels),
        )
        previous = labels


def _lines(words: Words, rows: Sequence[_Row]) -> Iterator[Line]:
    previous: tuple[str, ...] = ()
    for row in rows:
        for wave, cells in zip(words.content.waves, row.waves, strict=True):
            labels = (*words.group(row.group), wave)
            yield Line(
                labels=labels,
                cells=(*row.fixed, *cells),
                is_total=_is_total(row.group),
                repeats=_repeats(previous, labels),
            )
            previous = labels


def _is_total(group: Group) -> bool:
    return all(name == ALL for name in group)


def _repeats(previous: Sequence[str], labels: Sequence[str]) -> int:
    """How many leading labels the row above has too; never all of them."""
    count = 0
    for before, label in zip(previous[:-1], labels[:-1], strict=False):
        if before != label:
            break
        count += 1
    return count
