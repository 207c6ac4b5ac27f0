"""Pydantic's findings in digilitt's words: where, found, expected, what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from digilitt.define.fields import LARGEST, PATTERN_WORDS
from digilitt.errors import Problem

SHOWN, LISTED = 60, 12

# By pydantic's type of finding: what a value of the kind that was expected looks like in TOML.
_KINDS = {
    "string_type": "text in quotes",
    "string_unicode": "text of valid characters",
    "int_type": "a whole number, without quotes",
    "float_type": "a number, without quotes",
    "bool_type": "true or false, without quotes",
    "tuple_type": "a list in square brackets",
    "dict_type": "a table, such as { … }",
    "model_type": "a table with its keys",
    "model_attributes_type": "a table with its keys",
}


def suggestion(name: str, known: Iterable[str]) -> str:
    """`` Did you mean …?`` where a known name comes close to `name`; else nothing."""
    close = get_close_matches(name[:SHOWN], [*known], n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def listed(names: Iterable[object]) -> str:
    """Names with commas between, the first dozen of them."""
    known = [str(name) for name in names]
    return (", ".join(known[:LISTED]) or "none") + (" …" if len(known) > LISTED else "")


def _shown(value: Any) -> str:
    """What was found, short whatever it is."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, BaseModel):
        return f"a {type(value).__name__}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**SHOWN:
        return f"a number of more than {SHOWN} digits"
    if isinstance(value, dt.date | dt.time):
        return f"the date or time {value}"
    text = repr(value[: SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _name_of(part: Any) -> str:
    """Id or code of a part of a definition, if it has one that can be shown."""
    if isinstance(part, dict):
        name = part.get("id", part.get("code"))
    else:
        name = getattr(part, "id", getattr(part, "code", None))
    shown = type(name) is int and abs(name) <= LARGEST
    return str(name)[:SHOWN] if shown or isinstance(name, str) else ""


def _place(location: Sequence[int | str], data: Any) -> str:
    """Dotted path with ids instead of positions where there are ids: ``items[a1].format``."""
    text = ""
    for step in location:
        if step == "[key]":
            continue  # The name of a table's entry, which is the step before.
        if isinstance(step, int):
            inner = data[step] if isinstance(data, list | tuple) and step < len(data) else None
            text += f"[{_name_of(inner) or step + 1}]"
            data = inner
        else:
            known = isinstance(data, dict) and step in data
            # A union's tag ("ordered") stands in the path but not in the data.
            if known or not isinstance(data, dict) or step != data.get("kind"):
                name = step[:SHOWN] or "''"
                text += f".{name}" if text else name
            data = data[step] if isinstance(data, dict) and known else data
    return text


def _expected(kind: str, context: dict[str, Any], fallback: str) -> str:
    """What a finding says was expected, without a full stop."""
    if kind in _KINDS:
        return f"expected {_KINDS[kind]}"
    if kind == "literal_error":
        return f"expected {context['expected']}"
    if kind == "string_pattern_mismatch":
        return f"expected {PATTERN_WORDS.get(context['pattern'], context['pattern'])}"
    if kind == "string_too_short":
        return "expected some text"
    if kind == "string_too_long":
        return f"expected at most {context['max_length']} characters"
    if kind == "too_short":
        return "expected at least one entry"
    if kind == "finite_number":
        return "expected a finite number"
    bounds = {
        "greater_than": ("above", "gt"),
        "greater_than_equal": ("of at least", "ge"),
        "less_than_equal": ("of at most", "le"),
    }
    if kind in bounds:
        words, key = bounds[kind]
        return f"expected a number {words} {context[key]:g}"
    return fallback.removeprefix("Value error, ")


def _problem(finding: Any, place: str, known: Sequence[str], name: str) -> Problem:
    kind, context = finding["type"], finding.get("ctx", {})
    if kind == "missing":
        code, message = "missing-key", "is missing; add it."
    elif kind == "extra_forbidden":
        hint = suggestion(str(finding["loc"][-1]), known)
        code, message = "unknown-key", f"is no key that is known here; remove or mend it.{hint}"
    elif kind == "union_tag_not_found":
        code, message, place = "missing-key", "is missing; add it.", f"{place}.kind"
    elif kind == "union_tag_invalid":
        code, place = "wrong-value", f"{place}.kind"
        message = f"found {_shown(context['tag'])}; expected one of {context['expected_tags']}."
    else:
        code = "wrong-type" if kind.endswith(("_type", "_unicode")) else "wrong-value"
        message = f"{_expected(kind, context, finding['msg'])}."
        if message.startswith("expected"):
            message = f"found {_shown(finding['input'])}; {message}"
    return Problem(code=code, message=message, file=name, column=place)


def _known_keys(model: type[BaseModel]) -> list[str]:
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    parts += [inner for part in parts for inner in part.get("anyOf", ())]
    return sorted({key for part in parts for key in part.get("properties", {})})


def from_validation(
    error: ValidationError, data: Any, name: str, model: type[BaseModel]
) -> list[Problem]:
    """One problem for each finding of a validation of `data` as `model`."""
    findings = error.errors(include_url=False)
    unknown = any(finding["type"] == "extra_forbidden" for finding in findings)
    known = _known_keys(model) if unknown else []
    return [
        _problem(finding, _place(finding["loc"], data), known, name)
        for finding in findings
        # Too short with parts: only because those have problems of their own, listed beside.
        if not (finding["type"] == "too_short" and finding["input"])
    ]


def named(what: str, data: dict[str, Any]) -> str:
    """What a definition is called in its problems: ``instrument 'sus'``."""
    given = data.get("id")
    return f"{what} {given[:SHOWN]!r}" if isinstance(given, str) and given else what
