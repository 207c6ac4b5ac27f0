"""A study: conditions, replicated; what is told of them, stored and held against bounds."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from tests.simulation.replications import Condition, Outcome, replication

RESULTS = Path(__file__).parent / "results"
N_REPLICATIONS, N_PROCESSES = 2000, 2
# So many replications are stored whole, for the smoke test.
N_STORED = 3
LEVEL = 0.05
PARTS = ("kind", "truth", "estimate", "std_error", "low", "high")

# Name of a test or kind of parameter → its summary.
Summary = dict[str, Any]
Judge = Callable[[Summary], Iterator[str]]


def run(conditions: Sequence[Condition], n: int, n_processes: int) -> list[Summary]:
    """Replicate every condition, and sum up."""
    # One thread per process: products of small matrices gain nothing from more.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    found = []
    with get_context("spawn").Pool(n_processes) as pool:
        for condition in conditions:
            start = time.perf_counter()
            outcomes = pool.map(partial(replication, condition), range(n), chunksize=25)
            summary = summed(condition, outcomes)
            found.append(summary)
            told(summary, time.perf_counter() - start)
    return found


def summed(condition: Condition, outcomes: Sequence[Outcome]) -> Summary:
    """Rates, biases and coverage of one condition, each with its Monte-Carlo error."""
    solved = [each for each in outcomes if not each.problem]
    problems = [each.problem for each in outcomes if each.problem]
    caveats = [code for each in solved for code in each.caveats]
    return {
        "condition": condition.name,
        "estimator": condition.estimator,
        "n": condition.n,
        "n_items": len(condition.population.items),
        "seed": condition.seed,
        "n_replications": len(outcomes),
        "n_solved": len(solved),
        "problems": counted(problems),
        "caveats": counted(caveats),
        "tests": {name: _test(solved, name) for name in _names(solved)},
        "parameters": {kind: _kind(solved, kind) for kind in _kinds(solved)},
        "stored": [stored(each) for each in outcomes[:N_STORED]],
    }


def stored(outcome: Outcome) -> Summary:
    """A replication as JSON has it."""
    return {
        "problem": outcome.problem,
        "tests": {name: list(map(float, test)) for name, test in outcome.tests.items()},
        "estimates": [float(row[2]) for row in outcome.parameters],
        "std_errors": [float(row[3]) for row in outcome.parameters],
    }


def counted(codes: Sequence[str]) -> dict[str, int]:
    """How often each code occurs."""
    return {code: codes.count(code) for code in sorted(set(codes))}


def _names(solved: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(name for each in solved for name in each.tests))


def _kinds(solved: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(row[0] for each in solved[:1] for row in each.parameters))


def _test(solved: Sequence[Outcome], name: str) -> dict[str, float]:
    """How often a test rejects what is true, and what its statistic is on average."""
    rows = np.array([each.tests[name] for each in solved])
    known = np.isfinite(rows[:, 2])
    share = float((rows[known, 2] < LEVEL).mean())
    return {
        "df": float(rows[0, 1]),
        "n_tested": int(known.sum()),
        "rejected": share,
        "rejected_error": math.sqrt(share * (1.0 - share) / known.sum()),
        "mean_chi2": float(rows[known, 0].mean()),
        "variance_chi2": float(rows[known, 0].var(ddof=1)),
    }


def _kind(solved: Sequence[Outcome], kind: str) -> dict[str, float]:
    """Bias, errors and coverage, averaged over the parameters of a kind.

    Parameters of one sample go together, so Monte-Carlo errors are those of samples' averages.
    """
    rows = np.array([[row[1:] for row in each.parameters if row[0] == kind] for each in solved])
    truth, estimate, error, low, high = np.moveaxis(rows, 2, 0)
    covered = ((low <= truth) & (truth <= high)).mean(axis=1)
    apart = (estimate - truth).mean(axis=1)
    root = math.sqrt(len(rows))
    return {
        "n_parameters": rows.shape[1],
        "mean_truth": float(truth.mean()),
        "bias": float(apart.mean()),
        "bias_error": float(apart.std(ddof=1)) / root,
        "largest_bias": float(np.abs((estimate - truth).mean(axis=0)).max()),
        "coverage": float(covered.mean()),
        "coverage_error": float(covered.std(ddof=1)) / root,
        "std_deviation": float(estimate.std(axis=0, ddof=1).mean()),
        "mean_std_error": float(error.mean()),
    }


def told(summary: Summary, seconds: float) -> None:
    """Print one condition."""
    count = f"{summary['n_solved']} of {summary['n_replications']}"
    lines = [f"{summary['condition']}: {count} solved, {seconds:.0f} s"]
    for name, test in summary["tests"].items():
        rejected, error = 100 * test["rejected"], 100 * test["rejected_error"]
        lines.append(f"    {name:<22} rejects {rejected:5.2f} % (± {error:.2f})")
    for name, kind in summary["parameters"].items():
        bias, error = kind["bias"], kind["bias_error"]
        covered = f"covered {100 * kind['coverage']:.2f} %"
        lines.append(f"    {name:<22} bias {bias:+.4f} (± {error:.4f}), {covered}")
    show("\n".join(lines))


def show(text: str) -> None:
    """Print at once, also into a file."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def made_with() -> dict[str, str]:
    """Versions of what made the results."""
    packages = ("digilitt", "numpy", "scipy", "pandas")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def read(study: str) -> dict[str, Any]:
    """Stored results of a study."""
    found: dict[str, Any] = json.loads((RESULTS / f"{study}.json").read_text(encoding="utf-8"))
    return found


def write(study: str, found: Sequence[Summary]) -> None:
    """Store results; nine digits, so that the file is small."""
    whole = {"study": study, "made_with": made_with(), "conditions": found}
    text = json.dumps(rounded(whole), indent=1, allow_nan=False)
    # Lists of numbers in one line.
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{study}.json").write_text(compact(text) + "\n", encoding="utf-8")


def rounded(value: Any) -> Any:
    """The same with nine digits in every number."""
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value


def compact(text: str) -> str:
    """JSON with lists of numbers in one line each."""
    lines: list[str] = []
    open_list = False
    for line in text.splitlines():
        if open_list:
            open_list = not line.strip().startswith("]")
            lines[-1] += line.strip() + (" " if open_list and line.endswith(",") else "")
            continue
        lines.append(line)
        open_list = line.endswith("[") and '"conditions"' not in line and '"stored"' not in line
    return "\n".join(lines)


def outside(what: str, value: float, low: float, high: float) -> Iterator[str]:
    """A sentence if a value is not between two bounds."""
    if not low <= value <= high:
        yield f"{what}: {value:.4f} is not between {low:g} and {high:g}"


def main(study: str, conditions: Sequence[Condition], judge: Judge) -> None:
    """Run a study from the command line; ends with an error if a bound is not kept."""
    parser = argparse.ArgumentParser(description=f"Run the study {study} and store its results.")
    parser.add_argument("--only", nargs="*", help="conditions; the results are then not stored")
    parser.add_argument("--replications", type=int, default=N_REPLICATIONS)
    parser.add_argument("--processes", type=int, default=N_PROCESSES)
    asked = parser.parse_args()
    chosen = [each for each in conditions if not asked.only or each.name in asked.only]
    found = run(chosen, asked.replications, asked.processes)
    if len(chosen) == len(conditions) and asked.replications == N_REPLICATIONS:
        write(study, found)
    problems = [problem for summary in found for problem in judge(summary)]
    if problems:
        sys.exit("\n".join(problems))
