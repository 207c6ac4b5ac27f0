"""Mappings: how one organisation's export names items, answers, persons and groups."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, StrictBool, StrictInt, ValidationError

from digilitt.define.fields import FROZEN, Code, Table, Target, alike
from digilitt.define.problems import from_validation, listed
from digilitt.define.toml import read_toml, write_toml
from digilitt.errors import DefinitionError, Problem

LAST_ROW = 1_048_576  # of a worksheet


def _sheet(value: Any) -> Any:
    if value is not None and type(value) not in (int, str):
        raise ValueError("expected the name of a sheet in quotes, or its number")
    return value


class Mapping(BaseModel):
    """What the headers and cells of a file mean, saved beside the data as TOML.

    Attributes
    ----------
    instrument : str
        Id of the instrument it was made for; empty for any.
    sheet, header_row : str or int, int
        Where the table stands in a workbook; `header_row` counts from 1.
    person, wave, cluster, weight, rater : str
        Headers of those columns; empty where there is none.
    groups : dict of str to str
        Group name to header, such as ``{"municipality": "Kommun"}``.
    columns : dict of str to str
        Header to item id, ``item:option`` for one column of a multi-select item, or
        ``item@wave`` where the waves stand side by side.
    labels : dict of str to dict of str to int
        Format id to the labels in the file and the codes they stand for.
    values : dict of str to dict of str to str
        Group name (or "wave") to the values in the file and what they are called here.
    blanks : tuple of str
        Cell texts that mean no answer, such as "-" or "ej svar".
    notes : tuple of str
        What `guess_mapping` was unsure of, for whoever edits the file; nothing reads them.
    unticked_blank : bool
        Whether a blank in one column of a multi-select item with other ticks means that
        the option was left unticked.

    Examples
    --------
    >>> Mapping(columns={"Fråga 1": "a1"}, groups={"municipality": "Kommun"}).columns
    {'Fråga 1': 'a1'}
    """

    model_config = FROZEN

    notes: tuple[str, ...] = ()
    instrument: str = ""
    sheet: Annotated[str | StrictInt | None, BeforeValidator(_sheet)] = None
    header_row: Annotated[StrictInt, Field(ge=1, le=LAST_ROW)] = 1
    person: str = ""
    wave: str = ""
    cluster: str = ""
    weight: str = ""
    rater: str = ""
    groups: Table[str] = {}
    columns: Table[Target] = {}
    labels: Table[Table[Code]] = {}
    values: Table[Table[str]] = {}
    blanks: tuple[str, ...] = ()
    unticked_blank: StrictBool = False

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise DefinitionError(from_validation(error, data, "mapping", Mapping)) from None
        found = [
            *_told_apart("labels", self.labels, "codes"),
            *_told_apart("values", self.values, "names"),
        ]
        if found:
            raise DefinitionError(found)

    def model_copy(self, *, update: AnyMapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with other values for the fields in `update`; all checks hold for it.

        Raises
        ------
        DefinitionError
            If the new values are not sound.
        """
        return type(self)(**{**dict(self), **update}) if update else super().model_copy(deep=deep)

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the mapping as TOML, to be read and edited; returns the path."""
        content = self.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        return write_toml(content, Path(path), overwrite=overwrite)


def _told_apart(
    field: str, tables: AnyMapping[str, AnyMapping[str, object]], what: str
) -> Iterator[Problem]:
    """A problem for each text that, but for case and white space, stands for two things."""
    for name, table in tables.items():
        meanings: dict[str, set[object]] = {}
        for text, meaning in table.items():
            meanings.setdefault(alike(text), set()).add(meaning)
        for text, several in meanings.items():
            if len(several) > 1:
                both = listed(sorted(map(repr, several)))
                yield Problem(
                    code="repeated-label",
                    file="mapping",
                    column=f"{field}.{name}",
                    message=f"{text[:60]!r} stands for the {what} {both[:120]}; case and white "
                    "space do not tell texts apart. Keep one.",
                )


def read_mapping(path: str | Path) -> Mapping:
    """Read a mapping from a TOML file.

    Raises
    ------
    DefinitionError
        If the file cannot be read or has keys or values that a mapping has not.
    """
    content = read_toml(Path(path))
    try:
        return Mapping(**content)
    except DefinitionError as error:
        problems = [replace(problem, file=str(path)) for problem in error.problems]
        raise DefinitionError(problems) from None
