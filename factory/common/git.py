"""Runs the ``git`` of PATH: never asks anybody, ends in time, says in one line why it failed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

# What leads git to another repository than the one it is started in, as within a git hook.
_OF_A_REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
)
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "SSH_ASKPASS": "", "LC_ALL": "C"}


class GitError(Exception):
    """Git could not do it; the text is one line for the user."""


def git(folder: Path, *words: str, seconds: float) -> str:
    """Run git in a folder and give what it printed. Raises :class:`GitError`."""
    plain = {key: value for key, value in os.environ.items() if key not in _OF_A_REPOSITORY}
    try:
        process = subprocess.Popen(
            ["git", *words],
            cwd=folder,
            # Discovery ends here: a checkout above the folder has no say.
            env={**plain, **_QUIET, "GIT_CEILING_DIRECTORIES": str(folder.parent)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            # Its helpers hold the pipes open: to end git in time, the whole group has to end.
            start_new_session=True,
        )
    except FileNotFoundError:
        msg = "there is no `git` on PATH"
        raise GitError(msg) from None
    with process:
        try:
            said, faults = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            msg = f"`git {words[0]}` did not end within {seconds:g} s"
            raise GitError(msg) from None
        except BaseException:
            _end(process)
            raise
    if process.returncode != 0:
        raise GitError(_told(faults) or f"`git {words[0]}` ended with {process.returncode}")
    return said


def _end(process: subprocess.Popen[str]) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()


def _told(faults: str) -> str:
    """Take git's own reason; it repeats URIs, in which a password may stand."""
    lines = [" ".join(line.split()) for line in faults.splitlines() if line.strip()]
    reasons = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    text = re.sub(r"://[^/\s@]*@", "://", reasons[0]) if reasons else ""
    return text.removeprefix("fatal: ").removeprefix("error: ")[:300]
