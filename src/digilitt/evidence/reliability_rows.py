"""Rows and caveats of reliability, for the items of one scale and one group of persons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import counted
from digilitt.evidence.data import ItemData
from digilitt.evidence.reliability_words import (
    COMPUTED,
    DEFINITIONS,
    MEANINGS,
    NEEDS_BOOTSTRAP,
)
from digilitt.numerics.agreement import Clustering, clustering
from digilitt.numerics.moments import covariances, item_rest
from digilitt.numerics.reliability import conditional_table
from digilitt.numerics.reliability_battery import ERRORS, Estimate, Settings, battery
from digilitt.numerics.reliability_resampling import Resampled, resampled
from digilitt.result import ALL, UNKNOWN, Caveat

Row = dict[str, object]
Booleans = NDArray[np.bool_]

# Maydeu-Olivares, Coffman and Hartmann (2007) found distribution-free errors of alpha good from
# here on.
LARGE = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Items of one scale, answered by one group of persons or by all (None without groups).

    Attributes
    ----------
    used : ItemData
        Persons who go into covariances.
    whole : ItemData
        All persons of the group.
    """

    group: str | None
    used: ItemData
    whole: ItemData
    metric: str
    settings: Settings
    estimates: list[Estimate]
    bootstrap: Resampled | None
    n_bootstrap: int
    clusters: dict[str, Clustering]

    @property
    def where(self) -> str:
        """Scale and group in words, for caveats."""
        group = "" if self.group in (None, ALL) else str(self.group)
        return ", ".join(word for word in (self.whole.scale, group) if word)

    @property
    def place(self) -> Row:
        """The columns that say what a row is about."""
        return {"scale": self.whole.scale, "item": "", "group": self.group}


def groups_of(data: ItemData) -> Iterator[tuple[str | None, Booleans]]:
    """Each group, those without a group after them, and all persons last."""
    if data.groups is not None:
        labels = sorted(data.groups.unique(), key=lambda label: (label == UNKNOWN, str(label)))
        for label in labels:
            yield str(label), data.groups.eq(label).to_numpy()
    yield (None if data.groups is None else ALL), np.ones(len(data.values), dtype=np.bool_)


def part_of(
    group: str | None,
    whole: ItemData,
    used: ItemData,
    metric: str,
    settings: Settings,
    rng: np.random.Generator,
    n_bootstrap: int,
) -> Part:
    """Everything that is computed for one scale and group."""
    estimates = battery(used.values, used.counts, settings, rng)
    known = not all(np.isnan(each.estimate) for each in estimates)
    bootstrap = None
    if n_bootstrap and known:
        bootstrap = resampled(
            used.values,
            used.counts,
            settings,
            rng,
            n_bootstrap=n_bootstrap,
            clusters=None if used.clusters is None else _drawn_clusters(used.clusters),
        )
    return Part(
        group=group,
        used=used,
        whole=whole,
        metric=metric,
        settings=settings,
        estimates=estimates,
        bootstrap=bootstrap,
        n_bootstrap=n_bootstrap,
        clusters=_clusters(whole, settings.conf_level),
    )


def _drawn_clusters(clusters: pd.Series) -> NDArray[np.intp]:
    """Numbers of the clusters to draw; a person of no known cluster is one."""
    codes, _ = pd.factorize(clusters)
    unknown = clusters.eq(UNKNOWN).to_numpy()
    codes[unknown] = codes.max() + 1 + np.arange(unknown.sum())
    return pd.factorize(codes)[0]


def _clusters(data: ItemData, conf_level: float) -> dict[str, Clustering]:
    """ICC(1) of each item, and under "" of the sum of persons who answered all items."""
    columns = {"": data.values.sum(axis=1)}
    columns |= dict(zip(data.items, data.values.T, strict=True))
    if data.clusters is None:
        return {}
    known = data.clusters.ne(UNKNOWN).to_numpy()
    found = {}
    for name, column in columns.items():
        used = known & ~np.isnan(column) & (data.counts > 0)
        codes = pd.factorize(data.clusters[used])[0]
        found[name] = clustering(column[used], codes, data.counts[used], conf_level)
    return found


def part_rows(part: Part) -> Iterator[Row]:
    """The rows of the table."""
    n = _persons(part.used)
    for column, each in enumerate(part.estimates):
        limits = each.std_error, each.conf_low, each.conf_high, each.interval
        if part.bootstrap is not None and not each.interval:
            boot = part.bootstrap
            drawn = boot.std_error[column], boot.conf_low[column], boot.conf_high[column]
            limits = *drawn, "" if np.isnan(drawn[1]) else "bootstrap"
        yield {
            **part.place,
            "statistic": each.statistic,
            "estimate": each.estimate,
            "std_error": limits[0],
            "conf_low": limits[1],
            "conf_high": limits[2],
            "n": n,
            "interval": limits[3],
            "matrix": each.matrix,
            "n_factors": each.n_factors or pd.NA,
            "metric": part.metric if each.statistic in ERRORS else "",
            "definition": DEFINITIONS[each.statistic],
        }
    for name, found in part.clusters.items():
        yield from _cluster_rows(part, name, found)


def _cluster_rows(part: Part, item: str, found: Clustering) -> Iterator[Row]:
    known = not np.isnan(found.conf_low)
    figures = {
        "icc_1": (found.icc, found.conf_low, found.conf_high),
        "design_effect": (found.design_effect, found.effect_low, found.effect_high),
    }
    for name, (estimate, low, high) in figures.items():
        yield {
            **part.place,
            "item": item,
            "statistic": name,
            "estimate": estimate,
            "std_error": np.nan,
            "conf_low": low,
            "conf_high": high,
            "n": round(found.n),
            "interval": "f" if known else "",
            "matrix": "",
            "n_factors": pd.NA,
            "metric": "",
            "definition": DEFINITIONS[name],
        }


def bootstrap_rows(part: Part) -> Iterator[Row]:
    """One row per coefficient, if there was a bootstrap."""
    if part.bootstrap is None:
        return
    boot = part.bootstrap
    for column, each in enumerate(part.estimates):
        yield {
            **part.place,
            "statistic": each.statistic,
            "estimate": each.estimate,
            "bias": boot.bias[column],
            "std_error": boot.std_error[column],
            "conf_low": boot.conf_low[column],
            "conf_high": boot.conf_high[column],
            "n_valid": int(boot.n_valid[column]),
        }


def conditional_rows(part: Part) -> Iterator[Row]:
    """Standard errors of measurement by score, of persons who answered all items."""
    if ERRORS[0] not in part.settings.wanted:
        return
    complete = part.whole.complete()
    complete = complete.rows(complete.counts > 0)
    if len(part.whole.items) < 2 or _persons(complete) < 3:
        return
    found = conditional_table(complete.values, complete.counts)
    unit = part.settings.unit
    # A percentage begins at 0, wherever the sum begins.
    start = sum(low for low, _ in part.whole.ranges or ()) if part.metric == "pomp" else 0.0
    columns = found.low, found.high, found.n, found.anova, found.multinomial
    for low, high, n, anova, multinomial in zip(*columns, strict=True):
        yield {
            **part.place,
            "metric": part.metric,
            "score_low": (low - start) * unit,
            "score_high": (high - start) * unit,
            "n": round(n),
            "standard_error_of_measurement": anova * unit,
            "standard_error_multinomial": multinomial * unit,
        }


def _meant(part: Part, meaning: Caveat, about: list[Estimate]) -> Caveat:
    """What a reason means, with the names of the statistics and items it is about."""
    what = ", ".join(each.statistic for each in about)
    items = dict.fromkeys(part.used.items[item] for each in about for item in each.items)
    message = meaning.message.format(what=what, items=", ".join(items))
    return replace(meaning, where=part.where, message=message)


def _against_the_rest(data: ItemData) -> str:
    """Names of the items that go against the others."""
    rest = item_rest(covariances(data.values, data.counts, "pairwise").covariance)
    return ", ".join(name for name, r in zip(data.items, rest, strict=True) if r < 0)


def part_caveats(part: Part) -> Iterator[Caveat]:
    """Limits of the data behind one part."""
    yield from _about_persons(part)
    for meaning in MEANINGS:
        about = [each for each in part.estimates if meaning.code in each.reasons]
        computed = [
            each for each in about if meaning.code in COMPUTED and not np.isnan(each.estimate)
        ]
        unknown = [each for each in about if each not in computed]
        told = ((meaning.message, unknown), (COMPUTED.get(meaning.code, ""), computed))
        for message, concerned in told:
            if concerned:
                yield _meant(part, replace(meaning, message=message), concerned)
    if any(each.statistic == "alpha" and each.estimate < 0 for each in part.estimates):
        message = (
            "alpha is negative: on the whole the items vary against one another. Is an item "
            "reversed that should not be, or the other way round?"
        )
        yield Caveat(code="negative-alpha", where=part.where, message=message)
    if names := _against_the_rest(part.used):
        message = (
            f"correlated negatively with the sum of the others: {names}. Is the key right, and "
            "do they belong to the scale?"
        )
        yield Caveat(code="item-rest-negative", where=part.where, message=message)
    if part.bootstrap is None:
        lacking = [each.statistic for each in part.estimates if _lacks_interval(each)]
        if lacking:
            message = f"no interval without a bootstrap (n_bootstrap=): {', '.join(lacking)}."
            yield Caveat(code="interval-needs-bootstrap", where=part.where, message=message)
    if any(each.interval == "adf" for each in part.estimates) and _persons(part.used) < LARGE:
        message = (
            f"distribution-free intervals (interval 'adf') are for {LARGE} persons or more; of "
            f"{_persons(part.used)} they are too narrow."
        )
        yield Caveat(code="interval-small-sample", where=part.where, message=message)
    yield from _about_clusters(part)


def _lacks_interval(each: Estimate) -> bool:
    return each.statistic in NEEDS_BOOTSTRAP and not np.isnan(each.estimate)


def _about_persons(part: Part) -> Iterator[Caveat]:
    n, persons = _persons(part.used), _persons(part.whole)
    if n < persons:
        message = (
            f"{persons - n} of {counted(persons, 'person')} did not answer every item and are "
            "left out; missing='pairwise' keeps what they answered."
        )
        yield Caveat(code="persons-left-out", where=part.where, message=message)
    elif np.isnan(part.used.values).any():
        message = (
            "covariances rest on different persons from pair to pair (missing='pairwise'), and "
            "the interval of alpha by F takes everybody with any answer to have answered "
            "everything, so it is too narrow."
        )
        yield Caveat(code="pairwise-covariances", where=part.where, message=message)


def _about_clusters(part: Part) -> Iterator[Caveat]:
    if part.bootstrap is not None:
        few = [
            each.statistic
            for column, each in enumerate(part.estimates)
            if part.bootstrap.n_valid[column] < part.n_bootstrap and not np.isnan(each.estimate)
        ]
        if few:
            message = f"not computable in some of the samples drawn: {', '.join(few)}."
            yield Caveat(code="bootstrap-failed", where=part.where, message=message)
    if part.whole.clusters is None:
        return
    if lacking := [name or "the sum" for name, each in part.clusters.items() if np.isnan(each.icc)]:
        message = (
            "icc_1 and design_effect not computed: fewer than two clusters, nobody shares one, or "
            f"nothing varies, for {', '.join(lacking)}."
        )
        yield Caveat(code="clusters-unknown", where=part.where, message=message)
    message = (
        "intervals take persons as independent, though they share clusters; those of a "
        "bootstrap draw whole clusters."
    )
    yield Caveat(code="interval-ignores-clusters", where=part.where, message=message)
    if unknown := float(part.whole.counts[part.whole.clusters.eq(UNKNOWN).to_numpy()].sum()):
        message = (
            f"{counted(round(unknown), 'person')} of no known cluster left out of icc_1 and "
            "design_effect; a bootstrap draws each as a cluster of one."
        )
        yield Caveat(code="cluster-unknown", where=part.where, message=message)


def _persons(data: ItemData) -> int:
    """Persons with any answer."""
    return round(float(data.counts[~np.isnan(data.values).all(axis=1)].sum()))
