"""The plan: an instrument compiled into what scoring has to do, and in which order.

A plan has two forms of one thing. `digilitt.scoring.kernel` runs it on numpy arrays;
`digilitt.scoring.expressions` writes it as stages of data-frame expressions. Both read
only what stands here, so what a score means is decided in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from digilitt.define.formats import (
    Credit,
    MultiSelectFormat,
    NumericFormat,
    OrderedFormat,
    ResponseFormat,
    possible_range,
)
from digilitt.define.instrument import Instrument
from digilitt.define.item import Gate, Item
from digilitt.define.ranges import (
    always_applicable,
    item_ranges,
    mean_range,
    pooled_items,
    score_range,
)
from digilitt.define.scale import COLUMN_OF_METRIC, Base, Metric, Norms, Scale
from digilitt.errors import DefinitionError

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

    `low` and `high` are the part's possible range; a reverse-keyed part (`key` = -1)
    counts ``low + high - score``.
    """

    name: str
    is_scale: bool
    key: int
    weight: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalePlan:
    """How the parts of one scale become its score and its band.

    Attributes
    ----------
    minimum : float
        Fewest answered parts; a share of the applicable parts where `is_share`.
    band_ids, cuts : tuple
        Band ids, and the score at which each begins, ascending.
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
    low: float
    high: float

    @property
    def metric_name(self) -> str:
        """The metric's name in results: sum_score, mean_score, pomp, linear_score, t_score."""
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
        used = {part.name for scale in self.scales for part in scale.parts if not part.is_scale}
        return tuple(item for item in self.items if item.item in used)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that scoring reads: those of scored items and of the gates before them."""
        by_name = {item.item: item for item in self.items}
        needed: dict[str, ItemPlan] = {}
        for item in self.scored_items:
            current: ItemPlan | None = item
            while current is not None and current.item not in needed:
                needed[current.item] = current
                current = by_name[current.gate.item] if current.gate else None
        return tuple(
            column for item in self.items if item.item in needed for column in item.columns
        )

    @property
    def norm_groups(self) -> tuple[str, ...]:
        """Group columns that norms need."""
        names = (scale.norms.by for scale in self.scales if scale.norms and scale.norms.by)
        return tuple(dict.fromkeys(names))


def compile_plan(instrument: Instrument) -> Plan:
    """Compile an instrument.

    Parameters
    ----------
    instrument : Instrument

    Returns
    -------
    Plan
        To be passed to `score_one` or `score_frame` instead of the instrument where many
        calls are made.

    Examples
    --------
    >>> import digilitt as dl
    >>> dl.compile_plan(dl.instrument("sus")).scales[0].column
    'sus_linear_score'
    """
    if not isinstance(instrument, Instrument):
        raise DefinitionError(
            f"found a {type(instrument).__name__} ({str(instrument)[:40]!r}); expected an "
            "instrument, such as digilitt.instrument('digilitt-core')."
        )
    ranges = item_ranges(instrument.items, instrument.formats)
    always = always_applicable(instrument.items, instrument.formats)
    by_id = {scale.id: scale for scale in instrument.scales}
    return Plan(
        instrument=instrument,
        items=tuple(_item_plan(item, instrument) for item in instrument.items),
        scales=tuple(_scale_plan(scale, by_id, ranges, always) for scale in _ordered(by_id)),
    )


def _item_plan(item: Item, instrument: Instrument) -> ItemPlan:
    response_format = instrument.format_of(item)
    low, high = possible_range(response_format)
    codes = {
        meaning: tuple(float(m.code) for m in response_format.missing if m.counts_as == meaning)
        for meaning in ("missing", "not_applicable", "wrong")
    }
    several = isinstance(response_format, MultiSelectFormat)
    keys = item.key if isinstance(item.key, tuple) else (item.key,)
    span = _span(response_format)
    lookup = () if several or span else _lookup(item, response_format)
    return ItemPlan(
        item=item.id,
        columns=instrument.columns_of(item),
        low=low,
        high=high,
        span=span,
        lookup=lookup + tuple((code, 0.0) for code in codes["wrong"] if lookup),
        missing=codes["missing"],
        not_applicable=codes["not_applicable"],
        wrong=codes["wrong"],
        keyed=tuple(option.code in keys for option in response_format.options) if several else (),
        credit=response_format.credit if isinstance(response_format, MultiSelectFormat) else None,
        gate=item.asked_if,
    )


def _span(response_format: ResponseFormat) -> tuple[float, float, bool] | None:
    """The range of answers that count themselves, where there is one (the quick case)."""
    if isinstance(response_format, NumericFormat):
        return response_format.minimum, response_format.maximum, response_format.integer
    if not isinstance(response_format, OrderedFormat):
        return None
    codes = sorted(option.code for option in response_format.options)
    plain = all(option.value == option.code for option in response_format.options)
    unbroken = all(following - code == 1 for code, following in pairwise(codes))
    return (float(codes[0]), float(codes[-1]), True) if plain and unbroken else None


def _lookup(item: Item, response_format: ResponseFormat) -> tuple[tuple[float, float], ...]:
    options = response_format.options
    if response_format.kind == "single_choice":
        return tuple((float(option.code), float(option.code == item.key)) for option in options)
    return tuple((float(option.code), option.value) for option in options)


def _ordered(by_id: dict[str, Scale]) -> list[Scale]:
    """Scales so that each stands after those it adds up; otherwise in the file's order."""
    done: dict[str, Scale] = {}

    def visit(scale: Scale) -> None:
        for inner in scale.scales:
            visit(by_id[inner])
        done.setdefault(scale.id, scale)

    for scale in by_id.values():
        visit(scale)
    return list(done.values())


def _scale_plan(
    scale: Scale,
    by_id: dict[str, Scale],
    ranges: dict[str, tuple[float, float]],
    always: frozenset[str],
) -> ScalePlan:
    low, high = score_range(scale, by_id, ranges, always)
    parts = _parts(scale, by_id, ranges, always)
    rule = scale.min_answered
    return ScalePlan(
        scale=scale.id,
        column=scale.column,
        metric=scale.metric,
        base=scale.base,
        parts=parts,
        minimum=1.0 if rule == "all" else float(rule),
        is_share=rule == "all" or isinstance(rule, float),
        prorate=scale.prorate,
        multiply=scale.linear.multiply if scale.linear else 1.0,
        add=scale.linear.add if scale.linear else 0.0,
        norms=scale.norms,
        band_ids=tuple(band.id for band in scale.bands),
        cuts=tuple(band.start for band in scale.bands),
        low=low,
        high=high,
    )


def _parts(
    scale: Scale,
    by_id: dict[str, Scale],
    ranges: dict[str, tuple[float, float]],
    always: frozenset[str],
) -> tuple[Part, ...]:
    if scale.scales and scale.combine == "scale_means":
        means = {inner: mean_range(by_id[inner], by_id, ranges, always) for inner in scale.scales}
        return tuple(
            Part(name=inner, is_scale=True, key=1, weight=1.0, low=low, high=high)
            for inner, (low, high) in means.items()
        )
    return tuple(
        Part(
            name=entry.item,
            is_scale=False,
            key=entry.key,
            weight=entry.weight,
            low=ranges[entry.item][0],
            high=ranges[entry.item][1],
        )
        for entry in pooled_items(scale, by_id)
    )


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
