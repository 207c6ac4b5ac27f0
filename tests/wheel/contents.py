"""What a built wheel carries: every file of the package and of `instruments/`, and no other."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
JUNK = {"__pycache__", ".ipynb_checkpoints", ".DS_Store"}
PLACES = {"src/digilitt": "digilitt", "instruments": "digilitt/_instruments"}


def expected() -> Iterator[str]:
    for source, target in PLACES.items():
        folder = ROOT / source
        for path in folder.rglob("*"):
            inside = path.relative_to(folder)
            if path.is_file() and not JUNK & set(inside.parts):
                yield f"{target}/{inside.as_posix()}"


def main(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = set(expected())
    instruments = {name for name in wanted if name.endswith("/instrument.toml")}
    if carried != wanted or not instruments:
        sys.exit(
            f"{wheel.name}: missing {sorted(wanted - carried)}, "
            f"not wanted {sorted(carried - wanted)}, {len(instruments)} instruments"
        )
    print(f"{wheel.name}: {len(carried)} files, {len(instruments)} instruments")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
