"""How a command of train.py can end otherwise than well."""


class UsageError(ValueError):
    """Flags, checkpoint and data do not fit each other; the message is one line that says why."""


class Diverged(ArithmeticError):  # noqa: N818 (it says what happened)
    """Training led to numbers that are none; the message is one line that says where."""
