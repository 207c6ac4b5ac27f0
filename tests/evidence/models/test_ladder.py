"""Steps of invariance: what they are compared with, what stays free, and what cannot be asked."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from digilitt.errors import DefinitionError
from digilitt.evidence.models.identification import degrees_of_freedom, n_parameters
from digilitt.evidence.models.ladder import Step, continuous_ladder, ordinal_ladder
from digilitt.evidence.models.longitudinal import longitudinal
from digilitt.evidence.models.syntax import parse_model

ITEMS = [f"A{n}" for n in range(1, 6)]
FIVE = parse_model("agree =~ A1 + A2 + A3 + A4 + A5")
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
X = [f"x{n}" for n in range(1, 10)]


def ordinal(categories: int | dict[str, int], **options: Any) -> dict[str, Step]:
    if isinstance(categories, int):
        categories = dict.fromkeys(ITEMS, categories)
    options = {"groups": ("m", "w")} | options
    steps = ordinal_ladder(FIVE, items_available=ITEMS, categories=categories, **options)
    return {step.name: step for step in steps}


def continuous(model: str, **options: Any) -> dict[str, Step]:
    options = {"groups": ("m", "w")} | options
    steps = continuous_ladder(parse_model(model), items_available=X, **options)
    return {step.name: step for step in steps}


def row(step: Step, lhs: str, op: str, rhs: str, group: int = 2) -> Any:
    rows = step.table.rows
    at = (rows["lhs"] == lhs) & (rows["op"] == op) & (rows["rhs"] == rhs)
    return rows[at & (rows["group"] == group)].iloc[0]


def test_holzinger_by_school_has_the_published_degrees_of_freedom() -> None:
    steps = continuous(THREE, latent=("means", "variances"))
    assert [degrees_of_freedom(step.table) for step in steps.values()] == [48, 54, 60, 69, 72, 72]
    assert [step.nested_in for step in steps.values()] == [
        None,
        "configural",
        "metric",
        "scalar",
        "strict",
        "strict",
    ]
    assert not any(step.note for step in steps.values())
    assert row(steps["means"], "visual", "~1", "").value == 0
    assert row(steps["variances"], "visual", "~~", "visual").value == 1
    assert row(steps["variances"], "visual", "~1", "").free


def test_bfi_by_gender_has_the_parameters_of_semtools() -> None:
    """The ladder of 25 items with six categories, and that of five items, of the method notes."""
    model = "\n".join(
        f"{letter} =~ {' + '.join(f'{letter}{n}' for n in range(1, 6))}" for letter in "ACENO"
    )
    items = [f"{letter}{n}" for letter in "ACENO" for n in range(1, 6)]
    model = model.replace("A =~", "a =~").replace("C =~", "c =~")
    steps = ordinal_ladder(
        parse_model(model),
        items_available=items,
        groups=("m", "w"),
        categories=dict.fromkeys(items, 6),
    )
    assert [n_parameters(step.table) for step in steps] == [320, 245, 225, 205, 180]
    assert [n_parameters(step.table) for step in ordinal(6).values()] == [60, 45, 41, 37, 32]


def test_with_many_categories_each_step_is_in_the_one_before() -> None:
    steps = ordinal(4)
    assert [step.nested_in for step in steps.values()] == [
        None,
        "configural",
        "thresholds",
        "metric",
        "scalar",
    ]
    assert not any(step.note for step in steps.values())


def test_three_categories_have_no_test_of_thresholds() -> None:
    steps = ordinal(3)
    thresholds = steps["thresholds"]
    assert thresholds.nested_in is None
    assert "no test" in thresholds.note
    assert n_parameters(thresholds.table) == n_parameters(steps["configural"].table) == 30
    assert [steps[name].nested_in for name in ("metric", "scalar")] == ["thresholds", "metric"]


def test_two_categories_test_loadings_and_intercepts_together() -> None:
    steps = ordinal(2)
    assert steps["thresholds"].nested_in is None
    assert [n_parameters(steps[name].table) for name in ("metric", "scalar")] == [16, 17]
    assert steps["scalar"].nested_in == "thresholds"
    assert "loadings and intercepts together" in steps["scalar"].note
    assert "A1, A2, A3, A4, A5" in steps["scalar"].note
    assert steps["strict"].nested_in == "scalar"
    assert row(steps["metric"], "A1", "~~", "A1").value == 1
    assert row(steps["scalar"], "A1", "~~", "A1").free
    assert row(steps["scalar"], "A1", "~1", "").value == 0


def test_mixed_numbers_of_categories_go_item_by_item() -> None:
    steps = ordinal({"A1": 2, "A2": 3, "A3": 4, "A4": 5, "A5": 6})
    assert steps["thresholds"].nested_in == "configural"
    assert steps["thresholds"].note == "the thresholds of A1, A2 cannot be tested."
    assert steps["scalar"].nested_in == "thresholds"
    assert steps["scalar"].note.endswith("The items are A1.")


def test_an_intercept_that_stays_free_does_not_break_the_order() -> None:
    steps = ordinal({"A1": 2} | dict.fromkeys(ITEMS[1:], 4), partial="A1 ~ 1")
    assert steps["scalar"].nested_in == "metric"
    assert row(steps["scalar"], "A1", "~1", "").free
    assert not row(steps["scalar"], "A1", "~~", "A1").free


def test_a_step_that_restricts_nothing_is_no_test() -> None:
    partial = [f"{item} ~~ {item}" for item in X]
    strict = continuous(THREE, partial=partial)["strict"]
    assert strict.nested_in is None
    assert "no test" in strict.note


def test_labels_of_the_caller_hold_within_groups_until_a_step() -> None:
    model = "f =~ a*x1 + a*x2 + b*x3 + x4\na == 2*b"
    steps = continuous(model)
    configural, metric = steps["configural"], steps["metric"]
    assert row(configural, "f", "=~", "x1", 1).label == "a"
    assert row(configural, "f", "=~", "x1").label == row(configural, "f", "=~", "x2").label
    assert row(configural, "f", "=~", "x1").label == "a.g2"
    assert [each.text for each in configural.table.constraints] == [
        "a == 2*b",
        "1*a.g2 + -2*b.g2 == 0",
    ]
    assert row(metric, "f", "=~", "x2").label == "a"
    assert [each.text for each in metric.table.constraints] == ["a == 2*b"]
    # Two loadings of four are free, and variance 1 in the second group is freed instead.
    assert n_parameters(configural.table) == 2 * (2 + 4 + 4)
    assert n_parameters(metric.table) == n_parameters(configural.table) - 2 + 1


def test_a_caller_may_fix_the_scale_otherwise() -> None:
    steps = continuous("f =~ 1*x1 + x2 + x3 + x4\nf ~~ NA*f\nf ~ NA*1\nx1 ~ 0*1")
    assert [degrees_of_freedom(step.table) for step in steps.values()] == [4, 7, 10, 14]
    plain = continuous("f =~ x1 + x2 + x3 + x4")
    assert [degrees_of_freedom(step.table) for step in plain.values()] == [4, 7, 10, 14]


def test_higher_order_factors_climb_too() -> None:
    steps = continuous(f"{THREE}\ng =~ visual + textual + speed")
    metric, scalar = steps["metric"], steps["scalar"]
    assert row(metric, "g", "~~", "g").free
    assert row(metric, "visual", "~~", "visual").free
    assert row(scalar, "visual", "~1", "").free
    assert not row(scalar, "g", "~1", "").free


WIDE = {year: {item: f"{item}_{year}" for item in X} for year in ("2018", "2019")}
COLUMNS = [column for columns in WIDE.values() for column in columns.values()]


def test_occasions_take_the_place_of_groups() -> None:
    steps = longitudinal(
        parse_model(THREE), occasions=WIDE, items_available=COLUMNS, latent=("means",)
    )
    table = steps[0].table
    assert table.groups == ("",)
    assert table.factors == tuple(
        f"{factor}_{year}" for year in WIDE for factor in ("visual", "textual", "speed")
    )
    added = table.rows[~table.rows["user"]]
    pairs = set(zip(added["lhs"], added["op"], added["rhs"], strict=True))
    assert {(f"{item}_2018", "~~", f"{item}_2019") for item in X} <= pairs
    # 18 items: 189 moments; nine residuals and nine pairs of factors covary between occasions.
    assert degrees_of_freedom(table) == 189 - (2 * 30 + 9 + 9)
    drops = [n_parameters(step.table) for step in steps]
    assert [one - other for one, other in pairwise(drops)] == [6, 6, 9, 3]
    by_name = longitudinal(parse_model(THREE), occasions=["2018", "2019"], items_available=COLUMNS)
    assert by_name[3].table.rows.equals(steps[3].table.rows)


def test_orthogonal_factors_covary_with_themselves_only() -> None:
    steps = longitudinal(
        parse_model(THREE), occasions=WIDE, items_available=COLUMNS, orthogonal=True
    )
    rows = steps[0].table.rows
    pairs = rows[(rows["op"] == "~~") & (rows["lhs"] != rows["rhs"]) & rows["free"]]
    factors = pairs[pairs["lhs"].isin(steps[0].table.factors)]
    assert sorted(zip(factors["lhs"], factors["rhs"], strict=True)) == [
        (f"{name}_2018", f"{name}_2019") for name in ("speed", "textual", "visual")
    ]


def test_modifiers_by_occasion() -> None:
    parsed = parse_model("f =~ c(a, b)*x1 + d*x2 + x3\nx1 ~ c(0, NA)*1\nd == 2*a")
    configural, metric, *_ = longitudinal(parsed, occasions=WIDE, items_available=COLUMNS)
    rows = configural.table.rows
    loadings = rows[rows["op"] == "=~"]
    labels = dict(zip(loadings["rhs"], loadings["label"], strict=True))
    assert [labels[f"x1_{year}"] for year in WIDE] == ["a", "b"]
    assert [labels[f"x2_{year}"] for year in WIDE] == ["d", "d.t2"]
    ones = rows[rows["op"] == "~1"].set_index("lhs")["free"]
    assert [bool(ones[f"x1_{year}"]) for year in WIDE] == [False, True]
    assert [each.text for each in configural.table.constraints] == [
        "d == 2*a",
        "1*d.t2 + -2*a == 0",
    ]
    assert [each.text for each in metric.table.constraints] == ["d == 2*a"]


def refused(call: Any) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionError) as caught:
        call()
    return [(problem.code, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ({"groups": ("m",)}, "too-few-groups", "between two or more"),
        ({"partial": "visual =~ x4"}, "bad-partial", "no parameter 'visual =~ x4'"),
        ({"partial": "visual ~~ visual"}, "bad-partial", "nothing makes variances equal"),
        ({"latent": ("covariances",)}, "wrong-value", "means, variances"),
    ],
)
def test_wrong_ladders_say_so(options: dict[str, Any], code: str, said: str) -> None:
    found = refused(lambda: continuous(THREE, **options))
    assert [each[0] for each in found] == [code]
    assert said in found[0][1]


def test_wrong_occasions_say_so() -> None:
    def climb(**options: Any) -> Any:
        given = {"occasions": WIDE, "items_available": COLUMNS} | options
        return lambda: longitudinal(parse_model("f =~ x1 + x2 + x3"), **given)

    assert refused(climb(occasions=["2018"]))[0][0] == "too-few-occasions"
    found = refused(climb(occasions=["2018", "2020"]))
    assert [code for code, _ in found] == ["missing-column"] * 3
    assert "no column 'x1_2020'. Did you mean 'x1_2019'?" in found[0][1]
    lacking = {"2018": WIDE["2018"], "2019": {"x1": "x1_2019", "x2": "x2_2019"}}
    assert "no column for this item" in refused(climb(occasions=lacking))[0][1]
    twice = {"2018": WIDE["2018"], "2019": WIDE["2019"] | {"x2": "x1_2018"}}
    assert refused(climb(occasions=twice))[0][0] == "column-twice"
    counts = dict.fromkeys(COLUMNS, 4)
    differ = refused(climb(categories=counts | {"x2_2019": 3}))
    assert [code for code, _ in differ] == ["categories-differ"]
    assert "4 and 3 categories" in differ[0][1]
    assert refused(climb(categories=counts, latent=("means",)))[0][0] == "wrong-value"
    wrong = {"occasions": WIDE, "items_available": COLUMNS}
    found = refused(lambda: longitudinal(parse_model("f =~ x1 + c(1, 2, 3)*x2 + x3"), **wrong))
    assert "3 entries, and there are 2 groups" in found[0][1]
