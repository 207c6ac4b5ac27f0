"""Broken definitions made by hand: one error that names the place of every problem."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from digilitt.define.catalogue import framework, instrument
from digilitt.define.mapping import read_mapping
from digilitt.errors import DefinitionError

HERE = Path(__file__).parent

AGREE, SCALE = "formats.agree3", "attitude"
# Each file is named after what is wrong in it: code and place of every problem, in order.
EXPECTED: dict[str, list[tuple[str, str]]] = {
    # What scales add up.
    "unknown-item": [("unknown-item", SCALE)],
    "item-keyed-twice": [("keyed-twice", SCALE)],
    "item-keyed-twice-through-scales": [("keyed-twice", "total")],
    "unknown-scale": [("unknown-scale", "total")],
    "scale-cycle": [("scale-cycle", "one"), ("scale-cycle", "two")],
    "scale-of-itself": [("scale-cycle", "total")],
    "scales-too-deep": [("scale-depth", "s11")],
    "scale-without-parts": [("scale-parts", SCALE)],
    "scale-with-items-and-scales": [("scale-parts", "total")],
    "combine-without-scales": [("scale-parts", SCALE)],
    "repeated-scale": [("repeated-scale", SCALE)],
    "name-clash": [("name-clash", "attitude_mean_score")],
    # Items.
    "repeated-item": [("repeated-item", "a1")],
    "item-ids-differ-in-capitals": [("repeated-item", "a1")],
    "unknown-format": [("unknown-format", "a2")],
    "key-on-likert": [("key-without-choice", "a1")],
    "key-outside-options": [("key-outside-options", "k1")],
    "key-missing": [("key-missing", "k1")],
    "key-list-for-single-choice": [("key-missing", "k1")],
    "key-repeated": [("repeated-key", "k1")],
    "key-true": [("wrong-value", "items[k1].key")],
    "reversed-knowledge": [("reversed-knowledge", "quiz")],
    "reversed-wrong": [("reversed-knowledge", "quiz")],
    "competence-form": [("competence-form", "a1")],
    "unknown-competence": [("unknown-competence", "a1")],
    "unknown-framework": [("unknown-competence", "a1")],
    # Gates.
    "gate-cycle": [("gate-cycle", "a1"), ("gate-cycle", "a2")],
    "gate-unknown": [("unknown-gate", "a1")],
    "gate-multi-select": [("gate-multi-select", "a4")],
    "gate-outside-options": [("gate-outside-options", "a1")],
    "gate-outside-range": [("gate-outside-options", "a1")],
    "gate-never-opens": [("wrong-value", "items[a1].asked_if.any_of")],
    "gate-wrong-on-likert": [("wrong-without-key", "a1")],
    # Formats.
    "missing-wrong-on-likert": [("wrong-without-key", AGREE)],
    "missing-code-is-option": [("code-clash", AGREE)],
    "missing-code-is-tick": [("code-clash", "formats.several")],
    "missing-code-in-range": [("code-clash", "formats.years")],
    "missing-code-repeated": [("repeated-code", AGREE)],
    "numeric-empty-range": [("empty-range", "formats.years")],
    "numeric-whole-numbers-between": [("empty-range", "formats.years")],
    "binary-scores": [("binary-scores", "formats.yes_no")],
    "binary-of-three": [("binary-scores", "formats.yes_no")],
    "one-option": [("too-few-options", AGREE)],
    "options-of-equal-score": [("empty-range", AGREE)],
    "score-in-quiz": [("score-without-use", "formats.choice")],
    "repeated-code": [("repeated-code", AGREE)],
    "repeated-label": [("repeated-label", AGREE)],
    "label-is-another-code": [("label-is-code", AGREE)] * 2,
    "label-twice": [("wrong-value", "formats.agree3.options[3]")],
    # Bands.
    "band-gap-below": [("band-gap", SCALE)],
    "band-gap-between": [("band-gap", SCALE)],
    "band-gap-above": [("band-gap", SCALE)],
    "band-gap-where-answers-are-left-out": [("band-gap", SCALE)],
    "band-overlap": [("band-overlap", SCALE)],
    "band-order": [("band-order", SCALE)],
    "band-outside": [("band-outside", SCALE)],
    "bands-below-all-scores": [("band-outside", SCALE)] * 2,
    "band-repeated": [("repeated-band", SCALE)],
    "band-labels-alike": [("repeated-label", SCALE)],
    # The missing rule and the metric.
    "min-answered-share-of-one": [("missing-rule", SCALE)],
    "min-answered-none": [("missing-rule", SCALE)],
    "min-answered-share-above-one": [("missing-rule", SCALE)],
    "min-answered-more-than-items": [("missing-rule", SCALE)],
    "min-answered-not-a-number": [("missing-rule", SCALE)],
    "min-answered-text": [("wrong-value", "scales[attitude].min_answered")],
    "min-answered-true": [("wrong-value", "scales[attitude].min_answered")],
    "min-answered-huge": [("wrong-value", "scales[attitude].min_answered")],
    "norms-without-group": [("norm-groups", SCALE)],
    "norms-with-group-for-all": [("norm-groups", SCALE)],
    "norms-empty": [("norm-groups", SCALE)],
    "norms-repeated-group": [("norm-groups", SCALE)],
    "norms-of-no-spread": [("wrong-value", "scales[attitude].norms.table[1].sd")],
    "norms-of-tiny-spread": [("empty-range", SCALE)],
    "norms-without-t": [("metric-parts", SCALE)],
    "t-without-norms": [("metric-parts", SCALE)],
    "linear-without-transform": [("metric-parts", SCALE)],
    "linear-by-zero": [("metric-parts", SCALE)],
    "linear-infinite": [
        ("wrong-value", "scales[attitude].linear.multiply"),
        ("wrong-value", "scales[attitude].linear.add"),
    ],
    "prorate-false-on-mean": [("prorate-mean", SCALE)],
    "pomp-over-mixed-ranges": [("pomp-ranges", "total")],
    "weights-beyond-reason": [
        ("wrong-value", "scales[attitude].items[1].weight"),
        ("wrong-value", "scales[attitude].items[2].weight"),
        ("wrong-value", "scales[attitude].items[3].weight"),
    ],
    # Languages.
    "missing-translation": [
        ("missing-translation", "formats.agree3.options[2].label"),
        ("missing-translation", "items[a2].text"),
    ],
    "language-twice": [("repeated-language", "languages")],
    "language-in-full": [("wrong-value", "languages[1]")],
    "text-in-one-string": [("wrong-type", "items[a1].text")],
    "text-empty": [("wrong-value", "items[a1].text.en")],
    # Keys and values.
    "unknown-key": [("unknown-key", "scales[attitude].min_answerd")],
    "key-self": [("unknown-key", "self")],
    "unknown-kind": [("wrong-value", "formats.agree3.kind")],
    "no-kind": [("missing-key", "formats.agree3.kind")],
    "quoted-numbers": [
        ("wrong-type", "version"),
        ("wrong-type", "formats.agree3.options[2].code"),
        ("wrong-type", "formats.agree3.options[3].score"),
        ("wrong-value", "scales[attitude].items[2].key"),
        ("wrong-type", "scales[attitude].items[2].weight"),
        ("wrong-value", "scales[attitude].items[3]"),
        ("wrong-type", "scales[attitude].prorate"),
    ],
    "code-of-no-number": [
        ("wrong-type", "formats.agree3.options[1].code"),
        ("wrong-type", "formats.agree3.options[2].code"),
        ("wrong-value", "formats.agree3.options[3].code"),
    ],
    "format-name": [("wrong-value", "formats.agree 3"), ("wrong-value", "items[a1].format")],
    "names-but-for-space": [("wrong-value", "formats")],
    "no-items": [("wrong-value", "items")],
    "no-licence": [("wrong-value", "licence")],
    "date-for-version": [("wrong-type", "version")],
    "id-of-words": [("wrong-value", "id")],
    "a-framework": [
        *(("missing-key", key) for key in ("status", "formats", "items", "scales")),
        ("unknown-key", "areas"),
    ],
    "many-problems": [
        ("missing-translation", "items[k2].text"),
        ("code-clash", AGREE),
        ("repeated-item", "a2"),
        ("unknown-format", "a3"),
        ("key-outside-options", "k1"),
        ("key-missing", "k2"),
        ("unknown-gate", "a1"),
        ("keyed-twice", SCALE),
        ("unknown-item", SCALE),
        ("metric-parts", SCALE),
        ("reversed-knowledge", "quiz"),
        ("unknown-scale", "total"),
        ("scale-cycle", "total"),
    ],
    # Files.
    "not-toml": [("toml", "")],
    "json": [("toml", "")],
    "duplicate-key": [("toml", "")],
    "cp1252": [("toml", "")],
    "utf-16": [("toml", "")],
    "null-bytes": [("toml", "")],
    "huge-integer": [("toml", "")],
    "deep-lists": [("toml", "")],
    "deep-tables": [("unknown-key", "a")],
    "empty": [
        ("missing-key", key)
        for key in (
            *("id", "version", "status", "languages", "title"),
            *("licence", "formats", "items", "scales"),
        )
    ],
    # Frameworks.
    "framework-unknown-area": [("unknown-area", "1.1")],
    "framework-repeated-ids": [
        ("repeated-area", "1"),
        ("repeated-competence", "1.1"),
        ("repeated-level", "low"),
    ],
    "framework-competence-is-area": [("repeated-competence", "2")],
    "framework-own-translations": [("unknown-language", "own_translations")],
    "framework-no-areas": [("wrong-value", "areas")],
    "framework-id-with-colon": [("wrong-value", "competences[broken:1].id")],
    "framework-missing-translation": [
        ("missing-translation", "areas[1].description"),
        ("missing-translation", "levels[low].label"),
    ],
    # Mappings.
    "mapping-target": [("wrong-value", "columns.Fråga 2")],
    "mapping-header-row": [("wrong-value", "header_row")],
    "mapping-sheet": [("wrong-value", "sheet")],
    "mapping-code-in-quotes": [("wrong-type", "labels.agree3.Nej")],
    "mapping-label-twice": [("repeated-label", "labels.agree3")],
    "mapping-value-twice": [("repeated-label", "values.municipality")],
    "mapping-unknown-key": [("unknown-key", "colums")],
}

# What a message must say, where the place is not enough: found, expected, or what to do.
SAID = {
    "unknown-scale": "Did you mean 'attitude'?",
    "unknown-format": "known: agree3. Did you mean 'agree3'?",
    "unknown-key": "Did you mean 'min_answered'?",
    "unknown-framework": "Say which: digcomp-2.2, digcomp-3.0, digcompedu.",
    "unknown-kind": "found 'likert'; expected one of 'ordered', 'frequency'",
    "key-outside-options": "key 4 is not among the options 1, 2, 3.",
    "gate-cycle": "(a1 → a2 → a1)",
    "gate-outside-options": "is 99, which is no answer to it (1, 2, 3).",
    "band-gap-below": "bands begin at 1.5, scores at 1: a gap below 'band1'",
    "band-gap-between": "a gap from 1.5 to 2 after band 'band1'",
    "band-overlap": "overlap from 1.5 to 2",
    "bands-below-all-scores": "ends at 1.5, not above the lowest score 3: nobody can be in it",
    "min-answered-share-of-one": 'no share between 0 and 1; write "all" for every item',
    "min-answered-more-than-items": "min_answered = 99 lies outside 1 to 3",
    "min-answered-huge": "found a number of more than 60 digits",
    "missing-code-in-range": "lies in the range 0 to 120 and would be read as an answer",
    "language-in-full": "found 'Swedish'; expected a two-letter language code such as sv or en.",
    "quoted-numbers": "found '2'; expected a whole number, without quotes.",
    "date-for-version": "found the date or time 2026-01-01; expected text in quotes.",
    "weights-beyond-reason": "found -1.5; expected a number of at least 1e-12.",
    "norms-of-no-spread": "found 0.0; expected a number above 0.",
    "framework-unknown-area": "the areas are 1, 2.",
    "not-toml": "is not TOML: Unclosed array (at line",
    "duplicate-key": "(at line 8, column",
    "cp1252": "line 21 is not UTF-8 (byte 505); save the file as UTF-8.",
    "deep-lists": "stand too deep",
    "mapping-target": "found 'a2?'; expected an item id, item:option or item@wave",
}


def loader(name: str) -> Callable[[Path], object]:
    if name.startswith("framework-"):
        return framework
    return read_mapping if name.startswith("mapping-") else instrument


def broken(name: str) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        loader(name)(HERE / "broken" / f"{name}.toml")
    return caught.value


def test_every_file_is_expected() -> None:
    assert {path.stem for path in (HERE / "broken").glob("*.toml")} == set(EXPECTED)
    assert set(SAID) <= set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_names_every_problem_and_its_place(name: str) -> None:
    problems = broken(name).problems
    assert [(problem.code, problem.column) for problem in problems] == EXPECTED[name]
    assert {problem.file for problem in problems} == {str(HERE / "broken" / f"{name}.toml")}
    for problem in problems:
        assert_plain(problem.message)


@pytest.mark.parametrize("name", SAID)
def test_says_what_was_found_and_what_to_do(name: str) -> None:
    assert SAID[name] in str(broken(name))


def assert_plain(message: str) -> None:
    """A message in sentences of our own, of a length that one can read."""
    assert message.endswith((".", "?"))
    assert len(message) < 400
    for foreign in ("Input should", "pydantic", "Value error", "Traceback", "object at 0x"):
        assert foreign not in message
