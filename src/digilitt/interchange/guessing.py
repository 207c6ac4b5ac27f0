"""Guessing a mapping: what the headers and cells of a file seem to mean, for somebody to read."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as Keyed
from dataclasses import replace
from difflib import get_close_matches

from digilitt.define.catalogue import municipalities
from digilitt.define.instrument import Instrument
from digilitt.define.mapping import Mapping
from digilitt.errors import counted
from digilitt.interchange.tables import RawTable, read_table
from digilitt.scoring.answers import labels_of, read_column, split_ticks
from digilitt.scoring.cells import is_blank, normalised
from digilitt.scoring.columns import known_names, name_in
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.persons import quoted
from digilitt.scoring.table import summary_rows

# Header words, Swedish and English, by what such a column usually holds.
ROLE_WORDS = {
    "person": "id person deltagare deltagarkod deltagar-id personkod kod respondent "
    "respondent-id löpnr löpnummer participant code",
    "wave": "wave mättillfälle mätning omgång våg tillfälle occasion round år year",
    "cluster": "workplace arbetsplats enhet unit avdelning boende verksamhet",
    "weight": "weight vikt",
    "rater": "rater bedömare coach",
}
GROUP_WORDS = {
    "municipality": "municipality kommun kommunkod",
    "sex": "sex gender kön",
    "role": "role roll befattning yrke yrkesroll titel",
}
BLANK_WORDS = frozenset(("-", "--", ".", "..", "n/a", "na", "ej svar", "inget svar", "no answer"))
# Headers that a note names, at most.
SHOWN = 12
WAVE_SUFFIX = re.compile(r"(.+?)(?:[ _@-]+|\.)[(\[]?([^ _.@()\[\]-]+)[)\]]?", re.DOTALL)


def guess_mapping(
    source: str | os.PathLike[str],
    instrument: Instrument,
    *,
    sheet: str | int | None = None,
    header_row: int = 1,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Mapping:
    """Propose what the headers and cells of a file mean, to be read and edited.

    Headers that name an item by id or text, alone or followed by a wave (``a1_fore``), are
    mapped; so are common Swedish and English headers for persons, waves and groups, and
    the names and codes of DigiLitt's municipalities. What is only similar is not mapped
    but listed in `notes`, together with answers that are not understood and the columns
    that are not used.

    Parameters
    ----------
    source : path
    instrument : Instrument
    sheet, header_row, encoding, delimiter
        As for `read_responses`.

    Returns
    -------
    Mapping
        Save it with ``.write("mapping.toml")``.

    Raises
    ------
    InterchangeError
        If the file cannot be read as a table.

    Examples
    --------
    >>> import digilitt as dl
    >>> guess = dl.guess_mapping(dl.sample("digilitt-core"), dl.instrument("digilitt-core"))
    >>> guess.person, guess.groups["municipality"], guess.notes
    ('person', 'municipality', ())
    """
    table = read_table(
        source, sheet=sheet, header_row=header_row, encoding=encoding, delimiter=delimiter
    )
    headers = list(table.cells.columns)
    columns = _item_columns(headers, instrument)
    cells = table.cells[~summary_rows(table.cells, columns, "")]
    table = replace(table, cells=cells.reset_index(drop=True))
    free = [header for header in headers if header not in columns]
    roles = _named(free, ROLE_WORDS)
    groups = _named([header for header in free if header not in roles.values()], GROUP_WORDS)
    roles = {role: header for role, header in roles.items() if role != "wave" or _plain(columns)}
    used = {*columns, *roles.values(), *groups.values()}
    blanks, notes = _unread_answers(table, columns, instrument)
    unused = [header for header in headers if header not in used]
    near = dict(_near_misses(unused, columns, instrument))
    asked = {header for those in near.values() for header in those}
    left = [header for header in unused if header not in asked]
    values = _municipality_values(table, groups.get("municipality", ""))
    return Mapping(
        notes=(*near, *notes, *_left_over(left, {*roles} if _plain(columns) else {*roles, "wave"})),
        instrument=instrument.id,
        sheet=sheet,
        header_row=header_row,
        **roles,
        groups=groups,
        columns=columns,
        values={"municipality": values} if values else {},
        blanks=tuple(blanks),
    )


def _plain(columns: Keyed[str, str]) -> bool:
    return not any("@" in target for target in columns.values())


def _item_columns(headers: Sequence[str], instrument: Instrument) -> dict[str, str]:
    names = known_names(instrument)
    exact: dict[str, str] = {}
    for header in headers:
        found = name_in(header, names)
        if len(found) == 1 and (target := next(iter(found))) not in exact.values():
            exact[header] = target
    waved: dict[str, str] = {}
    for header in headers:
        parts = WAVE_SUFFIX.fullmatch(header)
        found = names.get(normalised(parts.group(1)), set()) if parts else set()
        if parts and header not in exact and len(found) == 1:
            waved[header] = f"{next(iter(found))}@{parts.group(2)}"
    counts = Counter(target.partition("@")[2] for target in waved.values())
    # A suffix that few items have is a coincidence, not a wave.
    waves = {wave for wave, count in counts.items() if count > len(instrument.columns) / 2}
    if len(waves) < 2 or exact:
        return exact
    return {header: target for header, target in waved.items() if target.partition("@")[2] in waves}


def _named(headers: Sequence[str], words: Keyed[str, str]) -> dict[str, str]:
    found = {}
    for name, known in words.items():
        fitting = [header for header in headers if normalised(header) in known.split()]
        if len(fitting) == 1:
            found[name] = fitting[0]
    return found


def _near_misses(
    headers: Sequence[str], columns: Keyed[str, str], instrument: Instrument
) -> Iterator[tuple[str, list[str]]]:
    """A note for each item without a column, and the headers that it asks about."""
    taken = {target.partition("@")[0] for target in columns.values()}
    for item in instrument.items:
        lacking = [name for name in instrument.columns_of(item) if name not in taken]
        if not lacking or item.id in taken:
            continue
        wanted = [item.id, *item.text.variants()]
        near = [m for name in wanted for m in get_close_matches(name, headers, n=2, cutoff=0.7)]
        if near:
            several = " or ".join(repr(header) for header in dict.fromkeys(near))
            note = f"Item {item.id} has no column. Is it {several}? Then add it under [columns]."
            yield note, near
        else:
            yield f"Item {item.id} has no column ({item.text.to('sv')[:60]!r}).", []


def _left_over(headers: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """A note on columns that mean nothing so far, and on what one of them may be."""
    if headers:
        shown = ", ".join(quoted(header) for header in headers[:SHOWN])
        more = f" and {len(headers) - SHOWN} more" if len(headers) > SHOWN else ""
        wanted = [f"the {role}" for role in ("person", "wave") if role not in known]
        question = " or ".join([part for part in (", ".join(wanted), "a group") if part])
        yield f"Not used: {shown}{more}. Is one {question}?"


def _unread_answers(
    table: RawTable, columns: Keyed[str, str], instrument: Instrument
) -> tuple[list[str], list[str]]:
    """Cell texts that mean no answer, and notes on those that are not understood."""
    plan = compile_plan(instrument)
    owner = {column: item for item in plan.items for column in (item.item, *item.columns)}
    blanks: set[str] = set()
    unread: Counter[tuple[str, str]] = Counter()
    for header, target in columns.items():
        item = owner[target.partition("@")[0]]
        definition = instrument.item(item.item)
        labels = labels_of(definition, instrument, Mapping())
        cells = list(table.cells[header])
        if item.credit and target.partition("@")[0] == item.item:
            wrong = next(iter(split_ticks(cells, item, labels, frozenset()).values())).wrong
        else:
            wrong = read_column(
                cells,
                item,
                instrument.format_of(definition),
                labels,
                frozenset(),
                decimal_comma=table.decimal_comma,
            ).wrong
        for row in wrong:
            text = " ".join(str(cells[row]).split())
            if normalised(text) in BLANK_WORDS:
                blanks.add(text)
            else:
                unread[definition.format, text[:60]] += 1
    notes = [
        f"{text!r} stands {counted(count, 'time')} among answers of format {name!r} and is not "
        f"understood: give its code under [labels.{name}], or list it under blanks."
        for (name, text), count in unread.most_common()
    ]
    return sorted(blanks), notes


def _municipality_values(table: RawTable, header: str) -> dict[str, str]:
    if not header:
        return {}
    names = {
        normalised(variant): known.name
        for known in municipalities()
        for variant in (
            known.name,
            known.code,
            known.code.lstrip("0"),
            f"{known.name} kommun",
            f"{known.name}s kommun",
        )
    }
    cells = {" ".join(str(cell).split()) for cell in table.cells[header] if not is_blank(cell)}
    found = {cell: names[normalised(cell)] for cell in sorted(cells) if normalised(cell) in names}
    return {cell: name for cell, name in found.items() if cell != name}
