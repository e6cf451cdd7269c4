"""Finding the Pulumi CLI: the one on PATH if it is new enough, else the one built by the set-up."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from rehearsal.engine.versions import Version, least, numbers


def find_official(own: Path) -> Path | None:
    """Find a CLI on PATH that is no older than what Pulumi.yaml requires, outside the folder `own`.

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
    found_version, wanted = version_of(binary), numbers(least())
    if host is None or found_version is None or wanted is None or found_version < wanted:
        return None
    return binary


def version_of(binary: Path) -> Version | None:
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
    return numbers(answer.stdout)
