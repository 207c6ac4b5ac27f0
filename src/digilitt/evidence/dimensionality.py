"""Dimensionality: how many factors or components each of several rules suggests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import get_args

import numpy as np
import pandas as pd

from digilitt.errors import Problem, ResponseError
from digilitt.evidence.data import ItemData, Source, item_data
from digilitt.evidence.dimensionality_rules import (
    Matrix,
    Options,
    Rules,
    apply_rules,
    correlations,
    rule_caveats,
    suggestions,
)
from digilitt.evidence.options import category_problems, is_random, is_whole, seed_of
from digilitt.evidence.polychoric import MOST_CATEGORIES
from digilitt.numerics.dimensionality import Communality
from digilitt.numerics.moments import Deletion
from digilitt.numerics.parallel import Correlation, Percentile, Reference
from digilitt.result import Caveat, Result

COLUMNS = {
    "scale": "str",
    "statistic": "str",
    "estimate": "float64",
    "df": "float64",
    "p_value": "float64",
    "n": "int64",
    "n_factors": "Int64",
    "hypothesis": "str",
    "definition": "str",
}
COMMUNALITIES = {
    "smc": "squared multiple correlations in the diagonal",
    "minres": "communalities of one minres factor in the diagonal",
}
REFERENCES = {"permutation": "permuted answers", "normal": "independent normal data"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Dimensionality(Result):
    """What several rules say of the number of dimensions; made by `dimensionality`.

    Attributes
    ----------
    table : pandas.DataFrame
        scale, statistic, estimate, df, p_value, n, n_factors (what the rule suggests),
        hypothesis (of a test) and definition. Statistics: kmo, bartlett_chi2, map and
        map_revised (the smallest average), parallel_component, parallel_factor and ekc (whose
        estimate is the number suggested).
    eigenvalues : pandas.DataFrame
        kind ("component" or "factor"), number, observed; reference (the percentile), mean
        and share_above, all of the simulated data; ekc_reference.
    kmo_items : pandas.DataFrame
        item, kmo.
    map_values : pandas.DataFrame
        n_components (held constant, from 0), map, map_revised.
    """

    eigenvalues: pd.DataFrame
    kmo_items: pd.DataFrame
    map_values: pd.DataFrame


def dimensionality(
    source: Source,
    *,
    scale: str | None = None,
    correlation: Correlation = "pearson",
    missing: Deletion = "listwise",
    communality: Communality = "smc",
    reference: Reference = "permutation",
    n_simulations: int = 100,
    percentile: Percentile = 95.0,
    rng: np.random.Generator | int = 0,
    counts: str | None = None,
) -> Dimensionality:
    """Ask several rules how many factors or components the items have.

    Parameters
    ----------
    source : Responses or pandas.DataFrame
        A frame has persons in rows and items in numeric columns.
    scale : str, optional
        For responses: the items of this scale. Left out: all scored items together.
    correlation : {"pearson", "polychoric"}
        For the data and for the simulated data alike.
    missing : {"listwise", "pairwise"}
        Persons who answered every item, or for each pair of items those who answered both.
    communality : {"smc", "minres"}
        What stands in the diagonal for ``parallel_factor``: squared multiple correlations, or
        the communalities of one minres factor, as in R's ``fa.parallel``.
    reference : {"permutation", "normal"}
        Simulated data: the answers to each item in random order, or independent normal
        variables (cut at the items' thresholds for polychoric correlations).
    n_simulations : int
        Simulated data sets.
    percentile : float or "mean"
        Of the simulated eigenvalues: what an observed one must be above.
    rng : int or numpy.random.Generator
        For the simulated data.
    counts : str, optional
        For a frame of answer patterns: column with the number of persons in each row.

    Returns
    -------
    Dimensionality

    Raises
    ------
    ResponseError
        If the source, or an option, cannot be used; all problems at once.

    Notes
    -----
    Minimum average partial: Velicer (1976), and Velicer, Eaton and Fava (2000) with the fourth
    power. Parallel analysis: Horn (1965), with a percentile Glorfeld (1995), of the reduced
    matrix Humphreys and Ilgen (1969). Empirical Kaiser criterion: Braeken and van Assen
    (2017). No rule is right always, and none is followed here; the page *Dimensionality* has
    formulas and limits.

    Checked against
    ---------------
    psych 2.2.9 in R 4.2.2: KMO, Bartlett and average partials to 1e-6, simulated eigenvalues
    within Monte-Carlo error.

    Examples
    --------
    >>> draw = np.random.default_rng(1).standard_normal
    >>> both, own = draw((200, 1)), draw((200, 4))
    >>> found = dimensionality(pd.DataFrame(both + own, columns=["a", "b", "c", "d"]), rng=1)
    >>> found.table.set_index("statistic")["n_factors"].dropna().astype(int).to_dict()
    {'map': 1, 'map_revised': 1, 'parallel_component': 1, 'parallel_factor': 1, 'ekc': 1}
    """
    options = Options(
        correlation=correlation,
        missing=missing,
        communality=communality,
        reference=reference,
        n_simulations=n_simulations,
        percentile=percentile,
    )
    problems = list(_option_problems(options, rng))
    if problems:
        raise ResponseError(problems)
    data = item_data(source, scale=scale, counts=counts)
    if problems := list(_data_problems(source, data, correlation)):
        raise ResponseError(problems)
    seed = seed_of(rng)
    matrix, caveats = correlations(data, options)
    found = apply_rules(matrix, options, np.random.default_rng(rng))
    return _result(data, matrix, found, options, caveats, seed)


def _result(
    data: ItemData,
    matrix: Matrix,
    found: Rules,
    options: Options,
    caveats: list[Caveat],
    seed: str,
) -> Dimensionality:
    return Dimensionality(
        kind="dimensionality",
        table=_table(data, matrix, found, options),
        eigenvalues=_eigenvalues(found),
        kmo_items=pd.DataFrame({"item": data.items, "kmo": found.kmo_items}),
        map_values=pd.DataFrame(
            {
                "n_components": np.arange(len(data.items)),
                "map": found.partials.squared,
                "map_revised": found.partials.fourth,
            }
        ),
        caveats=tuple(dict.fromkeys([*data.caveats, *caveats, *rule_caveats(found, options)])),
        provenance=replace(
            data.provenance,
            method="dimensionality",
            options=(("scale", data.scale), *_told(options)),
            seed=seed,
        ),
    )


def _told(options: Options) -> Iterator[tuple[str, str]]:
    for each in fields(options):
        value = getattr(options, each.name)
        yield each.name, f"{value:g}" if isinstance(value, float) else str(value)


def _table(data: ItemData, matrix: Matrix, found: Rules, options: Options) -> pd.DataFrame:
    suggested = suggestions(found)
    estimates = {
        "kmo": found.kmo,
        "bartlett_chi2": found.bartlett[0],
        **{name: np.nan if n is None else float(n) for name, n in suggested.items()},
    }
    for name, averages in (("map", found.partials.squared), ("map_revised", found.partials.fourth)):
        estimates[name] = np.nan if suggested[name] is None else float(np.nanmin(averages))
    definitions = _definitions(options)
    rows = []
    for name, estimate in estimates.items():
        tested = name == "bartlett_chi2"
        rows.append(
            {
                "scale": data.scale,
                "statistic": name,
                "estimate": estimate,
                "df": float(found.bartlett[1]) if tested else np.nan,
                "p_value": found.bartlett[2] if tested else np.nan,
                "n": matrix.n,
                "n_factors": suggested.get(name),
                "hypothesis": "no two items correlate" if tested else "",
                "definition": definitions[name],
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _definitions(options: Options) -> dict[str, str]:
    of = f"{options.correlation} correlations, {options.missing}"
    level = (
        options.percentile
        if options.percentile == "mean"
        else f"{options.percentile:g}th percentile"
    )
    simulated = f"{level} of {options.n_simulations} sets of {REFERENCES[options.reference]}"
    return {
        "kmo": f"overall; {of}",
        "bartlett_chi2": f"Bartlett 1951; {of}",
        "map": f"squared partial correlations, from 0 components; {of}",
        "map_revised": f"fourth power of partial correlations, from 0 components; {of}",
        "parallel_component": f"eigenvalues above the {simulated}; {of}",
        "parallel_factor": (
            f"eigenvalues with {COMMUNALITIES[options.communality]} above the {simulated}; {of}"
        ),
        "ekc": f"eigenvalues above Braeken and van Assen's (2017) reference values; {of}",
    }


def _eigenvalues(found: Rules) -> pd.DataFrame:
    k = len(found.component)
    parts = []
    for kind, observed, comparison, ekc in (
        ("component", found.component, found.parallel_component, found.ekc),
        ("factor", found.factor, found.parallel_factor, np.full(k, np.nan)),
    ):
        columns = {
            "kind": kind,
            "number": np.arange(1, k + 1),
            "observed": observed,
            "reference": comparison.reference,
            "mean": comparison.mean,
            "share_above": comparison.share_above,
            "ekc_reference": ekc,
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def _option_problems(options: Options, rng: object) -> Iterator[Problem]:
    choices = {
        "correlation": Correlation,
        "missing": Deletion,
        "communality": Communality,
        "reference": Reference,
    }
    for name, known in choices.items():
        if (given := getattr(options, name)) not in get_args(known):
            message = f"found {given!r}; expected {' or '.join(map(repr, get_args(known)))}."
            yield Problem(code="wrong-value", column=name, message=message)
    if not is_whole(options.n_simulations) or options.n_simulations < 1:
        message = f"found {options.n_simulations!r}; expected a whole number of 1 or more."
        yield Problem(code="wrong-value", column="n_simulations", message=message)
    level = options.percentile
    is_number = isinstance(level, (int, float, np.number)) and not isinstance(level, bool)
    if level != "mean" and not (is_number and 0 < float(level) < 100):
        message = f"found {level!r}; expected a number between 0 and 100, or 'mean'."
        yield Problem(code="wrong-value", column="percentile", message=message)
    if not is_random(rng):
        message = f"found {rng!r}; expected a seed (a whole number from 0) or a numpy Generator."
        yield Problem(code="wrong-value", column="rng", message=message)


def _data_problems(source: Source, data: ItemData, correlation: Correlation) -> Iterator[Problem]:
    if isinstance(source, pd.DataFrame) and list(source.index) == list(source.columns):
        message = "this frame is a correlation matrix; expected the answers of persons, one a row."
        yield Problem(code="matrix-for-answers", message=message)
    if len(data.items) < 2:
        message = f"found one item, {data.items[0]!r}; expected two or more."
        yield Problem(code="too-few-items", message=message)
    if correlation == "pearson":
        return
    yield from category_problems(data, MOST_CATEGORIES)
