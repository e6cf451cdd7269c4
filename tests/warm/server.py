"""The process that imported everything and is forked: one thread, so that a fork is whole."""

from __future__ import annotations

import gc
import marshal
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

_IMPORTED = (
    "azure.core.rest._requests_basic",
    "factory.program",
    "grpc._channel",
    "msal_extensions",
    "pulumi_azure_native.authorization",
    "pulumi_azure_native.compute",
    "pulumi_azure_native.devtestlab",
    "pulumi_azure_native.network",
    "pulumi_azure_native.resources",
    "rehearsal.plugin.service",
)
_PACKAGES = [sys.executable, "-m", "pip", "list", "-v", "--format", "json"]


@dataclass
class _Started:
    """A program that runs: the socket of who asked for it, and its process."""

    asked: socket.socket
    number: int
    process: int  # a file descriptor that is readable once it has ended

    def end(self) -> None:
        """See the program off: tell who asked how it ended, or end it if nobody waits."""
        if not select.select([self.process], [], [], 0)[0]:
            os.kill(self.number, signal.SIGKILL)
        _, status = os.waitpid(self.number, 0)
        code = os.waitstatus_to_exitcode(status)
        with suppress(OSError):  # if nobody waits any more
            self.asked.sendall(code.to_bytes(4, "big", signed=True))
        os.close(self.process)
        self.asked.close()


def _received(asked: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        more = asked.recv(length - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def _begin(asked: socket.socket, others: Sequence[socket.socket]) -> _Started:
    """Fork a program for who asks; in the child this is where the program begins."""
    head, files, _, _ = socket.recv_fds(asked, 4, 3)
    words, folder, variables, mask = marshal.loads(  # noqa: S302 - of our own front
        _received(asked, int.from_bytes(head, "big"))
    )
    number = os.fork()
    if number == 0:
        for place, file in enumerate(files):
            os.dup2(file, place)
        # Their objects must not close, as they are collected, what has the same number then.
        for each in (asked, *others):
            each.detach()
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os.umask(mask)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(variables)
        raise _Program(words)
    for file in files:
        os.close(file)
    asked.sendall(number.to_bytes(4, "big"))
    return _Started(asked, number, os.pidfd_open(number))


class _Program(Exception):  # noqa: N818 - no error: the way out of the server, in its child
    """What a forked process is to be."""


def _run(words: list[str]) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path[0] = str(Path.cwd())
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        sys.path[0] = str(Path(words[0]).parent)
        runpy.run_path(words[0], run_name="__main__")
    sys.exit(0)


def _serve(folder: Path) -> None:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(folder / "asked"))
    listening.listen(64)
    for name in _IMPORTED:
        # The SDK imports a module of a provider when it is first asked for a name in it.
        hasattr(import_module(name), "any name")
    packages = subprocess.run(_PACKAGES, capture_output=True, text=True, check=True).stdout
    (folder / "packages.json").write_text(packages)
    gc.collect()
    gc.freeze()  # what was imported is not touched by the collectors of the children
    print("ready", flush=True)
    running: list[_Started] = []
    while True:
        ends = [each for one in running for each in (one.asked.fileno(), one.process)]
        ready, _, _ = select.select([0, listening.fileno(), *ends], [], [])
        if 0 in ready:
            return
        for one in list(running):
            if one.asked.fileno() in ready or one.process in ready:
                running.remove(one)
                one.end()
        if listening.fileno() in ready:
            asked, _ = listening.accept()
            try:
                running.append(_begin(asked, [listening, *(one.asked for one in running)]))
            except (EOFError, OSError):
                asked.close()


def main() -> None:
    """Serve until the standard input ends."""
    folder = Path(sys.argv[1])
    try:
        _serve(folder)
    except _Program as program:
        (words,) = program.args
    else:
        shutil.rmtree(folder)
        return
    _run(words)


if __name__ == "__main__":
    main()
