"""The command for files of any size: Parquet in, Parquet out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from digilitt.cli.common import InstrumentOption, OverwriteOption, check_target, say


def score_parquet(
    # long because every option of the command is a parameter with its help.
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN", help="Parquet file, a folder of them, or a pattern in quotation marks."
        ),
    ],
    instrument: InstrumentOption,
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    keep: Annotated[
        list[str] | None,
        typer.Option(help="Column to take along; may be repeated. Default: all columns."),
    ] = None,
    engine: Annotated[
        Literal["polars", "duckdb"] | None,
        typer.Option(help="Who does the work. Default: Polars, where it is installed."),
    ] = None,
    on_problem: Annotated[
        Literal["error", "missing"],
        typer.Option(help="'missing' takes answers that do not fit as missing, and counts them."),
    ] = "error",
    overwrite: OverwriteOption = False,
) -> None:
    """Score Parquet files of any size, one row for each row read; not for publication.

    Item columns hold codes as numbers and are named as the items are. The table is never in
    memory as a whole.
    """
    from digilitt.define.catalogue import instrument as find
    from digilitt.interchange.streaming import score_file

    check_target(out, (".parquet",), overwrite, apart=(source,))
    found = find(instrument)
    say(f"Scoring {source} …")
    told = score_file(
        source,
        out,
        found,
        keep=keep,
        engine=engine,
        on_problem=on_problem,
        overwrite=overwrite,
    )
    for caveat in told.caveats:
        say(f"! {caveat}")
    files = told.provenance.source
    origin = f" from {len(files)} files" if len(files) > 1 else ""
    typer.echo(
        f"Wrote {out}: {told.provenance.n} rows{origin} (one row for each row read, which is not "
        "for publication)."
    )
