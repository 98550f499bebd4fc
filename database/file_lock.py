"""Locks that tell who is there, because the kernel frees them however a process ends.

Not those of the package ``filelock``: the keeper and the server are given theirs by the process that starts
them, open file and all, so that there is no instant at which nobody holds them.
"""

import fcntl
import os
from pathlib import Path
from typing import ClassVar, Self


class FileLock:
    """A lock on a file, waited for when it is taken; held until it is closed or the process ends.

    The file is made when it is missing, and stays. A child that is given the open file with ``pass_fds``
    holds the lock as well, for as long as it lives. No other forked child should: see ``forget_all``.

    Args:
        path: the file.
        how: ``fcntl.LOCK_SH`` to share the lock, ``fcntl.LOCK_EX`` to have it alone.
    """

    _held: ClassVar[set["FileLock"]] = set()

    def __init__(self, path: Path, how: int) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._held.add(self)
        try:
            fcntl.flock(self._fd, how)
        except BaseException:
            self.close()
            raise

    @classmethod
    def attempt(cls, path: Path, how: int) -> Self | None:
        """Return the lock, or None when it is taken."""
        try:
            return cls(path, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return None

    @property
    def held(self) -> bool:
        """Whether it is held by this process; a forked child has none of its parent's."""
        return self in self._held

    def fileno(self) -> int:
        """Return the open file, to hand the lock on to a child."""
        return self._fd

    def close(self) -> None:
        """Give the lock back, unless a child was given it."""
        if self.held:
            self._held.remove(self)
            os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def forget_all(cls) -> None:
        """Close a forked child's copies, which would keep the locks as long as the child lives.

        Meant for ``os.register_at_fork``, but not in a process that uses both ``pass_fds`` and
        ``preexec_fn``: there ``subprocess`` runs the hook before the child becomes another program.
        """
        for lock in list(cls._held):
            lock.close()


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock on a file."""
    if lock := FileLock.attempt(path, fcntl.LOCK_EX):
        lock.close()
    return lock is not None


def is_shared(path: Path) -> bool:
    """Whether the lock on a file is held, and by nobody alone."""
    if is_free(path):
        return False
    if lock := FileLock.attempt(path, fcntl.LOCK_SH):
        lock.close()
    return lock is not None
