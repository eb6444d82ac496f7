"""A report's Markdown as one HTML file that needs nothing else: pictures inside, tables sort at a click."""

import base64
import html
import re
from pathlib import Path

from markdown_it import MarkdownIt

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 90em; margin: 2em auto; padding: 0 1em; color: #111; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1em 0; font-variant-numeric: tabular-nums; }
th, td { padding: .15em .7em; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { cursor: pointer; border-bottom: 2px solid #111; position: sticky; top: 0; background: #fff; }
th[data-order=up]::after { content: " ↑"; } th[data-order=down]::after { content: " ↓"; }
img { max-width: 100%; } a { color: inherit; text-decoration-color: #aaa; }
pre { overflow-x: auto; background: #f4f4f4; padding: .7em; }
"""

SCRIPT = """
const value = cell => {
  const number = parseFloat(cell.textContent.replace(/[,\\u2009]/g, "").replace("\\u2212", "-"));
  return Number.isNaN(number) ? cell.textContent : number;
};
const order = (a, b) => typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
for (const head of document.querySelectorAll("th")) head.addEventListener("click", () => {
  const way = head.dataset.order === "up" ? -1 : 1;
  for (const other of head.parentNode.children) delete other.dataset.order;
  head.dataset.order = way === 1 ? "up" : "down";
  const body = head.closest("table").tBodies[0], at = head.cellIndex;
  [...body.rows].sort((a, b) => way * order(value(a.cells[at]), value(b.cells[at]))).forEach(row => body.append(row));
});
"""


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
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n{body}<script>{SCRIPT}</script>\n</html>\n"
    )


def _inline(path: Path) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()
