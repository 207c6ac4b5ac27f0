"""The table of who may import whom (docs/architecture.md, section 3), read from syntax trees."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "digilitt"
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
EXCUSE = "# long because"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a room may import: rooms of digilitt; packages anywhere; packages inside functions."""

    rooms: str = ""
    anywhere: str = ""
    inside: str = ""

    def may_import_room(self, name: str) -> bool:
        return name in {"errors", *self.rooms.split()}

    def may_import_package(self, name: str, *, in_function: bool) -> bool:
        return name in self.anywhere.split() or (in_function and name in self.inside.split())


SCORING = "define numerics result"
EVIDENCE = f"{SCORING} scoring rules"
COMPARISON = f"{EVIDENCE} evidence disclosure"
REPORTING = f"{COMPARISON} comparison interchange plots"

ROOMS = {
    "errors": Room(inside="pandas"),
    "result": Room(anywhere="pandas"),
    "numerics": Room(anywhere="numpy scipy"),
    "define": Room(anywhere="pydantic tomllib tomli_w"),
    "disclosure": Room(rooms="result numerics", anywhere="numpy pandas"),
    "rules": Room(rooms="result numerics", anywhere="numpy pandas"),
    "scoring": Room(rooms=SCORING, anywhere="numpy pandas narwhals"),
    "evidence": Room(rooms=EVIDENCE, anywhere="numpy pandas"),
    "comparison": Room(rooms=COMPARISON, anywhere="numpy pandas"),
    "interchange": Room(
        rooms="define scoring result",
        anywhere="numpy pandas",
        inside="duckdb narwhals openpyxl polars pyarrow pyreadstat xlsxwriter",
    ),
    "plots": Room(rooms="result numerics", anywhere="numpy pandas", inside="matplotlib"),
    "reporting": Room(
        rooms=REPORTING,
        anywhere="numpy pandas",
        inside="jinja2 openpyxl docx xlsxwriter great_tables babel",
    ),
    "workbench": Room(rooms=f"{REPORTING} reporting", anywhere="ipywidgets traitlets"),
    "cli": Room(rooms=f"{REPORTING} reporting", anywhere="typer", inside="pandas"),
}
# One file may do more than its room, and only inside functions.
FILES = {
    "numerics/factoring.py": Room(anywhere="numpy scipy", inside="factor_analyzer"),
}
# The public names are resolved on first use, so this file names every room.
FACADE = "__init__.py"
# In the standard library, yet TOML is read and written in one room.
KEPT = {"tomllib"}
TYPE_CHECKING = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, where it stands, and whether it is only run inside a function."""

    module: str
    line: int
    in_function: bool


def run_when_called(node: ast.AST) -> list[ast.stmt]:
    """The statements of a node that do not run when its module is imported."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.body
    if isinstance(node, ast.If) and ast.unparse(node.test) in TYPE_CHECKING:
        return node.body
    return []


def imports(node: ast.AST, *, in_function: bool = False) -> Iterator[Import]:
    """Every import below a node; a type-checking block counts as inside a function."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, in_function)
    elif isinstance(node, ast.ImportFrom):
        yield Import("." * node.level + (node.module or ""), node.lineno, in_function)
    later = run_when_called(node)
    for child in ast.iter_child_nodes(node):
        yield from imports(child, in_function=in_function or child in later)


def import_problem(room_name: str, room: Room, found: Import) -> str:
    """Why an import breaks the table; empty when it does not."""
    package, *rest = found.module.split(".")
    if package == "":
        return "is relative; imports are absolute"
    if package == "digilitt":
        if not rest:
            return "names no module; import from the module that defines it"
        allowed = rest[0] == room_name or room.may_import_room(rest[0])
        return "" if allowed else f"points up: {room_name} may not import {rest[0]}"
    if package in sys.stdlib_module_names and package not in KEPT:
        return ""
    if room.may_import_package(package, in_function=found.in_function):
        return ""
    if room.may_import_package(package, in_function=True):
        return f"stands at module level; {room_name} imports {package} inside functions"
    return f"is no package that {room_name} may import"


def import_problems(file: str, tree: ast.Module) -> Iterator[str]:
    room_name = file.split("/", maxsplit=1)[0].removesuffix(".py")
    if room_name not in ROOMS:
        yield f"{file}: no room of this name stands in the table"
        return
    room = FILES.get(file, ROOMS[room_name])
    for found in imports(tree):
        problem = import_problem(room_name, room, found)
        if problem:
            yield f"{file}:{found.line}: import of {found.module!r} {problem}"
    for node in ast.walk(tree):
        name = getattr(node, "id", getattr(node, "attr", ""))
        if name in {"import_module", "__import__"}:
            yield f"{file}:{node.lineno}: {name} hides an import from this test"


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    hidden = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
    return function.end_lineno - function.lineno + 1 - hidden


def length_problems(file: str, tree: ast.Module, lines: list[str]) -> Iterator[str]:
    if len(lines) > MAX_FILE_LINES and not any(line.startswith(EXCUSE) for line in lines):
        yield f"{file}: {len(lines)} lines; split it, or say `{EXCUSE} …`"
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        excused = any(EXCUSE in line for line in lines[node.lineno - 1 : node.end_lineno])
        if body_lines(node) > MAX_FUNCTION_LINES and not excused:
            yield (
                f"{file}:{node.lineno}: {node.name} has {body_lines(node)} lines; "
                f"split it, or say `{EXCUSE} …`"
            )


def problems(file: str, source: str) -> list[str]:
    """Everything in one file that breaks a rule of the house.

    `file` is the path below ``src/digilitt``, with forward slashes.
    """
    tree = ast.parse(source)
    found = list(length_problems(file, tree, source.splitlines()))
    return found if file == FACADE else [*found, *import_problems(file, tree)]


def test_source_keeps_the_rules() -> None:
    files = sorted(SOURCE.rglob("*.py"))
    assert SOURCE / "errors.py" in files
    found = [
        problem
        for path in files
        for problem in problems(
            path.relative_to(SOURCE).as_posix(), path.read_text(encoding="utf-8")
        )
    ]
    assert not found, "\n".join(found)


LONG_FUNCTION = "def f():\n" + "    x = 1\n" * MAX_FUNCTION_LINES
LONG_FILE = "x = 1\n" * (MAX_FILE_LINES + 1)


@pytest.mark.parametrize(
    ("file", "source", "expected"),
    [
        ("define/scale.py", "from digilitt.scoring.plan import compile", "points up"),
        ("numerics/irt.py", "import digilitt.result", "points up"),
        ("errors.py", "from digilitt.result import Result", "points up"),
        ("result.py", "def f():\n    from digilitt.scoring.scores import Scores", "points up"),
        (
            "result.py",
            "if typing.TYPE_CHECKING:\n    import digilitt.scoring.scores",
            "points up",
        ),
        ("plots/ladder.py", "from digilitt.reporting.render import render", "points up"),
        ("scoring/scores.py", "from .plan import Plan", "relative"),
        ("scoring/scores.py", "from digilitt import score", "names no module"),
        ("scoring/scores.py", "import digilitt", "names no module"),
        ("scoring/scores.py", "import polars", "no package that scoring"),
        ("scoring/scores.py", "def f():\n    import polars", "no package that scoring"),
        ("scoring/scores.py", "import tomllib", "no package that scoring"),
        ("numerics/tables.py", "import pandas as pd", "no package that numerics"),
        ("numerics/tables.py", "def f():\n    import factor_analyzer", "no package"),
        ("numerics/factoring.py", "from factor_analyzer import Rotator", "at module level"),
        ("interchange/tables.py", "import openpyxl", "at module level"),
        (
            "interchange/tables.py",
            "if TYPE_CHECKING:\n    pass\nelse:\n    import openpyxl",
            "at module level",
        ),
        ("interchange/tables.py", "if not TYPE_CHECKING:\n    import openpyxl", "at module level"),
        ("interchange/tables.py", "class A:\n    import openpyxl", "at module level"),
        ("reporting/render.py", "try:\n    import jinja2\nfinally:\n    pass", "at module level"),
        ("reporting/render.py", "def f():\n    import typer", "no package that reporting"),
        ("scoring/scores.py", "import importlib\nimportlib.import_module('x')", "hides"),
        ("helpers.py", "x = 1", "no room"),
        ("result.py", LONG_FUNCTION, "f has 41 lines"),
        ("result.py", LONG_FILE, "401 lines"),
        (FACADE, LONG_FILE, "401 lines"),
    ],
)
def test_broken_rule_is_found(file: str, source: str, expected: str) -> None:
    found = problems(file, source)
    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("define/toml.py", "import tomllib\nimport tomli_w\nfrom digilitt.errors import Problem"),
        ("define/scale.py", "from digilitt.define.text import Text"),
        ("errors.py", "if TYPE_CHECKING:\n    import pandas as pd"),
        ("numerics/factoring.py", "import numpy\ndef f():\n    import factor_analyzer"),
        ("interchange/tables.py", "def f():\n    def g():\n        import openpyxl"),
        ("cli/answers.py", "import typer\nfrom digilitt.reporting.render import render"),
        (FACADE, "from digilitt.scoring.scores import score"),
        ("result.py", LONG_FUNCTION.replace(":", f":  {EXCUSE} it is one list")),
        ("result.py", 'def f():\n    """D\n' + "\n" * MAX_FUNCTION_LINES + '    """\n    x = 1'),
        ("result.py", LONG_FILE + f"{EXCUSE} it is one table\n"),
    ],
)
def test_kept_rule_passes(file: str, source: str) -> None:
    assert problems(file, source) == []
