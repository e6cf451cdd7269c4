"""The server process: opens the state, answers on loopback, says so, and ends when told."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace

from rehearsal import certificates, keys, repositories
from rehearsal.azure import build
from rehearsal.azure.artifacts import ArtifactFolder
from rehearsal.azure.clock import present
from rehearsal.azure.control.routes import HEAD_START
from rehearsal.azure.devtestlab.sources import sync_all
from rehearsal.azure.http.record import Record
from rehearsal.azure.server.sockets import Server
from rehearsal.azure.world import Azure, Knowledge
from rehearsal.home import Home
from rehearsal.settings import Settings, read_estate, write_json


def read_knowledge(settings: Settings) -> Knowledge:
    """Read all that the Azure knows beforehand; ValueError names the file that cannot be read."""
    estate = read_estate(settings.estate)
    if not settings.artifacts.is_dir():
        message = f"there is no folder of artifacts at {settings.artifacts}"
        raise ValueError(message)
    folders = {
        uri.lower(): ArtifactFolder.read(folder)
        for uri, folder in repositories.folders(settings).items()
        if uri != repositories.PUBLIC
    }
    artifacts = ArtifactFolder.read(settings.artifacts)
    return Knowledge(estate, artifacts=artifacts, repositories=folders, first_day=settings.day)


def run(home: Home) -> int:
    """Serve until stopped by the control API or SIGTERM; gives the exit code."""
    settings = Settings.resolve(home)
    knowledge = read_knowledge(settings)
    certificates.ensure(home)
    repositories.publish(home, settings)
    start = present(settings.day) - HEAD_START
    azure = Azure(knowledge, path=home.database, scale=settings.scale, start=start)
    record = Record(home.record)
    gateway = build.application(azure, keys.ensure(home, knowledge.estate), record)
    server = Server(gateway, certificate=home.certificate, key=home.key, port=settings.port)
    replace(settings, port=server.port).keep(home)
    ended = threading.Event()
    gateway.control.on_stop = ended.set
    gateway.control.on_sync = lambda: _sync(home, settings, azure)
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    server.start()
    write_json(
        home.server,
        {
            "pid": os.getpid(),
            "port": server.port,
            "url": server.url,
            "scale": azure.clock.scale,
        },
    )
    ended.wait()
    server.stop()
    home.server.unlink(missing_ok=True)
    with azure.lock:
        azure.clock.run()
        azure.store.commit()
        azure.store.close()
        record.close()
    return 0


def _sync(home: Home, settings: Settings, azure: Azure) -> dict[str, str]:
    """Read the artifact folders again, as if they had been pushed and every lab had synced them."""
    knowledge = read_knowledge(settings)
    commits = repositories.publish(home, settings)
    azure.knowledge = replace(
        azure.knowledge, artifacts=knowledge.artifacts, repositories=knowledge.repositories
    )
    sync_all(azure)
    return commits


if __name__ == "__main__":
    try:
        sys.exit(run(Home.current()))
    except (OSError, ValueError, RuntimeError) as problem:
        sys.exit(f"the local Azure cannot start: {problem}")
