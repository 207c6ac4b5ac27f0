"""What a table alone says about identification."""

from __future__ import annotations

from typing import Any

import pytest

from digilitt.evidence.models.identification import (
    degrees_of_freedom,
    identification_problems,
    model_notes,
    n_moments,
    n_parameters,
)
from digilitt.evidence.models.ladder import continuous_ladder, ordinal_ladder
from digilitt.evidence.models.syntax import parse_model
from digilitt.evidence.models.table import ModelTable, model_table

ITEMS = [f"x{n}" for n in range(1, 10)]
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


def table(text: str, **options: Any) -> ModelTable:
    return model_table(parse_model(text), items_available=ITEMS, **options)


def found(text: str, **options: Any) -> list[tuple[str, str]]:
    problems = identification_problems(table(text, **options))
    assert {problem.code for problem in problems} <= {"not-identified"}
    return [(problem.column, problem.message) for problem in problems]


@pytest.mark.parametrize(
    ("options", "moments", "parameters"),
    [
        ({}, 45, 21),
        ({"means": True}, 54, 30),
        ({"groups": ("a", "b")}, 108, 60),
        ({"groups": ("a", "b"), "equal": ("loadings",)}, 108, 54),
        # lavaan: npar 30 (thresholds 18, loadings 9, correlations 3), df 33.
        ({"categories": dict.fromkeys(ITEMS, 3)}, 54, 30),
    ],
)
def test_counts(options: dict[str, Any], moments: int, parameters: int) -> None:
    made = table(THREE, **options)
    assert (n_moments(made), n_parameters(made)) == (moments, parameters)
    assert degrees_of_freedom(made) == moments - parameters


def test_constraints_count_once() -> None:
    text = "f =~ a*x1 + b*x2 + c*x3 + d*x4\na == b; b == c; 2*a == 2*c"
    assert n_parameters(table(text)) == 8 - 2


@pytest.mark.parametrize(
    "text",
    [
        THREE,
        f"{THREE}\ng =~ visual + textual + speed",
        "f =~ x1 + x2 + x3",
        "f =~ a*x1 + a*x2",
        "f =~ x1 + x2; g =~ x3 + x4 + x5",
        "f =~ x1; g =~ x3 + x4 + x5",
        "f =~ x1 + x2 + x3; f ~ NA*1; x1 ~ 0*1",
        "f =~ NA*x1 + a*x1 + b*x2 + c*x3; f ~~ NA*f; a + b + c == 3",
    ],
)
@pytest.mark.parametrize("std_lv", [True, False])
def test_nothing_is_wrong_with_identified_models(text: str, std_lv: bool) -> None:
    assert found(text, std_lv=std_lv) == []


def test_every_step_of_a_ladder_passes() -> None:
    parsed = parse_model(THREE)
    steps = (
        *continuous_ladder(
            parsed, items_available=ITEMS, groups=("a", "b", "c"), latent=("means", "variances")
        ),
        *ordinal_ladder(
            parsed,
            items_available=ITEMS,
            groups=("a", "b"),
            categories=dict(zip(ITEMS, [2, 3, 4] * 3, strict=True)),
        ),
    )
    assert [identification_problems(step.table) for step in steps] == [()] * len(steps)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("f =~ x1 + x2 + x3; f ~~ NA*f", "f", "the factor has no scale: its variance"),
        ("f =~ x1 + x2 + x3; f ~ NA*1", "f ~1", "the mean of the factor is free"),
        ("f =~ x1; x1 ~~ x1; g =~ x2 + x3 + x4", "x1 ~~ x1", "Fix it: x1 ~~ 0*x1"),
        (
            "f =~ x1 + x2; g =~ x3 + x4 + x5; f ~~ 0*g",
            "f =~ x1 + x2",
            "Make them equal: f =~ a*x1 + a*x2",
        ),
    ],
)
def test_what_is_not_identified_is_named(text: str, column: str, said: str) -> None:
    # A singular count may come with it; the parameter is named in any case.
    named = dict(found(text))
    assert said in named[column]
    assert set(named) <= {column, ""}


def test_more_parameters_than_moments() -> None:
    ((column, message),) = found("f =~ x1 + x2 + x3; x1 ~~ x2")
    assert column == ""
    assert "7 free parameters, and the data have 6 variances and covariances" in message
    ordinal = found("f =~ x1 + x2", categories={"x1": 2, "x2": 2})
    assert "4 free parameters, and the data have 3 thresholds and correlations" in ordinal[0][1]
    assert [column for column, _ in ordinal] == ["", "f =~ x1 + x2"]


def test_groups_are_named_and_equality_gives_a_scale() -> None:
    text = "f =~ x1 + x2 + x3 + x4; f ~~ c(1, NA)*f"
    ((column, message),) = found(text, groups=("2018", "2019"))
    assert column == "f"
    assert "in group '2019'" in message
    assert found(text, groups=("2018", "2019"), equal=("loadings",)) == []


def test_few_indicators_are_noted() -> None:
    notes = model_notes(table("f =~ x1; g =~ x2 + x3; h =~ x4 + x5 + x6"))
    assert [(note.code, note.where) for note in notes] == [
        ("one-indicator", "f"),
        ("two-indicators", "g"),
    ]
    assert model_notes(table(THREE)) == ()
