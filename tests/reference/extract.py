"""Write a topic's expected.json from the JSON files that R wrote, one per data set.

python tests/reference/extract.py TOPIC FOLDER [FOLDER …]

A folder holds NAME.json with one object per data set, such as ``{"kmo": …, "bartlett": …}``.
Later folders add figures to those of earlier ones. Only what `KEEP` names is taken: data set,
then the figures, each of which a test compares.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent

CLASSICAL = (
    "ctt.alpha ctt.alpha_std ctt.lambda6 ctt.alpha_se ctt.alpha_feldt "
    "guttman.lambda1 guttman.lambda2 guttman.lambda3 guttman.lambda5 guttman.lambda6"
)
# topic → data set → figures; ``figure.part`` takes one part of a figure.
KEEP: dict[str, dict[str, str]] = {
    "cfa": {
        "bfi": "cfa_ml cfa_mlr factors second",
        "holzinger": "cfa_ml cfa_mlr factors marker orthogonal higher higher_marker bifactor "
        "heywood correlated labelled linear freed means fixed_mean robust equal differences",
        "science": "cfa_ml cfa_mlr",
        "lsat7": "cfa_ml cfa_mlr",
    },
    "cfa_missing": {
        "bfi": "cfa_fiml",
        "holzinger_holes": "fiml_ml fiml_mlr fiml_correlated fiml_equal fiml_metric_ml "
        "fiml_metric fiml_scalar fiml_differences",
    },
    "cfa_ordinal": {
        "bfi": "cfa_wlsmv cfa_dwls cfa_ulsmv theta factors correlated pairwise pairwise_uls "
        "configural equal equal_theta groups_dwls groups_ulsmv",
        "science": "cfa_wlsmv cfa_dwls cfa_ulsmv theta delta labelled threshold marker",
        "lsat7": "cfa_wlsmv cfa_dwls cfa_ulsmv theta delta",
    },
    "cfa_sampling": {
        "holzinger_sampling": "cluster cluster_few cluster_configural cluster_metric "
        "cluster_difference cluster_fiml weight weight_configural weight_scalar weight_fiml both",
    },
    "dimensionality": {
        "bfi": "kmo bartlett map parallel.ncomp eigen n_complete eigen_smc eigen_minres "
        "map_from_zero map_fourth ekc parallel_smc parallel_minres parallel_polychoric",
        "holzinger": "kmo bartlett map parallel.ncomp eigen n_complete eigen_smc eigen_minres "
        "map_from_zero map_fourth ekc parallel_smc parallel_minres",
        "science": "kmo bartlett map parallel.ncomp eigen n_complete eigen_smc eigen_minres "
        "map_from_zero map_fourth ekc parallel_smc parallel_polychoric",
        "lsat7": "kmo bartlett map parallel.ncomp eigen n_complete eigen_smc eigen_minres "
        "map_from_zero map_fourth ekc parallel_smc parallel_polychoric",
    },
    "efa": dict.fromkeys(["bfi", "holzinger"], "efa efa_fit efa_rotated efa_steps"),
    "fit_indices": {
        "bfi": "ordinal robust ladder normal mlr indices residuals ordinal_residuals",
        "science": "ordinal robust corners small_samples",
    },
    "invariance": {
        "bfi": "invariance_n invariance_ml invariance_mlr three_groups",
        "holzinger": "invariance_n invariance_ml invariance_mlr ladder sb2010 sb2010_marker "
        "further correlated marker partial second",
    },
    "invariance_ordinal": {
        "bfi": "invariance_ordinal agree neuro three_groups three_categories two_categories "
        "partial_loading partial_intercept partial_threshold ulsmv"
    },
    "items": dict.fromkeys(
        ["bfi", "holzinger", "science", "lsat7"],
        "ctt.mean_r ctt.item_r_drop ctt.alpha_if_dropped describe pairwise complete "
        "describe_1 describe_2 describe_3",
    ),
    "latent_scores": {
        "bfi": "fiml ordinal two theta",
        "holzinger": "three school correlated higher",
        "science": "delta theta",
    },
    "model_reliability": {
        "bfi": "ml fiml wlsmv theta delta group htmt htmt_ordinal",
        "holzinger": "three crossed higher bifactor school htmt",
        "science": "ordinal",
        "lsat7": "ordinal",
    },
    "noninvariance": {
        "holzinger": "partial crossed",
        "bfi": "continuous delta theta mixed alignment alignment_thresholds p_adjust",
    },
    "models": {
        "holzinger": "std_lv marker with_means intercepts released labels labelled_marker "
        "higher_order higher_order_marker bifactor correlated single constrained two_groups "
        "two_groups_marker by_group metric scalar scalar_partial strict intercepts_alone means "
        "variances bifactor_groups higher_order_metric three_groups ladder_two ladder_three "
        "ladder_partial longitudinal longitudinal_partial",
        "bfi": "delta theta_marker named delta_configural delta_thresholds delta_loadings "
        "delta_both delta_both_marker theta_both theta_strict wu_six wu_two wu_three wu_mixed "
        "wu_three_groups wu_partial wu_longitudinal wu_longitudinal_mixed",
    },
    "partial_invariance": {
        "holzinger": "score_ml score_mlr search",
        "bfi": "three_ml three_mlr score_dwls score_wlsmv score_ulsmv",
    },
    "polychoric": {
        "bfi": "polychoric thresholds five five_pairwise",
        "science": "polychoric thresholds whole",
        "lsat7": "polychoric thresholds whole",
        "empty": "whole",
        "mixed": "mixed",
        "improper": "smoothed",
    },
    "longitudinal": {
        "exlong": "occasions_ml occasions_mlr",
        "datcat": "occasions_ordinal",
    },
    "reliability": {
        "bfi": f"{CLASSICAL} omega halves psych_halves one_factor ordinal",
        "holzinger": f"{CLASSICAL} omega omega_2 halves one_factor icc_1",
        "science": f"{CLASSICAL} halves psych_halves one_factor ordinal kappa kappa_1_se",
        "lsat7": f"{CLASSICAL} halves one_factor ordinal",
        "shrout_fleiss": "icc",
    },
}


def figures(name: str, folders: Sequence[Path]) -> dict[str, Any]:
    """Everything that the folders say of one data set."""
    found: dict[str, Any] = {}
    for folder in folders:
        file = folder / f"{name}.json"
        if file.exists():
            found |= json.loads(file.read_text(encoding="utf-8"))
    return found


def extract(topic: str, folders: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Data set → figure → value; a figure that no folder has is an error."""
    chosen: dict[str, dict[str, Any]] = {}
    for name, wanted in KEEP[topic].items():
        found = figures(name, folders)
        kept: dict[str, Any] = {}
        for figure, dot, part in (path.partition(".") for path in wanted.split()):
            if figure not in found or (dot and part not in found[figure]):
                sys.exit(f"{name}: no folder has {figure}{dot}{part}")
            if dot:
                kept.setdefault(figure, {})[part] = found[figure][part]
            else:
                kept[figure] = found[figure]
        chosen[name] = kept
    return chosen


def written(chosen: dict[str, dict[str, Any]]) -> str:
    """JSON with one line per figure, so that a difference can be read."""
    sets = []
    for name, found in chosen.items():
        lines = [f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in found.items()]
        sets.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n  }")
    return "{\n" + ",\n".join(sets) + "\n}\n"


def main(arguments: Sequence[str]) -> None:
    """Write FOLDER/TOPIC/expected.json."""
    if len(arguments) < 2 or arguments[0] not in KEEP:
        sys.exit(f"usage: extract.py TOPIC FOLDER [FOLDER …]; topics: {', '.join(KEEP)}")
    topic, *folders = arguments
    text = written(extract(topic, [Path(folder) for folder in folders]))
    (FOLDER / topic).mkdir(exist_ok=True)
    (FOLDER / topic / "expected.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
