"""Items from responses and from data frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from digilitt.define.catalogue import instrument, sample
from digilitt.errors import ResponseError
from digilitt.evidence.data import item_data, scales_of
from digilitt.interchange.answers import read_responses

FRAME = pd.DataFrame({"a1": [1.0, np.nan, 3.0], "a2": [2, 2, 1], "place": ["A", None, "B"]})


def test_a_frame_keeps_its_numbers() -> None:
    data = item_data(FRAME, by="place")
    assert data.items == ("a1", "a2")
    assert data.values.tolist()[0] == [1.0, 2.0]
    assert np.isnan(data.values[1, 0])
    assert data.groups is not None
    assert data.groups.tolist() == ["A", "(unknown)", "B"]
    assert data.complete().values.tolist() == [[1.0, 2.0], [3.0, 1.0]]
    assert (data.n_persons, data.ranges, data.scale) == (3, None, "")


def test_nullable_and_boolean_columns_are_numbers() -> None:
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [True, False]})
    assert item_data(frame).values.tolist()[0] == [1.0, 1.0]


def test_rows_may_stand_for_several_persons() -> None:
    data = item_data(FRAME.drop(columns="place").assign(n=[5, 0, 2]), counts="n")
    assert data.n_persons == 7
    assert data.counts.tolist() == [5.0, 0.0, 2.0]


def test_responses_are_keyed() -> None:
    core = instrument("digilitt-core")
    answers = read_responses(
        sample("digilitt-core"), core, person="person", wave="wave", groups=["sex"]
    )
    scale = core.scales[0].id
    data = item_data(answers, scale=scale, by="sex")
    expected = answers.keyed(scale)
    assert data.items == tuple(expected)
    assert np.array_equal(data.values, expected.to_numpy(), equal_nan=True)
    assert data.ranges is not None
    assert len(data.ranges) == len(data.items)
    assert set(scales_of(answers, None)) == {each.id for each in core.scales if each.items}
    assert scales_of(answers, scale) == (scale,)
    assert scales_of(FRAME, None) == (None,)


@pytest.mark.parametrize(
    ("frame", "options", "codes"),
    [
        (FRAME, {}, ["not-numeric"]),
        (FRAME, {"by": "sex", "cluster": "unit"}, ["missing-column", "missing-column"]),
        (FRAME.assign(a1=np.inf), {"by": "place"}, ["infinite"]),
        (FRAME.assign(n=[1, -1, 2]), {"by": "place", "counts": "n"}, ["bad-counts"]),
        (FRAME.assign(n=[1, 1e13, 2]), {"by": "place", "counts": "n"}, ["bad-counts"]),
        (FRAME.assign(n=[1, np.nan, 2]), {"by": "place", "counts": "n"}, ["bad-counts"]),
        (FRAME.assign(n=[1, 1.5, 2]), {"by": "place", "counts": "n"}, ["bad-counts"]),
        (FRAME.assign(n=["1", "2", "3"]), {"by": "place", "counts": "n"}, ["bad-counts"]),
        (FRAME[["place"]], {"by": "place"}, ["no-rows"]),
        (FRAME.iloc[:0], {"by": "place"}, ["no-rows"]),
        (FRAME, {"by": "place", "scale": "s"}, ["no-scale"]),
    ],
)
def test_what_does_not_fit_is_said(
    frame: pd.DataFrame, options: dict[str, str], codes: list[str]
) -> None:
    with pytest.raises(ResponseError) as caught:
        item_data(frame, **options)  # type: ignore[arg-type]
    assert [problem.code for problem in caught.value.problems] == codes


def test_something_else_is_refused() -> None:
    with pytest.raises(ResponseError, match="found a list"):
        item_data([1, 2])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answers", [[1e13, 0, 1], [0, 1e-13, 0], [1e10, 1e10 + 2, 1e10], [1e300, np.nan, 1e-300]]
)
def test_numbers_beyond_arithmetic_are_refused(answers: list[float]) -> None:
    with pytest.raises(ResponseError, match="rescale it to ordinary numbers") as caught:
        item_data(pd.DataFrame({"a": answers, "b": [1, 2, 3]}))
    assert [(p.code, p.column) for p in caught.value.problems] == [("extreme-range", "a")]


@pytest.mark.parametrize(
    "answers",
    [[1e12, 0, 1], [1e9, 1e9 + 3, 1e9], [1e11] * 3, [np.nan] * 3, [20240101, 20240102, 0]],
)
def test_large_numbers_are_numbers(answers: list[float]) -> None:
    assert item_data(pd.DataFrame({"a": answers})).items == ("a",)


def said(frame: pd.DataFrame) -> list[tuple[str, str]]:
    with pytest.raises(ResponseError) as caught:
        item_data(frame)
    assert {problem.code for problem in caught.value.problems} == {"not-numeric"}
    return [(problem.column, problem.message) for problem in caught.value.problems]


def test_columns_with_the_same_fault_are_one_problem() -> None:
    words = {f"Fråga {n}": ["Instämmer helt", "Instämmer helt", "Nej"] for n in range(1, 9)}
    [(column, message)] = said(pd.DataFrame(words))
    assert column == ""
    assert message.startswith(
        "'Fråga 1', 'Fråga 2', 'Fråga 3', 'Fråga 4', 'Fråga 5' … (8 columns) hold text, such as "
        "'Instämmer helt'. Answers in words need an instrument, which dl.read_responses(…) takes;"
    )
    [(column, message)] = said(pd.DataFrame({"a": ["1", "2"], "b": ["3", None]}))
    assert "hold numbers as" in message


def test_a_text_of_one_person_is_not_shown() -> None:
    [(column, message)] = said(pd.DataFrame({"namn": ["Ada", "Bo"], "a": [1, 2]}))
    assert column == "namn"
    assert message.startswith("holds text. Answers in words")


def test_stray_cells_are_shown_with_their_rows() -> None:
    frame = pd.DataFrame({"Fråga 1": [1, 2, "vet ej", 4, 5, "?"]}, index=range(2, 8))
    assert said(frame) == [
        (
            "Fråga 1",
            (
                "holds 'vet ej', '?' among numbers, in rows 4, 7; make it NaN if it is no answer: "
                "pd.to_numeric(…, errors='coerce')."
            ),
        )
    ]


def test_ordered_categories_are_told_from_words() -> None:
    column = pd.Categorical(["no", "yes", "no"], categories=["no", "yes"], ordered=True)
    [(_, message)] = said(pd.DataFrame({"a": column}))
    assert ".cat.codes + 1" in message
    [(_, message)] = said(pd.DataFrame({"a": pd.to_datetime(["2020-01-01"])}))
    assert message.startswith("holds datetime64")
