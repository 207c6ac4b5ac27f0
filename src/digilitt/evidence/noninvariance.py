"""How much differences between groups in how items work matter: in points, and standardized."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError, counted
from digilitt.evidence.alignment import Alignment, alignment
from digilitt.evidence.alignment_factors import aligned_models
from digilitt.evidence.group_models import (
    between_groups,
    group_models,
    ladder_problems,
    observed,
)
from digilitt.evidence.invariance_result import Invariance
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.noninvariance_tables import ScaleMetric, effect_table, scale_table
from digilitt.evidence.partial_candidates import few_equal_items
from digilitt.evidence.partial_caveats import without_search
from digilitt.evidence.partial_invariance import PartialInvariance
from digilitt.numerics.noninvariance import ItemEffects, item_effects, pooled_sd
from digilitt.result import SHOWN_ROWS, Caveat, Result

Floats = NDArray[np.float64]
POOLED = "pooled"
# Effects smaller than this share of a standard deviation are rounding.
NOTHING = 1e-9
# Items with a dmacs below this are not shown, unless there are fewer than so many others.
SMALL, FEW = 0.05, 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class NonInvariance(Result):
    """Sizes of non-invariance; made by `noninvariance`.

    Attributes
    ----------
    table : pandas.DataFrame
        item, factor, group, statistic, estimate, n (persons of the group who answered the item).
        The statistics are those of the group's item parameters against the reference's, for
        persons such as the group has: dmacs (standard deviations, 0 or more), dmacs_signed
        (standard deviations), item_bias (points of the item: positive where the group answers
        higher than persons of its standing would in the reference) and item_bias_absolute (points;
        larger than the size of item_bias where the item favours one group low on the factor and
        the other high on it). A reference group has no rows: its effects are 0.
    scale : pandas.DataFrame
        How far the items together move a group's mean on the reported scale, the mean or the sum
        of a factor's items: factor, group, metric, bias (points of the scale, if the solution is
        right), low and high (it lies between them, whichever of the items' differences are bias,
        wholly or in part), worst (if nothing cancelled), observed_difference (mean of the group
        less that of the reference, as answered), observed_std_error (of that difference, by the
        spread of persons' answers; of clusters' where there are any), n (persons of the group).
    linking : str
        What the groups' common latent scale rests on: "equal items" or "alignment".
    model : str
        The step of the ladder whose parameters these are.
    reference : str
    """

    scale: pd.DataFrame
    linking: str
    model: str
    reference: str

    def wide(self) -> pd.DataFrame:
        """One row per item and group, statistics in columns.

        Returns
        -------
        pandas.DataFrame
            item, factor, group, n, dmacs, dmacs_signed, item_bias, item_bias_absolute.
        """
        keys = ["item", "factor", "group", "n"]
        rows = self.table[keys].drop_duplicates(ignore_index=True)
        parts = self.table.groupby("statistic", sort=False)["estimate"]
        return rows.assign(**{str(name): part.to_numpy() for name, part in parts})

    def _heading(self) -> str:
        about = self.provenance.instrument
        against = "all groups together" if self.reference == POOLED else self.reference
        head = f"{self.kind}{f' · {about}' if about else ''} · groups against {against}"
        return f"{head} · from the step {self.model}, linked by {self.linking}"

    def _shown(self) -> pd.DataFrame:
        """The items that differ most, the largest first."""
        items = self.wide().sort_values("dmacs", ascending=False, kind="stable")
        n = int((items["dmacs"] >= SMALL).sum())
        return items.head(min(max(n, FEW), SHOWN_ROWS))

    def _hidden(self, shown: pd.DataFrame) -> str:
        rest = self.wide().drop(index=shown.index)["dmacs"]
        if rest.empty:
            return ""
        most = f"dmacs {rest.max():.3f} at most" if rest.notna().any() else "without dmacs"
        return f"({counted(len(rest), 'more row')} in .wide(), {most})"

    def _parts(self) -> list[tuple[str, pd.DataFrame]]:
        """Tables with what is said above each: what matters for a report comes first."""
        metric = dict(self.provenance.options)["scale_metric"]
        return [
            (f"scales ({metric} of items), in points of the scale", self.scale),
            ("items: dmacs in standard deviations, bias in points of the item", self._shown()),
        ]

    def __repr__(self) -> str:
        parts = [self._heading()]
        for caption, table in self._parts():
            shown = table.to_string(max_rows=SHOWN_ROWS, index=False, float_format=_rounded)
            parts += [caption, shown]
        parts.append(self._hidden(self._shown()))
        return "\n".join([*filter(None, parts), *(f"! {caveat}" for caveat in self.caveats)])

    def _repr_html_(self) -> str:
        tables = "".join(
            f"<p>{html.escape(caption)}</p>"
            + table.to_html(
                max_rows=SHOWN_ROWS, index=False, escape=True, border=0, float_format=_rounded
            )
            for caption, table in self._parts()
        )
        hidden = self._hidden(self._shown())
        notes = "".join(f"<li>{html.escape(str(caveat))}</li>" for caveat in self.caveats)
        heading = html.escape(self._heading())
        more = f"<p>{html.escape(hidden)}</p>" if hidden else ""
        listed = f"<ul>{notes}</ul>" if notes else ""
        return f"<div><p><strong>{heading}</strong></p>{tables}{more}{listed}</div>"


def _rounded(number: float) -> str:
    # Rounding leaves -0.000 where there is nothing.
    return f"{round(number, 3) + 0.0:.3f}"


def noninvariance(
    found: Invariance | PartialInvariance | Alignment,
    *,
    model: str | None = None,
    reference: str | None = None,
    scale_metric: ScaleMetric = "mean",
) -> NonInvariance:
    """How much item parameters that differ between groups change answers and mean scores.

    Parameters
    ----------
    found : Invariance, PartialInvariance or Alignment
        A ladder between groups, the search that freed parameters of one, or its alignment.
    model : {"scalar", "strict", "configural"}, optional
        Step of the ladder whose parameters are compared. In "scalar" and "strict" the latent scale
        is held by the items that are equal, and what is free are the effects; in "configural" it
        is made by `alignment` ("fixed"). Left out: "scalar" if parameters were freed (`partial`),
        else "configural", since with everything equal there is no effect to be seen.
    reference : str, optional
        Group that the others are compared with; the first one if left out. "pooled": all groups
        together.
    scale_metric : {"mean", "sum"}
        The reported scale is the mean, or the sum, of a factor's items.

    Returns
    -------
    NonInvariance

    Raises
    ------
    ResponseError
        If `found` is none of these, an option cannot be used, or nothing identifies a common latent
        scale: in the steps "thresholds" and "metric", in a step whose intercepts are all free, and
        in a configural step that cannot be aligned.
    EstimationError
        As `alignment`; or if an ordinal item depends on too many factors (`too-many-factors`).

    Notes
    -----
    dMACS is that of Nye and Drasgow (2011, doi:10.1037/a0022955), with its signed form; item bias
    is SIDS and UIDS of Meade (2010, doi:10.1037/a0018966). Items in categories count as they were
    scored. Their residual variances are part of how they work, so in "scalar", where these are
    free, items without freed parameters have effects as well. What differs by chance counts too:
    with small groups and many free parameters, as in an alignment, effects are too large. The page
    *How much non-invariance matters* has formulas and reasons.

    Checked against
    ---------------
    R's ``integrate`` on solutions of lavaan 0.6-14, 1e-6.

    Examples
    --------
    >>> from digilitt.evidence.invariance import invariance
    >>> draw = np.random.default_rng(1).standard_normal
    >>> items = pd.DataFrame(draw((800, 1)) + draw((800, 5)), columns=list("abcde"))
    >>> frame = items.assign(sex=["woman", "man"] * 400)
    >>> frame.loc[frame["sex"] == "man", "c"] += 1.0
    >>> ladder = invariance(frame, by="sex", estimator="ml", partial="c ~1")
    >>> noninvariance(ladder).scale[["group", "bias"]].round(1)
      group  bias
    0   man   0.2
    """
    # long because it names every option and the example.
    ladder_problems(found, (PartialInvariance, Alignment))
    ladder, aligned = _source(found)
    if problems := [*between_groups(ladder), *_option_problems(ladder, reference, scale_metric)]:
        raise ResponseError(problems)
    names = list(ladder.groups["group"])
    chosen = reference or names[0]
    # A group of that name is meant, if there is one.
    place = names.index(chosen) if chosen in names else None
    step = model or ("configural" if aligned else default_step(ladder))
    if problems := list(_step_problems(ladder, step, aligned)):
        raise ResponseError(problems)
    fitted = ladder.steps[step]
    if step == "configural":
        aligned = aligned or alignment(ladder, reference=names[place or 0])
        models = aligned_models(fitted, aligned.factors)
        own = [each for each in aligned.caveats if each not in ladder.caveats]
        # Nothing is freed in this step, so that a search has no part in it.
        caveats, data = [*_linked_by_alignment(), *own], without_search(ladder)
    else:
        models = group_models(fitted)
        few = few_equal_items(fitted.table, ladder.options.partial)
        caveats, data = [each for each in few if each not in ladder.caveats], list(ladder.caveats)
    answers = observed(fitted.statistics)
    divisor = pooled_sd(answers.sd, answers.n, place)
    effects = item_effects(models, divisor, reference=place, n_persons=answers.persons)
    caveats += _effect_caveats(effects, divisor, fitted, step)
    linking = "alignment" if step == "configural" else "equal items"
    told = {
        "model": step,
        "linking": linking,
        "reference": chosen,
        "scale_metric": scale_metric,
        "estimator": ladder.options.estimator,
        "partial": "; ".join(ladder.options.partial),
    }
    return NonInvariance(
        kind="noninvariance",
        table=effect_table(effects, answers, fitted, models, place),
        scale=scale_table(effects, answers, fitted, models, place, scale_metric),
        linking=linking,
        model=step,
        reference=chosen,
        caveats=(*caveats, *data),
        provenance=replace(
            ladder.provenance,
            method="noninvariance",
            options=tuple((name, text) for name, text in told.items() if text),
            seed=aligned.provenance.seed if aligned else "",
        ),
    )


def _source(
    found: Invariance | PartialInvariance | Alignment,
) -> tuple[Invariance, Alignment | None]:
    if isinstance(found, PartialInvariance):
        return found.invariance, None
    if isinstance(found, Alignment):
        return found.invariance, found
    return found, None


def default_step(ladder: Invariance) -> str:
    """The least restricted step whose latent means are comparable: see `noninvariance`."""
    return "scalar" if ladder.options.partial else "configural"


def _linked_by_alignment() -> Iterator[Caveat]:
    message = (
        "the groups' latent scales were put together by alignment of the configural step, which "
        "takes most parameters to be alike in most groups. All differences count, those by chance "
        "as well; partial_invariance finds those that stand out."
    )
    yield Caveat(code="linked-by-alignment", message=message)


def _effect_caveats(
    effects: ItemEffects, divisor: Floats, fitted: Fitted, step: str
) -> Iterator[Caveat]:
    still = [fitted.table.items[at] for at in np.flatnonzero((divisor == 0.0).any(axis=0))]
    if still:
        message = f"all answers to {', '.join(still)} are alike, so there is no dmacs."
        yield Caveat(code="no-variance", message=message)
    if step != "configural" and (effects.bias_absolute <= NOTHING * divisor.max()).all():
        message = (
            f"the step {step} holds everything equal that bears on expected answers, so all "
            "effects are 0 by construction. Take the step 'configural', or free parameters."
        )
        yield Caveat(code="no-effects", where=step, message=message)


def _step_problems(ladder: Invariance, step: str, aligned: Alignment | None) -> Iterator[Problem]:
    known = [name for name in ("configural", "scalar", "strict") if name in ladder.steps]
    if step in ("thresholds", "metric"):
        message = (
            f"nothing in the step {step!r} says where the groups' latent means are, so differences "
            "of expected answers are not known. Take 'configural' (linked by alignment), or "
            "'scalar' of a ladder with freed parameters."
        )
        yield Problem(code="not-linked", column="model", message=message)
    elif step not in known:
        message = f"found {step!r}; expected one of {', '.join(known)}."
        yield Problem(code="wrong-value", column="model", message=message)
    elif aligned is not None and step != "configural":
        message = f"found {step!r}; an alignment is of the step 'configural'. Leave it out."
        yield Problem(code="wrong-value", column="model", message=message)
    elif step != "configural":
        yield from _unlinked(ladder.steps[step], step)


def _unlinked(fitted: Fitted, step: str) -> Iterator[Problem]:
    """Factors of items whose mean nothing ties to that of the first group."""
    rows = fitted.table.rows
    measured = set(rows.loc[(rows["op"] == "=~") & rows["rhs"].isin(fitted.table.items), "lhs"])
    means = rows[(rows["op"] == "~1") & (rows["group"] > 1) & rows["lhs"].isin(measured)]
    for factor in dict.fromkeys(means.loc[~means["free"] & ~means["user"], "lhs"]):
        message = (
            f"in the step {step!r} no intercept of this factor's items is equal in all groups, so "
            "nothing says where the groups' latent means are. Leave one equal."
        )
        yield Problem(code="not-linked", column=str(factor), message=message)


def _option_problems(
    ladder: Invariance, reference: str | None, metric: object
) -> Iterator[Problem]:
    names = list(ladder.groups["group"])
    if reference is not None and reference not in (*names, POOLED):
        message = f"found {reference!r}; expected one of {', '.join(names)}, or {POOLED!r}."
        yield Problem(code="wrong-value", column="reference", message=message)
    if metric not in get_args(ScaleMetric):
        message = f"found {metric!r}; expected 'mean' or 'sum'."
        yield Problem(code="wrong-value", column="scale_metric", message=message)
