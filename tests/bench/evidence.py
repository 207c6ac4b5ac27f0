"""Speed of the evidence functions beside R's packages, where R is present.

Both sides run in turn, after one warm-up of each, so that drift of the machine falls on both.
R stays open between runs: neither its start nor the reading of data is timed. Each benchmark
is a function in `BENCHMARKS`; one whose R package is not there says so and is left out.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from digilitt.evidence.dimensionality import dimensionality
from digilitt.evidence.items import item_analysis
from digilitt.evidence.polychoric import polychoric
from digilitt.evidence.structure import efa

PAIRS = 7
N_PERSONS, N_ITEMS = 100_000, 40


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@contextmanager
def r_process(package: str, setup: str, call: str) -> Iterator[Callable[[], float] | None]:
    """Give a function that lets R make a call and returns its seconds; None without R.

    Parameters
    ----------
    package : str
        What R has to load; its absence means that there is nothing to compare with.
    setup : str
        R code that is run once, and not timed.
    call : str
        R code that is timed.
    """
    program = shutil.which("Rscript")
    if program is None:
        yield None
        return
    loop = (
        f"ok <- suppressWarnings(suppressMessages(require({package}, quietly = TRUE)))\n"
        'cat(if (ok) "ready" else "lacking", "\\n"); flush(stdout()); if (!ok) quit()\n'
        f'{setup}\nasked <- file("stdin", "r")\n'
        "while (length(readLines(asked, 1)) > 0) {\n"
        f"  spent <- system.time(suppressWarnings(suppressMessages({{ {call} }})))\n"
        '  cat("spent", spent[["elapsed"]], "\\n"); flush(stdout())\n}\n'
    )
    with tempfile.NamedTemporaryFile("w", suffix=".R", encoding="utf-8") as script:
        script.write(loop)
        script.flush()
        command = [program, "--vanilla", script.name]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        ) as r:
            assert r.stdin is not None
            assert r.stdout is not None
            asked, told = r.stdin, r.stdout

            def timed() -> float:
                asked.write("go\n")
                asked.flush()
                for line in told:
                    if line.startswith("spent"):
                        return float(line.split()[1])
                raise RuntimeError(f"R ended while it ran {call}")

            yield timed if told.readline().startswith("ready") else None
            asked.close()


def beside_r(
    name: str,
    ours: Callable[[], object],
    *,
    package: str,
    setup: str,
    call: str,
    target: float,
    pairs: int = PAIRS,
) -> bool:
    """Print how many times faster than R a call is; whether that meets the target.

    Parameters
    ----------
    target : float
        Least ratio of R's time to ours, as the median of the pairs.
    """
    with r_process(package, setup, call) as theirs:
        if theirs is None:
            print(f"{name:<52} R with {package} is not present: not compared")
            return True
        ours(), theirs()
        runs = [(seconds(ours), theirs()) for _ in range(pairs)]
    ratios = sorted(other / mine for mine, other in runs)
    mine, other = (statistics.median(column) for column in zip(*runs, strict=True))
    ratio = statistics.median(ratios)
    spread = f"{ratios[0]:.1f} to {ratios[-1]:.1f}"
    verdict = "" if ratio >= target else "  BELOW TARGET"
    print(
        f"{name:<52} {mine:8.3f} s  {other:8.3f} s  {ratio:6.1f} times faster ({spread}), "
        f"target {target:g}{verdict}"
    )
    return ratio >= target


def read_matrix(file: Path, n_columns: int) -> str:
    """R code that reads what `ndarray.tofile` wrote, by rows, into the data frame ``x``."""
    return (
        f'con <- file("{file.as_posix()}", "rb"); v <- readBin(con, "double", '
        f"{file.stat().st_size // 8}); close(con)\n"
        f"x <- as.data.frame(matrix(v, ncol = {n_columns}, byrow = TRUE)); rm(v)"
    )


def bench_items(folder: Path) -> bool:
    """Alpha with item statistics of 100,000 persons × 40 items, against psych::alpha."""
    rng = np.random.default_rng(20261122)
    trait = rng.normal(size=(N_PERSONS, 1))
    values = np.clip(np.round(3 + 0.7 * trait + rng.normal(size=(N_PERSONS, N_ITEMS))), 1, 5)
    values.tofile(folder / "items.bin")
    frame = pd.DataFrame(values, columns=[f"i{item}" for item in range(N_ITEMS)])
    return beside_r(
        f"item_analysis, {N_PERSONS:,} × {N_ITEMS} / psych::alpha",
        lambda: item_analysis(frame, missing="pairwise"),
        package="psych",
        setup=read_matrix(folder / "items.bin", N_ITEMS),
        call="psych::alpha(x, check.keys = FALSE, warnings = FALSE)",
        target=20,
    )


def bench_polychoric(folder: Path) -> bool:
    """Correlations, standard errors and tests of bfi's 25 items, against psych and lavaan.

    psych::polychoric gives correlations and thresholds; lavCor as well, without standard errors.
    """
    del folder
    file = Path(__file__).parents[1] / "reference" / "data" / "bfi.csv"
    frame = pd.read_csv(file).drop(columns="group")
    read = f'x <- read.csv("{file.as_posix()}"); x$group <- NULL'
    met = [
        beside_r(
            f"polychoric, bfi / {package}::{call.partition('(')[0]}",
            lambda: polychoric(frame),
            package=package,
            setup=f"{read}; options(mc.cores = 1)",
            call=call,
            target=target,
        )
        for package, call, target in (
            ("psych", "polychoric(x)", 10),
            ("lavaan", 'lavCor(x, ordered = names(x), missing = "pairwise")', 3),
        )
    ]
    return all(met)


def bench_efa(folder: Path) -> bool:
    """Five minres factors of bfi, oblimin, against psych::fa; ours from ten starts, psych's one."""
    del folder
    file = Path(__file__).parents[1] / "reference" / "data" / "bfi.csv"
    frame = pd.read_csv(file).drop(columns="group").dropna()
    return beside_r(
        "efa, bfi, minres and oblimin / psych::fa",
        lambda: efa(frame, n_factors=5),
        package="psych",
        setup=f'x <- read.csv("{file.as_posix()}"); x$group <- NULL; x <- na.omit(x)',
        call='fa(x, 5, fm = "minres", rotate = "oblimin")',
        target=1,
        pairs=15,
    )


def bench_parallel(folder: Path) -> bool:
    """Parallel analysis of bfi by polychoric correlations, as many data sets, psych on one core.

    Both sides correlate the answers themselves too, and ours applies its other rules. So few
    data sets that R ends in time; with more, ours gains, for its part before them is larger.
    """
    del folder
    file = Path(__file__).parents[1] / "reference" / "data" / "bfi.csv"
    frame = pd.read_csv(file).drop(columns="group")
    sets = 4
    return beside_r(
        f"dimensionality, bfi, {sets} polychoric sets / fa.parallel",
        lambda: dimensionality(
            frame, correlation="polychoric", missing="pairwise", n_simulations=sets
        ),
        package="psych",
        setup=f'x <- read.csv("{file.as_posix()}"); x$group <- NULL; options(mc.cores = 1)',
        call=f'fa.parallel(x, cor = "poly", n.iter = {sets}, SMC = TRUE, plot = FALSE)',
        target=20,
        pairs=5,
    )


BENCHMARKS: tuple[Callable[[Path], bool], ...] = (
    bench_items,
    bench_polychoric,
    bench_efa,
    bench_parallel,
)


def main() -> None:
    """Run those benchmarks whose name holds one of the words given; all without a word."""
    words = sys.argv[1:] or [""]
    chosen = [bench for bench in BENCHMARKS if any(word in bench.__name__ for word in words)]
    print(f"ours, R, and how many times faster ours is; medians of {PAIRS} pairs or as said")
    with tempfile.TemporaryDirectory() as folder:
        met = [bench(Path(folder)) for bench in chosen]
    if not all(met):
        sys.exit("a target was missed")


if __name__ == "__main__":
    main()
