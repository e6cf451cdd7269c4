"""`pulumi up`, its whole process group ended while Azure holds one request of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests import warm
from tests.e2e.harness import FactoryUnderTest

Json = dict[str, Any]

_GIVE_UP = 240.0  # real seconds
_LOOK = 0.03
_OUTLIVES = 3.0


@dataclass(frozen=True)
class Killed:
    """``struck`` is False if the request never came and the run ended by itself.

    ``outlived`` are the commands of programs that went on without their engine.
    """

    struck: bool
    output: str
    outlived: tuple[str, ...]


def killed_up(
    factory: FactoryUnderTest,
    stack: str,
    whom: Json,
    when: str,
    how: signal.Signals = signal.SIGKILL,
) -> Killed:
    """Bring a stack up and end it, by the signal ``how``, at the request that ``whom`` names.

    ``when`` is ``before`` or ``after``: Azure holds the request while the run is killed, so that it
    never took effect, or has done so and nobody was told. What a signal does not end is killed a
    little later, as the agent of a pipeline does.
    """
    client = factory.control()
    held = f"held-{uuid4()}"  # the record knows what earlier rules held
    client.control("POST", "faults", {"id": held, "hold": when, **whom})

    def standing() -> bool:
        return any(each["id"] == held for each in client.control("GET", "faults")["value"])

    def arrived() -> bool:
        if when == "before":
            # A rule that has hit goes; the request is on record once its client is gone.
            return not standing()
        return bool(client.control("GET", "requests", None, fault=held)["value"])

    killed = _run(factory, stack, arrived, how)
    if standing():
        client.control("DELETE", f"faults/{held}")
    return killed


def _run(
    factory: FactoryUnderTest, stack: str, arrived: Callable[[], bool], how: signal.Signals
) -> Killed:
    command = ["pulumi", "-C", str(factory.home.work), "--non-interactive", "--color", "never"]
    command += ["up", "--yes", "--skip-preview", "--suppress-outputs", "-s", stack]
    log = factory.root / "killed.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env=warm.cold(factory.env), stdout=out, stderr=out, start_new_session=True
        )
        limit = time.monotonic() + _GIVE_UP
        while (running := process.poll() is None) and not arrived():
            assert time.monotonic() < limit, log.read_text()
            time.sleep(_LOOK)
        outlived: list[str] = []
        if running:
            family = descendants(process.pid)
            _end(process, how)
            outlived = _outlived(family, f"REHEARSAL_HOME={factory.home.root}\0")
    return Killed(running, log.read_text(), tuple(outlived))


def _end(run: subprocess.Popen[bytes], how: signal.Signals) -> None:
    os.killpg(run.pid, how)
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(timeout=_OUTLIVES)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def descendants(pid: int) -> list[int]:
    """List the processes below one, by /proc."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _outlived(family: list[int], started: str) -> list[str]:
    """Give the program's processes that go on without their engine, and end whatever is left.

    A language host without an engine does nothing; a program may go on asking Azure for things.
    """
    limit = time.monotonic() + _OUTLIVES
    while time.monotonic() < limit and any(_is_program(pid) for pid in family):
        time.sleep(_LOOK)
    outlived = [text for pid in family if (text := _is_program(pid))]
    for pid in family:
        # Numbers are given again: only what still belongs to this very factory is ended.
        if started in _environment(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return outlived


def _is_program(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
    return command if "language-python-exec" in command or "rehearsal.plugin" in command else ""


def _environment(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""
