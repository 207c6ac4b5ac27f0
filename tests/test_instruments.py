"""Every instrument that ships: described, scored within its ranges, and one person by hand.

That each sample is what its seed gives stands in ``tests/scoring/test_simulation.py``.
"""

from __future__ import annotations

import re

import pytest

from digilitt.define.catalogue import instrument, instruments_folder, sample
from digilitt.interchange.answers import read_responses
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.scores import score, score_one
from tests.make_samples import SEEDS

STRUCTURES = [name for name in SEEDS if instrument(name).status == "structure"]
STEPS = 1e-9


def readme(name: str) -> str:
    return (instruments_folder() / name / "README.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """One section of a README, without its title; empty where there is none."""
    return next((part for part in text.split("\n## ") if part.startswith(title)), "")


@pytest.mark.parametrize("name", SEEDS)
def test_readme_says_what_it_is(name: str) -> None:
    found, text = instrument(name), readme(name)
    assert text.startswith(f"# {name}: ")
    assert f"- **Version and status**: {found.version}, **{found.status}**" in text
    assert "\n- **Source**: " in text
    assert "\n- **Licence**: " in text
    assert f"{name} {found.version}" in text
    assert "simulated" in text
    for scale in found.scales:
        assert f"`{scale.id}`" in text


@pytest.mark.parametrize("name", STRUCTURES)
def test_structure_names_its_source_and_leaves_out_the_wording(name: str) -> None:
    found, text = instrument(name), readme(name)
    for address in re.findall(r"https?://[^\s<>()]+[^\s<>().,;:]", found.source):
        assert address in text
    assert "not included" in found.licence
    assert "not included.**" in text
    assert found.attribution
    # Labels are short: a sentence with a full stop or a question would be someone's wording.
    for item in found.items:
        for language in found.languages:
            label = item.text.to(language)
            assert len(label) <= 50
            assert label[-1] not in ".?!"


@pytest.mark.parametrize("name", SEEDS)
def test_readme_tells_what_is_unverified(name: str) -> None:
    unverified = instrument(name).unverified
    told = section(readme(name), "What was not checked")
    assert bool(told) == bool(unverified)
    assert ("unverified`" in told) == bool(unverified)
    # Told in one go, or in a list that leaves none out.
    assert len(re.findall(r"^- ", told, re.MULTILINE)) in (0, len(unverified))
    assert all(sentence.endswith(".") for sentence in unverified)


def test_what_was_recalled_is_never_told_as_fact() -> None:
    """These five were written from sources that do not tell everything."""
    for name in ("hls19-digi", "hme", "techph", "dhli", "cieb"):
        assert instrument(name).unverified


@pytest.mark.parametrize("name", SEEDS)
def test_sample_scores_within_the_ranges(name: str) -> None:
    found = instrument(name)
    groups = ["municipality", "sex", "role"]
    answers = read_responses(
        sample(name), found, person="person", wave="wave", groups=groups, cluster="workplace"
    )
    assert answers.caveats == ()
    table = score(answers).table
    for scale in compile_plan(found).scales:
        estimates = table.loc[table["scale"] == scale.scale, "estimate"].dropna()
        assert estimates.between(scale.low - STEPS, scale.high + STEPS).all()
        assert estimates.nunique() > 1


def row(prefix: str, answers: str, first: int = 1) -> dict[str, int | None]:
    """Answers of one digit to items that are numbered; ``-`` for none."""
    return {
        f"{prefix}{number}": None if answer == "-" else int(answer)
        for number, answer in enumerate(answers, first)
    }


# Answers of one person, and each scale by hand.
WORKED = {
    # Reversed: a2 4, a5 4; m3 5, m7 4; f4 4, f8 3. f2 and f7 are not part of this person's job.
    "digilitt-core": (
        row("a", "42432544")
        | row("m", "53143422")
        | {"f1": 4, "f2": 77, "f3": 3, "f4": 2, "f5": 3, "f6": 2, "f7": 77, "f8": 3}
        | row("k", "2344"),
        {
            "attityd": 32 / 8,
            "medvetenhet": 30 / 8,
            "formaga": 19 / 6,
            "total": (32 / 8 + 30 / 8 + 19 / 6) / 3,
            "forutsattningar": 13 / 4,
        },
    ),
    "digilitt-mapping": (
        row("ra", "233") | {"ra4": 88} | row("rm", "3324") | row("rf", "4332"),
        {"attityd": 8 / 3, "medvetenhet": 3.0, "formaga": 3.0, "total": 26 / 9},
    ),
    # Seven single choices right, one "do not know", one wrong, one not asked; the signs of fraud
    # all right, 1; of the safer tablet two right and one wrong of three, 1/3.
    "digital-safety-quiz": (
        {"g1": 0, "s01": 3, "s02": 2, "s03": 1, "s04": 4, "s05": 98, "s06": 1}
        | {"s07": 2, "s08": 4, "s09": 3}
        | {f"s11:{code}": int(code in (1, 3, 4)) for code in range(1, 6)}
        | {f"s12:{code}": int(code in (1, 2, 3)) for code in range(1, 7)},
        {"knowledge": (7 + 1 + 1 / 3) / 11 * 100},
    ),
    # (3 + 4 + 2 + 3 + 4) + (3 + 4 + 2 + 3 + 3) = 31
    "sus": (row("sus", "4251334252"), {"sus": 77.5}),
    "eheals": (row("eheals", "44334323"), {"eheals": 26.0}),
    # Seven of eight answered, mean 19/7.
    "hls19-digi": (row("digi", "4433221-"), {"hls19_digi": (19 / 7 - 1) / 3 * 100}),
    # Means 4, 14/3 and 3: (mean - 1) / 4 * 100.
    "hme": (
        row("hme_m", "453") | row("hme_l", "554") | row("hme_s", "324"),
        {
            "motivation": 75.0,
            "ledarskap": 275 / 3,
            "styrning": 50.0,
            "hme": (75 + 275 / 3 + 50) / 3,
        },
    ),
    # Anxiety reversed: 4, 3, 1.
    "techph": (
        row("techph_e", "452") | row("techph_a", "235"),
        {"techenthusiasm": 11 / 3, "techanxiety": 10 / 3, "techph": 19 / 6},
    ),
    # Reversed: navigation 4, 3, 4; privacy 4, 4, 1.
    "dhli": (
        row("dhli_op", "443")
        | row("dhli_na", "121")
        | row("dhli_se", "322")
        | row("dhli_re", "123")
        | row("dhli_ap", "333")
        | row("dhli_co", "432")
        | row("dhli_pr", "114"),
        {
            "operational": 11 / 3,
            "navigation": 11 / 3,
            "searching": 7 / 3,
            "reliability": 2.0,
            "relevance": 3.0,
            "content": 3.0,
            "privacy": 3.0,
            "dhli": 62 / 21,
        },
    ),
    # Teaching 4 5 1 2, citizenship 3 4 5 1 3 4, development 3 5 2 2 5 2 4.
    "cieb": (
        row("Item", "23451234512345123451234"),
        {
            "undervisning": 3.0,
            "medborgarskap": 20 / 6,
            "utveckling": 23 / 7,
            "utveckling_3": 11 / 3,
        },
    ),
}


@pytest.mark.parametrize("name", WORKED)
def test_one_person_by_hand(name: str) -> None:
    answers, expected = WORKED[name]
    scores = score_one(answers, instrument(name))
    assert {scale: found["estimate"] for scale, found in scores.items()} == pytest.approx(
        expected, rel=1e-12
    )


@pytest.mark.parametrize(
    ("answers", "expected"),
    [("4444444-", 100.0), ("444444--", None), ("11111111", 0.0), ("33333333", 200 / 3)],
)
def test_hls19_digi_needs_seven_of_eight(answers: str, expected: float | None) -> None:
    found = score_one(row("digi", answers), instrument("hls19-digi"))["hls19_digi"]["estimate"]
    assert found == (expected if expected is None else pytest.approx(expected, rel=1e-12))


@pytest.mark.parametrize("answer", [1, 2, 3, 4, 5])
def test_hme_is_the_mean_less_one_by_four(answer: int) -> None:
    scores = score_one(dict.fromkeys(instrument("hme").columns, answer), instrument("hme"))
    assert {found["estimate"] for found in scores.values()} == {(answer - 1) / 4 * 100}


def test_hme_without_one_answer_has_two_indices_and_no_total() -> None:
    answers = row("hme_m", "453") | row("hme_l", "55-") | row("hme_s", "324")
    scores = score_one(answers, instrument("hme"))
    assert [scores[scale]["estimate"] for scale in ("motivation", "styrning")] == [75.0, 50.0]
    assert scores["ledarskap"]["estimate"] is None
    assert scores["hme"]["estimate"] is None


def test_calmer_people_have_a_higher_techph() -> None:
    calm = score_one(row("techph_e", "333") | row("techph_a", "111"), instrument("techph"))
    afraid = score_one(row("techph_e", "333") | row("techph_a", "555"), instrument("techph"))
    assert (calm["techph"]["estimate"], afraid["techph"]["estimate"]) == (4.0, 2.0)
    assert (calm["techanxiety"]["estimate"], afraid["techanxiety"]["estimate"]) == (1.0, 5.0)


def test_most_skilled_answers_of_dhli() -> None:
    dhli = instrument("dhli")
    most = {item.id: 1 if item.format == "often4" else 4 for item in dhli.items}
    assert {found["estimate"] for found in score_one(most, dhli).values()} == {4.0}


def test_questions_of_cieb_outside_the_factors() -> None:
    cieb = instrument("cieb")
    used = {part.item for scale in cieb.scales for part in scale.items}
    outside = {f"Item{number}" for number in (1, 7, 8, 10, 20, 22)}
    assert {item.id for item in cieb.items} - used == outside
