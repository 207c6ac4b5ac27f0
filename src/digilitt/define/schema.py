"""JSON Schemas of the files that define things, for editors and other programs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from digilitt.define.framework import Framework
from digilitt.define.instrument import Instrument
from digilitt.define.mapping import Mapping
from digilitt.errors import DefinitionError

What = Literal["instrument", "framework", "mapping"]

MODELS: dict[str, type[BaseModel]] = {
    "instrument": Instrument,
    "framework": Framework,
    "mapping": Mapping,
}


def json_schema(what: What) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a file that defines something.

    Parameters
    ----------
    what : {"instrument", "framework", "mapping"}

    Returns
    -------
    dict
        Ready for `json.dump`. It describes the form of the file, short forms included; that
        the parts fit one another is checked by `instrument`, `framework` and `read_mapping`.

    Raises
    ------
    DefinitionError
        If there is no such kind of file.

    Examples
    --------
    >>> import digilitt as dl
    >>> sorted(dl.json_schema("mapping")["properties"])[:3]
    ['blanks', 'cluster', 'columns']
    """
    if what not in MODELS:
        raise DefinitionError(f"there is no schema of {what!r}; known: {', '.join(MODELS)}.")
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **MODELS[what].model_json_schema(by_alias=True)}
