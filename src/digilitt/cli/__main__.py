"""``python -m digilitt.cli`` is the command ``digilitt``."""

from __future__ import annotations

from digilitt.cli import main

main()
