"""Confirmatory factor analysis against lavaan and semTools, parameter by parameter."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import digilitt as dl
from tests.reference.cases import dataset, load_case, matrix
from tests.reference.solutions import (
    check_difference,
    check_fit,
    check_matrix,
    check_modification,
    check_standardized,
    check_table,
)

CONTINUOUS = load_case("cfa")
ORDINAL = load_case("cfa_ordinal")
MISSING = load_case("cfa_missing")
SAMPLING = load_case("cfa_sampling")

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
REST = THREE.split("\n", 1)[1]
LABELLED = """
    visual =~ a*x1 + a*x2 + x3
    textual =~ b*x4 + c*x5 + d*x6
    speed =~ x7 + x8 + x9
    x7 ~~ e*x7
    x8 ~~ e*x8
    b == c
    visual ~~ 0.3*speed
"""
LINEAR = "speed =~ x7 + x8 + x9\na == 2*b - 0.25"
NINE = " + ".join(f"x{number}" for number in range(1, 10))
FIVE = """
    agree =~ A1 + A2 + A3 + A4 + A5
    consc =~ C1 + C2 + C3 + C4 + C5
    extra =~ E1 + E2 + E3 + E4 + E5
    neuro =~ N1 + N2 + N3 + N4 + N5
    open =~ O1 + O2 + O3 + O4 + O5
"""
AGREE = "agree =~ A1 + A2 + A3 + A4 + A5"
TWO = f"{AGREE}\nneuro =~ N1 + N2 + N3 + N4 + N5"
ATTITUDE = "att =~ Comfort + Work + Future + Benefit"
MODELS = {
    "bfi": FIVE,
    "holzinger": THREE,
    "science": ATTITUDE,
    "lsat7": "x =~ Item1 + Item2 + Item3 + Item4 + Item5",
}
A, N = ([f"{letter}{number}" for number in range(1, 6)] for letter in "AN")
BY_GROUP = {"group": "group"}


def compare(case, found, told):
    """Fit and parameters, and the standardized ones where R wrote them."""
    check_fit(case, found, told["fit"], chi2="chi2", index="index")
    if "free" in told:
        check_table(case, found.table, told["free"], estimate="estimate", std_error="std_error")
    if "std" in told:
        check_standardized(
            case, found.table, told["std"], estimate="estimate", std_error="std_error"
        )
    if "r2" in told:
        ours = found.r2.set_index("variable")["r2"]
        known = {name: value for name, value in told["r2"].items() if value is not None}
        case.check("estimate", ours.loc[list(known)], list(known.values()))


def compare_difference(case, pair, told, method):
    """A restricted and a full model."""
    row = dl.difference_test(*pair, method=method).table.iloc[0]
    found = row["chi2"], row["df"], row["p_value"]
    check_difference(case, found, told, chi2="difference", p_value="index")


def compare_factors(case, found, told, *, omega):
    """What is computed from the factors: reliability, extracted variance, residuals."""
    reliability = found.reliability.set_index("factor")
    factors = list(told["omega"])
    case.check("omega", reliability.loc[factors, omega], [told["omega"][name] for name in factors])
    case.check("estimate", reliability.loc[factors, "ave"], [told["ave"][n] for n in factors])
    check_matrix(case, "estimate", found.residuals, told["residuals"])


def check_htmt(case, found, told):
    """semTools takes geometric means."""
    theirs, ours = matrix(told["htmt"]), found.htmt
    expected = [theirs.loc[*pair] for pair in zip(ours["factor"], ours["other"], strict=True)]
    case.check("htmt", ours["htmt2"], expected)
    assert len(ours) == len(theirs) * (len(theirs) - 1) / 2


# ---- as the files have them -----------------------------------------------------------------


@cache
def of_file(name: str, estimator: str, missing: str = "listwise") -> dl.CfaSolution:
    return dl.cfa(dataset(name), MODELS[name], estimator=estimator, missing=missing)


def compare_file(case, name, figure, found, omega):
    told = case.expected[name][figure]
    compare(case, found, told)
    expected = np.atleast_1d(told["rel"])
    order = [line.split("=~")[0].strip() for line in MODELS[name].strip().splitlines()]
    case.check("omega", found.reliability.set_index("factor").loc[order, omega], expected)


@pytest.mark.parametrize("name", ["bfi", "holzinger", "science", "lsat7"])
@pytest.mark.parametrize(("figure", "estimator"), [("cfa_ml", "ml"), ("cfa_mlr", "mlr")])
def test_continuous(name, figure, estimator):
    compare_file(CONTINUOUS, name, figure, of_file(name, estimator), "omega")


@pytest.mark.parametrize("name", ["bfi", "science", "lsat7"])
@pytest.mark.parametrize(
    ("figure", "estimator"),
    [("cfa_wlsmv", "wlsmv"), ("cfa_dwls", "dwls"), ("cfa_ulsmv", "ulsmv")],
)
def test_ordinal(name, figure, estimator):
    compare_file(ORDINAL, name, figure, of_file(name, estimator), "omega_categorical")


def test_full_information():
    compare_file(MISSING, "bfi", "cfa_fiml", of_file("bfi", "ml", "fiml"), "omega")


# ---- continuous items -----------------------------------------------------------------------

CONTINUOUS_MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "factors": (THREE, {}),
    "marker": (THREE, {"std_lv": False}),
    "orthogonal": (THREE, {"orthogonal": True}),
    "higher": (f"{THREE}\ng =~ visual + textual + speed", {}),
    "higher_marker": (f"{THREE}\ng =~ visual + textual + speed", {"std_lv": False}),
    "bifactor": (f"g =~ {NINE}\n{REST}", {"orthogonal": True}),
    "heywood": (f"g =~ {NINE}\n{THREE}", {"orthogonal": True}),
    "correlated": (f"{THREE}\nx7 ~~ x8\nx1 ~~ x9", {}),
    "labelled": (LABELLED, {}),
    "linear": (f"visual =~ a*x1 + b*x2 + x3\ntextual =~ c*x4 + d*x5 + x6\n{LINEAR}", {}),
    "freed": (f"visual =~ NA*x1 + 0.6*x2 + x3\n{REST}\nvisual ~~ NA*visual", {"std_lv": False}),
    "means": (f"{THREE}\n{NINE} ~ 1", {"estimator": "mlr"}),
    "fixed_mean": (f"{THREE}\nx1 ~ 5*1\nx2 ~ m*1\nx5 ~ 1\nx4 ~ m2*1\nx9 ~ 1", {}),
    "robust": (f"{THREE}\nx7 ~~ x8", {"estimator": "mlr"}),
    "equal": (
        "visual =~ a*x1 + a*x2 + a*x3\ntextual =~ b*x4 + b*x5 + b*x6\nspeed =~ d*x7 + d*x8 + d*x9",
        {"estimator": "mlr"},
    ),
}


@cache
def holzinger(figure: str) -> dl.CfaSolution:
    model, options = CONTINUOUS_MODELS[figure]
    return dl.cfa(dataset("holzinger"), model, **({"estimator": "ml"} | options))


@pytest.mark.parametrize("figure", list(CONTINUOUS_MODELS))
def test_models_of_continuous_items(figure):
    compare(CONTINUOUS, holzinger(figure), CONTINUOUS.expected["holzinger"][figure])


def test_a_negative_residual_variance_is_said():
    assert "heywood-case" in {caveat.code for caveat in holzinger("heywood").caveats}


def test_what_is_computed_from_factors():
    found, told = holzinger("factors"), CONTINUOUS.expected["holzinger"]["factors"]
    compare_factors(CONTINUOUS, found, told, omega="omega")
    check_htmt(CONTINUOUS, found, told)
    check_modification(
        CONTINUOUS, found.modification, told["modification"], "modification", "change"
    )
    assert found.fit["n"] == told["n"]
    check_scores(CONTINUOUS, found, told)


def test_modification_indices_do_not_depend_on_the_marker():
    told = CONTINUOUS.expected["holzinger"]["marker"]["modification"]
    found = holzinger("marker").modification
    check_modification(CONTINUOUS, found, told, "modification", "change")


def first_persons(found, method):
    """Scores of the first twenty with answers that the model used."""
    return found.scores(method=method).wide().dropna(how="all").iloc[:20]


def check_scores(case, found, told):
    for method in ("regression", "bartlett"):
        case.check("score", first_persons(found, method), told[method])


def test_factors_of_many_items():
    found, told = of_file("bfi", "ml"), CONTINUOUS.expected["bfi"]["factors"]
    compare(CONTINUOUS, found, told)
    compare_factors(CONTINUOUS, found, told, omega="omega")
    check_htmt(CONTINUOUS, found, told)
    check_modification(
        CONTINUOUS, found.modification, told["modification"], "modification", "change"
    )
    check_scores(CONTINUOUS, found, told)


def test_second_order_of_many_items():
    model = f"{FIVE}\ngeneral =~ agree + consc + extra + neuro + open"
    found = dl.cfa(dataset("bfi"), model, estimator="mlr")
    compare(CONTINUOUS, found, CONTINUOUS.expected["bfi"]["second"])


DIFFERENCES = {
    "correlated_sb2001": (("robust", "plain"), "satorra-bentler-2001"),
    "equal_sb2001": (("plain", "equal"), "satorra-bentler-2001"),
    "equal_sb2010": (("plain", "equal"), "satorra-bentler-2010"),
    "ml": (("factors", "one"), None),
}


def of_difference(figure: str) -> dl.CfaSolution:
    if figure == "one":
        return dl.cfa(dataset("holzinger"), f"g =~ {NINE}", estimator="ml")
    return of_file("holzinger", "mlr") if figure == "plain" else holzinger(figure)


@pytest.mark.parametrize("name", list(DIFFERENCES))
def test_differences(name):
    told = CONTINUOUS.expected["holzinger"]["differences"]
    assert set(told) == set(DIFFERENCES)
    (full, restricted), method = DIFFERENCES[name]
    pair = of_difference(restricted), of_difference(full)
    compare_difference(CONTINUOUS, pair, told[name], method)


# ---- ordinal items --------------------------------------------------------------------------

GROUPED = ["group", *A]
BOTH_EQUAL = {**BY_GROUP, "equal": ("loadings", "thresholds")}
ULS_EQUAL = {**BY_GROUP, "estimator": "ulsmv", "equal": "loadings"}
ORDINAL_MODELS: dict[str, tuple[str, list[str], str, dict[str, Any]]] = {
    "theta": ("bfi", A, AGREE, {"parameterization": "theta"}),
    "factors": ("bfi", A + N, TWO, {}),
    "correlated": ("bfi", A + N, f"{TWO}\nN1 ~~ N2\nA1 ~~ A2", {}),
    "pairwise": ("bfi", A + N, TWO, {"missing": "pairwise"}),
    "pairwise_uls": ("bfi", A, AGREE, {"missing": "pairwise", "estimator": "ulsmv"}),
    "configural": ("bfi", GROUPED, AGREE, BY_GROUP),
    "equal": ("bfi", GROUPED, AGREE, BOTH_EQUAL),
    "equal_theta": ("bfi", GROUPED, AGREE, {**BOTH_EQUAL, "parameterization": "theta"}),
    "groups_dwls": ("bfi", GROUPED, AGREE, {**BY_GROUP, "estimator": "dwls"}),
    "groups_ulsmv": ("bfi", GROUPED, AGREE, ULS_EQUAL),
    "labelled": ("science", [], "att =~ a*Comfort + a*Work + 0.8*Future + Benefit", {}),
    "threshold": ("science", [], f"{ATTITUDE}\nComfort | -2*t1", {}),
    "marker": ("science", [], ATTITUDE, {"std_lv": False}),
}


@cache
def ordinal(figure: str) -> dl.CfaSolution:
    name, columns, model, options = ORDINAL_MODELS[figure]
    frame = dataset(name, group=True)
    return dl.cfa(frame[columns] if columns else frame, model, **options)


@pytest.mark.parametrize("figure", list(ORDINAL_MODELS))
def test_models_of_ordinal_items(figure):
    compare(ORDINAL, ordinal(figure), ORDINAL.expected[ORDINAL_MODELS[figure][0]][figure])


@pytest.mark.parametrize("name", ["science", "lsat7"])
@pytest.mark.parametrize("figure", ["delta", "theta"])
def test_small_ordinal_models(name, figure):
    told = ORDINAL.expected[name][figure]
    found = dl.cfa(dataset(name), MODELS[name], parameterization=figure)
    compare(ORDINAL, found, told)
    check_ordinal_modification(found, told)
    # The scores are the same in both; lavaan's in theta are wrong.
    expected = ORDINAL.expected[name]["delta"]["ebm"]
    ORDINAL.check("score", first_persons(found, "ebm"), expected)
    if figure == "delta":
        compare_factors(ORDINAL, found, told, omega="omega_categorical")


def check_ordinal_modification(found, told):
    """Ours are of the chi2 that is printed, (n - 1) F; lavaan's has n - 1 twice and n once."""
    listed, n = pd.DataFrame(told["modification"]), found.fit["n"]
    listed[["mi", "epc", "sepc.all"]] *= n / (n - 1.0)
    listed = listed.to_dict("list")
    check_modification(ORDINAL, found.modification, listed, "modification", "change")


def test_what_is_computed_from_ordinal_factors():
    found, told = ordinal("factors"), ORDINAL.expected["bfi"]["factors"]
    compare_factors(ORDINAL, found, told, omega="omega_categorical")
    check_htmt(ORDINAL, found, told)
    check_ordinal_modification(found, told)
    ORDINAL.check("score", first_persons(found, "ebm"), told["ebm"])
    check_ordinal_modification(ordinal("theta"), ORDINAL.expected["bfi"]["theta"])


# ---- missing answers ------------------------------------------------------------------------

HOLES = dataset("holzinger_holes", group=True, topic="cfa_missing")
METRIC = {**BY_GROUP, "equal": "loadings"}
SCALAR = {**BY_GROUP, "equal": ("loadings", "intercepts")}
ROBUST = {"estimator": "mlr"}
FIML: dict[str, tuple[str, dict[str, Any]]] = {
    "fiml_ml": (THREE, {}),
    "fiml_mlr": (THREE, ROBUST),
    "fiml_correlated": (f"{THREE}\nx7 ~~ x8", ROBUST),
    "fiml_equal": (f"visual =~ a*x1 + a*x2 + x3\n{REST}\nx1 ~ 5*1", {}),
    "fiml_metric_ml": (THREE, METRIC),
    "fiml_metric": (THREE, METRIC | ROBUST),
    "fiml_scalar": (THREE, SCALAR | ROBUST),
    "fiml_scalar_ml": (THREE, SCALAR),
}


@cache
def fiml(figure: str) -> dl.CfaSolution:
    model, options = FIML[figure]
    frame = HOLES if "group" in options else HOLES.drop(columns="group")
    return dl.cfa(frame, model, missing="fiml", **({"estimator": "ml"} | options))


@pytest.mark.parametrize("figure", [name for name in FIML if name != "fiml_scalar_ml"])
def test_models_with_missing_answers(figure):
    compare(MISSING, fiml(figure), MISSING.expected["holzinger_holes"][figure])


def test_what_is_computed_with_missing_answers():
    found, told = fiml("fiml_ml"), MISSING.expected["holzinger_holes"]["fiml_ml"]
    check_matrix(MISSING, "estimate", found.residuals, told["residuals"])
    # Only of loadings and covariances; lavaan's own list has the means of factors too.
    listed = pd.DataFrame(told["modification"])
    listed = listed[listed["op"].isin(["=~", "~~"])].to_dict("list")
    check_modification(MISSING, found.modification, listed, "modification", "change")
    check_scores(MISSING, found, told)


@pytest.mark.parametrize(
    ("name", "full", "restricted", "method"),
    [
        ("scalar_sb2001", "fiml_metric", "fiml_scalar", "satorra-bentler-2001"),
        ("correlated_sb2001", "fiml_correlated", "fiml_mlr", "satorra-bentler-2001"),
        ("scalar_ml", "fiml_metric_ml", "fiml_scalar_ml", None),
    ],
)
def test_differences_with_missing_answers(name, full, restricted, method):
    told = MISSING.expected["holzinger_holes"]["fiml_differences"][name]
    compare_difference(MISSING, (fiml(restricted), fiml(full)), told, method)


# ---- workplaces and weights -----------------------------------------------------------------

SAMPLED = dataset("holzinger_sampling", group=True, topic="cfa_sampling")
NUMBER = np.arange(1, len(SAMPLED) + 1)
UNIT, WEIGHT = {"cluster": "unit"}, {"weight": "weight"}
SAMPLES: dict[str, dict[str, Any]] = {
    "cluster": UNIT,
    "cluster_few": UNIT,
    "cluster_configural": {**UNIT, **BY_GROUP},
    "cluster_metric": UNIT | METRIC,
    "cluster_fiml": {**UNIT, "missing": "fiml"},
    "weight": WEIGHT,
    "weight_configural": {**WEIGHT, **BY_GROUP},
    "weight_scalar": WEIGHT | SCALAR,
    "weight_fiml": {**WEIGHT, "missing": "fiml"},
    "both": {**UNIT, **WEIGHT},
}


@cache
def sampled(figure: str) -> dl.CfaSolution:
    options = SAMPLES[figure]
    named = [options[name] for name in ("group", "cluster", "weight") if name in options]
    frame = SAMPLED[[*named, *(f"x{number}" for number in range(1, 10))]].copy()
    if figure == "cluster_few":
        frame["unit"] = [f"{unit[0]}{int(unit[1:]) // 4}" for unit in frame["unit"]]
    if "missing" in options:
        frame.loc[NUMBER % 5 == 0, "x1"] = np.nan
        frame.loc[NUMBER % 7 == 0, "x5"] = np.nan
    return dl.cfa(frame, THREE, estimator="mlr", **options)


@pytest.mark.parametrize("figure", list(SAMPLES))
def test_workplaces_and_weights(figure):
    compare(SAMPLING, sampled(figure), SAMPLING.expected["holzinger_sampling"][figure])


def test_difference_of_models_with_workplaces():
    told = SAMPLING.expected["holzinger_sampling"]["cluster_difference"]
    pair = sampled("cluster_metric"), sampled("cluster_configural")
    compare_difference(SAMPLING, pair, told, "satorra-bentler-2001")
