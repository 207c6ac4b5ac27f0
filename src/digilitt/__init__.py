"""digilitt: digital-literacy assessment, from an instrument to checked scores and a report.

The public names stand here and are loaded on first use, so that ``import digilitt`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from digilitt.define.catalogue import framework as framework
    from digilitt.define.catalogue import frameworks as frameworks
    from digilitt.define.catalogue import instrument as instrument
    from digilitt.define.catalogue import instruments as instruments
    from digilitt.define.catalogue import municipalities as municipalities
    from digilitt.define.catalogue import sample as sample
    from digilitt.define.crosswalk import Crosswalk as Crosswalk
    from digilitt.define.crosswalk import crosswalk as crosswalk
    from digilitt.define.framework import Framework as Framework
    from digilitt.define.instrument import Instrument as Instrument
    from digilitt.define.mapping import Mapping as Mapping
    from digilitt.define.mapping import read_mapping as read_mapping
    from digilitt.define.schema import json_schema as json_schema
    from digilitt.disclosure import Disclosure as Disclosure
    from digilitt.errors import ComparisonError as ComparisonError
    from digilitt.errors import DefinitionError as DefinitionError
    from digilitt.errors import DigilittError as DigilittError
    from digilitt.errors import DigilittWarning as DigilittWarning
    from digilitt.errors import DisclosureError as DisclosureError
    from digilitt.errors import EstimationError as EstimationError
    from digilitt.errors import InterchangeError as InterchangeError
    from digilitt.errors import MissingExtraError as MissingExtraError
    from digilitt.errors import Problem as Problem
    from digilitt.errors import ResponseError as ResponseError
    from digilitt.evidence.agreement import rater_reliability as rater_reliability
    from digilitt.evidence.alignment import Alignment as Alignment
    from digilitt.evidence.alignment import alignment as alignment
    from digilitt.evidence.cfa import cfa as cfa
    from digilitt.evidence.cfa_scores import FactorScores as FactorScores
    from digilitt.evidence.cfa_solution import CfaSolution as CfaSolution
    from digilitt.evidence.content import Coverage as Coverage
    from digilitt.evidence.content import coverage as coverage
    from digilitt.evidence.dimensionality import Dimensionality as Dimensionality
    from digilitt.evidence.dimensionality import dimensionality as dimensionality
    from digilitt.evidence.invariance import invariance as invariance
    from digilitt.evidence.invariance_result import Invariance as Invariance
    from digilitt.evidence.items import ItemAnalysis as ItemAnalysis
    from digilitt.evidence.items import item_analysis as item_analysis
    from digilitt.evidence.model_difference import difference_test as difference_test
    from digilitt.evidence.noninvariance import NonInvariance as NonInvariance
    from digilitt.evidence.noninvariance import noninvariance as noninvariance
    from digilitt.evidence.partial_invariance import PartialInvariance as PartialInvariance
    from digilitt.evidence.partial_invariance import partial_invariance as partial_invariance
    from digilitt.evidence.polychoric import PolychoricCorrelation as PolychoricCorrelation
    from digilitt.evidence.polychoric import polychoric as polychoric
    from digilitt.evidence.reliability import Reliability as Reliability
    from digilitt.evidence.reliability import reliability as reliability
    from digilitt.evidence.structure import efa as efa
    from digilitt.evidence.structure_solution import FactorSolution as FactorSolution
    from digilitt.interchange.answers import read_responses as read_responses
    from digilitt.interchange.digcomp import read_digcomp as read_digcomp
    from digilitt.interchange.guessing import guess_mapping as guess_mapping
    from digilitt.interchange.roster import read_roster as read_roster
    from digilitt.interchange.streaming import score_file as score_file
    from digilitt.interchange.writing import write_table as write_table
    from digilitt.plots.draw import plot as plot
    from digilitt.reporting.render import Report as Report
    from digilitt.reporting.render import report as report
    from digilitt.result import Caveat as Caveat
    from digilitt.result import Provenance as Provenance
    from digilitt.result import Result as Result
    from digilitt.scoring.compiling import compile_plan as compile_plan
    from digilitt.scoring.description import Description as Description
    from digilitt.scoring.description import describe as describe
    from digilitt.scoring.frames import score_frame as score_frame
    from digilitt.scoring.indicators import Indicators as Indicators
    from digilitt.scoring.indicators import indicators as indicators
    from digilitt.scoring.matching import Matching as Matching
    from digilitt.scoring.matching import match_persons as match_persons
    from digilitt.scoring.participation import Participation as Participation
    from digilitt.scoring.participation import participation as participation
    from digilitt.scoring.persons import pseudonymise as pseudonymise
    from digilitt.scoring.plan import Plan as Plan
    from digilitt.scoring.quality import Quality as Quality
    from digilitt.scoring.quality import quality as quality
    from digilitt.scoring.responses import Responses as Responses
    from digilitt.scoring.responses import responses as responses
    from digilitt.scoring.scores import Scores as Scores
    from digilitt.scoring.scores import score as score
    from digilitt.scoring.scores import score_one as score_one
    from digilitt.scoring.simulation import simulate as simulate
    from digilitt.scoring.simulation import simulate_cohort as simulate_cohort
    from digilitt.scoring.simulation_result import Simulation as Simulation

_HOME = {
    "framework": "define.catalogue",
    "frameworks": "define.catalogue",
    "instrument": "define.catalogue",
    "instruments": "define.catalogue",
    "municipalities": "define.catalogue",
    "sample": "define.catalogue",
    "Crosswalk": "define.crosswalk",
    "crosswalk": "define.crosswalk",
    "Framework": "define.framework",
    "Instrument": "define.instrument",
    "Mapping": "define.mapping",
    "read_mapping": "define.mapping",
    "json_schema": "define.schema",
    "Disclosure": "disclosure",
    "ComparisonError": "errors",
    "DefinitionError": "errors",
    "DigilittError": "errors",
    "DigilittWarning": "errors",
    "DisclosureError": "errors",
    "EstimationError": "errors",
    "InterchangeError": "errors",
    "MissingExtraError": "errors",
    "Problem": "errors",
    "ResponseError": "errors",
    "rater_reliability": "evidence.agreement",
    "alignment": "evidence.alignment",
    "Alignment": "evidence.alignment",
    "cfa": "evidence.cfa",
    "FactorScores": "evidence.cfa_scores",
    "CfaSolution": "evidence.cfa_solution",
    "Coverage": "evidence.content",
    "coverage": "evidence.content",
    "dimensionality": "evidence.dimensionality",
    "Dimensionality": "evidence.dimensionality",
    "invariance": "evidence.invariance",
    "Invariance": "evidence.invariance_result",
    "item_analysis": "evidence.items",
    "ItemAnalysis": "evidence.items",
    "difference_test": "evidence.model_difference",
    "noninvariance": "evidence.noninvariance",
    "NonInvariance": "evidence.noninvariance",
    "partial_invariance": "evidence.partial_invariance",
    "PartialInvariance": "evidence.partial_invariance",
    "PolychoricCorrelation": "evidence.polychoric",
    "polychoric": "evidence.polychoric",
    "Reliability": "evidence.reliability",
    "reliability": "evidence.reliability",
    "efa": "evidence.structure",
    "FactorSolution": "evidence.structure_solution",
    "read_responses": "interchange.answers",
    "read_digcomp": "interchange.digcomp",
    "guess_mapping": "interchange.guessing",
    "read_roster": "interchange.roster",
    "score_file": "interchange.streaming",
    "write_table": "interchange.writing",
    "plot": "plots.draw",
    "Report": "reporting.render",
    "report": "reporting.render",
    "Caveat": "result",
    "Provenance": "result",
    "Result": "result",
    "compile_plan": "scoring.compiling",
    "Description": "scoring.description",
    "describe": "scoring.description",
    "score_frame": "scoring.frames",
    "Indicators": "scoring.indicators",
    "indicators": "scoring.indicators",
    "Matching": "scoring.matching",
    "match_persons": "scoring.matching",
    "Participation": "scoring.participation",
    "participation": "scoring.participation",
    "pseudonymise": "scoring.persons",
    "Plan": "scoring.plan",
    "Quality": "scoring.quality",
    "quality": "scoring.quality",
    "Responses": "scoring.responses",
    "responses": "scoring.responses",
    "Scores": "scoring.scores",
    "score": "scoring.scores",
    "score_one": "scoring.scores",
    "simulate": "scoring.simulation",
    "simulate_cohort": "scoring.simulation",
    "Simulation": "scoring.simulation_result",
}

__all__ = [*_HOME]  # noqa: PLE0604 (the names are the keys above)


# Type checkers know the names above, and are to report every other.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            return import_module("digilitt.result").version()
        if name not in _HOME:
            raise AttributeError(f"module 'digilitt' has no attribute {name!r}")
        return getattr(import_module(f"digilitt.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*_HOME, "__version__"])
