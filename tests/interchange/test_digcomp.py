"""The DigComp supplement: a small one of our own in its shape, and what breaks it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.define.catalogue import framework
from digilitt.define.framework import Framework
from digilitt.errors import DigilittError, InterchangeError
from digilitt.interchange.digcomp import read_digcomp

Graph = list[dict[str, Any]]

NAMES = ("Basic", "Basic", "Expert")


def about(competence: str, level: str, ai: str) -> dict[str, Any]:
    return {
        "competence_area_id": f"CompetenceArea/{competence[0]}",
        "competence_id": f"Competence/{competence}",
        "four_levels_proficiency_name": f"ProficiencyLevel/{level}",
        "ai_label": ai,
    }


def graph() -> Graph:
    """Two areas, three competences, two levels of three steps, two statements, three outcomes."""
    areas = [
        {"@type": "CompetenceArea", "@id": f"CompetenceArea/{n}", "name": f"Area {n}"}
        for n in (1, 2)
    ]
    competences = [
        {
            "@type": "Competence",
            "@id": f"Competence/{name}",
            "name": f"Skill {name}",
            "competence_area_id": f"CompetenceArea/{name[0]}",
        }
        for name in ("1.1", "1.2", "2.1")
    ]
    levels = [
        {
            "@type": "ProficiencyLevel",
            "@id": f"ProficiencyLevel/{name}_{number}",
            "four_levels_name": name,
            "four_levels_description": f"Works at {name}.",
            "eight_levels_mapping": number,
            "six_levels_mapping": f"A{number}",
            "applies_to": "Everyone.",
        }
        for number, name in enumerate(NAMES, 1)
    ]
    statements = [
        {"@type": "CompetenceStatement", "@id": "CompetenceStatement/CS1.1.01"}
        | about("1.1", "Basic", "AI-Implicit"),
        {"@type": "CompetenceStatement", "@id": "CompetenceStatement/CS2.1.01"}
        | about("2.1", "Expert", "AI not Implicit or Explicit"),
    ]
    outcomes = [
        {"@type": "LearningOutcome", "@id": f"LearningOutcome/LO{name}.01", "type": kind}
        | about(name, "Basic", "AI-Explicit")
        for name, kind in (("1.1", "Knowledge"), ("1.2", "Skill"), ("2.1", "Attitude"))
    ]
    described = [*areas, *competences, *statements, *outcomes]
    for entry in described:
        entry["description"] = f"What {entry['@id']} is."
    glossary = [{"@type": "Glossary", "@id": "Glossary/Two words", "explanation": "A term."}]
    return [*described, *levels, *glossary]


def written(content: Any, folder: Path) -> Path:
    path = folder / "supplement.jsonld"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def small(tmp_path: Path) -> Framework:
    return read_digcomp(written({"@context": {}, "@graph": graph()}, tmp_path))


def test_structure(small: Framework) -> None:
    assert [(area.id, str(area.label)) for area in small.areas] == [
        ("1", "Area 1"),
        ("2", "Area 2"),
    ]
    assert [(part.id, part.area) for part in small.competences] == [
        *(("1.1", "1"), ("1.2", "1"), ("2.1", "2"))
    ]
    assert str(small.competences[0].description) == "What Competence/1.1 is."
    assert [(level.id, str(level.label)) for level in small.levels] == [
        ("1", "Basic"),
        ("2", "Expert"),
    ]
    assert small.levels[0].equivalents == {"eight-levels": ("1", "2"), "six-levels": ("A1", "A2")}
    assert str(small.levels[1].description) == "Works at Expert."


def test_statements_and_outcomes(small: Framework) -> None:
    found = [(part.id, part.competence, part.level, part.ai) for part in small.statements]
    assert found == [("CS1.1.01", "1.1", "1", "implicit"), ("CS2.1.01", "2.1", "2", "none")]
    assert [(part.id, part.kind, part.ai) for part in small.outcomes] == [
        ("LO1.1.01", "knowledge", "explicit"),
        ("LO1.2.01", "skill", "explicit"),
        ("LO2.1.01", "attitude", "explicit"),
    ]
    assert str(small.outcomes[0].text) == "What LearningOutcome/LO1.1.01 is."


def test_takes_the_place_of_the_one_that_ships(small: Framework) -> None:
    shipped = framework("digcomp-3.0")
    assert (small.id, small.version, small.languages) == (shipped.id, shipped.version, ("en",))
    assert (small.licence, small.source) == (shipped.licence, shipped.source)
    assert "digcomp-3.0:LO1.1.01" in small.links


def test_notes_say_what_was_read_and_left_out(small: Framework) -> None:
    said = "\n".join(small.notes)
    assert "with 2 competence statements and 3 learning outcomes." in said
    assert "a glossary of 1 term; keys that are not read: applies_to." in said
    assert "lacks areas that digcomp-3.0 has: 3, 4, 5." in said
    assert "these areas are new or have another name: 1, 2." in said
    assert "these levels are new or have another name: 2." in said


def test_digest_is_of_the_content_and_not_of_the_name(small: Framework, tmp_path: Path) -> None:
    path = written({"@graph": graph()}, tmp_path)
    assert read_digcomp(str(path.rename(tmp_path / "other.json"))).digest == small.digest


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings_that_json_may_have(encoding: str, small: Framework, tmp_path: Path) -> None:
    path = tmp_path / "encoded.jsonld"
    path.write_text(json.dumps({"@graph": graph()}, ensure_ascii=False), encoding=encoding)
    assert read_digcomp(path) == small


def test_order_of_entries_does_not_matter_for_levels(tmp_path: Path) -> None:
    turned = read_digcomp(written({"@graph": graph()[::-1]}, tmp_path))
    assert [str(level.label) for level in turned.levels] == ["Basic", "Expert"]
    assert turned.statements[0].level == "2"


# Files that are no supplement: their bytes, the code, and what the message says.
FILES: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "empty-file", "is empty"),
    "blank": (b" \n", "not-json", "line 2, column 1"),
    "not JSON": (b"areas = []", "not-json", "line 1, column 1"),
    "cut off": (json.dumps({"@graph": graph()}).encode()[:-9], "not-json", "at line 1"),
    "two files in one": (b"{}\n{}", "not-json", "Extra data at line 2"),
    "comment": (b'{"@graph": [] // none\n}', "not-json", "line 1"),
    "key twice": (b'{"@graph": [], "@graph": []}', "not-json", "'@graph' stands twice"),
    "no number": (b'{"@graph": [NaN]}', "not-json", "NaN is no number"),
    "huge number": (b'{"@graph": [' + b"9" * 5000 + b"]}", "not-json", "thousands of digits"),
    "deep lists": (b"[" * 200_000, "not-json", "too deep"),
    "deep objects": (b'{"@graph": ' * 100_000, "not-json", "too deep"),
    "Windows text": ('{"@graph": ["å"]}'.encode("cp1252"), "encoding", "Byte 14 is no text"),
    "workbook": (b"PK\x03\x04rest", "wrong-format", "expected the JSON-LD form"),
    "picture": (b"\x89PNG\r\n\x1a\n\xff", "encoding", "save it as UTF-8"),
    "list": (b"[]", "not-digcomp", "no list '@graph'"),
    "text": (b'"@graph"', "not-digcomp", "no list '@graph'"),
    "no graph": (b'{"@context": {}}', "not-digcomp", "no list '@graph'"),
    "graph of one": (b'{"@graph": {"@type": "Competence"}}', "not-digcomp", "no list '@graph'"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_supplement(name: str, tmp_path: Path) -> None:
    data, code, said = FILES[name]
    path = tmp_path / "broken.jsonld"
    path.write_bytes(data)
    with pytest.raises(InterchangeError) as caught:
        read_digcomp(path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.file) == (code, "broken.jsonld")
    assert said in problem.message


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "none.jsonld", "file-not-found"), (tmp_path, "is-a-folder")):
        with pytest.raises(InterchangeError) as caught:
            read_digcomp(path)
        assert [problem.code for problem in caught.value.problems] == [code]


def entry(graph: Graph, name: str) -> dict[str, Any]:
    return next(found for found in graph if found["@id"].endswith(name))


def put(name: str, key: str, value: Any) -> Callable[[Graph], object]:
    return lambda graph: entry(graph, name).__setitem__(key, value)


def without(name: str, key: str) -> Callable[[Graph], object]:
    return lambda graph: entry(graph, name).pop(key)


def no(kind: str) -> Callable[[Graph], object]:
    def change(graph: Graph) -> None:
        graph[:] = [found for found in graph if found["@type"] != kind]

    return change


def twice(name: str) -> Callable[[Graph], object]:
    return lambda graph: graph.append(dict(entry(graph, name)))


CS, LO = "CompetenceStatement/CS1.1.01", "LearningOutcome/LO1.1.01"
STEP = "ProficiencyLevel/Basic_2"
IN_AREA, IN_COMPETENCE = "competence_area_id", "competence_id"
OF_LEVEL, EIGHT = "four_levels_proficiency_name", "eight_levels_mapping"
DEEP: list[Any] = []
for _ in range(400):
    DEEP = [DEEP]

# A change of a sound supplement: code and place of every problem, in order.
CHANGES: dict[str, tuple[Callable[[Graph], object], list[tuple[str, str]]]] = {
    "an entry of text": (
        lambda graph: graph.insert(0, "Competence/9.9"),  # type: ignore[arg-type]
        [("wrong-value", "@graph[1]")],
    ),
    "an entry of nothing": (
        lambda graph: graph.append(None),  # type: ignore[arg-type]
        [("wrong-value", "@graph[15]")],
    ),
    "no type": (without(CS, "@type"), [("wrong-value", "@graph[6]")]),
    "unknown type": (put(CS, "@type", "Statement"), [("wrong-value", "@graph[6]")]),
    "types": (put(CS, "@type", ["CompetenceStatement"]), [("wrong-value", "@graph[6]")]),
    "no id": (without(CS, "@id"), [("wrong-value", "@graph[6]")]),
    "id of another type": (put(CS, "@id", "Competence/CS9"), [("wrong-value", "@graph[6]")]),
    "id of words": (put(CS, "@id", "CompetenceStatement/one two"), [("wrong-value", "@graph[6]")]),
    "id that ends a line": (put(CS, "@id", f"{CS}\n"), [("wrong-value", "@graph[6]")]),
    "id too long": (put(CS, "@id", f"{CS}{'9' * 80}"), [("wrong-value", "@graph[6]")]),
    "repeated id": (twice(CS), [("repeated-entry", CS)]),
    "repeated level": (twice(STEP), [("repeated-entry", STEP), ("repeated-level", EIGHT)]),
    "no areas": (no("CompetenceArea"), [("not-digcomp", "@graph")]),
    "no statements": (no("CompetenceStatement"), [("not-digcomp", "@graph")]),
    "no levels": (no("ProficiencyLevel"), [("not-digcomp", "@graph")]),
    "no text": (without(LO, "description"), [("missing-key", LO)]),
    "blank text": (put(LO, "description", " \t"), [("wrong-value", LO)]),
    "half a letter": (put(LO, "description", "\ud800"), [("wrong-value", LO)]),
    "text that is a number": (put(LO, "description", 1), [("wrong-value", LO)]),
    "text that is a list": (put(LO, "description", [["deep"]]), [("wrong-value", LO)]),
    "competence deep in lists": (put(LO, IN_COMPETENCE, DEEP), [("wrong-value", LO)]),
    "levels deep in lists": (
        put(STEP, "four_levels_description", DEEP),
        [("wrong-value", STEP)],
    ),
    "unknown kind": (put(LO, "type", "Skills"), [("wrong-value", LO)]),
    "kind that is a list": (put(LO, "type", ["Skill"]), [("wrong-value", LO)]),
    "unknown AI label": (put(LO, "ai_label", "AI"), [("wrong-value", LO)]),
    "unknown competence": (put(LO, IN_COMPETENCE, "Competence/1.9"), [("unknown-competence", LO)]),
    "competence without its type": (put(LO, IN_COMPETENCE, "1.1"), [("unknown-competence", LO)]),
    "unknown level": (put(LO, OF_LEVEL, "ProficiencyLevel/basic"), [("unknown-level", LO)]),
    "step for a level": (put(LO, OF_LEVEL, STEP), [("unknown-level", LO)]),
    "unknown area": (put(LO, IN_AREA, "CompetenceArea/9"), [("unknown-area", LO)]),
    "area of another competence": (put(LO, IN_AREA, "CompetenceArea/2"), [("area-clash", LO)]),
    "competence in an unknown area": (
        put("Competence/1.1", IN_AREA, "CompetenceArea/9"),
        [("unknown-area", "Competence/1.1")],
    ),
    "step above eight": (put(STEP, EIGHT, 9), [("wrong-value", STEP)]),
    "step in quotes": (put(STEP, EIGHT, "2"), [("wrong-value", STEP)]),
    "step that is true": (put(STEP, EIGHT, True), [("wrong-value", STEP)]),
    "step taken already": (put(STEP, EIGHT, 1), [("repeated-level", EIGHT)]),
    "levels interrupted": (put(STEP, EIGHT, 4), [("level-bands", "ProficiencyLevel/Basic")]),
    "level in two descriptions": (
        put(STEP, "four_levels_description", "Otherwise."),
        [("wrong-value", "ProficiencyLevel/Basic")],
    ),
    "area with the id of a competence": (
        lambda graph: graph.append({**entry(graph, "Area/1"), "@id": "CompetenceArea/1.1"}),
        [("repeated-competence", "1.1")],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_broken_supplements(name: str, tmp_path: Path) -> None:
    change, expected = CHANGES[name]
    broken = graph()
    change(broken)
    with pytest.raises(InterchangeError) as caught:
        read_digcomp(written({"@graph": broken}, tmp_path))
    problems = caught.value.problems
    assert [(problem.code, problem.column) for problem in problems] == expected
    for problem in problems:
        assert problem.file == "supplement.jsonld"
        assert problem.message.endswith((".", "?"))
        assert len(problem.message) < 300
        str(problem).encode()


def test_all_problems_at_once(tmp_path: Path) -> None:
    broken = graph()
    for name in ("no text", "unknown level", "repeated level", "types"):
        CHANGES[name][0](broken)
    with pytest.raises(InterchangeError) as caught:
        read_digcomp(written({"@graph": broken}, tmp_path))
    assert [(problem.code, problem.column) for problem in caught.value.problems] == [
        ("wrong-value", "@graph[6]"),
        ("repeated-entry", STEP),
        ("missing-key", LO),
        ("unknown-level", LO),
        ("repeated-level", EIGHT),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.data())
def test_any_value_anywhere_is_read_or_refused(tmp_path_factory: Any, data: st.DataObject) -> None:
    changed: Any = graph()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        if isinstance(changed[place], dict) and data.draw(st.booleans()):
            key = data.draw(st.sampled_from(sorted(changed[place]) or ["@id"]))
            changed[place][key] = data.draw(JSON)
        else:
            changed[place] = data.draw(JSON)
    path = written({"@graph": changed}, tmp_path_factory.getbasetemp())
    try:
        found = read_digcomp(path)
    except DigilittError as error:
        assert type(error) is InterchangeError
        assert error.problems
        str(error).encode()
    else:
        assert len(found.statements) == 2
