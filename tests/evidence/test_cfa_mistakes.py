"""What a newcomer to `cfa` and `invariance` gets wrong, and the sentence that puts it right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import digilitt as dl
from digilitt.errors import DigilittError

N = 400
RNG = np.random.default_rng(0)
NAMES = [f"Fråga {number}" for number in range(1, 7)]
LATENT = RNG.normal(size=(N, 1)) + RNG.normal(size=(N, 6))
ITEMS = pd.DataFrame(np.digitize(LATENT, [-1.5, -0.5, 0.5, 1.5]) + 1.0, columns=NAMES)
GROUPED = ITEMS.assign(Kommun=np.tile([1, 2], N // 2))
COHORT = dl.simulate_cohort(rng=7)
ANSWERS = COHORT.responses

SAID: dict[str, tuple[Callable[[], object], str]] = {
    "a scale misspelt": (
        lambda: dl.cfa(ANSWERS, scale="attitydd"),
        (
            "'scale': found 'attitydd'; the scales are attityd, medvetenhet, formaga, total, "
            "forutsattningar. Did you mean 'attityd'?"
        ),
    ),
    "a scale misspelt, with a model": (
        lambda: dl.cfa(ANSWERS, "f =~ a1 + a2", scale="attitydd"),
        "Did you mean 'attityd'?",
    ),
    "a scale of scales": (lambda: dl.cfa(ANSWERS, scale="total"), "made of other scales"),
    "the groups are an item": (
        lambda: dl.invariance(GROUPED, by="Kommun", model="f =~ `Fråga 1` + `Fråga 2` + Kommun"),
        "'Kommun': is the column of groups, and so cannot be an item.",
    ),
    "an identity for groups": (
        lambda: dl.invariance(ITEMS.assign(id=np.maximum(np.arange(N), 99)), by="id"),
        "'id': 301 groups, 300 of them with 1 person; is 'id' an identity?",
    ),
    "neither groups nor occasions": (
        lambda: dl.invariance(ITEMS),
        "name by= (a column of groups) or occasions=.",
    ),
    "groups and occasions": (
        lambda: dl.invariance(GROUPED, by="Kommun", occasions=["1", "2"]),
        "and not both",
    ),
    "a small letter": (lambda: dl.invariance(GROUPED, by="kommun"), "Did you mean 'Kommun'?"),
    "no such group of responses": (
        lambda: dl.invariance(ANSWERS, by="Sex"),
        "the groups are wave, municipality, sex, role, cluster. Did you mean 'sex'?",
    ),
    "a reference that is none": (
        lambda: dl.invariance(GROUPED, by="Kommun", reference=3),
        "found the reference 3; the groups are 1, 2.",
    ),
    "a simulation": (lambda: dl.cfa(COHORT), "pass its .responses"),  # type: ignore[arg-type]
    "a simulation, over time": (
        lambda: dl.invariance(COHORT, occasions=["2018", "2019"]),  # type: ignore[arg-type]
        "pass its .responses",
    ),
    "a name with a space": (
        lambda: dl.cfa(ITEMS, "f =~ Fråga 1 + Fråga 2"),
        "A name with a space stands in backticks: `Fråga 1`.",
    ),
    "a name with a space, before": (
        lambda: dl.invariance(GROUPED, by="Kommun", partial="Fråga 1 ~1"),
        "A name with a space stands in backticks: `Fråga 1`.",
    ),
    "a name to be pasted": (
        lambda: dl.cfa(ITEMS, "f =~ `fråga 1` + `Fråga 2`"),
        "Did you mean `Fråga 1`?",
    ),
    "a parameter to be pasted": (
        lambda: dl.invariance(GROUPED, by="Kommun", partial="f =~ `Fråga 1`"),
        "Did you mean 'factor =~ `Fråga 1`'?",
    ),
    "lines to be pasted": (
        lambda: dl.cfa(ITEMS, "a =~ `Fråga 1` + `Fråga 2`"),
        "Make them equal: a =~ a_*`Fråga 1` + a_*`Fråga 2`.",
    ),
    "nobody answered": (
        lambda: dl.cfa(ITEMS.assign(x=np.nan)),
        "'x': nobody answered it; leave it out.",
    ),
    "nobody answered, in pairs": (
        lambda: dl.cfa(ITEMS.assign(x=np.nan), missing="pairwise"),
        "'x': nobody answered it",
    ),
    "nobody answered, in numbers": (
        lambda: dl.cfa(ITEMS.assign(x=np.nan), estimator="mlr", missing="fiml"),
        "'x': nobody answered it",
    ),
    "nobody in a group answered": (
        lambda: dl.invariance(
            GROUPED.assign(x=ITEMS["Fråga 1"].where(GROUPED["Kommun"] == 1)), by="Kommun"
        ),
        (
            "group '2' has 0 persons left for 7 items; there must be more persons than items, and "
            "should be many more. Nobody of them answered x."
        ),
    ),
    "numbers for categories": (
        lambda: dl.cfa(ITEMS.assign(x=LATENT[:, 0], y=LATENT[:, 1])),
        (
            "2 items have more than 10 different answers (x 400, y 400); estimator='wlsmv', the "
            "default,"
        ),
    ),
    "a number for a category": (
        lambda: dl.cfa(ITEMS.assign(id=np.arange(N))),
        "'id': has 400 different answers, and estimator='wlsmv', the default, takes up to 10",
    ),
    "a typing error in a group": (
        lambda: dl.invariance(
            GROUPED.assign(x=ITEMS["Fråga 1"].where(np.arange(N) > 0, 55)), by="Kommun"
        ),
        (
            "every group must have used the same answers. merge_categories=True merges such "
            "answers with their neighbours in all groups; or leave the group, or the item, out. "
            "There is 1 answer 55, far from the others (1 to 5): a typing error, or a missing code?"
        ),
    ),
    "words of lavaan": (
        lambda: dl.cfa(GROUPED, group="Kommun", equal=["lv.variances"]),  # type: ignore[list-item]
        "found 'lv.variances'; in digilitt 'variances'.",
    ),
    "more words of lavaan": (
        lambda: dl.cfa(GROUPED, group="Kommun", equal=["residual.covariances"]),  # type: ignore[list-item]
        "in digilitt 'residual-covariances'",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_wrong_and_what_to_do(name: str) -> None:
    call, said = SAID[name]
    with pytest.raises(DigilittError) as caught:
        call()
    assert said in str(caught.value)


def test_one_mistake_is_one_problem() -> None:
    calls = (
        lambda: dl.invariance(ITEMS.assign(id=range(N)), by="id"),
        lambda: dl.cfa(ITEMS.assign(x=LATENT[:, 0], y=LATENT[:, 1])),
    )
    for call in calls:
        with pytest.raises(DigilittError) as caught:
            call()
        assert len(caught.value.problems) == 1


def test_ten_small_groups_are_groups() -> None:
    frame = ITEMS[:20].assign(g=np.arange(20) // 2)
    with pytest.raises(DigilittError) as caught:
        dl.invariance(frame, by="g")
    assert "identity" not in str(caught.value)


def test_references_and_words_in_any_form() -> None:
    found = dl.invariance(
        GROUPED,
        by="Kommun",
        reference=2,
        estimator="ml",
        latent="means",
    )
    assert found.groups["group"].tolist() == ["2", "1"]
    assert found.table["model"].tolist()[-1] == "means"
    holes = GROUPED.assign(Kommun=GROUPED["Kommun"].where(np.arange(N) > 0))
    found = dl.invariance(holes, by="Kommun", reference=2, estimator="ml")
    assert found.groups["group"].tolist() == ["2", "1"]


def test_blanks_are_no_part_of_a_group() -> None:
    labels = np.array(["a", "b ", " b", "a", "", "  ", None, "b"] * (N // 8), dtype=object)
    frame = ITEMS.assign(g=labels)
    found = dl.invariance(frame, by="g", estimator="ml")
    assert found.groups["group"].tolist() == ["a", "b"]
    assert found.groups["n"].tolist() == [N // 4, 3 * N // 8]
    unknown = [c.message for c in found.caveats if c.code == "group-unknown"]
    assert unknown == ["150 persons without a group in 'g' are left out."]
    scores = found.solution("scalar").scores(frame[:8]).table
    assert scores["estimate"].isna().tolist() == [label in ("", "  ", None) for label in labels[:8]]


def caveats(found: dl.CfaSolution | dl.Invariance) -> dict[str, str]:
    return {caveat.code: caveat.message for caveat in found.caveats}


def test_codes_that_are_no_answers_are_told() -> None:
    odd = ITEMS.mask(RNG.random(ITEMS.shape) < 0.02, -99.0)
    odd["Fråga 2"] = ITEMS["Fråga 2"].where(np.arange(N) != 7, 55.0)
    told = caveats(dl.cfa(odd))["odd-codes"]
    assert "'Fråga 2': 1 answer 55, far from the others (1 to 5);" in told
    assert "answers -99, far from" in told
    assert told.endswith("and 1 more; a typing error, or a missing code?")
    assert "odd-codes" in caveats(dl.cfa(odd, estimator="mlr"))
    assert "odd-codes" not in caveats(dl.cfa(ITEMS))


def test_answers_of_one_or_two_persons_are_told() -> None:
    rare = ITEMS.replace({"Fråga 3": {5.0: 4.0}})
    rare.loc[:1, "Fråga 3"] = 5.0
    told = caveats(dl.cfa(rare))["rare-category"]
    assert told.startswith("fewer than 3 persons gave these answers: 'Fråga 3' 5. ")
    rare.loc[2, "Fråga 3"] = 5.0
    assert "rare-category" not in caveats(dl.cfa(rare))


def test_a_column_of_identities_is_told() -> None:
    numbered = ITEMS.assign(id=np.arange(N))
    assert "in id," in caveats(dl.cfa(numbered, estimator="mlr"))["identity-like"]
    assert "identity-like" not in caveats(dl.cfa(ITEMS, estimator="mlr"))


def test_caveats_are_short_and_the_graver_ones_first() -> None:
    many = ITEMS.assign(g=np.arange(N) % 8)
    found = dl.invariance(many, by="g", merge_categories=True)
    told = caveats(found)
    assert told["few-persons"].startswith(
        "30 parameters in each group, with 50 persons (all 8 groups):"
    )
    assert told["empty-cells"].startswith("of 15 two-way tables of items, ")
    assert "in each of 8 groups have an empty cell." in told["empty-cells"]
    assert list(told)[:2] == ["small-groups", "few-persons"]
    one = caveats(dl.cfa(ITEMS[:60]))
    assert "(Fråga 1 with " in one["empty-cells"]


def test_weights_of_few_persons() -> None:
    found = caveats(dl.cfa(ITEMS[:35]))
    assert "thresholds and correlations, with 35 persons: " in found["few-persons-for-weights"]


def test_what_is_left_out_and_how_to_keep_it() -> None:
    holes = ITEMS.mask(RNG.random(ITEMS.shape) < 0.1)
    n = int(holes.isna().any(axis=1).sum())
    told = caveats(dl.cfa(holes))["persons-left-out"]
    assert told.startswith(f"{n} persons ({n / N:.0%}) did not answer every item")
    assert "missing='pairwise' keeps" in told
    assert "missing='fiml' keeps" in caveats(dl.cfa(holes, estimator="ml"))["persons-left-out"]
    one = ITEMS.mask(np.tile(np.arange(N)[:, None] == 0, 6))
    assert caveats(dl.cfa(one))["persons-left-out"] == (
        "1 person (0%) did not answer every item and is left out."
    )


def test_dwls_has_a_warning() -> None:
    assert "naive-tests" in caveats(dl.cfa(ITEMS, estimator="dwls"))
    assert "naive-tests" not in caveats(dl.cfa(ITEMS))


def test_items_that_were_not_turned_are_named() -> None:
    turned = dl.cfa(ITEMS * [1, 1, -1, 1, 1, -1]).reliability
    assert turned["note"].tolist() == [
        "items with negative loadings were not turned: Fråga 3, Fråga 6"
    ]
    assert dl.cfa(ITEMS).reliability["note"].tolist() == [""]


def test_scores_know_whose_they_are() -> None:
    solution = dl.cfa(ANSWERS, scale="attityd", group="wave")
    own, again = solution.scores().table, solution.scores(ANSWERS, method="EBM").table  # type: ignore[arg-type]
    people = ANSWERS.people.reset_index(drop=True)
    for table in (own, again):
        assert table.columns[:4].tolist() == ["row", "person", "wave", "group"]
        assert table["person"].tolist() == people.loc[table["row"], "person"].tolist()
        assert table["wave"].tolist() == people.loc[table["row"], "wave"].tolist()
    assert "person" not in dl.cfa(ITEMS).scores().table
