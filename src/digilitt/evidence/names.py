"""Names that a caller may have meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches

# Characters compared; what is longer is no name that somebody mistyped.
COMPARED = 60


def near(name: str, known: Sequence[str], shown: Callable[[str], str] = repr) -> str:
    """`` Did you mean …?`` for a name that differs in case alone, or else is alike."""
    same = [each for each in known if each.casefold() == name.casefold()]
    close = same or get_close_matches(name[:COMPARED], known, n=1)
    return f" Did you mean {shown(close[0])}?" if close else ""
