"""The exhibits of a run by chapter: a notebook's words, its figures and tables with their captions, and their data."""

import base64
import csv
import io
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from hypersvg.pipeline.exhibits_index import NOTEBOOKS, notebooks_of
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.report.markdown import html, plain
from hypersvg.reading.results import read_json
from hypersvg.settings.groups import Group

FIRST_ROWS = 8
"""Rows of an exhibit's data that the page shows; all of them are in the file it offers."""
ALTERNATIVE = 240
"""Characters of a caption that stand for its picture where it cannot be seen."""
UNENCODED = ",:;=()+*/!@$"
"""What may stand unescaped in a data URL inside an attribute."""


@dataclass(frozen=True)
class Data:
    """An exhibit's CSV: its whole content as a link, and its first rows."""

    file: str
    href: str
    kilobytes: float
    rows: int
    header: list[str]
    first: list[list[str]]


@dataclass(frozen=True)
class Shown:
    """One exhibit as the page shows it; ``image`` is empty for a table, whose ``caption`` holds the printed cells."""

    name: str
    title: str
    heading: str
    prose: Markup
    caption: Markup
    image: str
    alternative: str
    data: Data


@dataclass(frozen=True)
class Chapter:
    """One notebook: what it asks, its exhibits, and how they were made."""

    name: str
    title: str
    introduction: Markup
    exhibits: tuple[Shown, ...]
    made: Markup


def chapters(run: Path, group: Group) -> list[Chapter]:
    """All notebooks of a run of ``group``, in their order; raises a sentence naming what one of them does not show."""
    return [chapter(run, name) for name in notebooks_of(group)]


def chapter(run: Path, name: str) -> Chapter:
    """One executed notebook: its first words open it, its last say how it was made, those between head an exhibit."""
    path = run / "notebooks" / f"{name}.ipynb"
    words, captions = cells_of(path)
    for exhibit in NOTEBOOKS[name].exhibits:
        if exhibit not in captions:
            raise HypersvgError(f"{path} shows no {exhibit}; run `make {exhibit}` of this run again")
    title, introduction = headed(words[0])
    exhibits = tuple(shown(run, exhibit, *captions[exhibit]) for exhibit in NOTEBOOKS[name].exhibits)
    return Chapter(name, title, html(introduction), exhibits, html(headed(words[-1])[1]))


def cells_of(path: Path) -> tuple[list[str], dict[str, tuple[str, str]]]:
    """The cells of words of an executed notebook; by exhibit, the words before it and the caption that it displayed."""
    words, captions = [""], {}
    for cell in read_json(path).get("cells", []):
        source = joined(cell["source"])
        built = re.search(r'build\("(\w+)"', source)
        if cell["cell_type"] == "markdown":
            words.append(source)
        elif built and (caption := displayed(cell)):
            captions[built[1]] = (words[-1], caption)
    return words[1:] or words, captions


def displayed(cell: dict[str, Any]) -> str:
    """The Markdown among a cell's outputs; empty where there is none."""
    outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
    return "\n\n".join(joined(data["text/markdown"]) for data in outputs if "text/markdown" in data)


def joined(text: str | list[str]) -> str:
    """A notebook's text, which may be kept by lines."""
    return text if isinstance(text, str) else "".join(text)


def headed(words: str) -> tuple[str, str]:
    """The heading that a cell opens with, and the rest."""
    heading, _, rest = words.partition("\n")
    return heading.lstrip("# "), rest


def shown(run: Path, name: str, words: str, caption: str) -> Shown:
    """One exhibit from its files, the words before it and its caption."""
    heading, prose = headed(words)
    image = name.startswith("fig_")
    return Shown(
        name=name,
        title=title_of(caption, name),
        heading=heading,
        prose=html(prose),
        caption=html(caption, f"{heading}: cells"),
        image=svg_url(run / "exhibits" / f"{name}.svg") if image else "",
        alternative=textwrap.shorten(plain(caption), ALTERNATIVE, placeholder=" …") if image else "",
        data=data_of(run / "exhibits" / f"{name}.csv"),
    )


def title_of(caption: str, name: str) -> str:
    """``Fig. 4.3``: what the caption has in bold in front of its words; the exhibit's name where there is nothing."""
    found = re.search(r"^\*\*(.+?)\.?\*\* ", caption, re.MULTILINE)
    return found[1] if found else name


def svg_url(path: Path) -> str:
    """A drawing as a data URL; as an image it can neither run scripts nor load anything."""
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def data_of(path: Path) -> Data:
    """The data behind an exhibit; raises a sentence where the file is empty or no text."""
    try:
        text = path.read_text(encoding="utf-8")
        header, *rows = csv.reader(io.StringIO(text))
    except ValueError:
        raise HypersvgError(f"{path} holds no table; run `make {path.stem}` of this run again") from None
    href = f"data:text/csv;charset=utf-8,{quote(text, safe=UNENCODED)}"
    return Data(path.name, href, len(text.encode()) / 1000, len(rows), header, rows[:FIRST_ROWS])
