"""HTML as a tree, by the standard library: enough to say what a page holds and what it leads to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = ("meta", "link", "img", "input", "br", "hr")


@dataclass
class Element:
    """An element; ``text`` is that of everything inside it."""

    tag: str
    attributes: dict[str, str]
    pieces: list["str | Element"] = field(default_factory=list)

    @property
    def children(self) -> list["Element"]:
        return [piece for piece in self.pieces if isinstance(piece, Element)]

    @property
    def text(self) -> str:
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self.pieces)

    def find(self, tag: str = "", **attributes: str) -> list["Element"]:
        """The elements inside of a tag and with these attributes, in their order."""
        return [
            element
            for element in self.inside()
            if tag in ("", element.tag) and attributes.items() <= element.attributes.items()
        ]

    def inside(self) -> Iterator["Element"]:
        """Every element inside, in its order."""
        for child in self.children:
            yield child
            yield from child.inside()


class Page(HTMLParser):
    """A parsed page; raises ``AssertionError`` where a tag is not closed or closed by another."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]
        self.ids: dict[str, Element] = {}
        self.feed(text)
        self.close()
        assert self.open == [self.root], f"{self.open[-1].tag} is never closed"

    def by_id(self, name: str) -> Element:
        return self.ids[name]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].pieces.append(element)
        if "id" in element.attributes:
            self.ids[element.attributes["id"]] = element
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop().tag == tag, f"</{tag}> closes another tag"

    def handle_data(self, data: str) -> None:
        self.open[-1].pieces.append(data)
