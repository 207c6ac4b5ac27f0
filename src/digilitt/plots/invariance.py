"""Pictures of measurement invariance: the ladder of models, and parameters by group."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from digilitt.errors import Problem, ResponseError
from digilitt.plots.canvas import COLOURS, QUIET, canvas
from digilitt.plots.parameters import draw_parameters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VERSIONS = {"robust": "_robust", "scaled": "_scaled", "naive": ""}
ORDINAL = ("scaled", "robust", "naive")
OWN = {
    "ladder": ("version",),
    "parameters": ("model", "parameter", "factor", "items"),
}
SMALLEST_P = 0.001
# More groups than these are counted in the title, not named.
NAMED = 4


def draw_invariance(
    result: Any,
    *,
    show: str = "ladder",
    version: str | None = None,
    model: str | None = None,
    parameter: str | None = None,
    factor: str | None = None,
    items: str | Sequence[str] | None = None,
) -> Figure:
    """The ladder of models, or the parameters of one of them by group.

    Parameters
    ----------
    result : Invariance
    show : {"ladder", "parameters"}
    version : {"robust", "scaled", "naive"}, optional
        Of CFI and RMSEA in the ladder. Left out: the first of these that every model estimated
        has; for items in categories scaled comes first.
    model : str, optional
        Whose parameters. Left out: the first, where groups differ in all.
    parameter : {"loadings", "thresholds", "intercepts", "residuals"}, optional
        Left out: loadings, beside thresholds or intercepts.
    factor : str, optional
        The one whose items are shown. Left out: all.
    items : str or sequence of str, optional
        Left out: all.
    """
    given = {
        "version": version,
        "model": model,
        "parameter": parameter,
        "factor": factor,
        "items": items,
    }
    if show not in OWN:
        raise _wrong("show", f"found {show!r}; expected {' or '.join(map(repr, OWN))}.")
    other = [name for name in given if given[name] is not None and name not in OWN[show]]
    if other:
        message = f"{', '.join(other)}: not of show={show!r}, which has {', '.join(OWN[show])}."
        raise _wrong(other[0], message)
    if show == "parameters":
        step = result.table["model"].iloc[0] if model is None else model
        table = result.solution(step).table
        return draw_parameters(table, step, parameter=parameter, factor=factor, items=items)
    return _ladder(result, _version(result.table, version))


def _wrong(column: str, message: str, code: str = "wrong-value") -> ResponseError:
    return ResponseError([Problem(code=code, column=column, message=message)])


def _version(table: pd.DataFrame, version: str | None) -> str:
    """The version asked for, or the first that all estimated models have."""
    estimated = table[table["chi2"].notna()]
    shares = {name: estimated[f"cfi{end}"].notna() for name, end in VERSIONS.items()}
    if version is None:
        # Robust CFI of items in categories is not to be relied on with several groups.
        order = ORDINAL if "thresholds" in set(table["model"]) else tuple(VERSIONS)
        return next((name for name in order if shares[name].all()), "naive")
    if version not in VERSIONS:
        listed = ", ".join(map(repr, VERSIONS))
        raise _wrong("version", f"found {version!r}; expected one of {listed}.")
    if not shares[version].any():
        listed = ", ".join(name for name, there in shares.items() if there.any()) or "none"
        message = f"version={version!r}; expected one of those in the result: {listed}."
        raise _wrong("version", message, "not-in-result")
    return version


def _ladder(result: Any, version: str) -> Figure:
    """One row per model: CFI, RMSEA with its interval, and the test against the one before."""
    table, end = result.table, VERSIONS[version]
    notes = [
        fill(f"{model}: {note}", 118)
        for model, note in zip(table["model"], table["note"], strict=True)
        if note
    ]
    lines = sum(note.count("\n") + 1 for note in notes)
    figure, (cfi, rmsea, test) = canvas(
        3, width=11.0, height=1.75 + 0.55 * len(table) + 0.17 * lines, share_rows=True
    )
    estimated = table["chi2"].notna().to_numpy()
    _index(cfi, table, "cfi", end, estimated)
    cfi.set_xlabel(f"CFI, {version}\nbetter \N{RIGHTWARDS ARROW}")
    low = table[f"cfi{end}"].min()
    cfi.set_xlim(min(0.9, np.floor(low * 20 - 0.2) / 20) if np.isfinite(low) else 0.9, 1.0)
    _index(rmsea, table, "rmsea", end, estimated)
    rmsea.set_xlabel(f"RMSEA, {version}, with 90% interval\n\N{LEFTWARDS ARROW} better")
    high = table[f"rmsea_high{end}"].max()
    rmsea.set_xlim(0.0, max(0.1, 1.05 * high) if np.isfinite(high) else 0.1)
    _tests(test, table, estimated)
    cfi.set_yticks(range(len(table)), _names(table))
    cfi.set_ylim(len(table) - 0.5, -0.5)
    figure.suptitle(_groups(result), fontsize="medium", parse_math=False)
    if notes:
        figure.supxlabel("\n".join(notes), x=0.01, ha="left", fontsize="small", color="#555555")
    return figure


def _index(axes: Axes, table: pd.DataFrame, name: str, end: str, estimated: np.ndarray) -> None:
    """Dots with their figures, and the change, in two columns to the right."""
    values = table[f"{name}{end}"].to_numpy(float)
    changes = table[f"{name}_diff{end}"].to_numpy(float)
    there = np.flatnonzero(np.isfinite(values))
    if f"{name}_low{end}" in table:
        low, high = (
            table[f"{name}_{side}{end}"].to_numpy(float)[there] for side in ("low", "high")
        )
        axes.hlines(there, low, high, color=COLOURS[0], linewidth=2)
        for edge in (low, high):
            axes.plot(edge, there, "|", color=COLOURS[0], markersize=9)
    axes.plot(values[there], there, "o", color=COLOURS[0], markersize=6)
    # A line leads on from the row above, unless a model is compared with another than that.
    against = table["compared_with"].to_numpy()
    for one, other in pairwise(there):
        if against[other] in ("", table["model"].iloc[one]):
            axes.plot(values[[one, other]], [one, other], "-", color=QUIET, linewidth=0.8, zorder=1)
    axes.grid(axis="x", linewidth=0.4)
    axes.locator_params(axis="x", nbins=5)
    axes.tick_params(axis="y", length=0)
    beside = {"transform": axes.get_yaxis_transform(), "va": "center", "ha": "right"}
    for x, head in ((1.19, name.upper()), (1.52, "change")):
        axes.text(
            x, 1.02, head, transform=axes.transAxes, ha="right", fontsize="small", color=QUIET
        )
    for row, (value, change) in enumerate(zip(values, changes, strict=True)):
        if not np.isfinite(value):
            told = "not computable" if estimated[row] else "not estimated"
            axes.text(1.52, row, told, color=QUIET, style="italic", **beside)
            continue
        axes.text(1.19, row, _signed(value, ""), **beside)
        if np.isfinite(change):
            axes.text(1.52, row, _signed(change, "+"), **beside)


def _tests(axes: Axes, table: pd.DataFrame, estimated: np.ndarray) -> None:
    """Difference of chi2, its df and p as words."""
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelbottom=False)
    axes.set_xlim(0, 1)
    for x, head in ((0.42, "chi2 difference"), (0.6, "df"), (0.95, "p")):
        axes.text(
            x, 1.02, head, transform=axes.transAxes, ha="right", fontsize="small", color=QUIET
        )
    methods = ", ".join(dict.fromkeys(filter(None, table["difference_test"]))) or "none"
    axes.set_xlabel(f"Difference test\n{methods}")
    previous = ""
    for place, row in enumerate(table.to_dict("records")):
        against = row["compared_with"]
        words = {"va": "center", "ha": "right"}
        if against:
            axes.text(0.42, place, f"{row['chi2_diff']:.2f}", **words)
            axes.text(0.6, place, f"{row['df_diff']:.0f}", **words)
            axes.text(0.95, place, p_text(row["p_diff"]), **words)
        elif place and estimated[place]:
            axes.text(0.95, place, "no test", color=QUIET, style="italic", **words)
        if against and against != previous:
            told = f"compared with {against}"
            axes.text(0.95, place + 0.3, told, color=QUIET, fontsize="small", **words)
        previous = row["model"] if estimated[place] else previous


def p_text(p: float) -> str:
    """p as it is written beside a test."""
    if not np.isfinite(p):
        return "not computable"
    return f"< {SMALLEST_P}" if p < SMALLEST_P else f"{p:.3f}"


def _signed(value: float, sign: str) -> str:
    text = f"{round(value, 3) + 0.0:{sign}.3f}"
    return text.replace("-", "\N{MINUS SIGN}").replace("+0.000", "0.000")


def _names(table: pd.DataFrame) -> list[str]:
    """Each model, and below it what is equal that was not in the one before."""
    names, before = [], set[str]()
    for model, equal in zip(table["model"], table["equal"], strict=True):
        words = [word for word in equal.split(", ") if word]
        new = [word for word in words if word not in before]
        told = f"{'+ ' if before else 'equal: '}{', '.join(new)}" if new else "nothing equal"
        names.append(f"{model}\n{told}")
        before = set(words)
    return names


def _groups(result: Any) -> str:
    """Groups with their persons; that they are small, if the result says so."""
    groups = result.groups
    small = any(each.code == "small-groups" for each in result.caveats)
    if len(groups) > NAMED:
        least, most = groups["n"].min(), groups["n"].max()
        sizes = str(least) if least == most else f"{least} to {most}"
        told = f"{len(groups)} groups of {sizes} persons"
    else:
        pairs = zip(groups["group"], groups["n"], strict=True)
        told = ", ".join(f"{name} ({n})" if name else f"{n} persons" for name, n in pairs)
    return f"{told}: small groups" if small else told
