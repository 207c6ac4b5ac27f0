"""Which cells of a table of counts to withhold so that no small group can be worked out.

A table and all its margins are one system of equations: along every axis the cells of a line
add up to the line's margin. Withholding small counts alone leaks, because a reader subtracts.
A cell counts as protected here only when there is a *witness*: another table of whole numbers
that agrees with everything published, has at least one person in every withheld cell (the
reader knows that zeros are published), and shows what is required in that cell. The change
from the true table to a witness adds up to zero along every line; withholding the cells it
touches is what makes it a witness, and withholding more never takes it away.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, vstack

from digilitt.errors import DisclosureError, Problem

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Cells with margins up to which complements are chosen by linear programming; the solver's time
# grows steeply after that, and cubes of cells give nearly the same pattern.
PROGRAMMED_CELLS = 500
NODES = 1000
RELUCTANCE = 1000.0
TIE_BREAK = 1e-4
NULL = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Suppression:
    """Cells to withhold, over the table with its margins.

    Attributes
    ----------
    primary : numpy.ndarray of bool, shape (s1 + 1, …, sk + 1)
        Cells and margins that hold 1 to ``min_n - 1`` persons. The last position along an axis
        is the margin over that axis.
    complementary : numpy.ndarray of bool, same shape
        Other cells and margins that have to go so that the primary ones cannot be worked out.
    suppressed : numpy.ndarray of bool, same shape
        Either of the two.
    """

    primary: Bools
    complementary: Bools
    suppressed: Bools


def margins(counts: NDArray[Any]) -> Ints:
    """Append the sums over every subset of axes as the last position along each axis.

    Parameters
    ----------
    counts : array_like of int, shape (s1, …, sk)
        Persons per cell, 0 or more.

    Returns
    -------
    numpy.ndarray of int64, shape (s1 + 1, …, sk + 1)
        The table with margins; the grand total is the last element.

    Raises
    ------
    DisclosureError
        When the counts are not whole numbers of 0 or more.

    Examples
    --------
    >>> margins([[3, 20], [10, 0]]).tolist()
    [[3, 20, 23], [10, 0, 10], [13, 20, 33]]
    """
    table = _whole_counts(counts)
    for axis in range(table.ndim):
        table = np.concatenate([table, table.sum(axis=axis, keepdims=True)], axis=axis)
    return table


def minimum(min_n: object) -> int:
    """Return the minimum group size as an integer of 1 or more, or raise a `DisclosureError`."""
    try:
        if isinstance(min_n, bool | np.bool_):
            raise TypeError
        # What is no whole number raises the TypeError that is caught below.
        value = index(min_n)  # type: ignore[arg-type]
    except TypeError:
        value = 0
    if value < 1:
        message = (
            f"min_n is {min_n!r}; expected a whole number of 1 or more: the smallest number of "
            "persons whose results may be shown, for example min_n=5. min_n=1 shows everything."
        )
        raise DisclosureError([Problem(code="bad-minimum", message=message)])
    return value


def suppress(
    counts: NDArray[Any],
    min_n: int,
    *,
    also: Bools | None = None,
    last: Bools | None = None,
) -> Suppression:
    """Choose the cells and margins of a table of counts to withhold.

    Parameters
    ----------
    counts : array_like of int, shape (s1, …, sk)
        Persons per cell, 0 or more, without margins. Every sum over a subset of the axes, the
        grand total included, is taken to be published.
    min_n : int
        Smallest count that may be shown, 1 or more. 1 withholds nothing.
    also : numpy.ndarray of bool, shape (s1 + 1, …, sk + 1), optional
        Cells that are withheld for another reason, such as another column's small counts. They
        are protected as well.
    last : numpy.ndarray of bool, shape (s1 + 1, …, sk + 1), optional
        Cells to choose as complements only when hardly anything else will do.

    Returns
    -------
    Suppression
        Boolean arrays over the table with margins.

    Raises
    ------
    DisclosureError
        When the counts are not whole numbers of 0 or more, `min_n` is not a whole number of 1 or
        more, or `also` or `last` has another shape.

    Notes
    -----
    *Primary* are all cells and margins with 1 to ``min_n - 1`` persons. Zeros are published,
    unless in `also`, and therefore protect nothing.

    *Complementary* cells are added until every primary cell has a witness (see the module) with
    at least `min_n` persons in it, and every other withheld nonzero cell one with another count.
    So no nonzero withheld cell follows from the published ones, neither by linear algebra nor
    because counts are whole and not negative; of no primary cell can a reader tell that it is
    small; and the withheld members of a published sum never add up to less than `min_n`.

    Primary cells are taken in order of their counts, then of their place. The witness for each
    changes published cells as little as possible, every change weighed by the cell's count, which
    is a linear programme; the problem and its exact solution are in Fischetti & Salazar (2001),
    *Management Science* 47(7), 1008–1027, doi:10.1287/mnsc.47.7.1008.9805. Cubes of cells (the
    corners of two positions along every axis) serve when they are free, in tables of more than
    500 cells with margins, and when the solver finds no whole numbers. Ties go to the cell that
    stands first. What the solver finds is checked in integers before it is used. The pattern is
    safe; it is not always the smallest one.

    A reader who reasons about *why* a cell was chosen is not defended against.

    Examples
    --------
    >>> suppress([3, 20, 30], 5).suppressed.tolist()
    [True, True, False, False]
    """
    least = minimum(min_n)
    table = margins(counts)
    count = table.ravel()
    given = _flags(also, table.shape, "also")
    price = count / least * (1 + TIE_BREAK * np.arange(count.size) / count.size)
    price[_flags(last, table.shape, "last")] *= RELUCTANCE
    primary = (count > 0) & (count < least)
    hidden = primary | given
    safe = count == 0
    system = _system(table, movable=(count > 0) | given, floor=1)
    for target in np.lexsort((np.arange(count.size), count)):
        if not hidden[target] or safe[target]:
            continue
        changes = (int(least - count[target]),) if primary[target] else (1, -1)
        move = _cheapest(system, int(target), changes, np.where(hidden, 0.0, price))
        hidden |= move != 0
        safe |= np.where(primary, count + move >= least, move != 0)
    return Suppression(
        primary=primary.reshape(table.shape),
        complementary=(hidden & ~primary).reshape(table.shape),
        suppressed=hidden.reshape(table.shape),
    )


def recoverable(counts_full: NDArray[Any], suppressed: Bools, *, floor: int = 0) -> Bools:
    """Withheld cells whose count a reader can work out exactly: the audit of a pattern.

    Parameters
    ----------
    counts_full : array_like of int, shape (s1 + 1, …, sk + 1)
        True counts with margins, as `margins` returns them.
    suppressed : array_like of bool, same shape
        Cells withheld; all others are published.
    floor : int, optional
        What the reader knows every withheld cell to hold at least: 0, or 1 where zeros are
        known to be published.

    Returns
    -------
    numpy.ndarray of bool, same shape
        True where the published cells leave one value: because every vector of the null space
        of the lines, restricted to the withheld cells, is zero there, or because no second table
        of whole numbers of at least `floor` agrees with everything published.

    Raises
    ------
    DisclosureError
        When the counts are not whole numbers of 0 or more or do not add up to their margins, or
        `suppressed` has another shape.

    Examples
    --------
    >>> recoverable(margins([3, 20]), [True, False, False]).tolist()
    [True, False, False]
    """
    table = _whole_counts(counts_full)
    inner = table[(slice(None, -1),) * table.ndim]
    if 0 in table.shape or not np.array_equal(margins(inner), table):
        message = "The last position along each axis must hold the sums; `margins` appends them."
        raise DisclosureError([Problem(code="bad-counts", message=message)])
    hidden = _flags(suppressed, table.shape, "suppressed")
    system = _system(table, movable=hidden, floor=floor)
    unknown = np.flatnonzero(hidden)
    if not unknown.size:
        return np.zeros(table.shape, dtype=bool)
    kernel = null_space(system.lines[:, unknown].toarray())
    pinned = hidden.copy()
    pinned[unknown] = np.abs(kernel).max(axis=1, initial=0.0) < NULL
    varied = np.zeros(table.size, dtype=bool)
    for cell in np.flatnonzero(hidden & ~pinned):
        if varied[cell]:
            continue
        moves = (_programme(system, int(cell), by, np.zeros(table.size)) for by in (1, -1))
        move = next((y for y in moves if y is not None), None)
        if move is None:
            pinned[cell] = True
        else:
            varied |= move != 0
    return pinned.reshape(table.shape)


@dataclass(frozen=True, slots=True, eq=False)
class _System:
    """The lines of a table with margins, and how far each of its cells may change."""

    shape: tuple[int, ...]
    lines: csr_array
    movable: Bools
    room: Ints


def _system(table: Ints, *, movable: Bools, floor: int) -> _System:
    count = table.ravel()
    room = np.where(movable, count - np.minimum(count, floor), 0)
    return _System(table.shape, _lines(table.shape), movable, room)


def _lines(shape: tuple[int, ...]) -> csr_array:
    """One row per line along an axis, 1 for its cells and -1 for its margin, after an empty row.

    A table without axes has no lines; the empty row keeps the solvers from an empty matrix.
    """
    places = np.arange(prod(shape)).reshape(shape)
    blocks = [csr_array((1, places.size), dtype=np.int64)]
    for axis, length in enumerate(shape):
        cells = np.moveaxis(places, axis, -1).reshape(-1, length)
        signs = np.ones(cells.shape, dtype=np.int64)
        signs[:, -1] = -1
        starts = np.arange(0, cells.size + 1, length)
        blocks.append(csr_array((signs.ravel(), cells.ravel(), starts), (len(cells), places.size)))
    return csr_array(vstack(blocks))


def _cheapest(system: _System, target: int, changes: tuple[int, ...], price: Floats) -> Ints:
    """Cheapest change of the table that moves `target` by at least one of `changes`.

    A free one is found at once, so that the solver runs only where something may be given up.
    """
    best, least = np.zeros(price.size, dtype=np.int64), np.inf
    for by in changes:
        cube = _cube(system, target, by, price)
        options = [cube] if cube is not None else []
        if price.size <= PROGRAMMED_CELLS and (cube is None or _cost(cube, price) > 0):
            programmed = _programme(system, target, by, price)
            options = [programmed, *options] if programmed is not None else options
        for option in options:
            if _cost(option, price) < least:
                best, least = option, _cost(option, price)
        if least == 0:
            break
    return best


def _cost(move: Ints, price: Floats) -> float:
    return float(np.abs(move) @ price)


def _cube(system: _System, target: int, by: int, price: Floats) -> Ints | None:
    """Cheapest change by the same amount in the corners of a cube of cells, or None.

    A cube has two positions along every axis, the target's and another; the signs of its corners
    alternate, except across a margin, which goes the way its cells go. There is always one for
    an increase: a cell together with all of its margins.
    """
    corners, signs = np.zeros((1, 1), dtype=np.int64), np.ones((1, 1), dtype=np.int64)
    for length, place in zip(system.shape, np.unravel_index(target, system.shape), strict=True):
        others = np.delete(np.arange(length), place)
        turns = np.where((others == length - 1) | (place == length - 1), 1, -1)
        near = np.broadcast_to(corners[..., None] * length + place, (*corners.shape, others.size))
        far = corners[..., None] * length + others
        keep = np.broadcast_to(signs[..., None], far.shape)
        corners = np.concatenate([near, far]).reshape(2 * len(corners), -1)
        signs = np.concatenate([keep, keep * turns]).reshape(corners.shape)
    changes = signs * by
    usable = (system.movable[corners] & (changes + system.room[corners] >= 0)).all(axis=0)
    if not usable.any():
        return None
    chosen = int(np.argmin(np.where(usable, price[corners].sum(axis=0), np.inf)))
    move = np.zeros(price.size, dtype=np.int64)
    move[corners[:, chosen]] = changes[:, chosen]
    return move


def _programme(system: _System, target: int, by: int, price: Floats) -> Ints | None:
    """Cheapest change at all, in whole numbers, that moves `target` by `by` or further, or None.

    The linear programme mostly has a whole solution; where it has none, the integer one is
    solved. What comes back has been checked in integers.
    """
    low, high = -system.room.astype(float), np.where(system.movable, np.inf, 0.0)
    low[target], high[target] = (by, high[target]) if by > 0 else (low[target], by)
    if low[target] > high[target]:
        return None
    used = np.flatnonzero(system.movable)
    lines = system.lines[:, used]
    low, high = low[used], high[used]
    split = Bounds(
        np.concatenate([np.maximum(low, 0), np.maximum(-high, 0)]),
        np.concatenate([np.maximum(high, 0), np.maximum(-low, 0)]),
    )
    sums = LinearConstraint(hstack([lines, -lines], format="csc"), 0, 0)
    for whole in (0, 1):
        found = milp(
            np.tile(price[used], 2),
            integrality=np.full(2 * used.size, whole),
            bounds=split,
            constraints=sums,
            options={"node_limit": NODES, "mip_rel_gap": 0.0},
        )
        if found.x is None:
            continue
        change = np.rint(found.x[: used.size] - found.x[used.size :]).astype(np.int64)
        if not (lines @ change).any() and (low <= change).all() and (change <= high).all():
            move = np.zeros(price.size, dtype=np.int64)
            move[used] = change
            return move
    return None


def _whole_counts(counts: NDArray[Any]) -> Ints:
    values = np.asarray(counts)
    if values.dtype.kind in "iuf":
        whole = np.isfinite(values) & (values >= 0) & (values == np.floor(values))
        if whole.all():
            return values.astype(np.int64)
        found = f"found {values[~whole][0]}"
    else:
        found = f"found values of type {values.dtype}"
    message = f"Counts must be whole numbers of 0 or more; {found}."
    raise DisclosureError([Problem(code="bad-counts", message=message)])


def _flags(flags: Bools | None, shape: tuple[int, ...], name: str) -> Bools:
    if flags is None:
        return np.zeros(prod(shape), dtype=bool)
    values = np.asarray(flags)
    if values.shape != shape or values.dtype != bool:
        message = (
            f"{name} has shape {values.shape} and type {values.dtype}; expected true or false "
            f"for each of the cells with margins, shape {shape}."
        )
        raise DisclosureError([Problem(code="bad-shape", message=message)])
    return values.ravel().copy()
