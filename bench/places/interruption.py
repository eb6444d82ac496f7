"""How a command is interrupted: once, by Ctrl-C or SIGTERM."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does.

    After the first of them the process is ending, and further ones are ignored: cut off in cleaning up, it would leave
    workers, and semaphores.
    """
    interrupted = False

    def interrupt(*_: object) -> NoReturn:
        nonlocal interrupted
        interrupted = True
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # in the background, Ctrl-C is meant for others
    before = {number: signal.signal(number, interrupt) for number in (SIGNALS[1:] if deaf else SIGNALS)}
    try:
        yield
    finally:
        if not interrupted:
            for number, handler in before.items():
                signal.signal(number, handler)
