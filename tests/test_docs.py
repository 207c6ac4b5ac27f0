"""The documentation keeps up with the code: codes, names, keys, commands and rules stand there."""

from __future__ import annotations

import ast
import re
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
from pydantic import BaseModel

import digilitt
from digilitt.cli import app
from digilitt.define import formats, instrument, item, scale
from digilitt.define.mapping import Mapping
from digilitt.result import Result

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "digilitt"

CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
IN_TABLE = re.compile(r"`([a-z0-9-]+)`")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


# Problem codes


def texts_in(node: ast.AST) -> Iterator[str]:
    """Literal texts of an expression; an f-string as a pattern with ``*`` for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(v.value if isinstance(v, ast.Constant) else "*" for v in node.values)
    elif isinstance(node, ast.IfExp):
        yield from texts_in(node.body)
        yield from texts_in(node.orelse)


def codes_in(tree: ast.AST) -> Iterator[str]:
    """Codes that a module gives: ``code=…``, ``code, … = …``, ``failure(…)``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "code":
                    yield from texts_in(keyword.value)
            if isinstance(node.func, ast.Name) and node.func.id == "failure":
                yield from texts_in(node.args[0])
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id == "code":
                yield from texts_in(node.value)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            targets = getattr(node.targets[0], "elts", [])
            for target, value in zip(targets, node.value.elts, strict=False):
                if isinstance(target, ast.Name) and target.id == "code":
                    yield from texts_in(value)


def pairs_in(tree: ast.AST) -> Iterator[str]:
    """First texts of pairs ("no-tables", "There is no …"): how files to write are checked."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            yield from (text for text in texts_in(node.elts[0]) if "-" in text)


def used_codes() -> set[str]:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")}
    used = {code for tree in trees.values() for code in codes_in(tree)}
    files = (
        "interchange/streaming.py",
        "interchange/writing.py",
        "interchange/whole.py",
        "reporting/render.py",
        "cli/common.py",
    )
    writers = [SOURCE / file for file in files]
    return used | {code for path in writers for code in pairs_in(trees[path])}


def documented_codes() -> set[str]:
    rows = [line for line in page("reference/problem-codes.md").splitlines() if line[:2] == "| "]
    return {code for row in rows for code in IN_TABLE.findall(row.split("|")[1])}


def fits(code: str, pattern: str) -> bool:
    return re.fullmatch(CODE.pattern.join(map(re.escape, pattern.split("*"))), code) is not None


def test_every_problem_code_is_explained() -> None:
    known = documented_codes()
    lacking = {used for used in used_codes() if not any(fits(code, used) for code in known)}
    assert lacking == set()


def test_every_explained_code_is_used() -> None:
    used = used_codes()
    stale = {code for code in documented_codes() if not any(fits(code, each) for each in used)}
    assert stale == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Problem(code='a-b', message='x')", {"a-b"}),
        ("Problem(code=f'repeated-{what}')", {"repeated-*"}),
        ("code, message = 'a', 'x'", {"a"}),
        ("code = 'a' if x else 'b'", {"a", "b"}),
        ("raise failure('encrypted', message, file=file)", {"encrypted"}),
        ("other = 'a'; option = Option(1)", set()),
    ],
)
def test_codes_are_found(source: str, expected: set[str]) -> None:
    assert set(codes_in(ast.parse(source))) == expected


# Names, keys, commands


def test_every_public_name_is_in_the_reference() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md"))
    documented = set(re.findall(r"^\.\. auto\w+:: digilitt\.(\w+)$", text, flags=re.MULTILINE))
    assert documented == set(digilitt.__all__)


def test_every_result_is_in_the_reference() -> None:
    text = page("reference/scoring.md") + page("reference/evidence.md")
    assert all(hasattr(digilitt, name) for name in digilitt.__all__)  # loads every module
    kinds = [kind for kind in Result.__subclasses__() if kind.__module__.startswith("digilitt.")]
    assert kinds
    assert [kind.__name__ for kind in kinds if f".{kind.__name__}\n" not in text] == []


def models(*modules: Any) -> Iterator[type[BaseModel]]:
    for module in modules:
        for thing in vars(module).values():
            is_model = isinstance(thing, type) and issubclass(thing, BaseModel)
            if is_model and thing.__module__ == module.__name__:
                yield thing


def keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name


@pytest.mark.parametrize(
    "model", [*models(formats, instrument, item, scale)], ids=lambda model: model.__name__
)
def test_every_key_of_an_instrument_is_explained(model: type[BaseModel]) -> None:
    text = page("how-to/write-an-instrument.md")
    assert [key for key in keys(model) if f"`{key}`" not in text] == []


@pytest.mark.parametrize(
    "choices",
    [scale.Metric, scale.Base, formats.Credit, formats.CountsAs, instrument.Status],
    ids=lambda choices: "-".join(get_args(choices)),
)
def test_every_choice_in_an_instrument_is_explained(choices: object) -> None:
    text = page("how-to/write-an-instrument.md")
    assert [word for word in get_args(choices) if f"`{word}`" not in text] == []


@pytest.mark.parametrize("name", ["score-an-excel-export", "poangsatt-en-excelexport"])
def test_every_key_of_a_mapping_is_explained(name: str) -> None:
    text = page(f"how-to/{name}.md")
    lacking = [key for key in keys(Mapping) if f"`{key}`" not in text and f"`[{key}" not in text]
    # The Swedish page tells of the notes in a sentence.
    assert [key for key in lacking if f"`{key}" not in text] == []


def test_every_command_and_option_is_in_the_reference() -> None:
    text = page("reference/command-line.md")
    sections = dict(
        re.findall(
            r"^## `digilitt ([\w-]+).*?`\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL
        )
    )
    commands = typer.main.get_command(app).commands
    assert sections.keys() == commands.keys()
    for name, command in commands.items():
        options = [o for parameter in command.params for o in parameter.opts if o.startswith("--")]
        assert [o for o in options if o not in sections[name]] == [], name


def test_report_page_uses_the_words_of_the_report() -> None:
    text = page("how-to/read-the-report.md")
    for language in ("sv", "en"):
        file = SOURCE / "reporting" / "locale" / f"{language}.toml"
        words = tomllib.loads(file.read_text(encoding="utf-8"))
        assert [title for title in words["section"].values() if title not in text] == []
        columns = [words["column"][key] for key in ("invited", "enrolled", "answered", "valid")]
        assert [column for column in columns if column not in text] == []


# Architecture


def names(cell: str) -> set[str]:
    """Names in a cell of the import table; what follows ", in" says where."""
    return set(re.findall(r"\w+", cell.partition(", in ")[0]))


def test_import_table_is_the_one_that_is_enforced() -> None:
    enforced = runpy.run_path(str(ROOT / "tests" / "test_architecture.py"))
    section = page("architecture.md").split("## Who may import whom")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:2] == "| "]
    told = {row[0]: row[1:] for row in rows if row[0] != "Room"}
    assert told.keys() == enforced["ROOMS"].keys()
    for name, room in enforced["ROOMS"].items():
        rooms, anywhere, inside = map(names, told[name])
        extra = "factor_analyzer" if name == "numerics" else ""
        assert rooms == set(room.rooms.split()), name
        assert anywhere == set(room.anywhere.split()), name
        assert inside == {*room.inside.split(), *extra.split()}, name


def test_rooms_that_exist_are_told_apart_from_those_to_come() -> None:
    text = page("architecture.md")
    exist, planned = (
        set(re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE))
        for part in text.split("## Rooms")[1].split("## Flow")[0].split("These are planned")
    )
    found = {path.stem for path in SOURCE.iterdir() if not path.name.startswith(("_", "py.typed"))}
    assert exist == found
    assert planned.isdisjoint(found)
