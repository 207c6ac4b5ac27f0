"""Scree plot: observed eigenvalues beside those of simulated data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from digilitt.errors import Problem, ResponseError
from digilitt.plots.canvas import COLOURS, QUIET, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = {"component": "Components", "factor": "Factors"}
LABELS = {
    "component": "Eigenvalue of the correlation matrix",
    "factor": "Eigenvalue, communalities in the diagonal",
}


def draw_scree(result: Any, *, show: str | None = None) -> Figure:
    """Eigenvalues of components and of factors, with parallel analysis.

    Parameters
    ----------
    result : Dimensionality
    show : {"component", "factor"}, optional
        One of the two. Left out: both, side by side.
    """
    if show is not None and show not in TITLES:
        message = f"show={show!r}; expected {' or '.join(map(repr, TITLES))}."
        raise ResponseError([Problem(code="wrong-value", column="show", message=message)])
    kinds = list(TITLES) if show is None else [show]
    suggested = result.table.set_index("statistic")["n_factors"]
    figure, drawn = canvas(len(kinds), width=1.5 + 4.2 * len(kinds), height=4.0)
    for axes, kind in zip(drawn, kinds, strict=True):
        values = result.eigenvalues[result.eigenvalues["kind"] == kind]
        _scree(axes, values, kind, _reference(result))
        told = suggested[f"parallel_{kind}"]
        number = "no number" if pd.isna(told) else told
        axes.set_title(f"{TITLES[kind]}: {number} by parallel analysis")
    return figure


def _reference(result: Any) -> str:
    """What the simulated line is, in words."""
    options = dict(result.provenance.options)
    level = options["percentile"]
    what = "mean" if level == "mean" else f"percentile {float(level):g}"
    return f"simulated, {what}"


def _scree(axes: Axes, values: pd.DataFrame, kind: str, reference: str) -> None:
    number = values["number"].to_numpy(int)
    if np.isfinite(values["observed"]).any():
        axes.plot(number, values["observed"], "o-", color=COLOURS[0], label="observed")
    else:
        axes.text(0.5, 0.5, "not computable", transform=axes.transAxes, ha="center", color=QUIET)
    base = 1.0 if kind == "component" and np.isnan(values["ekc_reference"]).all() else 0.0
    axes.axhline(base, color=QUIET, linewidth=0.6)
    for column, label, colour, style in (
        ("reference", reference, COLOURS[1], "--"),
        ("ekc_reference", "empirical Kaiser criterion", COLOURS[2], ":"),
    ):
        if np.isfinite(values[column]).any():
            axes.plot(number, values[column], style, color=colour, linewidth=2, label=label)
    axes.set_xticks(number if len(number) <= 12 else [1, *number[4::5]])
    axes.set_xlabel("Number")
    axes.set_ylabel(LABELS[kind])
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False)
