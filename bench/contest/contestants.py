"""Who competes in a contest, as far as this version knows them."""

import functools

from bench.contest.definition import Contest
from bench.methods.averages import members_of
from bench.methods.method import Method
from bench.methods.presets import PRESETS
from bench.methods.table import METHODS, get_method


def known_method(name: str, contest: Contest) -> Method | None:
    """The method that a contest means by a name; None where this version knows no such method, or not its preset.

    Stored results of a method that is not known stand as they are, and what is missing of it cannot be run.
    """
    if contest.preset not in PRESETS or not all(member in METHODS for member in members_of(name)):
        return None
    return _made(name, contest.preset)


@functools.cache
def _made(name: str, preset: str) -> Method:
    return get_method(name, preset)
