"""Starts `chronotrack-live` in a process of its own, forked from one that has imported everything already.

To import takes longer than most commands do, and the tests start them a thousand times. What a forked one
does is what a fresh one does: an environment, a folder, streams and an exit code of its own. The tests that
are about a process's beginning, its signals or its scripts start a fresh one.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Self

import click

_ROOT = Path(__file__).resolve().parents[2]
_STREAMS = 3
_LARGEST = 1 << 20


class WarmStart:
    """The process that has imported everything, and what asks it for a command."""

    def __init__(self) -> None:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.acceptance.warm_start", str(its.fileno())],
                cwd=_ROOT,
                pass_fds=(its.fileno(),),
            )
        self._socket = ours

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.wait()

    def run(
        self,
        arguments: Sequence[object],
        environment: Mapping[str, str],
        folder: Path,
        *,
        given: str = "",
        patience: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, as `subprocess.run` does; kill what takes `patience` seconds."""
        command = ["chronotrack-live", *map(str, arguments)]
        wanted = json.dumps([command, dict(environment), str(folder)]).encode()
        assert len(wanted) < _LARGEST
        with (
            tempfile.TemporaryFile() as typed,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            typed.write(given.encode())
            typed.seek(0)
            answered, answer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with answered:
                with answer:
                    streams = [file.fileno() for file in (typed, out, err, answer)]
                    socket.send_fds(self._socket, [wanted], streams)
                process = int(answered.recv(64))
                answered.settimeout(patience)
                try:
                    ended = int(answered.recv(64))
                except TimeoutError:
                    os.kill(process, signal.SIGKILL)
                    raise
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(command, ended, out.read().decode(), err.read().decode())


def _serve(requests: socket.socket) -> None:
    """Fork a process for each request, until nobody is left to ask; return in those that are forked."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        wanted, descriptors, _, _ = socket.recv_fds(requests, _LARGEST, _STREAMS + 1)
        if not wanted:
            sys.exit(0)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            *streams, answer = descriptors
            if process := os.fork():
                _tell_the_end(process, streams, answer)
            os.close(answer)
            _become(streams, *json.loads(wanted))
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _tell_the_end(process: int, streams: Sequence[int], answer: int) -> NoReturn:
    for stream in streams:
        os.close(stream)
    os.write(answer, str(process).encode())
    _, status = os.waitpid(process, 0)
    os.write(answer, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(
    streams: Sequence[int], command: Sequence[str], environment: Mapping[str, str], folder: str
) -> None:
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = list(command)


def _run(main: Callable[[], object]) -> NoReturn:
    """Run a command and end as Python does, but for taking every module apart, which would copy them all."""
    code: object = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 - it ends the process, as it would end any other
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    from operations.cli import main

    context = click.Context(main)
    for name in main.list_commands(context):
        main.get_command(context, name)
    # What is there already is nobody's garbage: to look through it would copy it into each forked process.
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        _serve(asked)
    _run(main)
