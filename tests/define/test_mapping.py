"""Mappings: reading, writing, and what they refuse."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from digilitt.define.fields import alike
from digilitt.define.mapping import Mapping, read_mapping
from digilitt.errors import DefinitionError, InterchangeError

FULL: dict[str, Any] = {
    "instrument": "digilitt-core",
    "sheet": "Svar 2019",
    "header_row": 3,
    "person": "Löpnr",
    "wave": "Mättillfälle",
    "cluster": "Arbetsplats",
    "weight": "Vikt",
    "rater": "Coach",
    "groups": {"municipality": "Kommun"},
    "columns": {"1. Jag är nyfiken": "a1", "Kryss: två": "k2:2", "a1 efter": "a1@efter"},
    "labels": {"agree5": {"Håller med": 5, "Vet ej": 66}},
    "values": {"municipality": {"Kristianstads kommun": "Kristianstad", "1290": "Kristianstad"}},
    "blanks": ["-", "ej svar"],
    "unticked_blank": True,
}


def test_writes_and_reads_itself(tmp_path: Path) -> None:
    full = Mapping(**FULL)
    path = full.write(tmp_path / "mapping.toml")
    assert read_mapping(path) == full
    assert read_mapping(str(path)) == full
    assert pickle.loads(pickle.dumps(full)) == full
    assert hash(read_mapping(path)) == hash(full)
    assert b"\r" not in path.read_bytes()


def test_an_empty_mapping_is_an_empty_file(tmp_path: Path) -> None:
    path = Mapping().write(tmp_path / "mapping.toml")
    assert path.read_bytes() == b""
    assert read_mapping(path) == Mapping()


def test_never_overwrites_unasked(tmp_path: Path) -> None:
    path = Mapping(**FULL).write(tmp_path / "mapping.toml")
    with pytest.raises(InterchangeError, match=r"exists already; .* overwrite it explicitly"):
        Mapping().write(path)
    assert read_mapping(path) == Mapping(**FULL)
    Mapping(person="Id").write(path, overwrite=True)
    assert read_mapping(path).person == "Id"


@pytest.mark.parametrize("name", ["no/such/folder/mapping.toml", "x" * 300 + ".toml", "."])
def test_what_cannot_be_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(InterchangeError) as caught:
        Mapping().write(tmp_path / name)
    assert caught.value.problems[0].file == str(tmp_path / name)


def test_problems_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text('header_row = "3"\n[columns]\n"Fråga" = "1a"\n', "utf-8")
    with pytest.raises(DefinitionError) as caught:
        read_mapping(path)
    assert [(p.code, p.file, p.column) for p in caught.value.problems] == [
        ("wrong-type", str(path), "header_row"),
        ("wrong-value", str(path), "columns.Fråga"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": {"q": ""}},
        {"columns": {"q": "a 1"}},
        {"columns": {"q": "a1:x"}},
        {"columns": {"q": "a1@"}},
        {"columns": {"q": 1}},
        {"columns": ["q"]},
        {"header_row": 0},
        {"header_row": True},
        {"header_row": 2.0},
        {"header_row": 10**9},
        {"sheet": 1.5},
        {"sheet": False},
        {"labels": {"agree5": {"Ja": True}}},
        {"labels": {"agree5": {"Ja": 1.0}}},
        {"labels": {"agree5": {"Ja": 10**30}}},
        {"labels": {"agree5": {"Ja": 1, "ja ": 2}}},
        {"values": {"wave": {"före": "1", "FÖRE": "2"}}},
        {"groups": {"municipality": 5}},
        {"groups": {"sex": "Kön", " sex": "Genus"}},
        {"blanks": "-"},
        {"unticked_blank": "yes"},
        {"self": 1},
        {"data": 1},
    ],
)
def test_refuses(wrong: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as caught:
        Mapping(**wrong)
    (problem,) = caught.value.problems
    assert problem.column.startswith(next(iter(wrong)))
    assert "Input should" not in problem.message


def test_spellings_that_agree_are_fine() -> None:
    made = Mapping(labels={"agree5": {"Ja": 1, "JA": 1}}, values={"wave": {"x": "1", "X": "1"}})
    assert made.labels["agree5"] == {"Ja": 1, "JA": 1}


def test_does_not_change() -> None:
    full = Mapping(**FULL)
    with pytest.raises(ValidationError, match="frozen"):
        full.person = "x"
    with pytest.raises(TypeError, match="does not change"):
        full.columns["x"] = "a2"
    with pytest.raises(TypeError, match="does not change"):
        full.labels["agree5"]["x"] = 1


def test_a_changed_copy_is_checked() -> None:
    full = Mapping(**FULL)
    assert full.model_copy(update={"person": "Id"}) == Mapping(**{**FULL, "person": "Id"})
    with pytest.raises(DefinitionError, match="header_row"):
        full.model_copy(update={"header_row": -1})


# Any text that a header or a cell may hold, control characters included.
CELLS = st.text(max_size=20)
TARGETS = st.from_regex(
    r"[A-Za-z][A-Za-z0-9_]{0,5}(:-?[0-9]{1,3})?(@[a-zåäö0-9]{1,6})?", fullmatch=True
)


def tables(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(CELLS, values, max_size=4).filter(
        lambda made: len({alike(key) for key in made}) == len(made)
    )


@settings(max_examples=80)
@given(
    data=st.fixed_dictionaries(
        {},
        optional={
            "sheet": st.one_of(CELLS, st.integers()),
            "person": CELLS,
            "groups": tables(CELLS),
            "columns": tables(TARGETS),
            "labels": tables(tables(st.integers(-999, 999))),
            "values": tables(tables(CELLS)),
            "blanks": st.lists(CELLS, max_size=3),
            "unticked_blank": st.booleans(),
        },
    )
)
def test_any_text_survives_the_file(
    data: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = Mapping(**data)
    path = tmp_path_factory.getbasetemp() / "any.toml"
    assert read_mapping(made.write(path, overwrite=True)) == made
