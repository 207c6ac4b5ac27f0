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
    content = b""
    try:
        content = path.read_bytes()
        return tomllib.loads(content.decode("utf-8-sig"))
    except FileNotFoundError:
        message = "there is no such file; check the path."
    except IsADirectoryError:
        message = "is a folder; expected a TOML file."
    except OSError as error:
        message = f"cannot be read: {error.strerror}."
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"line {line} is not UTF-8 (byte {error.start + 1}); save the file as UTF-8."
    except tomllib.TOMLDecodeError as error:
        message = f"is not TOML: {error}. Check quotes, commas and brackets there."
    except RecursionError:
        message = "is not a definition: brackets stand too deep within brackets."
    except ValueError:  # Python's limits for paths and for whole numbers.
        large = "has a whole number of thousands of digits; shorten it."
        message = large if content else "is no path: it has a null character."
    raise DefinitionError([Problem(code="toml", file=str(path), message=message)])


def write_toml(content: Mapping[str, Any], path: Path, *, overwrite: bool = False) -> Path:
    """Write `content` as TOML.

    Raises
    ------
    InterchangeError
        If the file exists and `overwrite` is false, or cannot be written.
    """
    import tomli_w

    text = tomli_w.dumps(content, multiline_strings=False)
    try:
        with path.open("w" if overwrite else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        message = "exists already; choose another name, or overwrite it explicitly."
        raise InterchangeError(
            [Problem(code="file-exists", file=str(path), message=message)]
        ) from None
    except OSError as error:
        message = f"cannot be written: {error.strerror}."
        raise InterchangeError(
            [Problem(code="cannot-write", file=str(path), message=message)]
        ) from None
    return path
