"""The report: results in, one self-contained page out."""

from __future__ import annotations

import datetime as dt
import html
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from digilitt.disclosure import Disclosure
from digilitt.errors import InterchangeError, Problem
from digilitt.interchange.whole import place_problems, write_whole
from digilitt.reporting import views, wording
from digilitt.reporting.charts import fills
from digilitt.reporting.checks import checked_disclosure, checked_language, checked_results
from digilitt.reporting.content import Content
from digilitt.reporting.gather import Page, gather
from digilitt.reporting.protection import Protected, protect
from digilitt.reporting.texts import texts
from digilitt.result import Result
from digilitt.scoring.description import describe
from digilitt.scoring.indicators import from_bands
from digilitt.scoring.scores import Scores

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".html"
FRAME = (
    '<iframe srcdoc="{page}" title="{title}" sandbox '
    'style="width: 100%; height: 40rem; border: 1px solid #c9d2d8"></iframe>'
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Report:
    """A report; made by `report`.

    Attributes
    ----------
    content : Content
        Everything that the page says, unrounded.
    tables : dict of str to pandas.DataFrame
        What may be shown, for a workbook: "participation", "scores", "bands" and, where the
        instrument has any, "indicators" (each shown where all its bands are). Withheld figures
        are NaN, and the column ``suppressed`` is true where something in the row is.
    """

    content: Content
    tables: dict[str, pd.DataFrame]

    def html(self) -> str:
        """The page: one file, without scripts, that loads nothing from anywhere."""
        words = views.Words(self.content, texts(self.content.language))
        template = _environment().get_template("report.html.j2")
        return template.render(
            content=self.content,
            words=words,
            t=words.texts,
            views=views,
            wording=wording,
            fills=fills,
            origin=asdict(self.content.origin),
        )

    def write(self, path: str | os.PathLike[str], overwrite: bool = False) -> Path:
        """Write the page to a file, which appears whole or not at all.

        Parameters
        ----------
        path : str or path
            Its name ends in ``.html``.
        overwrite : bool, default False
            Whether a file of that name may be replaced.

        Returns
        -------
        Path

        Raises
        ------
        InterchangeError
            Another suffix, no such folder, a file that exists, or a disk that refuses.
        """
        target = Path(path)
        found = place_problems(target, overwrite)
        if target.suffix.lower() != SUFFIX:
            message = f"The name ends in {target.suffix!r}; expected {SUFFIX}."
            found.append(("unknown-suffix", message))
        if found:
            raise InterchangeError(
                Problem(code=code, message=message, file=target.name) for code, message in found
            )
        page = self.html().encode()
        write_whole(target, lambda stream: stream.write(page))
        return target

    def __repr__(self) -> str:
        content = self.content
        n_groups = len(content.participation)
        return (
            f"report · {content.origin.instrument} · {content.language} · {n_groups} groups, "
            f"{len(content.waves) or 1} waves, {len(content.scales)} scales · "
            f"minimum group size {content.min_n}"
        )

    def _repr_html_(self) -> str:
        page, title = html.escape(self.html()), html.escape(self.content.title.text)
        return FRAME.format(page=page, title=title)


def report(
    results: Result | Sequence[Result],
    *,
    by: str | Sequence[str] = (),
    language: Literal["sv", "en"] = "sv",
    disclosure: Disclosure | None = None,
    title: str = "",
    made: dt.date | None = None,
) -> Report:
    """Report scores as one page, with small groups withheld.

    Parameters
    ----------
    results : Scores, or sequence of Scores and Participation
        The scores; and who took part, where a roster is known. Participation is counted from
        the scores when left out.
    by : str or sequence of str
        Group columns.
    language : {"sv", "en"}
    disclosure : Disclosure
        The smallest number of persons that may be shown. It must be given.
    title : str
        Heading of the page; the instrument's title when left out.
    made : datetime.date, optional
        Date of making; today when left out.

    Returns
    -------
    Report

    Raises
    ------
    DisclosureError
        Without a `disclosure`; when results of the same persons are by different groups, and
        so could not be protected together; or when a person stands several times in a wave.
    ResponseError
        If there is no such group column, or no scores, or participation is that of others.
    InterchangeError
        If the language is unknown.

    Notes
    -----
    Participation, numbers with a score, means, standard deviations and bands are tables of the
    same persons. They are protected jointly, wave by wave: a group withheld in one table is
    withheld in all; within a group that is shown, small bands are withheld with what would
    reveal them. Where the score of a scale can take two values at most in every band, mean and
    standard deviation would give the bands away, and are withheld with them.

    Examples
    --------
    >>> import digilitt as dl
    >>> cohort = dl.simulate_cohort(rng=1)
    >>> page = dl.report(dl.score(cohort.responses), by="municipality", language="en",
    ...     disclosure=dl.Disclosure(min_n=5))
    >>> page
    report · digilitt-core@0.1.0 · en · 10 groups, 2 waves, 5 scales · minimum group size 5
    >>> sorted(page.tables)
    ['bands', 'participation', 'scores']
    """
    minimum = checked_disclosure(disclosure)
    checked_language(language)
    scores, who = checked_results(results, by)
    protected = protect(scores, describe(scores, by=who.by), who, minimum)
    page = Page(language=language, title=title, made=made or dt.date.today())
    return Report(
        content=gather(scores, who, protected, minimum, page),
        tables=protected.tables | _indicators(scores, protected),
    )


def _indicators(scores: Scores, protected: Protected) -> dict[str, pd.DataFrame]:
    """Sums over bands that are shown, which tell nothing that the bands do not."""
    if not scores.instrument.indicators:
        return {}
    table = from_bands(protected.bands, scores.instrument)
    return {"indicators": table.assign(suppressed=table[["n", "n_persons"]].isna().any(axis=1))}


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
