"""What the page brings along: DataTables from itables, Vega-Lite from vl-convert, and data; each packed.

Packed is gzip in base64, which every browser since 2023 unpacks by itself: a third of the size.
"""

import base64
import contextlib
import functools
import gzip
import zlib
from importlib.metadata import version
from importlib.resources import files

import vl_convert
from platformdirs import user_cache_path

from bench.contest import results


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
    """Vega, Vega-Lite and Vega-Embed, a JavaScript module that sets window.vegaEmbed, packed.

    vl-convert takes seconds to put it together, more than the rest of a small page: what it made is kept in the user's
    cache folder, and made again where that holds nothing whole of this version, or cannot be written.
    """
    kept = user_cache_path("timae-bench") / "page" / f"vega-{version('vl-convert-python')}.zlib"
    try:
        return packed(zlib.decompress(kept.read_bytes()).decode())
    except (OSError, zlib.error):
        made = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    with contextlib.suppress(OSError):
        results.write_whole(kept, lambda file: file.write(zlib.compress(made.encode())))
    return packed(made)
