"""What the page brings along: DataTables from itables, Vega-Lite from vl-convert, and data; each packed.

Packed is gzip in base64, which every browser since 2023 unpacks by itself: a third of the size.
"""

import base64
import functools
import gzip
from importlib.resources import files

import vl_convert


def packed(text: str) -> str:
    """Pack a text, the same bytes for the same text."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


@functools.cache
def table_library() -> str:
    """DataTables 2 with its extensions, a JavaScript module, packed."""
    return packed((files("itables") / "html" / "dt_bundle.js").read_text(encoding="utf-8"))


@functools.cache
def table_style() -> str:
    """The style of DataTables, as CSS."""
    return (files("itables") / "html" / "dt_bundle.css").read_text(encoding="utf-8")


@functools.cache
def chart_library() -> str:
    """Vega, Vega-Lite and Vega-Embed, a JavaScript module that sets window.vegaEmbed, packed."""
    return packed(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
