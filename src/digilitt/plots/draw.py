"""The picture that belongs to a result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from digilitt.errors import Problem, ResponseError
from digilitt.plots.items import draw_items
from digilitt.plots.loadings import draw_loadings
from digilitt.plots.scree import draw_scree
from digilitt.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES: dict[str, Callable[..., Figure]] = {
    "dimensionality": draw_scree,
    "efa": draw_loadings,
    "item_analysis": draw_items,
}


def plot(result: Result, **options: Any) -> Figure:
    """Draw the picture that belongs to a result.

    Parameters
    ----------
    result : Result
        One of the kinds below.
    **options
        What the kind of result allows:

        - `item_analysis`: ``scale=``, where there are several; ``group=``, where there are
          groups; and ``item=``, for the answers to one item instead of all items beside one
          another.
        - `efa`: ``show="loadings"`` or ``"structure"``; ``sort=True`` puts items by the factor
          they load on most.
        - `dimensionality`: ``show="component"`` or ``"factor"``, for one of the two.

    Returns
    -------
    matplotlib.figure.Figure
        A notebook shows it; ``.savefig("picture.svg")`` writes it.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed: ``pip install 'digilitt[plots]'``.
    ResponseError
        If there is no picture of such a result, or it does not hold what the options name.

    Notes
    -----
    A picture shows the result as it is. No disclosure rule has been applied to it.
    """
    draw = PICTURES.get(result.kind) if isinstance(result, Result) else None
    if draw is None:
        found = result.kind if isinstance(result, Result) else type(result).__name__
        message = f"there is no picture of {found}; there is one of {', '.join(PICTURES)}."
        raise ResponseError([Problem(code="no-picture", message=message)])
    return draw(result, **options)
