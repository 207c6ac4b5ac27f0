"""Heat map of factor loadings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from digilitt.errors import Problem, ResponseError
from digilitt.plots.canvas import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = {"loadings": "Loading", "structure": "Correlation of item and factor"}


def draw_loadings(result: Any, *, show: str = "loadings", sort: bool = False) -> Figure:
    """Items by factors, the darker the larger the loading, with the numbers.

    Parameters
    ----------
    result : FactorSolution
    show : {"loadings", "structure"}
    sort : bool
        Whether items stand by the factor they load on most, instead of in their own order.
    """
    if show not in SHOWN:
        message = f"show={show!r}; expected {' or '.join(map(repr, SHOWN))}."
        raise ResponseError([Problem(code="wrong-value", column="show", message=message)])
    frame = getattr(result, show)
    values = frame.to_numpy()
    if sort:
        sizes = np.abs(values)
        order = np.lexsort((-sizes.max(axis=1), sizes.argmax(axis=1)))
        frame, values = frame.iloc[order], values[order]
    n_items, n_factors = values.shape
    figure, (axes,) = canvas(width=2.2 + 0.75 * n_factors, height=1.2 + 0.28 * n_items)
    # A Heywood case may load above 1; the colours then reach as far.
    most = max(1.0, float(np.abs(values).max()))
    image = axes.imshow(values, cmap="RdBu", vmin=-most, vmax=most, aspect="auto")
    axes.set_xticks(range(n_factors), labels=[str(name) for name in frame.columns])
    axes.set_yticks(range(n_items), labels=[str(name) for name in frame.index])
    axes.tick_params(length=0)
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if abs(value) > 0.6 * most else "black"
        axes.text(
            column,
            row,
            f"{round(value, 2) + 0.0:.2f}",
            ha="center",
            va="center",
            color=colour,
            fontsize=8,
        )
    figure.colorbar(image, ax=axes, label=SHOWN[show], shrink=0.6)
    return figure
