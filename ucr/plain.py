"""Text for a terminal or file that does not take UTF-8: the nearest ASCII in place of what it cannot say."""

import codecs
import io
import sys
import unicodedata

NEAREST = {
    "–": "-", "—": "-", "−": "-", "×": "x", "·": "*", "…": "...", "†": "+", "→": "->", "←": "<-", "≤": "<=", "≥": ">=",
    "±": "+/-", "’": "'", "‘": "'", "“": '"', "”": '"', "α": "alpha", "χ": "chi", "µ": "u", "∞": "inf",
}  # fmt: skip
"""What Unicode itself does not take apart into a letter and its accent."""


def plain_output() -> None:
    """Let what is printed be ASCII wherever it would not be UTF-8."""
    codecs.register_error("nearest", _nearest)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(encoding="ascii", errors="nearest")


def _nearest(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(map(_ascii, error.object[error.start : error.end])), error.end


def _ascii(sign: str) -> str:
    if sign in NEAREST:
        return NEAREST[sign]
    name = unicodedata.name(sign, "")
    if name.startswith("BOX DRAWINGS"):
        return "|" if name.endswith(" VERTICAL") else "-" if name.endswith(" HORIZONTAL") else "+"
    return unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode() or "?"
