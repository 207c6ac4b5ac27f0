"""The public surface: names, their lazy loading, and what an import costs."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import time
from pathlib import Path

import pytest

import digilitt

HEAVY = ("scipy", "factor_analyzer", "matplotlib", "ipywidgets", "pandas", "numpy", "pydantic")


def typed_names() -> dict[str, str]:
    """Names imported for type checkers, with the module each comes from."""
    tree = ast.parse(Path(digilitt.__file__).read_text(encoding="utf-8"))
    block = next(
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    return {
        alias.asname or alias.name: node.module.removeprefix("digilitt.")
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout


def test_typed_and_lazy_names_are_the_same() -> None:
    assert typed_names() == digilitt._HOME


@pytest.mark.parametrize("name", sorted(digilitt._HOME))
def test_every_name_resolves_and_is_documented(name: str) -> None:
    found = getattr(digilitt, name)
    assert inspect.getdoc(found)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'scores_of'"):
        _ = digilitt.scores_of


def test_dir_and_version() -> None:
    assert {"instrument", "score", "report", "__version__"} <= set(dir(digilitt))
    assert digilitt.__version__[0].isdigit()


def test_import_loads_nothing_heavy() -> None:
    code = f"import sys, digilitt; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_import_costs_at_most_a_third_more_than_pandas() -> None:
    def seconds(code: str) -> float:
        start = time.perf_counter()
        run(code)
        return time.perf_counter() - start

    ours = min(seconds("import digilitt") for _ in range(3))
    pandas = min(seconds("import pandas") for _ in range(3))
    assert ours <= 1.3 * pandas
