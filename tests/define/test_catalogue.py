"""The catalogue: what ships is sound, complete in its languages, and told by its schema."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from digilitt.define.catalogue import (
    FRAMEWORKS,
    framework,
    frameworks,
    instrument,
    instruments,
    instruments_folder,
    municipalities,
    sample,
)
from digilitt.define.framework import Framework
from digilitt.define.schema import json_schema
from digilitt.define.starter import STARTER
from digilitt.errors import DefinitionError

COMPLETE = Path(__file__).parent / "complete.toml"
INSTRUMENT_FILES = {
    path.parent.name: path for path in sorted(instruments_folder().glob("*/instrument.toml"))
}
FRAMEWORK_FILES = {path.stem: path for path in sorted(FRAMEWORKS.glob("*.toml"))}
SCHEMAS = {
    what: Draft202012Validator(json_schema(what)) for what in ("instrument", "framework", "mapping")
}

OWN = Framework(
    id="own",
    version="1.0",
    title={"en": "Own"},
    languages=["en"],
    licence="MIT",
    source="",
    areas=[{"id": "one", "en": "One"}],
)


PILOTS = {"digilitt-core", "digilitt-mapping", "digital-safety-quiz"}


def short(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def content(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def refusals(what: str, data: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in SCHEMAS[what].iter_errors(data)]


def test_ships_what_the_project_says() -> None:
    frameworks = {"digcomp-2.2", "digcomp-3.0", "digcompedu", "digilitt", "eurostat-dsi-2"}
    assert set(FRAMEWORK_FILES) == frameworks
    others = {"cieb", "dhli", "eheals", "eurostat-dsi-2", "hls19-digi", "hme", "sus", "techph"}
    assert set(INSTRUMENT_FILES) == PILOTS | others


@pytest.mark.parametrize("name", INSTRUMENT_FILES)
def test_instrument_ships_sound(name: str) -> None:
    found = instrument(name)
    assert found.id == name
    assert found == instruments()[name] == instrument(INSTRUMENT_FILES[name])
    assert found == instrument(INSTRUMENT_FILES[name].parent)
    assert found.licence
    assert found.notes
    assert found.status == ("pilot" if name in PILOTS else "structure")
    assert bool(found.source) == (found.status == "structure")


@pytest.mark.parametrize("name", FRAMEWORK_FILES)
def test_framework_ships_sound(name: str) -> None:
    found = framework(name)
    assert found.id == name
    assert found == frameworks()[name] == framework(FRAMEWORK_FILES[name])


def languages_of(text: Any) -> set[str]:
    """Languages of a TOML table that is a text or has one inline."""
    return {key for key in text if re.fullmatch("[a-z]{2}", key) and key not in ("id", "to")}


def text_tables(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, list):
        return [table for part in data for table in text_tables(part)]
    if not isinstance(data, dict):
        return []
    own = [data] if languages_of(data) else []
    return own + [table for part in data.values() for table in text_tables(part)]


@pytest.mark.parametrize("path", [*INSTRUMENT_FILES.values(), *FRAMEWORK_FILES.values()], ids=short)
def test_both_languages_everywhere(path: Path) -> None:
    data = content(path)
    assert set(data["languages"]) == {"sv", "en"}
    tables = text_tables(data)
    assert len(tables) > 8
    assert [table for table in tables if languages_of(table) != {"sv", "en"}] == []


@pytest.mark.parametrize("what", SCHEMAS)
def test_schema_is_a_schema(what: str) -> None:
    Draft202012Validator.check_schema(json_schema(what))


@pytest.mark.parametrize("path", [*INSTRUMENT_FILES.values(), COMPLETE, STARTER], ids=short)
def test_schema_takes_every_instrument(path: Path) -> None:
    data = tomllib.loads(path.read_text("utf-8").replace('id = "ID"', 'id = "starter"'))
    assert refusals("instrument", data) == []


@pytest.mark.parametrize("path", FRAMEWORK_FILES.values(), ids=short)
def test_schema_takes_every_framework(path: Path) -> None:
    assert refusals("framework", content(path)) == []


@pytest.mark.parametrize("name", INSTRUMENT_FILES)
def test_schema_takes_the_canonical_form(name: str) -> None:
    assert refusals("instrument", instrument(name).model_dump(mode="json", by_alias=True)) == []


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("status",), "famous"),
        (("licence",), None),
        (("languages",), ["swedish"]),
        (("items", 0, "id"), "1a"),
        (("items", 0, "text"), "Påstående"),
        (("items", 0, "text"), {}),
        (("items", 0, "text"), {"sv": ""}),
        (("items", 0, "colour"), "blue"),
        (("scales", 0, "items", 0), "--a1"),
        (("scales", 0, "items", 0), 1),
        (("scales", 0, "min_answerd"), 2),
        (("scales", 0, "bands", 0, "from"), "1"),
        (("scales", 0, "bands", 0, "start"), 1),
        (("formats", "agree4", "kind"), "likert"),
        (("formats", "two words"), {"kind": "numeric", "minimum": 0, "maximum": 1}),
        (("formats", "agree4", "options", 0, "code"), "1"),
        (("formats", "agree4", "options", 0, "label"), {"sv": "Nej", "en": "No"}),
        (("formats", "agree4", "options", 0), {"code": 1}),
        (("formats", "agree4", "options", 0), {"code": 1, "id": "x"}),
        (("formats", "agree4", "options", 0), {"code": 1, "sv": 1}),
    ],
    ids=repr,
)
def test_schema_refuses(keys: tuple[Any, ...], value: Any) -> None:
    data = content(COMPLETE)
    inner = data
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    assert refusals("instrument", data) != []


def test_schema_of_mappings() -> None:
    good = {"sheet": 1, "columns": {"Fråga 1": "a1", "x": "k:1@w"}, "labels": {"f": {"Ja": 1}}}
    assert refusals("mapping", good) == []
    for bad in ({"colums": {}}, {"columns": {"x": "1"}}, {"labels": {"f": {"Ja": "1"}}}):
        assert refusals("mapping", bad) != []


def test_no_schema_of_anything_else() -> None:
    with pytest.raises(DefinitionError, match=r"no schema of 'item'; known: instrument, frame"):
        json_schema("item")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "..", ".", "digilitt core", "a" * 5000, "sus\0"])
def test_unknown_names(name: str) -> None:
    for find, known in ((instrument, "sus, techph; or give"), (framework, "dsi-2; or give")):
        with pytest.raises(DefinitionError, match=known) as caught:
            find(name)
        (problem,) = caught.value.problems
        assert problem.code in ("unknown-instrument", "unknown-framework")
        assert len(problem.message) < 400


def test_near_misses_are_told() -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'eheals'"):
        instrument("ehals")
    with pytest.raises(DefinitionError, match=r"Did you mean 'digcomp-2\.2'"):
        framework("digcomp-2.1")


@pytest.mark.parametrize(
    "name", ["none.toml", "no/folder/none.toml", "a" * 5000 + ".toml", "\0.toml"]
)
def test_files_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    for find in (instrument, framework):
        for path in (tmp_path / name, str(tmp_path / name)):
            with pytest.raises(DefinitionError) as caught:
                find(path)
            (problem,) = caught.value.problems
            assert problem.code == "toml"
            assert problem.file == str(path)


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"instrument\.toml: there is no such file"):
        instrument(tmp_path)
    (tmp_path / "instrument.toml").write_bytes(COMPLETE.read_bytes())
    assert instrument(tmp_path) == instrument(COMPLETE) == instrument(f"{tmp_path}/")
    with pytest.raises(DefinitionError, match="is a folder; expected a TOML file"):
        framework(tmp_path)


def test_a_file_that_notepad_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    Path("mine/instrument.toml.txt").write_bytes(COMPLETE.read_bytes())
    for which in ("mine", "mine/instrument.toml", Path("mine")):
        with pytest.raises(DefinitionError, match=r"'instrument\.toml\.txt'; remove \.txt") as told:
            instrument(which)
        assert [problem.code for problem in told.value.problems] == ["toml"]
    Path("mine/instrument.toml").write_bytes(COMPLETE.read_bytes())
    assert instrument("mine") == instrument(COMPLETE)


def test_byte_order_mark_windows_lines_and_capital_ending(tmp_path: Path) -> None:
    path = tmp_path / "WINDOWS.TOML"
    path.write_bytes(b"\xef\xbb\xbf" + COMPLETE.read_bytes().replace(b"\n", b"\r\n"))
    assert instrument(str(path)).digest == instrument(COMPLETE).digest


def test_frameworks_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "instrument.toml"
    text = COMPLETE.read_text("utf-8").replace('"digilitt:attityd"', '"own:one"')
    path.write_text(text, "utf-8")
    assert instrument(path, frameworks=[OWN]).items[0].competences[0] == "own:one"
    with pytest.raises(DefinitionError, match=r"digilitt, eurostat-dsi-2\. Pass"):
        instrument(path)
    path.write_text(text.replace('"own:one"', '"own:two"'), "utf-8")
    with pytest.raises(DefinitionError, match=r"'own:two', which own has not") as caught:
        instrument(path, frameworks=[OWN])
    (problem,) = caught.value.problems
    assert (problem.file, problem.column) == (str(path), "a1")


def test_statements_and_outcomes_stand_in_the_official_file(tmp_path: Path) -> None:
    path = tmp_path / "instrument.toml"
    text = COMPLETE.read_text("utf-8")
    for link in ("digcomp-3.0:LO1.1.06", "digcomp-3.0:CS4.1.01"):
        path.write_text(text.replace('"digilitt:attityd"', f'"{link}"'), "utf-8")
        with pytest.raises(DefinitionError, match=r"official .* read_digcomp\(\)") as told:
            instrument(path)
        (problem,) = told.value.problems
        assert link in problem.message
        assert "frameworks=[…]" in problem.message
        assert "Did you mean" not in problem.message
    for link in ("digcomp-3.0:LO1.1", "digcomp-2.2:LO1.1.06"):
        path.write_text(text.replace('"digilitt:attityd"', f'"{link}"'), "utf-8")
        with pytest.raises(DefinitionError, match=r"which digcomp-\d\.\d has not"):
            instrument(path)


def test_nine_municipalities_with_codes() -> None:
    found = {place.name: place.code for place in municipalities()}
    assert len(found) == len(municipalities()) == 9
    assert all(re.fullmatch(r"1[02][0-9]{2}", code) for code in found.values())
    assert found["Kristianstad"] == "1290"


def test_sample_of_nothing() -> None:
    with pytest.raises(DefinitionError, match="there is no instrument 'nothing'"):
        sample("nothing")
