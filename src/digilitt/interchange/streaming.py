"""Scoring files of any size: Parquet in, Parquet out, never the whole table in memory."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from digilitt.define.instrument import Instrument
from digilitt.errors import InterchangeError, Problem, ResponseError, counted
from digilitt.interchange.engines import Counts, Job, score_by_duckdb, score_by_polars
from digilitt.interchange.files import PARQUET_SUFFIXES, refuse_broken_parquet
from digilitt.interchange.parquet import lacking_extra
from digilitt.interchange.records import failure
from digilitt.interchange.whole import beside, place_problems
from digilitt.result import Caveat, Provenance, Result, version
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.plan import Plan
from digilitt.scoring.scores import instrument_caveats

Engine = Literal["polars", "duckdb"]


def score_file(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    instrument: Instrument | Plan,
    *,
    keep: str | Sequence[str] | None = None,
    engine: Engine | None = None,
    on_problem: Literal["error", "missing"] = "error",
    overwrite: bool = False,
) -> Result:
    """Score Parquet files of any size into a Parquet file, a row for each row read.

    The table is never in memory as a whole. What is written has a row for each row that is
    read, in the same order, with the columns that `score_frame` adds. It is not for
    publication: no disclosure rule is applied.

    Parameters
    ----------
    source : path
        A Parquet file; a folder of them; or a pattern such as ``"answers/2026-*.parquet"``.
        Several files are one table, in the order of their names. Item columns hold raw codes
        as numbers of any type, null or NaN where there is no answer.
    out : path
        The file to write; its name ends in ``.parquet``. It appears whole or not at all.
    instrument : Instrument or Plan
    keep : str or sequence of str, optional
        Columns to take along, such as the person's id; all of them unless said.
    engine : {"polars", "duckdb"}, optional
        Who does the work; Polars, where it is installed, unless said. Both give the same
        scores.
    on_problem : {"error", "missing"}
        What to do with answers that are neither an option nor a missing code: refuse, before
        anything is written; or take them as not answered, and count them in
        ``{scale}_n_invalid``.
    overwrite : bool, default False
        Whether a file of that name may be replaced. A file that is read never is.

    Returns
    -------
    Result
        The table has one row per item that is scored or decides whether one is asked: item,
        n_invalid. Caveats tell of invalid
        answers; the provenance has the number of rows in `n`, and the files in `source`.

    Raises
    ------
    InterchangeError
        Files that cannot be read, are no Parquet, or have not all the same columns; a place
        that cannot be written.
    ResponseError
        As by `score_frame`: item columns that are lacking or not numeric, invalid answers.
    MissingExtraError
        Neither Polars nor DuckDB is installed; the extra ``scale`` brings both.

    Notes
    -----
    The file's metadata name the instrument, its digest (SHA-256 of its canonical JSON) and
    digilitt's version, under ``digilitt.instrument``, ``digilitt.digest`` and
    ``digilitt.version``.

    Examples
    --------
    >>> import digilitt as dl
    >>> import pandas as pd
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> frame = pd.DataFrame({"person": ["p1", "p2"], **{f"sus{i}": [3, 5] for i in range(1, 11)}})
    >>> with TemporaryDirectory() as folder:
    ...     answers, scores = Path(folder, "answers.parquet"), Path(folder, "scores.parquet")
    ...     _ = dl.write_table({"answers": frame}, answers)
    ...     told = dl.score_file(answers, scores, dl.instrument("sus"), keep=["person"])
    ...     print(pd.read_parquet(scores))
      person  sus_linear_score  sus_n_answered
    0     p1              50.0              10
    1     p2              50.0              10
    >>> told.provenance.n, told.provenance.source
    (2, ('answers.parquet',))
    """
    if on_problem not in ("error", "missing"):
        raise ResponseError(f"on_problem={on_problem!r} is unknown; use 'error' or 'missing'.")
    plan = instrument if isinstance(instrument, Plan) else compile_plan(instrument)
    chosen = _engine(engine)
    files, target = _files(source), Path(out)
    _check_target(target, Path(source), files, overwrite)
    known = plan.instrument
    along = (keep,) if isinstance(keep, str) else keep
    job = Job(
        name=Path(source).name,
        files=files,
        target=target.name,
        plan=plan,
        keep=None if along is None else tuple(dict.fromkeys(along)),
        count_invalid=on_problem == "missing",
        metadata={
            "digilitt.instrument": known.name,
            "digilitt.digest": known.digest,
            "digilitt.version": version(),
        },
    )
    with beside(target) as path:
        score = score_by_polars if chosen == "polars" else score_by_duckdb
        counts = score(job, path)
    return _told(job, counts, chosen, on_problem)


def _engine(wanted: str | None) -> Engine:
    """The engine to use: the one wanted, or the first that is installed."""
    known: tuple[Engine, ...] = get_args(Engine)
    if wanted is not None and wanted not in known:
        several = " or ".join(map(repr, known))
        message = f"engine= is {wanted!r}; expected {several}, or nothing."
        raise InterchangeError([Problem(code="unknown-engine", message=message)])
    for name in known:
        if wanted in (None, name) and _is_installed(name):
            return name
    raise lacking_extra(wanted or "polars or duckdb")


def _is_installed(engine: Engine) -> bool:
    try:
        if engine == "polars":
            import polars as pl  # noqa: F401
        else:
            import duckdb  # noqa: F401
    except ImportError:
        return False
    return True


def _files(source: str | os.PathLike[str]) -> tuple[Path, ...]:
    """The files meant by a path, a folder or a pattern, each known to begin and end as Parquet."""
    path = Path(source)
    try:
        if path.is_dir():
            found = [file for file in path.iterdir() if _is_part(file)]
        elif not path.exists() and glob.has_magic(str(path)):
            # Not by Path.glob, which takes no absolute patterns.
            names = glob.glob(str(path), recursive=True)  # noqa: PTH207
            found = [file for file in map(Path, names) if file.is_file()]
        else:
            found = [path]
    except (OSError, ValueError) as error:
        raise failure("cannot-read", "The place cannot be read.", file=path.name) from error
    if not found:
        message = (
            "There are no Parquet files here. A pattern such as 'folder/*/*.parquet' finds files "
            "in folders below."
        )
        raise failure("file-not-found", message, file=path.name)
    problems = list(_partitioned(found))
    for file in found:
        try:
            refuse_broken_parquet(file)
        except InterchangeError as error:
            problems += error.problems
    if problems:
        raise InterchangeError(problems)
    return tuple(sorted(found))


def _partitioned(files: Sequence[Path]) -> Iterator[Problem]:
    """Files in folders such as ``year=2026``, whose year may stand nowhere else."""
    folders = {file.parent for file in files}
    if len(folders) > 1 and any("=" in folder.name for folder in folders):
        several = ", ".join(sorted({folder.name for folder in folders})[:3])
        message = (
            f"The names of folders hold values ({several}), which would be lost. Write them as a "
            "column first, or score one folder at a time."
        )
        yield Problem(code="partitioned", message=message)


def _is_part(file: Path) -> bool:
    """Whether a file in a folder is one of its tables, not a note that the writer left."""
    is_named = file.suffix.lower() in PARQUET_SUFFIXES and not file.name.startswith((".", "_"))
    return is_named and file.is_file()


def _check_target(target: Path, source: Path, files: Sequence[Path], overwrite: bool) -> None:
    found = place_problems(target, overwrite)
    if target.suffix.lower() not in PARQUET_SUFFIXES:
        message = f"The name ends in {target.suffix!r}; expected .parquet."
        found.append(("unknown-suffix", message))
    if target.exists() and any(target.samefile(file) for file in files):
        message = "The file is read by this run too, and would be lost. Choose another name."
        found = [("file-exists", message)]
    elif _would_be_read(target, source, files):
        message = (
            "The file would stand among the files that are read, and the next run would take it "
            "for answers. Choose another folder."
        )
        found.append(("among-sources", message))
    if found:
        raise InterchangeError(Problem(code=c, file=target.name, message=m) for c, m in found)


def _would_be_read(target: Path, source: Path, files: Sequence[Path]) -> bool:
    """Whether a folder or a pattern would find the target too."""
    beside_one = target.resolve().parent in {file.resolve().parent for file in files}
    if source.is_dir():
        return beside_one
    is_pattern = tuple(files) != (source,)
    return is_pattern and beside_one and fnmatch.fnmatch(target.name, source.name)


def _told(job: Job, counts: Counts, engine: Engine, on_problem: str) -> Result:
    table = pd.DataFrame(
        {"item": list(counts.invalid), "n_invalid": list(counts.invalid.values())}
    ).astype({"item": object, "n_invalid": "int64"})
    known = job.plan.instrument
    caveats = [
        Caveat(
            code="invalid-answer",
            where=item,
            message=f"{counted(n, 'answer')} outside options and missing codes, taken as missing.",
        )
        for item, n in counts.invalid.items()
        if n
    ]
    caveats += instrument_caveats(known)
    kept = () if job.keep is None else (("keep", ", ".join(job.keep)),)
    return Result(
        kind="scored file",
        table=table,
        caveats=tuple(caveats),
        provenance=Provenance(
            instrument=known.name,
            digest=known.digest,
            method="score_file",
            options=(("engine", engine), ("on_problem", on_problem), *kept),
            n=counts.n_rows,
            source=tuple(file.name for file in job.files),
        ),
    )
