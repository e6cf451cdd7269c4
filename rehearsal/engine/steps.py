"""Running the long steps of the set-up: progress while they run, one clear line when they fail.

Standard library only: `make setup` runs this with a bare interpreter, before any venv exists.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

PROGRESS_SECONDS = 20.0
"""A step that takes longer than this prints a line, and another one each time it passes again."""


class SetupError(Exception):
    """What is missing or went wrong, in one line for the user."""


def say(message: str) -> None:
    """Print one line of progress at once, even into a pipe."""
    print(message, flush=True)


def seconds(duration: float) -> str:
    """Write a duration in seconds as `42 s` or `4 min 05 s`."""
    whole = round(duration)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def fingerprint(parts: Iterable[bytes | str | Path]) -> str:
    """Hash file contents (paths) and literal values: the stamp that says a step was done."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, bytes):
            data = part
        elif isinstance(part, str):
            data = part.encode()
        else:
            data = part.read_bytes()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def write_atomic(path: Path, content: str, mode: int = 0o644) -> None:
    """Write a file so that a cut-off run leaves either the old or the new content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(content, encoding="utf-8")
    temporary.chmod(mode)
    temporary.replace(path)


def run_step(
    title: str,
    command: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    progress: Callable[[str], str] = lambda _log: "",
) -> None:
    """Run a command with its output in `log`, telling every 20 s how far it is.

    `progress` makes the text behind the elapsed time out of the log so far. A command that
    cannot be started raises OSError; one that fails raises SetupError with the log's last line.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while True:
                try:
                    code = process.wait(timeout=PROGRESS_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    so_far = progress(log.read_text(encoding="utf-8", errors="replace"))
                    say(f"  {title}: {seconds(time.monotonic() - began)}{so_far}")
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code != 0:
        raise SetupError(_explain(title, log))
    say(f"{title}: done in {seconds(time.monotonic() - began)}")


_NETWORK_SIGNS = (
    "dial tcp",
    "no such host",
    "i/o timeout",
    "proxyconnect",
    "connection refused",
    "network is unreachable",
    "tls handshake timeout",
    "failed to establish a new connection",
    "temporary failure in name resolution",
    "no matching distribution found",
    "newconnectionerror",
    "max retries exceeded",
)


def _explain(title: str, log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        # What a tool says last is often a mere consequence (pip: "ResolutionImpossible").
        if any(sign in line.lower() for sign in _NETWORK_SIGNS):
            return f"{title}: a download failed; is the network there? ({line[:300]}) Log: {log}"
    last = lines[-1] if lines else "it printed nothing"
    return f"{title} failed: {last[:300]} Log: {log}"
