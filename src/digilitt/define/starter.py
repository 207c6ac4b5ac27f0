"""A starter instrument: a small, complete instrument to change into one's own."""

from __future__ import annotations

import re
from pathlib import Path

from digilitt.errors import DefinitionError, InterchangeError, Problem

STARTER = Path(__file__).resolve().parent / "data" / "starter.toml"


def write_starter(instrument_id: str, folder: str | Path = ".") -> Path:
    """Write a starter instrument into a new folder named after its id.

    Parameters
    ----------
    instrument_id : str
        Small letters, digits, hyphens and points.
    folder : path
        Where the new folder goes.

    Returns
    -------
    Path
        The new ``instrument.toml``.

    Raises
    ------
    DefinitionError
        If the id is not written as an id.
    InterchangeError
        If the folder exists already, or cannot be made.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_starter("my-survey", folder).parent.name
    'my-survey'
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", instrument_id):
        raise DefinitionError(
            f"{instrument_id!r} is no instrument id; use small letters, digits and hyphens."
        )
    path = Path(folder) / instrument_id / "instrument.toml"
    try:
        path.parent.mkdir()
        text = STARTER.read_text(encoding="utf-8").replace('id = "ID"', f'id = "{instrument_id}"')
        path.write_text(text, encoding="utf-8")
    except FileExistsError:
        message = "exists already; choose another id or folder."
        problem = Problem(code="file-exists", file=str(path.parent), message=message)
        raise InterchangeError([problem]) from None
    except OSError as error:
        message = f"cannot be written: {error.strerror}."
        problem = Problem(code="cannot-write", file=str(path.parent), message=message)
        raise InterchangeError([problem]) from None
    return path
