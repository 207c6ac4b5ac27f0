"""README and the how-to pages do what they say: their Python, files and commands are run.

Fenced blocks run in order, in an empty folder: ``python`` is executed, ``pycon`` is a doctest,
lines of ``sh`` that call digilitt are run as commands. A comment before a block marks it:

- ``<!-- file: NAME -->``: written to that file, or added at its end
- ``<!-- whole: NAME -->``: the whole of that file, whatever it held before
- ``<!-- edit: NAME -->``: a ``diff``; its lines with - stand in that file once, and become those
  with +
- ``<!-- holds: NAME -->``: what that file holds by now
- ``<!-- says -->``: what the block of commands before it said
- ``<!-- fails -->``: commands that end with exit code 2
- ``<!-- setup: NAME -->``: commands that ``.ci/run`` runs in a fresh clone
"""

from __future__ import annotations

import doctest
import io
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from digilitt.cli import main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

FILE_MARKS = ("file", "whole", "edit", "holds")

FENCE = re.compile(r"```(\w*)")
MARK = re.compile(r"<!-- (\w+)(?:: (\S+))? -->")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the mark before it, its text, and the line it begins on."""

    language: str
    mark: str
    about: str
    text: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown page."""
    mark, opened, lines = ("", ""), None, []
    for number, line in enumerate(text.splitlines(), 1):
        if opened is not None:
            if line == "```":
                yield Block(opened[0], *mark, "\n".join(lines) + "\n", opened[1])
                mark, opened, lines = ("", ""), None, []
            else:
                lines.append(line)
        elif found := FENCE.fullmatch(line):
            opened = found.group(1), number + 1
        elif found := MARK.fullmatch(line):
            mark = found.group(1), found.group(2) or ""
        elif line:
            mark = "", ""


def run_command(line: str) -> tuple[int, str]:
    """Run one `digilitt` command; its exit code and what it says."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.setattr(sys, "argv", shlex.split(line, comments=True))
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0), said.getvalue()


def run_session(block: Block, page: Path, names: dict[str, Any]) -> None:
    """Run a block of ``>>>`` lines and compare what they print."""
    test = doctest.DocTestParser().get_doctest(
        block.text, names, f"line {block.line}", str(page), block.line
    )
    report: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
    assert not report, "".join(report)
    names.update(test.globs)


def run_commands(block: Block, place: str) -> list[str]:
    """Run the commands of a block that call digilitt; what each said."""
    everything = []
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.startswith("digilitt "):
            code, said = run_command(line)
            assert code == (2 if block.mark == "fails" else 0), f"{place}: {line}\n{said}"
            everything.append(said)
    return everything


def handle_file(block: Block, place: str) -> None:
    """Write, edit or compare the file that a block is about."""
    file = Path(block.about)
    if block.mark == "file":
        with file.open("a", encoding="utf-8") as opened:
            opened.write(block.text)
    elif block.mark == "whole":
        file.write_text(block.text, encoding="utf-8")
    elif block.mark == "edit":
        old, new = (
            "".join(line[1:] for line in block.text.splitlines(keepends=True) if line[:1] == sign)
            for sign in "-+"
        )
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{place}: {old!r} stands {text.count(old)} times"
        file.write_text(text.replace(old, new), encoding="utf-8")
    else:
        compare(block.text, file.read_text(encoding="utf-8-sig"), place)


def compare(expected: str, found: str, place: str) -> None:
    same = doctest.OutputChecker().check_output(expected, found, FLAGS)
    assert same, f"{place}: expected\n{expected}\nfound\n{found}"


def run_page(page: Path) -> list[str]:
    """Run every block of a page in the current folder; the marks or languages of those that ran."""
    names: dict[str, Any] = {"__name__": "__page__"}
    ran: list[str] = []
    said: list[str] = []
    for block in blocks(page.read_text(encoding="utf-8")):
        place = f"{page.name}, line {block.line}"
        if block.mark in FILE_MARKS:
            handle_file(block, place)
            ran.append(block.mark)
        elif block.mark == "says":
            compare(block.text, "".join(said), place)
            ran.append(block.mark)
        elif block.language == "python":
            exec(compile(block.text, place, "exec"), names)
            ran.append(block.language)
        elif block.language == "pycon":
            run_session(block, page, names)
            ran.append(block.language)
        elif block.language == "sh" and block.mark != "setup":
            said = run_commands(block, place)
            ran += ["digilitt"] * len(said)
    return ran


RUNNABLE = {
    page.relative_to(ROOT).as_posix(): page
    for page in PAGES
    if any(
        block.language in ("python", "pycon")
        or (block.language == "sh" and "digilitt " in block.text)
        for block in blocks(page.read_text(encoding="utf-8"))
    )
}


@pytest.mark.parametrize("name", RUNNABLE)
def test_page_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_page(RUNNABLE[name])


def test_walk_from_paper_to_scores_leaves_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every block of that page is run or compared, but for the printed form it begins with."""
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "how-to" / "from-paper-to-scores.md"
    paper, *shown = blocks(page.read_text(encoding="utf-8"))
    assert (paper.mark, paper.language) == ("paper", "text")
    commands = [
        line
        for block in shown
        if block.language == "sh"
        for line in block.text.replace("\\\n", " ").splitlines()
    ]
    assert all(line.startswith("digilitt ") for line in commands)
    others = sum(block.language != "sh" for block in shown)
    ran = run_page(page)
    assert len(ran) == len(commands) + others
    assert {"whole", "edit", "holds", "says", "pycon"} < set(ran)
    # No Python before the report.
    assert ran.index("pycon") > max(i for i, what in enumerate(ran) if what == "digilitt")
    assert (tmp_path / "report.html").exists()


def test_readme_says_how_to_set_up() -> None:
    setup = {
        block.about: block.text
        for block in blocks(README.read_text(encoding="utf-8"))
        if block.mark == "setup"
    }
    assert setup.keys() == {"demo", "tests"}
    for name, text in setup.items():
        # One command each, which needs nothing but Python: not even the other one before it.
        assert text == f"python -m pip install nox && python -m nox -s {name}\n"


def test_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_blocks_are_found() -> None:
    page = "a\n\n<!-- file: x.toml -->\n```toml\nb = 1\n```\n\n<!-- fails -->\n\nc\n```sh\nd\n```\n"
    assert list(blocks(page)) == [
        Block("toml", "file", "x.toml", "b = 1\n", 5),
        Block("sh", "", "", "d\n", 12),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "```python\nassert 1 == 2\n```",
        "```pycon\n>>> 1 + 1\n3\n```",
        "```sh\ndigilitt instruments no-such-instrument\n```",
        "<!-- fails -->\n```sh\ndigilitt instruments\n```",
        "```sh\ndigilitt --version\n```\n<!-- says -->\n```text\ndigilitt 0.0.0\n```",
        "<!-- whole: a.csv -->\n```csv\na\n```\n<!-- holds: a.csv -->\n```csv\nb\n```",
        "<!-- whole: a.csv -->\n```csv\na\n```\n<!-- edit: a.csv -->\n```diff\n-b\n+c\n```",
    ],
    ids=["python", "pycon", "command", "command that should fail", "says", "holds", "edit"],
)
def test_wrong_page_is_found(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError):
        run_page(page)
