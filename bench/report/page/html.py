"""A report's Markdown as one HTML file that needs nothing else: contents, tables that sort, pictures, an explorer.

Style and scripts lie beside this module: page.css, page.js, explorer.js. What is text can be read without them.
"""

import html
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bench.report.cells import are_numbers, number
from bench.report.page import bundles
from bench.report.page.explorer import BROAD, EXPLORER, explorer

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
LONG = 40
"""Characters of a cell that may break into lines."""


def html_page(title: str, text: str, folder: Path, facts: Mapping[str, Any] | None = None) -> str:
    """Render a report.

    Args:
        title: of the page.
        text: its Markdown; the heading `EXPLORER`, where facts are given, stands for the explorer.
        folder: where the pictures lie that it names.
        facts: what the explorer shows, see `bench.report.page.facts`.
    """
    tokens = MARKDOWN.parse(text)
    headings = [*_headings(tokens)]
    _sort_keys(tokens)
    body = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    pictures = {name: (folder / name).read_text(encoding="utf-8") for name in re.findall(r'src="([^":]+\.svg)"', body)}
    body = re.sub(r'src="([^":]+\.svg)"', r'data-picture="\1"', body)
    body = _framed(body)
    if facts:
        body = body.replace(f">{EXPLORER}</h2>", f">{EXPLORER}</h2>\n{explorer(facts)}")
    contents = "".join(f'<li><a href="#{name}">{html.escape(what)}</a></li>' for name, what in headings)
    names = ["page.css", "page.js", *["explorer.js"] * bool(facts)]
    style, *scripts = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in names)
    packed = {"tables": bundles.table_library(), "pictures": bundles.packed(json.dumps(pictures))}
    if facts:
        packed |= {"charts": bundles.chart_library(), "facts": bundles.packed(json.dumps(facts, allow_nan=False))}
    data = "\n".join(f'<script type="application/gzip" id="{name}">{text}</script>' for name, text in packed.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>
{bundles.table_style()}
{style}</style>
</head>
<body>
<a class="skip" href="#report">Skip the contents</a>
<nav aria-label="Contents"><ul>{contents}</ul></nav>
<main id="report">
<noscript><p>Pictures, sorting and filters need JavaScript; the Markdown beside this page does not.</p></noscript>
{body}</main>
{data}
<script type="module">
{"".join(scripts)}</script>
</body>
</html>
"""


def _headings(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Give headings of the second level an id; yields it, and what the heading says."""
    for token, inside in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            name = re.sub(r"\W+", "-", inside.content.lower()).strip("-")
            token.attrSet("id", name)
            yield name, inside.content


def _sort_keys(tokens: Sequence[Token]) -> None:
    """Give the cells of columns of numbers what they are sorted by, and their heads the type `number`.

    Missing ones come last.
    """
    for _, of in itertools.groupby(_cells(tokens), key=lambda cell: cell[0]):
        columns: dict[int, list[tuple[Token, str]]] = {}
        for _table, column, token, text in of:
            columns.setdefault(column, []).append((token, text))
        for head, *cells in columns.values():
            if are_numbers(text for _, text in cells):
                head[0].attrSet("data-type", "number")
                for token, text in cells:
                    token.attrSet("data-order", str(number(text)))
            else:
                for token, text in (head, *cells):
                    token.attrSet("class", "text" if len(text) > LONG else "word")


def _cells(tokens: Sequence[Token]) -> Iterator[tuple[int, int, Token, str]]:
    """Table, column, opening token and text of every cell, row by row."""
    table = column = 0
    for token, inside in itertools.pairwise(tokens):
        if token.type == "table_open":
            table += 1
        elif token.type == "tr_open":
            column = 0
        elif token.type in ("th_open", "td_open"):
            text = "".join(child.content for child in inside.children or ())
            yield table, column, token, text.strip()
            column += 1


def _framed(body: str) -> str:
    """Each table in a box that scrolls by itself, and says how many columns print must find room for."""
    number = itertools.count(1)

    def framed(match: re.Match[str]) -> str:
        n = match[0].count("<th")
        return (
            f'<div class="wide" role="region" tabindex="0" aria-label="Table {next(number)}">'
            f'<table class="plain{" broad" * (n > BROAD)}" style="--columns: {n}"{match[1]}</div>'
        )

    return re.sub("<table(.*?</table>)", framed, body, flags=re.DOTALL)
