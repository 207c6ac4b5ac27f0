"""What stands in a picture once it is drawn."""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

# Half a point at a hundred dots an inch: where a letter's edge is rounded to a dot.
ROUNDING = 1.0


def cut_off(figure: Figure) -> list[str]:
    """Texts that do not lie within the figure."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    page, found = figure.bbox, []
    for text in figure.findobj(Text):
        if not text.get_visible() or not text.get_text().strip():
            continue
        box = text.get_window_extent(canvas.get_renderer())
        inside = (
            box.x0 >= page.x0 - ROUNDING
            and box.y0 >= page.y0 - ROUNDING
            and box.x1 <= page.x1 + ROUNDING
            and box.y1 <= page.y1 + ROUNDING
        )
        # Ticks beyond the ends of an axis are not drawn.
        if not inside and not _hidden_tick(text):
            found.append(text.get_text())
    return found


def _hidden_tick(text: Text) -> bool:
    axes = text.axes
    if axes is None:
        return False
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True):
            if label is text:
                return not min(limits) <= place <= max(limits)
    return False
