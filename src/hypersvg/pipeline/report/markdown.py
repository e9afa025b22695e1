"""Markdown of notebooks, exhibits and timings as HTML that cannot do anything: no raw HTML, links or images."""

from collections.abc import MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape

INERT = ("link", "image", "autolink", "reference", "heading", "lheading")


def html(text: str, label: str = "") -> Markup:
    """``text`` as HTML; every table scrolls in a region of its own, called ``label``."""
    return Markup(PARSER.render(text, {"label": label}))


def plain(text: str) -> str:
    """``text`` without its markup, on one line."""
    return str(html(text).striptags())


def table_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    """The table's scrolling region, which the keyboard reaches."""
    return f'<div class="scroll" role="region" aria-label="{escape(env["label"])}" tabindex="0">\n<table>\n'


def table_close(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    """The end of the table and of its region."""
    return "</table>\n</div>\n"


def parser() -> MarkdownIt:
    """CommonMark with tables and without whatever could load or lead somewhere."""
    made = MarkdownIt("commonmark", {"html": False}).enable("table").disable(INERT)
    made.add_render_rule("table_open", table_open)
    made.add_render_rule("table_close", table_close)
    return made


PARSER = parser()
