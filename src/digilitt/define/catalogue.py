"""The catalogue: the frameworks, instruments and municipalities that ship with digilitt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from digilitt.define.framework import Framework
from digilitt.define.instrument import Instrument
from digilitt.define.problems import listed, suggestion
from digilitt.define.toml import read_toml
from digilitt.errors import DefinitionError, Problem

Definition = TypeVar("Definition", Framework, Instrument)

PACKAGE = Path(__file__).resolve().parents[1]
# Ids of statements and outcomes, as the official data supplement of DigComp has them.
STATED = re.compile(r"digcomp-3\.0:(?:CS|LO)\d+\.\d+\.\d+")
FRAMEWORKS = Path(__file__).resolve().parent / "data" / "frameworks"


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality: its four-digit code as text, and its name."""

    code: str
    name: str


def instruments_folder() -> Path:
    """The folder with one folder per instrument: in the wheel, or beside `src` in a checkout."""
    installed = PACKAGE / "_instruments"
    return installed if installed.is_dir() else PACKAGE.parents[1] / "instruments"


def instruments() -> dict[str, Instrument]:
    """The instruments that ship with digilitt, by id.

    Examples
    --------
    >>> import digilitt as dl
    >>> dl.instruments()["digilitt-core"]
    Instrument(digilitt-core@0.1.0, pilot: 28 items, 5 scales)
    """
    return {name: instrument(name) for name in _names(instruments_folder(), "*/instrument.toml")}


def frameworks() -> dict[str, Framework]:
    """The frameworks that ship with digilitt, by id."""
    return {name: framework(name) for name in framework_names()}


def framework_names() -> list[str]:
    """Ids of the frameworks that ship with digilitt."""
    return sorted(path.stem for path in FRAMEWORKS.glob("*.toml"))


def framework(which: str | Path) -> Framework:
    """A framework by id, or read from a TOML file.

    Parameters
    ----------
    which : str or Path
        An id such as ``"digcomp-3.0"``, or the path of a TOML file.

    Raises
    ------
    DefinitionError
        If there is none of that id, or the file contradicts itself (all problems at once).

    Examples
    --------
    >>> import digilitt as dl
    >>> dl.framework("digcomp-3.0")
    Framework(digcomp-3.0@3.0: 5 areas, 21 competences, 4 levels)
    """
    if _is_path(which):
        return _read(Framework, Path(which))
    known = framework_names()
    if which not in known:
        raise DefinitionError([_unknown("framework", str(which), known)])
    return _read(Framework, FRAMEWORKS / f"{which}.toml")


def instrument(which: str | Path, *, frameworks: Sequence[Framework] = ()) -> Instrument:
    """An instrument by id, or read from a file of yours.

    Parameters
    ----------
    which : str or Path
        An id such as ``"digilitt-core"``, the path of an ``instrument.toml``, or the
        folder it stands in.
    frameworks : sequence of Framework, optional
        Frameworks of your own that its items refer to.

    Raises
    ------
    DefinitionError
        If there is none of that id, or it contradicts itself (all problems at once).

    Examples
    --------
    >>> import digilitt as dl
    >>> dl.instrument("sus")
    Instrument(sus@1.0.0, structure: 10 items, 1 scale)
    """
    known = _names(instruments_folder(), "*/instrument.toml")
    if _is_path(which):
        path = _in_folder(Path(which))
    elif which in known:
        path = instruments_folder() / which / "instrument.toml"
    else:
        raise DefinitionError([_unknown("instrument", str(which), known)])
    made = _read(Instrument, path)
    if problems := list(_link_problems(made, frameworks)):
        raise DefinitionError(replace(problem, file=str(path)) for problem in problems)
    return made


def sample(instrument_id: str) -> Path:
    """Path of the simulated answers that ship with an instrument (CSV).

    Raises
    ------
    DefinitionError
        If there is no such instrument.

    Examples
    --------
    >>> import digilitt as dl
    >>> dl.sample("sus").name
    'sample.csv'
    """
    known = _names(instruments_folder(), "*/sample.csv")
    if instrument_id not in known:
        raise DefinitionError([_unknown("instrument", instrument_id, known, "")])
    return instruments_folder() / instrument_id / "sample.csv"


def municipalities() -> tuple[Municipality, ...]:
    """The nine municipalities of DigiLitt.kom with their codes.

    Examples
    --------
    >>> import digilitt as dl
    >>> dl.municipalities()[0]
    Municipality(code='1278', name='Båstad')
    """
    rows = read_toml(FRAMEWORKS.parent / "municipalities.toml")["municipalities"]
    return tuple(Municipality(row["code"], row["name"]) for row in rows)


def _is_path(which: str | Path) -> bool:
    text = str(which)
    named = text.lower().endswith(".toml") or "/" in text or "\\" in text
    inside = Path(text) / "instrument.toml"
    return named or isinstance(which, Path) or _is_file(inside) or _is_file(_with_txt(inside))


def _with_txt(path: Path) -> Path:
    """The name that editors such as Notepad give a file that is to be called something else."""
    return Path(f"{path}.txt")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False  # Names that are too long, or hold what no name can.


def _in_folder(path: Path) -> Path:
    try:
        return path / "instrument.toml" if path.is_dir() else path
    except OSError:
        return path  # Reading it says what is the matter.


def _read(kind: type[Definition], path: Path) -> Definition:
    if not _is_file(path) and _is_file(other := _with_txt(path)):
        message = f"there is no such file, but there is {other.name!r}; remove .txt from its name."
        raise DefinitionError([Problem(code="toml", file=str(path), message=message)])
    content = read_toml(path)
    try:
        return kind(**content)
    except DefinitionError as error:
        raise DefinitionError(replace(p, file=str(path)) for p in error.problems) from None


def _names(folder: Path, pattern: str) -> list[str]:
    return sorted(path.parent.name for path in folder.glob(pattern))


def _unknown(what: str, name: str, known: Sequence[str], also: str = "; or give a path") -> Problem:
    hint = suggestion(name, known)
    message = f"there is no {what} {name[:60]!r}.{hint} Known: {listed(known)}{also}."
    return Problem(code=f"unknown-{what}", message=message)


SUPPLEMENT = (
    "Statements and outcomes stand in the official DigComp file alone: read it with "
    "read_digcomp(), and pass it by"
)


def stands_in_supplement(link: str, whole: Framework) -> bool:
    """Whether a link is to a statement or an outcome, of a framework that came without them."""
    return bool(STATED.fullmatch(link)) and not (whole.statements or whole.outcomes)


def _link_problems(made: Instrument, own: Sequence[Framework]) -> Iterable[Problem]:
    links = {(item.id, link) for item in made.items for link in item.competences}
    named = {link.split(":")[0] for _, link in links}
    shipped = framework_names()
    read = {name: framework(name) for name in shipped if name in named}
    known = {**read, **{found.id: found for found in own}}
    every = sorted({*shipped, *known})
    for item_id, link in sorted(links):
        name = link.split(":")[0]
        if name not in known:
            near = [other for other in every if other.startswith(name)]
            hint = f" Say which: {listed(near)}." if near[1:] else suggestion(name, every)
            message = (
                f"refers to {link!r}; the frameworks are {listed(every)}. "
                f"Pass your own by frameworks=.{hint}"
            )
        elif link not in known[name].links:
            message = (
                f"refers to {link!r}, which {name} has not; see framework({name!r}).links."
                f"{suggestion(link, known[name].links)}"
            )
            if stands_in_supplement(link, known[name]):
                message = f"refers to {link!r}. {SUPPLEMENT} frameworks=[…] (--framework FILE)."
        else:
            continue
        yield Problem(code="unknown-competence", column=item_id, message=message)
