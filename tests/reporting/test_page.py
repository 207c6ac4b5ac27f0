"""The page: well-formed, accessible, self-contained, and true to the content, whatever the data."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from digilitt.define.catalogue import instrument, instruments, sample
from digilitt.define.instrument import Instrument
from digilitt.disclosure import Disclosure
from digilitt.interchange.answers import read_responses
from digilitt.reporting import wording
from digilitt.reporting.render import report
from digilitt.reporting.texts import texts
from digilitt.reporting.views import Words
from digilitt.scoring.participation import participation
from digilitt.scoring.scores import score
from digilitt.scoring.simulation import simulate
from tests.reporting.make import LEVELS, cohort, definition, scale, scored, text
from tests.reporting.page import grid, parsed

FIVE = Disclosure(min_n=5)
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
SV_NUMBER = re.compile(r"−?\d{1,3}(\u00a0\d{3})*(,\d+)?(\u00a0%( \(\d{1,3}(\u00a0\d{3})*\))?)?")
EN_NUMBER = re.compile(r"−?\d{1,3}(,\d{3})*(\.\d+)?(%( \(\d{1,3}(,\d{3})*\))?)?")
MARKS = ("..", "–")


def check_page(page: str, language: str) -> None:
    """What holds for every page."""
    assert page.startswith("<!DOCTYPE html>\n<html")
    tree = parsed(page)
    assert tree.first("html").attrs["lang"] == language
    assert tree.first("title").text == tree.first("h1").text
    check_headings(tree)
    check_references(tree)
    check_tables(tree, SV_NUMBER if language == "sv" else EN_NUMBER)
    check_drawings(tree)
    check_self_contained(tree, page)


def check_headings(tree) -> None:
    depths = [int(node.tag[1]) for node in tree.all(*HEADINGS)]
    assert depths.count(1) == 1
    assert depths[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(depths))
    assert all(node.text for node in tree.all(*HEADINGS))


def check_references(tree) -> None:
    ids = [node.attrs["id"] for node in tree.every() if "id" in node.attrs]
    assert len(set(ids)) == len(ids)
    links = [node.attrs["href"] for node in tree.all("a")]
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    assert links[0] == "#content"
    for node in tree.every():
        for name in (node.attrs.get("aria-labelledby") or "").split():
            assert name in ids
        assert not any(name.startswith("on") for name in node.attrs)
        if "url(" in (node.attrs.get("fill") or ""):
            assert node.attrs["fill"] == "url(#hatch)"
            assert "hatch" in ids


def check_tables(tree, number: re.Pattern[str]) -> None:
    tables = tree.all("table")
    assert tables
    for table in tables:
        assert table.children[0].tag == "caption"
        assert table.children[0].text
        assert grid(table)
        for head in table.first("thead").all("th"):
            assert head.attrs["scope"] in ("col", "colgroup")
        for row in table.first("tbody").all("tr"):
            assert row.children[0].tag == "th"
            assert all(node.attrs["scope"] == "row" for node in row.all("th"))
            if "words" not in (table.attrs.get("class") or ""):
                for cell in row.all("td"):
                    known = cell.all("svg") or cell.text in MARKS or "–" in cell.text
                    assert known or number.fullmatch(cell.text), cell.text
        assert len({tuple(row) for row in grid(table)}) > 1


def check_drawings(tree) -> None:
    for drawing in tree.all("svg"):
        if drawing.attrs.get("aria-hidden") == "true":
            continue
        assert drawing.attrs["role"] == "img"
        title, described = drawing.first("title"), drawing.first("desc")
        assert drawing.attrs["aria-labelledby"].split() == [
            title.attrs["id"],
            described.attrs["id"],
        ]
        assert title.text
        assert described.text
        ends = [0.0]
        for part in drawing.all("rect"):
            if part.attrs.get("class") == "frame":
                continue
            start, width = (float(part.attrs[name].rstrip("%")) for name in ("x", "width"))
            assert start == pytest.approx(ends[-1], abs=0.01)
            ends.append(start + width)
        assert ends[-1] == pytest.approx(100, abs=0.01) or len(ends) == 1
    for mark in [node for node in tree.all("span") if node.attrs.get("class") == "mark"]:
        assert mark.attrs["role"] == "img"
        assert mark.attrs["aria-label"]


def check_self_contained(tree, page: str) -> None:
    assert not tree.all("link", "img", "iframe", "object", "embed", "base", "form")
    assert not [node for node in tree.every() if "src" in node.attrs or "style" in node.attrs]
    assert "@import" not in page
    (script,) = tree.all("script")
    assert script.attrs["type"] == "application/json"
    assert json.loads(script.text)["digilitt"]


@pytest.fixture(scope="module")
def core():
    responses = read_responses(
        sample("digilitt-core"),
        instrument("digilitt-core"),
        person="person",
        wave="wave",
        groups=["municipality", "sex"],
    )
    return score(responses)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("by", [(), "municipality", ["municipality", "sex"]])
def test_the_shipped_sample(core, language, by):
    check_page(report(core, by=by, language=language, disclosure=FIVE).html(), language)


@pytest.mark.parametrize("name", sorted(instruments()))
@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_shipped_instrument(name, language):
    inst = instrument(name)
    has_waves = "wave" in sample(name).read_text(encoding="utf-8-sig").splitlines()[0]
    wave = "wave" if has_waves else None
    scores = score(read_responses(sample(name), inst, person="person", wave=wave))
    page = report(scores, language=language, disclosure=FIVE).html()
    check_page(page, language)
    said = parsed(page).by_id("content").text
    for section in inst.scales:
        assert section.title.to(language) in said
        for band in section.bands:
            assert band.label.to(language) in said
    for words in (inst.licence, inst.source, *inst.notes):
        assert " ".join(words.split()) in said


HOSTILE = "<script>alert(1)</script>"
NAMES = [HOSTILE, "=cmd|' /C calc'!A0", '"><img src=x onerror=alert(1)>', "&amp;", "A'B", "Å" * 300]


@pytest.mark.parametrize("language", ["sv", "en"])
def test_text_from_data_stays_text(language):
    frame = cohort(dict.fromkeys(NAMES, 8), [HOSTILE, "</title>2"]).rename(
        columns={"place": "<b>place</b>"}
    )
    page = report(
        scored(frame), by="<b>place</b>", language=language, disclosure=FIVE, title=f"{HOSTILE}&"
    )
    source = page.html()
    check_page(source, language)
    assert "<script>alert" not in source
    assert "<img" not in source
    tree = parsed(source)
    assert tree.first("h1").text == f"{HOSTILE}&"
    rows = grid(tree.by_id("scores-one"))
    assert rows[0][0] == "<b>place</b>"
    assert sorted(row[0] for row in rows[2:-1]) == sorted(NAMES)
    assert {HOSTILE, "</title>2"} <= set(rows[0])
    assert page.tables["scores"]["<b>place</b>"].iloc[0] in NAMES


def test_text_from_an_instrument_stays_text():
    hostile = {"sv": HOSTILE, "en": f"{HOSTILE}</style>"}
    levels = [
        {**level, "label": {key: f"{label}{i}" for key, label in hostile.items()}}
        for i, level in enumerate(LEVELS)
    ]
    inst = Instrument(
        **{
            **definition([scale("s", ["a1", "a2"], title=hostile, bands=levels)]),
            "title": hostile,
            "description": hostile,
            "notes": [HOSTILE],
            "source": HOSTILE,
            "licence": HOSTILE,
            "attribution": "{{ 7 * 7 }}{% raw %}",
        }
    )
    page = report(scored(cohort({"A": 9}), inst), language="en", disclosure=FIVE).html()
    check_page(page, "en")
    assert "<script>alert" not in page
    assert "{{ 7 * 7 }}{% raw %}" in parsed(page).by_id("content").text


def test_no_groups_and_no_waves():
    page = report(scored(cohort({"A": 30})), disclosure=FIVE, language="en")
    check_page(page.html(), "en")
    assert grid(parsed(page.html()).by_id("scores-one"))[0] == [
        "Group",
        "Number",
        "Mean",
        "Standard deviation",
    ]


def test_many_waves_stand_below_each_other():
    waves = [str(year) for year in range(2018, 2023)]
    page = report(scored(cohort({"A": 9, "B": 8}, waves)), by="place", disclosure=FIVE).html()
    check_page(page, "sv")
    rows = grid(parsed(page).by_id("participation-table"))
    assert rows[0][:2] == ["place", "Mätning"]
    assert [row[:2] for row in rows[1:7]] == [*(["A", wave] for wave in waves), ["B", "2018"]]


def test_waves_stand_in_their_order():
    frame = cohort({"A": 9}, ["T10", "T9"])
    page = report(scored(frame), disclosure=FIVE)
    assert page.content.waves == ("T9", "T10")
    worded = report(scored(cohort({"A": 9}, ["före", "efter"])), disclosure=FIVE)
    assert worded.content.waves == ("före", "efter")


def test_groups_stand_in_the_order_of_the_alphabet():
    frame = cohort(dict.fromkeys(["Ystad", "Åhus", "Älmhult", "Öland", "Ed 10", "ed 9"], 6))
    frame.loc[:2, "place"] = None
    content = report(scored(frame), by="place", disclosure=Disclosure(min_n=1)).content
    assert [row.group[0] for row in content.participation] == [
        *("ed 9", "Ed 10", "Ystad", "Åhus", "Älmhult", "Öland"),
        *("(unknown)", "(all)"),
    ]
    page = report(scored(frame), by="place", disclosure=Disclosure(min_n=1)).html()
    rows = grid(parsed(page).by_id("scores-one"))
    assert [row[0] for row in rows[-2:]] == ["Uppgift saknas", "Samtliga"]


@pytest.mark.parametrize("n_groups", [94, 290])
def test_many_groups(n_groups):
    rng = np.random.default_rng(1)
    sizes = {f"Kommun {i}": int(size) for i, size in enumerate(rng.integers(1, 40, n_groups))}
    page = report(scored(cohort(sizes)), by="place", disclosure=FIVE)
    tree = parsed(page.html())
    rows = grid(tree.by_id("scores-one"))
    assert len(rows) == n_groups + 2
    assert rows[1][0] == "Kommun 0"
    assert rows[11][0] == "Kommun 10"
    assert page.content.any_withheld


def test_a_scale_without_bands_and_one_with_a_context():
    scales = [scale("plain_one", ["a1"], bands=[]), scale("around", ["a2"], context=True)]
    inst = Instrument(**definition(scales))
    page = report(scored(cohort({"A": 9}), inst), disclosure=FIVE).html()
    check_page(page, "sv")
    tree = parsed(page)
    ids = {node.attrs.get("id") for node in tree.every()}
    assert "levels-plain_one" not in ids
    assert "levels-around" in ids
    assert "beskriver förutsättningar, inte kompetens" in tree.by_id("content").text


def test_no_bands_at_all():
    inst = Instrument(**definition([scale("s", ["a1", "a2"], bands=[])]))
    page = report(scored(cohort({"A": 9, "B": 2}), inst), by="place", disclosure=FIVE)
    check_page(page.html(), "sv")
    assert page.tables["bands"].empty
    assert "Gränserna mellan nivåerna" not in page.html()


def test_texts_in_a_language_that_the_page_is_not_in_say_so():
    def english(value):
        if isinstance(value, dict) and set(value) == {"sv", "en"}:
            return {"en": value["en"]}
        if isinstance(value, dict):
            return {key: english(inner) for key, inner in value.items()}
        return [english(inner) for inner in value] if isinstance(value, list) else value

    inst = Instrument(**english(definition()) | {"languages": ["en"]})
    page = report(scored(cohort({"A": 9}), inst), language="sv", disclosure=FIVE).html()
    check_page(page, "sv")
    tree = parsed(page)
    foreign = [node.text for node in tree.every() if node.attrs.get("lang") == "en"]
    assert "Small test" in foreign
    assert "Påstående 1 (en)" in foreign
    assert "Low (en)" in foreign


def test_nobody_has_a_score():
    frame = cohort({"A": 9, "B": 8})
    frame[["a1", "a2", "a3", "a4"]] = np.nan
    page = report(scored(frame), by="place", disclosure=FIVE)
    check_page(page.html(), "sv")
    rows = grid(parsed(page.html()).by_id("scores-one"))
    assert rows[1:] == [["A", "0", "–", "–"], ["B", "0", "–", "–"], ["Samtliga", "0", "–", "–"]]


def test_one_person_has_no_standard_deviation():
    page = report(scored(cohort({"A": 1})), by="place", disclosure=Disclosure(min_n=1))
    assert grid(parsed(page.html()).by_id("scores-one"))[1][3] == "–"


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize(
    "more",
    [
        {"metric": "sum", "bands": []},
        {"metric": "sum", "bands": [], "prorate": False},
        {"metric": "pomp", "bands": []},
        {"metric": "linear", "linear": {"base": "mean", "multiply": -2.5, "add": 10}, "bands": []},
        {
            "metric": "t",
            "bands": [],
            "norms": {"source": "Norm (2020)", "table": [{"mean": 2.0, "sd": 0.5}]},
        },
        {
            "metric": "t",
            "bands": [],
            "norms": {
                "source": "Norm (2020)",
                "by": "place",
                "base": "sum",
                "table": [{"group": name, "mean": 2.0, "sd": 0.5} for name in "AB"],
            },
        },
        {"min_answered": 1},
        {"min_answered": "all"},
        {"items": ["a1", {"item": "a2", "weight": 2.5}]},
    ],
)
def test_every_metric_and_rule_is_explained(language, more):
    inst = Instrument(**definition([scale("s", ["a1", "a2"]) | more]))
    frame = cohort({"A": 9, "B": 9})
    check_page(report(scored(frame, inst), language=language, disclosure=FIVE).html(), language)


def test_a_scale_of_scales_is_explained(core):
    tree = parsed(report(core, language="en", disclosure=FIVE).html())
    text_of = tree.by_id("content").text
    assert "The scale is made up of Attitude, Awareness and Ability." in text_of
    assert "All 3 scales must have a value." in text_of
    assert "At least 50% of the items that apply to the person must be answered." in text_of


@pytest.fixture(scope="module")
def skills():
    return score(simulate(instrument("eurostat-dsi-2"), n=60, rng=1).responses)


@pytest.mark.parametrize(
    ("language", "il", "overall"),
    [
        (
            "sv",
            ["0", "1", "2–4", "personer som ingen av skalans frågor gäller"],
            [
                *("0–1", "2", "3", "4", "5, men inte Mer än grundläggande"),
                "5; dessutom minst 5 delskalor på minst nivån Mer än grundläggande",
                "personer som ingen av skalans frågor gäller",
            ],
        ),
        (
            "en",
            ["0", "1", "2–4", "persons to whom none of the items of the scale applies"],
            [
                *("0–1", "2", "3", "4", "5, but not Above basic"),
                "5; and at least 5 subscales at level Above basic or above",
                "persons to whom none of the items of the scale applies",
            ],
        ),
    ],
)
def test_levels_of_counts_are_whole_numbers(skills, language, il, overall):
    page = report(skills, language=language, disclosure=FIVE).html()
    check_page(page, language)
    tree = parsed(page)
    tables = {table.first("caption").attrs["id"]: table for table in tree.all("table")}
    for name, expected in (("il", il), ("overall", overall)):
        rows = grid(tables[f"bands-{name}-caption"])
        assert rows[0] == (["Nivå", "Poäng"] if language == "sv" else ["Level", "Score"])
        assert [row[1] for row in rows[1:]] == expected


def counted_bands(bands):
    """The ranges of such bands of a count of four items."""
    levels = [{"id": f"b{i}", "label": text(f"B{i}")} | band for i, band in enumerate(bands)]
    items = ["a1", "a2", "a3", "a4"]
    counted = scale("s", items, metric="count", at_least=2, min_answered=1, bands=levels)
    inst = Instrument(**definition([counted]))
    content = report(scored(cohort({"A": 9}), inst), disclosure=FIVE).content
    words = Words(content, texts("en"))
    return [wording.whole_range(words, band) for band in content.scales[0].bands]


def test_a_cut_score_between_whole_numbers_begins_at_the_next():
    assert counted_bands([{"from": 0}, {"from": 0.5}, {"from": 2.5}]) == ["0", "1–2", "3–4"]


def test_whoever_lacks_what_a_higher_level_needs_stays_below_it():
    parts = [scale(f"p{i}", [f"a{i}"]) for i in range(1, 5)]
    levels = [
        {"id": "few", "from": 0, "label": text("Few")},
        {"id": "most", "from": 2, "label": text("Most")},
        {"id": "all", "from": 4, "needs": {"top": 4}, "label": text("All")},
    ]
    names = [part["id"] for part in parts]
    whole = scale("s", [], scales=names, combine="bands", metric="count", at_least="mid")
    inst = Instrument(**definition([*parts, whole | {"min_answered": 1, "bands": levels}]))
    frame = cohort({"A": 9})
    frame[["a1", "a2", "a3", "a4"]] = [[3, 3, 3, 3]] * 6 + [[3, 3, 3, 2]] * 3
    scores = scored(frame, inst)
    # Three people have four areas and not what the highest level needs.
    table = scores.table[scores.table["scale"] == "s"]
    assert table["band"].astype(str).tolist() == ["all"] * 6 + ["most"] * 3
    content = report(scores, disclosure=FIVE, language="en").content
    words = Words(content, texts("en"))
    told = [wording.whole_range(words, band) for band in content.scales[-1].bands]
    assert told == ["0–1", "2–4, but not All (en)", "4"]


def test_what_is_required_of_a_count_whose_items_count_together(skills):
    said = parsed(report(skills, disclosure=FIVE).html()).by_id("content").text
    assert "Minst 1 av 4 frågor måste ha besvarats, när frågor som hör ihop räknas" in said
    assert "Minst 1 av 6 frågor måste ha besvarats. Annars får" in said
    assert "Poängen är hur många av frågorna som har fått ett svar värt minst 1 poäng." in said


def test_a_scale_of_one_item_is_not_told_as_many():
    inst = Instrument(**definition([scale("s", ["a1"], min_answered="all", bands=[])]))
    said = parsed(report(scored(cohort({"A": 9}), inst), disclosure=FIVE).html())
    assert "Skalans enda fråga måste ha besvarats. Annars" in said.by_id("content").text


def test_what_was_not_checked_is_a_caution(skills):
    tree = parsed(report(skills, disclosure=FIVE).html())
    main = tree.by_id("content").text
    caution = "Delar av det som instrumentet bygger på är inte kontrollerade mot källan."
    assert main.count(caution) == 1
    assert main.index(caution) < main.index("Vilka svarade")
    checked = report(scored(cohort({"A": 9})), disclosure=FIVE).html()
    assert caution not in checked


@pytest.mark.parametrize(("languages", "is_english"), [(["sv"], False), (["sv", "en"], True)])
def test_notes_are_called_english_only_where_the_instrument_has_english(languages, is_english):
    def only(value):
        if isinstance(value, dict) and set(value) == {"sv", "en"}:
            return {name: value[name] for name in languages}
        if isinstance(value, dict):
            return {key: only(inner) for key, inner in value.items()}
        return [only(inner) for inner in value] if isinstance(value, list) else value

    more = {"notes": ["En anmärkning."], "unverified": ["Något."], "languages": languages}
    inst = Instrument(**only(definition()) | more)
    page = report(scored(cohort({"A": 9}), inst), disclosure=FIVE).html()
    check_page(page, "sv")
    tree = parsed(page)
    assert ("(på engelska)" in tree.by_id("content").text) == is_english
    lists = [node for node in tree.all("ul") if node.text in ("En anmärkning.", "Något.")]
    assert [node.attrs.get("lang") for node in lists] == ["en" if is_english else None] * 2


def test_reversed_items_are_marked():
    tree = parsed(report(scored(cohort({"A": 9})), language="en", disclosure=FIVE).html())
    tables = [table for table in tree.all("table") if "a2" in table.text]
    (rows,) = [grid(table) for table in tables]
    assert [row[2] for row in rows] == ["Counts", "as it is", "reversed", "as it is", "as it is"]


def test_the_key_of_a_test_is_not_told():
    inst = instrument("digital-safety-quiz")
    scores = score(read_responses(sample("digital-safety-quiz"), inst, person="person"))
    page = report(scores, language="en", disclosure=FIVE).html()
    options = [
        option.label.to("en")
        for item in inst.items
        if inst.format_of(item).kind in ("single_choice", "multi_select")
        for option in inst.format_of(item).options
    ]
    said = parsed(page).by_id("content").text
    assert options
    assert not any(f"= {label}" in said for label in options)


def test_numbers_are_written_with_the_decimals_of_their_range():
    frame = cohort({"A": 9})
    frame["a1"] = [1, 1, 1, 1, 1, 1, 1, 1, 2]
    inst = Instrument(**definition([scale("one", ["a1"], bands=[])]))
    page = report(scored(frame, inst), disclosure=FIVE, language="sv")
    (row,) = page.content.scales[0].rows
    assert row.waves[0].mean.value == 1.11
    assert grid(parsed(page.html()).by_id("scores-one"))[1] == ["Samtliga", "9", "1,11", "0,33"]


def test_who_answered_is_told_with_a_roster_and_without():
    frame = cohort({"A": 30, "B": 20})
    frame.loc[:5, ["a1", "a2", "a3", "a4"]] = np.nan
    scores = scored(frame)
    roster = cohort({"A": 60, "B": 20})[["person", "place"]].assign(enrolled=True)
    who = participation(scores, by="place", roster=roster)
    page = report([who, scores], by="place", disclosure=FIVE, language="en").html()
    assert grid(parsed(page).by_id("participation-table")) == [
        ["place", "Invited", "Enrolled", "Answered", "Response rate", "Valid"],
        ["A", "60", "60", "24", "40%", "24"],
        ["B", "20", "20", "20", "100%", "20"],
        ["All", "80", "80", "44", "55%", "44"],
    ]
    said = parsed(page).by_id("content").text
    assert "44 of 80 invited answered at least one item (55%), and 44 have a score" in said
    plain = report(scores, by="place", disclosure=FIVE, language="en").html()
    rows = grid(parsed(plain).by_id("participation-table"))
    assert rows[3] == ["All", "–", "–", "44", "–", "44"]
    assert "It is not known how many were invited." in parsed(plain).by_id("content").text


def test_cautions_stand_above_the_results():
    tree = parsed(report(scored(cohort({"A": 9})), disclosure=FIVE).html())
    main = tree.by_id("content").text
    assert main.index("Instrumentet är en pilot") < main.index("Vilka svarade")
    validated = Instrument(**definition(status="validated", source="A source"))
    other = report(scored(cohort({"A": 9}), validated), disclosure=FIVE).html()
    assert "Instrumentet är en pilot" not in other


def test_simulated_data_are_called_so():
    simulated = score(simulate(instrument("sus"), n=40, rng=1).responses)
    page = parsed(report(simulated, disclosure=FIVE).html())
    assert "Uppgifterna är simulerade" in page.by_id("content").text


def test_what_is_hatched_is_what_remains():
    frame = cohort({"A": 20, "B": 20})
    frame["a1"] = [1] * 2 + [2] * 6 + [3] * 12 + [1] * 3 + [2] * 5 + [3] * 12
    page = report(scored(frame), by="place", disclosure=FIVE, language="en")
    level = page.content.scales[0].levels[0]
    assert [band.n.value for band in level.bands] == [None, None, 12]
    assert level.withheld_share == pytest.approx(0.4)
    table = parsed(page.html()).by_id("levels-one")
    (drawing, *_) = table.all("svg")
    first, second = drawing.all("rect")[:2]
    assert first.attrs["fill"] == "url(#hatch)"
    assert first.attrs["width"] == "40.0%"
    assert second.attrs["x"] == "40.0%"
    assert drawing.first("desc").text == "withheld 40%, Top (en) 60%"


def test_pandas_kinds_of_group_columns():
    frame = cohort({"A": 9, "B": 8})
    frame["place"] = pd.Categorical(frame["place"])
    check_page(report(scored(frame), by="place", disclosure=FIVE).html(), "sv")


def test_what_the_instrument_calls_its_answers():
    formats = {
        "agree": {
            "kind": "ordered",
            "options": [
                {"code": 1, "label": text("nej"), "score": 0.5},
                {"code": 2, "label": text("kanske"), "score": 1.0},
                {"code": 3, "label": text("ja"), "score": 2.25},
            ],
        }
    }
    bands = [{"id": "b", "from": 0.5, "label": text("allt")}]
    inst = Instrument(**definition([scale("s", ["a1"], bands=bands)], formats=formats))
    said = parsed(report(scored(cohort({"A": 9}), inst), disclosure=FIVE).html()).by_id("content")
    assert "0,5 = nej; 1 = kanske; 2,25 = ja" in said.text
