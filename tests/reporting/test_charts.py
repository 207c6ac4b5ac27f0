from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.reporting.charts import HATCHED, bar, contrast, shades
from digilitt.reporting.content import NOTHING, WITHHELD, Band, BandFigure, Figure, LevelRow, Phrase
from digilitt.reporting.texts import texts

EN = texts("en")


def bands(n):
    return [Band(id=f"b{i}", label=Phrase(f"B{i}", "en"), start=i, end=i + 1) for i in range(n)]


def row(shares, withheld_share=0.0):
    """A row of a group; None is a withheld band."""
    figures = tuple(
        BandFigure(n=WITHHELD, share=WITHHELD)
        if share is None
        else BandFigure(n=Figure(round(share * 100)), share=Figure(share))
        for share in shares
    )
    return LevelRow(
        group=("A",), wave="", n_scored=Figure(100), bands=figures, withheld_share=withheld_share
    )


@pytest.mark.parametrize("n", range(1, 12))
def test_text_on_every_shade_can_be_read(n):
    for shade in shades(n):
        assert contrast(shade.fill, shade.ink) >= 4.5


@pytest.mark.parametrize("n", range(2, 12))
def test_shades_grow_darker_in_grey(n):
    against_white = [contrast(shade.fill, "#ffffff") for shade in shades(n)]
    assert against_white == sorted(against_white)
    assert len(set(against_white)) == n


def test_contrast_of_known_colours():
    # Worked by hand: (1.05) / (0.2126 + 0.05) for pure red against white.
    assert contrast("#ff0000", "#ffffff") == pytest.approx(1.05 / 0.2626)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=7), st.data())
def test_segments_fill_the_bar(counts, data):
    total = sum(counts)
    if total == 0:
        return
    hidden = data.draw(st.sets(st.integers(0, len(counts) - 1)))
    shares = [None if i in hidden else count / total for i, count in enumerate(counts)]
    left = 1.0 - sum(share for share in shares if share is not None)
    made = bar(row(shares, max(left, 0.0) if hidden else 0.0), bands(len(counts)), "A", EN)
    edge = 0.0
    for segment in made.segments:
        assert segment.x == pytest.approx(edge, abs=1e-6)
        edge += segment.width
    assert edge == pytest.approx(100) or (hidden and edge == pytest.approx(100 * (1 - left)))
    assert sum(segment.shade == HATCHED for segment in made.segments) <= 1


def test_what_is_withheld_is_one_block_where_its_first_band_would_be():
    made = bar(row([0.1, None, 0.5, None], 0.4), bands(4), "A, 2018", EN)
    assert [segment.shade == HATCHED for segment in made.segments] == [False, True, False]
    assert [segment.width for segment in made.segments] == pytest.approx([10, 40, 50])
    assert made.title == "Distribution over levels, A, 2018"
    assert made.description == "B0 10%, withheld 40%, B2 50%"


def test_a_withheld_group_is_one_block():
    made = bar(row([None, None], 1.0), bands(2), "A", EN)
    (only,) = made.segments
    assert (only.x, only.width, only.label) == (0, 100, "Withheld")
    assert made.description == "The whole distribution is withheld."


def test_nobody_is_no_bar():
    empty = LevelRow(
        group=("A",),
        wave="",
        n_scored=Figure(0),
        bands=(BandFigure(n=Figure(0), share=NOTHING),) * 2,
        withheld_share=0.0,
    )
    made = bar(empty, bands(2), "A", EN)
    assert made.segments == ()
    assert made.description == "Nobody has a score."


def test_narrow_segments_have_no_number():
    made = bar(row([0.1, 0.9]), bands(2), "A", EN)
    assert [segment.label for segment in made.segments] == ["", "90%"]
