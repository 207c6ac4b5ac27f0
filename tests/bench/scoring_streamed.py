"""Speed and memory of `score_file`, Parquet to Parquet, beside streamed numpy by hand.

The opponent is what somebody who knows numpy and pyarrow would write for exactly this
instrument: batches of 65 536 rows read by pyarrow, scored in float32 (whole numbers up to 50 are
exact there) by as many threads as there are cores, bands written as dictionary codes, the same
columns and the same compression. pyarrow decodes and Polars works in as many threads. Every run
is a process of its own, which tells its seconds without imports, the seconds of processor time
over all threads, and its peak resident memory; the sides take turns, so that drift of the machine
falls on all.

    python tests/bench/scoring_streamed.py [ROWS]
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

N_PERSONS, PAIRS, BATCH = 10_000_000, 3, 65_536
GROUP_ROWS = 131_072
MOST_RATIO, MOST_MEMORY = 1.3, 1000
COMPRESSION = "zstd"
SCORES = ("s0_mean_score", "s1_sum_score", "s2_pomp")


def generate(path: str, n: int) -> None:
    """Answers as int8, 6 % blank and 2 % with the missing code, one row group after another."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from scoring import HIGH, LOW, MISSING, N_ITEMS

    rng = np.random.default_rng(20261122)
    fields = [("person", pa.int64()), *((f"i{item}", pa.int8()) for item in range(N_ITEMS))]
    schema = pa.schema(fields)
    with pq.ParquetWriter(path, schema, compression=COMPRESSION) as writer:
        for start in range(0, n, GROUP_ROWS):
            rows = min(GROUP_ROWS, n - start)
            columns = [pa.array(np.arange(start, start + rows))]
            for _ in range(N_ITEMS):
                codes = rng.integers(LOW, HIGH + 1, rows).astype(np.int8)
                codes[rng.random(rows) < 0.02] = MISSING
                columns.append(pa.array(codes, mask=rng.random(rows) < 0.06))
            writer.write_table(pa.table(columns, schema=schema))


def score_batch(batch: Any) -> list[Any]:
    """The scores of one batch as Arrow arrays; written for the bench instrument alone."""
    import numpy as np
    import pyarrow as pa
    from scoring import HIGH, LOW, MISSING, N_ITEMS, N_SCALES, RANGES, is_reversed, names_of

    ids = pa.array(["b0", "b1", "b2"])
    made = [batch.column("person")]
    for scale, (low, high) in enumerate(RANGES):
        total = np.zeros(batch.num_rows, dtype=np.float32)
        answered = np.zeros(batch.num_rows, dtype=np.int8)
        for name in names_of(scale):
            answer = batch.column(name).cast(pa.float32()).to_numpy(zero_copy_only=False)
            valid = (answer >= LOW) & (answer <= HIGH) & (answer == np.floor(answer))
            if not (valid | (answer == MISSING) | np.isnan(answer)).all():
                raise ValueError(name)
            keyed = LOW + HIGH - answer if is_reversed(name) else answer
            total += np.where(valid, keyed, np.float32(0.0))
            answered += valid.view(np.int8)
        with np.errstate(invalid="ignore", divide="ignore"):
            enough = answered >= N_ITEMS / N_SCALES / 2
            mean = np.where(enough, total.astype(np.float64) / answered, np.nan)
        estimate = (mean, mean * 10.0, (mean - LOW) / (HIGH - LOW) * 100.0)[scale]
        nothing = np.isnan(estimate)
        cuts = np.linspace(low, high, 4)[:3]
        band = np.searchsorted(cuts, estimate + 1e-9, side="right").astype(np.int8) - 1
        made += [
            pa.array(estimate, mask=nothing),
            pa.array(answered.astype(np.int64)),
            pa.DictionaryArray.from_arrays(pa.array(band, mask=nothing), ids),
        ]
    return made


def by_hand(source: str, out: str) -> None:
    """Read, score in threads and write, with no more than a few batches under way."""
    from concurrent.futures import Future, ThreadPoolExecutor

    import pyarrow as pa
    import pyarrow.parquet as pq
    from scoring import N_ITEMS

    text, threads = pa.dictionary(pa.int8(), pa.string()), os.cpu_count() or 1
    fields: list[tuple[str, Any]] = [("person", pa.int64())]
    for scale, score in enumerate(SCORES):
        fields += [(score, pa.float64()), (f"s{scale}_n_answered", pa.int64())]
        fields.append((f"s{scale}_band", text))
    schema = pa.schema(fields)
    columns = ["person", *(f"i{item}" for item in range(N_ITEMS))]
    # Without Arrow's own schema the bands are plain texts to whoever reads the file.
    options = {"compression": COMPRESSION, "store_schema": False}
    with pq.ParquetWriter(out, schema, **options) as writer, ThreadPoolExecutor(threads) as pool:
        under_way: deque[Future[list[Any]]] = deque()

        def write_first() -> None:
            made = under_way.popleft().result()
            writer.write_batch(pa.RecordBatch.from_arrays(made, schema=schema))

        for batch in pq.ParquetFile(source).iter_batches(BATCH, columns=columns):
            under_way.append(pool.submit(score_batch, batch))
            if len(under_way) > threads + 1:
                write_first()
        while under_way:
            write_first()


def by_digilitt(source: str, out: str, engine: Any) -> None:
    """The same by `score_file`."""
    from scoring import plan

    from digilitt.interchange.streaming import score_file

    score_file(source, out, plan(), keep=["person"], engine=engine)


def compare(one: str, other: str) -> None:
    """Both files hold the same, a batch at a time."""
    import numpy as np
    import pyarrow.parquet as pq

    batches = (pq.ParquetFile(path).iter_batches(BATCH) for path in (one, other))
    for mine, theirs in zip(*batches, strict=True):
        assert mine.schema.names == theirs.schema.names
        for name in mine.schema.names:
            if name in SCORES:
                pair = (b.column(name).to_numpy(zero_copy_only=False) for b in (mine, theirs))
                np.testing.assert_allclose(*pair, rtol=1e-12)
            else:
                kind = theirs.schema.field(name).type
                assert mine.column(name).cast(kind).equals(theirs.column(name)), name


def child(what: str, *arguments: str) -> None:
    """Do one thing in this process; tell seconds, processor seconds and peak megabytes."""
    # Imports are not timed.
    import duckdb  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import scoring  # noqa: F401  (with numpy, pandas and Polars)

    import digilitt.interchange.streaming  # noqa: F401

    start, worked = time.perf_counter(), time.process_time()
    if what == "generate":
        generate(arguments[0], int(arguments[1]))
    elif what == "compare":
        compare(*arguments)
    elif what == "hand":
        by_hand(*arguments)
    else:
        by_digilitt(*arguments, engine=what)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([seconds, worked, peak / (1e6 if sys.platform == "darwin" else 1024)]))


def run(*arguments: str) -> tuple[float, float, float]:
    """Seconds, processor seconds and megabytes of a child process."""
    command = [sys.executable, __file__, "child", *arguments]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds, worked, memory = json.loads(ended.stdout)
    return seconds, worked, memory


def ratio(ours: list[float], theirs: list[float]) -> str:
    """Median ratio of paired runs, and the smallest and largest."""
    ratios = sorted(mine / other for mine, other in zip(ours, theirs, strict=True))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def main(n: int) -> None:
    """Check that all give the same scores, then time them in turn."""
    sides = ("hand", "polars", "duckdb")
    with TemporaryDirectory() as folder:
        source = str(Path(folder, "answers.parquet"))
        out = {side: str(Path(folder, f"{side}.parquet")) for side in sides}
        run("generate", source, str(n))
        found: dict[str, list[tuple[float, ...]]] = {side: [] for side in sides}
        for _ in range(PAIRS):
            for side in sides:
                Path(out[side]).unlink(missing_ok=True)
                found[side].append(run(side, source, out[side]))
        for side in sides[1:]:
            run("compare", out[side], out["hand"])
    print(f"{n:,} persons × 30 items, Parquet to Parquet, {os.cpu_count()} cores")
    print(f"medians of {PAIRS} runs in turn; at most {MOST_RATIO} × by hand and {MOST_MEMORY} MB")
    hand = list(zip(*found["hand"], strict=True))
    print(f"{'':<8}{'wall':>9}{'ratio':>20}{'processor':>13}{'ratio':>20}{'peak':>10}")
    for side, runs in found.items():
        seconds, worked, memory = (list(column) for column in zip(*runs, strict=True))
        print(
            f"{side:<8}{statistics.median(seconds):7.2f} s{ratio(seconds, hand[0]):>20}"
            f"{statistics.median(worked):11.2f} s{ratio(worked, hand[1]):>20}{max(memory):7.0f} MB"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else N_PERSONS)
