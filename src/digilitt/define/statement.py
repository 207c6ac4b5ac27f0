"""Statements and learning outcomes: what a framework says of a competence at a level."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from digilitt.define.fields import FROZEN, PartId
from digilitt.define.text import Text

Kind = Literal["knowledge", "skill", "attitude"]
# Whether artificial intelligence is a subject: named, implied, or neither.
AI = Literal["explicit", "implicit", "none"]


class Statement(BaseModel):
    """What someone at a level of a competence knows, does or thinks.

    `ai` says whether artificial intelligence is named or implied; None where the framework
    does not tell.
    """

    model_config = FROZEN

    id: PartId
    competence: PartId
    level: PartId | None = None
    ai: AI | None = None
    text: Text


class Outcome(BaseModel):
    """A learning outcome: as a statement, and whether it is knowledge, a skill or an attitude."""

    model_config = FROZEN

    id: PartId
    competence: PartId
    level: PartId | None = None
    kind: Kind
    ai: AI | None = None
    text: Text
