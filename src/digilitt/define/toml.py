"""TOML files in and out, with errors that name the file and the line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digilitt.errors import DefinitionError, InterchangeError, Problem


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises
    ------
    DefinitionError
        If the file is not there, is not UTF-8, or is not TOML; the message has the line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        message = "there is no such file; check the path."
    except IsADirectoryError:
        message = "is a folder; expected a TOML file."
    except OSError as error:
        message = f"cannot be read: {error.strerror}."
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} is not UTF-8; save the file as UTF-8."
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message = f"is not TOML: {error}. Check quotes, commas and brackets there."
    raise DefinitionError([Problem(code="toml", file=str(path), message=message)])


def write_toml(content: Mapping[str, Any], path: Path, *, overwrite: bool = False) -> Path:
    """Write `content` as TOML.

    Raises
    ------
    InterchangeError
        If the file exists and `overwrite` is false, or cannot be written.
    """
    import tomli_w

    if path.exists() and not overwrite:
        message = "exists already; choose another name, or overwrite it explicitly."
        raise InterchangeError([Problem(code="file-exists", file=str(path), message=message)])
    try:
        path.write_text(tomli_w.dumps(content, multiline_strings=False), encoding="utf-8")
    except OSError as error:
        message = f"cannot be written: {error.strerror}."
        raise InterchangeError([Problem(code="write", file=str(path), message=message)]) from None
    return path
