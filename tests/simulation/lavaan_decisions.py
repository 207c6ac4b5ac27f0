"""Are true and false models rejected in the same samples as in lavaan?

    python -m tests.simulation.lavaan_decisions

Writes samples into a folder for `lavaan_decisions.R`, and stores statistics and p-values of both
sides. Without R nothing is compared, and nothing is stored.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from tests.simulation.differences import SECOND
from tests.simulation.populations import Population, even_shares
from tests.simulation.recovery import CURVE
from tests.simulation.replications import Condition, replication
from tests.simulation.small_samples import SKEWED
from tests.simulation.study import LEVEL, RESULTS, made_with, show

# A loading that the model lacks: then some samples reject it, and others do not.
CROSS = 0.2
AGREED = 0.99
KEYS = ["condition", "number", "test"]
POPULATIONS = {
    "ml, skewed": ("ml", 1000, 50, Population(curve=CURVE)),
    "mlr, skewed": ("mlr", 1000, 50, Population(curve=CURVE)),
    "mlr, skewed, false model": ("mlr", 300, 50, Population(curve=CURVE, cross=CROSS)),
    "wlsmv, 5 categories": ("wlsmv", 1000, 50, Population(shares=even_shares(5))),
    "wlsmv, skewed, false model": ("wlsmv", 300, 50, Population(shares=SKEWED, cross=CROSS)),
    "ml, two groups": ("ml", 1000, 25, Population(curve=CURVE, second=SECOND)),
    "mlr, two groups": ("mlr", 1000, 25, Population(curve=CURVE, second=SECOND)),
    "wlsmv, two groups": ("wlsmv", 1000, 25, Population(shares=even_shares(5), second=SECOND)),
}
CONDITIONS = tuple(
    Condition(name=name, estimator=estimator, population=population, n=n, seed=801 + place)
    for place, (name, (estimator, n, _, population)) in enumerate(POPULATIONS.items())
)
SAMPLES = {name: n_samples for name, (_, _, n_samples, _) in POPULATIONS.items()}


def ours(condition: Condition, numbers: range) -> pd.DataFrame:
    """Statistic, degrees of freedom and p-value of each test in each sample."""
    rows = []
    for number in numbers:
        outcome = replication(condition, number)
        rows += [
            (condition.name, number, test, *found)
            for test, found in outcome.tests.items()
            if test not in ("Bartlett", "Swain")
        ]
    return pd.DataFrame(rows, columns=[*KEYS, "chi2", "df", "p_value"])


def asked(condition: Condition, folder: Path) -> list[dict[str, object]]:
    """Write the samples and the model of a condition; what there is to fit."""
    stem = f"{condition.seed}"
    model = folder / f"{stem}.txt"
    model.write_text(condition.population.syntax + "\n", encoding="utf-8")
    rows: list[dict[str, object]] = []
    for number in range(SAMPLES[condition.name]):
        file = folder / f"{stem}-{number}.csv"
        # Seventeen digits: the same numbers on both sides.
        condition.sample(number).to_csv(file, index=False, float_format="%.17g")
        rows.append(
            {
                "condition": condition.name,
                "number": number,
                "estimator": condition.estimator,
                "file": file.name,
                "model": model.name,
            }
        )
    return rows


def agreement(table: pd.DataFrame) -> pd.DataFrame:
    """By condition: tests, share of the same decisions, and how far statistics lie apart."""
    same = (table["p_value"] < LEVEL) == (table["p_lavaan"] < LEVEL)
    # A sample that only one side solved is not the same decision.
    same &= table["p_value"].notna() == table["p_lavaan"].notna()
    apart = (table["chi2"] - table["chi2_lavaan"]).abs() / table["chi2_lavaan"].clip(lower=1.0)
    return (
        table.assign(same=same, rejected=table["p_value"] < LEVEL, apart=apart)
        .groupby("condition", sort=False)
        .agg(
            n_tests=("same", "size"),
            same=("same", "mean"),
            rejected=("rejected", "mean"),
            largest_difference=("apart", "max"),
        )
    )


def main() -> None:
    """Run both sides and store what they say."""
    program = shutil.which("Rscript")
    if program is None:
        show("R is not present: lavaan's decisions are not compared")
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows = [row for condition in CONDITIONS for row in asked(condition, folder)]
        pd.DataFrame(rows).to_csv(folder / "asked.csv", index=False)
        script = Path(__file__).with_suffix(".R")
        subprocess.run([program, "--vanilla", str(script), name], check=True)
        theirs = pd.read_csv(folder / "lavaan.csv")
        versions = (folder / "versions.txt").read_text(encoding="utf-8").split()
    mine = pd.concat([ours(each, range(SAMPLES[each.name])) for each in CONDITIONS])
    table = mine.merge(theirs, how="outer", on=KEYS, sort=False)
    found = agreement(table)
    show(found.to_string(float_format="{:.6g}".format))
    table.to_csv(RESULTS / "lavaan_decisions.csv", index=False, float_format="%.9g")
    told = made_with() | dict(zip(("lavaan", "semTools", "R"), versions, strict=True))
    text = json.dumps({"study": "lavaan_decisions", "made_with": told}, indent=1)
    (RESULTS / "lavaan_decisions.json").write_text(text + "\n", encoding="utf-8")
    share = float(np.average(found["same"], weights=found["n_tests"]))
    if share < AGREED:
        sys.exit(f"only {share:.4f} of the decisions are lavaan's")


if __name__ == "__main__":
    main()
