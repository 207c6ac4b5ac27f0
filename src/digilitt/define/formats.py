"""Response formats: which answers an item allows, and what each answer counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, StrictBool, ValidationInfo, field_validator

from digilitt.define.fields import FROZEN, Code, Number
from digilitt.define.text import Text, allow_inline_languages, gather_languages

CountsAs = Literal["missing", "wrong", "not_applicable"]
Credit = Literal["all_or_nothing", "proportion_correct", "right_minus_wrong"]


class Option(BaseModel):
    """One answer that can be chosen.

    Attributes
    ----------
    code : int
        The number stored in data.
    label : Text
        What the person reads.
    score : float, optional
        What the answer counts; None when it is the code itself.
    """

    model_config = FROZEN | {"json_schema_extra": allow_inline_languages}

    code: Code
    label: Text
    score: Number | None = None

    @field_validator("score")
    @classmethod
    def _only_if_another(cls, score: float | None, info: ValidationInfo) -> float | None:
        return None if score == info.data.get("code") else score

    @property
    def value(self) -> float:
        """What the answer counts."""
        return float(self.code) if self.score is None else self.score


class MissingCode(BaseModel):
    """A code that stands for no substantive answer, such as 99 "prefer not to say".

    Attributes
    ----------
    code : int
        The number stored in data.
    counts_as : {"missing", "wrong", "not_applicable"}
        *missing* lowers the number of answered items; *wrong* scores 0 (keyed formats
        only); *not_applicable* also takes the item out of the items a share is taken of.
    label : Text
        What the person reads.
    """

    model_config = FROZEN | {"json_schema_extra": allow_inline_languages}

    code: Code
    counts_as: CountsAs
    label: Text


InlineOption = Annotated[Option, BeforeValidator(gather_languages)]
InlineMissing = Annotated[MissingCode, BeforeValidator(gather_languages)]


class OrderedFormat(BaseModel):
    """Ordered options (agreement, how well), or how often (`kind` = "frequency")."""

    model_config = FROZEN

    kind: Literal["ordered", "frequency"]
    options: tuple[InlineOption, ...]
    missing: tuple[InlineMissing, ...] = ()


class BinaryFormat(BaseModel):
    """Two options that count 0 and 1."""

    model_config = FROZEN

    kind: Literal["binary"]
    options: tuple[InlineOption, ...]
    missing: tuple[InlineMissing, ...] = ()


class NumericFormat(BaseModel):
    """A number from `minimum` to `maximum`, both allowed."""

    model_config = FROZEN

    kind: Literal["numeric"]
    minimum: Number
    maximum: Number
    integer: StrictBool = False
    missing: tuple[InlineMissing, ...] = ()

    @property
    def options(self) -> tuple[Option, ...]:
        """No options: any number in the range."""
        return ()


class SingleChoiceFormat(BaseModel):
    """Options of which each item's `key` names the right one: 1 when chosen, else 0."""

    model_config = FROZEN

    kind: Literal["single_choice"]
    options: tuple[InlineOption, ...]
    missing: tuple[InlineMissing, ...] = ()


class MultiSelectFormat(BaseModel):
    """Options of which several may be ticked, stored as 0/1 columns ``{item}:{code}``.

    `credit` turns ticks into a score from 0 to 1: *all_or_nothing* (1 when exactly the
    keyed options are ticked), *proportion_correct* (options rightly ticked or rightly left,
    divided by options), *right_minus_wrong* (right ticks minus wrong ticks, at least 0,
    divided by keyed options).
    """

    model_config = FROZEN

    kind: Literal["multi_select"]
    options: tuple[InlineOption, ...]
    credit: Credit
    missing: tuple[InlineMissing, ...] = ()


ResponseFormat = Annotated[
    OrderedFormat | BinaryFormat | NumericFormat | SingleChoiceFormat | MultiSelectFormat,
    Field(discriminator="kind"),
]

KEYED_KINDS = ("single_choice", "multi_select")
WRONG_KINDS = (*KEYED_KINDS, "binary")


def possible_range(response_format: ResponseFormat) -> tuple[float, float]:
    """Lowest and highest score that an item of this format can have."""
    if isinstance(response_format, NumericFormat):
        return response_format.minimum, response_format.maximum
    if response_format.kind in KEYED_KINDS:
        return 0.0, 1.0
    values = [option.value for option in response_format.options]
    return min(values), max(values)


def option_codes(options: Sequence[Option]) -> tuple[int, ...]:
    """The codes of the options, in the order of the file."""
    return tuple(option.code for option in options)
