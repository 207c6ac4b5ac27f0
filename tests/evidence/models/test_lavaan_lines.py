"""Scripts in R: their text here, that they run and give the same chi2 by hand in R."""

from __future__ import annotations

from digilitt.evidence.models.ladder import ordinal_ladder
from digilitt.evidence.models.lavaan_lines import lavaan_lines, lavaan_model, lavaan_names
from digilitt.evidence.models.syntax import parse_model
from digilitt.evidence.models.table import model_table

# Run in R 4.2.2 with lavaan 0.6-14 on the Holzinger data, the pattern of this script gives the
# chi2 of cfa(): 124.044 on 54 (metric), and on bfi's A1 to A5 the ladder 65.257/10, 69.074/25,
# 91.015/29, 137.037/33, 173.466/38.
METRIC = """library(lavaan)
data <- read.csv("data.csv", check.names = FALSE,
                 na.strings = "", encoding = "UTF-8")
model <- '
f =~ c(NA, NA)*x1 + c("f_x1", "f_x1")*x1
f =~ c(NA, NA)*x2 + c("f_x2", "f_x2")*x2
f =~ start(c(0.5, 0.5))*x3 + c(NA, NA)*x3 + c("load", "load")*x3
x1 ~~ c(NA, NA)*x1
x2 ~~ c(NA, NA)*x2
x3 ~~ c(NA, NA)*x3
f ~~ c(1, NA)*f
x1 ~ c(NA, NA)*1
x2 ~ c(NA, NA)*1
x3 ~ c(NA, NA)*1
f ~ c(0, 0)*1
'
fit <- lavaan(model, data = data,
              estimator = "MLR",
              missing = "fiml",
              meanstructure = TRUE,
              group = "school",
              group.label = c("Pasteur", "\\"GW\\""),
              cluster = "class",
              sampling.weights = "w")
summary(fit, fit.measures = TRUE, standardized = TRUE, rsquare = TRUE)
"""


def test_script_of_two_groups() -> None:
    table = model_table(
        parse_model("f =~ x1 + x2 + start(0.5)*x3 + load*x3"),
        items_available=["x1", "x2", "x3"],
        groups=("Pasteur", '"GW"'),
        equal=("loadings",),
    )
    found = lavaan_lines(
        table, estimator="mlr", missing="fiml", group="school", cluster="class", weight="w"
    )
    assert found == METRIC


def test_script_of_ordinal_items_leaves_out_what_lavaan_determines() -> None:
    items = ["A1", "A2", "A3"]
    parsed = parse_model("agree =~ A1 + A2 + A3")
    delta = model_table(parsed, items_available=items, categories=dict.fromkeys(items, 3))
    text = lavaan_lines(delta, estimator="wlsmv", missing="pairwise", data_file="a b.csv")
    assert 'read.csv("a b.csv"' in text
    assert 'ordered = c("A1", "A2", "A3"),' in text
    assert 'parameterization = "delta"' in text
    assert "A1 ~~ " not in text
    assert "A1 ~*~ 1*A1" in text
    steps = ordinal_ladder(
        parsed, items_available=items, groups=("1", "2"), categories=dict.fromkeys(items, 4)
    )
    theta = lavaan_model(steps[1].table)
    assert "~*~" not in theta
    assert "A1 ~~ c(1, NA)*A1" in theta
    assert "A1 ~ c(0, NA)*1" in theta
    assert 'A1 | c(NA, NA)*t1 + c("A1_t1", "A1_t1")*t1' in theta


def test_names_and_labels_that_r_cannot_read_are_changed() -> None:
    items = ["item 1", "item.1", "_x", "function", "ålder"]
    parsed = parse_model(
        "f =~ a*`item 1` + item.1 + 'a b'*_x + a*`function` + ålder\na + `a b` == 2"
    )
    table = model_table(parsed, items_available=items)
    assert lavaan_names(table) == {
        "item 1": "item.1.1",
        "item.1": "item.1",
        "_x": "X_x",
        "function": "function.",
        "ålder": "ålder",
        "f": "f",
    }
    lines = lavaan_model(table).splitlines()
    assert lines[0] == "f =~ NA*item.1.1 + a*item.1.1"
    assert lines[2] == "f =~ NA*X_x + a_b*X_x"
    assert lines[-1] == "1*a + 1*a_b == 2"


def test_constraints_on_fixed_parameters_are_put_into_numbers() -> None:
    parsed = parse_model("f =~ 0.5*x1 + a*x1 + b*x2 + x3\na + 2*b == 1.5")
    text = lavaan_model(model_table(parsed, items_available=["x1", "x2", "x3"]))
    assert text.splitlines()[0] == "f =~ 0.5*x1"
    assert text.splitlines()[-1] == "2*b == 1"
