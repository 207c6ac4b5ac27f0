"""Mappings: how one organisation's export names items, answers, persons and groups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, StrictInt, ValidationError

from digilitt.define.problems import from_validation
from digilitt.define.text import FROZEN
from digilitt.define.toml import read_toml, write_toml
from digilitt.errors import DefinitionError

Target = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*(:-?\d+)?(@.+)?$")]


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
    sheet: str | StrictInt | None = None
    header_row: int = Field(default=1, ge=1)
    person: str = ""
    wave: str = ""
    cluster: str = ""
    weight: str = ""
    rater: str = ""
    groups: dict[str, str] = {}
    columns: dict[str, Target] = {}
    labels: dict[str, dict[str, StrictInt]] = {}
    values: dict[str, dict[str, str]] = {}
    blanks: tuple[str, ...] = ()
    unticked_blank: bool = False

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise DefinitionError(from_validation(error, data, "mapping")) from None

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the mapping as TOML, to be read and edited; returns the path."""
        content = self.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        return write_toml(content, Path(path), overwrite=overwrite)


def read_mapping(path: str | Path) -> Mapping:
    """Read a mapping from a TOML file.

    Raises
    ------
    DefinitionError
        If the file cannot be read or has keys or values that a mapping has not.
    """
    return Mapping(**read_toml(Path(path)))
