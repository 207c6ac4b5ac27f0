"""A reader of pages: a strict parser, and what it finds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

# White space as HTML has it; no-break spaces are kept.
WHITE = re.compile(r"[ \t\n\r\f]+")
VOID = {"meta", "br", "link", "img", "input", "hr"}
# Elements of the page's drawings that close themselves.
DRAWN = {"rect", "line"}


@dataclass
class Node:
    tag: str
    attrs: dict[str, str | None]
    children: list[Node] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return WHITE.sub(" ", "".join(self.texts)).strip(" ")

    def all(self, *tags: str) -> list[Node]:
        found = [self] if self.tag in tags else []
        return found + [node for child in self.children for node in child.all(*tags)]

    def first(self, tag: str) -> Node:
        return self.all(tag)[0]

    def by_id(self, name: str) -> Node:
        (found,) = [node for node in self.every() if node.attrs.get("id") == name]
        return found

    def every(self) -> list[Node]:
        return [self] + [node for child in self.children for node in child.every()]


class Strict(HTMLParser):
    """Every tag is closed, in order, and nothing is closed that is not open."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("document", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), (tag, attrs)
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in DRAWN | VOID, tag
        self.open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for node in self.open:
            node.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def parsed(page: str) -> Node:
    reader = Strict()
    reader.feed(page)
    reader.close()
    assert [node.tag for node in reader.open] == ["document"]
    return reader.root


def grid(table: Node) -> list[list[str]]:
    """The texts of a table's cells, with spans written out; every row is as long as the others."""
    rows = table.all("tr")
    cells: dict[tuple[int, int], str] = {}
    for i, row in enumerate(rows):
        j = 0
        for cell in row.children:
            while (i, j) in cells:
                j += 1
            height, width = int(cell.attrs.get("rowspan", 1)), int(cell.attrs.get("colspan", 1))
            for place in ((i + a, j + b) for a in range(height) for b in range(width)):
                assert place not in cells
                cells[place] = cell.text
            j += width
    n_columns = max(j for _, j in cells) + 1
    assert len(cells) == len(rows) * n_columns
    return [[cells[i, j] for j in range(n_columns)] for i in range(len(rows))]
