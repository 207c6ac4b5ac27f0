"""Sound definitions, broken at random.

Each still loads, or gives one `DefinitionError` that names the place of every problem; nothing
else is raised.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from digilitt.define.catalogue import framework, instrument
from digilitt.define.framework import Framework
from digilitt.define.instrument import Instrument
from digilitt.define.mapping import Mapping
from digilitt.define.schema import json_schema
from digilitt.errors import DefinitionError
from tests.define.test_broken_instruments import assert_plain

COMPLETE = (Path(__file__).parent / "complete.toml").read_text("utf-8")
DIGCOMP = framework("digcomp-3.0")
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 120),
    st.sampled_from([10**15, -(10**40), 10**5000, 0.5, 1.0, 2.5, -0.0, 1e300, 1e-320]),
    st.sampled_from([float("inf"), float("nan"), dt.date(2026, 1, 1), dt.time(12)]),
    st.sampled_from(["", "a1", "-a1", "--a1", "attitude", "1", "sv", "all", "ordered", "mean"]),
    st.sampled_from(["digilitt:attityd", "digcomp-3.0:9.9", ":", "Å", "x" * 10_000, "\x00", "'\""]),
    st.sampled_from([[], {}, [[]], [None], {"": {}}, {"id": {"id": []}}, {"sv": "x", "en": "y"}]),
    st.sampled_from([["a1", "a2"], [1, 2], {"code": 1}, {"item": "a1"}, {"self": 1}, {"kind": 1}]),
)
NEW_KEYS = st.sampled_from(
    ["x", "", "self", "data", "sv", "fi", "id", "to", "label", "score", "key", "kind", "items"]
)


def places(data: Any) -> list[tuple[Any, Any]]:
    """Every container in a tree with each of its keys or positions."""
    if isinstance(data, dict):
        own = [(data, key) for key in data]
    elif isinstance(data, list):
        own = [(data, position) for position in range(len(data))]
    else:
        return []
    return own + [inner for container, key in own for inner in places(container[key])]


def mutate(draw: st.DrawFn, data: Any) -> None:
    if not (found := places(data)):
        return
    container, key = found[draw(st.integers(0, len(found) - 1))]
    how = draw(st.sampled_from(["delete", "junk", "insert", "swap", "repeat", "edit"]))
    if how == "delete":
        del container[key]
    elif how == "junk":
        container[key] = copy.deepcopy(draw(JUNK))
    elif how == "insert" and isinstance(container, dict):
        container[draw(NEW_KEYS)] = copy.deepcopy(draw(JUNK))
    elif how == "repeat" and isinstance(container, list):
        container.insert(key, copy.deepcopy(container[key]))
    elif how == "edit" and isinstance(container[key], int | float):
        container[key] += draw(st.sampled_from([-1, 1, 0.5, 100]))
    else:
        other, position = found[draw(st.integers(0, len(found) - 1))]
        container[key], other[position] = (
            copy.deepcopy(other[position]),
            copy.deepcopy(container[key]),
        )


@st.composite
def mutated(draw: st.DrawFn, sound: dict[str, Any]) -> dict[str, Any]:
    data = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 3))):
        mutate(draw, data)
    return data


def loaded(model: Callable[..., Any], data: dict[str, Any]) -> Any:
    """What `data` makes, or None after a definition error that is as it should be."""
    try:
        return model(**data)
    except DefinitionError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.code
            assert problem.column
            assert problem.file
            assert_plain(problem.message)
        return None


SCHEMA = Draft202012Validator(json_schema("instrument"))


@settings(max_examples=200)
@given(mutated(tomllib.loads(COMPLETE)))
def test_a_mutated_instrument_loads_or_says_where_it_is_broken(data: dict[str, Any]) -> None:
    made = loaded(Instrument, data)
    if made is not None:
        again = Instrument(**json.loads(made.canonical_json()))
        assert again == made
        assert again.digest == made.digest
        assert [*SCHEMA.iter_errors(json.loads(made.canonical_json()))] == []


@settings(max_examples=100)
@given(mutated(DIGCOMP.model_dump(mode="json", exclude_none=True)))
def test_a_mutated_framework_loads_or_says_where_it_is_broken(data: dict[str, Any]) -> None:
    made = loaded(Framework, data)
    if made is not None:
        assert Framework(**json.loads(made.canonical_json())).digest == made.digest


FULL_MAPPING: dict[str, Any] = {
    "sheet": "Svar",
    "header_row": 3,
    "groups": {"municipality": "Kommun"},
    "columns": {"Fråga 1": "a1", "Kryss": "k2:2", "a1 efter": "a1@efter"},
    "labels": {"agree5": {"Håller med": 5, "Vet ej": 66}},
    "values": {"municipality": {"Kristianstads kommun": "Kristianstad"}},
    "blanks": ["-"],
}


@settings(max_examples=100)
@given(mutated(FULL_MAPPING))
def test_a_mutated_mapping_loads_or_says_where_it_is_broken(data: dict[str, Any]) -> None:
    made = loaded(Mapping, data)
    if made is not None:
        assert Mapping(**made.model_dump(mode="json", exclude_defaults=True)) == made


@settings(max_examples=100)
@given(
    cut=st.tuples(st.integers(0, len(COMPLETE)), st.integers(0, 60)),
    put=st.one_of(st.binary(max_size=4), st.sampled_from(["[", "}", '"', "=", "\n", "'''", "[["])),
)
def test_a_mutated_file_loads_or_says_where_it_is_broken(
    cut: tuple[int, int], put: bytes | str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.toml"
    start, length = cut
    middle = put if isinstance(put, bytes) else put.encode()
    before, after = COMPLETE[:start].encode(), COMPLETE[start + length :].encode()
    path.write_bytes(before + middle + after)
    try:
        made = instrument(path)
    except DefinitionError as error:
        assert {problem.file for problem in error.problems} == {str(path)}
        for problem in error.problems:
            assert_plain(problem.message)
    else:
        assert Instrument(**json.loads(made.canonical_json())).digest == made.digest
