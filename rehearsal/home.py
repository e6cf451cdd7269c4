"""Where one rehearsal lives: every file of it, in one folder, so that several can run at once."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Home", "ServerInfo"]

SERVER_MODULE = "rehearsal.serve"


@dataclass(frozen=True)
class ServerInfo:
    """A running server, as it announced itself: process id, port, base URL, clock scale."""

    pid: int
    port: int
    url: str
    scale: float


@dataclass(frozen=True)
class Home:
    """The folder of one rehearsal. Making a Home touches no disk; `create` does."""

    root: Path

    @classmethod
    def current(cls) -> Home:
        """Take the folder named by REHEARSAL_HOME, or `.rehearsal` in the checkout."""
        named = os.environ.get("REHEARSAL_HOME")
        return cls(Path(named).absolute() if named else Path(__file__).parents[1] / ".rehearsal")

    def create(self) -> None:
        """Make the folder, readable by its owner only: keys and client secrets live in it."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def ca(self) -> Path:
        """Certificate of our own authority (PEM)."""
        return self.root / "ca.pem"

    @property
    def ca_key(self) -> Path:
        """Private key of our own authority (PEM)."""
        return self.root / "ca.key"

    @property
    def trust(self) -> Path:
        """Public roots and our own authority together (PEM), for clients that take one bundle."""
        return self.root / "trust.pem"

    @property
    def certificate(self) -> Path:
        """Certificate of the server (PEM), for localhost and 127.0.0.1."""
        return self.root / "server.pem"

    @property
    def key(self) -> Path:
        """Private key of the server (PEM)."""
        return self.root / "server.key"

    @property
    def database(self) -> Path:
        """State of the local Azure (SQLite)."""
        return self.root / "azure.db"

    @property
    def record(self) -> Path:
        """Record of requests (SQLite)."""
        return self.root / "requests.db"

    @property
    def secrets(self) -> Path:
        """Client secrets, control key and token key (JSON, mode 600)."""
        return self.root / "secrets.json"

    @property
    def settings(self) -> Path:
        """What the last `start` was told, kept for the next one (JSON)."""
        return self.root / "settings.json"

    @property
    def server(self) -> Path:
        """Announcement of the running server (JSON), written once it answers."""
        return self.root / "server.json"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.root / "server.log"

    @property
    def work(self) -> Path:
        """Work folder of the rehearsal's Pulumi stacks."""
        return self.root / "work"

    @property
    def state(self) -> Path:
        """File backend of the rehearsal's Pulumi stacks."""
        return self.root / "state"

    def read_server(self) -> ServerInfo | None:
        """Read which server runs here; None if none does, or the announced process is gone."""
        found = read_json(self.server)
        try:
            info = ServerInfo(
                int(found["pid"]), int(found["port"]), str(found["url"]), float(found["scale"])
            )
        except (KeyError, TypeError, ValueError):
            return None
        return info if alive(info.pid) else None

    def client_secret(self, principal: str) -> str:
        """Read the client secret of a principal of the estate; KeyError if it has none yet."""
        return str(read_json(self.secrets).get("clients", {})[principal])

    def control_key(self) -> str:
        """Read the key that the control API asks for; KeyError before the first start."""
        return str(read_json(self.secrets)["control_key"])


def alive(pid: int) -> bool:
    """Tell whether a process is a server of ours that runs.

    Neither is one that ended and nobody waited for, nor another program that got its number later.
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        # No /proc on this system, or gone this very moment: the signal's word counts.
        return not Path("/proc/self").exists()
    return SERVER_MODULE.encode() in command


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; an absent or half-written file reads as an empty one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
