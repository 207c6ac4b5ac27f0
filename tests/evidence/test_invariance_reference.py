"""Measurement invariance against lavaan and semTools, step by step."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

import digilitt as dl
from tests.reference.cases import dataset, load_case
from tests.reference.solutions import (
    check_difference,
    check_fit,
    check_standardized,
    check_table,
)

CONTINUOUS = load_case("invariance")
ORDINAL = load_case("invariance_ordinal")
OCCASIONS = load_case("longitudinal")

A, N = ([f"{letter}{number}" for number in range(1, 6)] for letter in "AN")
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
AGREE = "agree =~ A1 + A2 + A3 + A4 + A5"
NEURO = "neuro =~ N1 + N2 + N3 + N4 + N5"
FIVE = f"""
    {AGREE}
    consc =~ C1 + C2 + C3 + C4 + C5
    extra =~ E1 + E2 + E3 + E4 + E5
    {NEURO}
    open =~ O1 + O2 + O3 + O4 + O5
"""
BFI = dataset("bfi", group=True)
HOLZINGER = dataset("holzinger", group=True)
LEVELS = ["configural", "metric", "scalar", "strict"]


def three_groups() -> pd.DataFrame:
    """Women in odd rows of the file, and in even rows: a rule that R can follow."""
    odd = np.arange(1, len(BFI) + 1) % 2 == 1
    group = np.where(BFI["group"] == "male", "male", np.where(odd, "female odd", "female even"))
    return BFI.assign(group=group)


def merged(cut) -> pd.DataFrame:
    """The answers in fewer categories."""
    frame = BFI.copy()
    frame[A + N] = cut(frame[A + N])
    return frame


def compare(case, found, told):
    check_fit(case, found, told["fit"], chi2="chi2", index="index")
    if "free" in told:
        check_table(case, found.table, told["free"], estimate="estimate", std_error="std_error")
        check_standardized(
            case, found.table, told["std"], estimate="estimate", std_error="std_error"
        )


def whole(told: dict[str, Any]) -> dict[str, Any]:
    """A step with its fit by itself, which the files of R do not set apart."""
    return told if "fit" in told else {"fit": told} | {k: told[k] for k in told if k == "diff"}


def compare_ladder(case, found: dl.Invariance, told: dict[str, Any]) -> None:
    """Solutions of all steps that R has, and the row of each in the table."""
    rows = found.table.set_index("model")
    for level, expected in ((level, whole(step)) for level, step in told.items()):
        compare(case, found.solution(level), expected)
        row, fit = rows.loc[level], expected["fit"]
        assert (row["n_parameters"], row["df"]) == (fit["npar"], fit["df"])
        case.check("chi2", row["chi2"], fit["chisq"])
        case.check("index", row["cfi"], fit["cfi"])
        if "diff" in expected:
            check_difference(
                case,
                (row["chi2_diff"], row["df_diff"], row["p_diff"]),
                expected["diff"],
                chi2="difference",
                p_value="index",
            )


def compare_difference(case, pair, told, method=None):
    """A restricted and a full model."""
    row = dl.difference_test(*pair, method=method).table.iloc[0]
    found = row["chi2"], row["df"], row["p_value"]
    check_difference(case, found, told["diff"], chi2="difference", p_value="index")


# ---- continuous items -----------------------------------------------------------------------


@cache
def of_file(name: str, estimator: str) -> dl.Invariance:
    frame, model = (BFI, FIVE) if name == "bfi" else (HOLZINGER, THREE)
    return dl.invariance(frame, by="group", model=model, estimator=estimator)


@pytest.mark.parametrize("name", ["bfi", "holzinger"])
@pytest.mark.parametrize(
    ("figure", "estimator"), [("invariance_ml", "ml"), ("invariance_mlr", "mlr")]
)
def test_ladders_of_the_files(name, figure, estimator):
    told, found = CONTINUOUS.expected[name][figure], of_file(name, estimator)
    compare_ladder(CONTINUOUS, found, told)
    means = found.solution("scalar").table.query("op == '~1'").set_index(["group", "lhs"])
    for group, expected in told["scalar"]["means"].items():
        ours = means.loc[group].loc[list(expected), "estimate"]
        CONTINUOUS.check("estimate", ours, list(expected.values()))


@pytest.mark.parametrize("name", ["bfi", "holzinger"])
def test_persons_in_groups(name):
    told = CONTINUOUS.expected[name]["invariance_n"]
    assert sum(told.values()) == of_file(name, "ml").solution("metric").fit["n"]


def test_parameters_of_the_steps():
    told = CONTINUOUS.expected["holzinger"]["ladder"]
    compare_ladder(CONTINUOUS, of_file("holzinger", "ml"), told)


def test_satorra_bentler_2010():
    """By the names of parameters, as lavaan goes, only strict lies within the step before.

    With standardized factors metric has a variance and scalar has means that the step before
    fixes, so that lavaan's scaling factor is not at what the restricted model implies.
    """
    told, found = CONTINUOUS.expected["holzinger"]["sb2010"], of_file("holzinger", "mlr")
    for before, level in pairwise(LEVELS):
        compare(CONTINUOUS, found.solution(level), told[level])
        pair = found.solution(level), found.solution(before)
        if level == "strict":
            compare_difference(CONTINUOUS, pair, told[level], "satorra-bentler-2010")


def test_satorra_bentler_2010_with_markers():
    """Factors with the scale of an item: each step lies within the one before by name."""
    told = CONTINUOUS.expected["holzinger"]["sb2010_marker"]
    anchored = THREE + "".join(
        f"\n{item} ~ 0*1\n{factor} ~ NA*1"
        for item, factor in (("x1", "visual"), ("x4", "textual"), ("x7", "speed"))
    )

    def fitted(model, equal):
        return dl.cfa(HOLZINGER, model, group="group", estimator="mlr", std_lv=False, equal=equal)

    pairs = {
        "metric": (fitted(THREE, ["loadings"]), fitted(THREE, [])),
        "scalar": (
            fitted(anchored, ["loadings", "intercepts"]),
            fitted(anchored, ["loadings"]),
        ),
    }
    for level, (restricted, full) in pairs.items():
        found = dl.difference_test(restricted, full, method="satorra-bentler-2010")
        CONTINUOUS.check("difference", found.table["chi2"][0], told[level])


STRICT = ("loadings", "intercepts", "residuals")
FURTHER: dict[str, tuple[str, ...]] = {
    "strict": STRICT,
    "means": (*STRICT, "means"),
    "variances": (*STRICT, "variances"),
    "covariances": (*STRICT, "variances", "covariances"),
    "all": (*STRICT, "means", "variances", "covariances"),
}


@pytest.mark.parametrize("level", list(FURTHER))
def test_factors_equal_too(level):
    told = CONTINUOUS.expected["holzinger"]["further"]
    found = dl.cfa(HOLZINGER, THREE, estimator="ml", group="group", equal=FURTHER[level])
    compare(CONTINUOUS, found, told[level])
    if level == "all":
        strict = of_file("holzinger", "ml").solution("strict")
        compare_difference(CONTINUOUS, (found, strict), told["all"])


def test_residual_covariances_equal():
    told, base = CONTINUOUS.expected["holzinger"]["correlated"], STRICT[:2]
    model, equal = f"{THREE}\nx7 ~~ x8", (*base, "residual-covariances")
    scalar, found = (
        dl.cfa(HOLZINGER, model, estimator="ml", group="group", equal=each)
        for each in (base, equal)
    )
    compare(CONTINUOUS, scalar, told["scalar"])
    compare(CONTINUOUS, found, told["equal"])
    compare_difference(CONTINUOUS, (found, scalar), told["equal"])


@pytest.mark.parametrize(
    ("figure", "model", "options"),
    [
        ("marker", THREE, {"std_lv": False, "estimator": "mlr"}),
        ("second", f"{THREE}\ng =~ visual + textual + speed", {"estimator": "ml"}),
    ],
)
def test_groups_and_equality_without_a_ladder(figure, model, options):
    told = CONTINUOUS.expected["holzinger"][figure]
    before = None
    for level in told:
        equal = STRICT[: LEVELS.index(level)]
        found = dl.cfa(HOLZINGER, model, group="group", equal=equal, **options)
        compare(CONTINUOUS, found, told[level])
        if before is not None:
            compare_difference(CONTINUOUS, (found, before), told[level])
        before = found


def test_partial():
    partial = ["x3 ~ 1", "speed =~ x8"]
    found = dl.invariance(HOLZINGER, by="group", model=THREE, estimator="mlr", partial=partial)
    compare_ladder(CONTINUOUS, found, CONTINUOUS.expected["holzinger"]["partial"])


def test_three_groups():
    frame = three_groups()[["group", *A, *N]]
    found = dl.invariance(frame, by="group", model=f"{AGREE}\n{NEURO}", estimator="mlr")
    compare_ladder(CONTINUOUS, found, CONTINUOUS.expected["bfi"]["three_groups"])


# ---- ordinal items --------------------------------------------------------------------------


def test_ordinal_ladder_of_the_file():
    found = dl.invariance(BFI, by="group", model=FIVE)
    compare_ladder(ORDINAL, found, ORDINAL.expected["bfi"]["invariance_ordinal"])


LADDERS: dict[str, tuple[pd.DataFrame, list[str], str, dict[str, Any]]] = {
    "agree": (BFI, A, AGREE, {}),
    "neuro": (BFI, N, NEURO, {}),
    "three_groups": (three_groups(), A, AGREE, {}),
    "partial_loading": (BFI, A, AGREE, {"partial": ["agree =~ A1"]}),
    "partial_intercept": (BFI, A, AGREE, {"partial": ["agree =~ A1", "A2 ~ 1"]}),
    "partial_threshold": (BFI, N, NEURO, {"partial": ["N3 | t2"]}),
    "ulsmv": (BFI, A, AGREE, {"estimator": "ulsmv"}),
}


@pytest.mark.parametrize("figure", list(LADDERS))
def test_ordinal_ladders(figure):
    frame, items, model, options = LADDERS[figure]
    found = dl.invariance(frame[["group", *items]], by="group", model=model, **options)
    compare_ladder(ORDINAL, found, ORDINAL.expected["bfi"][figure])


@pytest.mark.parametrize(
    ("figure", "cut"),
    [
        ("three_categories", lambda answers: np.ceil(answers / 2)),
        ("two_categories", lambda answers: (answers > 4).astype(float).where(answers.notna())),
    ],
)
def test_few_categories(figure, cut):
    frame, told = merged(cut), ORDINAL.expected["bfi"][figure]
    found = dl.invariance(frame[["group", *A]], by="group", model=AGREE)
    tests = found.table.set_index("model")[["chi2_diff", "df_diff", "p_diff"]]
    for level, expected in told.items():
        compare(ORDINAL, found.solution(level), expected)
        if "diff" in expected:
            check_difference(
                ORDINAL,
                tuple(tests.loc[level]),
                expected["diff"],
                chi2="difference",
                p_value="index",
            )
            pair = found.solution(level), found.solution(expected["diff"]["from"])
            compare_difference(ORDINAL, pair, expected)
        else:
            assert tests.loc[level].isna().all()


# ---- occasions ------------------------------------------------------------------------------

TIMES = {str(time): {f"y{item}": f"y{item}t{time}" for item in (1, 2, 3)} for time in (1, 2, 3)}
TWICE = {
    "1": {f"u{n}": f"u{n}" for n in range(1, 5)},
    "2": {f"u{n}": f"u{n + 4}" for n in range(1, 5)},
}


def named_as_in_r(found: dl.CfaSolution) -> pd.DataFrame:
    """The table with factors f_1, f_2 … as f1, f2 …"""
    table = found.table.copy()
    table[["lhs", "rhs"]] = table[["lhs", "rhs"]].replace(r"^f_(\d)$", r"f\1", regex=True)
    return table


@pytest.mark.parametrize(
    ("name", "figure", "model", "options"),
    [
        ("exlong", "occasions_ml", "f =~ y1 + y2 + y3", {"estimator": "ml", "occasions": TIMES}),
        ("exlong", "occasions_mlr", "f =~ y1 + y2 + y3", {"estimator": "mlr", "occasions": TIMES}),
        ("datcat", "occasions_ordinal", "f =~ u1 + u2 + u3 + u4", {"occasions": TWICE}),
    ],
)
def test_occasions(name, figure, model, options):
    found = dl.invariance(dataset(name, topic="longitudinal"), model=model, **options)
    rows = found.table.set_index("model")
    for level, told in OCCASIONS.expected[name][figure].items():
        solution = found.solution(level)
        check_fit(OCCASIONS, solution, told["fit"], chi2="chi2", index="index")
        if "free" in told:
            table = named_as_in_r(solution)
            check_table(OCCASIONS, table, told["free"], estimate="estimate", std_error="std_error")
            check_standardized(
                OCCASIONS, table, told["std"], estimate="estimate", std_error="std_error"
            )
        if "diff" in told:
            row = rows.loc[level, ["chi2_diff", "df_diff", "p_diff"]]
            check_difference(
                OCCASIONS, tuple(row), told["diff"], chi2="difference", p_value="index"
            )
