"""The picture that belongs to a result."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any

from digilitt.errors import Problem, ResponseError
from digilitt.plots.invariance import draw_invariance
from digilitt.plots.items import draw_items
from digilitt.plots.loadings import draw_loadings
from digilitt.plots.path_diagram import draw_path
from digilitt.plots.scree import draw_scree
from digilitt.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES: dict[str, Callable[..., Figure]] = {
    "cfa": draw_path,
    "dimensionality": draw_scree,
    "efa": draw_loadings,
    "invariance": draw_invariance,
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
        - `cfa`: the path diagram; ``group=``, where there are several, and
          ``standardized=False``.
        - `invariance`: the ladder of models, with ``version="robust"``, ``"scaled"`` or
          ``"naive"`` of CFI and RMSEA (left out: the first of these that all models have; scaled
          before robust for items in categories). With ``show="parameters"`` the parameters by
          group, with their intervals: ``model=`` (left out: the first, ``"configural"``),
          ``parameter="loadings"``, ``"thresholds"``, ``"intercepts"`` or ``"residuals"``,
          ``factor=`` and ``items=``.

    Returns
    -------
    matplotlib.figure.Figure
        A notebook shows it; ``.savefig("picture.svg")`` writes it.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed: ``pip install 'digilitt[plots]'``.
    ResponseError
        If there is no picture of such a result, it has no such option, or it does not hold what
        the options name.

    Notes
    -----
    A picture shows the result as it is. No disclosure rule has been applied to it.
    """
    draw = PICTURES.get(result.kind) if isinstance(result, Result) else None
    if draw is None:
        found = result.kind if isinstance(result, Result) else type(result).__name__
        message = f"there is no picture of {found}; there is one of {', '.join(PICTURES)}."
        raise ResponseError([Problem(code="no-picture", message=message)])
    known = [name for name in signature(draw).parameters if name != "result"]
    if unknown := [name for name in options if name not in known]:
        raise ResponseError([_unknown(name, result.kind, known) for name in unknown])
    return draw(result, **options)


def _unknown(name: str, kind: str, known: list[str]) -> Problem:
    message = f"a picture of {kind} has no such option; it has {', '.join(known)}."
    return Problem(code="wrong-value", column=name, message=message)
