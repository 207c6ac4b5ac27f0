"""Stacked bars: geometry in per cent of the width, so that text keeps its size at any width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digilitt.reporting.content import Band, LevelRow
from digilitt.reporting.texts import Texts

Colour = tuple[float, float, float]

# From the lowest band to the highest: one hue, its lightness falling, so that it reads in grey.
LIGHTEST: Colour = (207, 226, 233)
DARKEST: Colour = (12, 66, 84)
# Of those not assessed, who have no place in that order.
UNASSESSED = "#d6d6d6"
# Of these two, one has a contrast of 4.58 or more with any colour.
INK, PAPER = "#000000", "#ffffff"
# A share that leaves room for its number inside the bar, and for the word of a withheld one.
ROOM_FOR_NUMBER, ROOM_FOR_WORD = 0.14, 0.4


@dataclass(frozen=True, slots=True)
class Shade:
    """The fill of a band, and the colour of text on it."""

    fill: str
    ink: str


HATCHED = Shade("url(#hatch)", INK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a bar; `x` and `width` in per cent of the bar."""

    x: float
    width: float
    shade: Shade
    label: str

    @property
    def middle(self) -> float:
        """Where the label stands."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stacked bar with what it says to those who do not see it."""

    title: str
    description: str
    segments: tuple[Segment, ...]


def shades(n: int) -> tuple[Shade, ...]:
    """Fills for `n` bands, from light to dark, each with the text colour that contrasts more.

    Examples
    --------
    >>> [shade.ink for shade in shades(3)]
    ['#000000', '#000000', '#ffffff']
    """
    made = []
    for place in range(n):
        along = place / (n - 1) if n > 1 else 1.0
        colour = tuple(a + (b - a) * along for a, b in zip(LIGHTEST, DARKEST, strict=True))
        fill = "#" + "".join(f"{round(part):02x}" for part in colour)
        ink = INK if contrast(INK, fill) >= contrast(PAPER, fill) else PAPER
        made.append(Shade(fill, ink))
    return tuple(made)


def fills(bands: Sequence[Band]) -> tuple[Shade, ...]:
    """Fills for bands: from light to dark, and grey for those not assessed."""
    graded = iter(shades(sum(not band.outside for band in bands)))
    return tuple(Shade(UNASSESSED, INK) if band.outside else next(graded) for band in bands)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21 (WCAG 2.2, relative luminance).

    Examples
    --------
    >>> round(contrast("#000000", "#ffffff"), 3)
    21.0
    """
    lower, higher = sorted((_luminance(one), _luminance(other)))
    return (higher + 0.05) / (lower + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def bar(row: LevelRow, bands: Sequence[Band], who: str, texts: Texts) -> Bar:
    """The bar of one group at one wave.

    Parameters
    ----------
    row : LevelRow
    bands : sequence of Band
    who : str
        Group and wave in words.
    texts : Texts

    Returns
    -------
    Bar
        Bands in their order; all that are withheld are one hatched segment, where the first of
        them would stand.
    """
    parts: list[tuple[float, Shade, str]] = []
    said: list[str] = []
    for band, figure, shade in zip(bands, row.bands, fills(bands), strict=True):
        share = figure.share.value
        if share is not None:
            percent = texts.percent(share)
            parts.append((share, shade, percent if share >= ROOM_FOR_NUMBER else ""))
            said.append(texts("level.bar_part", label=band.label.text, share=percent))
        elif row.withheld_share > 0 and HATCHED not in (shade for _, shade, _ in parts):
            word = texts("level.withheld") if row.withheld_share >= ROOM_FOR_WORD else ""
            parts.append((row.withheld_share, HATCHED, word))
            said.append(texts("level.bar_withheld", share=texts.percent(row.withheld_share)))
    if row.withheld_share == 1:
        said = [texts("level.bar_all_withheld")]
    return Bar(
        title=texts("level.bar_title", who=who),
        description=", ".join(said) or texts("level.bar_none"),
        segments=tuple(_laid_out(parts)),
    )


def _laid_out(parts: Sequence[tuple[float, Shade, str]]) -> Iterator[Segment]:
    x = 0.0
    for share, shade, label in parts:
        if share > 0:
            yield Segment(x=x, width=100.0 * share, shade=shade, label=label)
            x += 100.0 * share
