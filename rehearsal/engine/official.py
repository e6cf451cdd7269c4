"""Finding the Pulumi CLI: the one on PATH if it is new enough, else the one built by the set-up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

MINIMUM = (3, 238, 0)
"""First CLI in which a failed after-hook fails the update (pulumi PR 22935)."""


def find_official(own: Path) -> Path | None:
    """Find a CLI on PATH that is no older than MINIMUM, outside the folder `own`.

    It must have its own Python language host beside it, as every official package has.
    """
    folders = [
        folder
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if folder and Path(folder).resolve() != own.resolve()
    ]
    found = shutil.which("pulumi", path=os.pathsep.join(folders))
    if found is None:
        return None
    binary = Path(found)
    host = shutil.which("pulumi-language-python", path=str(binary.resolve().parent))
    if host is None or (version_of(binary) or (0, 0, 0)) < MINIMUM:
        return None
    return binary


def version_of(binary: Path) -> tuple[int, int, int] | None:
    """Ask a CLI for its version; None if it does not tell one."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [str(binary), "version"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", answer.stdout.strip())
    return (int(match[1]), int(match[2]), int(match[3])) if match else None
