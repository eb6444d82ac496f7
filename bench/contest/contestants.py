"""Who competes in a contest, as far as this version knows them."""

from bench.contest.definition import Contest
from bench.methods.method import Method, MethodError


def known_method(name: str, contest: Contest) -> Method | None:
    """The method that a contest means by a name; None where it is not to be had.

    That is so where this version knows no such method, or not the preset, and where one from outside is not there any
    more. Stored results of a method that is not known stand as they are, and what is missing of it cannot be run.
    """
    try:
        return contest.method(name)
    except MethodError:
        return None
