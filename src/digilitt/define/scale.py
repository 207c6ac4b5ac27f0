"""Scales: which items add up, how, and what the result is called."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StrictFloat, StrictInt

from digilitt.define.text import FROZEN, ItemId, Text, gather_languages

Metric = Literal["sum", "mean", "pomp", "linear", "t"]
Base = Literal["sum", "mean"]

COLUMN_OF_METRIC: dict[str, str] = {
    "sum": "sum_score",
    "mean": "mean_score",
    "pomp": "pomp",
    "linear": "linear_score",
    "t": "t_score",
}


class ScaleItem(BaseModel):
    """An item in a scale: its key (+1, or -1 when reverse-keyed) and its weight."""

    model_config = FROZEN

    item: ItemId
    key: Literal[1, -1] = 1
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)


def _from_short_form(data: Any) -> Any:
    if not isinstance(data, str):
        return data
    return {"item": data.removeprefix("-").strip(), "key": -1 if data.startswith("-") else 1}


ShortScaleItem = Annotated[
    ScaleItem,
    BeforeValidator(_from_short_form, json_schema_input_type=str | ScaleItem),
]


class Linear(BaseModel):
    """The transform ``add + multiply * base`` (SUS: 2.5 × sum − 25)."""

    model_config = FROZEN

    base: Base = "sum"
    multiply: float = Field(allow_inf_nan=False)
    add: float = Field(default=0.0, allow_inf_nan=False)


class Norm(BaseModel):
    """Mean and standard deviation of a norm group; `group` is empty for everybody."""

    model_config = FROZEN

    group: str = ""
    mean: float = Field(allow_inf_nan=False)
    sd: float = Field(gt=0, allow_inf_nan=False)


class Norms(BaseModel):
    """Norms behind a T score, 50 + 10 (base − mean) / sd, for everybody or by a group."""

    model_config = FROZEN

    base: Base = "mean"
    source: str
    by: str = ""
    table: tuple[Norm, ...]


class Band(BaseModel):
    """A named range of scores: from `from`, included, to the next band's `from`, excluded."""

    model_config = FROZEN | {"populate_by_name": True, "serialize_by_alias": True}

    id: str = Field(min_length=1)
    start: float = Field(alias="from", allow_inf_nan=False)
    to: float | None = Field(default=None, allow_inf_nan=False)
    label: Text


InlineBand = Annotated[Band, BeforeValidator(gather_languages)]


class Scale(BaseModel):
    """Items, or other scales, that add up to one score.

    Attributes
    ----------
    items : tuple of ScaleItem
        What adds up, written ``"a1"``, ``"-a2"`` (reverse-keyed) or as a table.
    scales : tuple of str
        Instead of items: scales that add up.
    combine : {"items", "scale_means"}
        *items* pools the items of those scales; *scale_means* takes the mean of the
        keyed items in each scale first.
    metric : {"sum", "mean", "pomp", "linear", "t"}
        What the score is; *pomp* is the percentage of the maximum possible, 0 to 100.
    min_answered : float, int or "all"
        A share of the applicable items (between 0 and 1), a count, or all. For
        ``combine = "scale_means"`` it counts scales.
    prorate : bool
        Whether a sum with missing items is scaled up to all items.
    """

    model_config = FROZEN

    id: ItemId
    title: Text
    items: tuple[ShortScaleItem, ...] = ()
    scales: tuple[ItemId, ...] = ()
    combine: Literal["items", "scale_means"] = "items"
    metric: Metric
    linear: Linear | None = None
    norms: Norms | None = None
    min_answered: StrictInt | StrictFloat | Literal["all"] = "all"
    prorate: bool = True
    bands: tuple[InlineBand, ...] = ()
    context: bool = False

    @property
    def base(self) -> Base:
        """The sum or the mean that the metric rests on."""
        if self.metric == "linear" and self.linear is not None:
            return self.linear.base
        if self.metric == "t" and self.norms is not None:
            return self.norms.base
        return "sum" if self.metric == "sum" else "mean"

    @property
    def column(self) -> str:
        """Name of the score's column in a wide table: ``{scale}_{metric}``."""
        return f"{self.id}_{COLUMN_OF_METRIC[self.metric]}"
