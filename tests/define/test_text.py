"""Texts in several languages, and what definitions are made of."""

from __future__ import annotations

import copy
import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from digilitt.define.fields import FROZEN, FrozenDict, Number, alike
from digilitt.define.text import Text, gather_languages, language_problems


def test_falls_back_to_english_then_to_the_first() -> None:
    title = Text({"sv": "Attityd", "en": "Attitude"})
    assert (title.to("sv"), title.to("en"), title.to("fi")) == ("Attityd", "Attitude", "Attitude")
    assert Text({"sv": "Attityd", "da": "Holdning"}).to("en") == "Attityd"
    assert str(title) == "Attitude"
    assert title.languages == ("sv", "en")
    assert [*title.variants()] == ["Attityd", "Attitude"]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"sv": ""},
        {"sv": " \t"},
        {"swe": "x"},
        {"SV": "x"},
        {"s": "x"},
        {"": "x"},
        {"sv\n": "x"},
    ],
)
def test_a_text_needs_a_language_and_words(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Text(wrong)


def test_equal_however_the_letters_are_written() -> None:
    composed = {"sv": "Förmåga"}
    taken_apart = {"sv": " " + unicodedata.normalize("NFD", "Förmåga") + "\n"}
    assert taken_apart != composed
    assert Text(taken_apart) == Text(composed)
    assert hash(Text(taken_apart)) == hash(Text(composed))


def test_alike_leaves_out_case_and_white_space() -> None:
    apart = unicodedata.normalize("NFD", "HÅLLER  med\n")
    assert alike(apart) == alike(" håller MED") == "håller med"
    assert alike("hålla") != alike("halla")


LABELS = st.dictionaries(
    st.sampled_from(["sv", "en", "fi", "zz"]),
    st.text(min_size=1),
    min_size=1,
)


@given(label=LABELS, rest=st.dictionaries(st.sampled_from(["id", "to", "code", "from"]), st.none()))
def test_inline_languages_move_under_label(label: dict[str, str], rest: dict[str, None]) -> None:
    assert gather_languages({**rest, **label}) == {**rest, "label": label}
    assert gather_languages({**rest, "label": label}) == {**rest, "label": label}


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.integers()), st.just({"a": 1})))
def test_what_has_no_languages_stays(data: object) -> None:
    assert gather_languages(data) is data


def test_label_and_inline_languages_are_refused() -> None:
    with pytest.raises(ValueError, match="also sv, en beside it; write the text in one place"):
        gather_languages({"label": {"sv": "x"}, "sv": "x", "en": "x"})


class Part(BaseModel):
    model_config = FROZEN
    id: str
    label: Text
    note: Text | None = None


class Whole(BaseModel):
    model_config = FROZEN
    title: Text
    parts: tuple[Part, ...] = ()
    named: dict[str, Part] = {}


def test_missing_translations_are_named_by_their_place() -> None:
    whole = Whole(
        title={"sv": "x"},
        parts=[{"id": "p1", "label": {"sv": "x", "en": "x"}, "note": {"en": "x"}}],
        named={"n": {"id": "p2", "label": {"fi": "x"}}},
    )
    found = [(p.code, p.column) for p in language_problems(whole, ("sv", "en"))]
    assert found == [
        ("missing-translation", "title"),
        ("missing-translation", "parts[p1].note"),
        ("missing-translation", "named.n[p2].label"),
        ("missing-translation", "named.n[p2].label"),
    ]


def test_a_language_named_twice_is_one_problem() -> None:
    found = language_problems(Whole(title={"sv": "x"}), ("sv", "sv", "sv"))
    assert [(p.code, p.column) for p in found] == [("repeated-language", "languages")]


def test_frozen_dict_refuses_to_change() -> None:
    frozen: FrozenDict[str, int] = FrozenDict({"a": 1})
    changes = [
        lambda: frozen.update(a=2),
        lambda: frozen.__setitem__("a", 2),
        lambda: frozen.__delitem__("a"),
        lambda: frozen.pop("a"),
        frozen.popitem,
        lambda: frozen.setdefault("b", 2),
        frozen.clear,
        lambda: frozen.__ior__({"b": 2}),
    ]
    for change in changes:
        with pytest.raises(TypeError, match="does not change"):
            change()
    assert frozen == {"a": 1}
    assert hash(frozen) == hash(FrozenDict(a=1))
    for twin in (copy.copy(frozen), copy.deepcopy(frozen), pickle.loads(pickle.dumps(frozen))):
        assert twin == frozen
        assert isinstance(twin, FrozenDict)


class Measured(BaseModel):
    number: Number


@given(st.one_of(st.integers(-(10**12), 10**12), st.floats(-1e12, 1e12)))
def test_numbers_keep_their_value_and_zero_has_no_sign(number: float) -> None:
    kept = Measured(number=number).number
    assert kept == number
    assert str(kept) != "-0.0"


@pytest.mark.parametrize(
    "wrong", [True, "1", None, 1e13, -1e13, 10**400, float("nan"), float("inf")]
)
def test_what_is_no_number(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Measured(number=wrong)  # type: ignore[arg-type]
