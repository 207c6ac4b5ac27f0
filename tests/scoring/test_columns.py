"""Which header holds what: ids, texts, mappings, grids, waves; near misses told and not taken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from digilitt.define.mapping import Mapping
from digilitt.scoring.columns import Layout, Roles, known_names, layout, name_in
from tests.strategies import small

MADE = small(
    {
        "a1": {
            "format": "agree",
            "text": {"sv": "Jag vågar prova", "en": "I dare to try"},
        },
        "a2": {
            "format": "agree",
            "text": {"sv": "Jag frågar en kollega", "en": "I ask a colleague"},
        },
        "k1": {
            "format": "quiz",
            "key": [1, 3],
            "text": {"sv": "Vilka är säkra?", "en": "Which are safe?"},
        },
    },
    {"id": "s", "items": ["a1", "a2"], "metric": "mean"},
)
TICKS = ["k1:1", "k1:2", "k1:3"]


def look(
    headers: Sequence[str], mapping: Mapping | None = None, roles: Roles | None = None
) -> Layout:
    return layout(headers, MADE, mapping or Mapping(), roles or Roles(groups={}))


def codes(found: Layout) -> list[tuple[str, str]]:
    return [(problem.code, problem.column) for problem in found.problems]


@pytest.mark.parametrize(
    ("a1", "k1"),
    [
        ("a1", "k1"),
        (" A1 ", "K1"),
        ("Jag vågar prova", "Vilka är säkra?"),
        ("i  DARE to try", "Which are safe?"),
        ("Hur väl stämmer det? [Jag vågar prova]", "Fråga 7 [k1]"),
    ],
)
def test_headers_are_ids_texts_or_rows_of_grids(a1: str, k1: str) -> None:
    found = look([a1, "a2", k1])
    assert found.items == {"": {"a1": a1, "a2": "a2", "k1": k1}}
    assert (found.problems, found.dropped) == ((), ())


def test_one_column_for_each_option() -> None:
    found = look(["a1", "a2", "K1:1", "k1:2", "k1:3 "])
    assert found.items[""] == {
        "a1": "a1",
        "a2": "a2",
        **dict(zip(TICKS, ("K1:1", "k1:2", "k1:3 "), strict=True)),
    }
    assert found.problems == ()


def test_both_forms_of_one_multi_select_item_are_refused() -> None:
    found = look(["a1", "a2", "k1", "k1:2"])
    assert codes(found) == [("column-twice", "k1:2")]
    assert "'k1' holds all of 'k1' already" in found.problems[0].message


def test_lacking_columns_have_hints() -> None:
    found = look(["a1", "Jag frågar kollega", "k1:1", "k1:3"])
    assert codes(found) == [("missing-column", "a2"), ("missing-column", "k1:2")]
    assert "Is it 'Jag frågar kollega'? Then say so by a mapping." in found.problems[0].message
    # What is only similar is not taken, and so is dropped.
    assert found.dropped == ("Jag frågar kollega",)


def test_the_same_item_twice() -> None:
    found = look(["a1", "A1", "a2", "k1"])
    assert codes(found) == [("column-twice", "A1")]
    assert "'a1' both hold 'a1'" in found.problems[0].message


def test_a_text_of_several_items_is_ambiguous() -> None:
    same = {"sv": "Samma", "en": "Same"}
    made = small(
        {"a1": {"format": "agree", "text": same}, "a2": {"format": "agree", "text": same}},
        {"id": "s", "items": ["a1"], "metric": "mean"},
    )
    found = layout(["Samma", "a2"], made, Mapping(), Roles(groups={}))
    assert codes(found) == [("ambiguous-column", "Samma"), ("missing-column", "a1")]
    assert "(a1, a2); say which by a mapping" in found.problems[0].message
    mapped = layout(["Samma", "a2"], made, Mapping(columns={"Samma": "a1"}), Roles(groups={}))
    assert (mapped.problems, mapped.items) == ((), {"": {"a1": "Samma", "a2": "a2"}})


def test_a_mapping_comes_before_ids_and_texts() -> None:
    mapping = Mapping(columns={"fråga 1": "a1", "a1": "a2"})
    found = look(["Fråga 1 ", "a1", "a2", "k1"], mapping)
    assert found.items[""] == {"a1": "Fråga 1 ", "a2": "a1", "k1": "k1"}
    assert (found.problems, found.dropped) == ((), ("a2",))


def test_mappings_that_do_not_fit() -> None:
    mapping = Mapping(columns={"Fraga 1": "a1", "q2": "a9", "q3": "k1:7"})
    found = look(["Fråga 1", "q2", "q3", "a2", "k1"], mapping)
    assert codes(found) == [
        ("missing-column", "Fraga 1"),
        ("unknown-item", "q2"),
        ("unknown-item", "q3"),
        ("missing-column", "a1"),
    ]
    assert "Is it 'Fråga 1'?" in found.problems[0].message


def test_waves_side_by_side() -> None:
    columns = {
        f"{name} {wave}": f"{name}@{wave}" for wave in (2018, 2019) for name in ("a1", "a2", "k1")
    }
    found = look([*columns, "note"], Mapping(columns=columns))
    assert found.items == {
        wave: {name: f"{name} {wave}" for name in ("a1", "a2", "k1")} for wave in ("2018", "2019")
    }
    assert (found.problems, found.dropped) == ((), ("note",))
    roles = Roles(wave="when", groups={})
    clash = look([*columns, "when"], Mapping(columns=columns), roles)
    assert codes(clash) == [("waves-mixed", "when")]


def test_waves_that_lack_items_or_stand_beside_none() -> None:
    mapping = Mapping(columns={"x": "a1@2018", "y": "a2@2018", "z": "k1@2018", "v": "a1@2019"})
    found = look(["x", "y", "z", "v"], mapping)
    assert [(p.code, p.column) for p in found.problems] == [
        ("missing-column", "a2"),
        *(("missing-column", name) for name in TICKS),
    ]
    assert all("for wave '2019'" in problem.message for problem in found.problems)
    mixed = look(["x", "y", "z", "a1", "a2", "k1"], Mapping(columns={"x": "a1@2018"}))
    assert ("waves-mixed", "") in codes(mixed)


def test_roles_and_groups() -> None:
    roles = Roles(person="ID", weight="vikt", groups={"town": "Kommun", "role": "yrke"})
    found = look(["id", "Vikt", "KOMMUN", "a1", "a2", "k1"], roles=roles)
    assert found.people == {"person": "id", "weight": "Vikt", "town": "KOMMUN"}
    assert codes(found) == [("missing-column", "yrke")]
    assert "The columns are 'id', 'Vikt'" in found.problems[0].message


def test_values_in_the_mapping_are_for_groups_that_there_are() -> None:
    mapping = Mapping(values={"town": {"1266": "Hörby"}, "twon": {"1281": "Lund"}})
    found = look(["a1", "a2", "k1", "t"], mapping, Roles(groups={"town": "t"}))
    assert codes(found) == [("unknown-group", "twon")]
    fixed = layout(["a1", "a2", "k1"], MADE, mapping, Roles(groups={}), fixed=["town", "twon"])
    assert fixed.problems == ()


def test_a_column_of_people_is_not_also_an_item() -> None:
    found = look(["a1", "a2", "k1"], roles=Roles(person="a1", groups={}))
    assert found.people == {"person": "a1"}
    assert codes(found) == [("missing-column", "a1")]


def test_headers_that_differ_only_in_case_must_be_named_exactly() -> None:
    headers = ["Kommun", "kommun", "a1", "a2", "k1"]
    exact = look(headers, roles=Roles(groups={"town": "kommun"}))
    assert exact.people == {"town": "kommun"}
    loose = look(headers, roles=Roles(groups={"town": "KOMMUN"}))
    assert codes(loose) == [("missing-column", "KOMMUN")]


def test_a_data_row_taken_for_the_header_shows_nobody() -> None:
    headers = ["19811228-9874", "811228 9874", "4", "5"]
    found = look(headers, roles=Roles(person="id", groups={}))
    assert "missing-column" in {problem.code for problem in found.problems}
    assert not any("9874" in str(problem) for problem in found.problems)


def test_known_names() -> None:
    names = known_names(MADE)
    assert name_in("JAG VÅGAR PROVA", names) == {"a1"}
    assert name_in("k1:2", names) == {"k1:2"}
    assert name_in("Rutnät [I ask a colleague]", names) == {"a2"}
    assert name_in("a1 extra", names) == set()
