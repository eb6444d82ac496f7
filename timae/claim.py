"""Who is at work on something: a claim that ends with its owner, on this machine or on another.

Two locks make one. The kernel's (flock) ends at once with its process, on one machine and wherever the file system
carries it between machines: NFS with its lock manager, Lustre mounted with flock, GPFS, CephFS. Where it does not, the
lease beside it keeps machines apart: a file that its owner touches again and again, and another machine takes over
once it has seen it untouched for LEASE_SECONDS. An owner that stood still for so long and then goes on works beside its
successor: what a claim protects must bear that, as results do, which are written whole, and equal whoever writes them.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLease, Timeout

LEASE_SECONDS = float(os.environ.get("TIMAE_LEASE_SECONDS", "30"))
"""So long another machine's claim stands without a sign of life; all machines must agree on it."""

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)

_watched: dict[Path, SoftFileLease] = {}
"""Leases of others that this process waits to see end: how long one has been untouched, its object knows."""


@contextmanager
def claim(path: Path) -> Iterator[bool]:
    """Claim the path of a file in a folder that is there; gives False where another process has it.

    Whoever gets it must look first whether the work has been done in the meantime.

    Raises:
        FileNotFoundError: the folder is not there.
    """
    with ExitStack() as held:
        mine = _locked(FileLock(path), held)
        if mine:
            lease = path.with_name(f"{path.name}.lease")
            watched = _watched.pop(lease, None) or SoftFileLease(lease, lease_duration=LEASE_SECONDS)
            mine = _locked(watched, held)
            if not mine:
                _watched[lease] = watched
        yield mine


def _locked(lock: BaseFileLock, held: ExitStack) -> bool:
    """Take a lock until the stack ends, if nobody has it, or if there are none of its kind here."""
    try:
        held.enter_context(lock.acquire(timeout=0))
    except Timeout:
        return False
    except OSError as error:
        if isinstance(lock, SoftFileLease) or error.errno not in _NO_LOCKS:
            raise
    return True
