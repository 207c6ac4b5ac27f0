"""What `report` takes, refuses, and gives back."""

from __future__ import annotations

import datetime as dt
import html
import json
import time

import numpy as np
import pytest

import digilitt as dl
from digilitt.define.instrument import Instrument
from digilitt.disclosure import Disclosure
from digilitt.errors import DisclosureError, InterchangeError, ResponseError
from digilitt.reporting.render import report
from digilitt.result import Caveat
from digilitt.scoring.description import describe
from digilitt.scoring.participation import participation
from digilitt.scoring.responses import responses
from digilitt.scoring.scores import Scores, score
from tests.reporting.make import TINY, cohort, definition, scale, scored
from tests.reporting.page import parsed

pytestmark = pytest.mark.pandas2

FIVE = Disclosure(min_n=5)
NO_BANDS = Instrument(**definition([scale("s", ["a1", "a2"], bands=[])]))
SCORES = scored(cohort({"A": 9, "B": 8}))


def code_of(error):
    (problem,) = error.value.problems
    return problem.code


def test_it_is_public():
    assert dl.report is report


@pytest.mark.parametrize("given", [None, 5, "seven", {"min_n": 5}])
def test_a_disclosure_must_be_given(given):
    with pytest.raises(DisclosureError, match=r"disclosure=Disclosure\(min_n=5\)") as caught:
        report(SCORES, disclosure=given)
    assert code_of(caught) == "no-disclosure"
    with pytest.raises(DisclosureError):
        report(SCORES)


@pytest.mark.parametrize("language", ["de", "", None, "SV"])
def test_the_language_must_be_known(language):
    with pytest.raises(InterchangeError, match="'sv' or 'en'") as caught:
        report(SCORES, disclosure=FIVE, language=language)
    assert code_of(caught) == "unknown-language"


@pytest.mark.parametrize(
    "results",
    [[], [SCORES, SCORES], [participation(SCORES)], [SCORES, describe(SCORES)], ["scores"]],
)
def test_other_results_are_refused(results):
    with pytest.raises(ResponseError, match="expected Scores") as caught:
        report(results, disclosure=FIVE)
    assert code_of(caught) == "results"


def test_participation_by_other_groups_is_refused():
    with pytest.raises(DisclosureError, match=r"by place.*by nothing") as caught:
        report([SCORES, participation(SCORES, by="place")], disclosure=FIVE)
    assert code_of(caught) == "different-groups"


def test_participation_of_other_scores_is_refused():
    other = scored(cohort({"A": 9, "B": 9}))
    with pytest.raises(ResponseError, match="other scores") as caught:
        report([SCORES, participation(other, by="place")], by="place", disclosure=FIVE)
    assert code_of(caught) == "other-scores"
    waved = scored(cohort({"A": 9, "B": 8}, ["1"]))
    with pytest.raises(ResponseError, match="other scores"):
        report([SCORES, participation(waved, by="place")], by="place", disclosure=FIVE)


def test_unknown_groups_are_refused():
    with pytest.raises(ResponseError, match="'kommun'"):
        report(SCORES, by="kommun", disclosure=FIVE)


@pytest.mark.parametrize("name", ["mean", "n", "answered", "suppressed", "n_scored"])
def test_groups_called_as_a_column_of_the_results_are_refused(name):
    with pytest.raises(ResponseError, match=f"'{name}'") as caught:
        scored(cohort({"A": 9}).rename(columns={"place": name}))
    assert code_of(caught) == "group-name"


def test_a_group_named_twice_is_refused():
    with pytest.raises(ResponseError, match="twice"):
        report(SCORES, by=["place", "place"], disclosure=FIVE)


def test_ratings_are_not_counted_as_persons():
    frame = cohort({"A": 6})
    twice = np.repeat(frame.to_numpy(), 2, axis=0)
    frame = frame.iloc[:0].reindex(range(12)).astype(object)
    frame[:] = twice
    frame["coach"] = ["c1", "c2"] * 6
    made = responses(frame, NO_BANDS, person="person", rater="coach", groups=["place"])
    with pytest.raises(DisclosureError, match="once for each rater") as caught:
        report(score(made), disclosure=FIVE)
    assert code_of(caught) == "person-twice"
    alone = responses(
        frame[frame["coach"] == "c1"], NO_BANDS, person="person", rater="coach", groups=["place"]
    )
    assert report(score(alone), disclosure=FIVE).tables["scores"]["n_scored"].tolist() == [6]


def test_anonymous_answers_are_counted_by_row():
    frame = cohort({"A": 6}).drop(columns="person")
    page = report(scored(frame, NO_BANDS), by="place", disclosure=FIVE)
    assert page.tables["participation"]["answered"].tolist() == [6, 6]


def test_what_comes_back():
    page = report(SCORES, by="place", disclosure=FIVE, title="Vår rapport", language="en")
    assert (
        repr(page)
        == "report · tiny@1.0.0 · en · 3 groups, 1 waves, 2 scales · minimum group size 5"
    )
    assert page.content.title.text == "Vår rapport"
    assert list(page.tables) == ["participation", "scores", "bands"]
    assert page.tables["participation"].columns.tolist() == [
        *("place", "invited", "enrolled", "answered", "valid", "suppressed"),
    ]
    assert page.tables["scores"].columns.tolist() == [
        *("place", "scale", "metric", "n_scored", "mean", "sd", "suppressed"),
    ]
    assert page.tables["bands"].columns.tolist() == [
        *("place", "scale", "band", "n", "share", "suppressed"),
    ]
    with pytest.raises(AttributeError):
        page.content = None


def test_a_notebook_shows_the_page_in_a_frame_of_its_own():
    page = report(SCORES, disclosure=FIVE)
    (frame,) = parsed(page._repr_html_()).all("iframe")
    assert frame.attrs["srcdoc"] == page.html()
    assert "sandbox" in frame.attrs
    assert html.unescape(page._repr_html_()).count("<!DOCTYPE html>") == 1


def test_the_content_is_json():
    page = report(SCORES, by="place", disclosure=FIVE, made=dt.date(2026, 3, 1))
    content = json.loads(page.content.to_json())
    assert content["min_n"] == 5
    assert content["origin"]["made"] == "2026-03-01"
    assert content["participation"][0]["waves"][0]["answered"] == {"value": 9, "state": "shown"}
    assert content["participation"][0]["invited"] == {"value": None, "state": "unknown"}


def test_the_page_says_where_it_comes_from():
    page = report(SCORES, disclosure=FIVE, by="place", made=dt.date(2026, 3, 1), language="en")
    (script,) = parsed(page.html()).all("script")
    origin = json.loads(script.text)
    assert origin == {
        "instrument": "tiny@1.0.0",
        "digest": TINY.digest,
        "digilitt": SCORES.provenance.digilitt,
        "made": "2026-03-01",
        "source": [],
        "seed": "",
        "n_rows": {"value": 17, "state": "shown"},
        "options": [["by", "place"], ["min_n", "5"], ["language", "en"], ["on_problem", "error"]],
    }
    said = parsed(page.html()).by_id("content").text
    for words in (TINY.digest, "tiny@1.0.0", "1 March 2026", "min_n = 5"):
        assert words in said
    today = report(SCORES, disclosure=FIVE).content.origin.made
    assert abs(dt.date.fromisoformat(today) - dt.date.today()) <= dt.timedelta(days=1)


def test_the_same_results_make_the_same_page():
    pages = {report(SCORES, disclosure=FIVE, made=dt.date(2026, 3, 1)).html() for _ in range(2)}
    assert len(pages) == 1


def with_caveats(*caveats: Caveat) -> Scores:
    return Scores(
        kind="scores",
        table=SCORES.table,
        caveats=caveats,
        provenance=SCORES.provenance,
        responses=SCORES.responses,
    )


def test_caveats_without_a_text_of_ours_stand_in_english_without_small_numbers():
    caveat = Caveat(code="new", where="<b>", message="3 persons of 17 are <odd>.")
    page = report(with_caveats(caveat), disclosure=FIVE).html()
    said = [n.text for n in parsed(page).every() if n.tag == "span" and n.attrs.get("lang") == "en"]
    assert said == ["<b> – .. persons of 17 are <odd>."]


def test_caveats_name_the_scale_by_its_title():
    caveat = Caveat(code="invalid-answer", where="one", message="12 answers fit no option.")
    page = report(with_caveats(caveat, caveat), disclosure=FIVE).html()
    assert page.count("Skala one – Svar som inte gick att tolka och räknas som uteblivna: 12.") == 1


def test_writing(tmp_path):
    page = report(SCORES, disclosure=FIVE)
    target = page.write(tmp_path / "rapport.html")
    assert target.read_text(encoding="utf-8") == page.html()
    assert [path.name for path in tmp_path.iterdir()] == ["rapport.html"]
    with pytest.raises(InterchangeError, match="overwrite=True") as caught:
        page.write(str(target))
    assert code_of(caught) == "file-exists"
    target.write_text("old", encoding="utf-8")
    page.write(target, overwrite=True)
    assert target.read_text(encoding="utf-8") == page.html()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("rapport.pdf", "unknown-suffix"),
        ("rapport", "unknown-suffix"),
        ("rapport.html.exe", "unknown-suffix"),
        ("nowhere/rapport.html", "folder-not-found"),
        ("folder.html", "is-a-folder"),
    ],
)
def test_places_where_nothing_can_be_written(tmp_path, name, code):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InterchangeError) as caught:
        report(SCORES, disclosure=FIVE).write(tmp_path / name, overwrite=True)
    assert code_of(caught) == code
    assert [path.name for path in tmp_path.iterdir()] == ["folder.html"]


def test_a_failing_disk_leaves_the_old_page(tmp_path, monkeypatch):
    target = tmp_path / "rapport.html"
    target.write_text("old", encoding="utf-8")
    page = report(SCORES, disclosure=FIVE)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(InterchangeError, match="Permission denied"):
        page.write(target, overwrite=True)
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["rapport.html"]


def test_the_cohort_is_quick():
    cohort_ = dl.simulate_cohort(rng=2018)
    scores = dl.score(cohort_.responses)
    who = dl.participation(scores, by="municipality", roster=cohort_.roster)
    start = time.perf_counter()
    page = report([scores, who], by="municipality", disclosure=FIVE)
    assert len(page.html()) > 100_000
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("name", ["group", "wave_code", "level", "n_groups"])
def test_a_group_column_may_have_any_name_but_those_of_results(name):
    made = scored(cohort({"A": 9, "B": 8}).rename(columns={"place": name}))
    shown = report(made, by=name, disclosure=FIVE).tables["scores"]
    assert shown[name].tolist()[:2] == ["A", "A"]
