"""A report's Markdown as one HTML file that needs nothing else: pictures inside, tables sort at a click.

Its style and script lie beside this module: page.css, page.js.
"""

import base64
import html
import re
from pathlib import Path

from markdown_it import MarkdownIt


def html_page(title: str, text: str, folder: Path) -> str:
    """Render a report.

    Args:
        title: of the page.
        text: its Markdown.
        folder: where the pictures lie that it names.
    """
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    body = re.sub(r'src="([^":]+)\.svg"', lambda match: f'src="{_inline(folder / (match[1] + ".svg"))}"', body)
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    style, script = (Path(__file__).with_suffix(suffix).read_text(encoding="utf-8") for suffix in (".css", ".js"))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f"<style>\n{style}</style>\n{body}<script>\n{script}</script>\n</html>\n"
    )


def _inline(path: Path) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()
