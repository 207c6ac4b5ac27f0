"""Indicators: shares of people in certain bands, with the code that each is published by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from digilitt.define.fields import FROZEN, ItemId, Name
from digilitt.define.problems import listed, suggestion
from digilitt.define.scale import Scale
from digilitt.define.text import Text
from digilitt.errors import Problem


class Indicator(BaseModel):
    """The share of people whose band on a scale is one of `bands`."""

    model_config = FROZEN

    id: ItemId
    title: Text
    scale: ItemId
    bands: Annotated[tuple[Name, ...], Field(min_length=1)]


def indicator_problems(
    indicators: Sequence[Indicator], scales: Sequence[Scale]
) -> Iterator[Problem]:
    """Indicators of scales and bands that there are not, or of one band twice."""
    by_id = {scale.id: scale for scale in scales}
    for indicator in indicators:
        scale = by_id.get(indicator.scale)
        if scale is None:
            message = f"is of the unknown scale {indicator.scale!r}; known: {listed(by_id)}."
            message += suggestion(indicator.scale, by_id)
            yield Problem(code="unknown-scale", column=indicator.id, message=message)
            continue
        known = scale.band_names
        for name in indicator.bands:
            if name not in known:
                message = (
                    f"names band {name!r}, but the bands of {scale.id!r} are {listed(known)}."
                    f"{suggestion(name, known)}"
                )
                yield Problem(code="unknown-band", column=indicator.id, message=message)
        if twice := _repeated(indicator.bands):
            message = f"names band {twice!r} twice; name it once."
            yield Problem(code="repeated-band", column=indicator.id, message=message)


def _repeated(names: Sequence[str]) -> str:
    return next((name for k, name in enumerate(names) if name in names[:k]), "")
