"""Broken frameworks made by hand: one error that names the place of every problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from digilitt.define.catalogue import framework
from digilitt.errors import DefinitionError

BROKEN = Path(__file__).parent / "broken_frameworks"

# Each file is named after what is wrong in it: code and place of every problem, in order.
EXPECTED: dict[str, list[tuple[str, str]]] = {
    # Bands of levels.
    "band-unknown": [("unknown-band", "b")],
    "band-without-bands": [("unknown-band", "a")],
    "band-of-no-level": [("level-bands", "upper")],
    "band-missing-on-a-level": [("level-bands", "b"), ("level-bands", "upper")],
    "band-interrupted": [("level-bands", "lower")],
    "band-repeated": [("repeated-band", "upper")],
    "band-without-label": [("missing-key", "level_bands[upper].label")],
    # Statements and outcomes.
    "statement-of-unknown-competence": [("unknown-competence", "S1")],
    "statement-of-an-area": [("unknown-competence", "S1")],
    "statement-of-unknown-level": [("unknown-level", "S1")],
    "statement-repeated": [("repeated-statement", "S1")],
    "statement-with-a-kind": [("unknown-key", "statements[S1].kind")],
    "statement-without-text": [("missing-key", "statements[S1].text")],
    "statement-in-one-language": [("missing-translation", "statements[S1].text")],
    "outcome-of-unknown-kind": [("wrong-value", "outcomes[O1].kind")],
    "outcome-without-kind": [("missing-key", "outcomes[O1].kind")],
    "outcome-is-a-statement": [("repeated-outcome", "S1")],
    "outcome-is-a-competence": [("repeated-outcome", "1.1")],
    "ai-label-as-in-the-supplement": [("wrong-value", "statements[S1].ai")],
    "ai-label-as-a-truth": [("wrong-value", "statements[S1].ai")],
    # Everything else.
    "unverified-as-one-text": [("wrong-type", "unverified")],
    "unverified-empty": [("wrong-value", "unverified[1]")],
    "competence-without-area": [("missing-key", "competences[1.1].area")],
    "competence-label-twice": [("wrong-value", "competences[1.1]")],
    "area-context-in-quotes": [("wrong-type", "areas[2].context")],
    "level-as-a-number": [("wrong-type", "levels[1].id")],
    "level-equivalents-as-text": [("wrong-type", "levels[a].equivalents.eight-levels")],
    "levels-as-texts": [("wrong-type", "levels[1]"), ("wrong-type", "levels[2]")],
    "key-misspelt": [("unknown-key", "levelbands")],
    "an-instrument": [
        ("missing-key", "source"),
        ("missing-key", "areas"),
        ("unknown-key", "status"),
        ("unknown-key", "items"),
    ],
    "many-problems": [
        ("repeated-area", "1"),
        ("repeated-outcome", "S1"),
        ("unknown-area", "1.1"),
        ("unknown-band", "b"),
        ("unknown-competence", "S1"),
        ("unknown-level", "S1"),
    ],
    "not-utf-8": [("toml", "")],
    "unclosed": [("toml", "")],
    "empty": [
        ("missing-key", key)
        for key in ("id", "version", "title", "languages", "licence", "source", "areas")
    ],
}

# What a message must say, where the place is not enough.
SAID = {
    "band-unknown": "the bands are lower, upper. Did you mean 'upper'?",
    "band-missing-on-a-level": "level 'b' is in no band, though there are bands",
    "band-interrupted": "the levels of band 'lower' do not follow one another",
    "statement-of-an-area": "names the unknown competence '1'; the competences are 1.1.",
    "outcome-is-a-statement": "(statement and outcome)",
    "outcome-of-unknown-kind": "expected 'knowledge', 'skill' or 'attitude'",
    "ai-label-as-in-the-supplement": "expected 'explicit', 'implicit' or 'none'",
    "key-misspelt": "Did you mean 'level_bands'?",
    "unclosed": "Unclosed array (at line",
}


def broken(name: str) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        framework(BROKEN / f"{name}.toml")
    return caught.value


def test_every_file_is_expected() -> None:
    assert {path.stem for path in BROKEN.glob("*.toml")} == set(EXPECTED)
    assert set(SAID) <= set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_names_every_problem_and_its_place(name: str) -> None:
    problems = broken(name).problems
    assert [(problem.code, problem.column) for problem in problems] == EXPECTED[name]
    assert {problem.file for problem in problems} == {str(BROKEN / f"{name}.toml")}
    for problem in problems:
        assert problem.message.endswith((".", "?"))
        assert len(problem.message) < 400
        assert "pydantic" not in problem.message


@pytest.mark.parametrize("name", SAID)
def test_says_what_was_found_and_what_to_do(name: str) -> None:
    assert SAID[name] in str(broken(name))
