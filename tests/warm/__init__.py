"""Programs and plugins of the engine begin warm: forked from a process that imported theirs before.

Of the processor time of a run most went into imports, the same each time. The engine finds a
``python3`` on its PATH (front.py) that asks that process (server.py); it starts the real one for
all that was not foreseen: another program, other variables of Python, or nobody to ask.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

CHECKOUT = Path(__file__).parents[2]
_PLUGIN = "REHEARSAL_PYTHON"


@cache
def _front() -> Path:
    """Start the process that is forked, once for a process of tests, and with it ended."""
    folder = Path(mkdtemp(prefix="warm-"))
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm.server", str(folder)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # it ends as its input does
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    atexit.register(server.stdin.close)
    front = folder / "python3"
    own = {each for each in os.environ.items() if each[0].startswith("PYTHON")}
    text = Path(__file__).with_name("front.py").read_text()
    for name, value in {
        "{real}": sys.executable,
        "{checkout}": str(CHECKOUT),
        "{variables}": repr(sorted(each for each in own if each[0] != "PYTHONPATH")),
    }.items():
        text = text.replace(f'"{name}"', repr(value))
    # Without what a site adds: most of what an interpreter does before its first line.
    front.write_text(f"#!{sys.executable} -IS\n{text}")
    front.chmod(0o755)
    return front


def variables(env: Mapping[str, str]) -> dict[str, str]:
    """Give the variables with which an engine of ``env`` starts warm."""
    front = _front()
    return {"PATH": f"{front.parent}{os.pathsep}{env['PATH']}", _PLUGIN: str(front)}


def cold(env: Mapping[str, str]) -> dict[str, str]:
    """Give the variables without those: for runs that are killed, every process its own."""
    path = env["PATH"].removeprefix(f"{_front().parent}{os.pathsep}")
    return {name: value for name, value in env.items() if name != _PLUGIN} | {"PATH": path}
