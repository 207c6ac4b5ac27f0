"""Indices of fit and RMSEA's interval against lavaan's, and laws that they obey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import chndtr

from digilitt.numerics.fit_indices import (
    ChiSquare,
    aic,
    bartlett_factor,
    bic,
    fit_indices,
    swain_factor,
)
from digilitt.numerics.rmsea import close_fit, noncentrality_bounds, rmsea, rmsea_interval
from tests.numerics.fit_cases import ORDINAL, statistics
from tests.reference.cases import load_case

CASE = load_case("fit_indices")
NAMES = (
    "chi2 df p_value cfi tli rmsea rmsea_low rmsea_high rmsea_p_close chi2_baseline df_baseline "
    "chi2_scaled df_scaled p_value_scaled cfi_scaled tli_scaled rmsea_scaled rmsea_low_scaled "
    "rmsea_high_scaled scaling_factor shift cfi_robust tli_robust rmsea_robust rmsea_low_robust "
    "rmsea_high_robust n n_groups"
).split()
# Ours → lavaan's
CLOSED = {
    "p_value": "pvalue",
    "cfi": "cfi",
    "tli": "tli",
    "rmsea": "rmsea",
    "rmsea_p_close": "rmsea.pvalue",
    "p_value_scaled": "pvalue.scaled",
    "cfi_scaled": "cfi.scaled",
    "tli_scaled": "tli.scaled",
    "rmsea_scaled": "rmsea.scaled",
    "cfi_robust": "cfi.robust",
    "tli_robust": "tli.robust",
    "rmsea_robust": "rmsea.robust",
}
BOUNDS = {
    f"rmsea_{end}{version}": f"rmsea.ci.{theirs}{version.replace('_', '.')}"
    for end, theirs in (("low", "lower"), ("high", "upper"))
    for version in ("", "_scaled", "_robust")
}
CHI2 = st.floats(0.0, 2000.0)
DF = st.integers(1, 400)


def check(tolerance, found, expected):
    """Null is not there in R, and NaN here."""
    if expected is None:
        assert np.isnan(found)
    else:
        CASE.check(tolerance, found, expected)


def models():
    """Name, lavaan's figures, robust statistics or None, persons, groups, divisor, p-values."""
    for name, which in ORDINAL:
        told = CASE.expected[name]["ordinal"][which]
        n, groups = sum(told["n"]), len(told["n"])
        robust = CASE.expected[name]["robust"][which]
        yield f"{name} {which}", told["fit"], robust, n, groups, n - groups, which != "ulsmv"
    indices = CASE.expected["bfi"]["indices"]
    for which in ("mlr", "mlr_two"):
        told = indices[which]
        yield which, told["fit"], None, told["n"], told["groups"], told["n"], True
    for which in ("fiml", "fiml_mlr"):
        told = indices[which]
        yield which, told["fit"], told["robust"], told["n"], 1, told["n"], True


@pytest.mark.parametrize(
    ("fit", "robust", "n", "groups", "divisor", "tested"),
    [pytest.param(*told, id=name) for name, *told in models()],
)
def test_models_of_lavaan(fit, robust, n, groups, divisor, tested):
    model, baseline = statistics(fit, robust)
    found = fit_indices(model, baseline, n=n, n_groups=groups, divisor=divisor, p_values=tested)
    assert list(found) == NAMES
    for names, tolerance in ((CLOSED, "index"), (BOUNDS, "interval")):
        for ours, theirs in names.items():
            # lavaan gives an unscaled close-fit test even where it gives no p-value of chi2.
            withheld = theirs == "rmsea.pvalue" and not tested
            check(tolerance, found[ours], None if withheld else fit.get(theirs))
    check("index", found["chi2_baseline"], fit["baseline.chisq"])
    check("chi2", found["chi2_scaled"], fit.get("chisq.scaled"))
    assert (found["df"], found["df_baseline"]) == (fit["df"], fit["baseline.df"])
    if "logl" in fit:
        CASE.check("index", aic(fit["logl"], fit["npar"]), fit["aic"])
        CASE.check("index", bic(fit["logl"], fit["npar"], n), fit["bic"])


def corner(told, **changed):
    """Indices of a made-up statistic; with a factor as the robust ones."""
    model = ChiSquare(chi2=told["chi2"], df=told["df"], **changed)
    baseline = ChiSquare(chi2=told["null_chi2"], df=told["null_df"])
    if told["factor"] != 1:
        model = replace(model, robust_chi2=told["chi2"], robust_factor=told["factor"])
        baseline = replace(baseline, robust_chi2=told["null_chi2"], robust_factor=0.8)
    n, groups = told["n"], told["groups"]
    found = fit_indices(model, baseline, n=n, n_groups=groups, divisor=n)
    end = "" if told["factor"] == 1 else "_robust"
    return found, end


def test_corners_by_the_functions_of_lavaan():
    corners = CASE.expected["science"]["corners"]
    assert len(corners) > 90
    seen = set()
    for told in corners:
        found, end = corner(told)
        for name in ("cfi", "tli", "rmsea"):
            CASE.check("index", found[f"{name}{end}"], told[name])
        low, high = found[f"rmsea_low{end}"], found[f"rmsea_high{end}"]
        CASE.check("bound", [low, high], [told["rmsea_low"], told["rmsea_high"]])
        CASE.check("corner_interval", [low, high], told["rmsea_lavaan"])
        close = close_fit(
            told["chi2"] / told["factor"],
            told["df"],
            told["n"] / told["groups"] / told["factor"],
            0.05,
        )
        check("index", close, told["rmsea_p_close"])
        seen |= {"df 0"} if told["df"] == 0 else set()
        seen |= {"chi2 < df"} if told["chi2"] < told["df"] else set()
        seen |= {"baseline < df"} if told["null_chi2"] < told["null_df"] else set()
    assert seen == {"df 0", "chi2 < df", "baseline < df"}


def test_scaled_corners_with_fractions_of_degrees_of_freedom():
    """Of a mean-scaled statistic RMSEA takes c·df degrees of freedom."""
    for told in CASE.expected["science"]["corners"]:
        if told["df"] == 0:
            continue
        found, _ = corner(told, kind="mean", scaling_factor=told["factor"])
        CASE.check("index", found["rmsea_scaled"], told["mean_rmsea"])
        bounds = [found["rmsea_low_scaled"], found["rmsea_high_scaled"]]
        CASE.check("bound", bounds, [told["mean_low"], told["mean_high"]])
        if told["df"] * told["factor"] >= 1:
            CASE.check("corner_interval", bounds, told["mean_lavaan"])
        else:
            assert told["mean_lavaan"] == [0, 0]


def test_a_model_without_degrees_of_freedom():
    """As lavaan 0.6-14 has it of three items, by DWLS; by MLR it leaves out scaled RMSEA."""
    model = ChiSquare(chi2=1e-12, df=0, kind="shifted", shift=np.nan, robust_chi2=0.0)
    baseline = ChiSquare(
        chi2=900.0, df=3, kind="shifted", scaling_factor=1.2, robust_chi2=800.0, robust_factor=1.1
    )
    found = fit_indices(model, baseline, n=300, n_groups=1, divisor=299)
    for version in ("", "_scaled", "_robust"):
        names = ("cfi", "tli", "rmsea", "rmsea_low", "rmsea_high")
        assert [found[f"{name}{version}"] for name in names] == [1, 1, 0, 0, 0]
    assert found["chi2_scaled"] == 1e-12
    assert np.isnan([found[name] for name in ("p_value", "rmsea_p_close", "p_value_scaled")]).all()


def test_what_is_not_known_is_nan():
    plain = fit_indices(
        ChiSquare(chi2=30.0, df=20), ChiSquare(chi2=200.0, df=28), n=100, n_groups=1, divisor=100
    )
    ends = ("_scaled", "_robust", "scaling_factor", "shift")
    assert all(np.isnan(plain[name]) == name.endswith(ends) for name in NAMES)
    model = ChiSquare(chi2=30.0, df=20, kind="mean", scaling_factor=-0.3)
    found = fit_indices(model, ChiSquare(chi2=200.0, df=28), n=100, n_groups=1, divisor=100)
    scaled = [value for name, value in found.items() if name.endswith("_scaled")]
    assert [value for value in scaled if not np.isnan(value)] == [20.0]
    assert found["scaling_factor"] == -0.3
    few = fit_indices(
        ChiSquare(chi2=30.0, df=20), ChiSquare(chi2=200.0, df=28), n=2, n_groups=2, divisor=0
    )
    assert np.isnan([few["rmsea"], few["rmsea_low"], few["rmsea_p_close"]]).all()
    assert few["cfi"] == plain["cfi"]


@given(chi2=CHI2, more=st.floats(0.01, 200.0), df=DF, n=st.integers(20, 5000), c=st.floats(0.3, 3))
def test_a_greater_chi2_is_a_worse_fit(chi2, more, df, n, c):
    baseline = ChiSquare(chi2=5000.0, df=500, robust_chi2=5000.0, robust_factor=1.0)
    better, worse = (
        fit_indices(
            ChiSquare(chi2=x, df=df, kind="mean", scaling_factor=c, robust_chi2=x, robust_factor=c),
            replace(baseline, kind="mean", scaling_factor=1.0),
            n=n,
            n_groups=1,
            divisor=n,
        )
        for x in (chi2, chi2 + more)
    )
    for end in ("", "_scaled", "_robust"):
        for name in ("cfi", "tli"):
            assert worse[f"{name}{end}"] <= better[f"{name}{end}"]
        for name in ("rmsea", "rmsea_low", "rmsea_high"):
            assert worse[f"{name}{end}"] >= better[f"{name}{end}"] - 1e-9
        assert worse[f"rmsea_low{end}"] <= worse[f"rmsea{end}"] <= worse[f"rmsea_high{end}"] + 1e-9
        assert 0.0 <= worse[f"cfi{end}"] <= 1.0
    assert worse["p_value"] <= better["p_value"]
    assert worse["rmsea_p_close"] <= better["rmsea_p_close"] + 1e-9


@given(chi2=CHI2, df=DF, n=st.integers(20, 5000), groups=st.integers(1, 5))
def test_factor_one_is_no_factor(chi2, df, n, groups):
    model = ChiSquare(
        chi2=chi2, df=df, kind="mean", scaling_factor=1.0, robust_chi2=chi2, robust_factor=1.0
    )
    baseline = replace(model, chi2=2500.0, df=500, robust_chi2=2500.0)
    found = fit_indices(model, baseline, n=n, n_groups=groups, divisor=n)
    for name in ("cfi", "tli", "rmsea", "rmsea_low", "rmsea_high"):
        assert found[f"{name}_scaled"] == found[f"{name}_robust"] == found[name]
    alone = fit_indices(model, baseline, n=n, n_groups=1, divisor=n)
    assert found["rmsea"] == pytest.approx(alone["rmsea"] * np.sqrt(groups))
    assert found["rmsea_high"] == pytest.approx(alone["rmsea_high"] * np.sqrt(groups))


@given(
    chi2=st.floats(0.001, 1e6),
    df=st.floats(0.2, 2000.0),
    conf_level=st.floats(0.5, 0.999),
)
def test_bounds_solve_what_they_are_to_solve(chi2, df, conf_level):
    low, high = noncentrality_bounds(chi2, df, conf_level)
    assert 0.0 <= low <= high
    for bound, share in ((low, (1 + conf_level) / 2), (high, (1 - conf_level) / 2)):
        if bound > 0:
            assert float(chndtr(chi2, df, bound)) == pytest.approx(share, abs=1e-7)
        else:
            assert float(chndtr(chi2, df, 1e-12)) <= share + 1e-9
    assume(low > 0)
    nearer = noncentrality_bounds(chi2, df, conf_level * 0.9)
    assert low <= nearer[0] + 1e-6 * chi2
    assert nearer[1] <= high + 1e-6 * chi2


@pytest.mark.parametrize("df", [3.5, 24, 700])
def test_bounds_of_any_size(df):
    near, far = (noncentrality_bounds(chi2, df, 0.90) for chi2 in (0.999e9, 1.001e9))
    reach = 2 * 1.6448536 * np.sqrt(1e9)
    for bounds, chi2 in ((near, 0.999e9), (far, 1.001e9)):
        assert bounds[1] - bounds[0] == pytest.approx(2 * reach, rel=1e-2)
        assert bounds[0] < chi2 - df < bounds[1]
    assert near[1] - near[0] == pytest.approx(far[1] - far[0], rel=2e-3)
    assert close_fit(2e9, df, 1e6, 0.05) < 1e-6
    assert close_fit(2e9, df, 1e15, 0.05) > 0.999


@pytest.mark.parametrize("chi2", [np.nan, np.inf])
def test_a_statistic_that_is_not_there(chi2):
    assert np.isnan(noncentrality_bounds(chi2, 5, 0.9)).all()
    assert np.isnan([rmsea(chi2, 5, 100), *rmsea_interval(chi2, 5, 100, 0.9)]).all()
    assert np.isnan(close_fit(chi2, 5, 100, 0.05))


@pytest.mark.parametrize("chi2", [-1e-9, 0.0, 2e-313, 1e-30])
def test_no_statistic_is_too_small(chi2):
    assert close_fit(chi2, 1, 20, 0.05) == pytest.approx(1.0)
    assert noncentrality_bounds(chi2, 1, 0.9) == (0.0, 0.0)


def test_small_sample_factors():
    told = CASE.expected["science"]["small_samples"]
    n, items, factors, df = (told[name] for name in ("n", "n_items", "n_factors", "df"))
    CASE.check("index", bartlett_factor(n, items, factors), told["bartlett"])
    CASE.check("index", swain_factor(n, items, df), told["swain"])
    # By hand: 9 items, 3 factors, 24 df, 100 persons. q = (sqrt(361 - 192) - 1)/2 = 6;
    # 9 · 188 - 6 · 89 = 1158; 12 · 24 · 99 = 28512.
    assert bartlett_factor(99, 9, 3) == pytest.approx(1 - 35 / 594)
    assert swain_factor(99, 9, 24) == pytest.approx(1 - 1158 / 28512)
    assert np.isnan(swain_factor(99, 3, 0))


@given(n=st.integers(10, 10_000), items=st.integers(4, 60), free=st.integers(1, 300))
def test_factors_tend_to_one(n, items, free):
    df = items * (items + 1) // 2 - free
    assume(df > 0)
    for factor in (lambda m: swain_factor(m, items, df), lambda m: bartlett_factor(m, items, 2)):
        assert factor(n) < factor(10 * n) < 1.0
        assert (1 - factor(n)) == pytest.approx(10 * (1 - factor(10 * n)))
