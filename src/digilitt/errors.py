"""Errors and warnings of digilitt.

Every message says where, what was found, what was expected and, when known, what to do.
Definition, response and interchange errors carry *all* problems found, not the first one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, with its place.

    Attributes
    ----------
    code : str
        Stable short name such as ``"unknown-item"``; the page *Problem codes* of the
        documentation explains each.
    message : str
        What was found, what was expected and what to do, in one or two sentences.
    file, sheet : str
        Where it stands; empty when it does not apply.
    row : str
        Row number as a spreadsheet shows it (the header of a plain file is row 1), or the
        index label of a data frame; empty when the problem is not one row's.
    column : str
        Column header, or item or scale id in a definition.
    """

    code: str
    message: str
    file: str = ""
    sheet: str = ""
    row: str = ""
    column: str = ""

    def __str__(self) -> str:
        parts = (
            self.file,
            f"sheet {self.sheet!r}" if self.sheet else "",
            f"row {self.row}" if self.row else "",
            f"{self.column!r}" if self.column else "",
        )
        place = ", ".join(part for part in parts if part)
        return f"{place}: {self.message}" if place else self.message


def counted(n: int, thing: str) -> str:
    """A number with its noun: ``1 row``, ``2 rows``.

    Examples
    --------
    >>> counted(1, "row"), counted(2, "row")
    ('1 row', '2 rows')
    """
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


class DigilittError(Exception):
    """Root of every error that digilitt raises.

    Parameters
    ----------
    problems : str or iterable of Problem
        One message, or every problem found.

    Attributes
    ----------
    problems : tuple of Problem
        All problems, also when the message shows only the first twenty.
    """

    def __init__(self, problems: str | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            self.problems: tuple[Problem, ...] = (Problem(code="error", message=problems),)
        else:
            self.problems = tuple(problems)
        super().__init__(self._text())

    def _text(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        shown = [f"  {number}. {p}" for number, p in enumerate(self.problems[:SHOWN_PROBLEMS], 1)]
        hidden = len(self.problems) - len(shown)
        tail = [f"  … and {hidden} more; `.problems` has them all."] if hidden > 0 else []
        return "\n".join([f"{len(self.problems)} problems:", *shown, *tail])

    def __reduce__(self) -> tuple[type[DigilittError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)

    def to_frame(self) -> pd.DataFrame:
        """All problems as a data frame: code, message, file, sheet, row, column."""
        import pandas as pd

        columns = [field.name for field in fields(Problem)]
        return pd.DataFrame([asdict(p) for p in self.problems], columns=columns)


class DefinitionError(DigilittError, ValueError):
    """A framework, an instrument or a mapping contradicts itself or is incomplete."""


class ResponseError(DigilittError, ValueError):
    """Answers do not fit the instrument."""


class EstimationError(DigilittError, RuntimeError):
    """A model is not identified, or its estimation did not converge."""


class ComparisonError(DigilittError, ValueError):
    """Groups cannot be compared as asked."""


class DisclosureError(DigilittError, ValueError):
    """The output asked for would reveal individuals, or states no minimum group size."""


class InterchangeError(DigilittError, ValueError):
    """A file is not what its format says, or cannot be read or written."""


class MissingExtraError(DigilittError, ImportError):
    """An optional package is needed; the message names the extra to install."""


class DigilittWarning(UserWarning):
    """Root of every warning that digilitt gives."""
