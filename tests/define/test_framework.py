"""Frameworks: what ships, and what holds for any."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from pydantic import ValidationError

from digilitt.define.catalogue import framework, frameworks
from digilitt.define.framework import Framework
from digilitt.errors import DefinitionError

SMALL: dict[str, Any] = {
    "id": "small",
    "version": "1.0",
    "title": {"sv": "Litet", "en": "Small"},
    "languages": ["sv", "en"],
    "licence": "MIT",
    "source": "",
    "areas": [{"id": "1", "sv": "Ett", "en": "One"}, {"id": "2", "sv": "Två", "en": "Two"}],
    "competences": [{"id": "1.1", "area": "1", "sv": "Söka", "en": "Search"}],
    "levels": [{"id": "low", "sv": "Låg", "en": "Low", "equivalents": {"eight": ["1", "2"]}}],
}


def by_area(found: Framework) -> list[int]:
    return [
        sum(competence.area == area.id for competence in found.competences) for area in found.areas
    ]


def test_digcomp_has_its_published_structure() -> None:
    digcomp = framework("digcomp-3.0")
    assert by_area(digcomp) == [3, 6, 4, 4, 4]
    assert digcomp.own_translations == ("sv",)
    eight = [step for level in digcomp.levels for step in level.equivalents["eight-levels"]]
    six = [step for level in digcomp.levels for step in level.equivalents["six-levels"]]
    assert eight == [str(step) for step in range(1, 9)]
    assert six == ["A1", "A2", "B1", "B2", "C1", "C2"]


def test_digcomp_2_2_has_eight_levels_in_four_bands() -> None:
    digcomp = framework("digcomp-2.2")
    assert by_area(digcomp) == [3, 6, 4, 4, 4]
    names = {band.id: str(band.label) for band in digcomp.level_bands}
    assert [(level.id, names[level.band or ""]) for level in digcomp.levels] == [
        ("1", "Foundation"),
        ("2", "Foundation"),
        ("3", "Intermediate"),
        ("4", "Intermediate"),
        ("5", "Advanced"),
        ("6", "Advanced"),
        ("7", "Highly specialised"),
        ("8", "Highly specialised"),
    ]


def test_digcompedu_has_its_published_structure() -> None:
    edu = framework("digcompedu")
    assert by_area(edu) == [4, 3, 4, 3, 3, 5]
    assert [f"{level.id} {level.label}" for level in edu.levels] == [
        *("A1 Newcomer", "A2 Explorer", "B1 Integrator", "B2 Expert", "C1 Leader", "C2 Pioneer")
    ]


def test_eurostat_has_areas_and_overall_levels_by_its_codes() -> None:
    dsi = framework("eurostat-dsi-2")
    assert [area.id for area in dsi.areas] == ["IL", "CC", "DCC", "SF", "PS"]
    assert [level.id for level in dsi.levels] == ["X", "LM", "N", "LW", "B", "AB"]
    assert dsi.competences == ()


@pytest.mark.parametrize("name", ["digcomp-2.2", "digcompedu", "eurostat-dsi-2"])
def test_what_was_not_checked_is_said(name: str) -> None:
    found = framework(name)
    assert found.unverified
    assert found.own_translations == ("sv",)


def test_digilitt_has_three_themes_and_a_context() -> None:
    areas = {area.id: area.context for area in framework("digilitt").areas}
    assert areas == {
        "attityd": False,
        "medvetenhet": False,
        "formaga": False,
        "forutsattningar": True,
    }


STATED: dict[str, Any] = {
    **SMALL,
    "statements": [
        {"id": "S1", "competence": "1.1", "level": "low", "text": {"sv": "Söker.", "en": "Looks."}}
    ],
    "outcomes": [
        {"id": "O1", "competence": "1.1", "kind": "skill", "text": {"sv": "Ser.", "en": "Sees."}}
    ],
}


def test_links_name_whatever_items_may_be_about() -> None:
    assert Framework(**SMALL).links == {"small:1", "small:2", "small:1.1"}
    assert Framework(**STATED).links == {*Framework(**SMALL).links, "small:S1", "small:O1"}


def test_statements_and_outcomes_survive_writing() -> None:
    stated = Framework(**STATED)
    assert Framework(**json.loads(stated.canonical_json())) == stated
    assert hash(Framework(**STATED)) == hash(stated)
    assert stated.digest != Framework(**SMALL).digest
    assert (stated.statements[0].ai, stated.outcomes[0].level) == (None, None)
    assert repr(stated).endswith("1 levels, 1 statements, 1 outcomes)")


@pytest.mark.parametrize("name", sorted(frameworks()))
def test_dumps_and_loads_again(name: str, tmp_path: Path) -> None:
    found = frameworks()[name]
    assert found.id == name
    again = Framework(**json.loads(found.canonical_json()))
    assert again == found
    assert again.digest == found.digest
    path = tmp_path / "again.toml"
    path.write_text(tomli_w.dumps(found.model_dump(mode="json", exclude_none=True)), "utf-8")
    assert framework(path) == found
    for twin in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert twin == found
        assert hash(twin) == hash(found)


def test_digest_is_of_the_meaning() -> None:
    digest = Framework(**SMALL).digest
    long = {
        **dict(reversed(SMALL.items())),
        "areas": [
            {"label": {"en": "One", "sv": "Ett"}, "id": "1", "context": False},
            {"label": {"en": "Two", "sv": "Två"}, "id": "2", "description": None},
        ],
        "notes": [],
        "attribution": "",
    }
    assert Framework(**long).digest == digest
    changes: list[dict[str, Any]] = [
        {"version": "1.1"},
        {"levels": []},
        {"own_translations": ["sv"]},
        {"areas": [*SMALL["areas"][:1], {**SMALL["areas"][1], "context": True}]},
        {"competences": [{**SMALL["competences"][0], "area": "2"}]},
        {"title": {"sv": "Litet", "en": "Little"}},
    ]
    digests = {Framework(**{**SMALL, **change}).digest for change in changes}
    assert len(digests | {digest}) == len(changes) + 1


def test_does_not_change() -> None:
    small = Framework(**SMALL)
    with pytest.raises(ValidationError, match="frozen"):
        small.id = "other"
    with pytest.raises(ValidationError, match="frozen"):
        small.areas[0].id = "other"
    with pytest.raises(TypeError, match="does not change"):
        small.levels[0].equivalents["six"] = ()
    with pytest.raises(TypeError, match="does not change"):
        small.title.root["sv"] = "Annat"


def test_a_changed_copy_is_checked() -> None:
    small = Framework(**SMALL)
    assert small.model_copy() == small
    assert small.model_copy(update={"version": "2.0"}).version == "2.0"
    with pytest.raises(DefinitionError) as caught:
        small.model_copy(update={"areas": small.areas[1:], "own_translations": ["fi"]})
    found = {(problem.code, problem.column) for problem in caught.value.problems}
    assert found == {("unknown-area", "1.1"), ("unknown-language", "own_translations")}
    with pytest.raises(DefinitionError, match="no key that is known"):
        small.model_copy(update={"colour": "blue"})


def test_parts_made_alone_are_checked_with_the_whole() -> None:
    small = Framework(**SMALL)
    broken = small.areas[0].model_copy(update={"id": 7})
    with pytest.raises(DefinitionError, match="found 7; expected text in quotes"):
        Framework(**{**SMALL, "areas": [broken, *small.areas[1:]]})


def test_text_forms() -> None:
    assert repr(Framework(**SMALL)) == "Framework(small@1.0: 2 areas, 1 competences, 1 levels)"
    assert str(Framework(**SMALL)) == repr(Framework(**SMALL))


def test_levels_without_equivalents_have_a_hash() -> None:
    bare = Framework(**{**SMALL, "levels": [{"id": "low", "sv": "Låg", "en": "Low"}]})
    assert hash(bare) == hash(copy.deepcopy(bare))
    with pytest.raises(TypeError, match="does not change"):
        bare.levels[0].equivalents["six"] = ()
    assert "equivalents" not in bare.canonical_json()
