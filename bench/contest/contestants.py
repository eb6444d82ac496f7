"""Who competes in a contest, as far as this version knows them."""

import functools

from bench.contest.definition import Contest
from bench.methods.averages import members_of
from bench.methods.method import Method, MethodError
from bench.methods.table import get_method


def known_method(name: str, contest: Contest) -> Method | None:
    """The method that a contest means by a name; None where it is not to be had.

    That is so where this version knows no such method, or not the preset, and where one from outside is not there any
    more. Stored results of a method that is not known stand as they are, and what is missing of it cannot be run.
    """
    try:
        if contest.outside.keys() & members_of(name):
            return contest.method(name)  # anew, for its source may have been edited
        return _made(name, contest.preset)
    except MethodError:
        return None


@functools.cache
def _made(name: str, preset: str) -> Method:
    return get_method(name, preset)
