"""Scoring Parquet to Parquet, row group by row group, in Polars or in DuckDB.

Each file is read twice: once to look for answers that do not fit, once to score. Looking takes
about a quarter of the time, and nothing is written where any are found. Doing both at once is no
quicker, and lets Polars keep gigabytes of what only one of the two has taken up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from digilitt.errors import InterchangeError, Problem, ResponseError, counted
from digilitt.interchange.records import failure
from digilitt.scoring.expressions import output_names, stages
from digilitt.scoring.frames import score_frame
from digilitt.scoring.item_expressions import TEMPORARY, invalid_counts
from digilitt.scoring.plan import Plan, expected

# Of Zstandard, as pyarrow has it: scores hardly become smaller by a higher one, only slower.
LEVEL = 1
SHOWN_DIFFERENCES = 3

Run = Callable[[Any], tuple[int, ...]]
Write = Callable[[Any], None]
Broken = tuple[type[BaseException], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to score, and how.

    Attributes
    ----------
    name : str
        What to call the files in messages.
    files : tuple of Path
        Parquet files, read in this order as one table.
    target : str
        What to call the file that is written.
    plan : Plan
    keep : tuple of str, or None
        Columns to take along; None for all.
    count_invalid : bool
        Whether to count answers that do not fit, rather than refuse them.
    metadata : dict of str to str
        Written into the file.
    """

    name: str
    files: tuple[Path, ...]
    target: str
    plan: Plan
    keep: tuple[str, ...] | None
    count_invalid: bool
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows, and by item the answers that are neither an option nor a missing code."""

    n_rows: int
    invalid: dict[str, int]


def score_by_polars(job: Job, path: Path) -> Counts:
    """Score the files in Polars' streaming engine and write the path."""
    import polars as pl

    def run(frame: Any) -> tuple[int, ...]:
        row: tuple[int, ...] = frame.collect(engine="streaming").row(0)
        return row

    def schema(file: Path) -> dict[str, object]:
        return dict(pl.scan_parquet(file, glob=False, hive_partitioning=False).collect_schema())

    def write(frame: Any) -> None:
        frame.sink_parquet(
            path,
            compression="zstd",
            compression_level=LEVEL,
            metadata=dict(job.metadata),
            engine="streaming",
        )

    broken = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
    _refuse_unlike(job.files, schema, broken)
    frame = pl.scan_parquet(list(job.files), glob=False, hive_partitioning=False)
    return _score(job, frame, run, write, broken)


def score_by_duckdb(job: Job, path: Path) -> Counts:
    """Score the files in DuckDB and write the path."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        # By a file's statistics DuckDB takes it that nothing is NaN: duckdb/duckdb#25521.
        connection.execute("SET disabled_optimizers = 'statistics_propagation'")

        def schema(file: Path) -> dict[str, str]:
            pattern = _unglobbed(file)
            names = connection.execute("SELECT name FROM parquet_schema(?)", [pattern]).fetchall()
            relation = connection.read_parquet([pattern])
            _refuse_names(file, {name for (name,) in names}, relation)
            return dict(zip(relation.columns, map(str, relation.types), strict=True))

        def run(relation: Any) -> tuple[int, ...]:
            row: tuple[int, ...] = relation.fetchall()[0]
            return row

        def write(relation: Any) -> None:
            view = f"{TEMPORARY}scored"
            relation.create_view(view)
            told = ", ".join(f'"{key}": {_quoted(text)}' for key, text in job.metadata.items())
            connection.execute(
                f"COPY {view} TO {_quoted(str(path))} (FORMAT parquet, COMPRESSION zstd, "
                f"COMPRESSION_LEVEL {LEVEL}, USE_TMP_FILE false, KV_METADATA {{{told}}})"
            )

        broken = (duckdb.Error, OSError)
        _refuse_unlike(job.files, schema, broken)
        relation = connection.read_parquet([_unglobbed(file) for file in job.files])
        return _score(job, relation, run, write, broken)


def _score(job: Job, frame: Any, run: Run, write: Write, broken: Broken) -> Counts:
    """Count, refuse, then score and write."""
    import narwhals.stable.v2 as nw

    plan = job.plan
    try:
        data = nw.from_native(frame)
        names = data.collect_schema().names()
        kept = _kept(job, names)
        needed = {*kept, *plan.columns, *plan.norm_groups}
        data = data.drop([name for name in names if name not in needed])
        scored = nw.from_native(score_frame(nw.to_native(data), plan, on_problem="missing"))
        counts = _counts(data, plan, run)
    except ResponseError as error:
        raise ResponseError(replace(p, file=job.name) for p in error.problems) from error
    except broken as error:
        raise _damaged(job.name) from error
    if not counts.n_rows:
        raise failure("no-rows", "There are no rows to score.", file=job.name)
    if not job.count_invalid and (problems := list(_invalid(plan, counts, job.name))):
        raise ResponseError(problems)
    wanted = {*kept, *output_names(plan, count_invalid=job.count_invalid)}
    others = [name for name in scored.collect_schema().names() if name not in wanted]
    try:
        write(nw.to_native(scored.drop(others)))
    except broken as error:
        message = (
            "The scores cannot be written, or a column that goes along cannot be read. See "
            "whether the disk is full, and whether you may write to the folder."
        )
        raise failure("cannot-write", message, file=job.target) from error
    return counts


def _kept(job: Job, names: Sequence[str]) -> Sequence[str]:
    if job.keep is None:
        return names
    problems = []
    for name in job.keep:
        if name not in names:
            close = get_close_matches(name, names, n=1)
            hint = f" Is it {close[0]!r}?" if close else ""
            message = f"no column of that name to take along.{hint}"
            problems.append(Problem(code="missing-column", column=name, message=message))
    if problems:
        raise ResponseError(problems)
    return job.keep


def _counts(data: Any, plan: Plan, run: Run) -> Counts:
    import narwhals.stable.v2 as nw

    for stage in stages(plan):
        data = data.with_columns(*stage)
    counts = invalid_counts(plan)
    # Sums over no rows are null in SQL.
    numbers = [nw.len().alias(TEMPORARY), *(n.alias(item.item) for item, n in counts.items())]
    n_rows, *invalid = (number or 0 for number in run(nw.to_native(data.select(*numbers))))
    return Counts(n_rows, {item.item: n for item, n in zip(counts, invalid, strict=True)})


def _invalid(plan: Plan, counts: Counts, file: str) -> Iterator[Problem]:
    for item in plan.read_items:
        if count := counts.invalid[item.item]:
            message = (
                f"{counted(count, 'answer')} outside options and missing codes; expected "
                f"{expected(item)}. Mend the file, or take them as missing and count them: "
                "on_problem='missing' (--on-problem missing)."
            )
            yield Problem(code="invalid-answer", file=file, column=item.item, message=message)


def _refuse_unlike(
    files: Sequence[Path], schema: Callable[[Path], Mapping[str, object]], broken: Broken
) -> None:
    """Refuse files that do not make one table; DuckDB would round numbers to the first's types."""
    problems: list[Problem] = []
    first: Mapping[str, object] = {}
    for file in files:
        try:
            _refuse_repeated(file)
            found = schema(file)
        except InterchangeError as error:
            problems += error.problems
            continue
        except broken:
            problems += _damaged(file.name).problems
            continue
        first = first or found
        differences = [
            f"{name!r} is {found.get(name, 'lacking')} here and {first.get(name, 'lacking')} there"
            for name in dict.fromkeys((*first, *found))
            if found.get(name) != first.get(name)
        ]
        if differences:
            several = "; ".join(differences[:SHOWN_DIFFERENCES])
            more = len(differences) - SHOWN_DIFFERENCES
            message = (
                f"The columns are not those of {files[0].name}: {several}"
                f"{f'; and {more} more' if more > 0 else ''}. Write all files alike."
            )
            problems.append(Problem(code="schema-differs", file=file.name, message=message))
    if problems:
        raise InterchangeError(problems)


def _refuse_repeated(file: Path) -> None:
    """Refuse columns of one name, of which Polars before 2 passes over all but the last."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_schema
    except ImportError:
        return
    try:
        names = read_schema(file).names
    except (ArrowException, OSError, UnicodeError):
        return  # the engine will find the damage
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        message = "stands more than once; rename all but one."
        raise InterchangeError(
            Problem(code="duplicate-header", file=file.name, column=name, message=message)
            for name in repeated
        )


def _refuse_names(file: Path, names: set[str], relation: Any) -> None:
    """Refuse columns that DuckDB gives a new name, or does not find by their name.

    It does not tell capitals from small letters: of ``a1`` and ``A1`` the second is renamed.
    """
    problems = []
    for name in relation.columns:
        message = ""
        if name not in names:
            message = "is how DuckDB renames a column that another is called like but for capitals"
        elif not name.replace(":", "").isidentifier() and not _is_found(relation, name):
            message = "is a name that DuckDB takes for something else"
        if message:
            advice = f"{message}. Rename it, or use engine='polars'."
            problems.append(
                Problem(code="column-name", file=file.name, column=name, message=advice)
            )
    if problems:
        raise InterchangeError(problems)


def _is_found(relation: Any, name: str) -> bool:
    """Whether a name means one column; some mean all (``*``), or a column of a table (``a.b``)."""
    import duckdb

    try:
        return bool(relation.select(duckdb.ColumnExpression(name)).columns == [name])
    except duckdb.Error:
        return False


def _damaged(file: str) -> InterchangeError:
    message = "The content cannot be read: a file is damaged or only partly copied. Write it again."
    return failure("not-parquet", message, file=file)


def _unglobbed(file: Path) -> str:
    """A path as a pattern that fits nothing but this path."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(file))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
