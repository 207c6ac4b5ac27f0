"""Hypothesis strategies: instruments of every kind, and answers to them, right and wrong.

Definitions are plain dictionaries, as a TOML file gives them: `digilitt.define` makes
instruments of them, and `tests.oracle` reads them as they stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from digilitt.define.instrument import Instrument
from tests import oracle

Row = dict[str, float | None]

MISSING_POOL = (-99, -9, -8, 66, 77, 99, 250)
STRANGE_NUMBERS = (
    *(-1.0, 0.0, -0.0, 1.0, 2.0, 2.5, 6.0, 7.0, 55.0, 98.0, 101.0, 0.999999, 4.999999999),
    *(1e9, 9007199254740993.0, -(2.0**62), math.inf, -math.inf, 5e-324, 1.7e308),
)
GROUPS = ("kvinna", "man", "annat", None)


def text(name: str) -> dict[str, str]:
    """A text in both languages."""
    return {"sv": f"{name} på svenska", "en": f"{name} in English"}


def _options(codes: list[int], scores: list[float] | None = None) -> list[dict[str, Any]]:
    made = [{"code": code, **text(f"option {code}")} for code in codes]
    if scores:
        made = [{**option, "score": score} for option, score in zip(made, scores, strict=True)]
    return made


@st.composite
def _rated(draw: st.DrawFn) -> dict[str, Any]:
    """Ordered and frequency formats: plain, with gaps, with scores of their own."""
    kind = draw(st.sampled_from(["ordered", "frequency"]))
    n = draw(st.integers(2, 7))
    style = draw(st.sampled_from(["plain", "plain", "gaps", "scores"]))
    if style == "plain":
        first = draw(st.integers(-2, 1))
        return {"kind": kind, "options": _options(list(range(first, first + n)))}
    codes = draw(st.lists(st.integers(0, 20), min_size=n, max_size=n, unique=True))
    if style == "gaps":
        return {"kind": kind, "options": _options(codes)}
    scores = st.sampled_from([0.0, 0.5, 1.0, 2.5, -1.0, 0.1])
    drawn = draw(st.lists(scores, min_size=n, max_size=n).filter(lambda s: len(set(s)) > 1))
    return {"kind": kind, "options": _options(codes, drawn)}


@st.composite
def _keyed(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["single_choice", "multi_select"]))
    codes = draw(st.lists(st.integers(0, 9), min_size=2, max_size=4, unique=True))
    made: dict[str, Any] = {"kind": kind, "options": _options(codes)}
    if kind == "multi_select":
        rules = ["all_or_nothing", "proportion_correct", "right_minus_wrong"]
        made["credit"] = draw(st.sampled_from(rules))
    return made


BINARY = st.sampled_from([([0, 1], None), ([1, 2], [1.0, 0.0]), ([1, 0], [0.0, 1.0])]).map(
    lambda pair: {"kind": "binary", "options": _options(*pair)}
)
NUMERIC = st.sampled_from(
    [(0, 100, True), (0, 100, False), (1, 10, True), (-2.5, 2.5, False), (0.1, 0.9, False)]
).map(lambda n: {"kind": "numeric", "minimum": n[0], "maximum": n[1], "integer": n[2]})


def _takes_wrong(made: Mapping[str, Any]) -> bool:
    return made["kind"] in ("single_choice", "multi_select", "binary")


@st.composite
def formats(draw: st.DrawFn) -> dict[str, Any]:
    """One response format with up to three missing codes."""
    made = draw(st.one_of(_rated(), _rated(), BINARY, NUMERIC, _keyed(), _keyed()))
    meanings = ["missing", "not_applicable", *(["wrong"] if _takes_wrong(made) else [])]
    pool = [code for code in MISSING_POOL if not oracle.is_answer(made, code)]
    codes = draw(st.lists(st.sampled_from(pool), max_size=3, unique=True))
    made["missing"] = [
        {"code": code, "counts_as": draw(st.sampled_from(meanings)), **text(f"missing {code}")}
        for code in codes
    ]
    return made


def _can_be_wrong(item: Mapping[str, Any], made: Mapping[str, Any]) -> bool:
    meanings = {missing["counts_as"] for missing in made["missing"]}
    meanings.add(item.get("asked_if", {}).get("otherwise", ""))
    return made["kind"] in ("single_choice", "multi_select") or "wrong" in meanings


@st.composite
def _items(draw: st.DrawFn, made: Mapping[str, Any], max_items: int) -> list[dict[str, Any]]:
    n_items = draw(st.integers(1, max_items))
    items: list[dict[str, Any]] = []
    for number in range(1, n_items + 1):
        name = draw(st.sampled_from(sorted(made)))
        item: dict[str, Any] = {"id": f"i{number}", "format": name, "text": text(f"item {number}")}
        kind, codes = made[name]["kind"], _codes(made[name])
        if kind == "single_choice":
            item["key"] = draw(st.sampled_from(codes))
        if kind == "multi_select":
            item["key"] = draw(st.lists(st.sampled_from(codes), min_size=1, unique=True))
        gates = [before for before in items if _gate_codes(made[before["format"]])]
        if gates and draw(st.sampled_from([False, False, True])):
            item["asked_if"] = draw(_gate(draw(st.sampled_from(gates)), made, name))
        items.append(item)
    # A gate need not stand before the items that it opens.
    return draw(st.permutations(items))


@st.composite
def _gate(
    draw: st.DrawFn, before: Mapping[str, Any], made: Mapping[str, Any], name: str
) -> dict[str, Any]:
    codes = _gate_codes(made[before["format"]])
    meanings = ["missing", "not_applicable", *(["wrong"] if _takes_wrong(made[name]) else [])]
    any_of = draw(
        st.lists(st.sampled_from(sorted(set(codes))), min_size=1, max_size=3, unique=True)
    )
    gate = {"item": before["id"], "any_of": any_of}
    return {**gate, "otherwise": draw(st.sampled_from(meanings))}


def _gate_codes(made: Mapping[str, Any]) -> list[int]:
    """Answers that can open a gate; none for multi-select, which has no single answer."""
    if made["kind"] == "multi_select":
        return []
    return [code for code in (*_codes(made), 0, 1, 2, 50) if oracle.is_answer(made, code)]


def _codes(made: Mapping[str, Any]) -> list[int]:
    return [option["code"] for option in made.get("options", ())]


@st.composite
def _parts(draw: st.DrawFn, definition: Mapping[str, Any]) -> list[Any]:
    items = oracle.by_id(definition, "items")
    chosen = draw(st.lists(st.sampled_from(sorted(items)), min_size=1, unique=True))
    parts: list[Any] = []
    weighted = draw(st.booleans())
    for name in chosen:
        made = definition["formats"][items[name]["format"]]
        reverse = not _can_be_wrong(items[name], made) and draw(st.booleans())
        if weighted:
            weight = draw(st.sampled_from([1.0, 2.0, 0.5, 0.1, 3.7]))
            parts.append({"item": name, "key": -1 if reverse else 1, "weight": weight})
        else:
            parts.append(f"-{name}" if reverse else name)
    return parts


def _pools(definition: Mapping[str, Any], names: list[str]) -> bool:
    """Whether no item stands in two of these scales."""
    scales = oracle.by_id(definition, "scales")
    pooled = [
        entry.name
        for name in names
        for entry in oracle.entries(definition, {"scales": [name], "id": ""})
    ]
    return bool(scales) and len(pooled) == len(set(pooled))


@st.composite
def _scale(draw: st.DrawFn, name: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    scale: dict[str, Any] = {"id": name, "title": text(name)}
    known = [inner["id"] for inner in definition["scales"] if inner["metric"] != "count"]
    if known and draw(st.booleans()):
        scale["scales"] = draw(
            st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True)
        )
        if not _pools(definition, scale["scales"]) or draw(st.booleans()):
            scale["combine"] = "scale_means"
    else:
        scale["items"] = draw(_parts(definition))
    if draw(st.integers(0, 3)) == 0:
        return draw(_count(name, definition))
    scale |= draw(_metrics(pomp=_is_even(definition, scale)))
    n_parts = len(oracle.entries(definition, scale))
    shares = st.sampled_from([0.5, 0.7, 0.75, 0.3333333333333333, 0.6666666666666667, 0.01, 0.99])
    scale["min_answered"] = draw(st.one_of(st.just("all"), shares, st.integers(1, n_parts)))
    if draw(st.booleans()):
        scale["bands"] = draw(_bands(_ends(definition, scale)))
    return scale


@st.composite
def _count(draw: st.DrawFn, name: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    """A scale that counts items, or scales by their bands, if there are any to count."""
    scale: dict[str, Any] = {"id": name, "title": text(name), "metric": "count"}
    banded = [inner for inner in definition["scales"] if len(inner.get("bands", ())) > 1]
    first = [band["id"] for band in draw(st.sampled_from(banded))["bands"]] if banded else []
    shared = [inner for inner in banded if [b["id"] for b in inner["bands"]] == first]
    if shared and draw(st.booleans()):
        chosen = draw(st.lists(st.sampled_from(shared), min_size=1, unique_by=id))
        scale |= {"scales": [inner["id"] for inner in chosen], "combine": "bands"}
        scale["at_least"] = draw(st.sampled_from(first[1:]))
        n_parts, all_optional = len(chosen), all("not_assessed" in inner for inner in chosen)
    else:
        scale["items"], scale["at_least"] = draw(_activities(definition))
        n_parts = len(scale["items"])
        all_optional = not _always(definition, scale["items"])
    shares = st.sampled_from([0.5, 0.7, 0.01, 0.99])
    scale["min_answered"] = draw(st.one_of(st.just("all"), shares, st.integers(1, n_parts)))
    if draw(st.booleans()):
        cuts = [0, *draw(st.lists(st.integers(1, n_parts), max_size=3, unique=True).map(sorted))]
        scale["bands"] = [{"id": f"b{k}", "from": c, **text(f"b {k}")} for k, c in enumerate(cuts)]
        last = scale["bands"][-1]["from"]
        # Where the band before would be empty, a definition is refused.
        passed_over = scale["at_least"] == first[-1] and last == n_parts if first else True
        if scale.get("combine") and not passed_over and draw(st.booleans()):
            needs = {first[-1]: n_parts}
            scale["bands"].append({"id": "top", "from": last, "needs": needs, **text("top")})
        if all_optional:
            scale["not_assessed"] = {"id": "na", **text("not assessed")}
    return scale


@st.composite
def _activities(draw: st.DrawFn, definition: Mapping[str, Any]) -> tuple[list[Any], float]:
    """Items to count, some of them with others that do as well, and a score that all can reach."""
    items = [item["id"] for item in definition["items"]]
    first = draw(st.sampled_from(items))
    low, high = oracle.item_range(definition, first)
    threshold = float(draw(st.sampled_from([high, (low + high) / 2])))
    fitting = []
    for name in items:
        ends = oracle.item_range(definition, name)
        if ends[0] < Fraction(threshold) <= ends[1]:
            fitting.append(name)
    chosen = draw(st.permutations(fitting))
    parts: list[Any] = []
    while chosen:
        n = draw(st.sampled_from([1, 1, 1, 2, 3]))
        (name, *others), chosen = chosen[:n], chosen[n:]
        reverse = not others and draw(st.booleans()) and not _keyed_item(definition, name)
        plain: Any = f"-{name}" if reverse else name
        parts.append({"item": name, "or_any_of": others} if others else plain)
    return parts, threshold


def _keyed_item(definition: Mapping[str, Any], name: str) -> bool:
    item = oracle.by_id(definition, "items")[name]
    return _can_be_wrong(item, definition["formats"][item["format"]])


def _always(definition: Mapping[str, Any], parts: list[Any]) -> bool:
    """Whether something that is counted applies to everybody."""
    listed = [oracle.entry_of(part) for part in parts]
    for name in (name for one in listed for name in (one.name, *one.others)):
        item = oracle.by_id(definition, "items")[name]
        codes = definition["formats"][item["format"]]["missing"]
        gated = item.get("asked_if", {}).get("otherwise") == "not_applicable"
        if not gated and all(code["counts_as"] != "not_applicable" for code in codes):
            return True
    return False


def _is_even(definition: Mapping[str, Any], scale: Mapping[str, Any]) -> bool:
    """Whether the means that a scale adds up have one possible range, whatever was answered."""
    if scale.get("combine") != "scale_means":
        return True
    scales = oracle.by_id(definition, "scales")
    for name in scale["scales"]:
        parts = oracle.entries(definition, scales[name])
        ranges = {oracle.part_range(definition, scales[name], part) for part in parts}
        if len(ranges) > 1 or not _is_even(definition, scales[name]):
            return False
    return True


@st.composite
def _metrics(draw: st.DrawFn, *, pomp: bool) -> dict[str, Any]:
    metric = draw(st.sampled_from(["sum", "mean", "linear", "t", *(["pomp"] if pomp else [])]))
    made: dict[str, Any] = {"metric": metric}
    base = draw(st.sampled_from(["sum", "mean"]))
    if metric == "linear":
        multiply, add = st.sampled_from([2.5, -1.0, 0.1]), st.sampled_from([-25.0, 0.0, 1.3])
        made["linear"] = {"base": base, "multiply": draw(multiply), "add": draw(add)}
    if metric == "t":
        by = draw(st.sampled_from(["", "sex"]))
        groups = draw(st.sampled_from([["kvinna"], ["man", "kvinna"]])) if by else [""]
        means, sds = st.sampled_from([0.0, 3.1, 20.0]), st.sampled_from([0.6, 1.7, 10.0])
        table = [{"group": group, "mean": draw(means), "sd": draw(sds)} for group in groups]
        made["norms"] = {"base": base, "source": "made up", "by": by, "table": table}
    if metric == "sum" or (metric == "linear" and base == "sum"):
        made["prorate"] = draw(st.booleans())
    return made


def _ends(definition: Mapping[str, Any], scale: Mapping[str, Any]) -> list[Fraction]:
    """Scores of those who answer every part at its lowest, or every part at its highest."""
    if scale["metric"] == "pomp":
        return [Fraction(0), Fraction(100)]
    parts = oracle.entries(definition, scale)
    ranges = [oracle.part_range(definition, scale, part) for part in parts]
    weights = [part.weight for part in parts]
    wholes = [sum(w * ends[k] for w, ends in zip(weights, ranges, strict=True)) for k in (0, 1)]
    norms = scale.get("norms", {})
    alike = [{**norms, "by": "", "table": [row]} for row in norms.get("table", [{}])]
    return [
        oracle.transformed({**scale, "norms": row}, whole, whole / sum(weights))
        for whole in wholes
        for row in alike
    ]


@st.composite
def _bands(draw: st.DrawFn, ends: list[Fraction]) -> list[dict[str, Any]]:
    # With answers missing a score can lie lower still, so the first band begins far below.
    low, high = min(ends), max(ends)
    first = low if ends == [0, 100] else low - 1000
    steps = draw(st.sampled_from([2, 3, 4, 8, 10]))
    inner = draw(st.lists(st.integers(1, steps), max_size=3, unique=True).map(sorted))
    cuts = [float(first), *(float(low + (high - low) * Fraction(step, steps)) for step in inner)]
    return [{"id": f"b{k}", "from": cut, **text(f"band {k}")} for k, cut in enumerate(cuts)]


@st.composite
def definitions(draw: st.DrawFn, *, max_items: int = 6, max_scales: int = 4) -> dict[str, Any]:
    """A valid instrument as the dictionary that its TOML file would give."""
    made = {f"f{k}": draw(formats()) for k in range(draw(st.integers(1, 3)))}
    definition: dict[str, Any] = {
        "id": "made-up",
        "version": "1.0",
        "status": "pilot",
        "languages": ["sv", "en"],
        "title": text("made up"),
        "licence": "MIT",
        "formats": made,
        "items": draw(_items(made, max_items)),
        "scales": [],
    }
    for number in range(1, draw(st.integers(1, max_scales)) + 1):
        definition["scales"].append(draw(_scale(f"s{number}", definition)))
    definition["scales"] = draw(st.permutations(definition["scales"]))
    return definition


def valid_cells(made: Mapping[str, Any]) -> list[float]:
    """Substantive answers in a format; 0 and 1 for the columns of a multi-select item."""
    if made["kind"] == "multi_select":
        return [0.0, 1.0]
    if made["kind"] != "numeric":
        return [float(option["code"]) for option in made["options"]]
    low, high = made["minimum"], made["maximum"]
    grid = [low, high, *(low + (high - low) * k / 10 for k in range(1, 10))]
    return [float(round(cell)) if made["integer"] else float(cell) for cell in grid]


def _pool(
    made: Mapping[str, Any], *, whole: bool, blank: bool, invalid: bool
) -> list[float | None]:
    missing: list[float | None] = [float(code["code"]) for code in made.get("missing", ())]
    good = valid_cells(made)
    pool = [*good * 3, *missing, *([None] if blank else [])]
    if invalid:
        codes = {*good, *missing}
        pool += [cell for cell in STRANGE_NUMBERS if cell not in codes]
    # A negative zero is the code 0.
    pool += [-0.0] if 0.0 in good else []
    return [c for c in pool if not whole or c is None or (abs(c) < 2**60 and c == int(c))]


def _cells(
    definition: Mapping[str, Any], *, whole: bool, blank: bool, invalid: bool
) -> Iterator[tuple[list[str], st.SearchStrategy[list[float | None]]]]:
    for item in definition["items"]:
        made = definition["formats"][item["format"]]
        columns = oracle.item_columns(definition, item)
        pool = _pool(made, whole=whole, blank=blank, invalid=invalid)
        cell, n = st.sampled_from(pool or [0.0]), len(columns)
        several = st.lists(cell, min_size=n, max_size=n)
        if n > 1:
            ticks = st.lists(st.sampled_from([0.0, 1.0]), min_size=n, max_size=n)
            alike = cell.map(lambda one, n=n: [one] * n)
            several = st.one_of(ticks, ticks, alike, several)
        yield columns, several


@st.composite
def tables(
    draw: st.DrawFn,
    definition: Mapping[str, Any],
    *,
    whole: bool = False,
    blank: bool = True,
    invalid: bool = True,
    max_rows: int = 5,
) -> list[Row]:
    """Rows of codes by column, None where blank.

    `whole` leaves only whole numbers that fit int64, without `blank` every cell is filled, and
    without `invalid` every cell holds an option or a missing code.
    """
    cells = list(_cells(definition, whole=whole, blank=blank, invalid=invalid))
    rows: list[Row] = []
    for _ in range(draw(st.integers(0, max_rows))):
        row: Row = {}
        for columns, several in cells:
            row.update(zip(columns, draw(several), strict=True))
        rows.append(row)
    return rows


AGREE5: dict[str, Any] = {
    "kind": "ordered",
    "options": [
        {"code": 1, "sv": "Instämmer inte alls", "en": "Strongly disagree"},
        {"code": 2, "sv": "Instämmer inte", "en": "Disagree"},
        {"code": 3, "sv": "Varken eller", "en": "Neither"},
        {"code": 4, "sv": "Instämmer", "en": "Agree"},
        {"code": 5, "sv": "Instämmer helt", "en": "Strongly agree"},
    ],
    "missing": [
        {"code": 77, "counts_as": "not_applicable", "sv": "Gör inte detta", "en": "Not my task"},
        {"code": 99, "counts_as": "missing", "sv": "Vill inte svara", "en": "Prefer not to say"},
    ],
}
QUIZ: dict[str, Any] = {
    "kind": "multi_select",
    "credit": "proportion_correct",
    "options": [
        {"code": 1, "sv": "A på svenska", "en": "A"},
        {"code": 2, "sv": "B på svenska", "en": "B"},
        {"code": 3, "sv": "C på svenska", "en": "C"},
    ],
    "missing": [{"code": 98, "counts_as": "wrong", "sv": "Vet inte", "en": "Do not know"}],
}


def small(
    items: Mapping[str, str | Mapping[str, Any]],
    *scales: Mapping[str, Any],
    formats: Mapping[str, Any] | None = None,
) -> Instrument:
    """A small instrument, made of a `small_definition`."""
    return Instrument(**small_definition(items, *scales, formats=formats))


def small_definition(
    items: Mapping[str, str | Mapping[str, Any]],
    *scales: Mapping[str, Any],
    formats: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The dictionary of a small instrument.

    Items by id, each a format's name or a table; and its scales. Formats are "agree"
    (`AGREE5`) and "quiz" (`QUIZ`) unless given.
    """
    known = formats or {"agree": AGREE5, "quiz": QUIZ}
    entries = {name: {"format": i} if isinstance(i, str) else dict(i) for name, i in items.items()}
    return {
        "id": "small",
        "version": "1.0",
        "status": "pilot",
        "languages": ["sv", "en"],
        "title": text("small"),
        "licence": "MIT",
        "formats": {name: known[name] for name in {e["format"] for e in entries.values()}},
        "items": [{"id": name, "text": text(name), **entry} for name, entry in entries.items()],
        "scales": [{"title": text(scale["id"]), **scale} for scale in scales],
    }
