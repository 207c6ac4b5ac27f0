"""Options, folders that are collected only by name, and hypothesis profiles."""

from __future__ import annotations

import os
from pathlib import Path

# Before numpy is loaded: products of small matrices gain nothing from several threads, and on a
# busy machine they lose much.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# Each needs more than the test group, and has a nox session that names its folder.
collect_ignore = ["bench", "field", "notebooks", "wheel"]

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--field", metavar="FOLDER", help="the folder of real data sets that tests/field runs on"
    )


@pytest.fixture(scope="session")
def field_folder(pytestconfig: pytest.Config) -> Path:
    """The folder of real data sets that ``--field`` names."""
    named = pytestconfig.getoption("--field")
    if named is None or not Path(named).is_dir():
        raise pytest.UsageError(f"--field FOLDER names the data sets; got {named}")
    return Path(named).resolve()
