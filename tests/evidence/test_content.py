"""Coverage: what items say they are about, counted by hand and by laws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.define.catalogue import framework, instrument, instruments
from digilitt.define.framework import Framework
from digilitt.define.instrument import Instrument
from digilitt.errors import DefinitionError
from digilitt.evidence.content import Coverage, coverage
from digilitt.result import Result

OLD, NEW = "digcomp-2.2", "digcomp-3.0"


def about(*competences: Sequence[str]) -> Instrument:
    """An instrument of items a1, a2, … that refer to these."""
    items = [
        {"id": f"a{n}", "format": "yes", "text": {"en": f"Item {n}"}, "competences": links}
        for n, links in enumerate(competences, 1)
    ]
    return Instrument(
        id="small",
        version="1.0",
        status="pilot",
        languages=["en"],
        title={"en": "Small"},
        licence="MIT",
        formats={
            "yes": {
                "kind": "binary",
                "options": [
                    {"code": 0, "score": 0, "en": "No"},
                    {"code": 1, "score": 1, "en": "Yes"},
                ],
            }
        },
        items=items,
        scales=[
            {
                "id": "all",
                "title": {"en": "All"},
                "metric": "sum",
                "items": [item["id"] for item in items],
                "min_answered": "all",
            }
        ],
    )


def stated(**more: Any) -> Framework:
    """One area with two competences, one without, and what is said of the first."""
    return Framework(
        id="own",
        version="1.0",
        title={"en": "Own"},
        languages=["en"],
        licence="MIT",
        source="",
        areas=[{"id": "A", "en": "First"}, {"id": "B", "en": "Second"}],
        competences=[
            {"id": "A.1", "area": "A", "en": "Search"},
            {"id": "A.2", "area": "A", "en": "Judge"},
        ],
        levels=[{"id": "low", "en": "Low"}],
        statements=[{"id": "S1", "competence": "A.1", "level": "low", "text": {"en": "Looks."}}],
        outcomes=[
            {
                "id": "O1",
                "competence": "A.1",
                "kind": "skill",
                "ai": "none",
                "text": {"en": "Sees."},
            },
            {"id": "O2", "competence": "A.2", "kind": "attitude", "text": {"en": "Doubts."}},
        ],
        **more,
    )


def counts(found: Coverage, column: str = "n_items") -> dict[str, Any]:
    return dict(zip(found.table["id"], found.table[column], strict=True))


def codes(found: Coverage) -> list[str]:
    return [caveat.code for caveat in found.caveats]


def test_counts_by_hand() -> None:
    items = about(
        ["own:A.1"],
        ["own:A.1", "own:A.2"],
        ["own:A"],
        ["own:A", "own:A.2"],
        [],
        ["digilitt:attityd"],
    )
    found = coverage(items, framework=stated())
    assert isinstance(found, Result)
    assert found.table.to_dict("list") == {
        "part": ["area", "competence", "competence", "area"],
        "id": ["A", "A.1", "A.2", "B"],
        "area": ["A", "A", "A", "B"],
        "label": ["First", "Search", "Judge", "Second"],
        "n_items": [4, 2, 2, 0],
        "share": [4 / 6, 2 / 6, 2 / 6, 0.0],
        "n_crosswalk": [0, 0, 0, 0],
        "item_ids": ["a1, a2, a3, a4", "a1, a2", "a2, a4", ""],
    }
    assert found.gaps["id"].tolist() == ["B"]
    assert found.unlinked == ("a5", "a6")
    assert found.links.to_dict("list") == {
        "item": ["a1", "a2", "a2", "a3", "a4", "a4"],
        "id": ["A.1", "A.1", "A.2", "A", "A", "A.2"],
        "through": [""] * 6,
    }
    assert len(found.statements) == 0
    assert codes(found) == ["links-are-claims", "items-without-link"]
    assert "2 of 6 items refer to nothing in own: a5, a6." in found.caveats[1].message


def test_a_link_written_twice_counts_once() -> None:
    found = coverage(about(["own:A.1", "own:A.1"]), framework=stated())
    assert counts(found) == {"A": 1, "A.1": 1, "A.2": 0, "B": 0}
    assert len(found.links) == 1


def test_a_statement_counts_for_its_competence_and_area() -> None:
    found = coverage(about(["own:S1"], ["own:O1", "own:A.2"], ["own:O1"]), framework=stated())
    assert counts(found) == {"A": 3, "A.1": 3, "A.2": 1, "B": 0}
    assert found.statements.to_dict("list") == {
        "part": ["statement", "outcome", "outcome"],
        "id": ["S1", "O1", "O2"],
        "competence": ["A.1", "A.1", "A.2"],
        "level": ["low", "", ""],
        "kind": ["", "skill", "attitude"],
        "ai": ["", "none", ""],
        "n_items": [1, 2, 0],
        "share": [1 / 3, 2 / 3, 0.0],
        "n_crosswalk": [0, 0, 0],
        "item_ids": ["a1", "a2, a3", ""],
    }


def test_statements_have_rows_only_if_items_refer_to_them() -> None:
    found = coverage(about(["own:A.1"]), framework=stated())
    assert len(found.statements) == 0
    referred = coverage(about(["own:O1"]), framework=stated()).statements
    assert list(found.statements.columns) == list(referred.columns)
    assert found.statements.dtypes["n_items"] == referred.dtypes["n_items"] == "int64"


def test_without_any_link_every_row_is_a_gap() -> None:
    found = coverage(about([], []), framework="digilitt")
    assert len(found.gaps) == len(found.table) == 4
    assert found.unlinked == ("a1", "a2")
    assert len(found.links) == 0


def test_the_framework_that_the_items_refer_to() -> None:
    found = coverage(about(["digcomp-3.0:1.1"], []))
    assert found.framework == framework(NEW)
    assert dict(found.provenance.options)["framework"] == "digcomp-3.0@3.0"
    assert dict(found.provenance.options)["framework_digest"] == framework(NEW).digest
    assert found.provenance.instrument == "small@1.0"
    assert found.kind == found.provenance.method == "coverage"


@pytest.mark.parametrize(
    ("items", "code", "said"),
    [
        ([["digilitt:attityd"], ["digcomp-3.0:1", "digilitt:formaga"]], "several-frameworks",
         "digilitt (2 items), digcomp-3.0 (1 item). Name one by framework=."),
        ([[], []], "no-framework", "refer to no framework"),
        ([["own:A"]], "unknown-framework", "there is no framework 'own'"),
    ],
)  # fmt: skip
def test_no_one_framework(items: list[list[str]], code: str, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        coverage(about(*items))
    (problem,) = caught.value.problems
    assert problem.code == code
    assert said in problem.message


def test_unknown_parts_are_told_all_at_once() -> None:
    items = about(["digcomp-3.0:1.1", "digcomp-3.0:6"], ["digcomp-2.2:1.9"], ["digcomp-3.0:1.01"])
    with pytest.raises(DefinitionError) as caught:
        coverage(items, framework=NEW)
    assert [(p.code, p.column) for p in caught.value.problems] == [
        ("unknown-competence", "a1"),
        ("unknown-competence", "a2"),
        ("unknown-competence", "a3"),
    ]
    assert {p.file for p in caught.value.problems} == {"small@1.0"}


def test_outcomes_need_the_official_file_and_nothing_more() -> None:
    official = framework(NEW).model_copy(
        update={
            "outcomes": [
                {
                    "id": "LO1.1.06",
                    "competence": "1.1",
                    "kind": "skill",
                    "text": {"en": "Looks.", "sv": "Ser."},
                }
            ]
        }
    )
    items = about(["digcomp-3.0:LO1.1.06"])
    for named in ({}, {"framework": NEW}):
        with pytest.raises(DefinitionError, match=r"read_digcomp\(\).*framework=") as caught:
            coverage(items, **named)
        assert "Did you mean" not in str(caught.value)
    found = coverage(items, framework=official)
    assert found.statements["item_ids"].tolist() == ["a1"]
    assert counts(found)["1.1"] == 1


def test_a_crosswalk_may_lead_to_what_a_framework_of_ones_own_has_not() -> None:
    new = framework(NEW)
    cut = new.model_copy(update={"competences": new.competences[1:]})
    with pytest.raises(DefinitionError, match=r"'digcomp-3.0:1.1', which digcomp-3.0 has not"):
        coverage(about(["digcomp-2.2:1.1"]), framework=cut)


@pytest.mark.parametrize("wrong", ["small", None, 3])
def test_no_instrument(wrong: Any) -> None:
    with pytest.raises(DefinitionError, match="expected an Instrument"):
        coverage(wrong)


def test_no_such_framework() -> None:
    with pytest.raises(DefinitionError, match=r"Did you mean 'digcomp-3\.0'"):
        coverage(about([]), framework="digcomp-3.1")


def test_through_a_crosswalk() -> None:
    items = about([f"{OLD}:1.1"], [f"{OLD}:1.1", f"{NEW}:1.1"], [f"{NEW}:1.1"], [f"{OLD}:2"])
    found = coverage(items, framework=NEW)
    assert {k: v for k, v in counts(found).items() if v} == {"1": 3, "1.1": 3, "2": 1}
    assert {k: v for k, v in counts(found, "n_crosswalk").items() if v} == {
        "1": 1,
        "1.1": 1,
        "2": 1,
    }
    assert found.links["through"].tolist() == [f"{OLD}:1.1", "", "", f"{OLD}:2"]
    assert found.unlinked == ()
    (said,) = [caveat for caveat in found.caveats if caveat.code == "through-crosswalk"]
    assert said.where == OLD
    assert said.message.startswith(f"2 items counted through links to {OLD}")
    assert said.message.endswith(": a1, a4.")
    back = coverage(items, framework=OLD)
    assert counts(back) == counts(found)
    assert "framework-unverified" in codes(back)


def test_no_crosswalk_no_count() -> None:
    found = coverage(about(["digilitt:attityd"], [f"{NEW}:1.1"]), framework=NEW)
    assert found.unlinked == ("a1",)
    assert "through-crosswalk" not in codes(found)


@pytest.mark.parametrize("sentences", [(), ("One.",), ("One.", "Two.")])
def test_what_the_framework_left_unverified_is_said(sentences: tuple[str, ...]) -> None:
    found = coverage(about(["own:A"]), framework=stated(unverified=sentences))
    assert tuple(c.message for c in found.caveats if c.code == "framework-unverified") == sentences


@pytest.mark.parametrize("name", sorted(instruments()))
def test_every_instrument_that_ships(name: str) -> None:
    made = instrument(name)
    for linked in sorted({link.split(":")[0] for item in made.items for link in item.competences}):
        found = coverage(made, framework=linked)
        areas = found.table[found.table["part"] == "area"]
        assert areas["n_items"].max() > 0
        assert set(found.unlinked) | set(found.links["item"]) == {item.id for item in made.items}


LINKS = st.lists(
    st.lists(st.sampled_from(sorted(stated().links)), max_size=4), min_size=1, max_size=8
)


@given(LINKS)
def test_laws(links: list[list[str]]) -> None:
    found = coverage(about(*links), framework=stated())
    n = counts(found)
    # Counted anew, from the definition of each part.
    below = {"A.1": {"own:A.1", "own:S1", "own:O1"}, "A.2": {"own:A.2", "own:O2"}, "B": {"own:B"}}
    below["A"] = below["A.1"] | below["A.2"] | {"own:A"}
    assert n == {
        part: sum(not ids.isdisjoint(item) for item in links) for part, ids in below.items()
    }
    assert max(n["A.1"], n["A.2"]) <= n["A"] <= len(links)
    assert len(found.unlinked) == sum(not item for item in links)
    assert (found.table["share"] * len(links)).round(9).tolist() == found.table["n_items"].tolist()
    assert (found.table["n_crosswalk"] == 0).all()
    for ids, count in zip(found.table["item_ids"], found.table["n_items"], strict=True):
        assert len([item for item in ids.split(", ") if item]) == count


@given(
    st.lists(
        st.lists(st.sampled_from(sorted(framework(OLD).links)), max_size=3), min_size=1, max_size=4
    )
)
def test_both_digcomps_count_alike(links: list[list[str]]) -> None:
    old = coverage(about(*links), framework=OLD)
    new = coverage(about(*links), framework=NEW)
    moved = [[link.replace(OLD, NEW) for link in item] for item in links]
    assert counts(old) == counts(new) == counts(coverage(about(*moved), framework=NEW))
    assert counts(new, "n_crosswalk") == counts(new)
    assert old.unlinked == new.unlinked
