"""The command that shows the main job on simulated people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digilitt.cli.common import LanguageOption, MinNOption, OverwriteOption, check_target, say


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
        check_target(out / name, (".csv", ".xlsx", ".html"), overwrite)
    say("Simulating a cohort …")
    cohort = simulate_cohort(rng=seed)
    for name, table in (("answers.csv", cohort.frame()), ("roster.csv", cohort.roster)):
        write_table({name: table}, out / name, language=language, overwrite=True)
    say(f"Scoring {len(cohort.responses)} rows …")
    scores = score(cohort.responses)
    say("Writing the report …")
    who = participation(scores, by="municipality", roster=cohort.roster)
    made = report([scores, who], by="municipality", language=language, disclosure=disclosure)
    write_table(made.tables, out / "scores.xlsx", language=language, overwrite=True)
    made.write(out / "report.html", overwrite=True)
    typer.echo(f"Open {(out / 'report.html').resolve()}")
