"""Models as text: what is read, what is refused, and that text and terms say the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import digilitt as dl
from digilitt.errors import DefinitionError
from digilitt.evidence.models.linear import LinearConstraint
from digilitt.evidence.models.syntax import (
    ParsedModel,
    Term,
    model_of_scales,
    model_text,
    parse_model,
    parse_partial,
)


def only(text: str) -> Term:
    (term,) = parse_model(text).terms
    return term


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("f =~ x1", Term(lhs="f", op="=~", rhs="x1")),
        ("x1~~x2", Term(lhs="x1", op="~~", rhs="x2")),
        ("x1 ~ 1", Term(lhs="x1", op="~1", rhs="")),
        ("x1 ~1", Term(lhs="x1", op="~1", rhs="")),
        ("x1 ~ 0", Term(lhs="x1", op="~1", rhs="", fixed=(0.0,))),
        ("x1 ~ 0*1", Term(lhs="x1", op="~1", rhs="", fixed=(0.0,))),
        ("x1 ~ NA*1", Term(lhs="x1", op="~1", rhs="", fixed=(None,))),
        ("x1 | t12", Term(lhs="x1", op="|", rhs="t12")),
        ("x1 ~*~ 1*x1", Term(lhs="x1", op="~*~", rhs="x1", fixed=(1.0,))),
        ("f =~ -1e-3*x1", Term(lhs="f", op="=~", rhs="x1", fixed=(-0.001,))),
        ("f =~ .5 * x1", Term(lhs="f", op="=~", rhs="x1", fixed=(0.5,))),
        ("f =~ a*x1", Term(lhs="f", op="=~", rhs="x1", labels=("a",))),
        ('f =~ "a b"*x1', Term(lhs="f", op="=~", rhs="x1", labels=("a b",))),
        ("f =~ c(a, b)*x1", Term(lhs="f", op="=~", rhs="x1", labels=("a", "b"))),
        ('f =~ c("a", "")*x1', Term(lhs="f", op="=~", rhs="x1", labels=("a", ""))),
        ("f =~ c(1, NA, -2)*x1", Term(lhs="f", op="=~", rhs="x1", fixed=(1.0, None, -2.0))),
        ("f =~ start(0.8)*x1", Term(lhs="f", op="=~", rhs="x1", starts=(0.8,))),
        ("f =~ start(c(0.8, 1))*x1", Term(lhs="f", op="=~", rhs="x1", starts=(0.8, 1.0))),
        ('g =~ equal("f =~ x1")*x2', Term(lhs="g", op="=~", rhs="x2", labels=("f=~x1",))),
        (
            "f =~ start(0.8)*NA*a*x1",
            Term(lhs="f", op="=~", rhs="x1", starts=(0.8,), fixed=(None,), labels=("a",)),
        ),
        (
            "f =~ c(1, NA)*x1 + c(a, b)*x1",
            Term(lhs="f", op="=~", rhs="x1", fixed=(1.0, None), labels=("a", "b")),
        ),
        ("färdighet =~ fråga.1", Term(lhs="färdighet", op="=~", rhs="fråga.1")),
        ("f =~ `item 1`", Term(lhs="f", op="=~", rhs="item 1")),
    ],
)
def test_terms_are_read(text: str, term: Term) -> None:
    assert only(text) == term


def test_lines_comments_and_several_names() -> None:
    text = """
    # a comment with f =~ x9
    f =~ x1 + x2 +   ! another
         x3
      + x4; x1 + x2 ~ 1
    x1 + x2 ~~
        x3
    """
    found = [term.name for term in parse_model(text).terms]
    assert found == "f=~x1 f=~x2 f=~x3 f=~x4 x1~1 x2~1 x1~~x3 x2~~x3".split()
    assert [term.line for term in parse_model(text).terms] == [3, 3, 3, 3, 5, 5, 6, 6]


@pytest.mark.parametrize(
    ("text", "terms", "constant"),
    [
        ("a == b", (("a", 1.0), ("b", -1.0)), 0.0),
        ("a + 2*b == 1", (("a", 1.0), ("b", 2.0)), 1.0),
        ("a == 0", (("a", 1.0),), 0.0),
        ("2*(a - b)/4 == -(c + 1)", (("a", 0.5), ("b", -0.5), ("c", 1.0)), -1.0),
        ("1 + a == 3 + a*2 - b", (("a", -1.0), ("b", 1.0)), 2.0),
    ],
)
def test_constraints_are_read(
    text: str, terms: tuple[tuple[str, float], ...], constant: float
) -> None:
    (found,) = parse_model(f"f =~ a*x1 + b*x2 + c*x3\n{text}").constraints
    assert found == LinearConstraint(text="", terms=terms, constant=constant)
    assert found.text == text


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionError) as caught:
        parse_model(text)
    return [(problem.code, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y ~ x", "regressions are not part"),
        ("y ~ 1 + x", "regressions are not part"),
        ("f <~ x1", "formative factors"),
        ("d := a*b", "defined parameters"),
        ("a < 1", "inequality constraints"),
        ("a > 1", "inequality constraints"),
        ("group: 1", "blocks such as"),
        ("level: within", "blocks such as"),
        ("a % b", "the operator %"),
        ('efa("e")*f1 =~ x1 + x2', "efa() is not part"),
        ("f =~ lower(0)*x1", "lower() is not part"),
        ("f =~ 0.8?x1", "write start(0.8)*x1"),
    ],
)
def test_what_lavaan_has_beyond_is_refused(text: str, said: str) -> None:
    ((code, message),) = problems(text)
    assert code == "unsupported-syntax"
    assert said in message
    assert message.startswith("line 1, '")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", "model-syntax", "the model is empty"),
        ("# nothing", "model-syntax", "the model is empty"),
        ("x1 + x2", "model-syntax", "no operator"),
        ("f =~", "model-syntax", "found nothing"),
        ("f =~ x1 + + x2", "model-syntax", "found nothing before or after a +"),
        ("f =~ x1 x2", "model-syntax", "found 'x1 x2'"),
        ("f =~ x1\nx2 + x3", "model-syntax", "found 'x1 x2'"),
        ("f =~ x1 g =~ x2", "model-syntax", "second operator"),
        ("=~ x1", "model-syntax", "found nothing before the operator"),
        ("f =~ f", "model-syntax", "cannot measure itself"),
        ("f =~ 2", "model-syntax", "expected a name"),
        ("f =~ NA", "model-syntax", "expected a name"),
        ("f =~ 2x1", "model-syntax", "found '2x1'"),
        ("f =~ c(1, a)*x1", "model-syntax", "not understood"),
        ('f =~ c("", "")*x1', "model-syntax", "no label"),
        ("f =~ start(a)*x1", "model-syntax", "expected a number"),
        ("f =~ equal(a)*x1", "model-syntax", "label in quotes"),
        ("f =~ *x1", "model-syntax", "nothing before a *"),
        ("f =~ (a + b)*x1", "model-syntax", "found '(a + b)' before a *"),
        ("f =~ 1e999*x1", "model-syntax", "too large"),
        ("x1 | thr", "model-syntax", "called t1, t2"),
        ("x1 ~*~ x2", "model-syntax", "written `x1 ~*~ x1`"),
        ("x1 ~ 0.5", "model-syntax", "written 0.5*1"),
        ("f =~ x1 & x2", "model-syntax", "'&' is no part"),
        ("f =~ x1 + x1", "parameter-twice", "'x1' stands here twice"),
        ("f =~ x1; f =~ x1", "parameter-twice", "line 1 already"),
        ("x1 ~~ x2\nx2 ~~ a*x1", "parameter-twice", "line 1 already"),
        ("f =~ a*b*x1", "modifier-conflict", "'b' says again"),
        ("f =~ a*x1 + b*x1", "modifier-conflict", "'x1' stands here twice"),
        ("a*b == 1", "bad-constraint", "multiplied with one another"),
        ("1/a == 1", "bad-constraint", "divided by a label"),
        ("a == (b", "bad-constraint", "not closed"),
        ("a ==", "bad-constraint", "a side is empty"),
        ("a == a", "bad-constraint", "says nothing"),
        ("exp(a) == 1", "bad-constraint", "'(' was not expected"),
        ("0 == 1", "impossible-constraint", "cannot hold"),
    ],
)
def test_wrong_text_is_named(text: str, code: str, said: str) -> None:
    ((found, message),) = problems(text)
    assert found == code
    assert said in message


def test_all_problems_come_at_once_with_their_lines() -> None:
    found = problems("f =~ x1 + 3\ny ~ x\nf =~ x2 ~~ x3\na == b*c")
    assert [re.match(r"line (\d)", message).group(1) for _, message in found] == list("1234")  # type: ignore[union-attr]


def test_a_model_is_text() -> None:
    with pytest.raises(DefinitionError, match="expected a model as text"):
        parse_model(["f =~ x1"])  # type: ignore[arg-type]


NAMES = st.sampled_from(["x1", "x2", "y_3", "f", "färg", "item 1", "t1", "NA", "c", ".a"])
NUMBERS = st.floats(-1e9, 1e9)
LABELS = st.sampled_from(["a", "b.2", "load", "f=~x1", "å"])


@st.composite
def terms(draw: st.DrawFn) -> Term:
    op = draw(st.sampled_from(["=~", "~~", "~1", "|", "~*~"]))
    lhs = draw(NAMES)
    rhs = {"~1": "", "|": f"t{draw(st.integers(1, 9))}", "~*~": lhs}.get(op) if op != "=~" else None
    if rhs is None:
        rhs = draw(NAMES.filter(lambda name: op != "=~" or name != lhs))
    plain = st.sampled_from(["a", "b.2", "load", "å"])
    return Term(
        lhs=lhs,
        op=op,
        rhs=rhs,
        fixed=tuple(draw(st.lists(st.none() | NUMBERS, max_size=3))),
        starts=tuple(draw(st.lists(NUMBERS, max_size=3))),
        labels=draw(
            st.just(())
            | LABELS.map(lambda label: (label,))
            | st.lists(plain, min_size=2, max_size=3).map(tuple)
        ),
    )


@st.composite
def models(draw: st.DrawFn) -> ParsedModel:
    found = {}
    for term in draw(st.lists(terms(), min_size=1, max_size=8)):
        ends = sorted((term.lhs, term.rhs)) if term.op == "~~" else (term.lhs, term.rhs)
        found[(term.op, *ends)] = term
    sums = st.dictionaries(
        st.sampled_from(["a", "load"]), st.floats(-9, 9).filter(bool), min_size=1
    )
    constraints = []
    for each in draw(st.lists(sums, max_size=2)):
        text = " + ".join(f"{value!r}*{name}" for name, value in each.items())
        constraints.append(
            LinearConstraint(text=f"{text} == 1", terms=tuple(each.items()), constant=1.0)
        )
    return ParsedModel(terms=tuple(found.values()), constraints=tuple(constraints))


@given(models())
def test_to_text_and_back_is_the_same(model: ParsedModel) -> None:
    assert parse_model(model_text(model)) == model


@given(models(), st.sampled_from([" ", "  ", "\t"]), st.booleans())
def test_white_space_does_not_matter(model: ParsedModel, space: str, wide: bool) -> None:
    """Between signs and names there may be any, or none."""
    text = model_text(model)
    if any(" " in name for term in model.terms for name in (term.lhs, term.rhs)):
        text = text.replace("item 1", "item1")
    changed = re.sub(r" ?([=~|+*(),]+) ?", lambda sign: space * wide + sign.group(1), text)
    assert parse_model(changed) == parse_model(text)


def test_partial_names_parameters() -> None:
    found = parse_partial(["f =~ x2 + x3", "x1 ~1", "x3 | t2"])
    assert [term.name for term in found] == ["f=~x2", "f=~x3", "x1~1", "x3|t2"]
    assert parse_partial("f =~ x2") == (Term(lhs="f", op="=~", rhs="x2"),)
    assert parse_partial(()) == ()
    for wrong in ("f =~ 2*x2", "f =~ x1; a == 1"):
        with pytest.raises(DefinitionError, match="partial: "):
            parse_partial(wrong)
    with pytest.raises(DefinitionError, match="expected a model as text"):
        parse_partial(["f =~ x1", 2])  # type: ignore[list-item]


def test_scales_become_factors() -> None:
    text = model_of_scales(dl.instrument("digilitt-core"))
    factors = [line.split(" =~ ")[0] for line in text.splitlines()]
    assert factors == ["attityd", "medvetenhet", "formaga", "forutsattningar"]
    assert text.startswith("attityd =~ a1 + a2 + a3")
    odd = model_of_scales({"my scale": ["item 1", "NA", "x"], "empty": []})
    assert odd == "`my scale` =~ `item 1` + `NA` + x"
    assert [term.rhs for term in parse_model(odd).terms] == ["item 1", "NA", "x"]
    with pytest.raises(DefinitionError, match="no scale that is made of items"):
        model_of_scales({})
