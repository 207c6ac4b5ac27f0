"""What the commands share: options, messages, and checks of the place to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digilitt.define.framework import Framework

Language = Literal["sv", "en"]
TABLES = (".xlsx", ".csv", ".parquet")

FileArgument = Annotated[Path, typer.Argument(help="CSV, Excel or Parquet file with the answers.")]
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
FrameworkOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--framework",
        help="Framework that the items refer to: a TOML file, or the official DigComp file "
        "(.jsonld). May be repeated.",
    ),
]
SheetOption = Annotated[str | None, typer.Option("--sheet", help="Sheet of an Excel file.")]
MinNOption = Annotated[
    int, typer.Option("--min-n", help="Smallest group whose results are shown; stands on the page.")
]
LanguageOption = Annotated[
    Language, typer.Option("--language", help="Language of what is written.")
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]


def say(message: str) -> None:
    """Tell what is under way, or a caveat, on standard error."""
    typer.echo(message, err=True)


def read_frameworks(paths: Sequence[Path] | None) -> list[Framework]:
    """Frameworks given as files: TOML, or else the official data supplement of DigComp."""
    from digilitt.define.catalogue import framework
    from digilitt.interchange.digcomp import read_digcomp

    return [
        framework(path) if path.suffix.lower() == ".toml" else read_digcomp(path)
        for path in paths or ()
    ]


def check_target(
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
