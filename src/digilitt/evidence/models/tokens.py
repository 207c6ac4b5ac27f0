"""The words and signs of a model text, and which of them make one formula."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from digilitt.errors import Problem

Kind = Literal["name", "number", "string", "sign"]

SHOWN = 80
# Longest first, since a shorter operator begins a longer one.
OPERATORS = ("~*~", "=~", "<~", "~~", "==", ":=", "~", "<", ">", ":", "|", "%")
_SIGNS = (*OPERATORS, "+", "-", "*", "/", "(", ")", ",", "?", "^")
_NAME = r"(?:[^\W\d]|\.(?!\d))[\w.]*"
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PATTERN = re.compile(
    rf"(?P<space>[^\S\n]+)|(?P<comment>[#!][^\n]*)|(?P<end>[\n;])"
    rf"|(?P<number>{_NUMBER})|(?P<name>{_NAME})|`(?P<quoted>[^`\n]+)`"
    r"|\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'"
    rf"|(?P<sign>{'|'.join(map(re.escape, _SIGNS))})|(?P<unknown>.)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, text in quotes or sign, and the line it stands in.

    Names in backticks, which may hold anything, are names whose `raw` has the backticks; `apart`
    says whether there was space before.
    """

    kind: Kind
    text: str
    line: int
    raw: str
    apart: bool = True

    def is_sign(self, *texts: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind == "sign" and self.text in texts


@dataclass(frozen=True, slots=True)
class Formula:
    """The tokens of one formula."""

    tokens: tuple[Token, ...]

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.tokens[0].line

    @property
    def operator(self) -> int:
        """Position of its first operator."""
        return next(n for n, token in enumerate(self.tokens) if token.is_sign(*OPERATORS))

    def problem(self, *, code: str, message: str) -> Problem:
        """A problem of this formula, with its line and text in front."""
        return Problem(code=code, message=f"{place(self.tokens)}: {message}")


def place(tokens: Sequence[Token]) -> str:
    """Line and text: ``line 2, 'f =~ a + b'``."""
    return f"line {tokens[0].line}, {spelled(tokens)!r}"


def spelled(tokens: Sequence[Token]) -> str:
    """Tokens as they were written, in one line."""
    text = "".join(f" {token.raw}" if token.apart else token.raw for token in tokens).strip()
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def in_backticks(tokens: Sequence[Token]) -> str:
    """What to do with words that may be meant as one name; empty for anything else."""
    words = all(token.kind in ("name", "number") for token in tokens)
    if len(tokens) < 2 or not words:
        return ""
    return f" A name with a space stands in backticks: `{spelled(tokens).replace('`', '')}`."


def number_text(value: float) -> str:
    """A number as short as can be without changing it: ``1``, ``0.1``, ``1e-07``."""
    text = f"{value:.15g}"
    return text if float(text) == value else repr(value)


def split(tokens: Sequence[Token], sign: str) -> list[list[Token]]:
    """Tokens cut at a sign that stands outside parentheses; parts may be empty."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.is_sign("(") - token.is_sign(")")
        if depth == 0 and token.is_sign(sign):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def formulas(text: str) -> tuple[list[Formula], list[Problem]]:
    """Cut a model text into formulas.

    A formula ends with its line or at a semicolon; lines without an operator continue it.
    """
    found: list[list[Token]] = []
    problems = []
    for piece, unknown in _pieces(text):
        if unknown:
            problems.append(_unknown(unknown))
        if unknown or not piece:
            continue
        if any(token.is_sign(*OPERATORS) for token in piece):
            found.append(piece)
        elif found:
            found[-1].extend(piece)
        else:
            message = "there is no operator such as =~ here, and no formula before that goes on."
            problems.append(Problem(code="model-syntax", message=f"{place(piece)}: {message}"))
    return [Formula(tuple(tokens)) for tokens in found], problems


def _unknown(tokens: Sequence[Token]) -> Problem:
    shown = " ".join(dict.fromkeys(repr(token.text) for token in tokens))
    message = (
        f"line {tokens[0].line}: {shown} is no part of a model. Names are made of letters, digits, "
        "_ and .; any other name stands in backticks (`)."
    )
    return Problem(code="model-syntax", message=message)


def _pieces(text: str) -> Iterator[tuple[list[Token], list[Token]]]:
    """Tokens between ends of lines or semicolons, and characters that are none."""
    piece: list[Token] = []
    unknown: list[Token] = []
    line, apart = 1, True
    for match in _PATTERN.finditer(text):
        kind, found = match.lastgroup or "", match.group(match.lastgroup or 0)
        if kind == "end":
            yield piece, unknown
            piece, unknown = [], []
            line += found == "\n"
        elif kind == "unknown":
            unknown.append(Token("sign", found, line, found))
        elif kind in _KINDS:
            piece.append(Token(_KINDS[kind], found, line, match.group(), apart))
        apart = kind not in _KINDS
    yield piece, unknown


_KINDS: dict[str, Kind] = {
    "number": "number",
    "name": "name",
    "quoted": "name",
    "double": "string",
    "single": "string",
    "sign": "sign",
}
