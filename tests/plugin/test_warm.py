"""What begins warm (tests/warm) is as any process of the engine is: it never outlives it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from tests import warm
from tests.e2e.harness import FactoryUnderTest


def begun(front: str) -> tuple[subprocess.Popen[str], int]:
    """Start the plugin as its launcher does; gives the port that it says it serves."""
    process = subprocess.Popen(
        [front, "-m", "rehearsal.plugin", "127.0.0.1:1"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_what_ends_the_process_that_the_engine_knows_ends_what_was_forked(sign: int) -> None:
    process, port = begun(warm.variables({"PATH": os.defpath})["REHEARSAL_PYTHON"])
    assert is_open(port)
    process.send_signal(sign)
    assert process.wait(timeout=60) == (0 if sign == signal.SIGINT else -sign)
    FactoryUnderTest.until(lambda: not is_open(port))


def test_what_was_not_foreseen_is_run_by_the_real_one_and_packages_are_those_of_pip() -> None:
    env = {**os.environ, **warm.variables({"PATH": os.defpath})}
    assert warm.cold(env)["PATH"] == os.defpath
    words = ["-m", "pip", "list", "-v", "--format", "json"]
    for asked in (words, ["-c", "import sys; print(sys.argv); sys.exit(3)", "word"]):
        told = [
            subprocess.run([python, *asked], capture_output=True, text=True, check=False)
            for python in (env["REHEARSAL_PYTHON"], sys.executable)
        ]
        assert told[0].returncode == told[1].returncode
        assert told[0].stdout == told[1].stdout
