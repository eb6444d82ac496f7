"""The selection of data sets, by names, groups and the archive's facts."""

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path

from ucr.archive import ARCHIVE, BUNDLED, Info, UcrDataError, UcrError
from ucr.folders import find_folder, half_there, own_data_sets

_GROUPS: Mapping[str, Callable[[int, Info], bool]] = {
    "all": lambda _position, _info: True,
    "bundled": lambda _, info: info.name in BUNDLED,
    # the bake-off's subset: equal lengths, nothing missing, more than one case a class (which drops Fungi)
    "112": lambda _, info: info.length is not None and not info.missing and info.n_train > info.n_classes,
    "85": lambda position, _: position < 85,
    "equal-length": lambda _, info: info.length is not None,
}
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_CONDITION = re.compile(r"(\w+)\s*(<=|>=|!=|<|>|=)\s*(.+)")


def select(selector: str, root: str | Path | None = None) -> list[str]:
    """Names of the data sets that a selector means, in the archive's order.

    A selector is a comma list of terms; what any of them means is taken, except that a term beginning with
    ``!`` is left out (from all, when nothing else is given). Within a term ``&`` narrows. A term is a group
    (``all``, ``bundled``, ``112``, ``85``, ``equal-length``, or ``here``: what lies under the root), a name, a
    glob (``ECG*``), or a condition on a field of `Info` (``type=ECG``, ``length<=200``, ``n_train>=100``,
    ``missing=yes``). Unequal lengths meet no condition on ``length``. A name that the archive does not know is
    taken when it lies under the root; globs and conditions (``type=own``) know those of your own too.

    Args:
        selector: for example ``"112,!type=Image"`` or ``"ECG*&n_train>=100"``.
        root: folder of the data, see `ucr.folders.find_root`.

    Raises:
        UcrError: a name, group or field is unknown (the nearest ones are named), or nothing matches.
    """
    terms = [term.strip() for term in selector.split(",") if term.strip()]
    wanted = [term for term in terms if not term.startswith("!")]
    left_out = [term[1:] for term in terms if term.startswith("!")]
    chosen: dict[str, None] = {}
    for term in wanted or (["all"] if left_out else []):
        chosen |= dict.fromkeys(_term(term, root))
    for term in left_out:
        for name in _term(term, root):
            chosen.pop(name, None)
    if not chosen:
        raise UcrError(f"{selector!r} matches no data set; `python -m ucr list` shows what there is")
    return [name for name in ARCHIVE if name in chosen] + [name for name in chosen if name not in ARCHIVE]


def _term(term: str, root: str | Path | None) -> list[str]:
    parts = [part.strip() for part in term.split("&")]
    names = _part(parts[0], root)
    for part in parts[1:]:
        if part.startswith("!"):
            dropped = _part(part[1:], root)
            names = [name for name in names if name not in dropped]
        else:
            kept = _part(part, root)
            names = [name for name in names if name in kept]
    return names


def _part(part: str, root: str | Path | None) -> list[str]:
    if "/" in part:
        raise UcrError(
            f"{part!r} is a path, expected a name; the folder of the data sets' folders is --root (make: UCR_ROOT)"
        )
    if part in _GROUPS:
        return [info.name for position, info in enumerate(ARCHIVE.values()) if _GROUPS[part](position, info)]
    if part == "here":
        return [name for name in ARCHIVE if find_folder(name, root) is not None] + own_data_sets(root)
    if part in ARCHIVE or find_folder(part, root) is not None:
        return [part]
    if half := half_there(part, root):
        raise UcrError(f"{part} lacks a file: {half}")
    if condition := _CONDITION.fullmatch(part):
        return _condition(part, root, *condition.groups())
    if any(character in part for character in "*?["):
        if matches := [name for name in (*ARCHIVE, *own_data_sets(root)) if fnmatchcase(name, part)]:
            return matches
        raise UcrError(f"no data set matches {part!r}{_nearest(part.strip('*?'), [*ARCHIVE, *_GROUPS, 'here'])}")
    known = [*ARCHIVE, *own_data_sets(root), *_GROUPS, "here"]
    raise UcrError(f"there is no data set {part!r} in the archive{_nearest(part, known)}")


def _condition(part: str, root: str | Path | None, field: str, sign: str, value: str) -> list[str]:
    known = [f.name for f in fields(Info) if not isinstance(f.default, str | tuple)]  # no ids, no label sets
    if field not in known:
        raise UcrError(f"there is no field {field!r} to select by in {part!r}{_nearest(field, known)}")
    facts = {name: getattr(info, field) for name, info in {**ARCHIVE, **_own(root)}.items()}
    if all(isinstance(fact, str) for fact in facts.values()):
        if sign not in ("=", "!="):
            raise UcrError(f"{field} is text: {part!r} can only use = or !=")
        lowered = {str(fact).lower() for fact in facts.values()}
        if value.lower() not in lowered:
            raise UcrError(f"no data set has {field} {value!r}{_nearest(value, sorted(set(facts.values())))}")
        return [name for name, fact in facts.items() if (fact.lower() == value.lower()) is (sign == "=")]
    try:
        limit = float({"yes": "1", "no": "0"}.get(value.lower(), value))
    except ValueError:
        raise UcrError(f"{part!r} compares {field} with {value!r}, which is not a number") from None
    return [name for name, fact in facts.items() if fact is not None and _COMPARE[sign](float(fact), limit)]


def _own(root: str | Path | None) -> dict[str, Info]:
    """The facts about data sets that are none of the archive's, read off their files; bad ones meet no condition."""
    own = {}
    for name in own_data_sets(root):
        from ucr.load import info_for  # noqa: PLC0415 (most roots have none, and names alone need no arrays)

        with suppress(UcrDataError):
            own[name] = info_for(name, root)
    return own


def _nearest(text: str, known: list[str]) -> str:
    by_lower = {name.lower(): name for name in known}
    close = [by_lower[match] for match in difflib.get_close_matches(text.lower(), by_lower, n=3, cutoff=0.5)]
    return f"; did you mean {' or '.join(close)}?" if close else "; `python -m ucr list` shows what there is"
