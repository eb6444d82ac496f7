"""Which cells of a table word numbers: `≤ 100`, `101–300`, `5 / 0 / 0`, `0.91 ± .02`, `<.0001`, `200 for all`."""

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"[≤<>~]?\s*([+−-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?![\w.]*[A-Za-z])")
_MISSING = ("", "–", "-", "unequal", "unknown")


def number(text: str) -> str | None:
    """The number that a cell begins with, empty where there is none to be had; None: it is no number."""
    if text in _MISSING:
        return ""
    match = _NUMBER.match(text)
    return match[1].replace(",", "").replace("−", "-") if match else None


def are_numbers(cells: Iterable[object]) -> bool:
    """Whether a column is one of numbers, some or all of them missing."""
    found = [number(str(cell).strip()) for cell in cells]
    return bool(found) and None not in found
