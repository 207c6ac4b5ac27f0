"""What stands before a term of a model and a `*`: values, labels, starting values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from digilitt.evidence.models.tokens import Token, spelled, split

# Functions of lavaan that stand before a term and that digilitt does not know.
REFUSED = ("efa", "fixed", "label", "lower", "prior", "rv", "upper")
Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Modifiers:
    """Modifiers of one term: each empty, one for all groups, or one per group."""

    fixed: Values = ()
    starts: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()

    def joined(self, other: Modifiers) -> Modifiers | None:
        """Those of both; None where both say the same kind of thing, or neither says anything."""
        kinds = [field.name for field in fields(self)]
        mine = {kind for kind in kinds if getattr(self, kind)}
        theirs = {kind for kind in kinds if getattr(other, kind)}
        if mine & theirs or not mine | theirs:
            return None
        sources = {kind: self if kind in mine else other for kind in kinds}
        return Modifiers(**{kind: getattr(sources[kind], kind) for kind in kinds})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with a term, for the formula to say where it stands."""

    code: str
    message: str


def parse_modifiers(pieces: Sequence[Sequence[Token]]) -> tuple[Modifiers, list[Wrong]]:
    """Read what stands before a term; with it everything wrong."""
    found = Modifiers()
    wrong: list[Wrong] = []
    for piece in pieces:
        one = _modifier(piece)
        if isinstance(one, Modifiers):
            together = found.joined(one)
            if together is None:
                message = f"{spelled(piece)!r} says again what another modifier of the term says."
                wrong.append(Wrong(code="modifier-conflict", message=message))
            found = together or found
        else:
            wrong.append(one)
    return found, wrong


def _modifier(piece: Sequence[Token]) -> Modifiers | Wrong:
    """One modifier."""
    if not piece:
        return Wrong(
            code="model-syntax",
            message="there is nothing before a *; expected a number, NA or a label.",
        )
    first = piece[0]
    value = _value(piece)
    if value is not None:
        return _checked(value, piece)
    if len(piece) > 2 and first.kind == "name" and piece[1].is_sign("("):
        if first.text in REFUSED:
            message = (
                f"{first.text}() is not part of digilitt; a number before * fixes a parameter, a "
                "word labels it, start(0.8)* says where to start."
            )
            return Wrong(code="unsupported-syntax", message=message)
        inner = _inner(piece[1:])
        if first.text == "c" and inner is not None:
            return _by_group(inner, piece)
        if first.text == "start" and inner is not None:
            return _start(inner, piece)
        if first.text == "equal" and inner is not None:
            one = inner[0]
            if len(inner) == 1 and len(one) == 1 and one[0].kind == "string" and one[0].text:
                return Modifiers(labels=("".join(one[0].text.split()),))
            return Wrong(
                code="model-syntax",
                message='expected a label in quotes, such as equal("f=~x1")*x2.',
            )
    shown = spelled(piece)
    message = (
        f"found {shown!r} before a *; expected a number, NA, a label, c(…, …), start(…) or "
        'equal("…").'
    )
    return Wrong(code="model-syntax", message=message)


def _inner(tokens: Sequence[Token]) -> list[list[Token]] | None:
    """What stands between a pair of parentheses, cut at commas; None if they are no pair."""
    if len(tokens) < 3 or not tokens[-1].is_sign(")"):
        return None
    return split(tokens[1:-1], ",")


def _value(piece: Sequence[Token]) -> float | str | None:
    """A number, "NA" as NaN, or a label; None for anything else."""
    signs, last = piece[:-1], piece[-1]
    if last.kind == "number" and len(signs) <= 1 and all(s.is_sign("-", "+") for s in signs):
        number = float(last.text)
        return -number if signs and signs[0].text == "-" else number
    if signs or last.kind == "sign":
        return None
    if last.kind == "name" and last.raw == "NA":
        return math.nan
    return last.text


def _checked(value: float | str, piece: Sequence[Token]) -> Modifiers | Wrong:
    if isinstance(value, str):
        if not value:
            return Wrong(code="model-syntax", message="a label is empty.")
        return Modifiers(labels=(value,))
    if math.isinf(value):
        return Wrong(code="model-syntax", message=f"{spelled(piece)!r} is too large a number.")
    return Modifiers(fixed=(None if math.isnan(value) else value,))


def _by_group(inner: Sequence[Sequence[Token]], piece: Sequence[Token]) -> Modifiers | Wrong:
    """Values or labels of groups: ``c(0.5, NA)``, ``c(a, b)``."""
    values = [_value(each) if each else None for each in inner]
    labels = [value for value in values if isinstance(value, str)]
    if len(labels) == len(values):
        if any(labels):
            return Modifiers(labels=tuple(labels))
        return Wrong(code="model-syntax", message=f"{spelled(piece)!r} has no label in it.")
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) == len(values) and not any(map(math.isinf, numbers)):
        return Modifiers(fixed=tuple(None if math.isnan(value) else value for value in numbers))
    message = (
        f"{spelled(piece)!r} is not understood; expected numbers and NA, or labels. To give both, "
        "let the term stand twice: c(1, NA)*x1 + c(a, b)*x1."
    )
    return Wrong(code="model-syntax", message=message)


def _start(inner: Sequence[Sequence[Token]], piece: Sequence[Token]) -> Modifiers | Wrong:
    if len(inner) == 1 and len(inner[0]) > 2 and inner[0][0].text == "c":
        inner = _inner(inner[0][1:]) or []
    values = [_value(each) if each else None for each in inner]
    numbers = [v for v in values if isinstance(v, float) and math.isfinite(v)]
    if not values or len(numbers) < len(values):
        message = f"{spelled(piece)!r} is not understood; expected a number, such as start(0.8)."
        return Wrong(code="model-syntax", message=message)
    return Modifiers(starts=tuple(numbers))
