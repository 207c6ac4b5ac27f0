"""Contradictions in response formats: codes, labels, scores and ranges."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from digilitt.define.fields import alike
from digilitt.define.formats import (
    KEYED_KINDS,
    WRONG_KINDS,
    MissingCode,
    NumericFormat,
    Option,
    ResponseFormat,
    option_codes,
    possible_range,
)
from digilitt.define.problems import listed
from digilitt.errors import Problem

NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")


def format_problems(name: str, response_format: ResponseFormat) -> Iterator[Problem]:
    """Everything that is wrong within one response format."""
    place = f"formats.{name}"
    if isinstance(response_format, NumericFormat):
        yield from _numeric_problems(place, response_format)
    else:
        yield from _option_problems(place, response_format)
        yield from _score_problems(place, response_format)
    yield from _missing_problems(place, response_format)
    yield from _label_problems(place, response_format)


def _missing_problems(place: str, response_format: ResponseFormat) -> Iterator[Problem]:
    yield from _repeated(place, "missing", [missing.code for missing in response_format.missing])
    for missing in response_format.missing:
        if missing.counts_as == "wrong" and response_format.kind not in WRONG_KINDS:
            yield Problem(
                code="wrong-without-key",
                column=place,
                message=f"missing code {missing.code} counts as wrong, but {response_format.kind} "
                "answers are not right or wrong; use missing or not_applicable.",
            )
        if response_format.kind == "multi_select" and missing.code in (0, 1):
            yield Problem(
                code="code-clash",
                column=place,
                message=f"missing code {missing.code} would be read as a tick (0 or 1), which is "
                "how answers to several options are stored; choose another code.",
            )


def _repeated(place: str, what: str, codes: list[int]) -> Iterator[Problem]:
    for code, count in Counter(codes).items():
        if count > 1:
            message = f"{what} code {code} stands {count} times; each code may stand once."
            yield Problem(code="repeated-code", column=place, message=message)


def _numeric_problems(place: str, response_format: NumericFormat) -> Iterator[Problem]:
    low, high = response_format.minimum, response_format.maximum
    if low >= high:
        message = f"minimum {low:g} is not below maximum {high:g}; expected a range."
        yield Problem(code="empty-range", column=place, message=message)
    if response_format.integer and not (low.is_integer() and high.is_integer()):
        message = f"integer = true, but the range is {low:g} to {high:g}; use whole numbers."
        yield Problem(code="empty-range", column=place, message=message)
    for missing in response_format.missing:
        if low <= missing.code <= high:
            yield Problem(
                code="code-clash",
                column=place,
                message=f"missing code {missing.code} lies in the range {low:g} to {high:g} and "
                "would be read as an answer; choose a code outside it.",
            )


def _option_problems(place: str, response_format: ResponseFormat) -> Iterator[Problem]:
    codes = option_codes(response_format.options)
    if len(codes) < 2:
        message = f"expected at least 2 options; found {len(codes)}."
        yield Problem(code="too-few-options", column=place, message=message)
    yield from _repeated(place, "option", [*codes])
    for missing in response_format.missing:
        if missing.code in codes:
            message = f"code {missing.code} is both an option and a missing code; change one."
            yield Problem(code="code-clash", column=place, message=message)


def _score_problems(place: str, response_format: ResponseFormat) -> Iterator[Problem]:
    options = response_format.options
    if response_format.kind in KEYED_KINDS:
        for option in options:
            if option.score is not None:
                yield Problem(
                    code="score-without-use",
                    column=place,
                    message=f"option {option.code} has a score, but in a {response_format.kind} "
                    "format each item's key says what is right; remove the score.",
                )
    elif response_format.kind == "binary":
        if sorted(option.value for option in options) != [0.0, 1.0]:
            yield Problem(
                code="binary-scores",
                column=place,
                message="a binary format needs exactly two options that score 0 and 1; "
                "where the codes are others, add score = 0 and score = 1.",
            )
    elif len(options) > 1:
        low, high = possible_range(response_format)
        if low == high:
            message = f"all options score {low:g}; expected at least two different scores."
            yield Problem(code="empty-range", column=place, message=message)


def _label_problems(place: str, response_format: ResponseFormat) -> Iterator[Problem]:
    entries: tuple[Option | MissingCode, ...] = (
        *response_format.options,
        *response_format.missing,
    )
    labels: dict[tuple[str, str], set[int]] = {}
    for entry in entries:
        for language, text in entry.label.root.items():
            labels.setdefault((language, alike(text)), set()).add(entry.code)
        for text in dict.fromkeys(entry.label.variants()):
            if _reads_as_another(text, entry.code, response_format):
                yield Problem(
                    code="label-is-code",
                    column=place,
                    message=f"code {entry.code} has the label {text!r}, which is another answer's "
                    "code: a cell with it could be read either way. Word the label otherwise.",
                )
    for (language, label), codes in labels.items():
        if len(codes) > 1:
            yield Problem(
                code="repeated-label",
                column=place,
                message=f"codes {listed(sorted(codes))} have the same label {label[:60]!r} in "
                f"{language!r}; labels must tell them apart.",
            )


def _reads_as_another(text: str, code: int, response_format: ResponseFormat) -> bool:
    if not NUMBER.fullmatch(text):
        return False
    number = float(text.replace(",", "."))
    if isinstance(response_format, NumericFormat):
        return response_format.minimum <= number <= response_format.maximum
    codes = option_codes(response_format.options) + tuple(m.code for m in response_format.missing)
    return number != code and number in codes
