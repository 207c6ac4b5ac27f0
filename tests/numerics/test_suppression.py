"""Suppression is checked by readers who try to undo it: algebra, bounds, and plain enumeration.

Over 400 lines, because nearly every test here needs these readers.
"""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.optimize import linprog

from digilitt.errors import DisclosureError
from digilitt.numerics import suppression
from digilitt.numerics.suppression import margins, recoverable, suppress

COUNTS = st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 30])


def tables(max_dims=3, max_side=4, elements=COUNTS):
    shapes = array_shapes(min_dims=1, max_dims=max_dims, min_side=1, max_side=max_side)
    return shapes.flatmap(lambda shape: arrays(np.int64, shape, elements=elements))


def block(place, shape):
    """The inner cells that a cell or margin at `place` sums over, as flat places."""
    inner = tuple(side - 1 for side in shape)
    ranges = [range(s) if p == s else [p] for p, s in zip(place, inner, strict=True)]
    return [int(np.ravel_multi_index(cell, inner)) for cell in product(*ranges)]


def small_sums(full, hidden, min_n):
    """Published sums whose withheld parts hold 1 to min_n - 1 persons, as places."""
    inner = full[(slice(None, -1),) * full.ndim].ravel()
    inner_hidden = hidden[(slice(None, -1),) * full.ndim].ravel()
    found = []
    for place in np.ndindex(full.shape):
        if hidden[place]:
            continue
        parts = sum(inner[c] for c in block(place, full.shape) if inner_hidden[c])
        sums = [parts]
        for axis, position in enumerate(place):  # the parts of a line may be margins themselves
            if position == full.shape[axis] - 1:
                line = (*place[:axis], slice(None, -1), *place[axis + 1 :])
                sums.append(full[line][hidden[line]].sum())
        found += [place for total in sums if 0 < total < min_n]
    return found


def consistent_tables(full, hidden, *, floor, above):
    """Every inner table of whole numbers >= floor that fits what is published, by enumeration.

    Withheld cells go up to `above` over their true count, which only helps the reader.
    """
    keep = (slice(None, -1),) * full.ndim
    inner, unknown = full[keep].ravel(), np.flatnonzero(hidden[keep].ravel())
    published = [
        (block(place, full.shape), full[place])
        for place in np.ndindex(full.shape)
        if not hidden[place]
    ]
    found = np.where(hidden[keep].ravel(), 0, inner)[None, :].astype(np.int16)
    for number, cell in enumerate(unknown):
        values = np.arange(min(floor, inner[cell]), inner[cell] + above + 1, dtype=np.int16)
        found = np.repeat(found, values.size, axis=0)
        found[:, cell] = np.tile(values, len(found) // values.size)
        later = set(unknown[number + 1 :].tolist())
        for cells, total in published:
            if cell in cells:
                sums = found[:, cells].sum(axis=1)
                open_ended = not later.isdisjoint(cells)
                found = found[sums <= total if open_ended else sums == total]
    return found


def worked_out(full, hidden, *, floor, above):
    """Withheld cells for which enumeration leaves one value, and the largest value of each."""
    found = consistent_tables(full, hidden, floor=floor, above=above)
    lowest, highest = np.empty_like(full), np.empty_like(full)
    for place in np.ndindex(full.shape):
        values = found[:, block(place, full.shape)].sum(axis=1)
        lowest[place], highest[place] = values.min(), values.max()
    return hidden & (lowest == highest), highest


def exactly_solvable(hidden):
    """Withheld cells that follow from the lines by exact elimination in fractions."""
    lines = []
    for axis, length in enumerate(hidden.shape):
        for rest in np.ndindex(hidden.shape[:axis] + hidden.shape[axis + 1 :]):
            row = np.zeros(hidden.shape, dtype=object)
            for position in range(length):
                sign = -1 if position == length - 1 else 1
                row[(*rest[:axis], position, *rest[axis:])] = Fraction(sign)
            lines.append(row[hidden])
    pivots = []
    for column in range(int(hidden.sum())):
        row = next((r for r in lines if r[column] != 0), None)
        if row is None:
            continue
        row = row / row[column]
        lines = [r - r[column] * row for r in lines if r is not row and any(r)]
        pivots = [p - p[column] * row for p in pivots] + [row]
    solved = np.zeros(int(hidden.sum()), dtype=bool)
    for row in pivots:
        if sum(value != 0 for value in row) == 1:
            solved |= np.array([value != 0 for value in row], dtype=bool)
    result = np.zeros(hidden.shape, dtype=bool)
    result[hidden] = solved
    return result


def interval(full, hidden, place):
    """Bounds of a withheld cell when counts may be any numbers >= 0, by two linear programmes."""
    keep = (slice(None, -1),) * full.ndim
    inner, unknown = full[keep].ravel(), np.flatnonzero(hidden[keep].ravel())
    rows, totals = [], []
    for other in np.ndindex(full.shape):
        if not hidden[other]:
            cells = block(other, full.shape)
            rows.append(np.isin(unknown, cells).astype(float))
            totals.append(full[other] - sum(inner[c] for c in cells if c not in unknown))
    cells = block(place, full.shape)
    goal = np.isin(unknown, cells).astype(float)
    known = sum(inner[c] for c in cells if c not in unknown)
    ends = []
    for sign in (1, -1):
        found = linprog(sign * goal, A_eq=rows or None, b_eq=totals or None, method="highs")
        ends.append(known + sign * found.fun if found.status == 0 else np.inf)
    return ends[0], ends[1]


# ---- worked by hand -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "min_n", "expected"),
    [
        # 23 - 20 = 3, so the 20 goes too; the total of 23 may stay.
        ([3, 20], 5, [1, 1, 0]),
        # One small group: the smallest other group goes with it, not the largest.
        ([3, 30, 20], 5, [1, 0, 1, 0]),
        # Two small groups hide each other: they hold 7 together, one of them may have 5 or 6.
        ([3, 4, 30], 5, [1, 1, 0, 0]),
        # Two small groups of 3 together: 33 - 30 = 3 would show that both are small.
        ([2, 1, 30, 40], 5, [1, 1, 1, 0, 0]),
        # A tie goes to the group that stands first.
        ([5, 5, 3], 5, [1, 0, 1, 0]),
        # The total is small itself.
        ([3, 0], 5, [1, 0, 1]),
        ([0, 3, 0], 5, [0, 1, 0, 1]),
        # Zeros are shown, so both are at least 1, and 5 in all: neither can reach 5.
        ([4, 1], 5, [1, 1, 1]),
        # Six groups that are not empty and hold 6 in all: everyone knows each holds 1.
        ([1, 1, 1, 1, 1, 1], 3, [1, 1, 1, 1, 1, 1, 1]),
        # Nothing is small.
        ([0, 5, 6], 5, [0, 0, 0, 0]),
        ([0, 0], 5, [0, 0, 0]),
        # A minimum of 1 shows everything.
        ([1, 2, 3], 1, [0, 0, 0, 0]),
        # One group alone is its own total.
        ([2], 3, [1, 1]),
        # Four corners: 20 + 30 + 40 is cheaper than any way through a margin.
        ([[3, 20], [30, 40]], 5, [[1, 1, 0], [1, 1, 0], [0, 0, 0]]),
        # The zero is shown, so the first row's sum is 3 as well and small. Then 23 - 20 = 3 and
        # 53 - 50 = 3 must both fail: 20 and 50 go (70), cheaper than 23 and 53 (76).
        ([[3, 0], [20, 30]], 5, [[1, 0, 1], [1, 0, 1], [0, 0, 0]]),
        # One cell is all there is: every sum over it is small.
        ([[0, 3], [0, 0]], 5, [[0, 1, 1], [0, 0, 0], [0, 1, 1]]),
        # All are small and the row and column sums too; a total of 6 would bound each by 3.
        ([[1, 2], [2, 1]], 5, [[1, 1, 1], [1, 1, 1], [1, 1, 1]]),
        # The three small cells of a ring of six and three of 6: the ring protects itself.
        (
            [[2, 6, 0], [0, 2, 6], [6, 0, 2]],
            3,
            [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]],
        ),
    ],
)
def test_by_hand(counts, min_n, expected):
    found = suppress(counts, min_n)
    assert found.suppressed.astype(int).tolist() == expected
    full = margins(counts)
    assert np.array_equal(found.primary, (full > 0) & (full < min_n))
    assert np.array_equal(found.complementary, found.suppressed & ~found.primary)


def test_men_and_women_in_three_places_over_two_waves():
    # One small cell in three dimensions needs the eight corners of a cube.
    counts = np.full((3, 2, 2), 20)
    counts[1, 0, 0] = 3
    found = suppress(counts, 5)
    expected = np.zeros((4, 3, 3), dtype=bool)
    expected[:2, :2, :2] = True
    assert np.array_equal(found.suppressed, expected)
    assert not worked_out(margins(counts), found.suppressed, floor=1, above=3)[0].any()


def test_no_axes_is_one_total():
    assert suppress(np.array(3), 5).suppressed.tolist() is True
    assert suppress(np.array(7), 5).suppressed.tolist() is False
    assert recoverable(np.array(3), np.array(True)).tolist() is False


def test_no_groups_at_all():
    assert not suppress(np.zeros((0, 2), dtype=int), 5).suppressed.any()


# Two rings of four withheld cells joined by one cell: every row and column that has withheld
# cells has at least two, and yet the joint is rows 1 and 2 less columns 1 and 2.
BRIDGE = np.full((4, 4), 20)
for ring in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3)):
    BRIDGE[ring] = 4
BRIDGE[1, 2] = 3


def test_two_in_every_line_do_not_protect_a_bridge():
    full = margins(BRIDGE)
    primary = (full > 0) & (full < 5)
    per_line = [primary[:4, :4].sum(axis=axis) for axis in (0, 1)]
    assert all((n >= 2).all() for n in per_line)
    expected = np.zeros((5, 5), dtype=bool)
    expected[1, 2] = True
    assert np.array_equal(recoverable(full, primary), expected)
    assert np.array_equal(exactly_solvable(primary), expected)
    found = suppress(BRIDGE, 5).suppressed
    assert not recoverable(full, found, floor=1).any()
    assert found.sum() > primary.sum()


# ---- these checks can fail ------------------------------------------------------------------


@pytest.mark.parametrize(
    "counts", [[3, 20, 30], [[3, 20], [30, 40]], np.arange(2, 10).reshape(2, 2, 2)]
)
def test_small_cells_alone_are_worked_out(counts):
    full = margins(counts)
    primary = (full > 0) & (full < 4)
    caught, _ = worked_out(full, primary, floor=0, above=4)
    assert caught.any()
    assert np.array_equal(recoverable(full, primary), caught)
    assert exactly_solvable(primary).any()


def test_a_small_sum_is_noticed():
    full = margins([2, 1, 30])
    primary = np.array([True, True, False, False])
    assert small_sums(full, primary, 5) == [(3,), (3,)]
    assert not exactly_solvable(primary).any()
    assert worked_out(full, primary, floor=0, above=5)[1][0] == 3


def test_whole_numbers_pin_what_algebra_leaves_open():
    # 1 + 1 = 2: two cells that are not empty.
    full, hidden = margins([1, 1]), np.array([True, True, False])
    assert not recoverable(full, hidden).any()
    assert recoverable(full, hidden, floor=1).tolist() == [True, True, False]
    # 4 - 4 = 0: two withheld cells that add up to nothing are both empty.
    full, hidden = margins([0, 0, 4]), np.array([True, True, False, False])
    assert recoverable(full, hidden).tolist() == [True, True, False, False]


def test_a_published_margin_that_should_be_withheld_is_caught():
    found = suppress([4, 1], 5).suppressed.copy()
    found[-1] = False
    assert worked_out(margins([4, 1]), found, floor=1, above=5)[1].max() < 6


# ---- laws -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(tables(), st.integers(1, 7), st.sampled_from([0, suppression.PROGRAMMED_CELLS]))
def test_nothing_withheld_can_be_worked_out(counts, min_n, programmed):
    full = margins(counts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suppression, "PROGRAMMED_CELLS", programmed)
        found = suppress(counts, min_n)
        again = suppress(counts, min_n, also=found.suppressed)
    hidden = found.suppressed
    assert np.array_equal(again.suppressed, hidden)
    assert np.array_equal(found.primary, (full > 0) & (full < min_n))
    assert hidden[found.primary].all()
    assert not hidden[full == 0].any()
    assert hidden.any() == found.primary.any()
    assert not exactly_solvable(hidden).any()
    assert not recoverable(full, hidden, floor=0).any()
    assert not recoverable(full, hidden, floor=1).any()
    assert small_sums(full, hidden, min_n) == []


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from([(3,), (5,), (2, 2), (2, 3), (3, 3), (2, 2, 2)]).flatmap(
        lambda shape: arrays(np.int64, shape, elements=st.integers(0, 4))
    ),
    st.integers(2, 4),
    st.sampled_from([0, 1]),
)
def test_enumeration_never_finds_one_value(counts, min_n, floor):
    full = margins(counts)
    found = suppress(counts, min_n)
    assume(found.suppressed[(slice(None, -1),) * full.ndim].sum() <= 8)
    caught, highest = worked_out(full, found.suppressed, floor=floor, above=min_n - 1)
    assert not caught.any()
    assert (highest[found.primary] >= min_n).all()


@settings(deadline=None, max_examples=40)
@given(tables(max_side=3), st.integers(2, 7))
def test_bounds_leave_room_for_a_group_that_is_not_small(counts, min_n):
    full = margins(counts)
    found = suppress(counts, min_n)
    for place in np.argwhere(found.primary):
        low, high = interval(full, found.suppressed, tuple(place))
        assert high >= min_n - 1e-6
        assert high - low >= 1 - 1e-6


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_every_change_keeps_every_sum(data):
    # The search and the linear programme both promise it; nothing is safe where it fails.
    full = margins(data.draw(tables(elements=st.integers(1, 9))))
    target = data.draw(st.integers(0, full.size - 1))
    by = data.draw(st.sampled_from([1, 3, -1]))
    system = suppression._system(full, movable=np.ones(full.size, dtype=bool), floor=1)
    price = full.ravel().astype(float)
    cube = suppression._cube(system, target, by, price)
    programmed = suppression._programme(system, target, by, price)
    assert by < 0 or (cube is not None and programmed is not None)
    for move in (cube, programmed):
        if move is None:
            continue
        changed = full + move.reshape(full.shape)
        inner = changed[(slice(None, -1),) * full.ndim]
        assert np.array_equal(margins(inner), changed)
        assert changed.min() >= 1
        assert move[target] >= by if by > 0 else move[target] <= by
    if cube is not None:
        assert np.abs(programmed) @ price <= np.abs(cube) @ price


def test_a_programme_that_stops_at_halves_is_solved_in_whole_numbers():
    # Found by search: in three dimensions the cheapest change may be in halves of persons.
    counts = [[[9, 2], [1, 9], [2, 9]], [[0, 1], [6, 6], [1, 1]], [[1, 2], [0, 6], [0, 1]]]
    hidden = suppress(counts, 3).suppressed
    assert not recoverable(margins(counts), hidden, floor=1).any()


@settings(deadline=None, max_examples=100)
@given(tables(elements=st.sampled_from([0, 5, 6, 8, 40])))
def test_nothing_is_withheld_where_nothing_is_small(counts):
    assert not suppress(counts, 5).suppressed.any()


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("programmed", [0, suppression.PROGRAMMED_CELLS])
def test_the_order_of_the_groups_does_not_matter(seed, programmed, monkeypatch):
    # No two counts are the same, and they are so uneven that sums hardly tie either.
    monkeypatch.setattr(suppression, "PROGRAMMED_CELLS", programmed)
    rng = np.random.default_rng(seed)
    shape = [(6,), (5, 4), (4, 3, 2), (3, 2, 2, 2)][seed % 4]
    uneven = (4 * 1.45 ** np.arange(np.prod(shape))).astype(np.int64)
    counts = rng.permutation(uneven).reshape(shape)
    orders = [rng.permutation(side) for side in shape]
    full_orders = [np.append(order, side) for order, side in zip(orders, shape, strict=True)]
    found = suppress(counts, 60)
    turned = suppress(counts[np.ix_(*orders)], 60)
    assert found.suppressed.any()
    assert np.array_equal(found.suppressed[np.ix_(*full_orders)], turned.suppressed)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_cells_withheld_for_another_reason_are_protected_too(data):
    counts = data.draw(tables(max_side=3))
    full = margins(counts)
    also = data.draw(arrays(bool, full.shape))
    min_n = data.draw(st.integers(1, 6))
    found = suppress(counts, min_n, also=also)
    assert found.suppressed[also].all()
    assert not (recoverable(full, found.suppressed) & (full > 0)).any()
    assert small_sums(full, found.suppressed, min_n) == []


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_the_audit_agrees_with_elimination_and_enumeration(data):
    shape = data.draw(st.sampled_from([(3,), (2, 2), (2, 3), (2, 2, 2)]))
    full = margins(data.draw(arrays(np.int64, shape, elements=st.integers(0, 2))))
    hidden = data.draw(arrays(bool, full.shape))
    floor = data.draw(st.sampled_from([0, 1]))
    found = recoverable(full, hidden, floor=floor)
    assert found[exactly_solvable(hidden)].all()
    assert np.array_equal(found, worked_out(full, hidden, floor=floor, above=2)[0])


def test_cells_to_take_last_are_taken_last():
    last = np.array([False, True, False, False])
    assert suppress([3, 20, 30], 5, last=last).suppressed.tolist() == [True, False, True, False]
    # With nothing else left they are taken.
    assert suppress([3, 20], 5, last=np.array([False, True, True])).suppressed[:2].all()


@settings(deadline=None, max_examples=50)
@given(tables())
def test_margins_are_sums(counts):
    full = margins(counts)
    assert full[(-1,) * full.ndim] == counts.sum()
    for place in np.ndindex(full.shape):
        assert full[place] == counts.ravel()[block(place, full.shape)].sum()


# ---- size -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "seconds"), [((94, 2, 2), 2.0), ((9, 2, 2, 4), 2.0), ((290, 2, 2), 2.0)]
)
@pytest.mark.parametrize("mean", [3, 8, 20])
def test_it_is_quick_and_safe_in_tables_of_real_size(shape, seconds, mean):
    rng = np.random.default_rng(1)
    sizes = rng.lognormal(np.log(mean), 1, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    men = np.array([0.27, 1.73]).reshape(1, 2, *[1] * (len(shape) - 2))
    counts = rng.poisson(sizes * men * np.ones(shape))
    start = time.perf_counter()
    found = suppress(counts, 5)
    assert time.perf_counter() - start < seconds
    full = margins(counts)
    assert small_sums(full, found.suppressed, 5) == []
    if shape[0] < 100 and mean > 3:  # the audit takes a while where most cells are withheld
        assert not recoverable(full, found.suppressed, floor=1).any()


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("min_n", [0, -1, True, False, np.True_, 2.5, 5.0, "5", None])
def test_a_minimum_must_be_a_whole_number_of_one_or_more(min_n):
    with pytest.raises(DisclosureError, match="whole number of 1 or more"):
        suppress([3, 20], min_n)


@pytest.mark.parametrize(
    "counts", [[-1, 3], [1.5, 2], [np.nan, 1], [np.inf, 1], ["a", "b"], [True]]
)
def test_counts_must_be_whole_numbers(counts):
    with pytest.raises(DisclosureError, match="whole numbers of 0 or more"):
        suppress(counts, 5)


def test_whole_floats_are_counts():
    assert suppress(np.array([3.0, 20.0]), np.int64(5)).suppressed.tolist() == [True, True, False]


@pytest.mark.parametrize("flags", [np.zeros(2, dtype=bool), np.zeros(3)])
def test_flags_must_fit_the_table_with_margins(flags):
    with pytest.raises(DisclosureError, match=r"shape \(3,\)"):
        suppress([3, 20], 5, also=flags)
    with pytest.raises(DisclosureError, match="last has shape"):
        suppress([3, 20], 5, last=flags)
    with pytest.raises(DisclosureError, match="suppressed has shape"):
        recoverable([3, 20, 23], flags)


@pytest.mark.parametrize("full", [[3, 20, 24], np.zeros((0, 3))])
def test_the_audit_wants_margins_that_add_up(full):
    with pytest.raises(DisclosureError, match="must hold the sums"):
        recoverable(full, np.zeros(np.shape(full), dtype=bool))
