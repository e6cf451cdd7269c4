"""Locks of the engine's own backends: read where they lie, and who can still hold one.

`pulumi cancel` deletes every lock of a stack, also one that was made after somebody looked. Here
one is released by its own name, which no other lock ever has.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from factory.common.errors import FactoryError, printable

# Files of /proc count in whole seconds, and from a boot whose time follows the machine's clock.
_TOLERANCE = timedelta(seconds=10)
_IN_PIPELINE = ("GITHUB_ACTIONS", "TF_BUILD")


@dataclass(frozen=True)
class StateLock:
    """A lock on a stack, as the backends write it; ``name`` is that of its file or blob."""

    pid: int
    host: str
    user: str
    since: str
    name: str = ""

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
        return printable(f"process {self.pid} of {self.user} on {self.host}, since {self.since}")


class _Files(Protocol):
    def read(self) -> Mapping[str, str]:
        """Read what there is, by name."""

    def delete(self, name: str) -> None:
        """Delete one that may be gone already."""


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> dict[str, str]:
        files = sorted(self._folder.glob("*.json"))
        return {each.name: each.read_text(encoding="utf-8", errors="replace") for each in files}

    def delete(self, name: str) -> None:
        for each in (self._folder / name, self._folder / f"{name}.attrs"):
            each.unlink(missing_ok=True)


class _Elsewhere:
    def read(self) -> dict[str, str]:
        return {}

    def delete(self, name: str) -> None:
        raise AssertionError(name)


class StateLocks:
    """The locks of one stack."""

    def __init__(self, files: _Files) -> None:
        self._files = files

    @classmethod
    def of(cls, backend: str, stack: str, variables: Mapping[str, str]) -> StateLocks:
        """Find them: ``backend`` is its URL, ``stack`` organization/project/stack.

        Those of a service (Pulumi Cloud) or of another cloud's storage are not ours to read: there
        are none then, and nothing is released. Raises :class:`FactoryError`.
        """
        url, within = urlsplit(backend), f".pulumi/locks/{stack}/"
        if url.scheme == "file":
            root = Path(backend.removeprefix("file://").partition("?")[0]).expanduser()
            return cls(_Folder(root / within))
        if url.scheme != "azblob":
            return cls(_Elsewhere())
        # Only a state in Azure needs these, which take long to be loaded.
        from factory.azure.blobs import Blobs  # noqa: PLC0415
        from factory.azure.cloud import (  # noqa: PLC0415
            find_cloud,
            find_credential,
            provider_lookup,
        )

        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        account = query.get("storage_account") or variables.get("AZURE_STORAGE_ACCOUNT", "")
        domain = query.get("domain") or variables.get("AZURE_STORAGE_DOMAIN", "")
        host = f"{account}.{domain or 'blob.core.windows.net'}"
        folder = f"{url.path.strip('/')}/" if url.path.strip("/") else ""
        sas = variables.get("AZURE_STORAGE_SAS_TOKEN", "")
        address, lookup = f"https://{host}/{url.netloc}", provider_lookup(lambda _: None)
        blobs = Blobs(
            address, f"{folder}{within}", lambda: find_credential(lookup, find_cloud(lookup)), sas
        )
        return cls(blobs)

    def read(self) -> list[StateLock]:
        """Read them; what is no lock of the engine holds nothing. Raises :class:`FactoryError`."""
        found = []
        for name, text in self._files.read().items():
            try:
                entry = json.loads(text)
                pid, host, user = int(entry["pid"]), entry["hostname"], entry["username"]
            except (ValueError, KeyError, TypeError):
                continue
            found.append(StateLock(pid, str(host), str(user), str(entry.get("timestamp")), name))
        return found

    def release(
        self, stack: str, may_go: Callable[[StateLock], bool], say: Callable[[str], None]
    ) -> bool:
        """Release those that nobody holds any more; tells whether there was one.

        Each is judged, and it alone is released. Raises :class:`FactoryError`, and releases none,
        if one is still held.
        """
        found = self.read()
        if held := [each for each in found if not may_go(each)]:
            msg = (
                f"stack {stack} is in use by {held[0]} -> wait for it; if it is gone, "
                f"`pulumi cancel -s {stack}`"
            )
            raise FactoryError(msg)
        for lock in found:
            say(f"{stack}: releasing the lock of {lock}, which is gone")
            self._files.delete(lock.name)
        return bool(found)


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
