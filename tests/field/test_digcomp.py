"""The official DigComp 3.0 data supplement of 24 November 2025."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from digilitt.define.catalogue import framework, instrument
from digilitt.define.framework import Framework
from digilitt.evidence.content import coverage
from digilitt.interchange.digcomp import read_digcomp


@pytest.fixture(scope="module")
def digcomp(field_folder: Path) -> Framework:
    return read_digcomp(field_folder / "digcomp_3_0" / "digcomp3_data_supplement_2025-11-24.jsonld")


def test_statements(digcomp: Framework) -> None:
    assert len(digcomp.statements) == 362
    assert Counter(part.level for part in digcomp.statements) == {
        "1": 97,
        "2": 103,
        "3": 89,
        "4": 73,
    }
    assert Counter(part.ai for part in digcomp.statements) == {
        "implicit": 246,
        "explicit": 49,
        "none": 67,
    }


def test_outcomes(digcomp: Framework) -> None:
    assert len(digcomp.outcomes) == 523
    assert Counter(part.kind for part in digcomp.outcomes) == {
        "knowledge": 217,
        "skill": 199,
        "attitude": 107,
    }
    assert Counter(part.ai for part in digcomp.outcomes) == {
        "implicit": 330,
        "explicit": 69,
        "none": 124,
    }
    assert not any(part.kind == "knowledge" and part.level == "4" for part in digcomp.outcomes)


def test_ids_begin_with_their_competence(digcomp: Framework) -> None:
    assert all(part.id[:5] == f"CS{part.competence}" for part in digcomp.statements)
    assert all(part.id[:5] == f"LO{part.competence}" for part in digcomp.outcomes)


def test_equals_the_framework_that_ships(digcomp: Framework) -> None:
    shipped = framework("digcomp-3.0")

    def areas(found: Framework) -> list[tuple[str, str]]:
        return [(area.id, area.label.to("en")) for area in found.areas]

    def competences(found: Framework) -> list[tuple[str, str, str]]:
        return [(part.id, part.area, part.label.to("en")) for part in found.competences]

    def levels(found: Framework) -> list[tuple[str, str, dict[str, tuple[str, ...]]]]:
        return [(level.id, level.label.to("en"), level.equivalents) for level in found.levels]

    assert areas(digcomp) == areas(shipped)
    assert competences(digcomp) == competences(shipped)
    assert levels(digcomp) == levels(shipped)
    assert len(digcomp.notes) == 2
    assert "a glossary of 126 terms" in digcomp.notes[1]


def test_stands_in_for_the_framework_that_ships(digcomp: Framework) -> None:
    quiz = instrument("digital-safety-quiz", frameworks=[digcomp])
    plain, full = coverage(quiz), coverage(quiz, framework=digcomp)
    assert full.table.equals(plain.table)
    assert len(full.statements) == 0
