"""Locks of the engine's own backends, and who can still hold one."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

# Files of /proc count in whole seconds, and from a boot whose time follows the machine's clock.
_TOLERANCE = timedelta(seconds=10)
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
        # The number may belong to another process by now: one that began after the lock was taken.
        try:
            began, command = _began(self.pid), Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return False
        try:
            taken = datetime.fromisoformat(self.since)
        except ValueError:
            taken = None
        if taken is not None and taken.utcoffset() is not None and began > taken + _TOLERANCE:
            return True
        # Empty for a moment while a process is being started: then it is not known to be another.
        return bool(command) and b"pulumi" not in command

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}, since {self.since}"


def _began(pid: int) -> datetime:
    """Read when a process began, on Linux. Raises OSError elsewhere, and if it is gone."""
    # The command's name may hold blanks and parentheses itself (man 5 proc_pid_stat).
    ticks = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    lines = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
    boot = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    return datetime.fromtimestamp(boot + int(ticks) / os.sysconf("SC_CLK_TCK"), UTC)


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
