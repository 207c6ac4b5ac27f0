"""What a bare installation of the wheel can do: load every instrument and framework."""

from __future__ import annotations

import sys
from pathlib import Path

import digilitt as dl


def main(root: Path) -> None:
    package = Path(dl.__file__).resolve()
    if package.is_relative_to(root / "src"):
        sys.exit(f"{package} is the source, not the installed wheel")
    for kind, pattern, load in (
        ("instruments", "instruments/*/instrument.toml", dl.instrument),
        ("frameworks", "src/digilitt/define/data/frameworks/*.toml", dl.framework),
    ):
        known = set(getattr(dl, kind)())
        files = {
            path.parent.name if kind == "instruments" else path.stem for path in root.glob(pattern)
        }
        if known != files or not known:
            sys.exit(f"{kind}: {sorted(known)} installed, {sorted(files)} in the source")
        for name in sorted(known):
            print(load(name))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
