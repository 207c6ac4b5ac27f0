"""What options of several kinds of evidence have in common."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TypeGuard

import numpy as np

from digilitt.errors import Problem
from digilitt.evidence.data import ItemData


def is_whole(value: object) -> TypeGuard[int]:
    """Whether it is a whole number; True and False are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_random(rng: object) -> TypeGuard[np.random.Generator | int]:
    """Whether it is a generator of random numbers, or a seed (a whole number from 0)."""
    return isinstance(rng, np.random.Generator) or (is_whole(rng) and rng >= 0)


def seed_of(rng: np.random.Generator | int) -> str:
    """The seed, or a name for the state that a generator is in."""
    if not isinstance(rng, np.random.Generator):
        return str(int(rng))
    state = rng.bit_generator.state
    text = json.dumps(state, sort_keys=True, default=lambda value: np.asarray(value).tolist())
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{state['bit_generator']} in the state {digest[:16]}"


def category_problems(data: ItemData, most: int) -> Iterator[Problem]:
    """Items with more different answers than a polychoric correlation is for."""
    for name, column in zip(data.items, data.values.T, strict=True):
        n = len(np.unique(column[~np.isnan(column)]))
        if n > most:
            message = (
                f"has {n} different answers; a polychoric correlation is for items with up to "
                f"{most}. Use correlation='pearson'."
            )
            yield Problem(code="too-many-categories", column=name, message=message)
