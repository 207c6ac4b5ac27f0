"""Tables of parameters: row by row as lavaan makes them, and what is wrong with a model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.errors import DefinitionError
from digilitt.evidence.models.ladder import Step, continuous_ladder, ordinal_ladder
from digilitt.evidence.models.longitudinal import longitudinal
from digilitt.evidence.models.syntax import parse_model
from digilitt.evidence.models.table import ModelTable, model_table
from tests.reference.cases import load_case

CASE = load_case("models")
ITEMS = {
    "holzinger": [f"x{n}" for n in range(1, 10)],
    "bfi": [f"{letter}{n}" for letter in "AC" for n in range(1, 6)],
}
TABLES = {
    "holzinger": (
        "std_lv", "marker", "with_means", "intercepts", "released", "labels", "labelled_marker",
        "higher_order", "higher_order_marker", "bifactor", "correlated", "single", "constrained",
        "two_groups", "two_groups_marker", "by_group", "metric", "scalar", "scalar_partial",
        "strict", "intercepts_alone", "means", "variances", "bifactor_groups",
        "higher_order_metric", "three_groups",
    ),
    "bfi": (
        "delta", "theta_marker", "named", "delta_configural", "delta_thresholds",
        "delta_loadings", "delta_both", "delta_both_marker", "theta_both", "theta_strict",
    ),
}  # fmt: skip
LADDERS = {
    "holzinger": (
        "ladder_two", "ladder_three", "ladder_partial", "longitudinal", "longitudinal_partial",
    ),
    "bfi": (
        "wu_six", "wu_two", "wu_three", "wu_mixed", "wu_three_groups", "wu_partial",
        "wu_longitudinal", "wu_longitudinal_mixed",
    ),
}  # fmt: skip

Key = tuple[str, str, str, int]


def named(cases: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(data, name) for data, names in cases.items() for name in names]


def key(lhs: str, op: str, rhs: str, group: int) -> Key:
    """A covariance has no direction."""
    if op == "~~" and rhs < lhs:
        lhs, rhs = rhs, lhs
    return lhs, op, rhs, int(group)


def classes(members: Iterable[tuple[Any, Key]]) -> set[frozenset[Key]]:
    found: dict[Any, set[Key]] = {}
    for label, row in members:
        if label:
            found.setdefault(label, set()).add(row)
    return {frozenset(rows) for rows in found.values() if len(rows) > 1}


def check(table: ModelTable, told: dict[str, Any], where: str) -> None:
    """Same rows, freedom, values and equalities as R's."""
    theirs = {}
    equal = []
    for lhs, op, rhs, group, free, value, same in zip(
        *(told[name] for name in ("lhs", "op", "rhs", "group", "free", "value", "same")),
        strict=True,
    ):
        theirs[key(lhs, op, rhs, group)] = (free, value)
        equal.append((same, key(lhs, op, rhs, group)))
    ours = {key(r.lhs, r.op, r.rhs, r.group): (r.free, r.value) for r in table.rows.itertuples()}
    assert len(ours) == len(table.rows), where
    assert ours.keys() == theirs.keys(), where
    delta = table.parameterization == "delta"
    for row, (free, value) in ours.items():
        assert free == theirs[row][0], (where, row)
        lhs, op, rhs, _ = row
        determined = (
            table.categories is not None
            and not free
            and ((op == "~~" and lhs == rhs and lhs in table.items) if delta else op == "~*~")
        )
        if determined:
            # lavaan notes 1 there, and computes it.
            assert math.isnan(value), (where, row)
        elif not free or theirs[row][1] is not None:
            CASE.check("value", value, theirs[row][1])
        else:
            assert math.isnan(value), (where, row)
    rows = table.rows[table.rows["free"]].itertuples()
    found = classes((r.label, key(r.lhs, r.op, r.rhs, r.group)) for r in rows)
    assert found == classes(equal), where


def groups_of(n: int) -> tuple[str, ...]:
    return ("",) if n == 1 else tuple(f"group {number}" for number in range(1, n + 1))


@pytest.mark.parametrize(("data", "name"), named(TABLES))
def test_table_is_lavaans(data: str, name: str) -> None:
    told = CASE.expected[data][name]
    options = dict(told["options"])
    # lavaan names what is partly free without spaces.
    partial = [text.replace("~1", " ~ 1") for text in options.pop("partial")]
    table = model_table(
        parse_model(told["model"]),
        items_available=ITEMS[data],
        groups=groups_of(options.pop("n_groups")),
        partial=partial,
        **options,
    )
    check(table, told["rows"], name)


def climb(told: dict[str, Any], items: Sequence[str]) -> tuple[Step, ...]:
    parsed = parse_model(told["model"])
    partial, categories = told.get("partial", ()), told.get("categories")
    if "occasions" in told:
        when = told["occasions"]
        wide = {f"{item}_{each}": item for each in when for item in items}
        return longitudinal(
            parsed,
            occasions=when,
            items_available=list(wide),
            categories=categories
            and {name: categories[i] for name, i in wide.items() if i in categories},
            partial=partial,
        )
    groups = groups_of(told["n_groups"])
    if categories is None:
        return continuous_ladder(parsed, items_available=items, groups=groups, partial=partial)
    return ordinal_ladder(
        parsed, items_available=items, groups=groups, categories=categories, partial=partial
    )


@pytest.mark.parametrize(("data", "name"), named(LADDERS))
def test_steps_are_semtools(data: str, name: str) -> None:
    told = CASE.expected[data][name]
    steps = climb(told, ITEMS[data])
    assert [step.name for step in steps] == list(told["steps"])
    for step in steps:
        check(step.table, told["steps"][step.name], f"{name}, {step.name}")


def test_table_has_its_columns_and_types() -> None:
    table = model_table(
        parse_model("f =~ a*x1 + 0.5*x2 + start(2)*x3"), items_available=["x1", "x2", "x3"]
    )
    types = {name: str(kind) for name, kind in table.rows.dtypes.items()}
    assert list(types) == ["lhs", "op", "rhs", "group", "free", "value", "label", "user"]
    assert types["group"] == "int64"
    assert types["free"] == types["user"] == "bool"
    assert types["value"] == "float64"
    first = table.rows.iloc[:3]
    assert first["free"].tolist() == [True, False, True]
    np.testing.assert_array_equal(first["value"], [math.nan, 0.5, 2.0])
    assert first["label"].tolist() == ["a", "", ""]
    assert table.rows["user"].tolist() == [True] * 3 + [False] * 4
    assert (table.items, table.factors, table.groups) == (("x1", "x2", "x3"), ("f",), ("",))
    assert (table.categories, table.means) == (None, False)


def test_starts_are_those_of_free_groups() -> None:
    table = model_table(
        parse_model("f =~ x1 + x2 + start(c(0.7, 0.8))*x3 + c(1, NA)*x3"),
        items_available=ITEMS["holzinger"],
        groups=("m", "w"),
    )
    rows = table.rows[table.rows["rhs"] == "x3"]
    rows = rows[rows["op"] == "=~"]
    assert rows["free"].tolist() == [False, True]
    assert rows["value"].tolist() == [1.0, 0.8]


def test_means_of_factors_without_items_stay_at_zero() -> None:
    """lavaan frees them as well, and then cannot tell them from the means below."""
    model = "a =~ x1 + x2 + x3\nb =~ x4 + x5 + x6\nc =~ x7 + x8 + x9\ng =~ a + b + c"
    table = model_table(
        parse_model(model),
        items_available=ITEMS["holzinger"],
        groups=("1", "2"),
        equal=("loadings", "intercepts"),
    )
    means = table.rows[(table.rows["op"] == "~1") & (table.rows["group"] == 2)]
    free = dict(zip(means["lhs"], means["free"], strict=True))
    assert [free[name] for name in "abcg"] == [True, True, True, False]


LINES = (
    "f =~ x1 + a*x2 + 0.4*x3 + start(0.5)*x4",
    "g =~ x5 + x6 + b*x7 + b*x8",
    "x1 ~~ x2 + x5",
    "x9 ~~ x9",
    "h =~ x9 + x1",
    "x1 + x2 ~ 1",
    "g ~~ 0*f",
    "a + 2*b == 1",
)


def rows_as_set(text: str) -> set[tuple[object, ...]]:
    table = model_table(
        parse_model(text), items_available=ITEMS["holzinger"], groups=("m", "w"),
        equal=("loadings",),
    )  # fmt: skip
    columns = zip(*(table.rows[name] for name in table.rows.columns), strict=True)
    return {
        (*key(lhs, op, rhs, group), free, str(value), user, label)
        for lhs, op, rhs, group, free, value, label, user in columns
    }


@given(st.permutations(LINES), st.data())
def test_order_does_not_matter(lines: list[str], data: st.DataObject) -> None:
    shuffled = []
    for line in lines:
        lhs, op, terms = line.partition(" =~ ")
        order = data.draw(st.permutations(terms.split(" + ")))
        shuffled.append(f"{lhs}{op}{' + '.join(order)}")
    assert rows_as_set("\n".join(shuffled)) == rows_as_set("\n".join(LINES))


def test_every_order_of_indicators_gives_the_same_rows() -> None:
    found = {
        frozenset(rows_as_set(f"f =~ {' + '.join(order)}"))
        for order in permutations(["x1", "x2", "a*x3"])
    }
    assert len(found) == 1


def refused(text: str, **options: Any) -> list[tuple[str, str, str]]:
    options = {"items_available": ["x1", "x2", "x3", "x4", "skill"]} | options
    with pytest.raises(DefinitionError) as caught:
        model_table(parse_model(text), **options)
    return [(p.code, p.column, p.message) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "options", "code", "said"),
    [
        ("f =~ x1 + x2 + X3", {}, "unknown-item", "Did you mean 'x3'?"),
        ("skill =~ x1 + x2 + x3", {}, "item-is-factor", "rename the factor"),
        ("f =~ x1 + x2 + x3; x4 ~~ x1", {}, "not-in-model", "measures no factor"),
        ("f =~ x1 + x2 + x3; x1 ~~ f", {}, "not-a-parameter", "cannot covary"),
        ("f =~ x1 + g; g =~ x2 + f", {}, "circular-factors", "f =~ g =~ f"),
        ("x1 ~~ x2", {}, "model-syntax", "no factor"),
        ("f =~ x1 + x2 + x3; x1 | t1", {}, "not-a-parameter", "continuous"),
        ("f =~ x1 + x2 + x3; x1 ~*~ x1", {}, "not-a-parameter", "continuous"),
        ("f =~ x1 + x2 + c(1, 2)*x3", {}, "wrong-length", "2 entries, and there is 1 group;"),
        (
            "f =~ x1 + x2 + c(1, 2, 3)*x3",
            {"groups": ("a", "b")},
            "wrong-length",
            "3 entries, and there are 2 groups;",
        ),
        ("f =~ a*x1 + x2 + x3; a == b", {}, "unknown-label", "has the label 'b'; the labels are a"),
        ("f =~ a*x1 + x2 + x3; a == 1; a == 2", {}, "impossible-constraint", "'a == 1', 'a == 2'"),
        (
            "f =~ 0.3*x1 + a*x1 + x2 + x3; a == 1",
            {},
            "impossible-constraint",
            "1 constraint cannot hold with the values",
        ),
        ("f =~ start(2)*x1 + x2", {"std_lv": False}, "modifier-conflict", "fixed at 1, so"),
        ("f =~ x1 + 0.5*x2 + start(2)*x2", {}, "modifier-conflict", "fixed at 0.5, so"),
        ("f =~ 1*x1 + a*x1 + 2*x2 + a*x2 + x3", {}, "modifier-conflict", "fixed at 1, 2"),
        (
            "f =~ x1 + x2 + x3",
            {"groups": ("a", "b"), "equal": ("loading",)},
            "wrong-value",
            "expected some of loadings",
        ),
        ("f =~ x1 + x2 + x3", {"equal": ("loadings",)}, "wrong-value", "no groups"),
        ("f =~ x1 + x2 + x3", {"parameterization": "gamma"}, "wrong-value", "delta, theta"),
        ("f =~ x1 + x2 + x3", {"groups": ("a", "a")}, "wrong-value", "each once"),
        (
            "f =~ x1 + x2 + x3",
            {"groups": ("a", "b"), "equal": ("thresholds",)},
            "wrong-value",
            "continuous items have no thresholds",
        ),
        (
            "f =~ x1 + x2 + x3",
            {"groups": ("a", "b"), "means": False},
            "wrong-value",
            "always modelled",
        ),
        (
            "f =~ x1 + x2 + x3",
            {"groups": ("a", "b"), "equal": ("loadings",), "partial": "f =~ x4"},
            "bad-partial",
            "no parameter 'f =~ x4'. Did you mean 'f =~ x",
        ),
        (
            "f =~ x1 + x2 + x3",
            {"groups": ("a", "b"), "equal": ("loadings",), "partial": "x1 ~ 1"},
            "bad-partial",
            "nothing makes intercepts equal",
        ),
        (
            "f =~ x1 + x2 + x3",
            {"groups": ("a", "b"), "equal": ("loadings",), "partial": "f =~ 2*x1"},
            "bad-partial",
            "has a modifier",
        ),
    ],
)
def test_wrong_models_say_so(text: str, options: dict[str, Any], code: str, said: str) -> None:
    found = refused(text, **options)
    assert [each[0] for each in found] == [code]
    assert said in found[0][2]


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("x1 | t3", {}, "3 categories, so its last threshold is t2"),
        ("f | t1", {}, "factors have no thresholds"),
        ("x1 ~~ x1", {}, "use parameterization='theta'"),
        ("x1 ~*~ x1", {"parameterization": "theta"}, "follow from the rest"),
    ],
)
def test_wrong_ordinal_models_say_so(text: str, options: dict[str, Any], said: str) -> None:
    categories = {"x1": 3, "x2": 3, "x3": 4}
    found = refused(f"f =~ x1 + x2 + x3; {text}", categories=categories, **options)
    assert [each[0] for each in found] == ["not-a-parameter"]
    assert said in found[0][2]


def test_items_need_two_categories() -> None:
    found = refused("f =~ x1 + x2 + x3", categories={"x1": 1, "x2": 2})
    assert [each[:2] for each in found] == [
        ("too-few-categories", "x1"),
        ("too-few-categories", "x3"),
    ]


def test_residuals_are_no_parameters_in_delta() -> None:
    found = refused(
        "f =~ x1 + x2 + x3",
        categories={"x1": 3, "x2": 3, "x3": 3},
        groups=("a", "b"),
        equal=("residuals",),
    )
    assert "parameterization='theta'" in found[0][2]


def test_all_problems_come_at_once() -> None:
    text = "f =~ y1 + x2 + x3\nskill =~ x1 + x4\nf ~~ y2\nx3 | t1"
    codes = [code for code, *_ in refused(text, equal=("loadings",))]
    assert codes == [
        "wrong-value",
        "item-is-factor",
        "unknown-item",
        "unknown-item",
        "not-a-parameter",
    ]
