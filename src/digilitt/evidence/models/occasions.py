"""Answers of the same persons at several occasions, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from digilitt.define.problems import listed
from digilitt.errors import Problem, ResponseError
from digilitt.evidence.data import Source
from digilitt.evidence.models.checks import Names
from digilitt.evidence.models.data import ModelData, model_data, parsed_model
from digilitt.evidence.models.longitudinal import longitudinal
from digilitt.evidence.models.syntax import ParsedModel
from digilitt.evidence.names import near
from digilitt.scoring.responses import Responses

Occasions = Mapping[str, Mapping[str, str]] | Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OccasionData:
    """Answers side by side, and which column is which item at which occasion.

    Attributes
    ----------
    data : ModelData
        One group; a column for each item and occasion. Its model is that of one occasion.
    columns : dict of str to dict of str to str
        Occasion → item → column.
    """

    data: ModelData
    columns: dict[str, dict[str, str]]

    def alike(self) -> list[list[int]]:
        """Columns of the same item, as places."""
        place = {name: at for at, name in enumerate(self.data.items)}
        items = next(iter(self.columns.values()))
        return [[place[each[item]] for each in self.columns.values()] for item in items]


def occasion_data(
    source: Source,
    model: str | None,
    occasions: Occasions,
    *,
    cluster: str | None = None,
    weight: str | None = None,
    scale: str | None = None,
    counts: str | None = None,
) -> OccasionData:
    """Put the items of all occasions side by side.

    Raises
    ------
    DefinitionError
        If the model cannot be read, or a column of an occasion is lacking.
    ResponseError
        If the source cannot be used so.
    """
    if isinstance(occasions, str):
        message = f"found the text {occasions!r}; expected a list such as ['2018', '2019']."
        raise ResponseError([Problem(code="wrong-value", column="occasions", message=message)])
    if model is None and isinstance(source, pd.DataFrame):
        message = "a frame with several occasions needs model=, for the items of one occasion."
        raise ResponseError([Problem(code="no-model", message=message)])
    parsed = parsed_model(source, model, scale)
    frame = _side_by_side(source, occasions, scale, [cluster, weight])
    columns = _columns(parsed, occasions)
    available = [str(name) for name in frame.columns]
    longitudinal(parsed, occasions=columns, items_available=available)
    named = [column for items in columns.values() for column in items.values()]
    others = [name for name in (cluster, weight, counts) if name is not None]
    lacking = [name for name in others if name not in frame]
    data = model_data(
        frame[[*named, *(name for name in others if name not in lacking)]],
        None,
        cluster=cluster,
        weight=weight,
        counts=counts,
    )
    if isinstance(source, Responses):
        data = replace(data, caveats=(*source.caveats, *data.caveats), provenance=source.provenance)
    return OccasionData(data=replace(data, parsed=parsed), columns=columns)


def _columns(parsed: ParsedModel, occasions: Occasions) -> dict[str, dict[str, str]]:
    if isinstance(occasions, Mapping):
        return {str(name): dict(items) for name, items in occasions.items()}
    items = Names.of(parsed).items
    return {str(name): {item: f"{item}_{name}" for item in items} for name in occasions}


def _side_by_side(
    source: Source, occasions: Occasions, scale: str | None, unused: Sequence[str | None]
) -> pd.DataFrame:
    """A frame as it is; of responses, a row per person and a column per item and wave."""
    if isinstance(source, pd.DataFrame):
        return source
    people = source.people
    problems = []
    for name in ("person", "wave"):
        if name not in people:
            message = f"the responses have no {name}; occasions of a person cannot be put together."
            problems.append(Problem(code=f"no-{name}", message=message))
    if isinstance(occasions, Mapping):
        message = "of responses, occasions are names of waves: a list such as ['2018', '2019']."
        problems.append(Problem(code="wrong-value", column="occasions", message=message))
    if "wave" in people and not isinstance(occasions, Mapping):
        known = [str(wave) for wave in people["wave"].drop_duplicates()]
        for name in map(str, occasions):
            if name not in known:
                message = f"found {name!r}; the waves are {listed(known)}.{near(name, known)}"
                problems.append(Problem(code="wrong-value", column="occasions", message=message))
    for column in unused:
        if column is not None:
            message = "with occasions of responses, clusters and weights cannot be used."
            problems.append(Problem(code="wrong-value", column=column, message=message))
    if problems:
        raise ResponseError(problems)
    waves = people["wave"].astype(str)
    parts = []
    for occasion in map(str, occasions):
        here = (waves == occasion).to_numpy()
        part = source.keyed(scale)[here].set_axis(people.loc[here, "person"], axis=0)
        parts.append(part.add_suffix(f"_{occasion}"))
    return pd.concat(parts, axis=1).reset_index(drop=True)
