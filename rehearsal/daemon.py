"""Starts the server in a session of its own, waits until it answers, and stops it again."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rehearsal import certificates, keys
from rehearsal.client import Client, RehearsalError
from rehearsal.home import SERVER_MODULE, Home, ServerInfo, alive
from rehearsal.seeding import seed
from rehearsal.settings import Settings, read_estate

_PATIENCE = 60.0  # real seconds; a loaded machine may need many
_LOOK = 0.02


def start(home: Home, **asked: Any) -> ServerInfo:
    """Start the server unless it runs, and seed the estate unless it stands.

    `asked` are the fields of Settings, None for what is not said. RehearsalError says why not.
    """
    home.create()
    with _alone(home):
        info = home.read_server()
        settings = Settings.resolve(home, **asked)
        if info is None:
            try:
                keys.ensure(home, read_estate(settings.estate))
            except ValueError as error:
                raise RehearsalError(str(error)) from error
            certificates.ensure(home)
            settings.keep(home)
            info = _spawn(home)
        elif asked.get("scale") is not None and asked["scale"] != info.scale:
            Client(home, info).control("POST", "clock", {"scale": asked["scale"]})
        _populate(home, info, settings)
        return info


def stop(home: Home) -> bool:
    """Stop the server; False if none ran."""
    info = home.read_server()
    if info is None:
        home.server.unlink(missing_ok=True)
        return False
    os.kill(info.pid, signal.SIGTERM)
    if not _until(lambda: not alive(info.pid)):
        message = f"the local Azure (process {info.pid}) does not stop"
        raise RehearsalError(message)
    home.server.unlink(missing_ok=True)
    return True


def reset(home: Home, info: ServerInfo) -> None:
    """Forget all that stands and make the estate again."""
    Client(home, info).control("POST", "reset")
    _populate(home, info, Settings.resolve(home))


def _populate(home: Home, info: ServerInfo, settings: Settings) -> None:
    client = Client(home, info)
    if client.control("GET", "state")["seeded"]:
        return
    # A seeding that was cut off leaves half an estate: begin at the beginning.
    client.control("POST", "reset")
    if settings.seed:
        seed(home, client, read_estate(settings.estate))
    client.control("POST", "seeded")


def _spawn(home: Home) -> ServerInfo:
    home.server.unlink(missing_ok=True)
    environment = {**os.environ, "REHEARSAL_HOME": str(home.root), "PYTHONUNBUFFERED": "1"}
    with home.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", SERVER_MODULE],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=environment,
            cwd=Path(__file__).parents[1],
        )
    _until(lambda: home.read_server() is not None or process.poll() is not None)
    info = home.read_server()
    if info is None:
        lines = home.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        message = lines[-1] if lines else f"the local Azure did not start; see {home.log}"
        raise RehearsalError(message)
    return info


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Keep two starts of one home from making two servers."""
    with (home.root / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(_LOOK)
    return condition()
