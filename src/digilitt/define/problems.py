"""Pydantic's findings in digilitt's words: where, found, expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from digilitt.errors import Problem

_EXPECTED = {
    "missing": "is missing; add it",
    "extra_forbidden": "is no key that is known here; look for a misspelling",
}


def _place(location: Sequence[int | str], data: Any) -> str:
    """Dotted path with ids instead of positions where there are ids: ``items[a1].format``."""
    text = ""
    for step in location:
        if isinstance(step, int):
            inner = data[step] if isinstance(data, list | tuple) and step < len(data) else None
            name = inner.get("id", inner.get("code")) if isinstance(inner, dict) else None
            text += f"[{step + 1 if name is None else name}]"
            data = inner
        else:
            known = isinstance(data, dict) and step in data
            # A union's tag ("ordered", "str") stands in the path but not in the data.
            if known or not isinstance(data, dict) or step != data.get("kind"):
                text += f".{step}" if text else str(step)
            data = data[step] if isinstance(data, dict) and known else data
    return text


def from_validation(error: ValidationError, data: Any, name: str) -> list[Problem]:
    """One problem for each finding of a validation."""
    problems = []
    for finding in error.errors(include_url=False):
        if finding["type"] == "too_short" and finding["input"]:
            continue  # Only because its parts have problems of their own, listed beside.
        message = _EXPECTED.get(finding["type"], finding["msg"].removeprefix("Value error, "))
        if finding["type"] not in _EXPECTED:
            found = repr(finding["input"])
            message = f"found {found if len(found) < 80 else found[:77] + '…'}; {message}"
        place = _place(finding["loc"], data)
        problems.append(
            Problem(code=f"schema-{finding['type']}", message=message, file=name, column=place)
        )
    return problems
