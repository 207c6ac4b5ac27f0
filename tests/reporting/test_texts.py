"""Two catalogues that say the same, texts for everything, and numbers as each language has them."""

from __future__ import annotations

import ast
import re
import string
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.define.catalogue import instrument
from digilitt.define.instrument import Instrument
from digilitt.disclosure import Disclosure
from digilitt.reporting import gather, wording
from digilitt.reporting.content import SMALL, WITHHELD, Figure
from digilitt.reporting.render import report
from digilitt.reporting.texts import LANGUAGES, LOCALE, Texts, natural_key, texts
from digilitt.scoring.intake import CELL_PROBLEMS
from digilitt.scoring.participation import participation
from digilitt.scoring.responses import responses
from digilitt.scoring.scores import score
from digilitt.scoring.simulation import simulate
from tests.reporting.make import TINY, cohort, definition, scale, scored

SOURCE = LOCALE.parents[1]
SV, EN = texts("sv"), texts("en")


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_language_has_a_catalogue():
    assert sorted(path.stem for path in LOCALE.glob("*.toml")) == sorted(LANGUAGES)


def test_catalogues_have_the_same_keys_and_the_same_values_to_put_in():
    assert list(SV.entries) == list(EN.entries)
    for key in SV.entries:
        assert fields(SV.entries[key]) == fields(EN.entries[key]), key


def test_no_text_is_empty_or_has_markup():
    for language in (SV, EN):
        for key, entry in language.entries.items():
            assert entry.strip() or key == "method.notes_language", key
            assert not re.search(r"[<>]|&\w+;", entry), key


def wordy_reports():
    """Scores and options that between them need every text."""
    frame = cohort({"A": 9, "B": 8})
    blank = frame.assign(**dict.fromkeys(["a1", "a2", "a3", "a4"], np.nan))
    roster = frame[["person", "place"]].assign(enrolled=True)
    plain = scored(frame)
    yield plain, {}, 5
    yield plain, {"by": "place"}, 5
    yield [plain, participation(plain, by="place", roster=roster)], {"by": "place"}, 1
    yield plain, {}, 2
    yield scored(frame.iloc[:3]), {}, 5
    yield scored(blank), {"by": "place"}, 5
    for name in ("municipality", "sex", "role", "workplace"):
        yield scored(frame.rename(columns={"place": name})), {"by": name}, 5
    for name in ("cluster", "rater"):
        yield score(responses(frame, TINY, person="person", **{name: "place"})), {"by": name}, 5
    unknown = frame.assign(place=[None] * 8 + ["A"] * 9)
    yield scored(unknown), {"by": "place"}, 5
    yield replace(plain, caveats=()), {}, 5
    yield score(simulate(instrument("sus"), n=40, rng=1).responses), {}, 5
    yield score(simulate(instrument("eurostat-dsi-2"), n=60, rng=1).responses), {}, 5
    waves = cohort({"A": 20}, ["2018", "2019"])
    waves.loc[:7, ["a1", "a2", "a3", "a4"]] = np.nan
    yield scored(waves.iloc[:23]), {}, 5
    yield scored(cohort({"A": 20}, ["2018", "2019"])), {}, 5
    norms = {
        "source": "N",
        "by": "place",
        "table": [{"group": g, "mean": 2, "sd": 1} for g in "AB"],
    }
    weighted = [{"item": "a2", "weight": 2.0}, "-a1"]
    for more in (
        {"metric": "sum", "min_answered": 1},
        {"metric": "sum", "prorate": False, "items": weighted, "min_answered": "all"},
        {"metric": "pomp"},
        {"metric": "linear", "linear": {"base": "sum", "multiply": 2.0}},
        {"metric": "t", "norms": norms},
        {"items": weighted},
    ):
        scales = [scale("s", ["a1", "a2"], bands=[]) | more, scale("around", ["a3"], context=True)]
        yield scored(frame, Instrument(**definition(scales)), groups=["place"]), {}, 5
    parts = [scale("one", ["a1"]), scale("two", ["a2"])]
    alone = scale("both", [], scales=["one"], combine="scale_means", min_answered="all")
    yield scored(frame, Instrument(**definition([parts[0], alone]))), {}, 5
    for minimum in (1, 0.5, "all"):
        whole = scale("both", [], scales=["one", "two"], combine="scale_means")
        scales = [*parts, whole | {"min_answered": minimum}]
        more = {"status": "structure", "rater": "other", "source": "S", "attribution": "A"}
        yield scored(frame, Instrument(**definition(scales, notes=["N"], **more))), {}, 5
    yield scored(frame, Instrument(**definition(status="validated", source="S"))), {}, 5


def test_every_text_is_there_and_none_is_left_over(monkeypatch):
    used = set()
    call, get = Texts.__call__, Texts.get
    monkeypatch.setattr(
        Texts, "__call__", lambda self, key, **values: used.add(key) or call(self, key, **values)
    )
    monkeypatch.setattr(
        Texts, "get", lambda self, key, default: used.add(key) or get(self, key, default)
    )
    for results, options, min_n in wordy_reports():
        report(results, disclosure=Disclosure(min_n=min_n), **options).html()
    monkeypatch.undo()
    used |= {f"month.{number}" for number in range(1, 13)}
    assert sorted(key for key in set(SV.entries) - used if not key.startswith("remark.")) == []


def caveat_codes():
    rooms = [*(SOURCE / "scoring").glob("*.py"), *(SOURCE / "interchange").glob("*.py")]
    for path in rooms:
        if path.name in ("writing.py", "parquet.py"):  # what a written file changed
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Caveat":
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        yield keyword.value.value
    yield from CELL_PROBLEMS


def test_every_caveat_has_a_text_of_its_own():
    codes = set(caveat_codes()) - {*wording.SAID_ABOVE, *gather.SAID_OTHERWISE}
    assert len(codes) > 8
    assert {code for code in codes if f"remark.{code}" not in SV.entries} == set()


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_number_reads_back_as_what_it_was(value, decimals):
    for language, comma, gap in ((SV, ",", "\u00a0"), (EN, ".", ",")):
        written = language.number(value, decimals)
        read = float(written.replace(gap, "").replace(comma, ".").replace("−", "-"))
        assert read == pytest.approx(value, abs=10**-decimals / 2 + 1e-6)
        assert not written.startswith("-")
        assert written not in ("−0", "−0,00", "−0.00")


@pytest.mark.parametrize(
    ("value", "decimals", "sv", "en"),
    [
        (0, 0, "0", "0"),
        (1234567, 0, "1\u00a0234\u00a0567", "1,234,567"),
        (3.14159, 2, "3,14", "3.14"),
        (-0.004, 2, "0,00", "0.00"),
        (-1.5, 1, "−1,5", "−1.5"),
        # Halves go away from zero, also those that no binary fraction is exactly.
        (22.5, 0, "23", "23"),
        (-0.5, 0, "−1", "−1"),
        (0.285, 2, "0,29", "0.29"),
        (1.005, 2, "1,01", "1.01"),
    ],
)
def test_numbers(value, decimals, sv, en):
    assert SV.number(value, decimals) == sv
    assert EN.number(value, decimals) == en


@given(st.integers(1, 400), st.data())
def test_shares_are_rounded_as_a_spreadsheet_does(n, data):
    part = data.draw(st.integers(0, n))
    # Half up, in whole numbers: floor(100 · part / n + 1/2).
    expected = (200 * part + n) // (2 * n)
    assert EN.percent(part / n) == f"{expected}%"
    assert EN.percent(np.float64(part) / n) == f"{expected}%"


def test_half_a_per_cent_is_rounded_up():
    assert SV.percent(9 / 40) == "23\u00a0%"
    assert EN.percent(57 / 200) == "29%"


@pytest.mark.parametrize(
    ("value", "sv"),
    [(1, "1"), (2.33, "2,33"), (2.3333333, "2,333"), (100, "100"), (1e6, "1\u00a0000\u00a0000")],
)
def test_bounds_have_the_decimals_that_they_need(value, sv):
    assert SV.plain(value) == sv


def test_counts_in_a_sentence():
    assert EN.counted(Figure(1200), 5) == "1,200"
    assert EN.counted(SMALL, 5) == "fewer than 5"
    assert SV.counted(SMALL, 7) == "färre än 7"
    assert SV.counted(WITHHELD, 5) == "ett skyddat antal"


@pytest.mark.parametrize("language", [SV, EN])
def test_remarks_are_right_for_any_number(language):
    """A count stands last, where no word has to agree with it."""
    for key, entry in language.entries.items():
        if key.startswith("remark.") and "{n}" in entry:
            assert entry.endswith(": {n}."), key


def test_lists_in_a_sentence():
    assert SV.joined([]) == ""
    assert SV.joined(["a"]) == "a"
    assert SV.joined(["a", "b", "c"]) == "a, b och c"


@pytest.mark.parametrize("language", LANGUAGES)
def test_sorting_is_total_and_stable(language):
    names = ["", "10", "9", "a10b", "a9b", "Å", "ä", "É", "e", "=cmd", "–"]
    assert sorted(names, key=lambda name: natural_key(name, language))
    assert natural_key("a9b", language) < natural_key("a10b", language)


@given(st.text(), st.text())
def test_any_two_texts_can_be_sorted(one, other):
    assert sorted([one, other], key=lambda name: natural_key(name, "sv"))


def test_swedish_letters_come_last():
    names = ["Zinkgruvan", "Åmål", "Älmhult", "Östersund", "Arvika"]
    expected = ["Arvika", "Zinkgruvan", "Åmål", "Älmhult", "Östersund"]
    assert sorted(names, key=lambda name: natural_key(name, "sv")) == expected
    english = sorted(names, key=lambda name: natural_key(name, "en"))
    assert english == ["Älmhult", "Åmål", "Arvika", "Östersund", "Zinkgruvan"]
