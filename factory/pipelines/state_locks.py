"""Locks of the engine's own backends, and who can still hold one."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_IN_PIPELINE = ("GITHUB_ACTIONS", "TF_BUILD")


@dataclass(frozen=True)
class StateLock:
    """A lock on a stack, as the backends write it."""

    pid: int
    host: str
    user: str
    since: str

    @property
    def is_stale(self) -> bool:
        """Whether its process ran on this host and is gone."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        # The number may belong to another process by now.
        try:
            command = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return False
        # Empty for a moment while a process is being started: then it is not known to be another.
        return bool(command) and b"pulumi" not in command

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}, since {self.since}"


def is_left_behind(lock: StateLock, variables: Mapping[str, str]) -> bool:
    """Tell whether nobody holds a lock any more.

    In a pipeline the service lets one run of a stack be at a time, so the lock of another agent is
    that of a run that was cut off. Agents work as one user; a person's lock is another's: it holds.
    """
    if lock.is_stale:
        return True
    if lock.host == socket.gethostname():
        return False
    in_pipeline = any(variables.get(name, "").lower() == "true" for name in _IN_PIPELINE)
    return in_pipeline and lock.user == getpass.getuser()
