"""Speed of `score_frame` on 1 million × 30 answers, beside the same arithmetic by hand.

The opponent is what somebody who knows numpy would write for exactly this instrument,
column by column: check every answer, reverse, sum, divide, compare with cut scores. Prints
medians of paired runs as ratios; a run within a run in turn, so that drift of the machine
falls on both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import polars as pl

from digilitt.define.instrument import Instrument
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.frames import score_frame
from digilitt.scoring.plan import Plan

N_PERSONS, N_ITEMS, N_SCALES, PAIRS = 1_000_000, 30, 3, 7
LOW, HIGH, MISSING = 1, 5, 9
RANGES = ((1.0, 5.0), (10.0, 50.0), (0.0, 100.0))
METRICS = ("mean", "sum", "pomp")


def names_of(scale: int) -> list[str]:
    """Items of one scale; every third is reverse-keyed."""
    per_scale = N_ITEMS // N_SCALES
    return [f"i{item}" for item in range(scale * per_scale, (scale + 1) * per_scale)]


def is_reversed(name: str) -> bool:
    """Whether the bench instrument reverse-keys an item."""
    return int(name[1:]) % 3 == 0


def plan() -> Plan:
    """Thirty items from 1 to 5 with a missing code, in three scales with bands."""
    label = {"en": "x"}
    options = [{"code": code, "label": {"en": f"o{code}"}} for code in range(LOW, HIGH + 1)]
    missing = [{"code": MISSING, "counts_as": "missing", "label": {"en": "none"}}]
    scales = [
        {
            "id": f"s{scale}",
            "title": label,
            "items": [f"-{name}" if is_reversed(name) else name for name in names_of(scale)],
            "metric": METRICS[scale],
            "min_answered": 0.5,
            "bands": [
                {"id": f"b{position}", "from": cut, "label": {"en": f"b{position}"}}
                for position, cut in enumerate(np.linspace(*RANGES[scale], 4)[:3].tolist())
            ],
        }
        for scale in range(N_SCALES)
    ]
    return compile_plan(
        Instrument(
            id="bench",
            version="1.0",
            status="pilot",
            languages=["en"],
            title=label,
            licence="MIT",
            formats={"agree": {"kind": "ordered", "options": options, "missing": missing}},
            items=[{"id": f"i{i}", "format": "agree", "text": label} for i in range(N_ITEMS)],
            scales=scales,
        )
    )


def answers() -> pd.DataFrame:
    """Answers of whole numbers as float64, 6 % blank and 2 % with the missing code."""
    rng = np.random.default_rng(20261122)
    values = rng.integers(LOW, HIGH + 1, (N_PERSONS, N_ITEMS)).astype(np.float64)
    values[rng.random(values.shape) < 0.06] = np.nan
    values[rng.random(values.shape) < 0.02] = MISSING
    return pd.DataFrame({f"i{item}": values[:, item].copy() for item in range(N_ITEMS)})


def by_hand(frame: pd.DataFrame) -> pd.DataFrame:
    """The same scores, counts and bands, written for this instrument alone."""
    made = frame.copy(deep=False)
    for scale, (low, high) in enumerate(RANGES):
        total, answered = np.zeros(len(frame)), np.zeros(len(frame))
        for name in names_of(scale):
            answer = frame[name].to_numpy()
            valid = (answer >= LOW) & (answer <= HIGH) & (answer == np.floor(answer))
            if not (valid | (answer == MISSING) | np.isnan(answer)).all():
                raise ValueError(name)
            total += np.where(valid, LOW + HIGH - answer if is_reversed(name) else answer, 0.0)
            answered += valid
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(answered >= N_ITEMS / N_SCALES / 2, total / answered, np.nan)
        estimate = (mean, mean * 10.0, (mean - LOW) / (HIGH - LOW) * 100.0)[scale]
        cuts = np.linspace(low, high, 4)[:3]
        band = np.searchsorted(cuts, estimate + 1e-9, side="right") - 1
        ids = pd.array(["b0", "b1", "b2", None], dtype="str")
        made[f"s{scale}_score"] = estimate
        made[f"s{scale}_n"] = answered.astype(np.int64)
        made[f"s{scale}_band"] = ids.take(np.where(np.isnan(estimate), 3, band))
    return made


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def paired(name: str, ours: Callable[[], object], theirs: Callable[[], object]) -> float:
    """Print and return the median ratio of paired runs, after one warm-up of each."""
    ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(PAIRS)]
    ratios = sorted(mine / other for mine, other in pairs)
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(ratios)
    spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
    print(f"{name:<34} {mine:7.3f} s  {other:7.3f} s  ratio {ratio:.2f} ({spread})")
    return ratio


def main() -> None:
    """Check that both give the same scores, then time them."""
    compiled, frame = plan(), answers()
    columns = pl.from_pandas(frame)
    mine, other = score_frame(frame, compiled), by_hand(frame)
    for scale, metric in enumerate(("mean_score", "sum_score", "pomp")):
        np.testing.assert_allclose(mine[f"s{scale}_{metric}"], other[f"s{scale}_score"], rtol=1e-12)
    print(f"{N_PERSONS:,} persons × {N_ITEMS} items, {N_SCALES} scales; medians of {PAIRS} pairs")
    paired(
        "pandas / by hand in numpy", lambda: score_frame(frame, compiled), lambda: by_hand(frame)
    )
    paired(
        "polars / pandas",
        lambda: score_frame(columns, compiled),
        lambda: score_frame(frame, compiled),
    )
    paired(
        "polars lazy, collected / pandas",
        lambda: score_frame(columns.lazy(), compiled).collect(),
        lambda: score_frame(frame, compiled),
    )


if __name__ == "__main__":
    main()
