"""Entry point of the Pulumi program: `pulumi up -s dev`."""

from pathlib import Path

import pulumi

from factory.program import run

pulumi.require_pulumi_version(">=3.252.0")
run(Path(__file__).resolve().parent)
