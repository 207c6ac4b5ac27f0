"""The plan: an instrument compiled into what scoring has to do, and in which order.

`digilitt.scoring.compiling` makes it. A plan has two forms of one thing:
`digilitt.scoring.kernel` runs it on numpy arrays; `digilitt.scoring.expressions` writes it as
stages of data-frame expressions. Both read only what stands here, so what a score means is
decided in one place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from digilitt.define.formats import Credit
from digilitt.define.instrument import Instrument
from digilitt.define.item import Gate
from digilitt.define.scale import COLUMN_OF_METRIC, Base, Metric, Norms

# A score this close below a cut score reaches it, and a share this close to its minimum
# meets it: 0.28 * 25 is 7.000000000000001 in binary arithmetic.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPlan:
    """How the answers to one item become a score.

    Attributes
    ----------
    columns : tuple of str
        The item's column; for multi-select one 0/1 column per option.
    low, high : float
        Possible range of the score.
    span : (float, float, bool) or None
        Answers that count themselves: minimum, maximum, whether only whole numbers.
    lookup : tuple of (float, float)
        Otherwise: code and score of every answer that scores, wrong answers included.
    missing, not_applicable, wrong : tuple of float
        Missing codes, by what they count as.
    keyed : tuple of bool
        Multi-select: which options are right.
    credit : str or None
        Multi-select: the partial-credit rule.
    gate : Gate or None
        The gate before the item.
    """

    item: str
    columns: tuple[str, ...]
    low: float
    high: float
    span: tuple[float, float, bool] | None = None
    lookup: tuple[tuple[float, float], ...] = ()
    missing: tuple[float, ...] = ()
    not_applicable: tuple[float, ...] = ()
    wrong: tuple[float, ...] = ()
    keyed: tuple[bool, ...] = ()
    credit: Credit | None = None
    gate: Gate | None = None

    @property
    def missing_codes(self) -> tuple[float, ...]:
        """Codes that are no substantive answer, whatever they count as."""
        return (*self.missing, *self.not_applicable, *self.wrong)

    @property
    def may_not_apply(self) -> bool:
        """Whether the item can be outside the items that a share is taken of."""
        gated = self.gate is not None and self.gate.otherwise == "not_applicable"
        return bool(self.not_applicable) or gated


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a scale adds up: an item's score, or the mean of another scale.

    In a count a part adds 1 where it reaches a threshold and 0 where it does not.

    Attributes
    ----------
    low, high : float
        The part's possible range; a reverse-keyed part (`key` = -1) is ``low + high - score``.
    at_least : float or None
        In a count: the keyed score to reach.
    others : tuple of str
        In a count: items that do as well.
    reached, short : tuple of str
        In a count of scales by their bands: the bands that reach the threshold, and those
        below it.
    """

    name: str
    is_scale: bool
    key: int
    weight: float
    low: float
    high: float
    at_least: float | None = None
    others: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()
    short: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[str, ...]:
        """The item, and those that do as well; none for a scale."""
        return () if self.is_scale else (self.name, *self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a band asks for beside its cut score: `n` parts in one of the bands named for each."""

    n: int
    bands: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalePlan:
    """How the parts of one scale become its score and its band.

    Attributes
    ----------
    minimum : float
        Fewest answered parts; a share of the applicable parts where `is_share`.
    band_ids, cuts : tuple
        Band ids, and the score at which each begins, ascending.
    needs : tuple of tuple of Need
        What each band asks for beside its cut score; empty where none asks for anything.
    not_assessed : str
        Id of the band of those to whom no part applies; empty where there is none.
    low, high : float
        Possible range of the score.
    """

    scale: str
    column: str
    metric: Metric
    base: Base
    parts: tuple[Part, ...]
    minimum: float
    is_share: bool
    prorate: bool
    multiply: float = 1.0
    add: float = 0.0
    norms: Norms | None = None
    band_ids: tuple[str, ...] = ()
    cuts: tuple[float, ...] = ()
    needs: tuple[tuple[Need, ...], ...] = ()
    not_assessed: str = ""
    low: float
    high: float

    @property
    def all_bands(self) -> tuple[str, ...]:
        """Band ids in order, the one of those not assessed last."""
        return (*self.band_ids, self.not_assessed) if self.not_assessed else self.band_ids

    @property
    def metric_name(self) -> str:
        """The metric's name in results, such as sum_score, mean_score, pomp or count."""
        return COLUMN_OF_METRIC[self.metric]

    @property
    def total_weight(self) -> float:
        """Sum of the weights of all parts."""
        return sum(part.weight for part in self.parts)

    @property
    def shared_range(self) -> tuple[float, float] | None:
        """The possible range that all parts share, if they do."""
        ranges = {(part.low, part.high) for part in self.parts}
        return ranges.pop() if len(ranges) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A compiled instrument: items, then scales in the order in which they can be scored."""

    instrument: Instrument
    items: tuple[ItemPlan, ...]
    scales: tuple[ScalePlan, ...]

    def item(self, name: str) -> ItemPlan:
        """The plan of one item."""
        return next(item for item in self.items if item.item == name)

    def scale(self, name: str) -> ScalePlan:
        """The plan of one scale."""
        return next(scale for scale in self.scales if scale.scale == name)

    @property
    def scored_items(self) -> tuple[ItemPlan, ...]:
        """Items that some scale adds up, in item order."""
        used = {name for scale in self.scales for part in scale.parts for name in part.items}
        return tuple(item for item in self.items if item.item in used)

    @property
    def read_items(self) -> tuple[ItemPlan, ...]:
        """Items that scoring reads: the scored ones and the gates before them, in item order."""
        return self._with_gates(item.item for item in self.scored_items)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that scoring reads."""
        return tuple(column for item in self.read_items for column in item.columns)

    def items_of(self, scale: ScalePlan) -> tuple[ItemPlan, ...]:
        """Items that one scale rests on, through inner scales and gates, each once."""
        names = set()
        for part in scale.parts:
            inner = self.items_of(self.scale(part.name)) if part.is_scale else ()
            names |= {*part.items, *(item.item for item in inner)}
        return self._with_gates(names)

    def _with_gates(self, names: Iterable[str]) -> tuple[ItemPlan, ...]:
        by_name = {item.item: item for item in self.items}
        needed: set[str] = set()
        for name in names:
            current: ItemPlan | None = by_name[name]
            while current is not None and current.item not in needed:
                needed.add(current.item)
                current = by_name[current.gate.item] if current.gate else None
        return tuple(item for item in self.items if item.item in needed)

    @property
    def norm_groups(self) -> tuple[str, ...]:
        """Group columns that norms need."""
        names = (scale.norms.by for scale in self.scales if scale.norms and scale.norms.by)
        return tuple(dict.fromkeys(names))


def expected(item: ItemPlan) -> str:
    """What an item allows, in words: ``1 to 5 or a missing code (66, 99)``."""
    if item.credit:
        answers = "0 or 1"
    elif item.span is not None:
        low, high, whole = item.span
        answers = f"{'' if whole else 'a number from '}{low:g} to {high:g}"
    else:
        codes = [code for code, _ in item.lookup if code not in item.wrong]
        answers = ", ".join(f"{code:g}" for code in codes)
    missing = sorted(item.missing_codes)
    if not missing:
        return answers
    return f"{answers} or a missing code ({', '.join(f'{code:g}' for code in missing)})"
