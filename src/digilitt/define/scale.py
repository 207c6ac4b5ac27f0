"""Scales: which items add up, how, and what the result is called."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
)

from digilitt.define.fields import (
    FROZEN,
    LARGEST,
    LONGEST_ID,
    SHORT_ITEM,
    ItemId,
    Name,
    Number,
    Table,
)
from digilitt.define.text import Text, allow_inline_languages, gather_languages

Metric = Literal["sum", "mean", "pomp", "linear", "t", "count"]
Base = Literal["sum", "mean"]

COLUMN_OF_METRIC: dict[str, str] = {
    "sum": "sum_score",
    "mean": "mean_score",
    "pomp": "pomp",
    "linear": "linear_score",
    "t": "t_score",
    "count": "count",
}


def _whole(key: Any) -> Any:
    if type(key) is not int:  # True == 1 in Python, but it is no key.
        raise ValueError("expected 1, or -1 for a reverse-keyed item")
    return key


def _allow_short_form(schema: dict[str, Any]) -> None:
    """Let the JSON Schema of an item in a scale take ``"a1"`` and ``"-a1"`` as well."""
    written_out = dict(schema)
    schema.clear()
    schema["anyOf"] = [{"type": "string", "pattern": SHORT_ITEM}, written_out]


class ScaleItem(BaseModel):
    """An item in a scale: its key (+1, or -1 when reverse-keyed) and its weight.

    In a count, `or_any_of` names items that do as well: reaching the threshold on any one of
    them is enough, and together they count once.
    """

    model_config = FROZEN | {"json_schema_extra": _allow_short_form}

    item: ItemId
    key: Annotated[Literal[1, -1], BeforeValidator(_whole)] = 1
    weight: Annotated[Number, Field(ge=1 / LARGEST)] = 1.0
    or_any_of: tuple[ItemId, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The item, and those that do as well."""
        return (self.item, *self.or_any_of)


def _from_short_form(data: Any) -> Any:
    if isinstance(data, str):
        text = data.strip()
        return {"item": text.removeprefix("-").strip(), "key": -1 if text.startswith("-") else 1}
    if not isinstance(data, dict | ScaleItem):
        # Pydantic gathers ValueErrors; a TypeError would go straight through.
        raise ValueError(  # noqa: TRY004
            'expected an item such as "a1", "-a1" or { item = "a1", key = -1 }'
        )
    return data


ShortScaleItem = Annotated[ScaleItem, BeforeValidator(_from_short_form)]


def _rule(value: Any) -> Any:
    known = value == "all" or type(value) is float
    if not (known or (type(value) is int and abs(value) <= LARGEST)):
        raise ValueError('expected "all", a count such as 3 or a share such as 0.5')
    return value


MinAnswered = Annotated[StrictInt | StrictFloat | Literal["all"], BeforeValidator(_rule)]


def _threshold(value: Any) -> Any:
    named = isinstance(value, str) and 0 < len(value) <= LONGEST_ID
    number = type(value) in (int, float) and abs(value) <= LARGEST
    if not (value is None or named or number):
        raise ValueError('expected a score such as 1, or the id of a band such as "basic"')
    return float(value) + 0.0 if number else value


class Linear(BaseModel):
    """The transform ``add + multiply * base`` (SUS: 2.5 × sum − 25)."""

    model_config = FROZEN

    base: Base = "sum"
    multiply: Number
    add: Number = 0.0


class Norm(BaseModel):
    """Mean and standard deviation of a norm group; `group` is empty for everybody."""

    model_config = FROZEN

    group: Name = ""
    mean: Number
    sd: Annotated[Number, Field(gt=0)]


class Norms(BaseModel):
    """Norms behind a T score, 50 + 10 (base − mean) / sd, for everybody or by a group."""

    model_config = FROZEN

    base: Base = "mean"
    source: str
    by: Name = ""
    table: tuple[Norm, ...]


class Band(BaseModel):
    """A named range of scores: from `from`, included, to the next band's `from`, excluded.

    In a count of scales, `needs` may ask for more: so many scales in such a band of theirs, or
    a higher one.
    """

    model_config = FROZEN | {
        "populate_by_name": True,
        "serialize_by_alias": True,
        "json_schema_extra": allow_inline_languages,
    }

    id: Annotated[Name, Field(min_length=1)]
    start: Number = Field(alias="from")
    to: Number | None = None
    needs: Annotated[Table[StrictInt], Field(validate_default=True)] = {}
    label: Text


class NotAssessed(BaseModel):
    """The band of the people to whom no part of a scale applies: a name, and no range."""

    model_config = FROZEN | {"json_schema_extra": allow_inline_languages}

    id: Annotated[Name, Field(min_length=1)]
    label: Text


InlineBand = Annotated[Band, BeforeValidator(gather_languages)]


def _without_plain_ends(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    """Bands without each `to` that only repeats where the next band begins."""
    starts = [*(band.start for band in bands[1:]), None][: len(bands)]
    return tuple(
        band.model_copy(update={"to": None}) if band.to == following else band
        for band, following in zip(bands, starts, strict=True)
    )


class Scale(BaseModel):
    """Items, or other scales, that add up to one score.

    Attributes
    ----------
    items : tuple of ScaleItem
        What adds up, written ``"a1"``, ``"-a2"`` (reverse-keyed) or as a table.
    scales : tuple of str
        Instead of items: scales that add up.
    combine : {"items", "scale_means", "bands"}
        *items* pools the items of those scales; *scale_means* takes the mean of the
        keyed items in each scale first; *bands* counts the scales by their bands.
    metric : {"sum", "mean", "pomp", "linear", "t", "count"}
        What the score is; *pomp* is the percentage of the maximum possible, 0 to 100;
        *count* is how many parts reach the threshold `at_least`.
    at_least : float or str
        For a count: the keyed score that an item has to reach; or the id of the band that a
        scale has to reach, for ``combine = "bands"``.
    min_answered : float, int or "all"
        A share of the applicable items (between 0 and 1), a count, or all. For
        ``combine = "scale_means"`` it counts scales.
    prorate : bool
        Whether a sum with missing items is scaled up to all items.
    bands : tuple of Band
        Named ranges of scores, from the lowest possible score upwards.
    not_assessed : NotAssessed
        A band of its own for the people to whom nothing in the scale applies.
    context : bool
        Whether it describes conditions, and so is never part of a person's total.
    """

    model_config = FROZEN

    id: ItemId
    title: Text
    items: tuple[ShortScaleItem, ...] = ()
    scales: tuple[ItemId, ...] = ()
    combine: Literal["items", "scale_means", "bands"] = "items"
    metric: Metric
    at_least: Annotated[float | str | None, BeforeValidator(_threshold)] = None
    linear: Linear | None = None
    norms: Norms | None = None
    min_answered: MinAnswered = "all"
    prorate: StrictBool = True
    bands: Annotated[tuple[InlineBand, ...], AfterValidator(_without_plain_ends)] = ()
    not_assessed: Annotated[NotAssessed | None, BeforeValidator(gather_languages)] = None
    context: StrictBool = False

    @property
    def base(self) -> Base:
        """The sum or the mean that the metric rests on."""
        if self.metric == "linear" and self.linear is not None:
            return self.linear.base
        if self.metric == "t" and self.norms is not None:
            return self.norms.base
        return "sum" if self.metric in ("sum", "count") else "mean"

    @property
    def band_names(self) -> tuple[str, ...]:
        """Ids of the bands in order, the one of those not assessed last."""
        special = (self.not_assessed.id,) if self.not_assessed else ()
        return (*(band.id for band in self.bands), *special)

    @property
    def column(self) -> str:
        """Name of the score's column in a wide table: ``{scale}_{metric}``."""
        return f"{self.id}_{COLUMN_OF_METRIC[self.metric]}"
