"""Instruments: digests, copies, what does not change, and what the parts say."""

from __future__ import annotations

import copy
import json
import pickle
import random
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from digilitt.define.catalogue import instrument, instruments
from digilitt.define.instrument import Instrument
from digilitt.errors import DefinitionError

COMPLETE = Path(__file__).parent / "complete.toml"
Tree = dict[str, Any]
Edit = Callable[[Tree], object]


def tree() -> Tree:
    return tomllib.loads(COMPLETE.read_text("utf-8"))


DIGEST = Instrument(**tree()).digest


def edited(*edits: Edit) -> Tree:
    data = tree()
    for edit in edits:
        edit(data)
    return data


def item(data: Tree, name: str) -> Tree:
    return next(found for found in data["items"] if found["id"] == name)


def scale(data: Tree, name: str) -> Tree:
    return next(found for found in data["scales"] if found["id"] == name)


def under_label(entry: Tree) -> None:
    if "label" not in entry:
        entry["label"] = {language: entry.pop(language) for language in ("en", "sv")}


def inline(entry: Tree) -> None:
    entry.update(entry.pop("label", {}))


def labelled(data: Tree) -> list[Tree]:
    return [
        *(o for f in data["formats"].values() for o in f.get("options", [])),
        *(m for f in data["formats"].values() for m in f.get("missing", [])),
        *(b for s in data["scales"] for b in s.get("bands", [])),
    ]


def long_items(data: Tree) -> None:
    for found in data["scales"]:
        found["items"] = [
            {"item": part.removeprefix("-"), "key": -1 if part[0] == "-" else 1, "weight": 1}
            if isinstance(part, str)
            else part
            for part in found.get("items", [])
        ]


SAME: dict[str, Edit] = {
    "labels under label": lambda d: [under_label(entry) for entry in labelled(d)],
    "labels inline": lambda d: [inline(entry) for entry in labelled(d)],
    "items written out": long_items,
    "items with white space": lambda d: scale(d, "attitude_t").update(
        items=[" a1 ", "- a2", "\ta3"]
    ),
    "whole weight": lambda d: scale(d, "attitude")["items"][2].update(weight=2),
    "no attribution is no attribution": lambda d: d.update(attribution=f" {d['attribution']} "),
    "default rule": lambda d: scale(d, "use").update(context=False, combine="items"),
    "default rule written": lambda d: scale(d, "attitude_t").update(min_answered="all"),
    "default rule left out": lambda d: scale(d, "quiz").pop("min_answered"),
    "default prorate": lambda d: scale(d, "attitude").update(prorate=True),
    "no bands": lambda d: scale(d, "use").update(bands=[]),
    "no scales": lambda d: scale(d, "use").update(scales=[]),
    "end of a band": lambda d: scale(d, "attitude")["bands"][0].pop("to"),
    "score that is the code": lambda d: d["formats"]["agree4"]["options"][0].update(score=1.0),
    "no missing codes": lambda d: d["formats"]["often"].update(missing=[]),
    "numbers with a point": lambda d: d["formats"]["years"].update(minimum=0.0, maximum=50.0),
    "negative zero": lambda d: d["formats"]["years"].update(minimum=-0.0),
    "order of right options": lambda d: item(d, "k2").update(key=[3, 1]),
    "order of the gate's answers": lambda d: item(d, "k1")["asked_if"].update(any_of=[2, 0, 1]),
    "no competences": lambda d: item(d, "a2").update(competences=[]),
    "no key": lambda d: item(d, "a2").update(key=None, asked_if=None),
    "letters taken apart": lambda d: d["title"].update(sv="Allt pa\u030a en ga\u030ang"),
}


@pytest.mark.parametrize("name", SAME)
def test_digest_is_one_for_all_ways_of_writing(name: str) -> None:
    data = edited(SAME[name])
    assert Instrument(**data).digest == DIGEST
    assert Instrument(**data) == Instrument(**tree())


DIFFERENT: dict[str, Edit] = {
    "id": lambda d: d.update(id="other"),
    "version": lambda d: d.update(version="1.2.4"),
    "status": lambda d: d.update(status="pilot"),
    "languages": lambda d: d.update(languages=["sv"]),
    "title": lambda d: d["title"].update(en="Everything"),
    "another language": lambda d: d["title"].update(fi="Kaikki"),
    "no description": lambda d: d.pop("description"),
    "licence": lambda d: d.update(licence="CC BY 4.0"),
    "source": lambda d: d.update(source=""),
    "notes": lambda d: d["notes"].reverse(),
    "rater": lambda d: d.update(rater="self"),
    "kind": lambda d: d["formats"]["agree4"].update(kind="frequency"),
    "code": lambda d: d["formats"]["agree4"]["options"][3].update(code=5),
    "label": lambda d: d["formats"]["agree4"]["options"][3].update(sv="Jo"),
    "score": lambda d: d["formats"]["often"]["options"][1].update(score=0.75),
    "score of 0 for code 1": lambda d: d["formats"]["often"]["options"][1].update(score=0),
    "order of options": lambda d: d["formats"]["agree4"]["options"].reverse(),
    "missing code": lambda d: d["formats"]["agree4"]["missing"][0].update(code=67),
    "counts as": lambda d: d["formats"]["agree4"]["missing"][0].update(counts_as="missing"),
    "one missing code less": lambda d: d["formats"]["agree4"]["missing"].pop(),
    "range": lambda d: d["formats"]["years"].update(maximum=51),
    "whole numbers": lambda d: d["formats"]["years"].update(integer=False),
    "credit": lambda d: d["formats"]["several"].update(credit="all_or_nothing"),
    "an unused format": lambda d: d["formats"].update(spare=d["formats"]["one"]),
    "text": lambda d: item(d, "a1")["text"].update(sv="Nytt"),
    "order of items": lambda d: d["items"].reverse(),
    "competences": lambda d: item(d, "a1")["competences"].pop(),
    "key": lambda d: item(d, "k1").update(key=1),
    "several keys": lambda d: item(d, "k2").update(key=[1]),
    "gate": lambda d: item(d, "a3")["asked_if"].update(any_of=[2]),
    "gate closed": lambda d: item(d, "a3")["asked_if"].update(otherwise="not_applicable"),
    "no gate": lambda d: item(d, "a3").pop("asked_if"),
    "reversed": lambda d: scale(d, "attitude_t").update(items=["a1", "a2", "a3"]),
    "weight": lambda d: scale(d, "attitude")["items"][2].update(weight=2.5),
    "fewer items": lambda d: scale(d, "attitude")["items"].pop(),
    "metric": lambda d: scale(d, "quiz").update(metric="mean"),
    "linear": lambda d: scale(d, "years")["linear"].update(add=99),
    "linear base": lambda d: scale(d, "years")["linear"].update(base="sum"),
    "norm": lambda d: scale(d, "attitude_t")["norms"]["table"][0].update(mean=7.6),
    "norm base": lambda d: scale(d, "attitude_t")["norms"].update(base="mean"),
    "norm group": lambda d: scale(d, "attitude_t")["norms"]["table"][0].update(group="annan"),
    "norm column": lambda d: scale(d, "attitude_t")["norms"].update(by="gender"),
    "share": lambda d: scale(d, "attitude").update(min_answered=0.6),
    "count for share": lambda d: scale(d, "attitude").update(min_answered=1),
    "no rule": lambda d: scale(d, "attitude").pop("min_answered"),
    "prorate": lambda d: scale(d, "use").update(prorate=True),
    "context": lambda d: scale(d, "years").pop("context"),
    "combine": lambda d: scale(d, "all_means").update(combine="items"),
    "inner scales": lambda d: scale(d, "all_means")["scales"].pop(),
    "cut score": lambda d: [
        band.update({"from": 2.6} if "to" not in band else {"to": 2.6})
        for band in scale(d, "attitude")["bands"]
    ],
    "band": lambda d: scale(d, "attitude")["bands"][0].update(id="lowest"),
    "no bands": lambda d: scale(d, "attitude").pop("bands"),
    "end of the last band": lambda d: scale(d, "attitude")["bands"][1].update(to=4.0),
}


def test_digest_changes_with_every_change_of_meaning() -> None:
    digests = {name: Instrument(**edited(edit)).digest for name, edit in DIFFERENT.items()}
    assert DIGEST not in digests.values()
    assert len(set(digests.values())) == len(digests)


def shuffled(data: Any, chance: random.Random) -> Any:
    if isinstance(data, list):
        return [shuffled(part, chance) for part in data]
    if not isinstance(data, dict):
        return data
    keys = [*data]
    chance.shuffle(keys)
    return {key: shuffled(data[key], chance) for key in keys}


@settings(max_examples=30)
@given(
    chance=st.randoms(use_true_random=False),
    names=st.lists(st.sampled_from(sorted(SAME)), unique=True, max_size=6),
)
def test_digest_does_not_depend_on_the_order_of_keys(
    chance: random.Random, names: list[str]
) -> None:
    data = shuffled(edited(*(SAME[name] for name in names)), chance)
    assert Instrument(**data).digest == DIGEST


@pytest.mark.parametrize("name", ["complete", *sorted(instruments())])
def test_dumps_and_loads_again(name: str, tmp_path: Path) -> None:
    found = instrument(COMPLETE if name == "complete" else name)
    again = Instrument(**json.loads(found.canonical_json()))
    assert again == found
    assert (again.digest, again.canonical_json()) == (found.digest, found.canonical_json())
    for content in (
        found.model_dump(mode="json", exclude_none=True),
        found.model_dump(mode="json", exclude_defaults=True),
        found.model_dump(mode="json", exclude_none=True, by_alias=False),
    ):
        path = tmp_path / "again.toml"
        path.write_text(tomli_w.dumps(content), "utf-8")
        assert instrument(path) == found
    assert Instrument(**dict(found)) == found


def test_digest_is_stable() -> None:
    """A change of this number breaks the provenance of results that people have."""
    assert DIGEST == "9ecffe07c0e244d30b5eb73b846ab68f7225d50156173269f18fcdea3cc66f3e"


def test_copies_are_equal_and_hash_alike() -> None:
    found = instrument(COMPLETE)
    twins = [
        copy.copy(found),
        copy.deepcopy(found),
        pickle.loads(pickle.dumps(found)),
        found.model_copy(),
        found.model_copy(deep=True),
        found.model_copy(update={"id": found.id}),
        Instrument.model_validate(tree()),
        Instrument.model_validate(found),
        Instrument.model_validate_json(json.dumps(tree())),
        TypeAdapter(Instrument).validate_python(found),
    ]
    for twin in twins:
        assert twin == found
        assert hash(twin) == hash(found)
        assert twin.digest == DIGEST
    assert found != Instrument(**edited(DIFFERENT["key"]))
    assert found != tree()


def test_does_not_change() -> None:
    found = instrument(COMPLETE)
    parts = [
        (found, "id"),
        (found.items[0], "format"),
        (found.scales[0], "metric"),
        (found.scales[0].bands[0], "start"),
        (found.scales[0].items[0], "key"),
        (found.formats["agree4"], "options"),
        (found.formats["agree4"].options[0], "code"),
        (found.title, "root"),
    ]
    for part, name in parts:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, name, 1)
        with pytest.raises(ValidationError, match="frozen"):
            delattr(part, name)
    with pytest.raises(TypeError, match="does not change"):
        found.formats["agree4"] = found.formats["often"]
    with pytest.raises(TypeError, match="does not change"):
        found.items[0].text.root.clear()
    assert found.digest == DIGEST


def test_a_changed_copy_is_checked() -> None:
    found = instrument(COMPLETE)
    other = found.model_copy(update={"version": "2.0.0"})
    assert other.version == "2.0.0"
    assert other == Instrument(**edited(lambda d: d.update(version="2.0.0")))
    with pytest.raises(DefinitionError) as caught:
        found.model_copy(update={"items": found.items[1:]})
    assert {problem.code for problem in caught.value.problems} == {"unknown-item"}
    with pytest.raises(DefinitionError, match="'colour': is no key that is known"):
        found.model_copy(update={"colour": "blue"})


def test_parts_changed_alone_are_checked_with_the_whole() -> None:
    found = instrument(COMPLETE)
    wrong: list[tuple[Any, str, str]] = [
        (found.items[0].model_copy(update={"id": 5}), "items", "items[5].id"),
        (found.items[0].model_copy(update={"text": {}}), "items", "items[a1].text"),
    ]
    for part, field, place in wrong:
        with pytest.raises(DefinitionError) as caught:
            found.model_copy(update={field: [part, *found.items[1:]]})
        assert [problem.column for problem in caught.value.problems] == [place]
    option = found.formats["one"].options[0].model_copy(update={"code": 2})
    single = found.formats["one"].model_copy(
        update={"options": (option, found.formats["one"].options[1])}
    )
    with pytest.raises(DefinitionError, match="option code 2 stands 2 times"):
        found.model_copy(update={"formats": {**found.formats, "one": single}})


def test_pydantic_s_own_ways_in_check_too() -> None:
    broken = edited(lambda d: item(d, "a1").update(format="agree5"))
    ways: list[Callable[[], object]] = [
        lambda: Instrument.model_validate(broken),
        lambda: Instrument.model_validate_json(json.dumps(broken)),
        lambda: TypeAdapter(list[Instrument]).validate_python([broken]),
    ]
    for way in ways:
        with pytest.raises(ValidationError, match="unknown format 'agree5'; known:") as caught:
            way()
        (finding,) = caught.value.errors()
        assert isinstance(finding["ctx"]["error"], DefinitionError)


def test_finds_its_parts() -> None:
    found = instrument(COMPLETE)
    assert found.name == "complete@1.2.3"
    assert repr(found) == "Instrument(complete@1.2.3, validated: 8 items, 10 scales)"
    assert str(found) == repr(found)
    assert found.item("k1").key == 2
    assert found.scale("quiz").metric == "pomp"
    assert found.format_of(found.item("o1")) is found.formats["often"]
    assert found.columns_of(found.item("k2")) == ("k2:1", "k2:2", "k2:3")
    expected = ("a1", "a2", "a3", "o1", "y1", "n1", "k1", "k2:1", "k2:2", "k2:3")
    assert found.columns == expected
    for look in (found.item, found.scale):
        with pytest.raises(DefinitionError, match="known: "):
            look("nothing")


def test_columns_are_named_after_the_metric() -> None:
    columns = {scale.id: scale.column for scale in instrument(COMPLETE).scales}
    assert columns == {
        "attitude": "attitude_mean_score",
        "use": "use_sum_score",
        "years": "years_linear_score",
        "quiz": "quiz_pomp",
        "attitude_t": "attitude_t_t_score",
        "all_items": "all_items_mean_score",
        "all_means": "all_means_mean_score",
        "did": "did_count",
        "asked": "asked_mean_score",
        "levels": "levels_count",
    }


def test_base_is_what_the_metric_rests_on() -> None:
    bases = {scale.id: scale.base for scale in instrument(COMPLETE).scales}
    assert bases == {
        "attitude": "mean",
        "use": "sum",
        "years": "mean",
        "quiz": "mean",
        "attitude_t": "sum",
        "all_items": "mean",
        "all_means": "mean",
        "did": "sum",
        "asked": "mean",
        "levels": "sum",
    }


def test_an_end_that_repeats_the_next_beginning_is_dropped() -> None:
    low, high = instrument(COMPLETE).scale("attitude").bands
    assert (low.start, low.to, high.start, high.to) == (1.0, None, 2.5, None)


def test_what_an_option_counts() -> None:
    found = instrument(COMPLETE)
    assert [option.value for option in found.formats["often"].options] == [0.0, 0.5, 1.5]
    assert [option.value for option in found.formats["agree4"].options] == [1.0, 2.0, 3.0, 4.0]
    assert found.formats["often"].options[0].score is None
    assert found.formats["years"].options == ()
