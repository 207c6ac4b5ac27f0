"""Crosswalks: the one that ships, both ways, and what a sound one is."""

from __future__ import annotations

import copy
import pickle
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from digilitt.define.catalogue import framework
from digilitt.define.crosswalk import CROSSWALKS, Crosswalk, Pair, crosswalk, directions
from digilitt.define.framework import Framework
from digilitt.errors import DefinitionError

OLD, NEW = "digcomp-2.2", "digcomp-3.0"
FORWARD, BACK = crosswalk(OLD, NEW), crosswalk(NEW, OLD)


def made(name: str, areas: str, levels: str = "", **more: Any) -> Framework:
    """A framework whose areas have one competence each: area A, competence A.1."""
    return Framework(
        id=name,
        version="1.0",
        title={"en": name},
        languages=["en"],
        licence="MIT",
        source="",
        areas=[{"id": area, "en": f"Area {area}"} for area in areas],
        competences=[{"id": f"{area}.1", "area": area, "en": f"Skill {area}"} for area in areas],
        levels=[{"id": level, "en": f"Level {level}"} for level in levels],
        **more,
    )


SOUND: dict[str, Any] = {
    "source": made("one", "AB", "123"),
    "target": made("two", "XY", "pq"),
    "reference": "Ourselves.",
    "parts": {"A": "Y", "B": "X", "A.1": "Y.1", "B.1": "X.1"},
    "levels": {"1": ["p"], "2": ["p", "q"], "3": ["q"]},
}


def test_ships_one_between_the_two_digcomps() -> None:
    assert set(directions()) == {(OLD, NEW), (NEW, OLD)}
    assert FORWARD.source == framework(OLD)
    assert FORWARD.target == framework(NEW)
    assert FORWARD.reverse() == BACK
    assert BACK.reverse() == FORWARD


def test_the_ids_stayed() -> None:
    (path,) = CROSSWALKS.glob("*.toml")
    parts = tomllib.loads(path.read_text("utf-8"))["parts"]
    assert all(source == target for source, target in parts.items())
    assert len(parts) == 5 + 21
    assert FORWARD.translate("digcomp-2.2:1.1") == "digcomp-3.0:1.1"
    assert BACK.translate("digcomp-3.0:5") == "digcomp-2.2:5"


def test_levels_go_in_pairs() -> None:
    there = {level.id: FORWARD.translate_level(level.id) for level in FORWARD.source.levels}
    assert there == {str(n): (str((n + 1) // 2),) for n in range(1, 9)}
    back = {level.id: BACK.translate_level(level.id) for level in BACK.source.levels}
    assert back == {"1": ("1", "2"), "2": ("3", "4"), "3": ("5", "6"), "4": ("7", "8")}
    # As the data supplement of DigComp 3.0 gives them.
    assert back == {level.id: level.equivalents["eight-levels"] for level in BACK.source.levels}


def test_bands_of_one_level_go_to_one_level() -> None:
    bands = {level.id: level.band for level in FORWARD.source.levels}
    for levels in BACK.levels.values():
        assert len({bands[level] for level in levels}) == 1


def test_says_which_names_changed() -> None:
    pairs = {(pair.what, pair.source): pair for pair in FORWARD.pairs}
    kept = {name for (what, name), pair in pairs.items() if what != "level" and not pair.renamed}
    assert kept == {"2", "2.2", "2.4", "2.6", "3.1", "3.2", "3.3", "4.1", "4.2"}
    named = {p.source_label: p.target_label for p in FORWARD.pairs if p.what == "level"}
    assert named == {
        "Foundation": "Basic",
        "Intermediate": "Intermediate",
        "Advanced": "Advanced",
        "Highly specialised": "Highly advanced",
    }
    assert pairs["competence", "2.5"] == Pair(
        "competence", "2.5", "2.5", "Netiquette", "Digital behaviour", True
    )
    assert repr(FORWARD) == (
        "Crosswalk(digcomp-2.2 → digcomp-3.0: 26 areas and competences, 17 of them renamed; "
        "8 levels)"
    )


def test_pairs_are_the_same_both_ways() -> None:
    turned = {
        Pair(p.what, p.target, p.source, p.target_label, p.source_label, p.renamed)
        for p in FORWARD.pairs
    }
    assert turned == set(BACK.pairs)


def test_names_are_compared_in_a_language_of_both_frameworks() -> None:
    words = {"languages": ["sv", "en"], "title": {"sv": "T", "en": "T"}, "competences": []}
    areas = ({"sv": "Söka", "en": "Search"}, {"sv": "Leta", "en": " SEARCH "})
    source, target = (
        Framework(**{**dict(made(name, "A")), **words, "areas": [{"id": "A", "label": label}]})
        for name, label in zip("st", areas, strict=True)
    )
    between = {"source": source, "target": target, "reference": "R", "parts": {"A": "A"}}
    (pair,) = Crosswalk(**between).pairs
    assert (pair.source_label, pair.target_label, pair.renamed) == ("Söka", "Leta", True)
    own = source.model_copy(update={"own_translations": ["sv"]})
    (pair,) = Crosswalk(**{**between, "source": own}).pairs
    assert (pair.source_label, pair.target_label, pair.renamed) == ("Search", "SEARCH", False)


def problems(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionError) as caught:
        Crosswalk(**{**SOUND, **changes})
    for problem in caught.value.problems:
        assert problem.file == "crosswalk"
        assert problem.message.endswith((".", "?"))
    return [(problem.code, problem.column) for problem in caught.value.problems]


def test_every_id_is_checked_against_both() -> None:
    parts = {"A": "Z", "A.1": "Y.1", "C": "X", "B.1": "X.1"}
    assert problems(parts=parts, levels={"1": ["p"], "2": ["r"], "4": ["p"]}) == [
        ("unknown-competence", "C"),
        ("crosswalk-pair", "B"),
        ("unknown-competence", "Z"),
        ("crosswalk-pair", "Y"),
        ("unknown-level", "4"),
        ("crosswalk-pair", "3"),
        ("unknown-level", "r"),
        ("crosswalk-pair", "q"),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"parts": {**SOUND["parts"], "A": "Y.1", "A.1": "Y"}}, ["A", "A.1"]),
        ({"parts": {**SOUND["parts"], "A": "X"}}, ["Y", "X"]),
        ({"levels": {**SOUND["levels"], "1": []}}, ["1"]),
        ({"levels": {**SOUND["levels"], "1": ["p", "p"]}}, ["1"]),
        ({"levels": {}}, ["1", "2", "3", "p", "q"]),
        ({"target": made("two", "XYZ", "pq")}, ["Z", "Z.1"]),
    ],
)
def test_pairs_are_sound(changes: dict[str, Any], expected: list[str]) -> None:
    assert problems(**changes) == [("crosswalk-pair", place) for place in expected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"parts": {}}, ("wrong-value", "parts")),
        ({"parts": ["A"]}, ("wrong-type", "parts")),
        ({"parts": {**SOUND["parts"], "A": 1}}, ("wrong-type", "parts.A")),
        ({"levels": {"1": "p"}}, ("wrong-type", "levels.1")),
        ({"reference": " "}, ("wrong-value", "reference")),
        ({"colour": "blue"}, ("unknown-key", "colour")),
        ({"source": "one"}, ("wrong-type", "source")),
    ],
)
def test_form(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert problems(**changes) == [expected]


def test_does_not_change() -> None:
    sound = Crosswalk(**SOUND)
    with pytest.raises(ValidationError, match="frozen"):
        sound.reference = "Others."
    with pytest.raises(TypeError, match="does not change"):
        sound.parts["A"] = "X"
    with pytest.raises(DefinitionError, match=r"'B.1' of one is in no pair"):
        sound.model_copy(update={"parts": {"A": "Y", "B": "X", "A.1": "Y.1"}})
    for twin in (copy.deepcopy(sound), pickle.loads(pickle.dumps(sound)), sound.model_copy()):
        assert twin == sound
        assert hash(twin) == hash(sound)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((OLD, "digilitt"), "from 'digcomp-2.2' to 'digilitt'; there is digcomp-2.2 → digcomp-3.0"),
        ((OLD, OLD), "from 'digcomp-2.2' to 'digcomp-2.2'"),
        (("", ".."), "from '' to '..'"),
        (("a" * 5000, "\0"), "from 'aaa"),
        ((None, 3), "from 'None' to '3'"),
    ],
)
def test_no_such_crosswalk(ends: tuple[Any, Any], said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        crosswalk(*ends)
    (problem,) = caught.value.problems
    assert problem.code == "unknown-crosswalk"
    assert said in problem.message
    assert len(problem.message) < 400


@pytest.mark.parametrize("link", ["digcomp-3.0:1.1", "digcomp-2.2:9", "1.1", "", "digcomp-2.2", 1])
def test_no_such_link(link: Any) -> None:
    with pytest.raises(DefinitionError, match=r"expected one such as 'digcomp-2\.2:1'") as caught:
        FORWARD.translate(link)
    assert caught.value.problems[0].code == "unknown-competence"


def test_a_link_without_its_framework() -> None:
    with pytest.raises(DefinitionError, match=r"Did you mean 'digcomp-2\.2:4\.3'\?"):
        FORWARD.translate("4.3")


def test_levels_may_be_whole_numbers() -> None:
    assert FORWARD.translate_level(6) == FORWARD.translate_level("6") == ("3",)
    with pytest.raises(DefinitionError, match="has no level '9'"):
        FORWARD.translate_level(9)


def test_levels_come_from_the_lowest_up() -> None:
    between = Crosswalk(**{**SOUND, "levels": {**SOUND["levels"], "2": ["q", "p"]}})
    assert between.translate_level("2") == ("p", "q")


def test_no_such_level() -> None:
    with pytest.raises(
        DefinitionError, match=r"has no level 'Basic'; known: 1, 2, 3, 4\."
    ) as caught:
        BACK.translate_level("Basic")
    assert caught.value.problems[0].code == "unknown-level"


@given(st.permutations("ABCD"), st.lists(st.sampled_from("pqr"), min_size=3, max_size=6))
def test_there_and_back(areas: list[str], answers: list[str]) -> None:
    reached = "".join(dict.fromkeys(answers))
    numbers = "".join(str(n) for n in range(len(answers)))
    between = Crosswalk(
        source=made("one", "ABCD", numbers),
        target=made("two", "".join(areas), reached),
        reference="Ourselves.",
        parts={
            f"{a}{end}": f"{b}{end}"
            for a, b in zip("ABCD", areas, strict=True)
            for end in ("", ".1")
        },
        levels={n: [level] for n, level in zip(numbers, answers, strict=True)},
    )
    back = between.reverse()
    assert back.reverse() == between
    for part in between.parts:
        assert back.translate(between.translate(f"one:{part}")) == f"one:{part}"
    for level in numbers:
        assert all(level in back.translate_level(other) for other in between.translate_level(level))
