"""What is wrong with flags, checkpoint and data taken together."""


class UsageError(ValueError):
    """Flags, checkpoint and data do not fit each other; the message is one line that says why."""
