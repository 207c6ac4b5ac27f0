"""Items: what is asked, how it is answered, and when."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StrictInt

from digilitt.define.fields import FROZEN, LARGEST, Code, FormatId, ItemId, Link
from digilitt.define.formats import CountsAs
from digilitt.define.text import Text


def _in_order(codes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(codes))


def _codes(value: Any) -> Any:
    codes = value if isinstance(value, list | tuple) else [value]
    known = all(type(code) is int and abs(code) <= LARGEST for code in codes)
    if value is not None and not known:
        raise ValueError("expected the code of an option, as in 2, or of several, as in [1, 3]")
    return value


Codes = Annotated[tuple[Code, ...], AfterValidator(_in_order)]


class Gate(BaseModel):
    """When an item is asked: only if another item's answer is among `any_of`.

    `otherwise` says what the item counts as for those who were not asked.
    """

    model_config = FROZEN

    item: ItemId
    any_of: Annotated[Codes, Field(min_length=1)]
    otherwise: CountsAs = "not_applicable"


class Item(BaseModel):
    """One item.

    Attributes
    ----------
    id : str
        Column name in data; a letter, then letters, digits and underscores.
    format : str
        Id of a response format of the instrument.
    text : Text
        Stem, or our own short label for an instrument whose wording is not ours.
    competences : tuple of str
        What it is about, each ``framework:competence`` (or an area, a statement or an outcome).
    asked_if : Gate, optional
        The gate before it.
    key : int or tuple of int, optional
        The right option (single choice) or options (multi-select).
    """

    model_config = FROZEN

    id: ItemId
    format: FormatId
    text: Text
    competences: tuple[Link, ...] = ()
    asked_if: Gate | None = None
    key: Annotated[StrictInt | Codes | None, BeforeValidator(_codes)] = None
