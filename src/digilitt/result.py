"""Results: one tidy table, its caveats, its provenance."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

SHOWN_ROWS = 30

# In a column that tells groups apart: the row that sums over it, and those without a group.
ALL = "(all)"
UNKNOWN = "(unknown)"


def shown_p(values: Iterable[float]) -> list[str]:
    """Probabilities as they are shown: three digits, none of them "0.000"; empty for NaN.

    Examples
    --------
    >>> shown_p([0.0321, 0.00002, float("nan")])
    ['0.032', '<0.001', '']
    """
    return ["" if p != p else "<0.001" if p < 0.0005 else f"{p:.3f}" for p in values]


def version() -> str:
    """Version of digilitt that is running."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("digilitt")
    except PackageNotFoundError:
        return "unknown (not installed)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """A limit of the data that a reader of the result must know.

    Attributes
    ----------
    code : str
        Stable short name such as ``"disclosure-not-applied"``.
    where : str
        Scale, item, group or column it is about; empty for the whole result.
    message : str
        The limit in one or two sentences.
    """

    code: str
    where: str = ""
    message: str

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.code}{place}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a result comes from.

    Attributes
    ----------
    instrument : str
        ``id@version``; empty without an instrument.
    digest : str
        SHA-256 of the instrument's canonical JSON; empty without an instrument.
    method : str
        The function, or the estimator, that made the result.
    options : tuple of (str, str)
        Options in force, as text.
    n : int
        Rows (persons × waves) that went in.
    source : tuple of str
        Names of the files read, without their folders.
    seed : str
        Random seed or generator state, where randomness was used.
    digilitt : str
        Version of digilitt.
    """

    instrument: str = ""
    digest: str = ""
    method: str = ""
    options: tuple[tuple[str, str], ...] = ()
    n: int = 0
    source: tuple[str, ...] = ()
    seed: str = ""
    digilitt: str = field(default_factory=version)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Result:
    """One tidy table with its caveats and its provenance.

    Attributes
    ----------
    kind : str
        What the result is ("scores", "description", …): what reports and plots go by.
    table : pandas.DataFrame
        One row per thing estimated.
    caveats : tuple of Caveat
        Limits of the data.
    provenance : Provenance
        Instrument, method, options, n, seed and version.
    """

    kind: str
    table: pd.DataFrame
    caveats: tuple[Caveat, ...] = ()
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table."""
        return self.table.copy()

    def _heading(self) -> str:
        about = self.provenance.instrument
        return f"{self.kind}{f' · {about}' if about else ''} · {len(self.table)} rows"

    def _shown(self) -> pd.DataFrame:
        """What is shown of the table: all of it, unless a kind of result has much more in it."""
        return self.table

    def _hidden(self, shown: pd.DataFrame) -> str:
        """What the table has beyond what is shown; empty if nothing."""
        rows = len(self.table) - len(shown)
        columns = len(self.table.columns) - len(shown.columns)
        parts = [
            f"{number} more {word}"
            for number, word in ((rows, "rows"), (columns, "columns"))
            if number > 0
        ]
        return f"({' and '.join(parts)} in .table)" if parts else ""

    def __repr__(self) -> str:
        shown = self._shown()
        body = shown.to_string(max_rows=SHOWN_ROWS, index=False)
        notes = [f"! {caveat}" for caveat in self.caveats]
        return "\n".join(filter(None, [self._heading(), body, self._hidden(shown), *notes]))

    def _repr_html_(self) -> str:
        shown = self._shown()
        table = shown.to_html(max_rows=SHOWN_ROWS, index=False, escape=True, border=0)
        notes = "".join(f"<li>{html.escape(str(caveat))}</li>" for caveat in self.caveats)
        heading = html.escape(self._heading())
        listed = f"<ul>{notes}</ul>" if notes else ""
        hidden = self._hidden(shown)
        more = f"<p>{hidden}</p>" if hidden else ""
        return f"<div><p><strong>{heading}</strong></p>{table}{more}{listed}</div>"
