"""A child process that does not outlive its parent."""

import ctypes
import os
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # of linux/prctl.h


def tied_to_us(farewell: int) -> Callable[[], None] | None:
    """Return the ``preexec_fn`` that has Linux send a child a signal when this process ends, killed or not.

    For ``subprocess.Popen``. The child keeps the tie when it becomes another program or another user before
    that; its own children do not have it. A child whose parent is gone before the tie is made exits with 1.

    Elsewhere than on Linux there is no such tie and the answer is None, which ``Popen`` takes as well. The
    child then outlives a killed parent, unless whoever starts it has another way to find and end an orphan.

    Linux means the *thread* that starts the child: the signal comes when that thread ends, though the process
    goes on. Call ``Popen`` in a thread that lives as long as the child may, the main thread say.

    Args:
        farewell: the signal that the child gets.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: between fork and exec the child had better not
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, farewell)
        if os.getppid() != parent:  # it ended before the call
            os._exit(1)

    return tie
