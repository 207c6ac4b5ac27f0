"""Whole files: what is written appears whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from digilitt.interchange.records import failure


def place_problems(target: Path, overwrite: bool) -> list[tuple[str, str]]:
    """What keeps a file from being written there: code and message of each problem."""
    try:
        if not target.parent.is_dir():
            message = f"There is no folder {str(target.parent)!r}. Create it first."
            return [("folder-not-found", message)]
        if target.is_dir():
            return [("is-a-folder", "This is a folder; expected the name of a file.")]
        if target.exists() and not overwrite:
            message = "The file exists. Choose another name, or overwrite it (overwrite=True)."
            return [("file-exists", message)]
    except OSError as error:
        return [("cannot-write", f"The file cannot be written ({error.strerror}).")]
    return []


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A path beside the target: the file written there is renamed to it, unless anything fails.

    Nobody ever finds half a file, and nothing is left behind.
    """
    path = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        try:
            yield path
            path.replace(target)
        finally:
            path.unlink(missing_ok=True)
    except OSError as error:
        message = (
            f"The file cannot be written ({error.strerror or error}). Close it in other programs, "
            "and see whether you may write to the folder."
        )
        raise failure("cannot-write", message, file=target.name) from error


def write_whole(target: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write beside the target and rename."""
    with beside(target) as path, path.open("xb") as stream:
        write(stream)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, unless it is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"The folder cannot be made ({error.strerror or error})."
        raise failure("cannot-write", message, file=str(folder)) from error
