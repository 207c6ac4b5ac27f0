"""What a reader must know of a search for partial invariance, and of the ladder that it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from digilitt.errors import counted
from digilitt.evidence.invariance_result import Invariance
from digilitt.numerics.partial_search import SearchRule
from digilitt.result import Caveat

# Why a search stopped before the step was good enough.
NOT_ENOUGH = {
    "no-significant-candidate": "no single parameter stands out any more",
    "share-reached": "what stands out belongs to items of which too many would differ",
    "no-candidates": "nothing is left that could be freed",
    "not-estimated": "the model with one more parameter free could not be estimated",
}
SEARCH = (
    "step-before-rejected",
    "step-still-rejected",
    "candidate-stands-out",
    "chosen-by-search",
    "one-equal-item",
)


def search_caveats(
    rule: SearchRule, step: str, rejected: str, last: pd.Series, n_tests: int, n_freed: int
) -> Iterator[Caveat]:
    """What there is to say of a search.

    Parameters
    ----------
    rule : SearchRule
    step : str
    rejected : str
        The step before, if it does not hold itself; else empty.
    last : pandas.Series
        The last round.
    n_tests : int
        Score tests of that round.
    n_freed : int
    """
    if rejected:
        message = (
            f"the step before, {rejected}, does not hold itself, and this search takes it as it "
            f"is. Search {rejected} first, and pass the .invariance of that search on."
        )
        yield Caveat(code="step-before-rejected", where=rejected, message=message)
    reason = last["decision"]
    if reason == "no-significant-candidate" and rule.stop == "score-test":
        if last["p_diff"] < rule.alpha:
            message = (
                "no single parameter stands out any more, and still the step as a whole is "
                f"rejected (p {_written(last['p_diff'])})."
            )
            yield Caveat(code="step-still-rejected", where=step, message=message)
    elif reason in NOT_ENOUGH:
        message = f"the step still does not hold by the rule chosen: {NOT_ENOUGH[reason]}."
        yield Caveat(code="step-still-rejected", where=step, message=message)
    # Without a correction one of many is nearly always significant.
    corrected = last["p_adjusted"] if rule.correction != "none" else last["p_value"] * n_tests
    if reason == "difference-not-significant" and corrected < rule.alpha:
        message = (
            f"the step as a whole is not rejected, but {last['parameter']} stands out (corrected "
            f"p {_written(corrected)}): with many equalities one large difference is diluted. "
            "Free it by partial=, or use stop='score-test'."
        )
        yield Caveat(code="candidate-stands-out", where=step, message=message)
    if n_freed:
        message = (
            f"{counted(n_freed, 'parameter')} chosen by a search in the same data: "
            "another sample may free others, and p values after a search are too small."
        )
        yield Caveat(code="chosen-by-search", where=step, message=message)


def _written(p_value: float) -> str:
    return "< 0.0001" if p_value < 0.0001 else f"{p_value:.2g}"


def carried(found: Invariance, step: str, own: Sequence[Caveat]) -> list[Caveat]:
    """Caveats of earlier searches that still hold after one of this step."""
    return [
        each
        for each in found.caveats
        if each.code in SEARCH
        and each not in own
        and (each.code == "chosen-by-search" or each.where != step)
        # A search tells this of all that is free, whoever freed it.
        and each.code != "one-equal-item"
    ]


def without_search(found: Invariance) -> list[Caveat]:
    """Caveats of a ladder but those of searches: of what is computed from its first step."""
    return [each for each in found.caveats if each.code not in SEARCH]
