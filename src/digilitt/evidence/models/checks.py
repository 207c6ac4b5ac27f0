"""What is wrong with a factor model, found before anything is estimated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from digilitt.define.problems import listed
from digilitt.errors import Problem, counted
from digilitt.evidence.models.syntax import ParsedModel, Term, parameter_text, shown_name
from digilitt.evidence.names import near


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Items and factors of a model, in order of appearance, and what measures which factor."""

    items: tuple[str, ...]
    factors: tuple[str, ...]
    indicators: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, parsed: ParsedModel) -> Names:
        """Names in the formulas with =~."""
        indicators: dict[str, list[str]] = {}
        for term in parsed.terms:
            if term.op == "=~":
                indicators.setdefault(term.lhs, []).append(term.rhs)
        named = dict.fromkeys(name for names in indicators.values() for name in names)
        return cls(
            items=tuple(name for name in named if name not in indicators),
            factors=tuple(indicators),
            indicators={name: tuple(names) for name, names in indicators.items()},
        )

    def order(self, name: str) -> int:
        """Place of a name among items, then factors."""
        return (*self.items, *self.factors, name).index(name)

    def exogenous(self) -> tuple[str, ...]:
        """Factors that no other factor is behind."""
        below = {name for names in self.indicators.values() for name in names}
        return tuple(name for name in self.factors if name not in below)

    def measured(self) -> tuple[str, ...]:
        """Factors that items measure."""
        return tuple(
            name
            for name in self.factors
            if any(each in self.items for each in self.indicators[name])
        )

    def alone(self) -> tuple[str, ...]:
        """Indicators that are all that measures their factor, and measure no other."""
        every = [name for names in self.indicators.values() for name in names]
        single = [names[0] for names in self.indicators.values() if len(names) == 1]
        return tuple(name for name in single if every.count(name) == 1)


def model_problems(
    parsed: ParsedModel,
    names: Names,
    available: Sequence[str],
    n_groups: int,
    categories: Mapping[str, int] | None,
    parameterization: str,
) -> list[Problem]:
    """Everything wrong with the terms of a model."""
    problems = [*_name_problems(parsed, names, available)]
    if loop := _loop(names):
        message = f"{' =~ '.join(loop)}: a factor is behind itself; break the circle."
        problems.append(Problem(code="circular-factors", column=loop[0], message=message))
    for term in parsed.terms:
        problems += _length_problems(term, n_groups)
        if message := _misplaced(term, names, categories, parameterization):
            text = f"line {term.line}: {message}"
            problems.append(Problem(code="not-a-parameter", column=term.name, message=text))
    return problems


def _name_problems(
    parsed: ParsedModel, names: Names, available: Sequence[str]
) -> Iterator[Problem]:
    if not names.factors:
        message = "the model has no factor; expected a formula such as `skill =~ a1 + a2 + a3`."
        yield Problem(code="model-syntax", message=message)
        return
    for factor in names.factors:
        if factor in available:
            message = "is the name of a factor and of an item in the data; rename the factor."
            yield Problem(code="item-is-factor", column=factor, message=message)
    known = [*available, *names.factors]
    lines: dict[str, int] = {}
    for term in parsed.terms:
        for name in (term.lhs, term.rhs if term.op in ("=~", "~~") else term.lhs):
            lines.setdefault(name, term.line)
    for name, line in lines.items():
        if name not in known:
            message = (
                f"line {line}: there is no such item or factor; the items are "
                f"{listed(available)}.{near(name, known, shown_name)}"
            )
            yield Problem(code="unknown-item", column=name, message=message)
        elif name not in names.items and name not in names.factors:
            message = (
                f"line {line}: the item measures no factor of the model; write a factor for it, "
                "or remove the line."
            )
            yield Problem(code="not-in-model", column=name, message=message)


def _loop(names: Names) -> tuple[str, ...]:
    """Factors that go round in a circle, if there are any."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> tuple[str, ...]:
        if name in path:
            return (*path[path.index(name) :], name)
        if name in done or name not in names.indicators:
            return ()
        for below in names.indicators[name]:
            if found := visit(below, (*path, name)):
                return found
        done.add(name)
        return ()

    for factor in names.factors:
        if found := visit(factor, ()):
            return found
    return ()


def _length_problems(term: Term, n_groups: int) -> Iterator[Problem]:
    for values in (term.fixed, term.starts, term.labels):
        if len(values) > 1 and len(values) != n_groups:
            message = (
                f"line {term.line}: c(…) has {len(values)} entries, and there is "
                f"{counted(n_groups, 'group')}; give one entry for each group, or one for all."
            ).replace("there is " if n_groups > 1 else "\0", "there are ")
            yield Problem(code="wrong-length", column=term.name, message=message)


def _misplaced(
    term: Term, names: Names, categories: Mapping[str, int] | None, parameterization: str
) -> str:
    """Why a term is no parameter of this model; empty if it is one."""
    if term.op in ("|", "~*~"):
        what = "thresholds" if term.op == "|" else "scaling factors"
        if term.lhs in names.factors:
            return f"factors have no {what}; remove it."
        if categories is None:
            return f"the items are continuous and have no {what}; remove it, or use wlsmv."
        n = categories.get(term.lhs, 0) - 1
        if term.op == "|" and 0 < n < int(term.rhs[1:]):
            return f"the item has {n + 1} categories, so its last threshold is t{n}."
        if term.op == "~*~" and parameterization == "theta":
            return "scaling factors follow from the rest in the theta parameterization; remove it."
    if term.op == "~~":
        items = [name in names.items for name in (term.lhs, term.rhs)]
        if any(items) and not all(items):
            known = [name in (*names.items, *names.factors) for name in (term.lhs, term.rhs)]
            if all(known):
                return "an item and a factor cannot covary; let the item measure the factor (=~)."
        ordinal = categories is not None and all(items) and term.lhs == term.rhs
        if ordinal and parameterization == "delta":
            return (
                "the residual variance of an ordinal item follows from the rest in the delta "
                "parameterization; use parameterization='theta', or remove it."
            )
    return ""


def partial_problems(
    partial: Sequence[Term], kinds: Mapping[tuple[str, str, str], str], equal: Sequence[str]
) -> list[Problem]:
    """Parameters to be left free that the model has not, or that nothing makes equal.

    Parameters
    ----------
    partial : sequence of Term
    kinds : mapping
        Parameter (lhs, op, rhs) → the word of `equal` that covers it.
    equal : sequence of str
        What is made equal somewhere.
    """
    problems = []
    texts = [parameter_text(*key) for key in kinds]
    for term in partial:
        keys = [(term.lhs, term.op, term.rhs)]
        keys += [(term.rhs, term.op, term.lhs)] if term.op == "~~" else []
        found = [kinds[key] for key in keys if key in kinds]
        text = parameter_text(term.lhs, term.op, term.rhs)
        if not found:
            message = f"partial: the model has no parameter {text!r}.{near(text, texts)}"
            problems.append(Problem(code="bad-partial", message=message))
        elif found[0] not in equal:
            message = (
                f"partial: {text!r} is free in each group anyway, as nothing makes "
                f"{found[0] or 'scaling factors'} equal; leave it out."
            )
            problems.append(Problem(code="bad-partial", message=message))
    return problems
