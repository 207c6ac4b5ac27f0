"""Commands for files of answers: score them, map their headers, check them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from digilitt.cli.common import (
    TABLES,
    FileArgument,
    FrameworkOption,
    HeaderRowOption,
    InstrumentOption,
    Language,
    LanguageOption,
    MappingOption,
    MinNOption,
    OverwriteOption,
    SheetOption,
    check_target,
    read_frameworks,
    say,
)
from digilitt.errors import DigilittError

if TYPE_CHECKING:
    from digilitt.define.instrument import Instrument
    from digilitt.define.mapping import Mapping
    from digilitt.reporting.render import Report
    from digilitt.scoring.scores import Scores


def score(
    # long because every option of the command is a parameter with its help.
    file: FileArgument,
    instrument: InstrumentOption,
    out: Annotated[
        Path,
        typer.Option(
            "--out", help="What to write: .html (report); .xlsx, .csv or .parquet (tables)."
        ),
    ],
    mapping: MappingOption = None,
    person: Annotated[str, typer.Option(help="Header of the person ids.")] = "",
    wave: Annotated[str, typer.Option(help="Header of the waves.")] = "",
    group: Annotated[
        list[str] | None, typer.Option(help="Header of a group column; may be repeated.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="Group to show results by; may be repeated. Default: what --group names, else "
            "the first group."
        ),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(help="File of those invited, with a column 'enrolled'.")
    ] = None,
    persons: Annotated[
        bool,
        typer.Option(
            "--persons",
            help="Write one row per person (.xlsx, .csv, .parquet); not for publication.",
        ),
    ] = False,
    on_problem: Annotated[
        Literal["error", "missing"],
        typer.Option(help="'missing' takes answers that do not fit as missing, and counts them."),
    ] = "error",
    framework: FrameworkOption = None,
    sheet: SheetOption = None,
    header_row: HeaderRowOption = None,
    language: LanguageOption = "sv",
    min_n: MinNOption = 5,
    overwrite: OverwriteOption = False,
) -> None:
    """Check and score a file of answers, and write a report or tables.

    Tables and report show groups, none smaller than --min-n. One row per person is
    written only with --persons.
    """
    from digilitt.define.catalogue import instrument as find
    from digilitt.disclosure import Disclosure
    from digilitt.interchange.answers import read_responses
    from digilitt.interchange.parquet import need_pyarrow
    from digilitt.interchange.roster import read_roster
    from digilitt.reporting.render import report
    from digilitt.scoring.participation import participation
    from digilitt.scoring.scores import score as score_responses

    disclosure = Disclosure(min_n=min_n)
    check_target(
        out,
        TABLES if persons else (".html", *TABLES),
        overwrite,
        apart=(file, mapping, roster, *(framework or ())),
    )
    if out.suffix.lower() == ".parquet":
        need_pyarrow()
    found = find(instrument, frameworks=read_frameworks(framework))
    say(f"Reading {file.name} …")
    known = _mapping(file, found, mapping, sheet, header_row)
    answers = read_responses(
        file,
        found,
        mapping=known,
        person=person or None,
        wave=wave or None,
        groups=group or (),
        sheet=sheet,
        header_row=header_row,
        on_problem=on_problem,
    )
    say(f"Scoring {len(answers)} rows …")
    scores = score_responses(answers)
    names = {header: name for name, header in known.groups.items()}
    groups = by or [names.get(name, name) for name in group or answers.groups[:1]]
    say(f"By: {', '.join(groups) or 'no group'}.")
    invited = read_roster(roster, mapping=known) if roster else None
    who = participation(scores, by=groups, roster=invited)
    made = report([scores, who], by=groups, language=language, disclosure=disclosure)
    for caveat in dict.fromkeys((*scores.caveats, *who.caveats)):
        say(f"! {caveat}")
    _write(made, scores, out, persons, language, overwrite)
    shown = f"groups of fewer than {min_n} are not shown" if min_n > 1 else "every group is shown"
    if persons:
        shown = f"one row per person, which is not for publication; in the other tables {shown}"
    typer.echo(f"Wrote {out} ({shown}).")


def map_(
    file: FileArgument,
    instrument: InstrumentOption,
    out: Annotated[Path, typer.Option("--out", help="Mapping to write.")] = Path("mapping.toml"),
    sheet: SheetOption = None,
    header_row: HeaderRowOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Propose a mapping from the headers and answers of a file, to be read and edited."""
    from digilitt.define.catalogue import instrument as find
    from digilitt.interchange.guessing import guess_mapping

    check_target(out, (".toml",), overwrite, apart=(file,))
    guess = guess_mapping(file, find(instrument), sheet=sheet, header_row=header_row or 1)
    guess.write(out, overwrite=overwrite)
    for note in guess.notes:
        say(f"? {note}")
    typer.echo(f"Wrote {out}: {len(guess.columns)} columns mapped, {len(guess.notes)} notes.")


def check(
    target: Annotated[str, typer.Argument(help="A file of answers, an instrument.toml, or an id.")],
    instrument: Annotated[
        str, typer.Option("--instrument", help="For answers: id or path of the instrument.")
    ] = "",
    mapping: MappingOption = None,
    framework: FrameworkOption = None,
    sheet: SheetOption = None,
    header_row: HeaderRowOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write all problems to this .xlsx or .csv.")
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Check an instrument, or a file of answers against one, and list every problem."""
    from digilitt.define.catalogue import instrument as find
    from digilitt.interchange.answers import read_responses

    if out is not None:
        read = (Path(target), mapping, *(framework or ()))
        check_target(out, (".xlsx", ".csv"), overwrite, apart=read)
    try:
        own = read_frameworks(framework)
        if not instrument:
            _refuse_answers(target)
            typer.echo(f"{find(target, frameworks=own)} is in order.")
            return
        found = find(instrument, frameworks=own)
        file = Path(target)
        answers = read_responses(
            file,
            found,
            mapping=_mapping(file, found, mapping, sheet, header_row),
            sheet=sheet,
            header_row=header_row,
        )
    except DigilittError as error:
        if out is not None:
            _write_problems(error, out, overwrite)
        raise
    typer.echo(f"{Path(target).name} is in order: {answers}")


def _write_problems(error: DigilittError, out: Path, overwrite: bool) -> None:
    from digilitt.interchange.writing import write_table

    write_table({"problems": error.to_frame()}, out, overwrite=overwrite)
    say(f"Wrote {len(error.problems)} problems to {out}.")


def _refuse_answers(target: str) -> None:
    from digilitt.errors import ResponseError

    suffixes = ".csv .tsv .txt .xlsx .xlsm .xls .parquet".split()
    if Path(target).suffix.lower() in suffixes:
        raise ResponseError(f"{target}: say which instrument was answered, with --instrument ID.")


def _mapping(
    file: Path, instrument: Instrument, path: Path | None, sheet: str | None, header_row: int | None
) -> Mapping:
    """The mapping given; else what the headers say by themselves, which is told."""
    from digilitt.define.mapping import read_mapping
    from digilitt.interchange.guessing import guess_mapping

    if path is not None:
        return read_mapping(path)
    guess = guess_mapping(file, instrument, sheet=sheet, header_row=header_row or 1)
    told = {name: getattr(guess, name) for name in ("person", "wave", "cluster")} | guess.groups
    named = ", ".join(f"{name} = {header!r}" for name, header in told.items() if header)
    say(f"No --mapping; taken from the headers: {named or 'nothing about people'}.")
    return guess


def _write(
    made: Report, scores: Scores, out: Path, persons: bool, language: Language, overwrite: bool
) -> None:
    from digilitt.interchange.writing import write_table

    if out.suffix.lower() == ".html":
        made.write(out, overwrite=overwrite)
        return
    tables = dict(made.tables)
    if out.suffix.lower() != ".xlsx":
        tables = {"persons": scores.wide()} if persons else {"scores": tables["scores"]}
    elif persons:
        tables = {"persons": scores.wide(), **tables}
    for caveat in write_table(tables, out, language=language, overwrite=overwrite):
        say(f"! {caveat}")
