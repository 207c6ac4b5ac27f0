"""The command line: every command is a public function or two."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from digilitt.errors import DigilittError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digilitt.define.instrument import Instrument
    from digilitt.define.mapping import Mapping
    from digilitt.reporting.render import Report
    from digilitt.scoring.scores import Scores

Language = Literal["sv", "en"]
TABLES = (".xlsx", ".csv")

app = typer.Typer(
    name="digilitt",
    help="Digital-literacy assessment: from an instrument and a file of answers to checked "
    "scores, levels and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

FileArgument = Annotated[Path, typer.Argument(help="CSV or Excel file with the answers.")]
InstrumentOption = Annotated[
    str,
    typer.Option("--instrument", help="Id of an instrument, or the path of an instrument.toml."),
]
MappingOption = Annotated[
    Path | None, typer.Option("--mapping", help="Mapping of headers and answers; see 'map'.")
]
HeaderRowOption = Annotated[
    int | None, typer.Option("--header-row", help="Row of the header, when it is not row 1.")
]
SheetOption = Annotated[str | None, typer.Option("--sheet", help="Sheet of an Excel file.")]
MinNOption = Annotated[
    int, typer.Option("--min-n", help="Smallest group whose results are shown; stands on the page.")
]
LanguageOption = Annotated[
    Language, typer.Option("--language", help="Language of what is written.")
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]


def _say(message: str) -> None:
    typer.echo(message, err=True)


def _version(wanted: bool) -> None:
    if wanted:
        from digilitt.result import version

        typer.echo(f"digilitt {version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Nothing: the option answers by itself."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the report.")] = Path("demo"),
    language: LanguageOption = "sv",
    min_n: MinNOption = 5,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the simulation.")] = 1,
    overwrite: OverwriteOption = False,
) -> None:
    """Score a simulated cohort of nine municipalities and write a report to open.

    Leaves answers.csv, roster.csv, scores.xlsx and report.html in the folder. The people
    are simulated; none of it is a result of any project.
    """
    from digilitt.disclosure import Disclosure
    from digilitt.interchange.whole import make_folder
    from digilitt.interchange.writing import write_table
    from digilitt.reporting.render import report
    from digilitt.scoring.participation import participation
    from digilitt.scoring.scores import score
    from digilitt.scoring.simulation import simulate_cohort

    disclosure = Disclosure(min_n=min_n)
    make_folder(out)
    for name in ("answers.csv", "roster.csv", "scores.xlsx", "report.html"):
        _check_target(out / name, (".csv", ".xlsx", ".html"), overwrite)
    _say("Simulating a cohort …")
    cohort = simulate_cohort(rng=seed)
    for name, table in (("answers.csv", cohort.frame()), ("roster.csv", cohort.roster)):
        write_table({name: table}, out / name, language=language, overwrite=True)
    _say(f"Scoring {len(cohort.responses)} rows …")
    scores = score(cohort.responses)
    _say("Writing the report …")
    who = participation(scores, by="municipality", roster=cohort.roster)
    made = report([scores, who], by="municipality", language=language, disclosure=disclosure)
    write_table(made.tables, out / "scores.xlsx", language=language, overwrite=True)
    made.write(out / "report.html", overwrite=True)
    typer.echo(f"Open {(out / 'report.html').resolve()}")


@app.command()
def score(
    # long because every option of the command is a parameter with its help.
    file: FileArgument,
    instrument: InstrumentOption,
    out: Annotated[
        Path, typer.Option("--out", help="What to write: .html (report), .xlsx or .csv (tables).")
    ],
    mapping: MappingOption = None,
    person: Annotated[str, typer.Option(help="Header of the person ids.")] = "",
    wave: Annotated[str, typer.Option(help="Header of the waves.")] = "",
    group: Annotated[
        list[str] | None, typer.Option(help="Header of a group column; may be repeated.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Group to show results by; may be repeated. Default: the first group."),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(help="File of those invited, with a column 'enrolled'.")
    ] = None,
    persons: Annotated[
        bool,
        typer.Option(
            "--persons", help="Write one row per person (.xlsx, .csv); not for publication."
        ),
    ] = False,
    on_problem: Annotated[
        Literal["error", "missing"],
        typer.Option(help="'missing' takes answers that do not fit as missing, and counts them."),
    ] = "error",
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
    from digilitt.interchange.roster import read_roster
    from digilitt.reporting.render import report
    from digilitt.scoring.participation import participation
    from digilitt.scoring.scores import score as score_responses

    disclosure = Disclosure(min_n=min_n)
    _check_target(
        out,
        TABLES if persons else (".html", *TABLES),
        overwrite,
        apart=(file, mapping, roster),
    )
    found = find(instrument)
    _say(f"Reading {file.name} …")
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
    _say(f"Scoring {len(answers)} rows …")
    scores = score_responses(answers)
    groups = by or list(answers.groups[:1])
    invited = read_roster(roster, mapping=known) if roster else None
    who = participation(scores, by=groups, roster=invited)
    made = report([scores, who], by=groups, language=language, disclosure=disclosure)
    for caveat in dict.fromkeys((*scores.caveats, *who.caveats)):
        _say(f"! {caveat}")
    _write(made, scores, out, persons, language, overwrite)
    shown = f"groups of fewer than {min_n} are not shown" if min_n > 1 else "every group is shown"
    if persons:
        shown = f"one row per person, which is not for publication; in the other tables {shown}"
    typer.echo(f"Wrote {out} ({shown}).")


@app.command(name="map")
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

    _check_target(out, (".toml",), overwrite, apart=(file,))
    guess = guess_mapping(file, find(instrument), sheet=sheet, header_row=header_row or 1)
    guess.write(out, overwrite=overwrite)
    for note in guess.notes:
        _say(f"? {note}")
    typer.echo(f"Wrote {out}: {len(guess.columns)} columns mapped, {len(guess.notes)} notes.")


@app.command()
def check(
    target: Annotated[str, typer.Argument(help="A file of answers, an instrument.toml, or an id.")],
    instrument: Annotated[
        str, typer.Option("--instrument", help="For answers: id or path of the instrument.")
    ] = "",
    mapping: MappingOption = None,
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
        _check_target(out, TABLES, overwrite, apart=(Path(target), mapping))
    try:
        if not instrument:
            _refuse_answers(target)
            typer.echo(f"{find(target)} is in order.")
            return
        found = find(instrument)
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
            from digilitt.interchange.writing import write_table

            write_table({"problems": error.to_frame()}, out, overwrite=overwrite)
            _say(f"Wrote {len(error.problems)} problems to {out}.")
        raise
    typer.echo(f"{Path(target).name} is in order: {answers}")


@app.command()
def instruments(
    name: Annotated[str, typer.Argument(help="Show this one, with its items and scales.")] = "",
    language: LanguageOption = "en",
) -> None:
    """List the instruments that ship with digilitt, or show one."""
    from digilitt.define.catalogue import instrument as find
    from digilitt.define.catalogue import instruments as find_all

    if not name:
        for found in find_all().values():
            typer.echo(f"{found.id:<22} {found.status:<10} {found.title.to(language)}")
        return
    found = find(name)
    typer.echo(f"{found}\n{found.title.to(language)}\nLicence: {found.licence}")
    for note in found.notes:
        typer.echo(f"Note: {note}")
    for item in found.items:
        typer.echo(f"  {item.id:<12} {item.format:<14} {item.text.to(language)}")
    for scale in found.scales:
        parts = [("-" if part.key < 0 else "") + part.item for part in scale.items] or scale.scales
        typer.echo(f"  {scale.id}: {scale.metric} of {', '.join(parts)}")


@app.command()
def frameworks(
    name: Annotated[str, typer.Argument(help="Show this one, with areas and competences.")] = "",
    language: LanguageOption = "en",
) -> None:
    """List the competence frameworks that ship with digilitt, or show one."""
    from digilitt.define.catalogue import framework as find
    from digilitt.define.catalogue import frameworks as find_all

    if not name:
        for framework in find_all().values():
            typer.echo(f"{framework.id:<22} {framework.title.to(language)}")
        return
    found = find(name)
    typer.echo(f"{found}\n{found.title.to(language)}\nLicence: {found.licence}")
    for area in found.areas:
        typer.echo(f"  {area.id:<5} {area.label.to(language)}")
        for competence in found.competences:
            if competence.area == area.id:
                typer.echo(f"    {competence.id:<5} {competence.label.to(language)}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Id of your instrument, such as my-survey.")],
    out: Annotated[Path, typer.Option("--out", help="Where its folder goes.")] = Path(),
) -> None:
    """Write a starter instrument: small, complete, with comments, for you to change."""
    from digilitt.define.starter import write_starter

    path = write_starter(name, out)
    typer.echo(f"Wrote {path}; edit it, then run: digilitt check {path}")


def _refuse_answers(target: str) -> None:
    from digilitt.errors import ResponseError

    if Path(target).suffix.lower() in (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls"):
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
    _say(f"No --mapping; taken from the headers: {named or 'nothing about people'}.")
    return guess


def _check_target(
    out: Path, known: tuple[str, ...], overwrite: bool, apart: Sequence[Path | None] = ()
) -> None:
    """Refuse before the work what would be refused after it, or would destroy what it reads."""
    from digilitt.errors import InterchangeError, Problem
    from digilitt.interchange.whole import place_problems

    found = [
        (code, message.replace("overwrite it (overwrite=True)", "add --overwrite"))
        for code, message in place_problems(out, overwrite)
    ]
    if out.suffix.lower() not in known:
        message = f"has the suffix {out.suffix!r}; expected {', '.join(known)}."
        found.append(("unknown-suffix", message))
    if any(path is not None and path.resolve() == out.resolve() for path in apart):
        message = "is read by this command too and would be lost; choose another name."
        found = [("file-exists", message)]
    if found:
        raise InterchangeError(Problem(code=c, file=str(out), message=m) for c, m in found)


def _write(
    made: Report, scores: Scores, out: Path, persons: bool, language: Language, overwrite: bool
) -> None:
    from digilitt.interchange.writing import write_table

    if out.suffix.lower() == ".html":
        made.write(out, overwrite=overwrite)
        return
    tables = dict(made.tables)
    if out.suffix.lower() == ".csv":
        tables = {"persons": scores.wide()} if persons else {"scores": tables["scores"]}
    elif persons:
        tables = {"persons": scores.wide(), **tables}
    for caveat in write_table(tables, out, language=language, overwrite=overwrite):
        _say(f"! {caveat}")


def main() -> None:
    """Run the command line; an error of digilitt's is one message and exit code 2."""
    try:
        app()
    except DigilittError as error:
        _say(f"digilitt: {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
