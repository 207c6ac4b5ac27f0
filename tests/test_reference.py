"""Every reference case is complete, and all of it is compared: no figure unused, none skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.reference.cases import (
    CASE_KEYS,
    DATA,
    FOLDER,
    RELATIVE,
    SOURCE_KEYS,
    TOLERANCE_KEYS,
    dataset,
    load_case,
    topics,
)
from tests.reference.extract import KEEP, extract, written

TESTS = Path(__file__).parent
LEFT_OUT = ("pytest.skip", "mark.skip", "importorskip", "xfail")


def texts_of(topic: str) -> str:
    """The test files that load a case, one after another."""
    files = [p for p in sorted(TESTS.rglob("test_*.py")) if p != Path(__file__)]
    texts = [path.read_text(encoding="utf-8") for path in files]
    return "\n".join(text for text in texts if f'load_case("{topic}")' in text)


def text(found: Any) -> bool:
    return isinstance(found, str) and bool(found.strip())


@pytest.mark.parametrize("topic", topics())
def test_case_says_where_it_comes_from(topic: str) -> None:
    told = load_case(topic).told
    assert set(told) == CASE_KEYS
    assert text(told["title"])
    assert told["source"]
    for source in told["source"]:
        assert set(source) == SOURCE_KEYS
        assert all(text(source[key]) for key in SOURCE_KEYS)
    assert told["tolerance"]
    for tolerance in told["tolerance"].values():
        assert set(tolerance) - {RELATIVE} == TOLERANCE_KEYS
        assert 0 < tolerance["value"] <= 0.01
        assert 0 <= tolerance.get(RELATIVE, 0) <= 0.01
        assert len(tolerance["reason"].split()) >= 5


@pytest.mark.parametrize("topic", topics())
def test_figures_are_about_known_data(topic: str) -> None:
    case = load_case(topic)
    assert list(case.expected) == case.told["data"]
    assert case.expected
    for name, found in case.expected.items():
        assert len(dataset(name, topic=topic)) > 0
        assert found


@pytest.mark.parametrize("topic", topics())
def test_all_of_a_case_is_compared(topic: str) -> None:
    case, texts = load_case(topic), texts_of(topic)
    assert texts, f'no test says load_case("{topic}")'
    assert not [word for word in LEFT_OUT if word in texts]
    quoted = {figure for found in case.expected.values() for figure in found}
    unused = [name for name in (*quoted, *case.told["tolerance"]) if f'"{name}"' not in texts]
    assert not unused, f"no test names {unused}"


@pytest.mark.parametrize("topic", topics())
def test_extraction_writes_what_stands_there(topic: str, tmp_path: Path) -> None:
    expected = (FOLDER / topic / "expected.json").read_text(encoding="utf-8")
    for name, found in json.loads(expected).items():
        (tmp_path / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")
    assert written(extract(topic, [tmp_path])) == expected


def test_folders_extraction_and_data_fit_together() -> None:
    assert topics() == sorted(KEEP)
    shipped = {path.stem for path in DATA.glob("*.csv")}
    about = (DATA / "README.md").read_text(encoding="utf-8")
    assert not [name for name in shipped if f"`{name}.csv`" not in about]
