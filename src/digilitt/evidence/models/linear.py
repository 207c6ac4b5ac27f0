"""Linear constraints between the labels of a model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import Problem, counted
from digilitt.evidence.models.tokens import Formula, Token, number_text, spelled

Floats = NDArray[np.float64]
# Differences of this size come from arithmetic.
NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearConstraint:
    """Σ coefficient · label = constant.

    Attributes
    ----------
    text : str
        As it was written.
    terms : tuple of (str, float)
        Labels, in order of appearance, each once, with a coefficient that is not 0.
    constant : float
    """

    text: str = field(compare=False)
    terms: tuple[tuple[str, float], ...]
    constant: float


def renamed(constraint: LinearConstraint, names: Mapping[str, str]) -> LinearConstraint:
    """The same constraint on other labels; those that `names` has not stay."""
    terms: dict[str, float] = {}
    for name, value in constraint.terms:
        new = names.get(name, name)
        terms[new] = terms.get(new, 0.0) + value
    kept = tuple((name, value) for name, value in terms.items() if value != 0)
    constant = constraint.constant
    return LinearConstraint(text=constraint_text(kept, constant), terms=kept, constant=constant)


def constraint_text(terms: Sequence[tuple[str, float]], constant: float) -> str:
    """Terms and constant as a model text has them: ``1*a + -2*b == 0``."""
    left = " + ".join(f"{number_text(value)}*{name}" for name, value in terms)
    return f"{left or '0'} == {number_text(constant)}"


@dataclass(slots=True)
class _Form:
    """Coefficients of labels, and a constant."""

    labels: dict[str, float]
    constant: float

    def plus(self, other: _Form, factor: float) -> _Form:
        names = dict.fromkeys([*self.labels, *other.labels])
        summed = {
            name: self.labels.get(name, 0.0) + factor * other.labels.get(name, 0.0)
            for name in names
        }
        return _Form(summed, self.constant + factor * other.constant)

    def times(self, factor: float) -> _Form:
        return _Form({}, 0.0).plus(self, factor)


class _NotLinearError(Exception):
    """What is wrong with an expression."""


def parse_constraint(formula: Formula) -> tuple[LinearConstraint | None, Problem | None]:
    """Read ``a + 2*b == 1``."""
    cut = formula.operator
    try:
        left = _Reader(formula.tokens[:cut]).whole()
        right = _Reader(formula.tokens[cut + 1 :]).whole()
    except _NotLinearError as wrong:
        message = (
            f"{wrong} Constraints between labels are linear: sums of labels, each times a number, "
            "such as a == b or a + 2*b == 1."
        )
        return None, formula.problem(code="bad-constraint", message=message)
    form = left.plus(right, -1.0)
    terms = tuple((name, value) for name, value in form.labels.items() if value != 0)
    constant = -form.constant + 0.0
    if not all(math.isfinite(value) for value in (*form.labels.values(), constant)):
        return None, formula.problem(code="bad-constraint", message="a number in it is too large.")
    if not terms and abs(constant) > NEGLIGIBLE:
        return None, formula.problem(
            code="impossible-constraint", message="this cannot hold; mend it."
        )
    if not terms:
        message = "this says nothing about a parameter; remove it, or name labels."
        return None, formula.problem(code="bad-constraint", message=message)
    return LinearConstraint(text=spelled(formula.tokens), terms=terms, constant=constant), None


class _Reader:
    """Reads sums, products and parentheses, left to right."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = list(tokens)
        self.at = 0

    def whole(self) -> _Form:
        if not self.tokens:
            raise _NotLinearError("a side is empty.")
        form = self.sum()
        if self.at < len(self.tokens):
            raise _NotLinearError(f"{self.tokens[self.at].raw!r} was not expected.")
        return form

    def take(self, *signs: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at].is_sign(*signs):
            self.at += 1
            return self.tokens[self.at - 1].text
        return ""

    def sum(self) -> _Form:
        form = self.product()
        while sign := self.take("+", "-"):
            form = form.plus(self.product(), 1.0 if sign == "+" else -1.0)
        return form

    def product(self) -> _Form:
        form = self.single()
        while sign := self.take("*", "/"):
            other = self.single()
            if sign == "/":
                if other.labels or other.constant == 0:
                    raise _NotLinearError("something is divided by a label, or by 0.")
                form = form.times(1 / other.constant)
            elif form.labels and other.labels:
                raise _NotLinearError("labels are multiplied with one another.")
            else:
                factor, form = (other.constant, form) if form.labels else (form.constant, other)
                form = form.times(factor)
        return form

    def single(self) -> _Form:
        if sign := self.take("-", "+"):
            return self.single().times(-1.0 if sign == "-" else 1.0)
        if self.take("("):
            form = self.sum()
            if not self.take(")"):
                raise _NotLinearError("a parenthesis is not closed.")
            return form
        if self.at == len(self.tokens):
            raise _NotLinearError("something is missing at the end.")
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "number":
            return _Form({}, float(token.text))
        if token.kind == "sign":
            raise _NotLinearError(f"{token.raw!r} was not expected.")
        return _Form({token.text: 1.0}, 0.0)


def constraint_problems(
    constraints: Sequence[LinearConstraint], known: Sequence[str], fixed: Mapping[str, float]
) -> list[Problem]:
    """Labels that no parameter has, and constraints that no values can meet.

    Parameters
    ----------
    constraints : sequence of LinearConstraint
    known : sequence of str
        Every label of the model.
    fixed : mapping of str to float
        Values of labels whose parameter is fixed.
    """
    problems = []
    for each in constraints:
        unknown = [label for label, _ in each.terms if label not in known]
        if unknown:
            labels = ", ".join(dict.fromkeys(known)) or "none"
            message = (
                f"{each.text!r}: no parameter has the label {', '.join(map(repr, unknown))}; the "
                f"labels are {labels}."
            )
            problems.append(Problem(code="unknown-label", message=message))
    if problems:
        return problems
    matrix, constants = constraint_matrix(
        constraints, [name for name in known if name not in fixed]
    )
    for row, each in enumerate(constraints):
        constants[row] -= sum(value * fixed.get(name, 0.0) for name, value in each.terms)
    if not len(constraints) or _consistent(matrix, constants):
        return []
    alone = [
        each
        for row, each in enumerate(constraints)
        if not _consistent(matrix[row : row + 1], constants[row : row + 1])
    ]
    texts = ", ".join(repr(each.text) for each in alone or constraints)
    n_shown = counted(len(alone or constraints), "constraint")
    why = "with the values that parameters are fixed at" if fixed else "together"
    message = f"{n_shown} cannot hold {why}: {texts}. Mend or remove what contradicts the rest."
    return [Problem(code="impossible-constraint", message=message)]


def constraint_matrix(
    constraints: Sequence[LinearConstraint], labels: Sequence[str]
) -> tuple[Floats, Floats]:
    """Coefficients (constraints × labels) and constants; other labels are passed over."""
    column = {label: n for n, label in enumerate(dict.fromkeys(labels))}
    matrix = np.zeros((len(constraints), len(column)))
    for row, each in enumerate(constraints):
        for label, value in each.terms:
            if label in column:
                matrix[row, column[label]] = value
    return matrix, np.array([each.constant for each in constraints], dtype=np.float64)


def _consistent(matrix: Floats, constants: Floats) -> bool:
    scale = np.abs(np.column_stack([matrix, constants])).max(axis=1, keepdims=True)
    scale[scale == 0] = 1.0
    left, right = matrix / scale, constants / scale[:, 0]
    if not left.size:
        return bool(np.abs(right).max(initial=0.0) <= NEGLIGIBLE)
    solved = np.linalg.lstsq(left, right, rcond=None)[0]
    return bool(np.abs(left @ solved - right).max() <= NEGLIGIBLE)
