"""Speed of factor models and invariance ladders beside lavaan and semTools, where R is present.

As in `evidence.py`, both sides run in turn on the same data, R stays open, and neither its start
nor the reading of data is timed. Ours gives the whole result, errors, fit and robust indices
included; lavaan's `cfa` leaves robust indices and standardized parameters to further calls, which
are not timed.

100,000 persons × 40 items are fitted in a process of their own, which tells its peak memory. R
needs minutes and three gigabytes for them and runs only if asked, once a model:

    OPENBLAS_NUM_THREADS=1 python tests/bench/factor_models.py [--large] [NAME ...]

One thread, as R has for products of matrices; `nox -s bench` sets it.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from evidence import beside_r, read_matrix

from digilitt.evidence.cfa import cfa
from digilitt.evidence.invariance import invariance

BFI = Path(__file__).parents[1] / "reference" / "data" / "bfi.csv"
FACTORS = {"agree": "A", "consc": "C", "extra": "E", "neuro": "N", "open": "O"}
MODEL = "\n".join(
    f"{factor} =~ {' + '.join(f'{letter}{item}' for item in range(1, 6))}"
    for factor, letter in FACTORS.items()
)
N_PERSONS, N_ITEMS, N_FACTORS = 100_000, 40, 4
CUTS = (-1.32, -0.44, 0.44, 1.32)
LARGE_MODEL = "\n".join(
    f"f{factor} =~ {' + '.join(f'V{10 * factor + item}' for item in range(1, 11))}"
    for factor in range(N_FACTORS)
)
MOST_MEGABYTES = 1500
READ_BFI = f'x <- read.csv("{BFI.as_posix()}")'
QUOTED = f'model <- "{MODEL}"'.replace("\n", "\\n")

LADDER = """
items <- setdiff(names(x), "group"); y <- na.omit(x)
ladder <- function() {
  equal <- c("thresholds", "loadings", "intercepts", "residuals"); before <- NULL
  for (level in 0:4) {
    syntax <- measEq.syntax(model, data = y, ordered = items, parameterization = "theta",
      ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group = "group",
      group.equal = if (level) equal[1:level] else "")
    f <- cfa(as.character(syntax), y, ordered = items, group = "group", estimator = "WLSMV",
             parameterization = "theta")
    if (level) try(lavTestLRT(before, f, method = "satorra.2000", A.method = "delta"))
    before <- f
  }
}
"""


def bench_wlsmv(folder: Path) -> bool:
    """WLSMV of bfi's 25 items on five factors."""
    del folder
    frame = pd.read_csv(BFI).drop(columns="group")
    return beside_r(
        "cfa, bfi, five factors, WLSMV / lavaan",
        lambda: cfa(frame, MODEL),
        package="lavaan",
        setup=f"{READ_BFI}; x$group <- NULL; {QUOTED}",
        call="cfa(model, x, ordered = names(x), estimator = 'WLSMV', std.lv = TRUE)",
        target=5,
    )


def bench_fiml(folder: Path) -> bool:
    """Full-information maximum likelihood of bfi's 2800 persons in 87 patterns."""
    del folder
    frame = pd.read_csv(BFI).drop(columns="group")
    return beside_r(
        "cfa, bfi, five factors, FIML / lavaan",
        lambda: cfa(frame, MODEL, estimator="ml", missing="fiml"),
        package="lavaan",
        setup=f"{READ_BFI}; x$group <- NULL; {QUOTED}",
        call="cfa(model, x, missing = 'fiml', std.lv = TRUE)",
        target=10,
        pairs=5,
    )


def bench_ladder(folder: Path) -> bool:
    """Five steps of invariance of bfi's 25 items between the sexes, with four tests."""
    del folder
    frame = pd.read_csv(BFI)
    return beside_r(
        "invariance, bfi, WLSMV / semTools and lavaan",
        lambda: invariance(frame, by="group", model=MODEL),
        package="semTools",
        setup=f"library(lavaan); {READ_BFI}; {QUOTED}\n{LADDER}",
        call="ladder()",
        target=20,
        pairs=1,
    )


def bench_large_wlsmv(folder: Path) -> bool:
    """WLSMV of 100,000 × 40."""
    return large(folder, "wlsmv", "ordered = names(x), estimator = 'WLSMV'", target=12)


def bench_large_mlr(folder: Path) -> bool:
    """Robust maximum likelihood of 100,000 × 40."""
    return large(folder, "mlr", "estimator = 'MLR'", target=12)


def large(folder: Path, estimator: str, options: str, *, target: float) -> bool:
    """Seconds and memory of 100,000 × 40; beside R only with ``--large``."""
    file = folder / "large.bin"
    answers().tofile(file)
    command = [sys.executable, __file__, "--child", estimator, str(file)]
    mine, memory = told(command)
    name = f"cfa, {N_PERSONS:,} × {N_ITEMS}, {estimator}"
    met = memory <= MOST_MEGABYTES
    line = f"{name:<52} {mine:8.3f} s, {memory:.0f} MB"
    program = shutil.which("Rscript")
    if "--large" in sys.argv and program:
        quoted = LARGE_MODEL.replace("\n", "\\n")
        script = folder / "large.R"
        script.write_text(
            f"suppressMessages(library(lavaan))\n{read_matrix(file, N_ITEMS)}\n"
            f'spent <- system.time(cfa("{quoted}", x, {options}, std.lv = TRUE))\n'
            'peak <- grep("VmHWM", readLines("/proc/self/status"), value = TRUE)\n'
            'cat(spent[["elapsed"]], as.numeric(gsub("[^0-9]", "", peak)) / 1024, "\\n")\n',
            encoding="utf-8",
        )
        other, theirs = told([program, "--vanilla", str(script)])
        met &= other >= target * mine
        line += f"  {other:8.3f} s, {theirs:.0f} MB  {other / mine:6.1f} times faster"
    print(f"{line}, target {target:g} and {MOST_MEGABYTES} MB{'' if met else '  BELOW TARGET'}")
    return met


def told(command: list[str]) -> tuple[float, float]:
    """Seconds and peak megabytes that a process prints last."""
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, megabytes = out.split()[-2:]
    return float(seconds), float(megabytes)


def answers() -> np.ndarray:
    """Five categories, four factors that correlate by 0.4, loadings 0.7."""
    rng = np.random.default_rng(20261123)
    root = np.linalg.cholesky(np.full((N_FACTORS, N_FACTORS), 0.4) + 0.6 * np.eye(N_FACTORS))
    factors = rng.standard_normal((N_PERSONS, N_FACTORS)) @ root.T
    latent = 0.7 * np.repeat(factors, N_ITEMS // N_FACTORS, axis=1)
    latent += np.sqrt(0.51) * rng.standard_normal((N_PERSONS, N_ITEMS))
    return np.digitize(latent, CUTS) + 1.0


def child(estimator: str, file: str) -> None:
    """Fit the large data set and print seconds and peak megabytes."""
    values = np.fromfile(file).reshape(-1, N_ITEMS)
    frame = pd.DataFrame(values, columns=[f"V{item}" for item in range(1, N_ITEMS + 1)])
    start = time.perf_counter()
    cfa(frame, LARGE_MODEL, estimator=estimator)  # type: ignore[arg-type]
    spent = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(spent, peak)


BENCHMARKS: tuple[Callable[[Path], bool], ...] = (
    bench_wlsmv,
    bench_fiml,
    bench_ladder,
    bench_large_wlsmv,
    bench_large_mlr,
)


def main() -> None:
    """Run those benchmarks whose name holds one of the words given; all without a word."""
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:4])
        return
    words = [word for word in sys.argv[1:] if not word.startswith("-")] or [""]
    chosen = [bench for bench in BENCHMARKS if any(word in bench.__name__ for word in words)]
    print("ours, R, and how many times faster ours is; medians of pairs")
    with tempfile.TemporaryDirectory() as folder:
        met = [bench(Path(folder)) for bench in chosen]
    if not all(met):
        sys.exit("a target was missed")


if __name__ == "__main__":
    main()
