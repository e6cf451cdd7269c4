"""Entry point of the Pulumi program: `pulumi up -s dev`."""

import signal
from pathlib import Path

import pulumi

from factory.program import run

pulumi.require_pulumi_version(">=3.252.0")
# The engine interrupts the program when a run is cancelled or has failed, and tells that itself.
# All waits end with it then: Python's own way is a traceback, from wherever the program was.
signal.signal(signal.SIGINT, signal.SIG_DFL)
run(Path(__file__).resolve().parent)
