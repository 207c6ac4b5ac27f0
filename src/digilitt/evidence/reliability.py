"""Reliability: how much of the differences between scores is more than error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from digilitt.errors import Problem, ResponseError
from digilitt.evidence.data import ItemData, Source, item_data, scales_of
from digilitt.evidence.options import is_random, is_whole, seed_of
from digilitt.evidence.reliability_rows import (
    Part,
    Row,
    bootstrap_rows,
    conditional_rows,
    groups_of,
    part_caveats,
    part_of,
    part_rows,
)
from digilitt.numerics.moments import Deletion
from digilitt.numerics.reliability_battery import STATISTICS, Matrix, Settings
from digilitt.numerics.reliability_splits import MAX_ALL_SPLITS
from digilitt.result import Caveat, Result
from digilitt.scoring.responses import Responses

Metric = Literal["sum_score", "mean_score", "pomp"]
AlphaInterval = Literal["feldt", "adf"]

COLUMNS = {
    "statistic": "str",
    "estimate": "float64",
    "std_error": "float64",
    "conf_low": "float64",
    "conf_high": "float64",
    "n": "int64",
    "interval": "str",
    "matrix": "str",
    "n_factors": "Int64",
    "metric": "str",
    "definition": "str",
}
BOOTSTRAP = {
    "statistic": "str",
    "estimate": "float64",
    "bias": "float64",
    "std_error": "float64",
    "conf_low": "float64",
    "conf_high": "float64",
    "n_valid": "int64",
}
CONDITIONAL = {
    "metric": "str",
    "score_low": "float64",
    "score_high": "float64",
    "n": "int64",
    "standard_error_of_measurement": "float64",
    "standard_error_multinomial": "float64",
}
METRICS = {"sum": "sum_score", "mean": "mean_score", "pomp": "pomp"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Reliability(Result):
    """Reliability coefficients; made by `reliability` and `rater_reliability`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per coefficient: scale, item (with clusters only; empty for a whole scale), group
        (with `by` only), statistic, estimate, std_error, conf_low, conf_high, n (persons),
        interval (how it was made: "feldt", "adf", "f", "bootstrap", or empty), matrix
        (what the coefficient is computed from: "covariance", "correlation", "polychoric"),
        n_factors (NA where none are extracted), metric (of errors of measurement) and
        definition. Of two ratings: statistic to n, with df and p_value, interval, weights and
        definition.
    conditional : pandas.DataFrame
        If standard_error_of_measurement is among the rows, the same by score: scale, group,
        metric, score_low, score_high, n, standard_error_of_measurement,
        standard_error_multinomial.
    bootstrap : pandas.DataFrame
        Of every coefficient, if `n_bootstrap` was given: scale, group, statistic, estimate,
        bias, std_error, conf_low, conf_high, n_valid (samples that gave one).
    """

    conditional: pd.DataFrame
    bootstrap: pd.DataFrame

    def _heading(self) -> str:
        missing = dict(self.provenance.options).get("missing", "listwise")
        return f"{Result._heading(self)} · {missing} deletion"


def reliability(
    source: Source,
    *,
    scale: str | None = None,
    by: str | None = None,
    statistics: Sequence[str] | None = None,
    missing: Deletion = "listwise",
    matrix: Matrix = "correlation",
    n_factors: int = 3,
    metric: Metric | None = None,
    counts: str | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
    interval: AlphaInterval = "feldt",
    n_bootstrap: int = 0,
    rng: np.random.Generator | int = 0,
) -> Reliability:
    """Estimate the reliability of the score of each scale, by many coefficients, each named.

    Parameters
    ----------
    source : Responses or pandas.DataFrame
        A frame has persons in rows and items in numeric columns, keyed already.
    scale : str, optional
        For responses: one scale. Left out: every scale that is made of items.
    by : str, optional
        Column of groups: coefficients for each group, and for all persons, ``(all)``.
    statistics : sequence of str, optional
        Only these rows; left out, all that the data allow. kr20 stands only where every item is
        0 or 1. With clusters, icc_1 and design_effect follow whatever is named here.
    missing : {"listwise", "pairwise"}
        Persons who answered every item of the scale; or covariances from all who answered both
        items of a pair.
    matrix : {"correlation", "covariance"}
        For lambdas, split halves, omega_total and omega_hierarchical: the sum of standardized
        items, as R's psych has them, or of the items as they stand. The table names it.
    n_factors : int
        Group factors of omega_total and omega_hierarchical, 2 or more; three need 6 items.
    metric : {"sum_score", "mean_score", "pomp"}, optional
        For errors of measurement. Left out: the scale's own if it is one of these, else
        ``sum_score``. ``pomp`` needs responses, which know the possible range.
    counts : str, optional
        For a frame of answer patterns: column with the number of persons in each row.
    cluster : str, optional
        Column of units that persons answer in together. Rows icc_1 and design_effect then
        follow, for each item and the sum. Responses with a cluster need not name it.
    conf_level : float
        Between 0 and 1.
    interval : {"feldt", "adf"}
        For alpha and kr20: by F, exact for normal answers with equal variances and covariances;
        or distribution-free, for large samples, as the other coefficients have it.
    n_bootstrap : int
        Samples of a bootstrap of persons (of clusters, if there are any), for percentile
        intervals; 0 for none.
    rng : int or numpy.random.Generator
        For the bootstrap, and for split halves of more than 16 items.

    Returns
    -------
    Reliability
        With the caveat ``disclosure-not-applied``: small groups are shown.

    Raises
    ------
    ResponseError
        If the source, or an option, cannot be used; all problems at once.

    Notes
    -----
    The page *Reliability* has the formulas and their sources. Standard errors are those of the
    interval named beside them: normal theory (van Zyl, Neudecker and Nel, 2000,
    doi:10.1007/BF02296146) with "feldt", distribution-free with "adf".

    Checked against
    ---------------
    psych 2.2.9, lavaan 0.6-14 and semTools 0.5-6 in R 4.2.2: alpha, lambdas and split halves to
    1e-6, omegas to 1e-5 (one factor, categorical) and 1e-3 (Schmid-Leiman).

    Examples
    --------
    >>> answers = pd.DataFrame({"a1": [1, 2, 4, 5], "a2": [2, 2, 3, 5], "a3": [1, 3, 3, 4]})
    >>> found = reliability(answers, statistics=["alpha", "standard_error_of_measurement"])
    >>> found.table[["statistic", "estimate", "matrix", "metric"]].round(3)
                           statistic  estimate      matrix     metric
    0                          alpha     0.932  covariance
    1  standard_error_of_measurement     1.118  covariance  sum_score
    >>> found.table.loc[[0], ["conf_low", "conf_high", "interval"]].round(3)
       conf_low  conf_high interval
    0     0.548      0.995    feldt
    """
    # long because its options take half of it
    options: dict[str, Any] = {
        "statistics": statistics,
        "missing": missing,
        "matrix": matrix,
        "n_factors": n_factors,
        "metric": metric,
        "conf_level": conf_level,
        "interval": interval,
        "n_bootstrap": n_bootstrap,
    }
    _check(options, rng)
    scales = scales_of(source, scale)
    if not scales:
        message = "the instrument has no scale that is made of items; pass a data frame of items."
        raise ResponseError([Problem(code="no-scale", message=message)])
    generator, seed = np.random.default_rng(rng), seed_of(rng)
    data = [item_data(source, scale=name, by=by, cluster=cluster, counts=counts) for name in scales]
    parts = [part for each in data for part in _parts(source, each, options, generator)]
    chosen = {"scale": scale, "by": by, "cluster": cluster, "counts": counts, **options}
    random = n_bootstrap or any(len(each.items) > MAX_ALL_SPLITS for each in data)
    return Reliability(
        kind="reliability",
        table=_table(parts, part_rows, COLUMNS),
        conditional=_table(parts, conditional_rows, CONDITIONAL),
        bootstrap=_table(parts, bootstrap_rows, BOOTSTRAP),
        caveats=tuple(dict.fromkeys(_caveats(source, data, parts))),
        provenance=replace(
            data[0].provenance,
            method="reliability",
            options=tuple((name, str(told)) for name, told in chosen.items() if told is not None),
            seed=seed if random else "",
        ),
    )


def _parts(
    source: Source, data: ItemData, options: dict[str, Any], rng: np.random.Generator
) -> Iterator[Part]:
    """Each group of one scale."""
    metric = options["metric"] or _metric_of(source, data)
    units = {"sum_score": 1.0, "mean_score": 1.0 / len(data.items)}
    if data.ranges is not None:
        units["pomp"] = 100.0 / sum(high - low for low, high in data.ranges)
    elif metric == "pomp":
        message = "metric='pomp' needs responses: a data frame does not say which answers exist."
        raise ResponseError([Problem(code="wrong-value", column="metric", message=message)])
    wanted = options["statistics"] or STATISTICS
    given = data.values[~np.isnan(data.values)]
    binary = bool(len(given) and ((given == 0.0) | (given == 1.0)).all())
    settings = Settings(
        wanted=tuple(name for name in STATISTICS if name in wanted and (binary or name != "kr20")),
        matrix=options["matrix"],
        n_factors=options["n_factors"],
        conf_level=options["conf_level"],
        interval=options["interval"],
        unit=units[metric],
    )
    for group, rows in groups_of(data):
        whole = data if rows.all() else data.rows(rows)
        used = whole.complete() if options["missing"] == "listwise" else whole
        yield part_of(group, whole, used, metric, settings, rng, options["n_bootstrap"])


def _metric_of(source: Source, data: ItemData) -> str:
    if not isinstance(source, Responses) or not data.scale:
        return "sum_score"
    scale = next(each for each in source.instrument.scales if each.id == data.scale)
    return METRICS.get(scale.metric, "sum_score")


def _weighted(source: Responses, scale: str) -> bool:
    items = [item for each in source.instrument.scales if each.id == scale for item in each.items]
    return len({item.weight for item in items}) > 1


def _caveats(source: Source, data: Iterable[ItemData], parts: Iterable[Part]) -> Iterator[Caveat]:
    for each in data:
        yield from each.caveats
        if isinstance(source, Responses) and _weighted(source, each.scale):
            message = "the scale weights its items; these figures are about the plain sum."
            yield Caveat(code="weights-not-used", where=each.scale, message=message)
    for part in parts:
        yield from part_caveats(part)
    message = "small groups are shown; apply a Disclosure before anybody else sees this."
    yield Caveat(code="disclosure-not-applied", message=message)


def _table(
    parts: Sequence[Part], made: Callable[[Part], Iterator[Row]], columns: dict[str, str]
) -> pd.DataFrame:
    keys = ["scale"]
    if made is part_rows and any(part.clusters for part in parts):
        keys.append("item")
    if any(part.group is not None for part in parts):
        keys.append("group")
    rows = [row for part in parts for row in made(part)]
    types = dict.fromkeys(keys, "str") | columns
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def _check(options: dict[str, Any], rng: object) -> None:
    """Raise every problem of the options at once."""
    problems = []
    kinds = {"missing": Deletion, "matrix": Matrix, "metric": Metric, "interval": AlphaInterval}
    for name, kind in kinds.items():
        found, known = options[name], get_args(kind)
        if found not in known and not (name == "metric" and found is None):
            problems.append((name, f"found {found!r}; expected {_listed(known)}."))
    wanted = options["statistics"]
    if isinstance(wanted, str) or (wanted is not None and not len(wanted)):
        problems.append(("statistics", f"found {wanted!r}; expected a list of names."))
    else:
        problems += [
            ("statistics", f"found {name!r}; expected {_listed(STATISTICS)}.")
            for name in wanted or ()
            if name not in STATISTICS
        ]
    for name, least in (("n_factors", 2), ("n_bootstrap", 0)):
        if not is_whole(options[name]) or options[name] < least:
            problems.append(
                (name, f"found {options[name]!r}; expected a whole number, {least} up.")
            )
    problems += option_problems(options["conf_level"], rng)
    if problems:
        raise ResponseError(
            Problem(code="wrong-value", column=name, message=message) for name, message in problems
        )


def option_problems(conf_level: object, rng: object) -> Iterator[tuple[str, str]]:
    """What is wrong with the level of an interval, and with a seed."""
    numeric = isinstance(conf_level, (int, float)) and not isinstance(conf_level, bool)
    if not numeric or not 0 < conf_level < 1:  # type: ignore[operator]
        yield (
            "conf_level",
            f"found {conf_level!r}; expected a number between 0 and 1, such as 0.95.",
        )
    if not is_random(rng):
        yield "rng", f"found {rng!r}; expected a seed (a whole number from 0) or a numpy Generator."


def _listed(known: Iterable[str]) -> str:
    return " or ".join(", ".join(map(repr, known)).rsplit(", ", 1))
