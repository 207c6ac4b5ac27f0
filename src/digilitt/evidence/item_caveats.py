"""What limits an item analysis: said of each scale and group, with the items it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from digilitt.errors import counted
from digilitt.evidence.item_parts import FEWEST, MOST_OPTIONS, ItemPart
from digilitt.numerics.moments import alpha, item_rest, item_rest_smc
from digilitt.result import Caveat


def part_caveats(part: ItemPart) -> Iterator[Caveat]:
    """Limits of the data behind one part, each with the items it is about."""
    yield from _answer_caveats(part)
    yield from _relation_caveats(part)
    if part.data.ranges is None:
        message = (
            "nobody said which answers are possible, so floor and ceiling are shares at the "
            "lowest and the highest answer found."
        )
        yield Caveat(code="range-observed", message=message)
    listed = [known is not None for known in part.levels]
    if many := _named(part, [not known for known in listed]):
        message = f"more than {MOST_OPTIONS} different answers, which are not listed: {many}."
        yield Caveat(code="many-answers", where=part.where, message=message)


def _answer_caveats(part: ItemPart) -> Iterator[Caveat]:
    own = part.moments
    if nobody := _named(part, own.n == 0):
        message = f"nobody answered {nobody}; leave it out to see how the others go together."
        yield Caveat(code="item-unanswered", where=part.where, message=message)
    if alike := _named(part, (own.n > 1) & (own.low == own.high)):
        message = f"all answers are alike, so there is nothing to correlate: {alike}."
        yield Caveat(code="no-variance", where=part.where, message=message)
    if one := _named(part, own.n == 1):
        message = f"one person answered, so there is no spread: {one}."
        yield Caveat(code="one-answer", where=part.where, message=message)


def _relation_caveats(part: ItemPart) -> Iterator[Caveat]:
    n, persons, n_items = int(part.n_related.min()), part.data.n_persons, len(part.data.items)
    if n_items < FEWEST:
        lacking = " and a correlation with the rest one other" if n_items == 1 else ""
        message = f"{counted(n_items, 'item')}: alpha without an item needs two others{lacking}."
        yield Caveat(code="too-few-items", where=part.where, message=message)
    listwise = part.deletion == "listwise"
    every = "every item" if listwise else "both items of some pair"
    if n < FEWEST:
        message = (
            f"{counted(n, 'person')} answered {every}; what relates items to one another needs "
            f"{FEWEST} or more."
        )
        yield Caveat(code="too-few-persons", where=part.where, message=message)
        return
    if n < persons:
        message = (
            f"{persons - n} of {counted(persons, 'person')} did not answer {every} and are "
            f"{'left out of' if listwise else 'missing from'} what relates items to one another."
        )
        yield Caveat(code="persons-left-out", where=part.where, message=message)
    if n_items > 1:
        yield from _spread_caveats(part)


def _spread_caveats(part: ItemPart) -> Iterator[Caveat]:
    """Why a correlation or alpha is not there though enough persons answered."""
    covariance, alike = part.related.covariance, part.moments.low == part.moments.high
    pairs = np.isnan(part.related.correlation) & ~alike & ~alike[:, None]
    if names := _named(part, pairs.any(axis=0)):
        message = (
            "have a variance, but not among the persons who answered the other items too, so "
            f"some correlations are not there: {names}."
        )
        yield Caveat(code="no-variance", where=part.where, message=message)
    rest = item_rest(covariance)
    unvaried = np.isnan(rest) & (np.diag(covariance) > 0)
    unsorted = any(part.keyed) and part.spread == 0
    if np.isnan(alpha(covariance)) or unvaried.any() or unsorted:
        names = _named(part, unvaried)
        message = (
            "the sum of the items, or of all but one, does not vary, or by pairwise deletion its "
            f"variance is not above 0{f', for {names}' if names else ''}; what rests on it is not "
            "there."
        )
        yield Caveat(code="no-total", where=part.where, message=message)
    flat = np.isnan(part.related.correlation).any()
    if np.isnan(item_rest_smc(covariance)).any() and not flat:
        message = (
            "item_rest_smc is not there: an item is determined by the others, or what the items "
            "share adds up to 0 or less."
        )
        yield Caveat(code="no-common-variance", where=part.where, message=message)
    if names := _named(part, rest < 0):
        message = (
            f"correlated negatively with the sum of the others: {names}. Is the key right, and "
            "do they belong to the scale?"
        )
        yield Caveat(code="item-rest-negative", where=part.where, message=message)


def _named(part: ItemPart, chosen: Iterable[object]) -> str:
    pairs = zip(part.data.items, chosen, strict=True)
    return ", ".join(name for name, is_one in pairs if is_one)
