"""The catalogue: the frameworks, instruments and municipalities that ship with digilitt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from digilitt.define.framework import Framework
from digilitt.define.instrument import Instrument
from digilitt.define.toml import read_toml
from digilitt.errors import DefinitionError, Problem

PACKAGE = Path(__file__).resolve().parents[1]
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
    >>> sorted(instruments())[:2]
    ['digilitt-core', 'digilitt-mapping']
    """
    return {name: instrument(name) for name in _names(instruments_folder(), "*/instrument.toml")}


def frameworks() -> dict[str, Framework]:
    """The frameworks that ship with digilitt, by id."""
    return {path.stem: framework(path) for path in sorted(FRAMEWORKS.glob("*.toml"))}


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
    >>> framework("digcomp-3.0")
    Framework(digcomp-3.0@3.0: 5 areas, 21 competences, 4 levels)
    """
    if _is_path(which):
        return Framework(**read_toml(Path(which)))
    path = FRAMEWORKS / f"{which}.toml"
    if not path.is_file():
        known = [found.stem for found in sorted(FRAMEWORKS.glob("*.toml"))]
        raise DefinitionError([_unknown("framework", str(which), known)])
    return Framework(**read_toml(path))


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
    >>> instrument("sus")
    Instrument(sus@1.0.0, structure: 10 items, 1 scales)
    """
    path = Path(which)
    if not _is_path(which):
        path = instruments_folder() / str(which) / "instrument.toml"
        if not path.is_file():
            known = _names(instruments_folder(), "*/instrument.toml")
            raise DefinitionError([_unknown("instrument", str(which), known)])
    elif path.is_dir():
        path = path / "instrument.toml"
    made = Instrument(**read_toml(path))
    if problems := list(_link_problems(made, frameworks)):
        raise DefinitionError(problems)
    return made


def sample(instrument_id: str) -> Path:
    """Path of the simulated answers that ship with an instrument (CSV).

    Raises
    ------
    DefinitionError
        If there is no such instrument.

    Examples
    --------
    >>> sample("sus").name
    'sample.csv'
    """
    path = instruments_folder() / instrument_id / "sample.csv"
    if not path.is_file():
        known = _names(instruments_folder(), "*/sample.csv")
        raise DefinitionError([_unknown("instrument", instrument_id, known)])
    return path


def municipalities() -> tuple[Municipality, ...]:
    """The nine municipalities of DigiLitt.kom with their codes.

    Examples
    --------
    >>> municipalities()[0]
    Municipality(code='1278', name='Båstad')
    """
    rows = read_toml(FRAMEWORKS.parent / "municipalities.toml")["municipalities"]
    return tuple(Municipality(row["code"], row["name"]) for row in rows)


def _is_path(which: str | Path) -> bool:
    text = str(which)
    return isinstance(which, Path) or text.endswith(".toml") or "/" in text or "\\" in text


def _names(folder: Path, pattern: str) -> list[str]:
    return sorted(path.parent.name for path in folder.glob(pattern))


def _unknown(what: str, name: str, known: Iterable[str]) -> Problem:
    known = list(known)
    close = get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    message = f"there is no {what} {name!r}.{hint} Known: {', '.join(known)}; or give a path."
    return Problem(code=f"unknown-{what}", message=message)


def _link_problems(made: Instrument, own: Sequence[Framework]) -> Iterable[Problem]:
    links = {(item.id, link) for item in made.items for link in item.competences}
    known = {found.id: found for found in (*frameworks().values(), *own)} if links else {}
    for item_id, link in sorted(links):
        name = link.split(":")[0]
        if name not in known:
            close = ", ".join(sorted(known))
            message = (
                f"refers to {link!r}; known frameworks: {close}. Pass your own by frameworks=."
            )
        elif link not in known[name].links:
            message = f"refers to {link!r}, which {name} has not; see framework({name!r}).links."
        else:
            continue
        yield Problem(
            code="unknown-competence",
            file=f"instrument {made.id!r}",
            column=item_id,
            message=message,
        )
