"""Items: what is asked, how it is answered, and when."""

from __future__ import annotations

from pydantic import BaseModel, Field, StrictInt

from digilitt.define.formats import CountsAs
from digilitt.define.text import FROZEN, ItemId, Text


class Gate(BaseModel):
    """When an item is asked: only if another item's answer is among `any_of`.

    `otherwise` says what the item counts as for those who were not asked.
    """

    model_config = FROZEN

    item: ItemId
    any_of: tuple[StrictInt, ...] = Field(min_length=1)
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
        What it is about, each ``framework:competence`` (or ``framework:area``).
    asked_if : Gate, optional
        The gate before it.
    key : int or tuple of int, optional
        The right option (single choice) or options (multi-select).
    """

    model_config = FROZEN

    id: ItemId
    format: str
    text: Text
    competences: tuple[str, ...] = ()
    asked_if: Gate | None = None
    key: StrictInt | tuple[StrictInt, ...] | None = None
