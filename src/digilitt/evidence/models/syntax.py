"""A factor model in lavaan's syntax, read into terms and written back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from digilitt.define.instrument import Instrument
from digilitt.errors import DefinitionError, Problem
from digilitt.evidence.models.linear import LinearConstraint, parse_constraint
from digilitt.evidence.models.modifiers import Modifiers, Wrong, parse_modifiers
from digilitt.evidence.models.tokens import (
    OPERATORS,
    Formula,
    Token,
    formulas,
    in_backticks,
    number_text,
    spelled,
    split,
)

# What lavaan has and digilitt has not, and what to do instead.
REFUSED = {
    "~": "regressions are not part of digilitt's models; `x ~ 1` is an intercept, and a factor "
    "behind factors is written `g =~ f1 + f2`.",
    "<~": "formative factors are not part of digilitt; a factor is measured by =~.",
    ":=": "defined parameters are not part of digilitt; compute them from the result's table.",
    "<": "inequality constraints are not part of digilitt; remove the line, or fix the value.",
    ">": "inequality constraints are not part of digilitt; remove the line, or fix the value.",
    ":": "blocks such as `group: 1` are not part of digilitt; write one model, with c(…, …)* where "
    "groups differ. Multilevel models are not part of it.",
    "%": "the operator % is not part of digilitt; remove the line.",
}
_PLAIN = re.compile(r"(?:[^\W\d]|\.(?!\d))[\w.]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One parameter that a model text names.

    Attributes
    ----------
    lhs, op, rhs : str
        `op` is "=~", "~~", "~1", "|" or "~*~"; `rhs` is empty for "~1", and "t1", "t2" … for "|".
    fixed : tuple of float or None
        Values that it is fixed at, None where it is free (NA*): empty, one for all groups, or one
        per group.
    starts : tuple of float
        Values where estimation starts, likewise.
    labels : tuple of str
        Labels, likewise; "" is none.
    line : int
        Where it stands; not part of what makes terms equal.
    """

    lhs: str
    op: str
    rhs: str
    fixed: tuple[float | None, ...] = ()
    starts: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """What it is called in messages and labels: ``f=~x1``, as in lavaan."""
        return f"{self.lhs}{self.op}{self.rhs}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedModel:
    """What a model text says: its terms and constraints, in order."""

    terms: tuple[Term, ...]
    constraints: tuple[LinearConstraint, ...] = ()


def parse_model(text: str) -> ParsedModel:
    """Read a model in lavaan's syntax.

    Parameters
    ----------
    text : str
        One formula per line, or with semicolons between; a line without an operator continues
        the line before. ``#`` and ``!`` begin comments. Understood are

        - ``f =~ x1 + x2``: items, or factors, that measure a factor;
        - ``x1 ~~ x2``: a (residual) variance or covariance;
        - ``x1 ~ 1``: an intercept, or the mean of a factor;
        - ``x1 | t1 + t2``: thresholds of an ordinal item;
        - ``x1 ~*~ x1``: the scaling factor of an ordinal item;
        - ``a == 2*b``: linear constraints between labels;
        - modifiers in front of a term: ``0.5*x1`` and ``0*x1`` (fixed), ``NA*x1`` (free), ``a*x1``
          and ``equal("f=~x1")*x2`` (label; equal labels, equal parameters), ``start(0.8)*x1``,
          and ``c(…, …)*x1`` with one entry for each group. A term with several modifiers has
          them in a row, or stands once for each: ``a*x1 + start(0.8)*x1``.

        A name that is more than letters, digits, ``_`` and ``.`` stands in backticks.

    Returns
    -------
    ParsedModel

    Raises
    ------
    DefinitionError
        With every problem found: what cannot be read, what lavaan has and digilitt has not, and
        parameters that are named twice.

    Examples
    --------
    >>> model = parse_model("skill =~ a1 + 0.8*a2 + load*a3")
    >>> [(term.name, term.fixed, term.labels) for term in model.terms]
    [('skill=~a1', (), ()), ('skill=~a2', (0.8,), ()), ('skill=~a3', (), ('load',))]
    """
    if not isinstance(text, str):
        message = f"found a {type(text).__name__}; expected a model as text, in lavaan's syntax."
        raise DefinitionError([Problem(code="wrong-type", message=message)])
    found, problems = formulas(text)
    terms: dict[tuple[str, str, str], Term] = {}
    constraints = []
    for formula in found:
        if formula.tokens[formula.operator].text == "==":
            constraint, problem = parse_constraint(formula)
            constraints += [constraint] if constraint else []
            problems += [problem] if problem else []
            continue
        read, wrong = _terms(formula)
        problems += wrong
        for term in read:
            key = _key(term)
            if key in terms:
                message = (
                    f"{term.name} stands in line {terms[key].line} already; give every modifier "
                    "there, and remove it here."
                )
                problems.append(formula.problem(code="parameter-twice", message=message))
            terms.setdefault(key, term)
    if not terms and not problems:
        message = "the model is empty; expected formulas such as `skill =~ a1 + a2 + a3`."
        problems.append(Problem(code="model-syntax", message=message))
    if problems:
        raise DefinitionError(problems)
    return ParsedModel(terms=tuple(terms.values()), constraints=tuple(constraints))


def _key(term: Term) -> tuple[str, str, str]:
    """What makes two terms the same parameter; covariances have no direction."""
    swapped = term.op == "~~" and term.rhs < term.lhs
    return (term.rhs, term.op, term.lhs) if swapped else (term.lhs, term.op, term.rhs)


def _terms(formula: Formula) -> tuple[list[Term], list[Problem]]:
    """Terms of a formula that is no constraint, and what is wrong with it."""
    cut = formula.operator
    op = formula.tokens[cut].text
    left, right = formula.tokens[:cut], formula.tokens[cut + 1 :]
    second = [token for token in right if token.is_sign(*OPERATORS)]
    if second:
        message = (
            f"there is a second operator, {second[0].text}; put one formula in a line, and + "
            "between its terms."
        )
        return [], [formula.problem(code="model-syntax", message=message)]
    intercept = op == "~" and _is_intercept(right)
    if op in REFUSED and not intercept:
        return [], [formula.problem(code="unsupported-syntax", message=REFUSED[op])]
    names, problems = _left(formula, left)
    merged, wrong = _right(formula, right, intercept)
    problems += wrong
    found = []
    for lhs in names:
        for rhs, modifiers in merged.items():
            message = _misfit(lhs, op, rhs)
            if message:
                problems.append(formula.problem(code="model-syntax", message=message))
                continue
            found.append(
                Term(
                    lhs=lhs,
                    op="~1" if intercept else op,
                    rhs="" if intercept else rhs,
                    fixed=modifiers.fixed,
                    starts=modifiers.starts,
                    labels=modifiers.labels,
                    line=formula.line,
                )
            )
    return found, problems


def _is_intercept(right: Sequence[Token]) -> bool:
    """Whether what follows ~ is the 1 of an intercept, modified or not, not a predictor."""
    ends = [piece[-1] for piece in split(right, "+") if piece]
    return bool(ends) and all(token.kind == "number" for token in ends)


def _misfit(lhs: str, op: str, rhs: str) -> str:
    if op == "=~" and lhs == rhs:
        return f"{lhs!r} cannot measure itself."
    if op == "~*~" and lhs != rhs:
        return f"a scaling factor is written `{lhs} ~*~ {lhs}`."
    if op == "|" and not re.fullmatch(r"t[1-9]\d*", rhs):
        return f"found {rhs!r}; thresholds are called t1, t2 and so on."
    return ""


def _left(formula: Formula, tokens: Sequence[Token]) -> tuple[list[str], list[Problem]]:
    """Names before the operator."""
    names, problems = [], []
    for piece in split(tokens, "+"):
        if len(piece) == 1 and piece[0].kind == "name" and piece[0].raw != "NA":
            names.append(piece[0].text)
        elif piece and piece[0].text == "efa":
            message = "efa() is not part of digilitt's models; `efa` explores, `cfa` confirms."
            problems.append(formula.problem(code="unsupported-syntax", message=message))
        else:
            found = f"found {spelled(piece)!r}" if piece else "found nothing"
            message = f"{found} before the operator; expected a name, or names with + between."
            message += in_backticks(piece)
            problems.append(formula.problem(code="model-syntax", message=message))
    return names, problems


def _right(
    formula: Formula, tokens: Sequence[Token], intercept: bool
) -> tuple[dict[str, Modifiers], list[Problem]]:
    """Name after the operator → its modifiers, those of a name that is repeated together."""
    merged: dict[str, Modifiers] = {}
    wrong: list[Wrong] = []
    for piece in split(tokens, "+"):
        *before, name = split(piece, "*")
        kind = "number" if intercept else "name"
        if any(token.is_sign("?") for token in piece):
            message = "the sign ? is not part of digilitt; write start(0.8)*x1."
            wrong.append(Wrong(code="unsupported-syntax", message=message))
            continue
        if len(name) != 1 or name[0].kind != kind or name[0].raw == "NA":
            found = f"found {spelled(piece)!r}" if piece else "found nothing before or after a +"
            what = "the 1 of an intercept" if intercept else "a name"
            message = f"{found}; expected {what}, modified as in 0.5*x1 or not, with + between."
            message += in_backticks(name)
            wrong.append(Wrong(code="model-syntax", message=message))
            continue
        modifiers, more = parse_modifiers(before)
        wrong += more
        key = name[0].text
        if intercept and not before and float(key) == 0:
            modifiers, key = Modifiers(fixed=(0.0,)), "1"
        elif intercept and float(key) != 1:
            wrong.append(
                Wrong(
                    code="model-syntax", message=f"an intercept fixed at {key} is written {key}*1."
                )
            )
        together = merged[key].joined(modifiers) if key in merged else modifiers
        if together is None:
            same = not before and merged[key] == Modifiers()
            code = "parameter-twice" if same else "modifier-conflict"
            message = f"{key!r} stands here twice and both say the same kind of thing; keep one."
            wrong.append(Wrong(code=code, message=message))
        merged[key] = together or modifiers
    return merged, [formula.problem(code=each.code, message=each.message) for each in wrong]


def model_text(model: ParsedModel) -> str:
    """The model in lavaan's syntax; `parse_model` reads the same model from it.

    Examples
    --------
    >>> print(model_text(parse_model("f=~NA*x1+x2;f~~1*f # scale")))
    f =~ NA*x1 + x2
    f ~~ 1*f
    """
    lines: list[tuple[str, str, list[str]]] = []
    for term in model.terms:
        if not lines or lines[-1][:2] != (term.lhs, term.op) or term.op == "~1":
            lines.append((term.lhs, term.op, []))
        lines[-1][2].extend(_written(term))
    texts = [
        f"{name_text(lhs)} {op.removesuffix('1')} {' + '.join(parts)}" for lhs, op, parts in lines
    ]
    return "\n".join([*texts, *(constraint.text for constraint in model.constraints)])


def name_text(name: str) -> str:
    """A name as a model text has it: in backticks if it is not a plain one."""
    return name if _PLAIN.fullmatch(name) and name != "NA" else f"`{name}`"


def parameter_text(lhs: str, op: str, rhs: str) -> str:
    """A parameter as a model text has it: ``f =~ x1``, ``x1 ~1``."""
    return " ".join([name_text(lhs), op, *([name_text(rhs)] if rhs else [])])


def shown_name(name: str) -> str:
    """A name as a message has it, such that it may be put into a model: 'x1', or `x 1`."""
    return repr(name) if name_text(name) == name else name_text(name)


def _written(term: Term) -> Iterator[str]:
    """A term, once for each kind of modifier that it has, as lavaan reads it."""
    name = "1" if term.op == "~1" else name_text(term.rhs)
    fixed = ["NA" if value is None else number_text(value) for value in term.fixed]
    labels = [label if _PLAIN.fullmatch(label) else f'"{label}"' for label in term.labels]
    starts = list(map(number_text, term.starts))
    if starts:
        yield f"start({_together(starts)})*{name}"
    if fixed:
        yield f"{_together(fixed)}*{name}"
    if len(labels) == 1 and '"' in labels[0]:
        yield f"equal({labels[0]})*{name}"
    elif labels:
        yield f"{_together(labels)}*{name}"
    if not (starts or fixed or labels):
        yield name


def _together(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"c({', '.join(texts)})"


def parse_partial(partial: str | Sequence[str]) -> tuple[Term, ...]:
    """Parameters named as in a model, without modifiers: ``("f =~ x2", "x1 ~1", "x3 | t2")``.

    Raises
    ------
    DefinitionError
        If one cannot be read, or has a modifier.
    """
    texts = [partial] if isinstance(partial, str) else list(partial)
    if not texts:
        return ()
    wrong = [text for text in texts if not isinstance(text, str)]
    model = parse_model(wrong[0] if wrong else "\n".join(texts))
    problems = [
        Problem(
            code="bad-partial",
            message=f"partial: {term.name} has a modifier; name the parameter alone.",
        )
        for term in model.terms
        if term.fixed or term.starts or term.labels
    ]
    if model.constraints:
        message = "partial: a constraint names no parameter; name those to be left free."
        problems.append(Problem(code="bad-partial", message=message))
    if problems:
        raise DefinitionError(problems)
    return model.terms


def model_of_scales(source: Instrument | Mapping[str, Sequence[str]]) -> str:
    """A model with scales as factors, in lavaan's syntax.

    Parameters
    ----------
    source : Instrument or mapping of str to sequence of str
        An instrument's scales that are made of items become factors, measured by those items in
        the direction of the scale (which `Responses.keyed` gives). Scales of scales are left
        out: that their parts have one thing in common is a claim of its own; add
        ``total =~ scale_1 + scale_2 + scale_3`` to make it. Or item names by scale.

    Raises
    ------
    DefinitionError
        If there is no scale made of items.

    Examples
    --------
    >>> print(model_of_scales({"skill": ["a1", "a2", "a3"], "attitude": ["b1", "b2", "b3"]}))
    skill =~ a1 + a2 + a3
    attitude =~ b1 + b2 + b3
    """
    if isinstance(source, Instrument):
        scales = {each.id: [part.item for part in each.items] for each in source.scales}
    else:
        scales = {name: list(items) for name, items in source.items()}
    found = [
        f"{name_text(name)} =~ {' + '.join(map(name_text, items))}"
        for name, items in scales.items()
        if items
    ]
    if not found:
        message = "there is no scale that is made of items; write a model."
        raise DefinitionError([Problem(code="no-scale", message=message)])
    return "\n".join(found)
