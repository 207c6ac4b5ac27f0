"""What each coefficient of reliability is called, and what each limit of the data means."""

from __future__ import annotations

from digilitt.result import Caveat

DEFINITIONS = {
    "alpha": "Cronbach's alpha",
    "alpha_standardized": "Cronbach's alpha of standardized items",
    "alpha_ordinal": "Cronbach's alpha of polychoric correlations (Zumbo)",
    "kr20": "Kuder-Richardson formula 20",
    "lambda_1": "Guttman's lambda 1",
    "lambda_2": "Guttman's lambda 2",
    "lambda_3": "Guttman's lambda 3",
    "lambda_4": "Guttman's lambda 4, largest over splits into two parts of any size",
    "lambda_5": "Guttman's lambda 5",
    "lambda_6": "Guttman's lambda 6, from squared multiple correlations",
    "split_half_min": "smallest split-half coefficient (Guttman-Rulon), equal halves",
    "split_half_mean": "mean split-half coefficient (Guttman-Rulon), equal halves",
    "split_half_max": "largest split-half coefficient (Guttman-Rulon), equal halves",
    "omega_unidimensional": "omega of a one-factor model (ML), observed variance",
    "omega_total": "omega total (minres, oblimin, Schmid-Leiman)",
    "omega_hierarchical": "omega hierarchical (minres, oblimin, Schmid-Leiman)",
    "omega_categorical": "omega of Green and Yang, one factor (ULS), observed variance",
    "standard_error_of_measurement": "from alpha",
    "smallest_detectable_change": "from alpha, of one person between two occasions",
    "icc_1": "ICC(1), persons within clusters",
    "design_effect": "design effect of the mean, from ICC(1)",
}
NEEDS_BOOTSTRAP = (
    "alpha_ordinal",
    "lambda_4",
    "split_half_min",
    "split_half_mean",
    "split_half_max",
    "omega_total",
    "omega_hierarchical",
    "omega_categorical",
)
# What a reason means where the coefficient was computed all the same; else as below.
COMPUTED = {
    "not-positive-definite": "{what}: computed, but not to be relied on: the correlation matrix is "
    "not positive definite. Some items follow from others, there are more items than persons, or "
    "pairs of items rest on different persons.",
}
# What a reason of numerics means; {what} are statistics, {items} items.
MEANINGS = (
    Caveat(code="too-few-items", message="{what}: not computed, there are fewer than 2 items."),
    Caveat(
        code="too-few-persons",
        message="{what}: not computed, fewer than 3 persons have answers.",
    ),
    Caveat(
        code="empty-pair",
        message="{what}: not computed, fewer than 3 persons answered both items of some pair.",
    ),
    Caveat(
        code="no-variance",
        message="{what}: not computed, all answers to an item are alike, or the sum of the items "
        "does not vary.",
    ),
    Caveat(
        code="constant-item",
        message="{what}: all answers to {items} are alike; the item counts as one that varies "
        "with none of the others (psych::alpha leaves it out).",
    ),
    Caveat(
        code="not-positive-definite",
        message="{what}: not computed, the correlation matrix is not positive definite. Some "
        "items follow from others, there are more items than persons, or pairs of items rest on "
        "different persons.",
    ),
    Caveat(
        code="too-many-factors",
        message="{what}: not computed, the items do not identify that many factors. One factor "
        "needs 3 items, two need 5, three need 6; items that do not correlate identify none.",
    ),
    Caveat(code="not-converged", message="{what}: not computed, estimation did not converge."),
    Caveat(
        code="improper-solution",
        message="{what}: improper solution, nothing of {items} is unique to the item. Look at "
        "the items before the coefficient.",
    ),
    Caveat(
        code="general-factor-improper",
        message="{what}: improper solution, a group factor is nothing but the general factor.",
    ),
    Caveat(
        code="two-group-factors",
        message="{what}: with two group factors the general factor is not identified; both are "
        "taken to load alike on it.",
    ),
    Caveat(
        code="negative-general-loading",
        message="{what}: {items} load negatively on the general factor. No item was reversed "
        "(psych::omega reverses them unless flip=FALSE); is the key right?",
    ),
    Caveat(
        code="too-many-categories",
        message="{what}: not computed, an item has more than 10 different answers.",
    ),
    Caveat(
        code="polychoric-at-bound",
        message="{what}: a polychoric correlation is at 1 or -1, as with answers that are alike or "
        "few; omega_categorical is not computed.",
    ),
    Caveat(
        code="polychoric-unknown",
        message="{what}: not computed, a polychoric correlation is not known.",
    ),
    Caveat(
        code="ordinal-alpha",
        message="{what} is about continuous variables thought to lie behind the answers. It is "
        "not the reliability of the observed score; for that see omega_categorical or alpha.",
    ),
    Caveat(
        code="splits-searched",
        message="{what}: more than 16 items have too many splits to try all. Largest values are "
        "lower bounds and the smallest an upper bound, from a seeded search.",
    ),
    Caveat(
        code="no-error-variance",
        message="{what}: nothing but rounding is left as error, so there is no interval.",
    ),
)
