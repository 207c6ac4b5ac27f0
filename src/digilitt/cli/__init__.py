"""The command line: every command is a public function or two."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from digilitt.cli.answers import check, map_, score
from digilitt.cli.catalogue import frameworks, instruments, new
from digilitt.cli.common import say
from digilitt.cli.demo import demo
from digilitt.cli.parquet import score_parquet
from digilitt.errors import DigilittError

app = typer.Typer(
    name="digilitt",
    help="Digital-literacy assessment: from an instrument and a file of answers to checked "
    "scores, levels and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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


# In the order in which help lists them.
app.command()(demo)
app.command()(score)
app.command(name="score-parquet")(score_parquet)
app.command(name="map")(map_)
app.command()(check)
app.command()(instruments)
app.command()(frameworks)
app.command()(new)


def main() -> None:
    """Run the command line; an error of digilitt's is one message and exit code 2."""
    try:
        app()
    except DigilittError as error:
        say(f"digilitt: {error}")
        sys.exit(2)
