"""Structure: exploratory factor analysis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import EstimationError, Problem, ResponseError, counted
from digilitt.evidence.data import Source
from digilitt.evidence.options import seed_of
from digilitt.evidence.structure_matrix import (
    Basis,
    Correlation,
    correlate,
    from_answers,
    from_matrix,
)
from digilitt.evidence.structure_options import (
    Method,
    Options,
    RotationName,
    option_problems,
    target_values,
)
from digilitt.evidence.structure_solution import FactorSolution
from digilitt.numerics.congruence import align
from digilitt.numerics.factor_fit import factor_fit, residual_correlations
from digilitt.numerics.factor_scores import determinacy
from digilitt.numerics.factoring import minres, ml, rotate
from digilitt.numerics.moments import Deletion, item_moments
from digilitt.numerics.rotation import Rotation, rotate_to_target
from digilitt.numerics.uniqueness import Extraction
from digilitt.result import Caveat

Floats = NDArray[np.float64]
EXTRACT = {"minres": minres, "ml": ml}


def efa(
    source: Source,
    *,
    n_factors: int,
    method: Method = "minres",
    rotation: RotationName | None = "oblimin",
    correlation: Correlation = "pearson",
    missing: Deletion = "listwise",
    normalize: bool = False,
    target: pd.DataFrame | None = None,
    n_starts: int = 10,
    n_bootstrap: int = 0,
    conf_level: float = 0.95,
    rng: np.random.Generator | int = 0,
    scale: str | None = None,
    counts: str | None = None,
    n_persons: int | None = None,
) -> FactorSolution:
    """Explore the factors behind items.

    Parameters
    ----------
    source : Responses or pandas.DataFrame
        A frame has persons in rows and items in numeric columns; or, with `n_persons`, it is a
        correlation matrix, items as labels of both its rows and its columns.
    n_factors : int
        From 1 to the number that leaves 0 or more degrees of freedom. `dimensionality` says what
        several rules suggest.
    method : {"minres", "ml"}
        Smallest squared residuals, or maximum likelihood.
    rotation : str or None
        Oblique: "oblimin" (gamma 0, the same as "quartimin"), "geomin" (epsilon 0.01), "promax"
        (power 4), "target". Orthogonal: "varimax", "target-orthogonal". None leaves the factors
        as extracted.
    correlation : {"pearson", "polychoric"}
    missing : {"listwise", "pairwise"}
        Persons who answered every item, or for each pair of items those who answered both.
    normalize : bool
        Kaiser's normalization: each item has a communality of 1 while the factors are rotated.
        SPSS always does it, and R's `varimax` does; GPArotation and psych's oblimin do not.
    target : pandas.DataFrame, optional
        For the two target rotations: items by factors, NaN where a loading may be anything.
    n_starts : int
        Random turns from which rotation starts; the first start is the factors as extracted.
        Of the solutions found, that with the best value of the criterion is taken.
    n_bootstrap : int
        Samples of persons for standard errors and percentile intervals of the loadings, each
        brought into the order and direction of the solution before they are put together.
    conf_level : float
        Of these intervals, between 0 and 1.
    rng : int or numpy.random.Generator
        For the starts and the bootstrap.
    scale : str, optional
        For responses: the items of this scale. Left out: all scored items together.
    counts : str, optional
        For a frame of answer patterns: column with the number of persons in each row.
    n_persons : int, optional
        Says that `source` is a correlation matrix, and how many persons are behind it.

    Returns
    -------
    FactorSolution

    Raises
    ------
    ResponseError
        If the source or an option cannot be used.
    EstimationError
        If so many factors are not identified, an item does not vary, a correlation cannot be
        computed, maximum likelihood meets a matrix that is not positive definite, or the
        extraction does not come to rest.

    Notes
    -----
    Extraction by Newton's method in the uniquenesses, which are held at 0.005 or more; rotation
    by factor_analyzer's `Rotator`, to targets by gradient projection. The page *Exploratory
    factor analysis* has formulas, sources and the calls of R that give the same.

    Checked against
    ---------------
    psych 2.2.9 and GPArotation 2022.10 in R 4.2.2, two data sets: loadings to 2e-3 for every
    extraction and rotation, fit to 1e-4.

    Examples
    --------
    >>> draw = np.random.default_rng(1).standard_normal
    >>> one, two, own = draw((500, 1)), draw((500, 1)), draw((500, 6))
    >>> both = np.hstack([one, one, one, two, two, two])
    >>> found = efa(pd.DataFrame(both + own, columns=list("abcdef")), n_factors=2)
    >>> (found.loadings.abs() > 0.5).to_numpy().sum(axis=0).tolist(), int(found.fit["df"])
    ([3, 3], 4)
    """
    options = Options(
        n_factors=n_factors,
        method=method,
        rotation=rotation,
        correlation=correlation,
        missing=missing,
        normalize=normalize,
        n_starts=n_starts,
        n_bootstrap=n_bootstrap,
        conf_level=conf_level,
    )
    given = [name for name, v in (("scale", scale), ("counts", counts)) if v is not None]
    if problems := list(option_problems(options, target, rng, n_persons, given)):
        raise ResponseError(problems)
    seed, stream = seed_of(rng), np.random.default_rng(rng)
    basis = (
        from_answers(source, scale=scale, counts=counts, correlation=correlation, missing=missing)
        if n_persons is None
        else from_matrix(source, n_persons)
    )
    solution = _estimated(basis, options, target, stream)
    return replace(solution, provenance=replace(solution.provenance, seed=seed))


def _estimated(
    basis: Basis, options: Options, target: pd.DataFrame | None, stream: np.random.Generator
) -> FactorSolution:
    n_factors = options.n_factors
    names = [f"F{number}" for number in range(1, n_factors + 1)]
    aim = None
    if target is not None:
        aim = target_values(target, basis.items, n_factors)
        names = [str(name) for name in target]
    extracted = EXTRACT[options.method](basis.r, n_factors)
    if not extracted.converged:
        message = f"{options.method} extraction did not come to rest: {extracted.message}"
        raise EstimationError([Problem(code="not-converged", message=message)])
    found = _rotated(extracted.loadings, options, aim, stream)
    replicates = _bootstrap(basis, found, options, aim, stream)
    recorded = tuple((name, str(value)) for name, value in asdict(options).items())
    return replace(
        _solution(basis, extracted, found, replicates, options, names),
        caveats=(*basis.caveats, *_caveats(basis, extracted, found, replicates, options)),
        provenance=replace(basis.provenance, method="efa", options=recorded),
    )


def _rotated(
    loadings: Floats,
    options: Options,
    aim: Floats | None,
    stream: np.random.Generator,
    n_starts: int | None = None,
) -> Rotation:
    if aim is not None:
        return rotate_to_target(
            loadings,
            aim,
            oblique=options.rotation == "target",
            n_starts=n_starts or options.n_starts,
            rng=stream,
        )
    if options.rotation is None:
        return Rotation(
            loadings=loadings,
            phi=np.eye(options.n_factors),
            matrix=np.eye(options.n_factors),
            criterion=float("nan"),
            n_minima=1,
            converged=True,
            message="",
        )
    return rotate(
        loadings,
        options.rotation,
        normalize=options.normalize,
        n_starts=n_starts or options.n_starts,
        rng=stream,
    )


def _bootstrap(
    basis: Basis,
    found: Rotation,
    options: Options,
    aim: Floats | None,
    stream: np.random.Generator,
) -> Floats:
    """Loadings in samples of the persons, each aligned with the solution; NaN where it failed.

    Rotation starts where the sample's factors are nearest to the solution, so that it ends in
    the same minimum wherever the sample has it.
    """
    replicates = np.full((options.n_bootstrap, *found.loadings.shape), np.nan)
    if basis.data is None or options.n_bootstrap == 0:
        return replicates
    values, counts = basis.data.values, basis.data.counts
    share = counts / counts.sum()
    for place in range(options.n_bootstrap):
        drawn = stream.multinomial(round(float(counts.sum())), share).astype(np.float64)
        r = correlate(values, drawn, options.correlation, options.missing)[0]
        try:
            extracted = EXTRACT[options.method](r, options.n_factors)
            if not extracted.converged:
                continue
            left, _, right = np.linalg.svd(extracted.loadings.T @ found.loadings)
            start = (
                extracted.loadings
                if options.rotation is None
                else extracted.loadings @ (left @ right)
            )
            turned = _rotated(start, options, aim, stream, n_starts=1).loadings
        except EstimationError:
            continue
        replicates[place] = align(turned, found.loadings).columns(turned)
    return replicates


def _solution(
    basis: Basis,
    extracted: Extraction,
    found: Rotation,
    replicates: Floats,
    options: Options,
    names: list[str],
) -> FactorSolution:
    items = pd.Index(basis.items, name="item")
    factors = pd.Index(names, name="factor")
    loadings, phi = found.loadings, found.phi
    fit = asdict(factor_fit(basis.r, extracted.loadings, basis.n)) | {"n": basis.n}
    moments = None
    if basis.data is not None:
        told = item_moments(basis.data.values, basis.data.counts)
        moments = pd.DataFrame({"mean": told.mean, "sd": told.sd}, index=items)
    residuals = residual_correlations(basis.r, loadings, phi)
    return FactorSolution(
        kind="efa",
        table=_table(basis, found, replicates, options.conf_level, names),
        loadings=pd.DataFrame(loadings, index=items, columns=factors),
        structure=pd.DataFrame(loadings @ phi, index=items, columns=factors),
        phi=pd.DataFrame(phi, index=factors, columns=factors),
        communality=pd.Series(extracted.communalities, index=items, name="communality"),
        uniqueness=pd.Series(1.0 - extracted.communalities, index=items, name="uniqueness"),
        variance=_variance(basis, found, factors),
        fit=pd.Series(fit, dtype="float64", name="fit"),
        residuals=pd.DataFrame(residuals, index=items, columns=list(items)),
        correlation=pd.DataFrame(basis.r, index=items, columns=list(items)),
        moments=moments,
        n=basis.n,
        provenance=basis.provenance,
    )


def _variance(basis: Basis, found: Rotation, factors: pd.Index) -> pd.DataFrame:
    explained = np.diag(found.phi @ found.loadings.T @ found.loadings)
    proportion = explained / len(basis.items)
    columns = {
        "ss_loadings": explained,
        "proportion": proportion,
        "cumulative": np.cumsum(proportion),
        "determinacy": determinacy(basis.r, found.loadings, found.phi),
    }
    return pd.DataFrame(columns, index=factors)


def _table(
    basis: Basis, found: Rotation, replicates: Floats, conf_level: float, names: list[str]
) -> pd.DataFrame:
    usable = replicates[~np.isnan(replicates).any(axis=(1, 2))]
    error, low, high = np.full((3, *found.loadings.shape), np.nan)
    # With half of the samples gone, the rest would say too little of the spread.
    if len(usable) > 1 and len(usable) >= len(replicates) / 2:
        tails = [(1.0 - conf_level) / 2.0, (1.0 + conf_level) / 2.0]
        error, (low, high) = usable.std(axis=0, ddof=1), np.quantile(usable, tails, axis=0)
    n_items, n_factors = found.loadings.shape
    return pd.DataFrame(
        {
            "scale": pd.array([basis.scale] * found.loadings.size, dtype="str"),
            "item": pd.array(
                np.repeat(np.array(basis.items, dtype=object), n_factors), dtype="str"
            ),
            "factor": pd.array(names * n_items, dtype="str"),
            "statistic": pd.array(["loading"] * found.loadings.size, dtype="str"),
            "estimate": found.loadings.ravel(),
            "std_error": error.ravel(),
            "conf_low": low.ravel(),
            "conf_high": high.ravel(),
            "n": basis.n,
        }
    )


def _caveats(
    basis: Basis,
    extracted: Extraction,
    found: Rotation,
    replicates: Floats,
    options: Options,
) -> Iterator[Caveat]:
    improper = [name for name, at in zip(basis.items, extracted.heywood, strict=True) if at]
    if improper:
        message = (
            "the uniqueness is at its bound of 0.005 (a Heywood case): the solution is improper. "
            "Often there are too many factors, too few persons, or two items that say the same."
        )
        yield Caveat(code="improper-solution", where=", ".join(improper), message=message)
    n_items = len(basis.items)
    if (n_items - options.n_factors) ** 2 - n_items - options.n_factors < 2:
        message = "the model has no degrees of freedom: it fits any data, and fit says nothing."
        yield Caveat(code="no-degrees-of-freedom", message=message)
    if options.correlation == "polychoric":
        message = (
            "chi2, and what rests on it, takes the polychoric correlations for those of "
            "continuous answers: good for comparing solutions, not for a test."
        )
        yield Caveat(code="fit-of-polychoric", message=message)
    if found.n_minima > 1:
        message = (
            f"{options.n_starts} starts ended in {found.n_minima} different solutions; the one "
            "with the best value of the criterion is shown. Another may be as easy to interpret."
        )
        yield Caveat(code="rotation-minima", message=message)
    if not found.converged:
        yield Caveat(code="rotation-not-at-rest", message=f"the rotation may move: {found.message}")
    failed = int(np.isnan(replicates).any(axis=(1, 2)).sum())
    if failed:
        message = (
            f"{failed} of {counted(options.n_bootstrap, 'bootstrap sample')} had no solution and "
            "are left out; with fewer than half left there are no intervals."
        )
        yield Caveat(code="bootstrap-failed", message=message)
