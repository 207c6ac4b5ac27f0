"""Small instruments and scores for reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from digilitt.define.instrument import Instrument
from digilitt.scoring.responses import responses
from digilitt.scoring.scores import Scores, score


def text(sv: str, en: str = "") -> dict[str, str]:
    return {"sv": sv, "en": en or f"{sv} (en)"}


AGREE = {
    "kind": "ordered",
    "options": [{"code": code, "label": text(f"val {code}")} for code in (1, 2, 3)],
}
LEVELS = [
    {"id": name, "from": start, "label": text(name.title())}
    for name, start in (("low", 1.0), ("mid", 1.7), ("top", 2.4))
]


def scale(name: str, items: Sequence[str], **more: Any) -> dict[str, Any]:
    made = {"id": name, "title": text(f"Skala {name}"), "items": list(items), "metric": "mean"}
    return {**made, "min_answered": 0.5, "bands": LEVELS, **more}


def definition(scales: Sequence[Mapping[str, Any]] = (), **more: Any) -> dict[str, Any]:
    """Four items; unless said otherwise a scale of one item and a scale of all four."""
    return {
        "id": "tiny",
        "version": "1.0.0",
        "status": "pilot",
        "languages": ["sv", "en"],
        "title": text("Litet prov", "Small test"),
        "licence": "MIT",
        "formats": {"agree": AGREE},
        "items": [
            {"id": f"a{i}", "format": "agree", "text": text(f"Påstående {i}")} for i in range(1, 5)
        ],
        "scales": list(scales)
        or [scale("one", ["a1"]), scale("all_four", ["a1", "-a2", "a3", "a4"])],
        **more,
    }


TINY = Instrument(**definition())


def people(groups: Mapping[str, Sequence[Any]], rng: np.random.Generator | int = 1) -> pd.DataFrame:
    """Answers of as many people as the group columns have values."""
    draw = np.random.default_rng(rng)
    made = pd.DataFrame(dict(groups))
    made.insert(0, "person", [f"p{i}" for i in range(len(made))])
    for i in range(1, 5):
        made[f"a{i}"] = draw.integers(1, 4, size=len(made))
    return made


def cohort(sizes: Mapping[str, int], waves: Sequence[str] = (), rng: int = 1) -> pd.DataFrame:
    """Answers of people in places, everybody at every wave."""
    place = [name for name, size in sizes.items() for _ in range(size)]
    one = people({"place": place}, rng)
    if not waves:
        return one
    again = [people({"place": place}, rng + k).assign(wave=wave) for k, wave in enumerate(waves)]
    return pd.concat(again, ignore_index=True)


def scored(
    frame: pd.DataFrame, instrument: Instrument = TINY, groups: Sequence[str] | None = None
) -> Scores:
    wave = "wave" if "wave" in frame else None
    person = "person" if "person" in frame else None
    known = {"person", "wave", *instrument.columns}
    names = [name for name in frame if name not in known] if groups is None else list(groups)
    return score(responses(frame, instrument, person=person, wave=wave, groups=names))
