"""The official data supplement of DigComp 3.0 (JSON-LD): a framework with all its outcomes."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from digilitt.define.catalogue import framework
from digilitt.define.fields import LONGEST_ID, PART_ID
from digilitt.define.framework import Framework
from digilitt.define.problems import listed, suggestion
from digilitt.errors import DefinitionError, InterchangeError, Problem, counted
from digilitt.interchange.files import ZIP, read_bytes
from digilitt.interchange.records import failure

Entry: TypeAlias = dict[str, Any]

SHIPPED = "digcomp-3.0"
SHOWN = 60
AREA, COMPETENCE, LEVEL = "CompetenceArea", "Competence", "ProficiencyLevel"
STATEMENT, OUTCOME, GLOSSARY = "CompetenceStatement", "LearningOutcome", "Glossary"
IN_AREA, IN_COMPETENCE = "competence_area_id", "competence_id"
OF_LEVEL, LEVEL_NAME = "four_levels_proficiency_name", "four_levels_name"
LEVEL_TEXT, EIGHT, SIX = "four_levels_description", "eight_levels_mapping", "six_levels_mapping"

# The keys that are read of an entry of each type: text, and a whole number for EIGHT.
KEYS: dict[str, tuple[str, ...]] = {
    AREA: ("name", "description"),
    COMPETENCE: ("name", "description", IN_AREA),
    LEVEL: (LEVEL_NAME, LEVEL_TEXT, EIGHT, SIX),
    STATEMENT: ("description", "ai_label", IN_AREA, IN_COMPETENCE, OF_LEVEL),
    OUTCOME: ("description", "ai_label", IN_AREA, IN_COMPETENCE, OF_LEVEL, "type"),
    GLOSSARY: (),
}
# Keys that name another entry: its type, and the code of the problem where there is none.
REFERENCES = {
    IN_AREA: (AREA, "unknown-area"),
    IN_COMPETENCE: (COMPETENCE, "unknown-competence"),
    OF_LEVEL: (LEVEL, "unknown-level"),
}
WORDS = {
    "ai_label": {
        "AI-Explicit": "explicit",
        "AI-Implicit": "implicit",
        "AI not Implicit or Explicit": "none",
    },
    "type": {"Knowledge": "knowledge", "Skill": "skill", "Attitude": "attitude"},
}


class _RefusedError(ValueError):
    """What the json module reads and JSON does not have."""


def read_digcomp(path: str | os.PathLike[str]) -> Framework:
    """Read the official data supplement of DigComp 3.0 with its statements and outcomes.

    The supplement is a JSON-LD file that the Joint Research Centre publishes with the report
    (JRC144121). It does not come with digilitt.

    Parameters
    ----------
    path : path
        The ``.jsonld`` file.

    Returns
    -------
    Framework
        With the id ``digcomp-3.0``, so that it can take the place of the one that ships, and
        in English only, as the file is. `notes` says what the file held, what of it is left
        out, and where its areas, competences and levels differ from those that ship.

    Raises
    ------
    InterchangeError
        If the file cannot be read, is not JSON, or is no such supplement (all problems at
        once; the place of each is the ``@id`` of an entry).

    Notes
    -----
    Left out are the glossary and the descriptions of the eight levels.

    *Checked against* the supplement of 24 November 2025: 362 statements and 523 outcomes, and
    their numbers by level, kind and label.

    Examples
    --------
    >>> import digilitt as dl, json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> of = {"competence_area_id": "CompetenceArea/1", "competence_id": "Competence/1.1",
    ...     "four_levels_proficiency_name": "ProficiencyLevel/Basic", "description": "Finds it.",
    ...     "ai_label": "AI-Implicit"}
    >>> graph = [
    ...     {"@type": "CompetenceArea", "@id": "CompetenceArea/1", "name": "One",
    ...         "description": "Finding."},
    ...     {"@type": "Competence", "@id": "Competence/1.1", "name": "Search",
    ...         "description": "Searching.", "competence_area_id": "CompetenceArea/1"},
    ...     {"@type": "ProficiencyLevel", "@id": "ProficiencyLevel/Basic_1",
    ...         "four_levels_name": "Basic", "four_levels_description": "A start.",
    ...         "eight_levels_mapping": 1, "six_levels_mapping": "A1"},
    ...     {"@type": "CompetenceStatement", "@id": "CompetenceStatement/CS1.1.01", **of},
    ...     {"@type": "LearningOutcome", "@id": "LearningOutcome/LO1.1.01", "type": "Skill", **of},
    ... ]
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "supplement.jsonld")
    ...     _ = file.write_text(json.dumps({"@graph": graph}), encoding="utf-8")
    ...     dl.read_digcomp(file).outcomes[0].kind
    'skill'
    """
    source = Path(path)
    entries, problems = _entries(_parsed(read_bytes(source), source.name), source.name)
    problems += _repeated(entries)
    problems += [problem for entry in entries for problem in _form_problems(entry)]
    problems += _reference_problems(entries)
    problems += _level_problems(entries)
    if not problems:
        try:
            return Framework(**_content(entries))
        except DefinitionError as error:
            problems = list(error.problems)
    raise InterchangeError(
        Problem(code=p.code, file=source.name, column=p.column, message=p.message) for p in problems
    )


def _parsed(data: bytes, file: str) -> Any:
    if not data:
        raise failure("empty-file", "The file is empty.", file=file)
    if data.startswith(ZIP):
        message = "This is a workbook or an archive; expected the JSON-LD form of the supplement."
        raise failure("wrong-format", message, file=file)
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        message = f"Byte {error.start + 1} is no text in {error.encoding}; save it as UTF-8."
        raise failure("encoding", message, file=file) from None
    try:
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        message = f"The file is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
    except _RefusedError as error:
        message = f"The file is not JSON: {error}."
    except RecursionError:
        message = "The file is no supplement: brackets stand too deep within brackets."
    except ValueError:  # Python's limit for whole numbers.
        message = "The file is no supplement: it has a whole number of thousands of digits."
    raise failure("not-json", message, file=file)


def _distinct(pairs: list[tuple[str, Any]]) -> Entry:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, n in Counter(name for name, _ in pairs).items() if n > 1)
        raise _RefusedError(f"the key {twice[:60]!r} stands twice in one object")
    return found


def _no_number(name: str) -> NoReturn:
    raise _RefusedError(f"{name} is no number")


def _entries(content: Any, file: str) -> tuple[list[Entry], list[Problem]]:
    """Entries whose type and id are sound, and the problems of the others."""
    graph = content.get("@graph") if isinstance(content, dict) else None
    if not isinstance(graph, list):
        message = "This is JSON, but no supplement of DigComp: there is no list '@graph' in it."
        raise failure("not-digcomp", message, file=file)
    found: list[Entry] = []
    problems = []
    for number, entry in enumerate(graph, 1):
        if wrong := _no_entry(entry):
            place = f"@graph[{number}]"
            problems.append(Problem(code="wrong-value", column=place, message=wrong))
        else:
            found.append(entry)
    for kind in KEYS:
        if kind != GLOSSARY and not _of_type(graph, kind):
            message = f"has no entry of the type {kind!r}; expected one or more."
            problems.append(Problem(code="not-digcomp", column="@graph", message=message))
    return found, problems


def _no_entry(entry: Any) -> str:
    """Why something in the graph is no entry; empty when it is one."""
    if not isinstance(entry, dict):
        return f"found {_shown(entry)}; expected an object with its keys."
    kind, name = entry.get("@type"), entry.get("@id")
    if not isinstance(kind, str) or kind not in KEYS:
        return f"found {_shown(kind)} for '@type'; expected one of {listed(KEYS)}."
    if not isinstance(name, str) or not name.startswith(f"{kind}/"):
        return f"found {_shown(name)} for '@id'; expected text that begins with '{kind}/'."
    free = kind in (LEVEL, GLOSSARY)
    if not free and not (re.fullmatch(PART_ID, _id(entry)) and len(_id(entry)) <= LONGEST_ID):
        return (
            f"found {_shown(name)} for '@id'; expected {kind}/ and an id such as 1.1 or LO1.1.01."
        )
    return ""


def _shown(value: Any) -> str:
    """What was found, short whatever it is."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value[: SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _id(entry: Entry) -> str:
    return str(entry["@id"]).partition("/")[2]


def _of_type(entries: Sequence[Any], kind: str) -> list[Entry]:
    return [entry for entry in entries if isinstance(entry, dict) and entry.get("@type") == kind]


def _repeated(entries: Sequence[Entry]) -> Iterator[Problem]:
    for name, count in Counter(entry["@id"] for entry in entries).items():
        if count > 1:
            message = f"stands {count} times as '@id'; each may stand once."
            yield Problem(code="repeated-entry", column=name, message=message)


def _form_problems(entry: Entry) -> Iterator[Problem]:
    for key in KEYS[entry["@type"]]:
        if key not in entry:
            message = f"has no {key!r}; add it."
            yield Problem(code="missing-key", column=entry["@id"], message=message)
        elif expected := _unlike(key, entry[key]):
            message = f"found {_shown(entry[key])} for {key!r}; expected {expected}."
            yield Problem(code="wrong-value", column=entry["@id"], message=message)


def _unlike(key: str, value: Any) -> str:
    """What was expected of a key, if its value is something else."""
    if key == EIGHT:
        return "" if type(value) is int and 1 <= value <= 8 else "a whole number from 1 to 8"
    if key in WORDS:
        known = isinstance(value, str) and value in WORDS[key]
        return "" if known else f"one of {listed(map(repr, WORDS[key]))}"
    if not isinstance(value, str) or not value.strip():
        return "some text"
    halves = not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)
    return "text of whole characters" if halves else ""


def _reference_problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    names = {kind: [entry["@id"] for entry in _of_type(entries, kind)] for kind in KEYS}
    levels = [f"{LEVEL}/{entry[LEVEL_NAME]}" for entry in _levels(entries)]
    known = {**names, LEVEL: list(dict.fromkeys(levels))}
    areas = {entry["@id"]: entry.get(IN_AREA) for entry in _of_type(entries, COMPETENCE)}
    for entry in entries:
        for key, (kind, code) in REFERENCES.items():
            value = entry.get(key) if key in KEYS[entry["@type"]] else None
            # What is no text, and what refers to a type that is not there, is told already.
            if isinstance(value, str) and known[kind] and value not in known[kind]:
                message = (
                    f"found {_shown(value)} for {key!r}; known: {listed(known[kind])}."
                    f"{suggestion(value, known[kind])}"
                )
                yield Problem(code=code, column=entry["@id"], message=message)
        competence = entry.get(IN_COMPETENCE)
        area = areas.get(competence) if isinstance(competence, str) else None
        if area in names[AREA] and entry.get(IN_AREA) in names[AREA] and area != entry[IN_AREA]:
            message = f"is in {entry[IN_AREA]!r}, but its competence is in {area!r}."
            yield Problem(code="area-clash", column=entry["@id"], message=message)


def _levels(entries: Sequence[Entry]) -> list[Entry]:
    """Levels that have a name and a number, from the lowest up."""
    keys = (LEVEL_NAME, EIGHT)
    levels = _of_type(entries, LEVEL)
    sound = [e for e in levels if not any(_unlike(key, e.get(key)) for key in keys)]
    return sorted(sound, key=lambda entry: int(entry[EIGHT]))


def _level_problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    levels = _levels(entries)
    for number, count in Counter(entry[EIGHT] for entry in levels).items():
        if count > 1:
            message = f"{count} levels have the number {number}; each may stand once."
            yield Problem(code="repeated-level", column=EIGHT, message=message)
    stretches = Counter(name for name, _ in groupby(entry[LEVEL_NAME] for entry in levels))
    for name, count in stretches.items():
        if count > 1:
            message = f"the levels called {name[:40]!r} do not follow one another in {EIGHT!r}."
            yield Problem(code="level-bands", column=f"{LEVEL}/{name}", message=message)
        texts = [entry.get(LEVEL_TEXT) for entry in levels if entry[LEVEL_NAME] == name]
        if len({text for text in texts if isinstance(text, str)}) > 1:
            message = f"is described in different words by {LEVEL_TEXT!r}; keep one."
            yield Problem(code="wrong-value", column=f"{LEVEL}/{name}", message=message)


def _content(entries: Sequence[Entry]) -> Entry:
    """What a Framework is made of; the entries are sound."""
    shipped = framework(SHIPPED)
    numbers = {
        name: number
        for number, (name, _) in enumerate(groupby(_levels(entries), lambda e: e[LEVEL_NAME]), 1)
    }
    made = {
        "areas": [_named(entry) for entry in _of_type(entries, AREA)],
        "competences": [
            {**_named(entry), "area": entry[IN_AREA].partition("/")[2]}
            for entry in _of_type(entries, COMPETENCE)
        ],
        "levels": [_level(name, str(number), entries) for name, number in numbers.items()],
        "statements": [_stated(entry, numbers) for entry in _of_type(entries, STATEMENT)],
        "outcomes": [
            {**_stated(entry, numbers), "kind": WORDS["type"][entry["type"]]}
            for entry in _of_type(entries, OUTCOME)
        ],
    }
    return {
        "id": shipped.id,
        "version": shipped.version,
        "title": {"en": shipped.title.to("en")},
        "languages": ["en"],
        "licence": shipped.licence,
        "source": shipped.source,
        "attribution": "DigComp 3.0, © European Union, 2025, CC BY 4.0 "
        "(https://creativecommons.org/licenses/by/4.0/), as its data supplement has it.",
        "notes": [*_notes(made, entries), *_differences(made, shipped)],
        **made,
    }


def _named(entry: Entry) -> Entry:
    texts = {"label": {"en": entry["name"]}, "description": {"en": entry["description"]}}
    return {"id": _id(entry), **texts}


def _level(name: str, number: str, entries: Sequence[Entry]) -> Entry:
    steps = [entry for entry in _levels(entries) if entry[LEVEL_NAME] == name]
    return {
        "id": number,
        "label": {"en": name},
        "description": {"en": steps[0][LEVEL_TEXT]},
        "equivalents": {
            "eight-levels": [str(step[EIGHT]) for step in steps],
            "six-levels": list(dict.fromkeys(step[SIX] for step in steps)),
        },
    }


def _stated(entry: Entry, numbers: dict[str, int]) -> Entry:
    return {
        "id": _id(entry),
        "competence": entry[IN_COMPETENCE].partition("/")[2],
        "level": str(numbers[entry[OF_LEVEL].partition("/")[2]]),
        "ai": WORDS["ai_label"][entry["ai_label"]],
        "text": {"en": entry["description"]},
    }


def _notes(made: Entry, entries: Sequence[Entry]) -> Iterator[str]:
    statements = counted(len(made["statements"]), "competence statement")
    outcomes = counted(len(made["outcomes"]), "learning outcome")
    yield f"Read from a data supplement with {statements} and {outcomes}."
    read = {"@type", "@id", *(key for keys in KEYS.values() for key in keys)}
    unread = sorted({k for e in entries if e["@type"] != GLOSSARY for k in e if k not in read})
    terms = counted(len(_of_type(entries, GLOSSARY)), "term")
    yield f"Left out: a glossary of {terms}; keys that are not read: {listed(unread)}."


def _differences(made: Entry, shipped: Framework) -> Iterator[str]:
    for what in ("areas", "competences", "levels"):
        found = {part["id"]: part["label"]["en"] for part in made[what]}
        known = {part.id: part.label.to("en") for part in getattr(shipped, what)}
        if lacking := [name for name in known if name not in found]:
            yield f"The file lacks {what} that {shipped.id} has: {listed(lacking)}."
        if other := [name for name in found if known.get(name) != found[name]]:
            yield f"In the file these {what} are new or have another name: {listed(other)}."
