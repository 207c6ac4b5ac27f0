"""Every check of the project. `nox -l` lists them; plain `nox` runs tests, lint and types.

Each session gets a new environment: one that is already there would not prove that installing
works. For quick repeats on your own machine use `nox -R -s NAME`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "lint", "types"]
nox.options.error_on_missing_interpreters = True

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
OLDEST, NEWEST = "3.11", "3.13"


def group(name: str) -> tuple[str, ...]:
    """Requirements of a dependency group; pip 23 cannot read groups itself."""
    return nox.project.dependency_groups(PROJECT, name)


def lowest_pins() -> list[str]:
    """The declared lower bounds of the core dependencies and of `scale`, as exact versions."""
    project = PROJECT["project"]
    pins = []
    for line in [*project["dependencies"], *project["optional-dependencies"]["scale"]]:
        requirement = Requirement(line)
        bounds = [s.version for s in requirement.specifier if s.operator == ">="]
        if len(bounds) != 1:
            raise ValueError(f"pyproject.toml: {line!r} needs one lower bound, written >=")
        pins.append(f"{requirement.name}=={bounds[0]}")
    return pins


@nox.session
def demo(session: nox.Session) -> None:
    """The main job on a simulated cohort; leaves a report in demo-report/."""
    session.install(".")
    session.run("digilitt", "demo", "--out", "demo-report", "--overwrite", *session.posargs)
    pages = sorted((ROOT / "demo-report").glob("*.html"))
    if not pages:
        session.error("the demo wrote no HTML page into demo-report/")
    session.log("Open %s", ", ".join(str(page) for page in pages))


@nox.session
def tests(session: nox.Session) -> None:
    """The tests on this Python with the newest dependencies, on every processor."""
    session.install("-e.", *group("test"))
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    session.install(*group("lint"))
    session.run("ruff", "check", *session.posargs, ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, on src."""
    session.install("-e.", *group("types"))
    session.run("mypy", *session.posargs)


@nox.session(python=[OLDEST, NEWEST])
def compat(session: nox.Session) -> None:
    """The tests on the oldest and the newest Python."""
    session.install("-e.", *group("test"))
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def pandas2(session: nox.Session) -> None:
    """The tests marked `pandas2` on pandas 2.3."""
    session.install("-e.", *group("test"), "pandas==2.3.*")
    session.run("pytest", "-m", "pandas2", *session.posargs)


@nox.session(python=OLDEST)
def lowest(session: nox.Session) -> None:
    """The tests on the lowest declared versions and the oldest Python."""
    session.install("-e.", *group("test"), *lowest_pins())
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel by way of the sdist; use it, bare, in an empty environment."""
    session.install(*group("wheel"))
    folder = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "build", "--outdir", str(folder / "dist"), str(ROOT))
    (built,) = (folder / "dist").glob("*.whl")
    session.run("python", "tests/wheel/contents.py", str(built))
    session.run("python", "-m", "venv", "--clear", str(folder / "empty"))
    programs = folder / "empty" / ("Scripts" if sys.platform == "win32" else "bin")
    python = str(programs / "python")
    session.run(python, "-m", "pip", "install", "--quiet", str(built), external=True)
    with session.chdir(folder):
        session.run(str(programs / "digilitt"), "demo", "--out", "report", external=True)
        session.run(python, str(ROOT / "tests/wheel/installed.py"), str(ROOT), external=True)


@nox.session
def notebooks(session: nox.Session) -> None:
    """Run every notebook from top to bottom."""
    session.install(".", *group("notebooks"))
    session.run("pytest", "tests/notebooks", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error, examples are executed."""
    session.install(".[plots]", *group("docs"))
    session.run("sphinx-build", "-W", "-n", "--keep-going", "-E", "docs", "docs/_build/html")


@nox.session
def field(session: nox.Session) -> None:
    """Real data that nobody on the project made: `nox -s field -- FOLDER`."""
    if not session.posargs:
        session.error("name the folder of data sets: nox -s field -- FOLDER")
    session.install("-e.", *group("test"))
    session.run("pytest", "tests/field", "--field", *session.posargs)


@nox.session
def simulation(session: nox.Session) -> None:
    """Recovery of simulated truth, bounds, lavaan's decisions: `nox -s simulation -- [NAME ...]`.

    Takes about an hour, and writes tests/simulation/results.
    """
    studies = ("recovery", "differences", "small_samples", "lavaan_decisions")
    session.install("-e.")
    for name in session.posargs or studies:
        session.run("python", "-m", f"tests.simulation.{name}")


@nox.session
def bench(session: nox.Session) -> None:
    """Speed beside numpy by hand or R, prints ratios: `nox -s bench -- [NAME ...] [--large]`."""
    folder = ROOT / "tests/bench"
    options = [word for word in session.posargs if word.startswith("--")]
    # `scoring` means scoring.py and scoring_streamed.py.
    names = [word for word in session.posargs if word not in options] or [""]
    scripts = [path for name in names for path in folder.glob(f"{name}*.py")]
    if not scripts:
        session.error(f"nothing in {folder} is called so: {' '.join(names)}")
    session.install(".[scale]")
    for script in sorted(set(scripts)):
        alone = script.stem == "factor_models"
        # R's own products of matrices run on one thread, so ours beside them do too.
        threads = {"OPENBLAS_NUM_THREADS": "1"} if alone else {}
        session.run("python", str(script), *(options if alone else []), env=threads)
