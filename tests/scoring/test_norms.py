"""T scores by group in data frames of every kind: which columns can hold the groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from digilitt.errors import ResponseError
from digilitt.scoring.frames import score_frame
from tests.strategies import small

MEAN = {"id": "s", "items": ["a1", "-a2"], "metric": "mean", "min_answered": 0.5}
SEXED = small(
    {"a1": "agree", "a2": "agree"},
    {
        **MEAN,
        "metric": "t",
        "norms": {
            "base": "mean",
            "source": "made up",
            "by": "sex",
            "table": [
                {"group": "kvinna", "mean": 3.0, "sd": 0.5},
                {"group": "man", "mean": 2.0, "sd": 1.0},
            ],
        },
    },
)
THREE = {"a1": [1.0, 2.0, None], "a2": [5.0, 99.0, 3.0]}


def t_scores(frame: Any) -> list[float | None]:
    scored = score_frame(frame, SEXED)
    if isinstance(scored, pl.LazyFrame):
        scored = scored.collect()
    if isinstance(scored, pa.Table):
        return scored["s_t_score"].to_pylist()
    return [None if pd.isna(value) else value for value in scored["s_t_score"].to_list()]


def codes_of(frame: object) -> set[tuple[str, str]]:
    with pytest.raises(ResponseError) as caught:
        score_frame(frame, SEXED)
    return {(problem.code, problem.column) for problem in caught.value.problems}


# Means of a1 and 6 - a2, as far as answered: 1, 2 and 3.
# Women: 50 + 10 (1 - 3) / 0.5 = 10; men: 50 + 10 (2 - 2) / 1 = 50.
T_SCORES = [10.0, 50.0, None]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({**THREE, "sex": ["kvinna", "man", None]}),
        pd.DataFrame({**THREE, "sex": pd.array(["kvinna", "man", None], dtype="string")}),
        pd.DataFrame({**THREE, "sex": pd.Categorical(["kvinna", "man", "annat"])}),
        pd.DataFrame({**THREE, "sex": np.array(["kvinna", "man", None], dtype=object)}),
        pl.DataFrame({**THREE, "sex": ["kvinna", "man", "annat"]}),
        pl.DataFrame({**THREE, "sex": ["kvinna", "man", None]}).cast({"sex": pl.Categorical}),
        pl.LazyFrame(
            {**THREE, "sex": ["kvinna", "man", "annat"]},
            schema_overrides={"sex": pl.Enum(["kvinna", "man", "annat"])},
        ),
        pa.table(
            {**THREE, "sex": pa.array(["kvinna", "man", "annat"]).dictionary_encode()},
        ),
    ],
)
def test_norm_groups_in_every_kind_of_text(frame: Any) -> None:
    assert t_scores(frame) == T_SCORES


def test_norm_groups_must_be_text_and_there() -> None:
    for sex in ([1, 2, 1], [1.0, None, 2.0], [True, False, True]):
        assert codes_of(pd.DataFrame({**THREE, "sex": sex})) == {("not-text", "sex")}
        assert codes_of(pl.DataFrame({**THREE, "sex": sex})) == {("not-text", "sex")}
    mixed = pd.DataFrame({**THREE, "sex": np.array(["man", 1, None], dtype=object)})
    assert codes_of(mixed) == {("not-text", "sex")}
    assert codes_of(pd.DataFrame(THREE)) == {("missing-column", "sex")}
    for frame in (pd.DataFrame(THREE), pl.DataFrame(THREE).to_pandas()):
        nobody = score_frame(frame.assign(sex=None), SEXED)
        assert nobody["s_t_score"].isna().all()
