"""Commands for what ships with digilitt, and for an instrument of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digilitt.cli.common import LanguageOption


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
    for point in found.unverified:
        typer.echo(f"Not checked: {point}")
    for item in found.items:
        typer.echo(f"  {item.id:<12} {item.format:<14} {item.text.to(language)}")
    for scale in found.scales:
        keyed = [("-" if part.key < 0 else "") + " or ".join(part.names) for part in scale.items]
        typer.echo(f"  {scale.id}: {scale.metric} of {', '.join(keyed or scale.scales)}")


def frameworks(
    name: Annotated[
        str, typer.Argument(help="Show this one, with areas, competences and levels.")
    ] = "",
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
    for point in found.unverified:
        typer.echo(f"Not checked: {point}")
    for area in found.areas:
        typer.echo(f"  {area.id:<5} {area.label.to(language)}")
        for competence in found.competences:
            if competence.area == area.id:
                typer.echo(f"    {competence.id:<5} {competence.label.to(language)}")
    bands = {band.id: f" ({band.label.to(language)})" for band in found.level_bands}
    for level in found.levels:
        typer.echo(f"  {level.id:<5} {level.label.to(language)}{bands.get(level.band or '', '')}")


def new(
    name: Annotated[str, typer.Argument(help="Id of your instrument, such as my-survey.")],
    out: Annotated[Path, typer.Option("--out", help="Where its folder goes.")] = Path(),
) -> None:
    """Write a starter instrument: small, complete, with comments, for you to change."""
    from digilitt.define.starter import write_starter

    path = write_starter(name, out)
    typer.echo(f"Wrote {path}; edit it, then run: digilitt check {path}")
