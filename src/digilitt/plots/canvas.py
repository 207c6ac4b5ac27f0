"""An empty picture to draw on, and the look that all pictures share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digilitt.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart in grey, and by people who do not see all colours; marks differ as well.
COLOURS = ("#0c4254", "#c8553d", "#3d8c7a", "#8a6fae", "#b08a2e", "#5b6b73", "#9c2c5c", "#2f6fb0")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
QUIET = "#8a8a8a"


def canvas(
    n_columns: int = 1, *, width: float = 7.0, height: float = 4.0, share_rows: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure with so many axes side by side.

    Parameters
    ----------
    n_columns : int
    width, height : float
        Of the whole figure, in inches.
    share_rows : bool
        Whether the axes have one vertical axis in common.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingExtraError(
            "Pictures need matplotlib: pip install 'digilitt[plots]'."
        ) from error
    with plt.ioff():
        figure, axes = plt.subplots(
            1,
            n_columns,
            figsize=(width, height),
            sharey=share_rows,
            squeeze=False,
            layout="constrained",
        )
    # The figure belongs to the caller: a notebook shows it once, and nobody need close it.
    plt.close(figure)
    drawn = list(axes[0])
    for each in drawn:
        each.spines[["top", "right"]].set_visible(False)
    return figure, drawn
